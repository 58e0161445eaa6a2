"""Tokens and prices: kept with the run, unknown where nobody knows them, and a limit that holds."""

from decimal import Decimal
from math import inf, nan

import pytest

from chatmgr.backends.pricing import PriceTable
from chatmgr.domain.errors import UsageFault
from chatmgr.domain.events import Usage
from chatmgr.domain.model import Provider
from chatmgr.domain.money import dollars
from chatmgr.services import budget
from tests.cli.test_startup_imports import modules
from tests.support.commands import Chatmgr, one_line
from tests.wire import Fault, Wild, WireServer

OPENAI = Provider("openai", "responses", "https://api.openai.com/v1")
DEEPSEEK = Provider("mine", "completions", "https://api.deepseek.com/v1")
PRICED = "gpt-4.1"
SENT = ("POST", "/responses")


@pytest.fixture
def paying(chatmgr: Chatmgr, wire: WireServer) -> Chatmgr:
    """chatmgr with the provider ``openai`` at the scripted server, and the conversation ``demo``."""
    chatmgr.env.update({"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": wire.base_url})
    chatmgr("new", "demo", "-i", "be brief", "--provider", "openai", "-m", PRICED)
    return chatmgr


def spent(chatmgr: Chatmgr) -> list[float | None]:
    """The cost of each turn."""
    return [turn["cost"] for turn in chatmgr.json("history", "demo")]


@pytest.mark.parametrize(
    ("provider", "model", "usage", "price"),
    [
        (OPENAI, PRICED, Usage(1000, 100), 2_000_000 + 800_000),
        (OPENAI, PRICED, Usage(1000, 100, cached_tokens=400), 1_200_000 + 200_000 + 800_000),
        (OPENAI, PRICED, Usage(1000, 100, reasoning_tokens=90), 2_800_000),  # part of the output
        (OPENAI, PRICED, Usage(0, 0), 0),
        (OPENAI, "gpt-unheard-of", Usage(1000, 100), None),
        (OPENAI, PRICED, Usage(), None),
        (OPENAI, PRICED, Usage(1000, None), None),
        (DEEPSEEK, "deepseek-unheard-of", Usage(1, 1), None),
        (Provider("x", "completions", "https://llm.example/v1"), PRICED, Usage(1, 1), None),
        (Provider("ollama", "completions", "http://127.0.0.1:11434/v1"), PRICED, Usage(1, 1), None),
        (Provider("local", "local"), "smollm2", Usage(1000, 100), 0),
        (Provider("local", "local"), "smollm2", Usage(), 0),
    ],
)
def test_prices(provider: Provider, model: str, usage: Usage, price: int | None) -> None:
    assert PriceTable().cost(provider, model, usage) == price


def test_a_known_endpoint_is_priced_under_any_name() -> None:
    price = PriceTable().cost(DEEPSEEK, "deepseek-chat", Usage(1_000_000, 0))
    assert price is not None
    assert price > 0


@pytest.mark.parametrize(
    ("billionths", "shown"),
    [
        (0, "$0.00"),
        (1, "$0.000000001"),
        (1_500_000, "$0.0015"),
        (12_300_000_000, "$12.30"),
        (10**12, "$1,000.00"),
    ],
)
def test_amounts_are_shown_as_far_as_they_go(billionths: int, shown: str) -> None:
    assert dollars(billionths) == shown


def test_usage_and_price_are_kept_with_the_run(paying: Chatmgr, wire: WireServer) -> None:
    wire.world.cached = 2
    paying("send", "demo", "one two three")
    turn = paying.turn("demo@1")
    tokens = turn["input_tokens"], turn["cached_tokens"], turn["output_tokens"], turn["reasoning_tokens"]
    assert tokens == (5, 2, 8, 0)
    price = 3 * Decimal("0.000002") + 2 * Decimal("0.0000005") + 8 * Decimal("0.000008")
    assert turn["cost"] == float(price)
    assert paying.rows("SELECT cost FROM runs") == [(int(price * 10**9),)]
    shown = paying("history", "demo", "--usage").out
    assert "[5 tokens in (2 cached) · 8 tokens out · $0.000071]\n" in shown
    assert "tokens in" not in paying("history", "demo").out


