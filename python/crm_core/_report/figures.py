"""The page's figures, as inline SVG.

Drawn here rather than by a plotting library: the colours are the page's CSS variables, so that a
figure follows light, dark and print; text is text; and the same numbers give the same bytes. Each
figure has a title and a description for screen readers, and each bar a tooltip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 860, 300
_NARROW = 366  # a telephone of 390 pixels: one unit is a pixel, and text keeps its size
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 8, 10, 26


def line(label: str, values: Sequence[float]) -> Markup | None:
    """A small line of some values without an axis; the last value has a dot."""
    if len(values) < 2:
        return None
    least, most = min(values), max(values)
    apart = 108 / (len(values) - 1)
    points = [
        (at * apart + 1, 25 - 22 * (value - least) / (most - least) if most > least else 14)
        for at, value in enumerate(values)
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    x, y = points[-1]
    return Markup(
        f'<svg class="line" role="img" aria-label="{escape(label)}" viewBox="0 0 112 28" '
        f'xmlns="http://www.w3.org/2000/svg"><polyline points="{path}"/>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


@dataclass(frozen=True)
class Series:
    """One colour of a stack: its CSS class, its name, a value per bar; downwards if `below`."""

    css: str
    name: str
    values: Sequence[float]
    below: bool = False


def dots(label: str, points: Sequence[tuple[str, float, float, float]], most: float) -> Markup:
    """Points with their intervals on a scale from 0 to `most`; (css, value, low, high) each."""
    scale = 236 / max(most, 1e-9)
    parts = [f'<svg class="dots" role="img" aria-label="{escape(label)}" viewBox="0 0 240 22" '
             'xmlns="http://www.w3.org/2000/svg">']  # fmt: skip
    for at, (css, value, low, high) in enumerate(points):
        y = 7 + 8 * at
        parts.append(
            f'<g class="{css}"><path d="M{2 + low * scale:.1f} {y}H{2 + high * scale:.1f}"/>'
            f'<circle cx="{2 + value * scale:.1f}" cy="{y}" r="3.5"/></g>'
        )
    parts.append("</svg>")
    return Markup("".join(parts))


@dataclass(frozen=True)
class Curve:
    """A line: its CSS class, its name, a value per label; None where there is none."""

    css: str
    name: str
    values: Sequence[float | None]


def curves(
    ident: str,
    title: str,
    description: str,
    labels: Sequence[str],
    lines: Sequence[Curve],
    axis: Callable[[float], str],
    narrow: bool = False,
) -> Markup:
    """Lines over common labels, from zero; the last value of each has a dot.

    Args:
        ident: A prefix for ids, unique on the page.
        title: The figure's title, read aloud.
        description: One sentence more.
        labels: One per point.
        lines: The lines, the most important last.
        axis: A value at the axis.
        narrow: For a telephone.
    """
    width, height, ident = (_NARROW, 240, f"{ident}-n") if narrow else (_WIDTH, _HEIGHT, ident)
    known = [value for one in lines for value in one.values if value is not None]
    step = _nice(max([*known, 1e-9]) / 4)
    top = step * math.ceil(max([*known, step]) / step - 1e-9)
    left = 60 if narrow else _LEFT
    scale = (height - _TOP - _BOTTOM) / top
    zero = _TOP + top * scale
    apart = (width - left - 30) / max(len(labels) - 1, 1)
    parts = [_head(ident, title, description, width, height, narrow)]
    for tick in range(round(top / step) + 1):
        y = zero - tick * step * scale
        parts.append(_level(left, width, y, axis(tick * step)))
    every = max(1, math.ceil(len(labels) * (60 if narrow else 66) / (width - left)))
    for at in range(0, len(labels), every):
        parts.append(_below(left + at * apart, height, labels[at]))
    for one in lines:
        points = [
            (left + at * apart, zero - value * scale)
            for at, value in enumerate(one.values)
            if value is not None
        ]
        if points:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            x, y = points[-1]
            parts.append(
                f'<g class="curve {one.css}"><polyline points="{path}"/>'
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5"/></g>'
            )
    parts.append("</svg>")
    return Markup("".join(parts))  # every piece of text above is escaped


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, and its name."""

    name: str
    value: float
    low: float
    high: float


