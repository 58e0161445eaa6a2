"""Every trial: which fault, at which call of a turn, and how the turn may end."""

from collections.abc import Iterator

from tests.faults.campaign.api_modes import (
    API_MODES,
    ASSISTANTS,
    BACKGROUND,
    COMPLETIONS,
    FOREGROUND,
    ITEMS,
    MESSAGES,
    RESPONSE,
    RUN,
    ApiMode,
)
from tests.faults.campaign.scenario import ANY, Scenario
from tests.wire import Fault, Gate
from tests.wire.world import Abandoned

WHOLE = frozenset({"completed"})
CUT = ANY - WHOLE
DELTAS = 12
POST, GET = "POST", "GET"


def scenarios() -> list[Scenario]:
    """All of them, each once, though two lists may come to the same."""
    collected: list[Scenario] = []
    for mode in API_MODES:
        collected += [*_refusals(mode), *_before(mode), *_streams(mode), *_answers(mode), *_lookups(mode)]
    return list({str(scenario): scenario for scenario in [*collected, *_special()]}.values())


def _refusals(mode: ApiMode) -> Iterator[Scenario]:
    """The call that has the answer made is refused, or not answered at all."""
    match = (POST, mode.turn)
    later = {"status": 429, "code": "rate_limit_exceeded", "retry_after": "0"}
    yield Scenario(mode, "429-once", (Fault(kind="status", match=match, **later),), ends=WHOLE)  # type: ignore[arg-type]
    yield Scenario(mode, "429-ever", (Fault(kind="status", match=match, times=0, **later),), ends=CUT)  # type: ignore[arg-type]
    slow = Fault(kind="status", match=match, status=503, retry_after="1")
    yield Scenario(mode, "503-once", (slow,), ends=WHOLE)
    never = Fault(kind="status", match=match, status=503, retry_after="30", times=0)
    yield Scenario(mode, "503-long", (never,), ends=CUT)
    for status in (500, 502):
        yield Scenario(
            mode, f"{status}-unheard", (Fault(kind="status", match=match, status=status),), ends=CUT
        )
        heard = Fault(kind="status", match=match, status=status, heard=True)
        outcome = WHOLE if mode in (FOREGROUND, ASSISTANTS) else CUT
        yield Scenario(mode, f"{status}-heard", (heard,), ends=outcome)
        yield Scenario(mode, f"{status}-heard", (heard,), "drop", ends=CUT)
    shaped = Fault(kind="status", match=match, status=422, shape="detail", message="no such field")
    yield Scenario(mode, "422-detail", (shaped,), ends=CUT)
    yield Scenario(
        mode, "500-html", (Fault(kind="status", match=match, status=500, shape="empty"),), ends=CUT
    )
    for heard_too in (False, True):
        word = "heard" if heard_too else "unheard"
        outcome = WHOLE if heard_too and mode in (FOREGROUND, ASSISTANTS) else CUT
        reset = Fault(kind="reset", match=match, heard=heard_too)
        yield Scenario(mode, f"reset-{word}", (reset,), ends=outcome)
        yield Scenario(mode, f"reset-{word}", (reset,), "drop", ends=CUT)
        yield Scenario(mode, f"reset-{word}", (reset,), "input_only", ends=CUT)
        silent = Fault(kind="gate", match=match, heard=heard_too, gate=Gate())
        yield Scenario(mode, f"silent-{word}", (silent,), "drop" if heard_too else "finish", quick=True)


def _before(mode: ApiMode) -> Iterator[Scenario]:
    """A call ahead of that one fails: the turn is run all the same, or was certainly not heard."""
    for fresh, calls in ((True, mode.first), (False, mode.before)):
        for method, path in calls:
            match, where = (method, path), f"{method}-{path.replace('[^/]+', 'x').strip('/')}"
            faults = {
                "500": Fault(kind="status", match=match),
                "500-ever": Fault(kind="status", match=match, times=0),
                "503": Fault(kind="status", match=match, status=503, retry_after="0"),
                "429": Fault(kind="status", match=match, status=429, retry_after="0"),
                "reset-unheard": Fault(kind="reset", match=match),
                "reset-heard": Fault(kind="reset", match=match, heard=True),
                "cut": Fault(kind="cut", match=match),
            }
            for label, fault in faults.items():
                yield Scenario(mode, f"{where}-{label}", (fault,), fresh=fresh)
            gate = Fault(kind="gate", match=match, heard=method == POST, gate=Gate())
            yield Scenario(mode, f"{where}-silent", (gate,), fresh=fresh, quick=True)
            if not fresh:
                forgotten = Fault(kind="forget", match=match)
                yield Scenario(mode, f"{where}-forgotten", (forgotten,), ends=WHOLE)


