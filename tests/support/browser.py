"""A real browser, driven over two pipes by the DevTools protocol: no port, no further package.

Whatever a page says on its console or asks the network for is kept; a dialog fails the test at once.
"""

import base64
import fcntl
import json
import os
import select
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.tools import require

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--remote-debugging-pipe"),
)
# The protocol's ends are file descriptors 3 and 4; a small program puts them there.
START = "import os, sys; r, w, *c = sys.argv[1:]; os.dup2(int(r), 3); os.dup2(int(w), 4); os.execvp(c[0], c)"
PATIENCE = 120  # seconds; nothing here takes a tenth of it on an idle machine
HIGH = 16  # descriptors from here on are in nobody's way


class Browser:
    """A browser with a profile of its own."""

    def __enter__(self) -> Self:
        program = require(*NAMES)
        self._profile = tempfile.TemporaryDirectory(prefix="chatmgr-browser-", ignore_cleanup_errors=True)
        ours, theirs = _pipe(), _pipe()
        command = [sys.executable, "-c", START, str(theirs[0]), str(ours[1]), program, *QUIET]
        command += [f"--user-data-dir={self._profile.name}"]
        self._process = subprocess.Popen(
            command, pass_fds=(theirs[0], ours[1]), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(theirs[0])
        os.close(ours[1])
        self._from, self._to = os.fdopen(ours[0], "rb"), os.fdopen(theirs[1], "wb")
        self._number, self._rest = 0, b""
        self.events: list[dict[str, Any]] = []
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._to.close()  # the browser ends with its pipe
        self._process.wait(60)
        self._from.close()
        self._profile.cleanup()

    def call(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        """Send a command and wait for what it returns."""
        self._number += 1
        sent = {"id": self._number, "method": method, "params": params}
        sent |= {"sessionId": session} if session else {}
        self._to.write(json.dumps(sent).encode() + b"\0")
        self._to.flush()
        while True:
            got = self.read()
            if got.get("id") == self._number:
                assert "error" not in got, (method, got["error"])
                result: dict[str, Any] = got["result"]
                return result

    def read(self) -> dict[str, Any]:
        """The next message; events are kept."""
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._from], [], [], PATIENCE)
            assert ready, "the browser says nothing any more"
            more = os.read(self._from.fileno(), 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        got: dict[str, Any] = json.loads(line)
        assert got.get("method") != "Page.javascriptDialogOpening", got
        if "method" in got:
            self.events.append(got)
        return got

    def page(self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False) -> "Page":
        """Open a file in a tab of its own."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        opened = Page(self, target, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            opened.call(f"{domain}.enable")
        opened.size(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        opened.call("Emulation.setEmulatedMedia", features=[scheme])
        opened.go(path.as_uri())
        return opened


class Page:
    """One tab."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._browser.call(method, self._session, **params)

    def close(self) -> None:
        self._browser.call("Target.closeTarget", targetId=self._target)

    def go(self, address: str) -> None:
        """Open an address and wait until everything in it was loaded."""
        seen = len(self.events("Page.loadEventFired"))
        self.call("Page.navigate", url=address)
        while len(self.events("Page.loadEventFired")) == seen:
            self._browser.read()

    def size(self, width: int, height: int) -> None:
        phone = width < 600
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )

    def run(self, expression: str) -> Any:
        """What an expression gives; a promise is waited for."""
        got = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until a condition holds, looked at once a frame."""
        self.run(
            f"new Promise(done => {{ const look = () => ({condition}) ? done(true) : "
            "requestAnimationFrame(look); look(); })"
        )

    def type(self, text: str) -> None:
        for char in text:
            self.key(char)

    def key(self, key: str) -> None:
        """Press a key as a hand would."""
        text = {"text": key} if len(key) == 1 else {}
        codes = {"Tab": 9, "Enter": 13, "Escape": 27}
        code = {"windowsVirtualKeyCode": codes[key]} if key in codes else {}
        if key == "Enter":
            text = {"text": "\r"}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def screenshot(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"])

    def events(self, *methods: str) -> list[dict[str, Any]]:
        """What happened in this tab."""
        return [
            event["params"]
            for event in self._browser.events
            if event["method"] in methods and event.get("sessionId") == self._session
        ]

    def complaints(self) -> list[str]:
        """Everything on the console: violations of the policy, errors, and what scripts said."""
        reports = self.events("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
        return [json.dumps(item) for item in reports]

    def requests(self) -> list[str]:
        """Every address that this tab asked for, but its own and what is inside it."""
        asked = [event["request"]["url"] for event in self.events("Network.requestWillBeSent")]
        return [url for url in asked if not url.startswith(("file:", "data:"))]


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are neither 3 nor 4."""
    ends = os.pipe()
    high = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, HIGH) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
