r"""Mathematics is told apart from prices, shell variables and escaped marks."""

import time

import pytest

from chatmgr.domain.mathematics import display_closing, formula_end

FORMULAS = [
    r"\(x\)",
    r"\( a_1 * b_2 \)",
    r"\[ \frac{a}{b} \\ \, \{x\} \]",
    "$x$",
    "$x_1 * y * z_2$",
    r"$\$5$",
    "$$ a \\\\ b $$",
    r"\( a \\\)",
    "$5$",
]
OTHERS = ["$5 and $6", "$5, or $6.", "$ x $", "$", "$$", "$x", r"\(", r"\(x", r"\( \)", "$5/$6"]
OTHERS += ["$HOME/$USER", r"\\"]


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_ends_where_it_ends(formula: str) -> None:
    text = f"so {formula}, and more"
    assert formula_end(text, 3, len(text)) == 3 + len(formula)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_no_formula(text: str) -> None:
    assert formula_end(text, 0, len(text)) == 0


@pytest.mark.parametrize("text", ["US$5 is A$6", r"\$5 and \$6$", "$$x$"])
def test_a_dollar_after_a_letter_or_a_mark_begins_none(text: str) -> None:
    dollar = text.index("$") if text[0] != "$" else 1
    assert formula_end(text, dollar, len(text)) == 0


def test_formulas_of_several_lines_begin_a_line() -> None:
    assert display_closing("$$") == "$$"
    assert display_closing(r"  \[ a") == r"\]"
    assert display_closing("$$ a $$") == ""
    assert display_closing("$$$ is a restaurant") == ""
    assert display_closing(r"\( a") == ""


@pytest.mark.parametrize("mark", ["$a ", "$$a ", r"\(a ", r"\[a ", "$a"])
def test_looking_for_an_end_costs_no_more_in_a_longer_text(mark: str) -> None:
    costs = []
    for count in (5_000, 20_000):
        text = mark * count
        began = time.process_time()
        for start in range(0, len(text), len(mark)):
            formula_end(text, start, len(text))
        costs.append((time.process_time() - began) / count)
    assert costs[1] < 4 * costs[0] + 1e-5
