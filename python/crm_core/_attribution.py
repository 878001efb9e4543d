"""Which channel earned the sale: attribution of conversions to the touches of their paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, Unpack

from . import _native
from ._events import Events
from ._input import source
from ._library import call, chosen, names_of
from ._table import Table

if TYPE_CHECKING:
    from ._types import AsOf, Length, PageScope

_COLUMNS = ("path", "conversions", "nulls", "revenue")


def attribution(
    events: Any,
    as_of: AsOf = None,
    *,
    models: Sequence[
        Literal[
            "last",
            "first",
            "last_non_direct",
            "linear",
            "position",
            "time_decay",
            "markov",
            "shapley",
        ]
    ]
    | None = None,
    order: int | None = None,
    markov_share: Literal["total", "path"] | None = None,
    direct: Sequence[str] | None = None,
    distinct: bool | None = None,
    half_life: Length | None = None,
    step: bool | None = None,
    bootstrap: int | None = None,
    seed: int | None = None,
    confidence: float | None = None,
    of: Literal["channel", "campaign", "referrer"] | None = None,
    lookback: Length | None = None,
    open: Literal["apart", "null"] | None = None,
    per: Literal["visitor", "customer"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """Conversions and revenue that each channel has earned (アトリビューション分析).

    A touch is a session. The path of a purchase has the touches within `lookback` before it, and
    the next path begins after it. Each model divides each conversion among its path; the credits of
    a model add up to the conversions. No model shows what would have happened without a channel.

    Args:
        events: The events; or a frame of paths with the columns `path` ("a > b > c", or a list),
            `conversions`, and optionally `nulls` (paths of this kind without a conversion) and
            `revenue` (0 where `conversions` is 0). In texts a name with ">" is in quotation marks.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        models: "markov" (default, by removal effects), "shapley", "last", "first",
            "last_non_direct", "linear", "position" (40 % first, 40 % last) or "time_decay".
        order: How many touches a state of the Markov chain remembers, 1 (default) to 4.
        markov_share: Whether the Markov chain's conversions are divided all together ("total",
            default) or each within its own path ("path").
        direct: The channels that are direct, in upper or lower case (default direct, (direct),
            (none)).
        distinct: Whether "linear" counts each channel of a path once. Default: no.
        half_life: The half-life of "time_decay" (default "7d").
        step: Whether "time_decay" counts whole half-lives. Default: no.
        bootstrap: Resamples of persons for the intervals, 100 or more (default 0: none).
        seed: Seed of the resamples (default 0).
        confidence: Confidence of the intervals (default 0.95).
        of: What a touch is named by.
        lookback: How long before the purchase a touch counts (default "30d").
        open: Whether paths that are still running are left out and counted ("apart", default) or
            are without a conversion ("null").
        per: Whose touches make a path.
        timeout: Inactivity after which the next event opens a new session (default "30min").
        **scope: Keys of the scope, of events: where, by; see `PageScope`.

    Returns:
        One row per channel and model: channel, model, conversions, revenue (with amounts), share,
        and with `bootstrap` conversions_low, conversions_high. The notes count open paths.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range, or the log has no purchases or channels.

    Source:
        Anderl and others (2016), *International Journal of Research in Marketing* 33; Zhao and
        others (2018), arXiv 1804.05327.

    Example:
        >>> paths = {"path": ["G", "M", "G > M"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}
        >>> [round(c, 9) for c in crm.attribution(paths)["conversions"].tolist()]
        [2.4, 1.6]
    """
    options = {
        "models": models,
        "order": order,
        "markov_share": markov_share,
        "direct": direct,
        "distinct": distinct,
        "half_life": half_life,
        "step": step,
        "bootstrap": bootstrap,
        "seed": seed,
        "confidence": confidence,
        "of": of,
        "lookback": lookback,
        "open": open,
        "per": per,
        "timeout": timeout,
    }
    return call("attribution", _paths(events), as_of, {**options, **scope})


def attribution_channels(
    events: Any,
    as_of: AsOf = None,
    *,
    order: int | None = None,
    of: Literal["channel", "campaign", "referrer"] | None = None,
    lookback: Length | None = None,
    open: Literal["apart", "null"] | None = None,
    per: Literal["visitor", "customer"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """Touches, paths and removal effect of each channel (チャネル別接点).

    Args:
        events: The events, or a frame of paths, as for `attribution`.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        order, of, lookback, open, per, timeout: As for `attribution`.
        **scope: Keys of the scope, of events: where, by; see `PageScope`.

    Returns:
        One row per channel: channel, touches, paths (with the channel), first_touches,
        middle_touches, last_touches, removal_effect.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range, or the log has no purchases or channels.

    Example:
        >>> paths = {"path": ["G", "M", "G > M"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}
        >>> [round(e, 9) for e in crm.attribution_channels(paths)["removal_effect"].tolist()]
        [0.75, 0.5]
    """
    options = {
        "order": order,
        "of": of,
        "lookback": lookback,
        "open": open,
        "per": per,
        "timeout": timeout,
    }
    return call("attribution_channels", _paths(events), as_of, {**options, **scope})


def attribution_paths(
    events: Any,
    as_of: AsOf = None,
    *,
    limit: int | None = None,
    confidence: float | None = None,
    of: Literal["channel", "campaign", "referrer"] | None = None,
    lookback: Length | None = None,
    open: Literal["apart", "null"] | None = None,
    per: Literal["visitor", "customer"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """The most frequent paths of channels, and how many end in a conversion (コンバージョン経路).

    Args:
        events: The events, or a frame of paths, as for `attribution`.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        limit: Paths to list (default 20).
        confidence: Confidence of the intervals (default 0.95).
        of, lookback, open, per, timeout: As for `attribution`.
        **scope: Keys of the scope, of events: where, by; see `PageScope`.

    Returns:
        One row per path: path, paths, conversions, revenue (with amounts), conversion_rate,
        conversion_rate_low, conversion_rate_high, of events median_days.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range, or the log has no purchases or channels.

    Example:
        >>> paths = {"path": ["G", "M", "G > M"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}
        >>> crm.attribution_paths(paths, limit=1).to_dict()["path"]
        ['G']
    """
    options = {
        "limit": limit,
        "confidence": confidence,
        "of": of,
        "lookback": lookback,
        "open": open,
        "per": per,
        "timeout": timeout,
    }
    return call("attribution_paths", _paths(events), as_of, {**options, **scope})


def attribution_transitions(
    events: Any,
    as_of: AsOf = None,
    *,
    order: int | None = None,
    of: Literal["channel", "campaign", "referrer"] | None = None,
    lookback: Length | None = None,
    open: Literal["apart", "null"] | None = None,
    per: Literal["visitor", "customer"] | None = None,
    timeout: Length | None = None,
    **scope: Unpack[PageScope],
) -> Table:
    """Steps of the Markov chain between channels (チャネル遷移), to compute its effects by hand.

    Args:
        events: The events, or a frame of paths, as for `attribution`.
        as_of: A date (the end of that day) or a datetime (an instant) up to which events count,
            included; a list gives a first column `as_of`. Default: the last event.
        order, of, lookback, open, per, timeout: As for `attribution`.
        **scope: Keys of the scope, of events: where, by; see `PageScope`.

    Returns:
        One row per step: source, target, count, probability. "(start)", "(conversion)" and
        "(null)" are states.

    Raises:
        SchemaError: A column is missing or has a wrong type.
        OptionError: An option is unknown or out of range, or the log has no purchases or channels.

    Example:
        >>> paths = {"path": ["G", "M", "G > M"], "conversions": [2, 1, 1], "nulls": [1, 0, 0]}
        >>> steps = crm.attribution_transitions(paths).to_dict()
        >>> list(zip(steps["source"], steps["target"], steps["count"]))[:2]
        [('(start)', 'G', 4), ('(start)', 'M', 1)]
    """
    options = {
        "order": order,
        "of": of,
        "lookback": lookback,
        "open": open,
        "per": per,
        "timeout": timeout,
    }
    return call("attribution_transitions", _paths(events), as_of, {**options, **scope})


def _quoted(name: Any) -> str:
    """A channel as a part of a path; one that could be read as several is in quotation marks."""
    text = "" if name is None else str(name)
    odd = ">" in text or '"' in text or text != text.strip()
    return '"' + text.replace('"', '""') + '"' if odd else text


def _paths(data: Any) -> Any:
    """Events as they are; of a frame, the columns of paths, with lists joined to texts."""
    if isinstance(data, Events):
        return data
    names = names_of(data)
    if "path" not in names:
        _native.missing_column("path", names)
    if isinstance(data, Table):
        return chosen(data, _COLUMNS)
    paths = list(data["path"])
    if not any(isinstance(path, Iterable) and not isinstance(path, str | bytes) for path in paths):
        return chosen(data, _COLUMNS)
    _native.no_misnomer(names, list(_COLUMNS))
    columns = {name: data[name] for name in _COLUMNS if name in names}
    joined = [path if isinstance(path, str) else " > ".join(map(_quoted, path)) for path in paths]
    columns = {**columns, "path": joined}
    return Table(_native.Table.from_columns(source(columns, list(columns)), list(columns)))
