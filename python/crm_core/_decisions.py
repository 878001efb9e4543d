"""Decisions: which messages are due, and which of them are sent now."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from ._errors import CrmError
from ._library import call, chosen, frame, stacked
from ._orders import Orders
from ._request import moments
from ._table import Table

if TYPE_CHECKING:
    from ._types import Date, Dates, DayScope, Scope

_CANDIDATES = (
    "customer_id",
    "trigger",
    "dedupe_key",
    "due_at",
    "expires_at",
    "value",
    "channels",
    "excluded_by",
    "last_order_at",
)
# The library's words for kinds of messages.
_KINDS = (
    *("sent", "held_out", "unsubscribed", "complained", "subscribed"),
    *("bounced", "opened", "clicked", "assigned"),
)
_MESSAGES = ("customer_id", "occurred_at", "channel", "dedupe_key", "trigger")


def decide(
    candidates: Any,
    messages: Any = None,
    *,
    rules: Mapping[str, Any] | None = None,
    now: Date | datetime.datetime | None = None,
) -> Table:
    """Which candidates are sent now, held or skipped, and why (配信判定).

    A pure function: the same candidates, messages, rules and instant give the same decisions, in
    any order of rows. Sent and held-out messages must be added to `messages`, under their keys;
    later runs then skip them, so the function may run at any time.

    Rules, each of which may be left out::

        {"timezone": "Asia/Tokyo",                       # of civil days and quiet hours
         "channels": ["mail", "line"],                   # the first that can be used is
         "caps": [{"days": 1, "messages": 1}, {"days": 7, "messages": 3},
                  {"days": 30, "messages": 2, "channel": "line"}],
         "quiet_hours": {"from": "21:00", "to": "08:00"},
         "holdout": {"share": 0.05, "experiment": "holdout", "salt": ""},
         "budget": 1000,                                 # messages of this run
         "groups": {"recover": {"triggers": ["cart", "browse"], "days": 2}},
         "exclusions": ["inquiry"],                      # of `excluded_by`, besides opt-outs
         "bought_within": 3,                             # days after an order
         "triggers": {"cart": {"priority": -1, "channels": ["line", "mail"],
                               "bought_within": 1, "holdout": 0.1, "exclusions": []}}}

    Args:
        candidates: A frame: customer_id, trigger, dedupe_key, due_at, and if there are such columns
            expires_at, value (what is at stake), channels (those that reach the customer, separated
            by spaces), excluded_by (a reason against) and last_order_at. Times without a zone are
            UTC.
        messages: The log of messages, a frame: customer_id, kind (sent, held_out, unsubscribed,
            complained, subscribed), occurred_at, and if there are such columns channel, dedupe_key
            and trigger. A message without a channel is of all, and so is an opt-out of a channel
            that the rules do not have. Kinds may be in other words ("Opt-out", 配信停止), channels
            in other names ("Email"). Default: no message yet.
        rules: The rules. Default: channel mail, at most one message a day and three in seven days.
        now: The instant of the decision, or a date for its end. It must be given.

    Returns:
        One row per candidate: customer_id, trigger, dedupe_key, decision (send, hold, skip),
        reason_code, decided_by (the path of the rule, or the column), send_at (of what is held the
        first time that due_at, caps, groups and quiet hours allow, before it expires), channel. The
        notes count messages that met no candidate. Who has opted out gets nothing, whatever
        `exclusions` say; a key that was sent is never sent again, whenever it was. The reasons are
        tested in this order: already_sent, held_out_before, duplicate, expired, no_rule,
        excluded, bought, not_due, unreachable or opted_out, cap, group, budget, holdout,
        quiet_hours.

    Raises:
        DataError: A null where a value is needed.
        OptionError: A rule that is wrong, named by its path: ``rules.caps.0.messages``.

    Example:
        >>> import datetime
        >>> waiting = {"customer_id": ["c1", "c1"], "trigger": ["cart", "birthday"],
        ...            "dedupe_key": ["cart/c1/7", "birthday/c1/2026"],
        ...            "due_at": [datetime.date(2026, 11, 20)] * 2, "value": [9800, 500]}
        >>> crm.decide(waiting, now="2026-11-21T10:00:00+09:00").to_dict()["decision"]
        ['hold', 'send']
    """
    return _decided("decide", candidates, messages, {"rules": rules, "now": moments(now)})


def why(
    candidates: Any,
    messages: Any = None,
    *,
    customer: str | int | None = None,
    rules: Mapping[str, Any] | None = None,
    now: Date | datetime.datetime | None = None,
) -> Table:
    """Why one customer is sent messages or not: every question that decides (配信判定の理由).

    The candidates of all customers are decided as by `decide`, because a budget is shared; the rows
    are those of one customer. A candidate has the questions in their order, up to the first that is
    true, which decides. If all are false it is sent.

    Args:
        candidates: The candidates, as for `decide`.
        messages: The log of messages, as for `decide`. Default: no message yet.
        customer: The customer's id. It must be given.
        rules: The rules, as for `decide`. Default: at most one message a day and three in seven
            days.
        now: The instant of the decision, or a date for its end. It must be given.

    Returns:
        One row per candidate and question: customer_id, trigger, dedupe_key, number, asked (the
        reason that it would be), is_true, decision, decided_by (the rule, where the question is
        true), send_at, channel.

    Raises:
        DataError: A null where a value is needed.
        OptionError: A rule that is wrong, or a customer without a candidate.

    Example:
        >>> waiting = {"customer_id": ["c1"], "trigger": ["cart"], "dedupe_key": ["cart/c1/7"],
        ...            "due_at": ["2026-11-22"]}
        >>> trace = crm.why(waiting, customer="c1", now="2026-11-21T10:00:00Z").to_dict()
        >>> trace["asked"][-1], trace["is_true"][-1], trace["decision"][-1]
        ('not_due', True, 'hold')
    """
    options = {"customer": customer, "rules": rules, "now": moments(now)}
    return _decided("why", candidates, messages, options)


def simulate_rules(
    orders: Orders,
    as_of: Dates,
    *,
    triggers: Sequence[str | Mapping[str, Any]] | None = None,
    rules: Mapping[str, Any] | None = None,
    days: int | None = None,
    warm_up: int | None = None,
    at: str | None = None,
    **scope: Unpack[DayScope],
) -> Table:
    """What triggers and rules would have sent on each of the past days (配信シミュレーション).

    Each day runs `candidates` and `decide`; what is sent and held out is added to the log for the
    days after. So rules can be tuned before the first mail.

    Args:
        orders: The orders.
        as_of: The last day that is simulated. A list of dates adds a first column `as_of`.
        triggers: Names of triggers, or mappings, as for `candidates`. Default: step, registered,
            second_purchase, review, win_back.
        rules: The rules of `decide`. Default: at most one message a day and three in seven days.
        days: Days that are simulated (default 90).
        warm_up: Days that are simulated before and not shown (default 7).
        at: The time of day of the run, on the clocks of the rules' zone (default "10:00").
        **scope: Keys of the scope: where, by, policy, basis, refunds; see `DayScope`.

    Returns:
        One row per day and trigger with a candidate: date, trigger, candidates (whose key was not
        sent or held out before), sent, held_out, capped, grouped, over_budget, quiet, skipped. A
        candidate that is held counts again on the next day.

    Raises:
        OptionError: A trigger or a rule that is wrong, named by its path.
        DataError: Too few orders for the predictions of a trigger.

    Example:
        >>> table = crm.simulate_rules(orders, "2025-06-30", triggers=["review"], days=30)
        >>> sum(table.to_dict()["sent"]) > 0
        True
    """
    options = {
        "triggers": _triggers(triggers),
        "rules": rules,
        "days": days,
        "warm_up": warm_up,
        "at": at,
    }
    return call("simulate_rules", orders, as_of, {**options, **scope})


def _decided(task: str, candidates: Any, messages: Any, options: Mapping[str, Any]) -> Table:
    """Runs an analysis of candidates and messages."""
    table = chosen(candidates, _CANDIDATES)
    if messages is not None:
        sent = _in_known_words(frame(messages, "kind", *_MESSAGES))
        table, above = stacked(table, sent), len(table)
    try:
        return call(task, table, None, options)
    except CrmError as error:
        if messages is None or error.row is None or error.row < above:
            raise
        # Rows of messages are under those of candidates.
        row = error.row - above
        text = str(error).replace(f"row {error.row}", f"messages, row {row}", 1)
        raise type(error)(text, column=error.column, row=row, hint=error.hint) from None


def _in_known_words(messages: Table) -> Table:
    """The log with the library's words for kinds, as the command reads them."""
    from ._reading import layouts

    kinds = messages.to_dict()["kind"]
    distinct = {one for one in kinds if isinstance(one, str)}
    if distinct <= set(_KINDS):
        return messages
    known = {
        layouts.fold_word(word): meaning
        for meaning, words in layouts.words()["message_kinds"].items()
        for word in words
    }
    of = {one: one if one in _KINDS else known.get(layouts.fold_word(one), one) for one in distinct}
    cells = {name: column for name, column in messages.to_dict().items() if name != "kind"}
    cells["kind"] = [of.get(one, one) for one in kinds]
    return frame(cells, "kind", *_MESSAGES)


