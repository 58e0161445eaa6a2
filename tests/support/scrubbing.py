"""Scrubbing as the tests of services use it."""

from chatmgr.domain.scrubbing import Findings, Remainder
from chatmgr.domain.secret_matches import Matcher, Scrubber
from chatmgr.services.app import App
from chatmgr.services.scrub import ScrubService


def quiet(_line: str) -> None:
    """No progress is shown."""


def scrub(app: App, matcher: Matcher, *names: str, guesses: bool = False) -> tuple[Findings, Remainder]:
    """Search and overwrite, in all conversations or in some."""
    chosen = [app.reader.conversations.get(name) for name in names] or None
    service = ScrubService(app, Scrubber(matcher, guesses=guesses), chosen, guesses=guesses)
    findings = service.search(quiet)
    return findings, service.apply(findings, quiet)