def _streams(mode: ApiMode) -> Iterator[Scenario]:
    """The stream breaks off after so many events."""
    match, ahead = (POST, mode.turn), mode.ahead
    everything = ahead + DELTAS + mode.behind
    for after in (0, 1, ahead, ahead + 5, ahead + DELTAS, everything - mode.last - 1):
        for outcome in ("finish", "drop"):
            abandoned: Abandoned = "finish" if outcome == "finish" else "drop"
            ends = _after_break(mode, after, abandoned)
            breaks = {
                "cut": Fault(kind="cut", match=match, after=after),
                "cut-mid-line": Fault(kind="cut", match=match, after=after, mid_line=True),
                "early-end": Fault(kind="end_early", match=match, after=after),
                "reset": Fault(kind="reset", match=match, after=after),
            }
            for label, fault in breaks.items():
                if outcome == "drop" and label in ("cut-mid-line", "reset"):
                    continue  # to the server, a broken line is a broken line
                # A reset may also take away what was sent before it.
                yield Scenario(
                    mode, f"{label}-{after}", (fault,), abandoned, ends=ANY if label == "reset" else ends
                )
    for after in (0, ahead + 5):
        for stuck in (False, True):
            gate = Fault(kind="gate", match=match, after=after, gate=Gate())
            label = f"silent-{after}" + ("-stuck" if stuck else "")
            yield Scenario(mode, label, (gate,), quick=True, stuck=stuck)


def _after_break(mode: ApiMode, after: int, abandoned: str) -> frozenset[str]:
    if after == mode.ahead + DELTAS + mode.behind - mode.last - 1:
        return ANY  # the server has come to the end, though nobody was told
    if mode is COMPLETIONS:
        return CUT
    if mode is BACKGROUND:
        return WHOLE if after else CUT
    return WHOLE if abandoned == "finish" else CUT


def _answers(mode: ApiMode) -> Iterator[Scenario]:
    """The stream is whole, and out of the ordinary."""
    match = (POST, mode.turn)
    for odd in ("odd_framing", "empty_blocks", "huge_delta", "answer_twice", "refusal"):
        yield Scenario(mode, odd, (Fault(kind=odd, match=match),), ends=WHOLE)
    both = (Fault(kind="odd_framing", match=match), Fault(kind="huge_delta", match=match))
    yield Scenario(mode, "odd-and-huge", both, ends=WHOLE)
    for reason in ("max_output_tokens", "content_filter"):
        cut = Fault(kind="incomplete", match=match, reason=reason)
        yield Scenario(mode, f"incomplete-{reason}", (cut,), ends=frozenset({"incomplete"}))
    for bad in ("failed", "error"):
        yield Scenario(mode, bad, (Fault(kind=bad, match=match),), ends=frozenset({"failed"}))
    for end, ends in (
        ("answer_twice", ANY),
        ("incomplete", CUT),
        ("failed", CUT),
        ("refusal", ANY),
        ("odd_framing", ANY),
    ):
        for after in (0, mode.ahead + 2, mode.ahead + DELTAS + 2):
            faults = (
                Fault(kind=end, match=match),  # type: ignore[arg-type]
                Fault(kind="cut", match=match, after=after),
            )
            yield Scenario(mode, f"{end}-cut-{after}", faults, ends=ends)
    if mode is not COMPLETIONS:
        yield Scenario(mode, "locked-once", (Fault(kind="lock", match=match),), ends=WHOLE)
        yield Scenario(mode, "locked-ever", (Fault(kind="lock", match=match, times=0),), ends=CUT)
        yield Scenario(mode, "forgotten", (Fault(kind="forget", match=match),), ends=WHOLE)


