"""The geometry of charts; ``ui.chart`` draws it as SVG with the same figures in a table below."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from ui import formats

Number = int | Decimal
Shown = Callable[[Number], str]
WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 72, 12, 12, 32
_MOST_LABELS = 12
_LETTER = 7.5
"""How wide a letter of a label is, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Series:
    """One row of figures under a name."""

    label: str
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class Mark:
    """A text at a place on an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; ``series`` (from 1) picks its colour."""

    series: int
    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points."""

    series: int
    points: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line."""

    series: int
    x: float
    y: float
    text: str


@dataclass(slots=True)
class Chart:
    """A chart ready to be drawn."""

    heading: str
    names: Sequence[str]
    series: Sequence[Series]
    shown: Shown
    ticks: list[Mark] = field(default_factory=list)
    labels: list[Mark] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = _RIGHT

    @property
    def table(self) -> list[tuple[str, list[str]]]:
        """The figures by name, as they are read."""
        return [
            (name, [self.shown(series.values[index]) for series in self.series])
            for index, name in enumerate(self.names)
        ]


def bar(
    heading: str,
    names: Sequence[str],
    series: Sequence[Series],
    shown: Shown = formats.number,
    axis: Shown | None = None,
) -> Chart:
    """Return bars side by side, one group for each name."""
    chart, scale = _frame(heading, names, series, (shown, axis or shown), _highest(series))
    slot = _slot(names)
    width = slot * 0.7 / max(len(series), 1)
    for number, row in enumerate(series, 1):
        for index, value in enumerate(row.values):
            x = _LEFT + slot * index + slot * 0.15 + width * (number - 1)
            top = scale(value)
            text = f"{names[index]}: {shown(value)}"
            chart.bars.append(Bar(number, _r(x), top, _r(width * 0.92), _r(scale(0) - top), text))
    return chart


def stacked(
    heading: str,
    names: Sequence[str],
    series: Sequence[Series],
    shown: Shown = formats.number,
    axis: Shown | None = None,
) -> Chart:
    """Return one bar for each name, its parts on top of each other."""
    sums = [sum((row.values[index] for row in series), Decimal(0)) for index in range(len(names))]
    chart, scale = _frame(heading, names, series, (shown, axis or shown), max(sums, default=Decimal(0)))
    slot = _slot(names)
    below = [Decimal(0)] * len(names)
    for number, row in enumerate(series, 1):
        for index, value in enumerate(row.values):
            bottom, top = scale(below[index]), scale(below[index] + value)
            below[index] += value
            text = f"{names[index]}, {row.label}: {shown(value)}"
            x = _LEFT + slot * index + slot * 0.2
            chart.bars.append(Bar(number, _r(x), top, _r(slot * 0.6), _r(bottom - top), text))
    return chart


def line(
    heading: str,
    names: Sequence[str],
    series: Sequence[Series],
    shown: Shown = formats.number,
    axis: Shown | None = None,
) -> Chart:
    """Return one line for each series."""
    chart, scale = _frame(heading, names, series, (shown, axis or shown), _highest(series))
    slot = _slot(names)
    for number, row in enumerate(series, 1):
        spots = [(_r(_LEFT + slot * (i + 0.5)), scale(value)) for i, value in enumerate(row.values)]
        chart.paths.append(Path(number, " ".join(f"{x},{y}" for x, y in spots)))
        for (x, y), name, value in zip(spots, names, row.values, strict=True):
            chart.dots.append(Dot(number, x, y, f"{name}: {shown(value)}"))
    return chart


def _frame(
    heading: str, names: Sequence[str], series: Sequence[Series], words: tuple[Shown, Shown], highest: Number
) -> tuple[Chart, Callable[[Number], float]]:
    shown, axis = words
    step = nice_step(highest)
    top = step * max((Decimal(highest) / step).to_integral_value(ROUND_CEILING), Decimal(1))
    room = HEIGHT - _TOP - _BOTTOM

    def scale(value: Number) -> float:
        return _r(_TOP + room * (1 - float(Decimal(value) / top)))

    chart = Chart(heading, names, series, shown)
    chart.ticks = [Mark(scale(step * n), axis(step * n)) for n in range(int(top / step) + 1)]
    every = -(-len(names) // _MOST_LABELS) or 1
    slot = _slot(names)
    letters = int(slot * every / _LETTER)
    chart.labels = [
        Mark(_r(_LEFT + slot * (i + 0.5)), _fit(n, letters)) for i, n in enumerate(names) if i % every == 0
    ]
    return chart, scale


def _fit(name: str, room: int) -> str:
    """Return a name cut to ``room`` letters; the table below the chart has it whole."""
    return name if len(name) <= room else f"{name[: max(room - 1, 1)].rstrip()}…"


def nice_step(highest: Number) -> Decimal:
    """Return a round distance between ticks (1, 2 or 5 times a power of ten) that gives up to six of them.

    Whole figures get whole ticks.
    """
    if highest <= 0:
        return Decimal(1)
    power = Decimal(10) ** (Decimal(highest).adjusted())
    step = next(s for s in (power / 5, power / 2, power, power * 2) if Decimal(highest) / s <= 5)  # noqa: PLR2004
    return max(step, Decimal(1)) if isinstance(highest, int) else step


def _highest(series: Sequence[Series]) -> Number:
    values: list[Number] = [value for row in series for value in row.values]
    return max(values, default=0)


def _slot(names: Sequence[str]) -> float:
    return (WIDTH - _LEFT - _RIGHT) / max(len(names), 1)


def _r(value: float) -> float:
    return round(value, 2)
