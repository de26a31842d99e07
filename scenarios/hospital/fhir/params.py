"""Search parameters: what was asked, read strictly, as conditions of one SQL statement.

What we do not know is refused and never ignored: an ignored filter would show more than was asked for.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from scenarios.hospital.fhir.kinds import Param, Server
from ui.errors import AppError
from ui.i18n import t

_DATE = re.compile(
    r"(eq|ne|gt|lt|ge|le|sa|eb)?"
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,6})?)?(Z|[+\- ]\d\d:\d\d)?)?)?)?"
)
MOST_VALUES = 50
_AT = {
    "eq": "{c} >= {low} and {c} < {high}",
    "ne": "not ({c} >= {low} and {c} < {high})",
    "gt": "{c} >= {high}",
    "ge": "{c} >= {low}",
    "lt": "{c} < {low}",
    "le": "{c} < {high}",
    "sa": "{c} >= {high}",
    "eb": "{c} < {low}",
}
"""What a prefix means for a moment, where what was typed is a span from ``low`` to before ``high``."""
_WITHIN = "({s} >= {low} and {e} <= {high})"
_SPAN = {
    "eq": _WITHIN,
    "ne": f"not {_WITHIN}",
    "gt": "{e} > {high}",
    "ge": f"({{e}} > {{high}} or {_WITHIN})",
    "lt": "{s} < {low}",
    "le": f"({{s}} < {{low}} or {_WITHIN})",
    "sa": "{s} >= {high}",
    "eb": "{e} <= {low}",
}
"""The same for a span from ``s`` to ``e``."""


class Wrong(AppError):
    """A search that FHIR or this server does not have (400)."""

    status = 400


class Where:
    """Conditions with their values; the tenant is ``$1``."""

    def __init__(self, server: Server) -> None:
        self.server, self.parts, self.args = server, list[str](), [server.tenant_id]

    def put(self, found: Any) -> str:
        """Keep a value and return its place."""
        self.args.append(found)
        return f"${len(self.args)}"

    def add(self, param: Param, text: str) -> None:
        """Narrow by one parameter; what is separated by commas is an or."""
        values = [one.strip() for one in text.split(",")]
        if not all(values) or len(values) > MOST_VALUES:
            raise wrong("search.value", t("The parameter {name} has no value.", name=param.name))
        self.parts.append("(" + " or ".join(_READ[param.type](self, param, one) for one in values) + ")")

    @property
    def sql(self) -> str:
        """All conditions."""
        return " and ".join(self.parts) or "true"


def wrong(code: str, text: Any) -> Wrong:
    """Return the refusal of a search."""
    return Wrong(f"fhir.{code}", text)


def _token(where: Where, param: Param, text: str) -> str:
    system, bar, code = text.rpartition("|")
    own = where.server.system(param.ids) if param.ids else param.system
    if bar and system != own:
        return "false"
    column = param.columns[""]
    if column == "id":
        return _is_id(where, column, code)
    return f"x.{column} = {where.put(code)}"


def _is_id(where: Where, column: str, text: str) -> str:
    try:
        return f"x.{column} = {where.put(UUID(text))}::uuid"
    except ValueError:
        return "false"


def _reference(where: Where, param: Param, text: str) -> str:
    kind, _, found = text.removeprefix(f"{where.server.base}/").rpartition("/")
    columns = [column for of, column in param.columns.items() if kind in {"", of}]
    return " or ".join(_is_id(where, column, found) for column in columns) or "false"


def _date(where: Where, param: Param, text: str) -> str:
    found = _DATE.fullmatch(text)
    if found is None:
        raise wrong("search.date", t("The parameter {name} is no date that FHIR knows.", name=param.name))
    ends = dict(zip(("low", "high"), _span(found.groups()[1:], where.server.zone, param.name), strict=True))
    is_moment = "" in param.columns
    meaning = (_AT if is_moment else _SPAN)[found[1] or "eq"]
    places = {
        name: f"{where.put(end)}::timestamptz" for name, end in ends.items() if f"{{{name}}}" in meaning
    }
    names = {"c": ""} if is_moment else {"s": "from", "e": "to"}
    return "(" + meaning.format(**{n: f"x.{param.columns[of]}" for n, of in names.items()}, **places) + ")"


def _span(parts: Sequence[str | None], zone: str, name: str) -> tuple[datetime, datetime]:
    """Return from when to before when a date is, as exactly as it was written."""
    year, month, day, hour, minute, second, fraction, offset = parts
    try:
        low = datetime(
            int(year or 0), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
            int(((fraction or "")[1:]).ljust(6, "0")), tzinfo=_zone(offset, zone),
        )  # fmt: skip
        return low, _after(low, parts)
    except (ValueError, OverflowError):
        raise wrong("search.date", t("The parameter {name} is no date that FHIR knows.", name=name)) from None


def _zone(offset: str | None, zone: str) -> Any:
    """Return the zone that was written (a plus that an address has made a space of, too), else the hospital's."""
    if not offset:
        return ZoneInfo(zone)
    if offset == "Z":
        return UTC
    parsed: Any = datetime.strptime(offset.replace(" ", "+"), "%z").tzinfo
    return parsed


def _after(low: datetime, parts: Sequence[str | None]) -> datetime:
    _, month, day, hour, _, second, fraction, _ = parts
    if month is None:
        return low.replace(year=low.year + 1)
    if day is None:
        return (low + timedelta(days=32)).replace(day=1)
    if hour is None:
        return low + timedelta(days=1)
    if second is None:
        return low + timedelta(minutes=1)
    return low + (timedelta(seconds=1) if fraction is None else timedelta(milliseconds=1))


_READ: dict[str, Callable[[Where, Param, str], str]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
}
