"""Text that has broken out of other pages, and a server that must never hear of it being read.

Each attack would set ``window.ran``, change the title, open a dialog, or fetch ``CANARY``.
"""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.loopback import LoopbackServer

ATTACKS = {
    "script": "<script>window.ran=1;document.title='ran'</script>",
    "script in capitals": "<SCRIPT SRC=CANARY/x.js></SCRIPT>",
    "closes the script": "</script><script>window.ran=1</script>",
    "closes the script, oddly": "</script\t\n ><!--<script>window.ran=1",
    "closes the style": "</style><script>window.ran=1</script>",
    "closes the title": "</title><script>window.ran=1</script>",
    "opens a comment": "<!-- --!> <script>window.ran=1</script> <!--",
    "doctype": "<!doctype html><html onload=window.ran=1>",
    "image": "<img src=x onerror=window.ran=1>",
    "image in quotes": '"><img src=x onerror="window.ran=1">',
    "image in single quotes": "'><img src=x onerror='window.ran=1'>",
    "attribute": '" autofocus onfocus=window.ran=1 x="',
    "svg": "<svg/onload=window.ran=1><animate onbegin=window.ran=1 attributeName=x dur=1s>",
    "math": "<math><mtext><table><mglyph><style><!--</style>"
    '<img title="--&gt;&lt;img src=1 onerror=window.ran=1&gt;">',
    "frame": '<iframe srcdoc="<script>parent.ran=1</script>"></iframe><iframe src=CANARY/f></iframe>',
    "object": "<object data=CANARY/o></object><embed src=CANARY/e>",
    "base": "<base href=CANARY/>",
    "refresh": "<meta http-equiv=refresh content='0;url=CANARY/r'>",
    "link element": "<link rel=stylesheet href=CANARY/s.css><link rel=prefetch href=CANARY/p>",
    "style element": "<style>@import 'CANARY/i.css';*{background:url(CANARY/b)}</style>",
    "form": "<form action=CANARY/f><button autofocus>x</button></form>",
    "details": "<details open ontoggle=window.ran=1>",
    "link": "[click](javascript:window.ran=1)",
    "link in capitals": "[click](JaVaScRiPt:window.ran=1)",
    "link with a tab": "[click](java\tscript:window.ran=1) [click](<java\nscript:window.ran=1>)",
    "link with an entity": "[click](&#106;avascript:window.ran=1) [click](javascript&colon;window.ran=1)",
    "link with a control character": "[click](\x01javascript:window.ran=1) [click](\x1fjavascript:1)",
    "link to vbscript": "[click](vbscript:msgbox) [click](file:///etc/passwd) [click](blob:x)",
    "link to data": "[click](data:text/html;base64,PHNjcmlwdD53aW5kb3cucmFuPTE8L3NjcmlwdD4=)",
    "link title": '[click](http://127.0.0.1:9/ "\\" onmouseover=window.ran=1 x=\\"")',
    "link address": '[click](<http://127.0.0.1:9/"onclick=window.ran=1>)',
    "link by reference": "[click][a]\n\n[a]: javascript:window.ran=1 'x'",
    "link in brackets": '<javascript:window.ran=1> <http://127.0.0.1:9/?"onclick=window.ran=1>',
    "no scheme": "[click](//CANARY/x) [click](/etc/passwd) [click](index.html#x)",
    "remote image": "![seen](CANARY/seen.png) ![seen][b]\n\n[b]: CANARY/seen2.png",
    "remote image in a link": '[![seen](CANARY/seen.png "t")](CANARY/go)',
    "image of a script": "![x](javascript:window.ran=1) ![x](data:image/svg+xml;base64,PHN2Zy8+)",
    "image description": '![" onerror=window.ran=1 x="](CANARY/seen.png)',
    "fence": '```"><script>window.ran=1</script>\ncode\n```',
    "fence in a language": "```html\n</code></pre><script>window.ran=1</script>\n```",
    "fence with a class": '```x" onclick=window.ran=1 y="\n<b>\n```',
    "code": "`</code><script>window.ran=1</script>` ``\n<img src=x onerror=window.ran=1>``",
    "table": "| <img src=x onerror=window.ran=1> | b |\n| :-: | --- |\n"
    "| [c](javascript:window.ran=1) | ![d](CANARY/d) |",
    "entities": "&lt;script&gt;window.ran=1&lt;/script&gt; &#60;img src=x onerror=window.ran=1&#62;",
    "unfinished tag": "<img src=x onerror=window.ran=1 ",
    "nul": "<scr\x00ipt>window.ran=1</scr\x00ipt><img\x00src=x onerror=window.ran=1>",
    "line separators": "\u2028window.ran=1\u2029</script>\u2028",
    "json": '"]}</script><script>window.ran=1</script>[{"',
    "template": "{{constructor.constructor('window.ran=1')()}} ${window.ran=1} `${window.ran=1}`",
    "utf-7": "+ADw-script+AD4-window.ran=1+ADw-/script+AD4-",
    "bidi": "\u202e>tpircs/<1=nar.wodniw>tpircs<\u202c \u2066x\u2069",
    "clobbering": "<a id=search><a id=search name=value><form id=theme><img name=body>",
    "prefetch": "http://127.0.0.1:9/ www.example.test <https://example.test/>",
    "deep quotation": ">" * 3_000 + " <img src=x onerror=window.ran=1>",
    "deep brackets": "[" * 3_000 + "](javascript:window.ran=1)",
    "deep list": "".join(f"{'  ' * n}- x\n" for n in range(200)),
}


class Canary(LoopbackServer):
    """A server on this machine that counts who calls."""

    def __init__(self) -> None:
        calls: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named so there
                return

        self.calls = calls
        super().__init__(ThreadingHTTPServer(("127.0.0.1", 0), Handler))

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def attacks(self) -> dict[str, str]:
        """All of them, aimed at this server."""
        return {name: text.replace("CANARY", self.url) for name, text in ATTACKS.items()}