def _lookups(mode: ApiMode) -> Iterator[Scenario]:
    """The line breaks, and the call that asks what became of the run fails too."""
    if not mode.looked_up:
        return
    cut = Fault(kind="cut", match=(POST, mode.turn), after=mode.ahead + 4)
    path = RUN if mode is ASSISTANTS else RESPONSE
    for times in (1, 0):
        word = "once" if times else "ever"
        lookups = {
            "500": Fault(kind="status", match=(GET, path), times=times),
            "503": Fault(kind="status", match=(GET, path), status=503, times=times),
            "429": Fault(kind="status", match=(GET, path), status=429, retry_after="0", times=times),
            "reset": Fault(kind="reset", match=(GET, path), times=times),
            "cut": Fault(kind="cut", match=(GET, path), after=0, times=times),
        }
        for label, fault in lookups.items():
            yield Scenario(mode, f"cut-then-{label}-{word}", (cut, fault), ends=WHOLE)
    yield Scenario(mode, "cut-then-forgotten", (cut, Fault(kind="forget", match=(GET, path))), ends=CUT)
    silent = Fault(kind="gate", match=(GET, path), gate=Gate())
    yield Scenario(mode, "cut-then-silent", (cut, silent), ends=WHOLE, quick=True)
    unknown = Fault(kind="reset", match=(POST, mode.turn), heard=True)
    listing = RUN.removesuffix("/[^/]+") if mode is ASSISTANTS else ITEMS
    # The first such call of a responses turn is the look at the thread ahead of it.
    nth = 1 if mode is ASSISTANTS else 2
    ends = CUT if mode is BACKGROUND else WHOLE
    for times in (1, 0):
        gone = Fault(kind="status", match=(GET, listing), nth=nth, times=times)
        yield Scenario(mode, f"unknown-then-500-{'once' if times else 'ever'}", (unknown, gone), ends=ends)


def _unnamed(mode: ApiMode, *, fresh: bool) -> Iterator[Scenario]:
    """The server keeps the conversation without naming it; only its items tell, after the answer."""
    unnamed = Fault(kind="unnamed_conversation", match=(POST, mode.turn), times=0)
    age, nth = ("first", 1) if fresh else ("later", 2)
    look = {"match": (GET, ITEMS), "nth": nth}
    yield Scenario(mode, f"unnamed-{age}", (unnamed,), ends=WHOLE, fresh=fresh)
    looks = {
        "500": Fault(kind="status", **look),  # type: ignore[arg-type]
        "403": Fault(kind="status", status=403, **look),  # type: ignore[arg-type]
        "cut": Fault(kind="cut", **look),  # type: ignore[arg-type]
        "reset": Fault(kind="reset", **look),  # type: ignore[arg-type]
    }
    for label, fault in looks.items():
        yield Scenario(mode, f"unnamed-{age}-look-{label}", (unnamed, fault), ends=WHOLE, fresh=fresh)
    cut = Fault(kind="cut", match=(POST, mode.turn), after=mode.ahead + 5)
    yield Scenario(mode, f"unnamed-{age}-cut", (unnamed, cut), ends=WHOLE, fresh=fresh)


def _special() -> Iterator[Scenario]:
    ignored = Fault(kind="ignore_conversation", match=(POST, FOREGROUND.turn), times=0)
    for mode in (FOREGROUND, BACKGROUND):
        yield Scenario(mode, "ignored", (ignored,), ends=WHOLE, forgetful=True)
        yield Scenario(mode, "ignored-at-first", (ignored,), ends=WHOLE, fresh=True)
        for fresh in (True, False):
            yield from _unnamed(mode, fresh=fresh)
    for after in (1, 3, BACKGROUND.ahead, BACKGROUND.ahead + 3):
        cuts = (
            Fault(kind="cut", match=(POST, BACKGROUND.turn), after=after),
            Fault(kind="cut", match=(GET, RESPONSE), after=2),
            Fault(kind="end_early", match=(GET, RESPONSE), nth=2, after=3),
        )
        yield Scenario(BACKGROUND, f"cut-{after}-thrice", cuts, ends=WHOLE)
    for label in ("Threads", "Runs"):
        path = MESSAGES if label == "Threads" else ASSISTANTS.turn
        vanished = Fault(kind="forget", match=(POST, path))
        yield Scenario(ASSISTANTS, f"vanished-at-{label}", (vanished,), ends=WHOLE)
