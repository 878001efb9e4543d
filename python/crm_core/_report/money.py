"""Amounts for people."""

from __future__ import annotations

from dataclasses import dataclass

from .._orders import Orders

# From which size on, divided by what, called what. Japanese readers count yen in 万 and 億.
_UNITS = ((1e9, 1e9, "B"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
_YEN = ((1e8, 1e8, "億円"), (1e4, 1e4, "万円"), (0, 1, "円"))


@dataclass(frozen=True)
class Currency:
    """A currency: its ISO 4217 code, and the decimals of its minor unit as the library has them."""

    code: str
    decimals: int

    @staticmethod
    def of(orders: Orders) -> Currency:
        """The currency of orders."""
        return Currency(orders.currency, orders.reconciliation.schema["amount"]["decimals"])


def money(amount: float, currency: Currency, lang: str = "en") -> str:
    """An amount for people: ¥1,234, in Japanese 1,234円; $12.50, 12.50 CHF."""
    if lang == "ja" and currency.code == "JPY":
        return f"{amount:,.0f}円"
    return _with_sign(amount, f"{abs(amount):,.{currency.decimals}f}", currency)


def brief(amount: float, currency: Currency, lang: str) -> str:
    """A short form of an amount: $2.50M, 1,234万円. Small amounts have every digit."""
    size = abs(amount)
    yen = lang == "ja" and currency.code == "JPY"
    for least, unit, name in _YEN if yen else _UNITS:
        if size >= least:
            short = size / unit
            places = 0 if short >= 100 or unit == 1 else 1 if short >= 10 else 2
            digits = f"{short:,.{places}f}{name}"
            if yen:
                return f"-{digits}" if amount < 0 else digits
            return _with_sign(amount, digits, currency)
    places = 0 if size == 0 or size >= 100 else currency.decimals
    return _with_sign(amount, f"{size:,.{places}f}", currency)


def _with_sign(amount: float, digits: str, currency: Currency) -> str:
    sign = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}.get(currency.code)
    minus = "-" if amount < 0 else ""
    return f"{minus}{sign}{digits}" if sign else f"{minus}{digits} {currency.code}"
