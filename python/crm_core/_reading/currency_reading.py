"""The step of reading that finds out the currency of the amounts, and refuses a mixture."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse, Problem
from . import amount_texts, amounts, layouts, titles
from .columns import cut, few_texts, shown, trimmed
from .headings import Choice, amount_kind, currency_in, is_chinese, is_code
from .messages import say
from .reading import Reading, either_sign

# Currencies that are written with a bare $.
_DOLLARS = frozenset(
    (
        *(
            "USD",
            "CAD",
            "AUD",
            "NZD",
            "HKD",
            "SGD",
            "TWD",
            "MXN",
            "ARS",
            "CLP",
            "COP",
            "UYU",
            "BMD",
        ),
        *(
            "BBD",
            "BSD",
            "BZD",
            "BND",
            "FJD",
            "GYD",
            "JMD",
            "KYD",
            "LRD",
            "NAD",
            "SBD",
            "SRD",
            "TTD",
        ),
        *("XCD", "DOP", "CVE", "CUP"),
    )
)


# Currencies whose amounts are written with a decimal comma.
_COMMA = frozenset(
    (
        *("EUR", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF", "RON", "BGN", "RSD", "RUB", "UAH"),
        *("TRY", "BRL", "ARS", "COP", "UYU", "IDR", "ZAR", "ISK"),
    )
)


class CurrencyReading(Reading):
    """The step of orders and of events on their currency."""

    def _currency(self) -> None:
        """By the user, a column, the amounts, their heading, or the language (with a note)."""
        column = self.chosen.pop("currency", None)
        if column is not None and self.settings.currency and self.settings.ignores(column.value):
            column = None
        amount = self.chosen["amount"].value
        said = self.settings.currency
        in_column: list[str] = []
        if column is not None:
            values = pc.unique(trimmed(self.table[column.value]).cast(pa.string())).to_pylist()
            in_column = sorted({value.upper() for value in values if value})
            self.small_codes = bool(in_column) and all(v.islower() for v in values if v)
            self._only_codes(column.value, [value for value in values if value])
        if said:
            code, reason, detail = said.upper(), "given", ""
            if in_column and in_column != [code]:
                raise Misuse(
                    f"{say.currency} is {code}, but column {column.value if column else ''} "
                    f"holds {', '.join(map(cut, in_column[:5]))}"
                )
        elif len(in_column) > 1:
            raise Problem(
                f"column {column.value if column else ''} holds {len(in_column)} "
                f"currencies: {', '.join(map(cut, in_column[:5]))}",
                "Amounts of different currencies are not added up; give one file per currency.",
            )
        elif in_column:
            code, reason, detail = in_column[0], "column", column.value if column else ""
        elif self.said_in_amounts == {"JPY"} and not self.formats and self._chinese():
            raise Problem(
                f"column {amount}: the sign ¥ is that of yuan and of yen, and the headings are "
                "Chinese",
                f"{say.currency:CNY} or {say.currency:JPY} says which.",
            )
        elif len(self.said_in_amounts) == 1:
            code, detail = next(iter(self.said_in_amounts)), amount
            reason = "number_format" if code in self.formats else "sign"
        elif len(self.said_in_amounts) > 1:
            raise Problem(
                f"column {amount} speaks of {', '.join(sorted(self.said_in_amounts))}"
                + self._formatted(),
                f"Amounts of different currencies are not added up.{self._no_format(amount)}",
            )
        elif currency_in(amount):
            code, reason, detail = currency_in(amount), "amount_heading", amount
        elif self.layout is not None and self.layout.currency:
            code, reason, detail = self.layout.currency, "layout", self.layout.name
        elif self.japanese:
            code, reason, detail = "JPY", "japanese", ""
        else:
            raise Problem(
                "the file does not say in which currency its amounts are",
                f"Name it, for example {say.currency:USD}.",
            )
        if code == "CNY" and self.said_in_amounts == {"JPY"} and not self.formats:
            self.said_in_amounts = set()  # the sign of the yen is that of the yuan, too
        self._signs_agree(code, amount)
        self._codes_agree(code, amount)
        if self.grouped and code in _COMMA:
            raise either_sign(self.grouped[0])
        self.arguments["currency"] = code
        self.extra.append(Choice("currency", code, reason, detail))

    def _chinese(self) -> bool:
        return not self.japanese and is_chinese(self.sources[0].headings)

    def _only_codes(self, name: str, values: Sequence[str]) -> None:
        """Refuses cells of a column of currencies that are no codes and no signs."""
        for value in values:
            if len(value) <= 3 or re.fullmatch(r"[A-Za-z]{2,3}\W", value):
                continue
            at = pc.index(trimmed(self.table[name]).cast(pa.string()), value).as_py()
            raise Problem(
                f"{self.rows.name(at)}, column {name}: not a currency "
                f"({amount_texts.described(value)})",
                "A currency is a code such as USD; where cells are shifted, mend the row in the "
                f"file. With {say.currency}, {say.ignore:{name}} leaves the column out.",
            )

    def _signs_agree(self, code: str, amount: str) -> None:
        """Refuses signs and codes in the amounts that mean another currency."""
        others = sorted(self.said_in_amounts - {code})
        if self.dollars and code not in _DOLLARS:
            others.append("dollars ($)")
        others += sorted(one for one in self.other_signs if code not in amounts.SIGNS_TOLD[one][1])
        if others:
            raise Problem(
                f"column {amount} holds amounts in {', '.join(others)}, and the currency is {code}"
                + self._formatted(),
                "Amounts of different currencies are not added up; give one file per currency."
                + self._no_format(amount),
            )

    def _formatted(self) -> str:
        """The cells whose number formats show a currency."""
        told = [f"{code} in {row}" for code, row in sorted(self.formats.items())]
        return f" (formats of cells: {', '.join(told)})" if told else ""

    def _no_format(self, amount: str) -> str:
        return f" {say.ignore:{amount}} says that the formats are wrong." if self.formats else ""

    def _codes_agree(self, code: str, amount: str) -> None:
        """Refuses another currency in the amount's heading, or in a column that was not read."""
        of_heading = currency_in(amount)
        if of_heading and of_heading != code and not self.settings.ignores(amount):
            others = [one for one in self.unread if amount_kind(one) and currency_in(one) == code]
            if others:
                raise Problem(
                    f'the heading "{amount}" says {of_heading}, and the currency is {code}',
                    f"{say.amount:{others[0]}} reads the amounts in {code}.",
                )
            raise Problem(
                f'the heading "{amount}" says {of_heading}, and the currency is {code}',
                f"{say.currency:{of_heading}}; {say.ignore:{amount}} says that the heading is "
                "wrong.",
            )
        above = titles.currencies(self)
        if above and code not in above and not self.settings.ignores(amount):
            raise Problem(
                f"a line above the headings says {', '.join(sorted(above))}, and the currency is "
                f"{code}",
                f"{say.currency:{min(above)}}; {say.ignore:{amount}} says that the line is wrong.",
            )
        for name in self.unread:
            found = self._codes_in(name) if not self.settings.ignores(name) else []
            if found and found != [code]:
                raise Problem(
                    f'"{name}" holds {", ".join(found[:5])}, and amounts are read as {code}',
                    "Amounts of different currencies are not added up; give one file per currency. "
                    f"{say.ignore:{name}} says that the amounts are in {code} all the same.",
                )

    def _codes_in(self, name: str) -> list[str]:
        """The codes of currencies in a column of nothing else, with a heading for currencies."""
        low = name.lower()
        if name not in self.table.column_names or not few_texts(self.table[name]):
            return []
        parts = layouts.words()["headings"]["currencies"]["parts"]
        column = shown(self.table[name])
        words = [] if column is None else pc.unique(column.drop_null()).to_pylist()
        codes = sorted({str(word).upper() for word in words})
        if any(part in low for part in parts):
            return codes if all(re.fullmatch("[A-Z]{3}", one) for one in codes) else []
        known = len(codes) > 1 and all(is_code(one) for one in codes)
        return codes if known else []  # of several currencies, whatever the heading says
