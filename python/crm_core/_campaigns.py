"""Did it work? Messages of campaigns, what they brought, and a shop before and after a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from ._events import Events
from ._library import call
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Date, DayScope, Length, Where


def campaign_rates(
    events: Events,
    as_of: AsOf = None,
    *,
    credit: Literal["click", "send"] | None = None,
    window: Length | None = None,
    by: Sequence[str] | None = None,
    per: Literal["customer", "visitor"] | None = None,
    confidence: float | None = None,
) -> Table:
    """Messages of campaigns: delivered, opened, clicked, and the orders after them (配信効果測定).

    What is done with a message belongs to the last message of the campaign that the person was sent
    before. An order belongs to the last click before it, of any campaign. All counts are of
    different people, and rates are those of the sums. They do not say what the messages brought:
    see `campaign_effect`.

    Args:
        events: Events of the kinds sent, bounced, opened, clicked, unsubscribed, complained and
            purchase, with a column of campaigns.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        credit: Whether an order belongs to the last "click" (default) or to the last message that
            was delivered ("send").
        window: How long after that an order counts (default "7d" after a click, "14d" after a
            message).
        by: Columns of the messages to break down by: variant, channel, any category of events,
            weekday, hour.
        per: Whose messages and orders belong together. Default: a customer's, if the log has
            customers, else a visitor's.
        confidence: Confidence of the intervals (default 0.95).

    Returns:
        The columns of `by`, then campaign, sent, bounced, delivered, opened, clicked, unsubscribed,
        complained, converted, revenue (with amounts), open_rate, open_rate_low, open_rate_high,
        click_rate, click_rate_low, click_rate_high, click_to_open_rate, click_to_open_rate_low,
        click_to_open_rate_high, conversion_rate, conversion_rate_low, conversion_rate_high,
        unsubscribe_rate, unsubscribe_rate_low, unsubscribe_rate_high, complaint_rate,
        complaint_rate_low, complaint_rate_high, delivery_rate, delivery_rate_low,
        delivery_rate_high, revenue_per_delivered (major units), orders, and if the log says what
        machines did, machine_opened and machine_clicked. The notes say whether it does.

    Raises:
        OptionError: An option is unknown or out of range; the log has no campaigns or nothing sent.

    Source:
        The rates are those of mail services; 7 days after a click and 14 days after a message are
        conventions.

    Example:
        >>> log = {"customer_id": ["a", "b", "a"], "kind": ["sent", "sent", "opened"],
        ...        "occurred_at": ["2026-03-01", "2026-03-01", "2026-03-02"], "campaign": ["x"] * 3}
        >>> mails = crm.Events(log, visitor_id="customer_id", campaign="campaign")
        >>> crm.campaign_rates(mails).to_dict()["open_rate"]
        [0.5]
    """
    options = {
        "credit": credit,
        "window": window,
        "by": by,
        "per": per,
        "confidence": confidence,
    }
    return call("campaign_rates", events, as_of, options)


def campaign_effect(
    events: Events,
    as_of: AsOf = None,
    *,
    window: Length | None = None,
    by: Sequence[str] | None = None,
    per: Literal["customer", "visitor"] | None = None,
    held_out_share: float | None = None,
    costs: Mapping[str, float] | None = None,
    confidence: float | None = None,
) -> Table:
    """What each campaign brought: people who were sent it beside people held out (配信の純増効果).

    Everybody who was sent the message counts, opened or not: whom chance chose is comparable, who
    opens is not. Without held-out people only the mean of those sent is known.

    Args:
        events: Events of the kinds sent, held_out and purchase, with a column of campaigns.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        window: How long after the message an order counts (default "14d"). People whose window is
            not over are left out and counted.
        by: Columns of the messages to break down by: variant, any category of events, weekday,
            hour. Held-out people without a value are compared with each group.
        per: Whose messages and orders belong together. Default: a customer's, if the log has
            customers, else a visitor's.
        held_out_share: The share of people who were to be held out, for `srm_p`. Default: not
            tested.
        costs: The cost of each campaign, major units.
        confidence: Confidence of the intervals (default 0.95).

    Returns:
        The columns of `by`, then campaign, sent, held_out (people), measure (purchase_rate, orders
        or revenue of a person), sent_mean, held_out_mean, difference, difference_low,
        difference_high, ratio, ratio_low, ratio_high, p, extra_total, extra_total_low,
        extra_total_high (the difference times people sent), srm_p, and with `costs` cost and roi.
        The notes count people who were both sent and held out, or in several groups, who are left
        out; people who were sent it again within the window, whose window is that of the first
        message (`sent_again`); and name campaigns where few great orders decide the revenue, with
        the share of the five greatest (`few_people_decide`): their intervals are wider, as a small
        group often has none of these. With `by`, groups that share held-out people are tested
        together for `srm_p`, and a group without its own share of them has none.

    Raises:
        OptionError: An option is unknown or out of range; the log has no campaigns or nothing sent.

    Source:
        Newcombe (1998), *Statistics in Medicine* 17 (rates); Hall (1992), *JRSS B* 54 (skewed
        values).

    Example:
        >>> people = [str(k) for k in range(400)]
        >>> kinds = ["sent"] * 200 + ["held_out"] * 200 + ["purchase"] * 60
        >>> log = {"customer_id": people + people[:40] + people[200:220], "kind": kinds,
        ...        "occurred_at": ["2026-03-01"] * 400 + ["2026-03-03"] * 60,
        ...        "campaign": ["spring"] * 400 + [None] * 60}
        >>> mails = crm.Events(log, visitor_id="customer_id", campaign="campaign")
        >>> effect = crm.campaign_effect(mails, "2026-03-31").to_dict()
        >>> round(effect["difference"][0], 3), effect["extra_total"][0]
        (0.1, 20.0)
    """
    options = {
        "window": window,
        "by": by,
        "per": per,
        "held_out_share": held_out_share,
        "costs": costs,
        "confidence": confidence,
    }
    return call("campaign_effect", events, as_of, options)


def best_time(
    events: Events,
    as_of: AsOf = None,
    *,
    measure: Literal["clicks", "views", "orders"] | None = None,
    window: Length | None = None,
    confidence: float | None = None,
) -> Table:
    """The channel and hour at which each customer answers most, if any (配信最適時間).

    A week has 56 times: seven days of eight times three hours, on the clocks of the log. The rates
    of a customer are drawn towards what is expected of anybody who answers as much, so that one
    click at night is no preference.

    Args:
        events: Events with customers: messages (sent, clicked), or views or purchases.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        measure: What counts as an answer: "clicks" per message, weeks with "views" or "orders".
            Default: clicks if the log has messages and clicks, else views, else orders.
        window: How long after a message a click counts (default "2d").
        confidence: Confidence of the intervals (default 0.95).

    Returns:
        One row per customer: customer_id, observed (messages or weeks), preference (whether the
        lower end of the customer's best rate is above the rate at the shop's own best time; if not,
        the row has the shop's time: no preference is shown), channel (of messages), weekday,
        hour_from (the first of three hours), answer_rate, answer_rate_low, answer_rate_high,
        shop_time_rate (the customer's rate at the shop's time). The notes have the measure and the
        number of preferences.

    Raises:
        OptionError: Events without customers; an option is unknown or out of range.

    Source:
        Casella (1985), *An introduction to empirical Bayes data analysis*, The American
        Statistician 39.

    Example:
        >>> log = {"customer_id": ["a", "b", "a"], "kind": ["sent", "sent", "clicked"],
        ...        "occurred_at": ["2026-03-02T09:00", "2026-03-02T09:00", "2026-03-02T09:30"]}
        >>> mails = crm.Events(log, visitor_id="customer_id", customer_id="customer_id")
        >>> best = crm.best_time(mails).to_dict()
        >>> best["preference"], best["weekday"], best["hour_from"]
        ([False, False], ['mon', 'mon'], [9, 9])
    """
    options = {"measure": measure, "window": window, "confidence": confidence}
    return call("best_time", events, as_of, options)


def before_after(
    data: Any,
    as_of: AsOf = None,
    *,
    change: Date | None = None,
    measure: Literal["orders", "revenue", "conversion_rate"] | None = None,
    weeks: int | None = None,
    control: Where | None = None,
    confidence: float | None = None,
    **scope: Unpack[DayScope],
) -> Table:
    """Orders, revenue or conversion rate before and after a change (施策の前後比較).

    Both sides are whole weeks next to the change, so that each weekday counts equally. Nobody was
    chosen by chance: what else happened at that time is in the difference, less what a control
    shows, too. Where people can be held out, `campaign_effect` and `experiment` say more.

    Args:
        data: Orders or events.
        as_of: The date up to which data count, included; a list gives a first column `as_of`.
            Default: the last order or event.
        change: The first day of the change, which must be given.
        measure: "orders" (default) or "revenue" per day; of events also "conversion_rate", the
            share of each day's visitors who buy.
        weeks: Weeks on each side, at most (default 8); fewer, if the data have fewer.
        control: The part of the data that the change did not touch: conditions on columns, as in
            `where`. The measure is then of the rest.
        confidence: Confidence of the interval (default 0.95).
        **scope: Keys of the scope: where, by, and of orders policy, basis, refunds; see
            `DayScope`.

    Returns:
        One row: measure, before, after, with `control` control_before and control_after,
        difference (after − before, less that of the control), difference_low, difference_high,
        placebo_share (of earlier dates, those with a difference as great), placebos (earlier
        dates), weeks_before, weeks_after. The interval allows for weeks that are like those before
        them; it is null where fewer than 12 weeks are known (`too_few_weeks` in the notes), and
        more weeks before the change than `weeks` make it surer.

    Raises:
        DataError: Fewer than two whole weeks on a side.
        OptionError: An option is missing, unknown or out of range.

    Source:
        Card, Krueger (1994), *American Economic Review* 84 (difference in differences).

    Example:
        >>> table = crm.before_after(orders, change="2025-10-01", measure="revenue", weeks=4)
        >>> table["weeks_before"].tolist(), table["weeks_after"].tolist()
        ([4], [4])
    """
    options = {
        "change": change,
        "measure": measure,
        "weeks": weeks,
        "control": control,
        "confidence": confidence,
    }
    return call("before_after", data, as_of, {**options, **scope})
