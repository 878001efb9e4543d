"""Steps of reading orders on money: what an amount means, and the money beside it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse
from . import (
    amount_columns,
    amount_meaning,
    amount_units,
    doubts,
    groups,
    layouts,
    marked_rows,
    odd_numbers,
    statuses,
)
from .columns import distinct, numbers, replaced, shown
from .headings import MONEY, Choice, amount_kind, find
from .layouts import fold
from .messages import option, say
from .settings import Both, Note
from .state_reading import StateReading


class MoneyReading(StateReading):
    """The steps of `order_reading` on amounts and other money."""

    def _amount_is(self) -> None:
        """Said by the user or the layout, else as `amount_meaning` decides."""
        said, name = self.settings.amount_is, self.chosen["amount"].value
        own = self.layout.amount_is if self.layout and self._of_layout("amount") else ""
        if own == "order" and "order_id" not in self.arguments:
            own = "line"
        if said is not None:
            if said == "unit" and "quantity" not in self.chosen:
                raise Misuse(
                    f"{say.amount_is:unit}: amounts are prices of pieces, and no column is the "
                    "quantity",
                    f"Name it with {say.quantity}, or say {say.amount_is:line}.",
                )
            found = amount_meaning.Meaning(said, "given", name)
        elif self.layout is not None and own and (own != "unit" or "quantity" in self.chosen):
            about = self.layout.amount_about or self.layout.name
            found = amount_meaning.Meaning(own, "layout_amount", about)
        elif self.of_items and amount_kind(name) not in ("unit", "price", "item_price"):
            found = amount_meaning.Meaning("line", "line_heading", name)
        else:
            odd_numbers.refuse_pieces(self, name)
            columns = self._amount_columns(name)
            found = amount_meaning.decide(amount_kind(name), columns)
            doubts.quantity_unused(self, columns, found, amount_kind(name))
            amount_columns.price_alone(self, columns, found)
            if found.reason == "price_row":
                amount_columns.price_without_pieces(self, name)
        self.meaning = found
        self.arguments["amount_is"] = found.kind
        amount_units.refuse(self)
        if found.reason == "differs_total":
            self.warnings.append(Note("differs_total", {"column": name}))
        self.extra.append(Choice("amount_is", found.kind, found.reason, found.detail))
        self.facts["checks"] = [
            {"what": one.what, "holds": one.holds, "of": one.of} for one in found.checks
        ]
        if found.kind != "unit":
            self.arguments.pop("quantity", None)
            self.chosen.pop("quantity", None)

    def _amount_columns(self, name: str) -> amount_meaning.Columns:
        def read(one: str) -> groups.Values | None:
            found = numbers(self.table[one], self.settings.decimal)
            return None if found is None else groups.values(found)

        def products() -> groups.Groups | None:
            names = layouts.words()["headings"]["further"]["product"]
            one = layouts.column([*names], self.table.column_names)
            text = None if one is None else shown(self.table[one])
            return None if text is None else groups.Groups.of(text)

        quantity = self.chosen.get("quantity")
        return amount_meaning.Columns(
            name,
            groups.values(self.plain_amounts(name)),
            self.keys,
            None if quantity is None else read(quantity.value),
            **amount_meaning.by_kind(self.unread, amount_kind),
            read=read,
            products=products,
        )

    def _levels(self) -> None:
        """Other columns of money follow the amount: the order's once, the lines' on each line."""
        self._levels_said()
        keys = self.keys
        for role in MONEY if keys is not None else ():
            if role not in self.chosen:
                continue
            assert keys is not None  # as the loop says
            name = self.chosen[role].value
            plain = self.plain_amounts(name)
            money = groups.values(plain)
            wanted = "order" if self.arguments["amount_is"] == "order" else "line"
            own, reason = self._level(role, name, money, keys, wanted)
            if own != wanted:
                spread = amount_meaning.spread(money, keys, own, wanted)
                self.table = replaced(self.table, name, groups.column(spread, plain.type))
            if reason not in ("one_line_each", "beside_total"):
                self.extra.append(Choice("money_of", own, f"money_{reason}", name))
            if own == "order" and wanted == "line":
                self.notes.append(Note("order_level", {"column": name}))

    def _contained(self) -> None:
        """Money that the layout's amount contains is not handed on: it would count twice."""
        contains = self.layout.amount_contains if self.layout is not None else ()
        for role in contains if self._of_layout("amount") else ():
            if role not in self.chosen:
                continue
            name, amount = self.chosen[role].value, self.chosen["amount"].value
            if self.settings.columns.get(role) is not None:
                raise Misuse(
                    f'{option(role, name)}: the amounts of "{amount}" contain it already',
                    f"Leave {option(role)} out, or name with {say.amount} a column that does not "
                    "contain it.",
                )
            money = groups.values(self.plain_amounts(name))
            money = marked_rows.some_of(money, money.floats > 0)  # some write -99999 for none
            keys = self.keys if self.arguments["amount_is"] == "order" else None
            if total := amount_meaning.total(money, keys):
                values = {"column": name, "amount": amount, "total": f"{total:,}"}
                self.notes.append(Note(f"contains_{role}", values))
            self.chosen.pop(role)
            self.arguments.pop(role)

    def _layout_says(self) -> None:
        """What the layout does not do with columns that hold something."""
        for wanted, sentences in (self.layout.says if self.layout is not None else {}).items():
            name = layouts.column([wanted], self.table.column_names)
            column = None if name is None else shown(self.table[name])
            if name is None or column is None:
                continue
            none = [text for text in distinct(column) if statuses.says_no(text)]
            here = pc.and_not(
                pc.is_valid(column), pc.is_in(column, value_set=pa.array(none, pa.string()))
            )
            if rows := pc.sum(here).as_py():
                values = {"column": name, "rows": rows, "says": Both(**sentences)}
                self.warnings.append(Note("layout_says", values))
            self.unread = [one for one in self.unread if one != name]

    def _levels_said(self) -> None:
        money = {self.chosen[role].value for role in MONEY if role in self.chosen}
        state = {self.chosen["status"].value} if "status" in self.chosen else set()
        for level, names in (
            ("order_level", self.settings.order_level),
            ("line_level", self.settings.line_level),
        ):
            for said in names:
                name = find(said, self.sources[0].headings, option(level))
                known = money | state if level == "line_level" else money
                if name not in known or self.keys is None:
                    raise Misuse(
                        f"{option(level, name)} has no effect: the column is not read as money "
                        "beside the amount, or as the state, of orders with several rows",
                        f"Name its role, for example {say.refunded}, {say.discount} or "
                        f"{say.shipping}.",
                    )

    def _level(
        self,
        role: str,
        name: str,
        money: groups.Values,
        keys: groups.Groups,
        wanted: str,
    ) -> tuple[str, str]:
        for own, names in (
            ("order", self.settings.order_level),
            ("line", self.settings.line_level),
        ):
            if fold(name) in map(fold, names):
                return own, "given"
        if self.layout is not None and fold(name) in map(fold, self.layout.order_level):
            return "order", "layout"
        lines = None
        if wanted == "line":
            lines = self.floats("amount")
            if self.arguments["amount_is"] == "unit":
                lines = lines * self.floats("quantity")
        return amount_meaning.level(name, money, keys, lines, self._of_layout(role))
