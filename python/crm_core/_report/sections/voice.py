"""Numbers and findings in words, in one language."""

from __future__ import annotations

import datetime

from .. import words as report_words
from ..money import Currency, brief, money
from . import words
from .change import Change, Rate
from .shop import Missing

# Units of an axis, from which size on.
_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"), (1, ""))
_YEN = ((1e8, "億円"), (1e4, "万円"), (1, "円"))

MINUS = "\N{MINUS SIGN}"


class Voice:
    """Writes the sentences of the report.

    Args:
        lang: `en` or `ja`.
        currency: The currency of amounts.
    """

    def __init__(self, lang: str, currency: Currency) -> None:
        self.lang = lang
        self.currency = currency

    def __call__(self, key: str, **values: object) -> str:
        """A text of `words`."""
        return words.text(key, self.lang, **values)

    def column(self, name: str) -> str:
        """The heading of a result's column."""
        return report_words.column(name, self.lang)

    def money(self, amount: float) -> str:
        """An amount as people say it: ¥8.33M, 833万円."""
        return brief(amount, self.currency, self.lang)

    def exact(self, amount: float | None) -> str:
        """An amount with every digit."""
        return "–" if amount is None else money(amount, self.currency, self.lang)

    def axis(self, amount: float) -> str:
        """An amount at an axis: ¥5M, ¥10M, 500万円."""
        yen = self.lang == "ja" and self.currency.code == "JPY"
        units = _YEN if yen else _UNITS
        size, name = next(one for one in units if amount >= one[0] or one[0] == 1)
        digits = f"{amount / size:,.10g}{name}"
        if yen:
            return digits
        sign, _, code = money(0, Currency(self.currency.code, 0)).partition("0")
        return f"{sign}{digits}{code}"

    def amount(self, amount: float | None) -> str:
        """An amount per customer, without the decimals of large ones: ¥9,619, 9,619円."""
        if amount is None:
            return "–"
        whole = Currency(self.currency.code, 0) if abs(amount) >= 1000 else self.currency
        return money(amount, whole, self.lang)

    def count(self, number: float) -> str:
        """A number of people or orders."""
        return f"{number:,.0f}".replace("-", MINUS)

    def percent(self, share: float | None, places: int = 1) -> str:
        """A share."""
        return "–" if share is None else f"{share:.{places}%}".replace("-", MINUS)

    def signed(self, share: float) -> str:
        """A change as a share of before."""
        return f"{share:+.1%}".replace("-", MINUS)

    def points(self, difference: float) -> str:
        """A difference of two shares."""
        return self("points", points=f"{100 * difference:+.1f}".replace("-", MINUS))

    def day(self, day: datetime.date) -> str:
        """A day."""
        return day.isoformat()

    def month(self, month: str) -> str:
        """A month of a first day: Jun 2026, 2026年6月."""
        day = datetime.date.fromisoformat(month[:10])
        if self.lang == "ja":
            return f"{day.year}年{day.month}月"
        return f"{_MONTHS[day.month - 1]} {day.year}"

    def months(self, first: str, last: str) -> str:
        """Some months, both included."""
        a, b = (datetime.date.fromisoformat(one[:10]) for one in (first, last))
        if self.lang == "ja":
            end = f"{b.month}月" if a.year == b.year else f"{b.year}年{b.month}月"
            return f"{a.year}年{a.month}月〜{end}"
        start = _MONTHS[a.month - 1] + ("" if a.year == b.year else f" {a.year}")
        return f"{start} to {_MONTHS[b.month - 1]} {b.year}"

    def interval(self, low: str, high: str) -> str:
        """Both ends of an interval."""
        return self("interval", low=low, high=high)

    def rate(self, rate: Rate) -> str:
        """A share with its interval."""
        low, high = self.percent(rate.low), self.percent(rate.high)
        return f"{self.percent(rate.value)} ({self.interval(low, high)})"

    def moved(self, change: Change, against: str) -> str:
        """A change in words, as a share: up, down, no clear change, too little to say."""
        if change.verdict == "too_few" or change.ratio is None or change.ratio_low is None:
            return self("moved_too_few", against=against)
        assert change.ratio_high is not None
        return self(
            f"moved_{change.verdict}",
            against=against,
            change=self.signed(change.ratio),
            low=self.signed(change.ratio_low),
            high=self.signed(change.ratio_high),
        )

    def moved_points(self, change: Change, against: str) -> str:
        """A change of a share in words, as points."""
        if change.low is None or change.high is None:
            return self("moved_too_few", against=against)
        return self(
            f"moved_{change.verdict}",
            against=against,
            change=self.points(change.difference),
            low=self.points(change.low),
            high=self.points(change.high),
        )

    def missing(self, missing: Missing) -> str:
        """What is needed and not there."""
        return self(f"missing_{missing.what}", need=f"{missing.need:,}", have=f"{missing.have:,}")


_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
