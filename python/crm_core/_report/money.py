"""Amounts for people."""

from __future__ import annotations

from dataclasses import dataclass

from .._orders import Orders

# From which size on, divided by what, called what.
_UNITS = {
    "en": ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k")),
    "ja": ((1e9, 1e8, "億"), (1e5, 1e4, "万")),
}


@dataclass(frozen=True)
class Currency:
    """A currency: its ISO 4217 code, and the decimals of its minor unit as the library has them."""

    code: str
    decimals: int

    @staticmethod
    def of(orders: Orders) -> Currency:
        """The currency of orders."""
        return Currency(orders.currency, orders.reconciliation.schema["amount"]["decimals"])


def money(amount: float, currency: Currency) -> str:
    """An amount for people: ¥1,234, $12.50, 12.50 CHF."""
    return _with_sign(amount, f"{abs(amount):,.{currency.decimals}f}", currency)


def brief(amount: float, currency: Currency, lang: str) -> str:
    """A short form of an amount: $2.50M, ¥1,234万. Small amounts have every digit."""
    size = abs(amount)
    for least, unit, name in _UNITS[lang]:
        if size >= least:
            short = size / unit
            places = 0 if short >= 100 else 1 if short >= 10 else 2
            return _with_sign(amount, f"{short:,.{places}f}{name}", currency)
    places = 0 if size == 0 or size >= 100 else currency.decimals
    return _with_sign(amount, f"{size:,.{places}f}", currency)


def _with_sign(amount: float, digits: str, currency: Currency) -> str:
    sign = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}.get(currency.code)
    minus = "-" if amount < 0 else ""
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {currency.code}"