def forest(
    ident: str,
    title: str,
    description: str,
    estimates: Sequence[Estimate],
    axis: Callable[[float], str],
    narrow: bool = False,
) -> Markup:
    """Estimates with their intervals, one below the other, and a line at zero.

    Args:
        ident: A prefix for ids, unique on the page.
        title: The figure's title, read aloud.
        description: One sentence more.
        estimates: From the top.
        axis: A value at the axis.
        narrow: For a telephone.
    """
    width, left, ident = (_NARROW, 110, f"{ident}-n") if narrow else (_WIDTH, 220, ident)
    row = 26
    height = _TOP + row * len(estimates) + _BOTTOM
    least = min([0.0, *(one.low for one in estimates)])
    most = max([0.0, *(one.high for one in estimates)])
    step = _nice(max(most - least, 1e-9) / (3 if narrow else 6))
    first, last = math.floor(least / step), math.ceil(most / step)
    scale = (width - left - 56) / (max(last - first, 1) * step)

    def at(value: float) -> float:
        return left + 20 + (value - first * step) * scale

    bottom = height - _BOTTOM
    parts = [_head(ident, title, description, width, height, narrow)]
    for tick in range(first, last + 1):
        x, css = at(tick * step), "zero" if tick == 0 else "grid"
        parts.append(f'<line class="{css}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}"/>')
        parts.append(_below(x, height, axis(tick * step)))
    for place, one in enumerate(estimates):
        y = _TOP + row * (place + 0.5)
        name = shortened(one.name, 14 if narrow else 30)
        said = f"{one.name}: {axis(one.value)} ({axis(one.low)}, {axis(one.high)})"
        parts.append(
            f'<text class="tick end" x="{left}" y="{y + 4:.1f}">{escape(name)}</text>'
            f'<g class="estimate"><title>{escape(said)}</title>'
            f'<line x1="{at(one.low):.1f}" x2="{at(one.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<circle cx="{at(one.value):.1f}" cy="{y:.1f}" r="4"/></g>'
        )
    parts.append("</svg>")
    return Markup("".join(parts))


def stacked_bars(
    ident: str,
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    shown: Callable[[float], str],
    axis: Callable[[float], str],
    intervals: Sequence[tuple[float, float] | None] = (),
    outline: Sequence[float | None] = (),
    narrow: bool = False,
) -> Markup:
    """Bars, stacked up and down from zero.

    Args:
        ident: A prefix for ids, unique on the page.
        title: The figure's title, read aloud.
        description: One sentence more.
        labels: One per bar.
        series: From the zero line outwards.
        shown: A value in a tooltip.
        axis: A value at the axis.
        intervals: Where the top of each bar may lie, None for a bar without; empty for none.
        outline: A number beside each bar, drawn as a line across it, such as last year's.
        narrow: For a telephone: only the last twelve bars.
    """
    width, height, left = _WIDTH, _HEIGHT, _LEFT
    if narrow:
        width, height, left, ident = _NARROW, 260, 60, f"{ident}-n"
        labels, intervals, outline = labels[-12:], intervals[-12:], outline[-12:]
        series = [Series(one.css, one.name, one.values[-12:], one.below) for one in series]
    above, below = (
        [
            math.fsum(max(one.values[at], 0) for one in series if one.below == down)
            for at in range(len(labels))
        ]
        for down in (False, True)
    )
    tops = [*above, *(one[1] for one in intervals if one is not None)]
    tops += [one for one in outline if one is not None]
    step = _nice(
        max([*tops, *below, 1e-9]) / 4
        if max(below, default=0) == 0
        else (max(tops, default=0) + max(below)) / 5
    )
    top = step * math.ceil(max([*tops, step]) / step - 1e-9)
    bottom = step * math.ceil(max(below, default=0) / step - 1e-9)
    plot = height - _TOP - _BOTTOM
    scale = plot / (top + bottom)
    zero = _TOP + top * scale
    slot = (width - left - _RIGHT) / max(len(labels), 1)
    wide = min(slot * 0.78, 44)

    parts = [_head(ident, title, description, width, height, narrow)]
    for tick in range(-round(bottom / step), round(top / step) + 1):
        y = zero - tick * step * scale
        parts.append(_level(left, width, y, axis(abs(tick) * step)))
    every = max(1, math.ceil(len(labels) / (5 if narrow else 13)))
    last = len(labels) - 1  # the last bar has its label, and those before it by the same step
    for at, label in enumerate(labels):
        x = left + slot * at + (slot - wide) / 2
        up, down = zero, zero
        for one in series:
            tall = max(one.values[at], 0) * scale
            if tall <= 0:
                continue
            y = down if one.below else up - tall
            said = f"{label} · {one.name}: {shown(one.values[at])}"
            parts.append(
                f'<rect class="{one.css}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                f'height="{tall:.2f}"><title>{escape(said)}</title></rect>'
            )
            if one.below:
                down += tall
            else:
                up -= tall
        if (beside := outline[at] if outline else None) is not None:
            y = zero - beside * scale
            parts.append(f'<path class="outline" d="M{x - 2:.1f} {y:.1f}h{wide + 4:.1f}"/>')
        if (interval := intervals[at] if intervals else None) is not None:
            low, high = (zero - one * scale for one in interval)
            said = f"{label}: {' – '.join(shown(one) for one in interval)}"
            parts.append(_whisker(x + wide / 2, low, high, said))
        if (last - at) % every == 0:
            parts.append(_below(min(max(x + wide / 2, left), width - 24), height, label))
    parts.append(
        f'<line class="zero" x1="{left}" x2="{width - _RIGHT}" y1="{zero:.1f}" '
        f'y2="{zero:.1f}"/></svg>'
    )
    return Markup("".join(parts))  # every piece of text above is escaped


