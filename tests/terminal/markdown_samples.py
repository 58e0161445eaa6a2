# ruff: noqa: E501
"""Markdown as models write it, and as nobody should: name and text."""

SAMPLES: dict[str, str] = {
    "plain": "Hello there.\nA second line.\n\nAnother paragraph, " + "and on it goes " * 20,
    "inline": "A **bold** and *slanted* and ***both*** and `code` and ~~gone~~ and \\*not\\*. _x_ a_b_c 2*3*4\n"
    "A [link](https://a.example/x?y=1&z=2), <https://b.example>, ![image](pic.png), [ref][1], &amp; &copy;\n\n"
    "[1]: https://c.example\n[2]: https://d.example\n",
    "headings": "# One\ntext\n## Two ##\n### *Three* `x`\n\nSetext one\n===\n\nSetext two\nlines\n---\n\n#not\n",
    "lists": "- one\n- two\n  more of two\n\n  a paragraph\n- three\n  - nested\n    - deeper\n\n- loose\n\n* other\n\n"
    "1. first\n2. second\n   1. sub\n10. tenth\n\n- [ ] to do\n- [x] done\n-\n- after an empty one\n\nlazy\n1. x\ny\n",
    "fences": '```python\ndef f(x):\n\t"""Doc\n\n    more."""\n    return x  # why\n```\n~~~sh\necho `a` ```\n~~~\n\n'
    "- item\n  ```js\n  const a = `x`; /* a\n  b */\n  ```\n- ```\n  bare\n  ```\n\n````md\n```\ninner\n```\n````\n",
    "unclosed": "Text\n\n```c\nint main(void) {\n  return 0;",
    "unclosed in list": "1. x\n\n   ```rust\n   fn main() {\n\n   }\n2. y",
    "quotes": "> one\n> two\nlazy\n\n> # head\n>\n> - a\n> - b\n>   > deep\n>\n> ```py\n> x = 1\n> ```\nend\n>\n",
    "table": "Before\n| a | b | c |\n|:--|--:|:-:|\n| 1 | 2 | 3 |\n| `x\\|y` | **bold** | [l](http://x.example) |\n|short|\n\n"
    "| wide | column |\n|---|---|\n| " + "word " * 40 + "| " + "字" * 60 + " |\nnot | a row\n\nend",
    "many columns": "|" + "col|" * 30 + "\n|" + "-|" * 30 + "\n|" + "value|" * 30 + "\n",
    "long table": "| n | text |\n|--|--|\n" + "".join(f"| {n} | row {'x' * (n % 50)} |\n" for n in range(70)),
    "html": "<div>\n<b>x</b>\n\n</div>\n\n<!-- a\n\ncomment --> \n\nInline <b>html</b> and <br>\n<script>\nx\n</script>\n",
    "rules": "a\n\n---\n***\n- - -\n_ _ _\n-- -\n",
    "indented": "para\n\n    code\n      more\n\n    again\n\n\ttab\nend\n",
    "wide": "日本語のテキスト。" * 20
    + "\n\n👩‍👩‍👧 family 👍🏽 thumbs é combining ❤️ heart " * 6
    + "\n\nשלום עולם مرحبا\n",
    "long code": "```\n"
    + "x" * 500
    + "\n"
    + "\tabc" * 60
    + "\n"
    + "字a" * 100
    + "\n"
    + "y" * 80
    + "\n"
    + "z" * 200
    + "\n```\n",
    "crlf": "# One\r\n\r\ntext\r\nmore\r\n\r\n- a\r\n- b\r\n\r\n```sh\r\nls\r\n```\r\n| a | b |\r\n|---|---|\r\n| 1 | 2 |\r\n",
    "long line": "word **bold** `x` and, " * 400,
    "no blanks": "x" * 7000,
    "long paragraph": "one line of many, *some* of it slanted\n" * 150,
    "long list": "".join(f"- item {n} with **bold** and `code`\n" for n in range(200)),
    "long fence": "```python\n"
    + "".join(f"def f{n}(a):\n    return a + {n}\n\n" for n in range(80))
    + "```\n",
    "deep": "".join("> " * n + "x\n" for n in range(20))
    + "\n"
    + "".join("  " * n + "- y\n" for n in range(20)),
    "mathematics": "With \\(a_1 * b_2 * c \\\\ \\, \\{x\\}\\) and $x_1 * y * z_2$, $$a\\\\b$$; *em*, `$a`, $5 and $6, **$5** to **$6**.\n\n"
    "\\[\n\\begin{aligned} a &= b_1 \\\\\n- c &= d*e*f \\,\n= g\n\\end{aligned}\n\\]\nafter *it*\n$$\nopen_1\n\n# Head\n"
    "- [ ] to do $a_b_c$\n1. [x] done\n   $$\n   - y\n   $$\n",
    "long formula": "$$\n" + "".join(f"x_{n} * y_{n} \\\\\n" for n in range(80)) + "$$\nend\n",
    "diff": "```diff\n--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n```\n+ item\n+ other\n",
    "combined": "e\u0301 \U0001f469\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f \U0001f44d\U0001f3fd \U0001f600 "
    * 12,
    "nothing": "",
    "blanks": "\n\n  \n\t\n",
    "marks": "*\n**\n-\n#\n>\n`\n```\n",
}
