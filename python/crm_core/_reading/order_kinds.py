"""What the words of a column of kinds of orders mean (購入種別): subscriptions, exchanges, samples.

A shop that writes only "定期" for every order of a subscription has its first orders found by their
dates: a customer's earliest order of that kind is `sub_first`, the later ones are `sub_renewal`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Misuse, Problem
from .columns import cut
from .layouts import fold_word
from .messages import say
from .settings import Loaded, Note

KINDS = ("one_off", "sub_first", "sub_renewal", "swap", "sample")
_SUBSCRIPTION = "subscription"
MEANINGS = ("one_off", _SUBSCRIPTION, *KINDS[1:])
_WORDS: Mapping[str, tuple[str, ...]] = {
    "one_off": ("通常", "通常購入", "通常注文", "都度", "都度購入", "単品", "単発", "一般",
                "one-off", "one time", "one-time", "onetime", "single", "normal"),
    "sub_first": ("定期初回", "定期(初回)", "定期購入初回", "初回定期", "first delivery",
                  "subscription first order", "first subscription order"),
    "sub_renewal": ("定期2回目以降", "定期(2回目以降)", "定期継続", "定期更新", "継続", "renewal",
                    "recurring", "subscription recurring order", "recurring subscription order"),
    _SUBSCRIPTION: ("定期", "定期購入", "定期便", "定期コース", "サブスク", "頒布会",
                    "subscription", "subscribe & save", "autoship"),
    "swap": ("交換", "交換品", "exchange", "replacement"),
    "sample": ("サンプル", "試供品", "無料サンプル", "sample", "free sample"),
}  # fmt: skip


def understood(loaded: Loaded, said: Mapping[str, str]) -> Loaded:
    """The orders with the library's words in their column of kinds.

    Args:
        loaded: The orders as read.
        said: What the user says that words mean.
    """
    name = loaded.arguments.get("kind")
    if name is None:
        if said:
            raise Misuse(f"{say.kind_map} has no effect without {say.kind}")
        return loaded
    for word, meaning in said.items():
        if meaning not in MEANINGS:
            raise Misuse(
                f"{say.kind_map}: {cut(word)} is {meaning}, which is no meaning",
                f"There are {', '.join(MEANINGS)}.",
            )
    column = loaded.table[name].cast(pa.string())
    blank = pc.equal(pc.utf8_trim_whitespace(column), "")
    column = pc.if_else(pc.fill_null(blank, True), pa.scalar(None, pa.string()), column)
    words = [one for one in column.unique().to_pylist() if one is not None]
    meanings = _meanings(name, words, said)
    if not meanings or all(word == meaning for word, meaning in meanings.items()):
        return loaded
    index = pc.index_in(column, value_set=pa.array(list(meanings)))
    kinds = pc.take(pa.array(list(meanings.values())), index.combine_chunks())
    table = loaded.table.set_column(
        loaded.table.column_names.index(name), name, _dated(kinds, loaded)
    )
    told: dict[str, list[str]] = {}
    for word, meaning in meanings.items():
        told.setdefault(meaning, []).append(cut(word))
    loaded.notes.append(Note("order_kinds", {"map": told}))
    return dataclasses.replace(loaded, table=table)


def _meanings(name: str, words: list[str], said: Mapping[str, str]) -> dict[str, str]:
    """The meaning of each word; a `Problem` for one that nobody knows."""
    known = {fold_word(word): kind for kind, of in _WORDS.items() for word in (kind, *of)}
    known |= {fold_word(word): meaning for word, meaning in said.items()}
    found = {word: known.get(fold_word(word), "") for word in words}
    unknown = sorted(word for word, meaning in found.items() if not meaning)
    if unknown:
        listed = ", ".join(f'"{cut(word)}"' for word in unknown[:10])
        raise Problem(
            f"column {name}: what does {listed} mean?",
            f"Say so with {say.kind_map:{cut(unknown[0])}=subscription}; the meanings are "
            f"{', '.join(MEANINGS)}.",
        )
    return found


def _dated(kinds: pa.Array, loaded: Loaded) -> pa.Array:
    """The kinds with the orders of a subscription as the first one and renewals."""
    here = np.asarray(pc.fill_null(pc.equal(kinds, _SUBSCRIPTION), False))
    if not here.any():
        return kinds
    customers = loaded.table[loaded.arguments["customer_id"]].cast(pa.string())
    codes = np.asarray(pc.fill_null(customers.combine_chunks().dictionary_encode().indices, -1))
    times = loaded.table[loaded.arguments["ordered_at"]].combine_chunks()
    order = np.asarray(pc.rank(times, tiebreaker="min")).astype(np.int64)
    earliest = np.full(codes.max() + 2, np.iinfo(np.int64).max)
    np.minimum.at(earliest, codes[here], order[here])
    first = here & (order == earliest[codes])
    return pc.if_else(
        pa.array(first), "sub_first", pc.if_else(pa.array(here), "sub_renewal", kinds)
    )
