"""Bands between two columns of nodes, whose widths are counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._canvas import Array, Picture

_NODE = 0.03  # The width of a node; the picture is 1 wide.
_BLANK = 0.015  # The space between two nodes; the picture is 1 high.
_LINE = 0.03  # The least space between the middles of two names.


def alluvial(
    p: Picture,
    *,
    sources: Sequence[str],
    targets: Sequence[str],
    sizes: Array,
    names: tuple[Mapping[str, str], Mapping[str, str]],
    colours: Sequence[str],
    legend: Sequence[tuple[str, str]] = (),
) -> None:
    """Nodes to the left and to the right, in the order of `names`, and a band for each flow.

    Each band has the group id ``source>target``; its ends are as high as its share of all.
    """
    total = float(sizes.sum()) or 1.0
    sides = [
        _side([str(one) for one in found], sizes / total, [one for one in order if one in found])
        for found, order in zip((sources, targets), names, strict=True)
    ]
    taken = [{node: top for node, (top, _) in side.items()} for side in sides]
    flows = sorted(
        range(len(sizes)),
        key=lambda at: (list(sides[0]).index(sources[at]), list(sides[1]).index(targets[at])),
    )
    for at in flows:
        height = float(sizes[at]) / total
        left, right = taken[0][sources[at]], taken[1][targets[at]]
        taken[0][sources[at]] -= height
        taken[1][targets[at]] -= height
        if height > 0:
            band = _band(left, right, height, colours[at])
            band.set_gid(f"{sources[at]}>{targets[at]}")
            p.ax.add_patch(band)
    _nodes(p, sides, names, total)
    _legend(p, legend)
    p.ax.set_xlim(-0.02, 1.02)
    p.ax.set_ylim(min(bottom for side in sides for _, bottom in side.values()) - 0.01, 1.01)
    p.ax.set_axis_off()


def _side(found: list[str], shares: Array, order: list[str]) -> dict[str, tuple[float, float]]:
    """The top and the bottom of each node, from above."""
    nodes, top = {}, 1.0
    for node in order:
        height = sum(float(share) for one, share in zip(found, shares, strict=True) if one == node)
        nodes[node] = (top, top - height)
        top -= height + _BLANK
    return nodes


def _band(left: float, right: float, height: float, colour: str) -> Any:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    begin, end, middle = _NODE, 1 - _NODE, 0.5
    corners = [
        (begin, left), (middle, left), (middle, right), (end, right),
        (end, right - height), (middle, right - height), (middle, left - height),
        (begin, left - height), (begin, left),
    ]  # fmt: skip
    curve, line = Path.CURVE4, Path.LINETO
    codes = [Path.MOVETO, curve, curve, curve, line, curve, curve, curve, Path.CLOSEPOLY]
    return PathPatch(Path(corners, codes), facecolor=colour, alpha=0.6, lw=0)


def _nodes(
    p: Picture,
    sides: Sequence[Mapping[str, tuple[float, float]]],
    names: tuple[Mapping[str, str], Mapping[str, str]],
    total: float,
) -> None:
    from matplotlib.patches import Rectangle

    for side, (nodes, words) in enumerate(zip(sides, names, strict=True)):
        x = 0.0 if side == 0 else 1 - _NODE
        heights = _apart([(top + bottom) / 2 for top, bottom in nodes.values()])
        for (node, (top, bottom)), height in zip(nodes.items(), heights, strict=True):
            p.ax.add_patch(Rectangle((x, bottom), _NODE, top - bottom, color="#404040", lw=0))
            p.ax.text(
                -0.01 if side == 0 else 1.01,
                height,
                f"{words[node]}  {(top - bottom) * total:,.0f}",
                ha="right" if side == 0 else "left",
                va="center",
                fontsize=8,
            )


def _apart(middles: Sequence[float]) -> list[float]:
    """Heights of names, from above: near their nodes, and not over each other.

    Names that touch form a block around the mean of their nodes; blocks that touch become one.
    """
    blocks: list[list[float]] = []

    def top(block: list[float]) -> float:
        return sum(block) / len(block) + (len(block) - 1) * _LINE / 2

    for middle in middles:
        blocks.append([middle])
        while len(blocks) > 1:
            above, below = blocks[-2:]
            if top(above) - len(above) * _LINE >= top(below) - 1e-9:
                break
            blocks[-2:] = [above + below]
    return [top(block) - at * _LINE for block in blocks for at in range(len(block))]


def _legend(p: Picture, legend: Sequence[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    if legend:
        handles = [Patch(color=colour, alpha=0.6, lw=0, label=name) for name, colour in legend]
        p.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=4)
