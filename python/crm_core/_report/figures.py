"""The page's figures, as inline SVG.

Drawn here rather than by a plotting library: the colours are the page's CSS variables, so that a
figure follows light, dark and print; text is text; and the same numbers give the same bytes. Each
figure has a title and a description for those who hear it, and each bar a tooltip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

_WIDTH, _HEIGHT = 860, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 8, 10, 26


@dataclass(frozen=True)
class Series:
    """One colour of a stack: its CSS class, its name, a value per bar; downwards if `below`."""

    css: str
    name: str
    values: Sequence[float]
    below: bool = False


def stacked_bars(
    ident: str,
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    shown: Callable[[float], str],
    axis: Callable[[float], str],
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
    """
    above = [
        math.fsum(max(one.values[at], 0) for one in series if not one.below)
        for at in range(len(labels))
    ]
    below = [
        math.fsum(max(one.values[at], 0) for one in series if one.below)
        for at in range(len(labels))
    ]
    step = _nice(
        max([*above, *below, 1e-9]) / 4
        if max(below, default=0) == 0
        else (max(above, default=0) + max(below)) / 5
    )
    top = step * math.ceil(max([*above, step]) / step - 1e-9)
    bottom = step * math.ceil(max(below, default=0) / step - 1e-9)
    plot = _HEIGHT - _TOP - _BOTTOM
    scale = plot / (top + bottom)
    zero = _TOP + top * scale
    slot = (_WIDTH - _LEFT - _RIGHT) / max(len(labels), 1)
    wide = min(slot * 0.78, 44)

    parts = [_head(ident, title, description, _WIDTH, _HEIGHT)]
    for tick in range(-round(bottom / step), round(top / step) + 1):
        y = zero - tick * step * scale
        parts.append(
            f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(
            f'<text class="tick end" x="{_LEFT - 6}" '
            f'y="{y + 4:.1f}">{escape(axis(abs(tick) * step))}</text>'
        )
    every = max(1, math.ceil(len(labels) / 13))
    for at, label in enumerate(labels):
        x = _LEFT + slot * at + (slot - wide) / 2
        up, down = zero, zero
        for one in series:
            height = max(one.values[at], 0) * scale
            if height <= 0:
                continue
            y = down if one.below else up - height
            parts.append(
                f'<rect class="{one.css}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" '
                f'height="{height:.2f}">'
                f"<title>{escape(label)} · {escape(one.name)}: "
                f"{escape(shown(one.values[at]))}</title></rect>"
            )
            if one.below:
                down += height
            else:
                up -= height
        if at % every == 0:
            parts.append(
                f'<text class="tick mid" x="{x + wide / 2:.1f}" '
                f'y="{_HEIGHT - 8}">{escape(label)}</text>'
            )
    parts.append(
        f'<line class="zero" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{zero:.1f}" '
        f'y2="{zero:.1f}"/></svg>'
    )
    return Markup("".join(parts))  # every piece of text above is escaped


def lorenz(
    ident: str,
    title: str,
    description: str,
    x_name: str,
    y_name: str,
    points: Sequence[tuple[float, float]],
) -> Markup:
    """The Lorenz curve, beside the diagonal of equality; `points` from (0, 0) to (1, 1)."""
    size, left, top = 340, 52, 10
    shown = _thinned(points, 400)

    def at(point: tuple[float, float]) -> str:
        return f"{left + point[0] * size:.2f},{top + (1 - point[1]) * size:.2f}"

    parts = [_head(ident, title, description, left + size + 16, top + size + 44)]
    for tick in range(5):
        share = tick / 4
        x, y = left + share * size, top + (1 - share) * size
        parts.append(
            f'<line class="grid" x1="{left}" x2="{left + size}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
        parts.append(f'<text class="tick end" x="{left - 6}" y="{y + 4:.1f}">{share:.0%}</text>')
        parts.append(f'<text class="tick mid" x="{x:.1f}" y="{top + size + 18}">{share:.0%}</text>')
    curve = " ".join(at(point) for point in shown)
    parts.append(f'<polygon class="lorenz-area" points="{curve} {at((1, 1))} {at((0, 0))}"/>')
    parts.append(
        f'<line class="equal" x1="{left}" y1="{top + size}" x2="{left + size}" y2="{top}"/>'
    )
    parts.append(f'<polyline class="lorenz-line" points="{curve}"/>')
    parts.append(
        f'<text class="tick mid" x="{left + size / 2}" '
        f'y="{top + size + 38}">{escape(x_name)}</text>'
    )
    parts.append(
        f'<text class="tick mid" transform="translate(12 {top + size / 2}) '
        f'rotate(-90)">{escape(y_name)}</text></svg>'
    )
    return Markup("".join(parts))  # every piece of text above is escaped


def _head(ident: str, title: str, description: str, width: float, height: float) -> str:
    return (
        f'<svg role="img" aria-labelledby="{ident}-t {ident}-d" viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
        f'<title id="{ident}-t">{escape(title)}</title><desc '
        f'id="{ident}-d">{escape(description)}</desc>'
    )


def _nice(step: float) -> float:
    """The next of 1, 2, 5 × 10^k."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= step * (1 - 1e-9))


def _thinned(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Evenly chosen points, the ends included: a million look like 400."""
    if len(points) <= most:
        return list(points)
    return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]
