"""The geometry of charts; ``ui.chart`` draws it as SVG with the same figures in a table below."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from ui import formats

Number = int | Decimal
Shown = Callable[[Number], str]
_LETTER = 8
"""How wide a letter of a label is, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Room:
    """The room a drawing has, in its own units, and how many names fit below it."""

    width: int
    height: int
    left: int
    right: int = 12
    top: int = 12
    bottom: int = 32
    most_labels: int = 12

    def slot(self, names: Sequence[str]) -> float:
        """Return how wide the place of one name is."""
        return (self.width - self.left - self.right) / max(len(names), 1)


WIDE = Room(640, 260, 72)
NARROW = Room(280, 220, 54, right=4, most_labels=4)
"""Shown instead where there is less room: a drawing made smaller would have letters too small to read."""


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
    """A chart ready to be drawn; ``narrow`` is the same chart for where there is less room."""

    heading: str
    names: Sequence[str]
    series: Sequence[Series]
    shown: Shown
    ticks: list[Mark] = field(default_factory=list)
    labels: list[Mark] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    paths: list[Path] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    room: Room = WIDE
    narrow: "Chart | None" = None

    @property
    def drawings(self) -> tuple["Chart", ...]:
        """The chart for each size of room, the widest first."""
        return (self, self.narrow) if self.narrow else (self,)

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
    *,
    short: Sequence[str] = (),
) -> Chart:
    """Return bars side by side, one group for each name; ``short`` names are for below the drawing."""
    return _in_both(_bar, _Given(heading, names, series, shown, axis or shown, short or names))


def stacked(
    heading: str,
    names: Sequence[str],
    series: Sequence[Series],
    shown: Shown = formats.number,
    axis: Shown | None = None,
    *,
    short: Sequence[str] = (),
) -> Chart:
    """Return one bar for each name, its parts on top of each other."""
    return _in_both(_stacked, _Given(heading, names, series, shown, axis or shown, short or names))


def line(
    heading: str,
    names: Sequence[str],
    series: Sequence[Series],
    shown: Shown = formats.number,
    axis: Shown | None = None,
    *,
    short: Sequence[str] = (),
) -> Chart:
    """Return one line for each series."""
    return _in_both(_line, _Given(heading, names, series, shown, axis or shown, short or names))


@dataclass(frozen=True, slots=True)
class _Given:
    """What a chart is to show."""

    heading: str
    names: Sequence[str]
    series: Sequence[Series]
    shown: Shown
    axis: Shown
    short: Sequence[str]
    """The names as they stand below the drawing."""


def _in_both(draw: Callable[[_Given, Room], Chart], given: _Given) -> Chart:
    chart = draw(given, WIDE)
    chart.narrow = draw(given, NARROW)
    return chart


def _bar(given: _Given, room: Room) -> Chart:
    chart, scale = _frame(given, room, _highest(given.series))
    slot = room.slot(given.names)
    width = slot * 0.7 / max(len(given.series), 1)
    for number, row in enumerate(given.series, 1):
        for index, value in enumerate(row.values):
            x = room.left + slot * index + slot * 0.15 + width * (number - 1)
            top = scale(value)
            text = f"{given.names[index]}: {given.shown(value)}"
            chart.bars.append(Bar(number, _r(x), top, _r(width * 0.92), _r(scale(0) - top), text))
    return chart


def _stacked(given: _Given, room: Room) -> Chart:
    places = range(len(given.names))
    sums: list[Number] = [sum(row.values[index] for row in given.series) for index in places]
    chart, scale = _frame(given, room, max(sums, default=0))
    slot = room.slot(given.names)
    below = [Decimal(0)] * len(given.names)
    for number, row in enumerate(given.series, 1):
        for index, value in enumerate(row.values):
            bottom, top = scale(below[index]), scale(below[index] + value)
            below[index] += value
            text = f"{given.names[index]}, {row.label}: {given.shown(value)}"
            x = room.left + slot * index + slot * 0.2
            chart.bars.append(Bar(number, _r(x), top, _r(slot * 0.6), _r(bottom - top), text))
    return chart


def _line(given: _Given, room: Room) -> Chart:
    chart, scale = _frame(given, room, _highest(given.series))
    slot = room.slot(given.names)
    for number, row in enumerate(given.series, 1):
        spots = [(_r(room.left + slot * (i + 0.5)), scale(value)) for i, value in enumerate(row.values)]
        chart.paths.append(Path(number, " ".join(f"{x},{y}" for x, y in spots)))
        for (x, y), name, value in zip(spots, given.names, row.values, strict=True):
            chart.dots.append(Dot(number, x, y, f"{name}: {given.shown(value)}"))
    return chart


def _frame(given: _Given, room: Room, highest: Number) -> tuple[Chart, Callable[[Number], float]]:
    step = nice_step(highest)
    top = step * max((Decimal(highest) / step).to_integral_value(ROUND_CEILING), Decimal(1))
    high = room.height - room.top - room.bottom

    def scale(value: Number) -> float:
        return _r(room.top + high * (1 - float(Decimal(value) / top)))

    chart = Chart(given.heading, given.names, given.series, given.shown, room=room)
    chart.ticks = [Mark(scale(step * n), given.axis(step * n)) for n in range(int(top / step) + 1)]
    chart.labels = list(_labels(given.short, room))
    return chart, scale


def _labels(names: Sequence[str], room: Room) -> Iterator[Mark]:
    """Yield every name, or every second, third, … where there are too many."""
    every = -(-len(names) // room.most_labels) or 1
    slot = room.slot(names)
    width = slot * every
    for place in range(0, len(names), every):
        yield Mark(_r(room.left + slot * (place + 0.5)), _fit(names[place], width))


def _fit(name: str, width: float) -> str:
    """Return a name cut to so much room; the table below the chart has it whole."""
    if _width(name) <= width:
        return name
    while len(name) > 1 and _width(name) + _LETTER > width:
        name = name[:-1]
    return f"{name.rstrip()}…"


def _width(name: str) -> float:
    """Return about how wide a name is drawn: Chinese letters take the place of two."""
    return sum(_LETTER * (2 if unicodedata.east_asian_width(letter) in "WF" else 1) for letter in name)


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


def _r(value: float) -> float:
    return round(value, 2)
