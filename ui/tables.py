"""Lists: what the address asks for, within bounds, and the columns that a page and an export share."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlencode

from markupsafe import Markup, escape
from starlette.requests import Request

from ui import formats
from ui.i18n import Text
from ui.shell import Tone

SIZES = (25, 50, 100, 200)
MOST_PAGES = 10_000
_LONGEST = 200
Align = Literal["start", "end", "center"]
Format = Literal[
    "text",
    "name",
    "id",
    "ago",
    "money",
    "amount",
    "date",
    "datetime",
    "month",
    "number",
    "percent",
    "badge",
    "code",
]
Formatter = Callable[[Any, Any], Any]
_DRAWN = ("badge", "code")
_RIGHT = {"money", "amount", "number", "percent"}
_ROOM = {"datetime": " cell--moment", "name": " cell--name", "code": " cell--code"}
"""A moment may break after its day, names and codes after half of them, but none bit by bit."""
_FORMATS: Mapping[str, Callable[[Any], str]] = {
    "date": formats.date_text,
    "datetime": formats.datetime_text,
    "month": formats.month_text,
    "number": formats.number,
    "percent": formats.percent,
    "ago": formats.ago,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``key`` names an attribute, a mapping's key or a dotted path in a row.

    ``value`` replaces the look-up, ``format`` is a name or a function ``(value, row) -> text``. A money
    column reads its currency from the row's ``currency``. ``sort`` is the service's name for the order when
    it differs from ``key``. ``tones`` gives a badge its colour by value, ``words`` its text.
    """

    key: str
    label: Text | str
    format: Format | Formatter = "text"
    align: Align | None = None
    sortable: bool = False
    sort: str = ""
    export: bool = True
    value: Callable[[Any], Any] | None = None
    href: Callable[[Any], str | None] | None = None
    currency: str = "currency"
    tones: Mapping[str, Tone] = field(default_factory=dict)
    words: Mapping[str, Text] = field(default_factory=dict)
    is_main: bool = False

    @property
    def side(self) -> Align:
        """Figures stand on the right, so that their digits line up."""
        return self.align or ("end" if self.format in _RIGHT else "start")

    @property
    def classes(self) -> str:
        """The classes of a cell: its side, that dates and numbers stay on one line, and how much room others need."""
        stays = self.format in {"id", "ago", "date", "month"}
        return f"cell cell--{self.side}{' cell--nowrap' if stays else _ROOM.get(str(self.format), '')}"

    @property
    def order(self) -> str:
        """The name the column is sorted by."""
        return self.sort or self.key

    def raw(self, row: Any) -> Any:
        """Return the value of the cell as it is kept."""
        return self.value(row) if self.value else lookup(row, self.key)

    def text(self, row: Any) -> Any:
        """Return the cell as it is read."""
        value = self.raw(row)
        if callable(self.format):
            return self.format(value, row)
        if value is None or value == "":
            return self.words.get("", "")
        if self.format in {"money", "amount"}:
            shown = formats.money if self.format == "money" else formats.amount
            return shown(value, str(lookup(row, self.currency)))
        if self.format in _FORMATS:
            return _FORMATS[self.format](value)
        return self.words.get(str(value), value)

    def tone(self, row: Any) -> Tone:
        """Return the colour of a badge; neutral when the value has none."""
        return self.tones.get(str(self.raw(row)), "neutral")

    def plain(self, row: Any) -> Any:
        """Return the cell for a spreadsheet: numbers stay numbers, money is in the main unit."""
        value = self.raw(row)
        if self.format in {"money", "amount"} and value is not None:
            return formats.major(value, str(lookup(row, self.currency)))
        if self.format == "percent" and value is not None:
            return Decimal(value)
        if callable(self.format):
            return self.format(value, row)
        word = self.words.get(str(value))
        return value if word is None else str(word)


class Cell(NamedTuple):
    """One cell ready to be drawn: everything that a template would otherwise ask for a hundred times a page."""

    classes: Markup
    label: Markup
    is_main: bool
    kind: str
    content: Any
    href: str | None
    tone: str
    row: Any
    column: "Column"


def cells(columns: Sequence["Column"], rows: Iterable[Any]) -> Iterator[list[Cell]]:
    """Return the cells of each row, with what belongs to a column worked out once."""
    fixed = [
        (c, escape(c.classes), escape(str(c.label)), c.format if c.format in _DRAWN else "text")
        for c in columns
    ]
    for row in rows:
        yield [
            Cell(
                classes, label, c.is_main, str(kind), c.text(row), c.href(row) if c.href else None,
                c.tone(row) if kind == "badge" else "", row, c,
            )
            for c, classes, label, kind in fixed
        ]  # fmt: skip


def lookup(row: Any, key: str) -> Any:
    """Return a value by attribute or key (whatever has ``keys``), following dots; nothing where the path ends early."""
    for part in key.split("."):
        if row is None:
            return None
        row = row[part] if hasattr(row, "keys") else getattr(row, part)
    return row


