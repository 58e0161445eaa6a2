r"""Mathematics at a terminal is what the model wrote, at once and a piece at a time; diffs have colours."""

import pytest

from tests.terminal.virtual_screen import static, streamed

FORMULAS = [
    r"\(a_1 * b_2 * c \\ \, \{x\}\)",
    "$x_1 * y * z_2$",
    r"$$a \\ \{b\}_c$$",
    r"\[ \alpha_1 \\ \beta_2 \]",
    "\\[\n\\begin{aligned} a &= b_1 \\\\\n- c &= d*e*f \\,\n= g\n\\end{aligned}\n\\]",
    "$$\n# no_heading_\n> *x* \\\\\n$$",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("around", ["{}", "*Look* at this:\n{}\nand **that**.", "- item\n\n  {}"])
def test_a_formula_is_verbatim(formula: str, around: str) -> None:
    indented = formula.replace("\n", "\n  ") if around[0] == "-" else formula
    text = around.format(indented)
    shown = static(text, 80)
    assert indented in shown.text
    assert "*Look*" not in shown.text
    pieces = streamed(list(text), 80, 24)
    assert (pieces.text, pieces.rows) == (shown.text, shown.rows)


def test_prices_are_text_as_ever() -> None:
    assert static("From **$5** and *$6* to $7 *or* $8.", 80).text == "From $5 and $6 to $7 or $8."


def test_lines_of_a_diff_are_coloured_to_the_last() -> None:
    shown = static("```diff\n-old\n+new\n```\n", 80)
    assert shown.text == "── diff ─ 1\n-old\n+new\n──"
    written = "".join(shown.raw)
    assert "\x1b[31m-old" in written
    assert "\x1b[32m+new" in written
