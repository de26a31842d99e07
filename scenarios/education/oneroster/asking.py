"""What a list may be asked for: ``filter``, ``sort`` and ``orderBy``, ``fields``, ``limit`` and ``offset``.

A filter is one comparison, or two joined by AND or OR, as the standard has it: ``=``, ``!=``, ``>``, ``>=``, ``<``,
``<=`` and ``~`` (contains), without regard to capitals; a list matches when one of its values does. Only names that a
resource has get into a statement; values are parameters.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from scenarios.education.oneroster.refusing import RefusedError

USUAL, MOST = 100, 1000
_COMPARISON = r"\s*([A-Za-z][A-Za-z.]*)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*"
_FILTER = re.compile(rf"{_COMPARISON}(?:(AND|OR){_COMPARISON})?", re.IGNORECASE)
_LONGEST = 500
_SQL = {"=": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


@dataclass(frozen=True, slots=True)
class Asked:
    """A list as it is asked for; ``where`` is SQL over ``doc`` with parameters from ``$base`` on."""

    where: str
    values: tuple[str, ...]
    order: str
    fields: tuple[str, ...]
    limit: int
    offset: int


def read(given: QueryParams, names: Sequence[str], parts: Mapping[str, Sequence[str]], base: int) -> Asked:
    """Return what is asked of a resource with these ``names``; ``parts`` are names inside of some of them.

    Raises:
        RefusedError: a filter or selection that the standard does not have, or a number out of bounds.
    """
    where, values = _where(given.get("filter", ""), names, parts, base)
    return Asked(
        where,
        values,
        _order(given, names),
        _fields(given.get("fields", ""), names),
        _number(given, "limit", USUAL, 1, MOST),
        _number(given, "offset", 0, 0, 10_000_000),
    )


def _where(
    text: str, names: Sequence[str], parts: Mapping[str, Sequence[str]], base: int
) -> tuple[str, tuple[str, ...]]:
    if not text:
        return "true", ()
    found = _FILTER.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise RefusedError(400, "invalid_filter_field", "The filter is not of the form name='value'.")
    first, second = found.groups()[:3], found.groups()[4:]
    paths = [_path(first[0], names, parts)] + ([_path(second[0], names, parts)] if found[4] else [])
    sql = _compare(paths[0], first[1], base)
    if not found[4]:
        return sql, (_value(first),)
    joined = "and" if found[4].upper() == "AND" else "or"
    return f"({sql} {joined} {_compare(paths[1], second[1], base + 1)})", (_value(first), _value(second))


def _value(comparison: Sequence[str]) -> str:
    value = comparison[2].replace("''", "'")
    if comparison[1] != "~":
        return value
    return "%" + re.sub(r"([\\%_])", r"\\\1", value) + "%"


def _path(name: str, names: Sequence[str], parts: Mapping[str, Sequence[str]]) -> str:
    outer, _, inner = name.partition(".")
    if outer not in names or (inner and inner not in parts.get(outer, ())):
        raise RefusedError(400, "invalid_filter_field", f"There is no field {name} to filter by.")
    return f'$."{outer}"."{inner}"' if inner else f'$."{outer}"'


def _compare(path: str, sign: str, place: int) -> str:
    each = f"exists (select 1 from jsonb_path_query(doc, '{path}[*]') v where {{}})"
    if sign == "~":
        return each.format(f"v #>> '{{}}' ilike ${place}")
    if sign == "!=":
        return "not " + each.format(f"lower(v #>> '{{}}') = lower(${place})")
    return each.format(f"lower(v #>> '{{}}') {_SQL[sign]} lower(${place})")


def _order(given: QueryParams, names: Sequence[str]) -> str:
    """Return the order; by a name that there is not, the standard wants the usual one."""
    direction = "desc" if given.get("orderBy", "").lower() == "desc" else "asc"
    name = given.get("sort", "")
    return f"lower(doc ->> '{name}') {direction} nulls last, sourced_id" if name in names else "sourced_id"


def _fields(text: str, names: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in wanted if name not in names]
    if unknown:
        raise RefusedError(400, "invalid_selection_field", f"There is no field {unknown[0]}.")
    return wanted


def _number(given: QueryParams, name: str, usual: int, least: int, most: int) -> int:
    text = given.get(name, "")
    if not text:
        return usual
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)) or int(text) < least:
        raise RefusedError(400, "invaliddata", f"{name} is a number from {least} on.")
    return min(int(text), most)