def sankey(
    ident: str,
    title: str,
    description: str,
    steps: Sequence[Mapping[tuple[str, str], int]],
    order: Sequence[str],
    colours: Mapping[str, str],
    names: Mapping[str, str],
    narrow: bool = False,
) -> Markup:
    """Flows between the places of a session, from left to right.

    Args:
        ident: A prefix for ids, unique on the page.
        title: The figure's title, read aloud.
        description: One sentence more.
        steps: For each place how many came from which station to which; the first from the start.
        order: The stations from top to bottom.
        colours: The CSS class of each.
        names: What each is called.
        narrow: For a telephone.
    """
    width, node, gap, top = _NARROW if narrow else _WIDTH, 14, 10, 22
    ident = f"{ident}-n" if narrow else ident
    here = [dict.fromkeys(order, 0) for _ in steps]
    for at, flows in enumerate(steps):
        for (_, target), count in flows.items():
            here[at][target] += count
    total = max([sum(counts.values()) for counts in here], default=0) or 1
    scale = 300 / total
    apart = (width - 120 - node) / max(len(steps) - 1, 1)
    tops: list[dict[str, float]] = []
    height = float(top)
    for counts in here:
        y, of = float(top), {}
        for name in order:
            of[name] = y
            y += counts[name] * scale + (gap if counts[name] else 0)
        tops.append(of)
        height = max(height, y)
    parts = [_head(ident, title, description, width, height, narrow)]
    for at in range(1, len(steps)):
        out, into = dict(tops[at - 1]), dict(tops[at])
        for source in order:
            for target in order:
                count = steps[at].get((source, target), 0)
                thick = count * scale
                if not count:
                    continue
                x, end = (at - 1) * apart + node, at * apart
                middle, a, b = (x + end) / 2, out[source], into[target]
                out[source] += thick
                into[target] += thick
                if thick < 0.4:
                    continue
                parts.append(
                    f'<path class="flow {colours[source]}" d="M{x:.1f} {a:.1f}'
                    f"C{middle:.1f} {a:.1f} {middle:.1f} {b:.1f} {end:.1f} {b:.1f}"
                    f"V{b + thick:.1f}C{middle:.1f} {b + thick:.1f} {middle:.1f} {a + thick:.1f} "
                    f'{x:.1f} {a + thick:.1f}Z"><title>{escape(names[source])} → '
                    f"{escape(names[target])}: {count:,}</title></path>"
                )
    for at, counts in enumerate(here):
        x = at * apart
        parts.append(f'<text class="tick" x="{x:.1f}" y="12">{at + 1}</text>')
        for name in order:
            tall = counts[name] * scale
            if not counts[name]:
                continue
            y = tops[at][name]
            parts.append(
                f'<rect class="{colours[name]}" x="{x:.1f}" y="{y:.1f}" width="{node}" '
                f'height="{max(tall, 0.6):.1f}"><title>{escape(names[name])}: '
                f"{counts[name]:,}</title></rect>"
            )
            if tall >= 11:
                parts.append(
                    f'<text class="said" x="{x + node + 5:.1f}" y="{y + tall / 2 + 4:.1f}">'
                    f"{escape(shortened(names[name], 9 if narrow else 17))} {counts[name]:,}</text>"
                )
    parts.append("</svg>")
    return Markup("".join(parts))  # every piece of text above is escaped


def shortened(name: str, most: int) -> str:
    """A long name without its middle, because both ends of an address are informative."""
    if len(name) <= most:
        return name
    head = most // 2
    return f"{name[:head]}…{name[len(name) - (most - head - 1) :]}"


def _head(
    ident: str, title: str, description: str, width: float, height: float, narrow: bool = False
) -> str:
    return (
        f'<svg class="{"narrow" if narrow else "wide"}" role="img" aria-labelledby="{ident}-t '
        f'{ident}-d" viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{ident}-t">{escape(title)}</title><desc '
        f'id="{ident}-d">{escape(description)}</desc>'
    )


def _level(left: float, width: float, y: float, said: str) -> str:
    """A line across the picture, and its number at the axis."""
    return (
        f'<line class="grid" x1="{left}" x2="{width - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text class="tick end" x="{left - 6}" y="{y + 4:.1f}">{escape(said)}</text>'
    )


def _below(x: float, height: float, said: str) -> str:
    """A label below the picture."""
    return f'<text class="tick mid" x="{x:.1f}" y="{height - 8}">{escape(said)}</text>'


def _whisker(x: float, low: float, high: float, said: str) -> str:
    """The interval of a bar."""
    return (
        f'<path class="whisker" d="M{x:.1f} {high:.1f}V{low:.1f}M{x - 4:.1f} {high:.1f}h8'
        f'M{x - 4:.1f} {low:.1f}h8"><title>{escape(said)}</title></path>'
    )


def _nice(step: float) -> float:
    """The next of 1, 2, 5 × 10^k."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))
