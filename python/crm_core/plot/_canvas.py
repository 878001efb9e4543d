"""What all pictures share: the table they show, the axes, colours, fonts and units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._errors import DataError, OptionError, meant
from .._table import Table

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from .._types import Labels

    Array = np.ndarray[Any, Any]

# Okabe and Ito's palette, which people with any kind of colour vision can tell apart.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, GREY, LIGHT = "#56B4E9", "#D55E00", "#8C8C8C", "#D9D9D9"
COLOURS = (BLUE, ORANGE, GREEN, PINK, SKY, RED, "#000000", GREY)
HEAT = "Blues"
ORDERED = "viridis"
BAND = 0.18
_STEPS = (1, 2, 2.5, 5, 10)

# Families with Japanese letters, the most common first.
_JAPANESE = (
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Source Han Sans JP",
    "Hiragino Sans",
    "Hiragino Kaku Gothic ProN",
    "Yu Gothic",
    "Meiryo",
    "BIZ UDGothic",
    "MS Gothic",
    "IPAexGothic",
    "IPAGothic",
    "TakaoPGothic",
    "VL Gothic",
)


class Picture:
    """A table that is drawn on axes, in one language."""

    def __init__(self, table: Table, ax: Axes, labels: Labels) -> None:
        self.table, self.ax, self.labels = table, ax, labels
        self._cells = table.to_numpy()
        self.about = table.schema
        definition = table.definition
        self.analysis: str = definition["analysis"]
        self.options: dict[str, Any] = definition.get("options", {})
        by = definition.get("scope", {}).get("by") or []
        self.group_columns = [name for name in table.columns if name == "as_of" or name in by]

    def __getitem__(self, name: str) -> Array:
        return self._cells[name]

    def say(self, en: str, ja: str) -> str:
        """The text in the language of the picture."""
        return ja if self.labels == "ja" else en

    def words(self, name: str) -> list[str]:
        """A column as texts: words of a category by their labels, dates as 2026-11-21."""
        at = self.table.columns.index(name)
        labels = {code: both[self.labels] for code, both in self.table.words(name).items()}
        cells = self.table._list(at, "en", "float")
        return [labels.get(str(cell), "–" if cell is None else str(cell)) for cell in cells]

    def term(self, name: str) -> dict[str, str]:
        """The labels of all words of a category, in the order of the library."""
        return {code: both[self.labels] for code, both in self.table.words(name).items()}

    def groups(self) -> list[tuple[str, Array]]:
        """The rows of each group of `by` and `as_of`: a name, and where the rows are."""
        import numpy as np

        if not self.group_columns:
            return [("", np.ones(len(self.table), bool))]
        texts = [self.words(name) for name in self.group_columns]
        names = [" · ".join(row) for row in zip(*texts, strict=True)]
        array = np.array(names, dtype=object)
        return [(name, array == name) for name in dict.fromkeys(names)]

    def one_group(self) -> None:
        """Refuses a table of several groups, where the picture has room for one."""
        groups = self.groups()
        if len(groups) > 1:
            names = ", ".join(f"`{name}`" for name in self.group_columns)
            raise OptionError(
                f"this picture shows one group, and the table has {len(groups)} of {names}",
                hint="choose the rows of one group with table.filter",
            )

    # ---- what surrounds the picture -------------------------------------------------------------

    def title(self, en: str, ja: str) -> None:
        """The title, set to the left."""
        self.ax.set_title(self.say(en, ja), loc="left", fontsize=11)

    def x(self, en: str, ja: str) -> None:
        """The label of the horizontal axis."""
        self.ax.set_xlabel(self.say(en, ja))

    def y(self, en: str, ja: str) -> None:
        """The label of the vertical axis."""
        self.ax.set_ylabel(self.say(en, ja))

    def percent(self, axis: Axis) -> None:
        """Shares in percent."""
        from matplotlib.ticker import PercentFormatter

        axis.set_major_formatter(PercentFormatter(1.0, decimals=None))

    def counts(self, axis: Axis) -> None:
        """Whole numbers with separators."""
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        axis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=_STEPS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))

    def unit_of_money(self, name: str, most: float) -> tuple[float, str]:
        """What one step of the axis is worth, and how the unit is called."""
        currency = self.about[name].get("currency", "") or self.currency()
        steps: tuple[tuple[float, str], ...]
        if self.labels == "ja":
            unit = "円" if currency == "JPY" else currency
            steps = ((1e8, f"億{unit}"), (1e4, f"万{unit}"))
        else:
            unit = currency
            steps = ((1e9, f"billion {unit}"), (1e6, f"million {unit}"), (1e3, f"thousand {unit}"))
        for size, word in steps:
            if most >= 2 * size:
                return size, word
        return 1.0, unit

    def currency(self) -> str:
        """The currency of the orders."""
        scope = self.table.definition.get("scope", {})
        return str(scope.get("currency") or "")

    def money(self, axis: Axis, name: str, most: float, en: str, ja: str) -> None:
        """Ticks and label of an axis of money: the data stay in major units."""
        from matplotlib.ticker import FuncFormatter, MaxNLocator

        size, unit = self.unit_of_money(name, most)
        axis.set_major_locator(MaxNLocator(nbins=6, steps=_STEPS))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / size:,.6g}"))
        text = self.say(en, ja)
        axis.set_label_text(f"{text} ({unit})" if unit else text)

    def legend(self, title: str | None = None, **where: Any) -> None:
        """A legend without a frame."""
        self.ax.legend(frameon=False, fontsize=9, title=title, title_fontsize=9, **where)

    def legend_beside(self, title: str | None = None, reverse: bool = False) -> None:
        """A legend to the right of the axes."""
        self.legend(title, loc="upper left", bbox_to_anchor=(1.0, 1.0), reverse=reverse)

    def named_groups(self) -> str:
        """The headings of the columns of groups."""
        return ", ".join(
            self.about[name]["ja"] if self.labels == "ja" else name for name in self.group_columns
        )


@contextmanager
def picture(
    table: Table,
    ax: Axes | None,
    labels: Labels,
    *of: str,
    size: tuple[float, float] = (7.0, 4.2),
) -> Iterator[Picture]:
    """The axes for a table of one of these analyses; texts inside have a font that fits."""
    _check(table, labels, of)
    pyplot = _pyplot()
    from matplotlib import rc_context

    family = [_japanese_font(), "DejaVu Sans"] if labels == "ja" else None
    with rc_context({"font.family": family} if family else {}):
        if ax is None:
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=9)
        if family is not None:
            ax.tick_params(labelfontfamily=family[0])
        yield Picture(table, ax, labels)


def _check(table: Table, labels: str, of: Sequence[str]) -> None:
    if labels not in ("en", "ja"):
        raise OptionError(
            f'option `labels`: expected "en" or "ja", found {str(labels)[:40]}',
            hint=meant(labels, ("en", "ja")),
        )
    wanted = " or ".join(f"`{name}`" for name in of)
    if not isinstance(table, Table):
        raise TypeError(f"table: expected a crm_core.Table of {wanted}, not {type(table).__name__}")
    found = table.definition.get("analysis")
    if found not in of:
        what = f"of `{found}`" if found else "of no analysis"
        raise OptionError(
            f"this picture shows a table of {wanted}, and the table is {what}",
            hint="table.plot() chooses the picture of a table",
        )
    if len(table) == 0:
        raise DataError("the table has no rows to draw")


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "pictures need matplotlib: pip install 'crm-core[plot]', or matplotlib itself"
        ) from error
    return pyplot


def _japanese_font() -> str:
    """The family of an installed font with Japanese letters."""
    from matplotlib import font_manager

    found = _first_installed({font.name for font in font_manager.fontManager.ttflist})
    if found is None and (path := _packaged_font()) is not None:
        font_manager.fontManager.addfont(path)
        found = _first_installed({font.name for font in font_manager.fontManager.ttflist})
    if found is None:
        raise OptionError(
            'option `labels`: "ja" needs a font with Japanese letters, and none was found',
            hint="install one, such as Noto Sans CJK JP, or pip install matplotlib-fontja",
        )
    return found


def _first_installed(installed: set[str]) -> str | None:
    return next((name for name in _JAPANESE if name in installed), None)


def _packaged_font() -> str | None:
    """The font file of the package matplotlib-fontja, which is not imported."""
    import importlib.util
    import pathlib

    package = importlib.util.find_spec("matplotlib_fontja")
    if package is None or package.origin is None:
        return None
    path = pathlib.Path(package.origin).parent / "fonts" / "ipaexg.ttf"
    return str(path) if path.exists() else None


def heat_map(
    p: Picture,
    cells: Array,
    texts: Sequence[Sequence[str]] | None,
    limits: tuple[float, float] | None = None,
) -> Any:
    """Cells by colour with their texts inside; rows go down. Empty cells are NaN."""
    import numpy as np

    low, high = limits or (0.0, float(np.nanmax(cells)) if np.isfinite(cells).any() else 1.0)
    image = p.ax.imshow(cells, cmap=HEAT, vmin=low, vmax=max(high, low + 1e-12), aspect="auto")
    p.ax.spines[:].set_visible(False)
    p.ax.tick_params(length=0)
    for row, column in np.ndindex(cells.shape) if texts is not None else ():
        value = cells[row, column]
        if texts is not None and np.isfinite(value):
            dark = value > low + 0.55 * (high - low)
            p.ax.text(
                column,
                row,
                texts[row][column],
                ha="center",
                va="center",
                fontsize=8,
                color="white" if dark else "black",
            )
    return image


def reach(p: Picture, name: str) -> Array:
    """The lengths of the two arms of an interval; nothing below zero by rounding."""
    import numpy as np

    middle = p[name]
    arms: Array = np.clip([middle - p[f"{name}_low"], p[f"{name}_high"] - middle], 0, None)
    return arms


def colour_bar(p: Picture, image: Any, text: str) -> Any:
    """The scale of colours beside the axes."""
    figure = p.ax.get_figure()
    assert figure is not None, "axes of a picture belong to a figure"
    bar = figure.colorbar(image, ax=p.ax, label=text, pad=0.02)
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=9)
    return bar


def ordered_colours(count: int, name: str = ORDERED) -> list[Any]:
    """Colours of things that have an order, from dark to light."""
    from matplotlib import colormaps

    return [colormaps[name](0.05 + 0.85 * at / max(count - 1, 1)) for at in range(count)]


def group_colours(count: int) -> list[Any]:
    """Colours of groups: the palette, or a scale where there are more groups than colours."""
    return list(COLOURS[:count]) if count <= len(COLOURS) else ordered_colours(count)


def listed(option: str, value: str, words: Sequence[str]) -> str:
    """An option that is one of these words."""
    if value not in words:
        said = ", ".join(f'"{word}"' for word in words)
        raise OptionError(
            f"option `{option}`: expected one of {said}, found {str(value)[:40]}",
            hint=meant(value, words),
        )
    return value