@dataclass(frozen=True, slots=True)
class TableQuery:
    """What the address asks of a list. Sort names and filters not offered are dropped, sizes bounded.

    ``sort`` is ``"name"`` or ``"-name"``, as Tortoise's ``order_by`` takes it.
    """

    path: str
    q: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    page: int = 1
    per: int = SIZES[0]
    default_sort: str = ""
    within: Mapping[str, str] = field(default_factory=dict)
    """What the page is about: it narrows the list, but no reader has chosen it or can clear it."""

    @classmethod
    def parse(
        cls,
        request: Request,
        *,
        columns: Iterable[Column] = (),
        filters: Iterable[str] = (),
        default_sort: str = "",
        per: int = SIZES[0],
    ) -> Self:
        """Read the query of a request."""
        params = request.query_params
        sorts = {column.order for column in columns if column.sortable}
        asked = params.get("sort", "")
        chosen = {name: _clip(params.get(name, "")) for name in filters}
        return cls(
            path=request.url.path,
            q=_clip(params.get("q", "")),
            filters={name: value for name, value in chosen.items() if value},
            sort=asked if asked.removeprefix("-") in sorts else default_sort,
            page=min(max(_whole(params.get("page"), 1), 1), MOST_PAGES),
            per=_nearest(_whole(params.get("per"), per)),
            default_sort=default_sort,
        )

    @property
    def offset(self) -> int:
        """How many rows to pass over."""
        return (self.page - 1) * self.per

    @property
    def limit(self) -> int:
        """How many rows to fetch: one more than shown, which tells whether there is a next page."""
        return self.per + 1

    @property
    def is_narrowed(self) -> bool:
        """Whether a search or a filter hides rows."""
        return bool(self.q or self.filters)

    def get(self, name: str) -> str:
        """Return a filter's value or an empty text."""
        return self.within.get(name) or self.filters.get(name, "")

    def inside(self, **within: str) -> Self:
        """Return the query of that part of a list which its page is about."""
        return replace(
            self, within=within, filters={k: v for k, v in self.filters.items() if k not in within}
        )

    def url(self, **changes: Any) -> str:
        """Return this list's address with ``changes``; a new order or search starts at page one."""
        params: dict[str, Any] = {"q": self.q, **self.filters, "sort": self.sort, "per": self.per}
        params["page"] = self.page if not changes else 1
        params.update(changes)
        standard = {"sort": self.default_sort, "per": SIZES[0], "page": 1}
        kept = {k: v for k, v in params.items() if v not in ("", None) and standard.get(k) != v}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def toggled(self, column: Column) -> str:
        """Return the address that sorts by ``column``, or turns its order round."""
        return self.url(sort=f"-{column.order}" if self.sort == column.order else column.order)

    def direction(self, column: Column) -> str:
        """Return the column's ``aria-sort``."""
        if self.sort.removeprefix("-") != column.order:
            return "none"
        return "descending" if self.sort.startswith("-") else "ascending"


@dataclass(frozen=True, slots=True)
class Total:
    """A line below a list: what it says, and by column what all rows come to that the search and filters leave.

    ``sums`` holds values as rows do, with the ``currency`` that money columns read beside them.
    """

    label: Text | str
    sums: Mapping[str, Any]


class FootLine(NamedTuple):
    """One line of a list's foot as it is drawn: ``span`` columns for its words, then a cell for each that is left."""

    label: str
    span: int
    cells: list[tuple[Column, Any]]


def added(rows: Sequence[Any], keys: Iterable[str], currency: str, label: Text | str) -> list[Total]:
    """Return the line below rows that are all on the page; a single row is its own total."""
    if len(rows) <= 1:
        return []
    sums = {key: sum(lookup(row, key) or 0 for row in rows) for key in keys}
    return [Total(label, {**sums, "currency": currency})]


def foot(columns: Sequence[Column], totals: Iterable[Total]) -> Iterator[FootLine]:
    """Return the foot of a list; the words stand before the first column that is added up."""
    for total in totals:
        span = next((n for n, column in enumerate(columns) if column.key in total.sums), 0) or 1
        shown = [(c, c.text(total.sums) if c.key in total.sums else "") for c in columns[span:]]
        yield FootLine(str(total.label), span, shown)


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one page; ``total`` is None where counting would cost more than it tells."""

    rows: Sequence[Any]
    query: TableQuery
    total: int | None = None
    has_next: bool = False
    totals: Sequence[Total] = ()

    @classmethod
    def of(
        cls,
        query: TableQuery,
        fetched: Sequence[Any],
        total: int | None = None,
        totals: Sequence[Total] = (),
    ) -> Self:
        """Return a page from up to ``query.limit`` fetched rows."""
        return cls(fetched[: query.per], query, total, len(fetched) > query.per, totals)

    @property
    def first(self) -> int:
        """The number of the first row shown."""
        return self.query.offset + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return self.query.offset + len(self.rows)

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before this one."""
        return self.query.page > 1


def _clip(value: str) -> str:
    return value.replace("\x00", "").strip()[:_LONGEST]


def _whole(value: str | None, default: int) -> int:
    return int(value) if value and value.isascii() and value.isdecimal() and len(value) < 9 else default  # noqa: PLR2004


def _nearest(wanted: int) -> int:
    return next((size for size in SIZES if size >= wanted), SIZES[-1])
