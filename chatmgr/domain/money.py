"""Amounts of money: kept as whole billionths of a US dollar, shown in dollars."""

NANODOLLARS = 1_000_000_000  # in one US dollar
_STEP = NANODOLLARS // 10_000


def dollars(nanodollars: int) -> str:
    """An amount in US dollars: to the cent, or with as many digits as it takes to see it."""
    digits = f"{nanodollars / NANODOLLARS:,.9f}".rstrip("0")
    cents_end = digits.index(".") + 3
    return f"${digits.ljust(cents_end, '0')}"


def rounded_dollars(nanodollars: int) -> str:
    """An amount to the hundredth of a cent; one that is smaller, to two digits."""
    step = _STEP if nanodollars >= _STEP else 10 ** max(len(str(nanodollars)) - 2, 0)
    return dollars(round(nanodollars / step) * step)


def price(nanodollars: int | None, total: int | None) -> str:
    """One of several amounts that make up ``total``; all of them get the same number of decimals.

    An unknown amount is a dash, and an amount too small for its decimals is shown as less than the
    smallest one, never as zero.
    """
    if nanodollars is None:
        return "—"
    decimals = 2 if not total or total >= NANODOLLARS else 4 if total >= NANODOLLARS // 100 else 6
    smallest: float = 10**-decimals
    amount = nanodollars / NANODOLLARS
    if 0 < amount < smallest / 2:
        return f"<${smallest:.{decimals}f}"
    return f"${amount:,.{decimals}f}"