def candidates(
    orders: Orders,
    as_of: Dates,
    *,
    triggers: Sequence[str | Mapping[str, Any]] | None = None,
    **scope: Unpack[Scope],
) -> Table:
    """Messages that are due at a date, by trigger (配信候補).

    A trigger counts days from an event of each customer: a message is due that many days after it,
    and from then on a candidate for `valid` days. Its key is the same in every run until the event
    changes; `decide` says which candidates are sent.

    A trigger is a name or ``{"trigger": name, "days": [...], "valid": 7, "name": ...}``, where
    ``"name"`` is the name in the result and in keys. The triggers and their days:

    - step: days after the last order (3), or with ``"of": "first"`` after the first
    - registered: days after the registration, without an order (1, 3, 7, 14)
    - second_purchase: days after the only order (30, 60, 90)
    - review: days after the last order (14)
    - win_back: days after the last order (365)
    - birthday: days from the birthday (-7), whose date is in ``"column"``
    - forgot_to_buy: days from the predicted date of `cycle` (-5)
    - slipping_away: the customers of `alerts`
    - likely_buyer: those of `likely_buyers` with at least ``"probability"`` (0.5)

    Args:
        orders: The orders.
        as_of: The civil date up to which orders count, included. A list of dates adds a first
            column `as_of`.
        triggers: Names of triggers, or mappings. Default: step, registered, second_purchase,
            review, win_back.
        **scope: Keys of the scope: where, customers, by, policy, basis, refunds, occasion,
            churn_days, churn_boundary; see `Scope`.

    Returns:
        One row per candidate: customer_id, trigger, due_at, expires_at, dedupe_key, value (the mean
        order value, or the expected revenue), reason_code, event_on and days_after (the day of the
        event, and the days since then), last_order_at, excluded_by (opted_out, or why `alerts`
        would not write).

    Raises:
        OptionError: A trigger or a setting that there is not, named by its path.
        DataError: Too few orders for the predictions of a trigger.

    Example:
        >>> waiting = crm.candidates(orders, "2025-06-30", triggers=["review", "win_back"])
        >>> decided = crm.decide(waiting, now="2025-06-30T10:00:00+09:00", rules={"budget": 3})
        >>> decided.filter(decision="send").to_dict()["trigger"]
        ['review', 'review', 'review']
    """
    return call("candidates", orders, as_of, {"triggers": _triggers(triggers), **scope})


def _triggers(given: Sequence[str | Mapping[str, Any]] | None) -> list[Mapping[str, Any]] | None:
    """Triggers as mappings."""
    if given is None:
        return None
    return [{"trigger": of} if isinstance(of, str) else of for of in given]