@pytest.mark.parametrize("why", ["model", "usage", "server"])
def test_what_nobody_knows_is_unknown_not_zero(chatmgr: Chatmgr, why: str) -> None:
    models = ["gpt-unheard-of"] if why == "model" else [PRICED]
    with WireServer(wild=Wild(no_usage=why == "usage"), models=models) as server:
        chatmgr.env.update({"OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": server.base_url})
        chatmgr.provider("responses", server.base_url)
        where = "wire" if why == "server" else "openai"
        chatmgr("new", "demo", "-i", "x", "--provider", where, "-m", models[0], "hi")
    turn = chatmgr.turn("demo@1")
    assert turn["cost"] is None
    assert (turn["input_tokens"] is None) == (why == "usage")
    assert "cost unknown]" in chatmgr("history", "demo", "--usage").out


def test_a_refused_turn_costs_nothing_and_a_broken_one_nobody_knows(
    paying: Chatmgr, wire: WireServer
) -> None:
    wire.fault(Fault(kind="status", match=SENT, status=400, code="bad", message="No."))
    paying("send", "demo", "refused", code=8)
    wire.fault(Fault(kind="error", match=SENT))
    paying("send", "demo", "broken", code=8)
    assert spent(paying) == [0, None]


def test_the_limit_refuses_the_next_turn(paying: Chatmgr, wire: WireServer) -> None:
    paying("send", "demo", "one", "--max-cost", "0.0000001")  # not past it yet
    heard = len(wire.requests)
    line = paying.refused(8, "send", "demo", "two")
    assert line == (
        "chatmgr: “demo” has cost $0.000054; its limit is $0.0000001. "
        "Raise it with --max-cost, or remove it with --max-cost 0."
    )
    assert paying.said() == ["one"]
    assert len(wire.requests) == heard
    done = paying("resume", "demo", stdin=b"three\n", code=8)
    assert "its limit is $0.0000001" in done.err
    paying("send", "demo", "four", "--max-cost", "1")
    paying("send", "demo", "five", "--max-cost", "0.00000000001", code=8)  # never rounded to “no limit”
    paying("send", "demo", "six", "--max-cost", "0")
    paying("send", "demo", "seven")
    assert paying.said() == ["one", "four", "six", "seven"]


def test_new_takes_a_limit(paying: Chatmgr) -> None:
    paying("new", "other", "-a", "demo", "--provider", "openai", "--max-cost", "0.000001", "one")
    assert "its limit is $0.000001" in paying.refused(8, "send", "other", "two")


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "1e12"])
def test_amounts_that_are_none(paying: Chatmgr, amount: str) -> None:
    line = paying.refused(2, "send", "demo", "one", f"--max-cost={amount}")
    assert "--max-cost must be between 0 (no limit) and 1,000,000 US dollars." in line
    assert "must be between" in paying.refused(2, "new", "o", "-a", "demo", f"--max-cost={amount}", "one")
    assert [conversation["name"] for conversation in paying.json("history")] == ["demo"]
    assert paying.said() == []


@pytest.mark.parametrize("amount", [-1, nan, inf, 1_000_001])
def test_limits_are_checked(amount: float) -> None:
    with pytest.raises(UsageFault):
        budget.limit_from(amount)


def test_only_known_costs_count_and_that_is_said(paying: Chatmgr, wire: WireServer) -> None:
    paying("send", "demo", "one")
    wire.fault(Fault(kind="error", match=SENT, times=2))
    paying("send", "demo", "two", code=8)
    paying("send", "demo", "three", code=8)
    done = paying("send", "demo", "four", "--max-cost", "1")
    told = "The price of 2 runs is unknown: --max-cost counts the $0.000054 of the others."
    assert done.err.startswith(told + "\n")
    chatted = paying("resume", "demo", stdin=b"five\nsix\n").err
    assert chatted.count("The price of 2 runs is unknown") == 1
    refused = one_line(paying("send", "demo", "seven", "--max-cost", "0.000001", code=8))
    assert "besides 2 runs of unknown price; its limit is $0.000001." in refused


def test_the_price_table_is_loaded_only_for_turns_that_may_be_in_it(
    paying: Chatmgr, wire: WireServer
) -> None:
    paying.provider("completions", wire.base_url)
    assert "genai_prices" in modules(paying, "send", "demo", "one")
    assert "genai_prices" not in modules(paying, "send", "demo", "--provider", "wire", "two")
    for words in (
        ("history", "demo"),
        ("history", "demo", "--usage"),
        ("history",),
        ("models",),
        ("--help",),
    ):
        assert "genai_prices" not in modules(paying, *words)
