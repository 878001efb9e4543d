"""Which rows do not count, from every column that holds a state.

The status column says what an order is. Beside it a date or flag of cancellation, and the states of
delivery and payment, tell what was cancelled, refunded or returned. A line that is cancelled alone
takes its amount away; all lines take the order. What only looks like a state is not used, and
warned of with the number of orders that it touches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._problem import Problem
from . import layouts, statuses
from .columns import cut, distinct, few_texts, mapped, shown
from .groups import Flags, Groups, Values, flags, valid
from .layouts import Layout, fold, fold_word
from .messages import say
from .said import Said, is_known

# 5.00 is money and no date.
_DATE = re.compile(
    r"(?!\s*\d+[.,]\d+\D*$)\s*(\d{1,4}\s*[-/.年]\s*\d|\d{8}|[A-Za-z]{3,9}\.? \d{1,2},|\d{9,13}\s*$)"
)
_NO_DAY = re.compile(
    r"\s*(9999|1900|1970|1899|1753|0001|2999|2099)(?P<s>[-/.年]?)"
    r"(12(?P=s)31|12(?P=s)30|0?1[-/.月]?0?1)日?"
    r"([ T][\d:.]+(Z|[+-]\d\d:?\d\d)?)?\s*|\s*(31[./-]12[./-]9999|0?1[./-]0?1[./-](1900|1970))"
    r"( [\d:.]+)?\s*"
)
_KIND = 40  # characters of a kind
_REMARK = 80  # characters of a remark that a text of a policy exceeds
#: All meanings, the one that an order of several takes first: of those that count, `pending`.
MEANINGS_RANKED = (*statuses.STOPS, "pending", "completed")


@dataclass(frozen=True)
class Stop:
    """A column besides the status that stops orders.

    Attributes:
        name: Its heading.
        rows: The meaning of each row, null if the column is blank.
        words: What its words mean.
    """

    name: str
    rows: pa.ChunkedArray
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suspect:
    """A column that was not used and looks as if it should be."""

    name: str
    rows: pa.ChunkedArray
    words: Sequence[str] = ()
    code: str = "not_used_words"
    others: Sequence[str] = ()


def cancellations(
    name: str,
    column: pa.ChunkedArray,
    words: Sequence[str],
    own: Mapping[str, str],
    said: Said,
) -> Stop:
    """A date or flag of cancellation.

    Args:
        name: The heading.
        column: Its texts, without blanks.
        words: The values that mean cancelled, if a layout gives them; "*" is any.
        own: The user's `--status-map`.
        said: How a message shows a value.

    Raises:
        Problem: A value is neither a date, nor yes or no, nor a known state.
    """
    wanted = {fold_word(word) for word in words}
    mine = {fold_word(word): meaning for word, meaning in own.items()}

    def meaning(text: str) -> str | None:
        word = fold_word(text)
        if word in mine:
            return mine[word]
        if wanted and "*" not in wanted:
            return "cancelled" if word in wanted else None
        if statuses.says_no(text) or is_no_day(text):
            return None
        if "*" in wanted or statuses.says_yes(text) or _DATE.match(text) or marked:
            return "cancelled"
        known = statuses.general().get(word)
        return known or ("cancelled" if statuses.cancelled_at_end(text) else "?")

    texts = distinct(column)
    marked = [text.strip().lower() for text in texts] == ["x"]  # a cross, and blank elsewhere
    found = {text: meaning(text) for text in texts}
    unknown = sorted(text for text, one in found.items() if one == "?")
    if unknown:
        shown_word = said(unknown[0])
        quoted = f'"{shown_word}"' if said.may_show(unknown[0]) else shown_word
        raise Problem(
            f"column {name}: does {quoted} mean that the order is cancelled?",
            f"Say so with {say.status_map:{said.option(unknown[0])}=cancelled} or "
            f"{say.status_map:{said.option(unknown[0])}=completed}; "
            f"{say.ignore:{name}} leaves the column out.",
        )
    stopping = {text: one for text, one in found.items() if one in statuses.STOPS}
    return Stop(name, mapped(column, stopping.get), {})


def is_no_day(text: str) -> bool:
    """Whether a date is one that programs write for none, such as 9999-12-31."""
    return _NO_DAY.fullmatch(text) is not None


def further(name: str, column: pa.ChunkedArray, own: Mapping[str, str]) -> Stop:
    """A further column of states: its words that stop an order."""
    found = statuses.stops(name, distinct(column), own)
    return Stop(name, mapped(column, found.get), found)


def by_headings(
    headings: Sequence[str], taken: Sequence[str], layout: Layout | None, ignore: Sequence[str]
) -> tuple[dict[str, Sequence[str]], list[str]]:
    """Columns of cancellation with the words that cancel, and further columns of states.

    Args:
        headings: The file's headings.
        taken: Headings that have a role.
        layout: The file's layout.
        ignore: Headings that the user ignores.
    """
    said = {fold(name): words for name, words in (layout.cancelled if layout else {}).items()}
    left_out = {fold(name) for name in [*ignore, *(layout.ignore if layout else ())]}
    cancels: dict[str, Sequence[str]] = {}
    states: list[str] = []
    for name in headings:
        key = fold(re.sub(r" \(\d\)$", "", name))  # the second of two columns is "x (2)"
        if key in said and key not in {fold(one) for one in ignore}:
            cancels[name] = said[key]
        elif name in taken or key in left_out:
            continue
        elif statuses.is_cancel(key):
            cancels[name] = ()
        elif statuses.is_state(key):
            states.append(name)
    return cancels, states


def suspects(
    table: pa.Table, unread: Sequence[str], refunds_read: bool, row_name: Callable[[int], str]
) -> list[Suspect]:
    """Unread columns with words or a heading about cancellations or refunds."""
    found: list[Suspect] = []
    for name in unread:
        if statuses.is_replaced(name):
            continue  # see `row_doubts`
        smell = statuses.smell(name)
        if smell == "refunded" and refunds_read:
            smell = ""
        flag = _counting(name, table[name], row_name) or _signs(name, table[name], row_name)
        if flag is not None:
            found.append(flag)
            continue
        if not smell and statuses.is_consent(name):
            stop = _saying_no(name, table[name], row_name)
            if stop is not None:
                found.append(stop)
            continue
        if not smell and (statuses.is_harmless(name) or not few_texts(table[name])):
            continue
        column = shown(table[name])
        if column is None:
            continue
        texts = distinct(column)
        if smell:
            told = statuses.refusals(name, texts) or [
                text for text in texts if not statuses.says_no(text)
            ]
        elif statuses.is_list(name):
            told = [
                text
                for text in texts
                if any(speaks_of_stop(one) or _is_test(one) for one in re.split(r"[,;|、]", text))
            ]
        else:
            sides = statuses.refusals(name, texts)
            told = [text for text in texts if speaks_of_stop(text)] or sides
            if told and told == sides:
                pass
            elif not statuses.speaks_of("payment", name):
                told += [text for text in texts if text not in told and statuses.is_booking(text)]
            else:
                told += [text for text in texts if text not in told and _is_of_test(text)]
            told += [one for one in texts if one not in told and statuses.is_owed(name, one)]
            if statuses.is_remark(name):
                back = [one for one in texts if statuses.speaks_of("refunded", one)]
                told += [one for one in back if one not in told and len(one) <= _REMARK]
            if statuses.is_kind(name):
                told += [one for one in texts if one not in told and _is_test(one)]
                back = [one for one in texts if statuses.speaks_of("refunded", one)]
                back = back if len(back) < len(texts) else []
                told += [one for one in back if one not in told and len(one) <= _KIND]
        if told:
            rows = pc.fill_null(pc.is_in(column, value_set=pa.array(told, pa.string())), False)
            how = _how(name, told) if smell else "not_used_words"
            if how != "not_used_words":
                found.append(Suspect(name, rows, [], how))
            else:
                # Other texts may be a person's, and no option takes them in part.
                code = "not_used_texts"
                if all(map(is_known, told)):
                    returned = all(
                        speaks_of_return(one) or statuses.gives_back(one) for one in told
                    )
                    code = "not_used_words" if returned else "not_used_stops"
                found.append(Suspect(name, rows, sorted({known_part(one) for one in told}), code))
    return found


def _counting(name: str, column: pa.ChunkedArray, row_name: Callable[[int], str]) -> Suspect | None:
    """A flag by which some rows do not count."""
    side = statuses.counting(name)
    text = shown(column) if side else None
    texts = [] if text is None else pc.unique(text.drop_null())[:4].to_pylist()
    if text is None or not texts or len(texts) > 3:
        return None
    yes = [one for one in texts if statuses.says_yes(one) or one.strip().lower() == "x"]
    no = [one for one in texts if statuses.says_no(one) and one not in yes]
    if len(yes) + len(no) < len(texts):
        return None
    if side == "no":
        rows = pc.is_in(text, value_set=pa.array(yes, pa.string()))
        return Suspect(name, pc.fill_null(rows, False), [], "not_used_date") if yes else None
    if no:
        return _saying_no(name, column, row_name)
    rows = pc.is_null(text)
    return Suspect(name, rows, [], "blank_flag") if pc.any(rows).as_py() else None


def _signs(name: str, column: pa.ChunkedArray, row_name: Callable[[int], str]) -> Suspect | None:
    """A flag of signs such as a check mark and a cross, whatever its heading."""
    if statuses.is_harmless(name) or statuses.is_side_matter(name) or not few_texts(column):
        return None
    text = shown(column)
    texts = [] if text is None else distinct(text)
    signs = [one for one in texts if not re.search(r"[\w-]", one)]
    flags_only = all(statuses.says_no(one) or statuses.says_yes(one) for one in texts)
    return _saying_no(name, column, row_name) if signs and flags_only else None


def _how(name: str, told: Sequence[str]) -> str:
    """Which option uses a column with a heading about cancellations, by its values."""
    if statuses.speaks_of("pieces", name):
        return "not_used_pieces"
    if all(statuses.says_yes(one) for one in told):
        return "not_used_date"
    if all(_DATE.match(one) for one in told):
        return "not_used_date"
    if all(re.fullmatch(r"\d[\d.,]*\s*[%％]", one) for one in told):
        return "not_used_percent"
    if statuses.speaks_of("percent", name) and all(re.fullmatch(r"\d[\d.,]*", t) for t in told):
        return "not_used_percent"
    if 2 <= len(told) <= 6 and all(re.fullmatch(r"\d{1,2}", one) for one in told):
        return "not_used_codes"
    if all(re.fullmatch(r"[^\w]?\s*-?\d[\d.,]*\s*[^\w]?", one) for one in told):
        return "not_used_money"
    if all(speaks_of_stop(one) for one in told):
        return "not_used_words"
    return "not_used_heading"


def known_part(text: str) -> str:
    """What a message may show of a cell: a known word, or the part of it that is known."""
    if is_known(text):
        return text.strip()
    low = layouts.low(text)
    parts = [*layouts.smells("cancelled"), *layouts.words()["other_status"]["test_parts"]]
    parts += layouts.smells("refunded")
    return next((f"…{part}…" for part in parts if part in low), f"({len(text)} characters)")


def _saying_no(
    name: str, column: pa.ChunkedArray, row_name: Callable[[int], str]
) -> Suspect | None:
    """A flag such as paid or active, and the rows in which it is no or names a state of it."""
    text = shown(column)
    if text is None:
        return None
    texts = distinct(text)
    flags_only = all(statuses.says_no(one) or statuses.says_yes(one) for one in texts)
    told = {one for one in texts if speaks_of_stop(one) or statuses.is_open(one)}
    told |= {one for one in texts if flags_only and statuses.says_no(one)}
    if not told:
        return None
    rows = pc.fill_null(pc.is_in(text, value_set=pa.array(sorted(told), pa.string())), False)
    others = sorted(set(texts) - told)
    said = Said(text, row_name)
    first_known = sorted(told, key=lambda one: (not said.may_show(one), one))
    shown_words = [cut(one) for one in first_known if said.may_show(one)]
    if not shown_words:
        return Suspect(name, rows, [known_part(first_known[0])], "not_used_texts")
    further = [said.option(one) for one in others]
    return Suspect(name, rows, shown_words, "not_used_flag", further)


def speaks_of_stop(text: str) -> bool:
    """Whether a cell means cancelled, refunded or not paid."""
    if len(text) > 40:
        return False
    if statuses.general().get(fold_word(text)) in statuses.STOPS[1:]:
        return True
    if statuses.is_unpaid(text) or statuses.is_odd(text):
        return True
    low = layouts.low(text)
    begin = next((one for one in layouts.smells("begins") if low.startswith(one)), None)
    if begin is not None and not low[len(begin) :][:1].isalnum():
        return True
    left_out = layouts.smells("heading_only")
    return any(part in low for part in layouts.smells("cancelled") if part not in left_out)


def speaks_of_return(text: str) -> bool:
    """Whether a text holds a word for a refund or a return."""
    known = statuses.general().get(fold_word(text))
    return known in ("refunded", "returned") or statuses.speaks_of("refunded", text)


def _is_of_test(text: str) -> bool:
    """Whether a way to pay is one for tests, such as a test gateway."""
    words = re.split(r"[^a-z]+", layouts.low(text))
    return any(part in words for part in layouts.words()["other_status"]["test_parts"])


def _is_test(text: str) -> bool:
    return statuses.general().get(fold_word(text)) == "test"


def strongest(stops: Sequence[pa.ChunkedArray], rows: int) -> pa.ChunkedArray:
    """The strongest meaning of each row that some column gives; null where none does."""
    out = pa.chunked_array([pa.nulls(rows, pa.string())])
    for meaning in reversed(statuses.STOPS):
        for one in stops:
            out = pc.if_else(pc.fill_null(pc.equal(one, meaning), False), meaning, out)
    return out


def whole_orders(
    keys: Groups | None, stopped: pa.ChunkedArray
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """For each row whether all rows of its order are stopped, and whether only some are."""
    here = valid(stopped)
    if keys is None:
        return _chunked(here), _chunked(np.zeros_like(here))
    counts = keys.counts(here)
    every = np.where(keys.known, keys.each(counts == keys.rows, False), here)
    return _chunked(every), _chunked(keys.each(counts > 0, False) & ~every)


def of_order(keys: Groups | None, stopped: pa.ChunkedArray) -> pa.ChunkedArray:
    """The strongest meaning in the order of each row; null where no row of it has one."""
    if keys is None:
        return stopped
    ranks = ranked(stopped)
    low, _, some = keys.ends(ranks)
    at = np.where(keys.known, keys.each(np.where(some, low, -1), -1), ranks.numbers)
    at = np.where(keys.known | ranks.valid, at, -1)
    words = pa.array(MEANINGS_RANKED, pa.string())
    return pa.chunked_array([words.take(pa.array(at, mask=at < 0))])


def ranked(meanings: pa.ChunkedArray) -> Values:
    """The rank of each row's meaning; meanings that stop an order come first."""
    at = pc.index_in(meanings, value_set=pa.array(MEANINGS_RANKED, pa.string()), skip_nulls=True)
    return Values(np.asarray(pc.fill_null(at, -1).to_numpy(), np.int64), valid(at))


def orders_in(keys: Groups | None, rows: pa.ChunkedArray) -> int:
    """How many orders have one of these rows."""
    if keys is None:
        return int(pc.sum(rows).as_py() or 0)
    return keys.touched(flags(rows))


def _chunked(rows: Flags) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(rows)])
