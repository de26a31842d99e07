"""Lists of resources: narrowed, sorted, page by page, with the attributes that were asked for (RFC 7644, 3.4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.apps.scim.errors import bad
from integrations.apps.scim.filters import parse, path_of, values_at
from integrations.apps.scim.schemas import MOST_RESULTS

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = ".search"
ALWAYS = frozenset({"id", "schemas"})


@dataclass(frozen=True, slots=True)
class Search:
    """What a list is asked for."""

    filter: str = ""
    sort_by: str = ""
    is_descending: bool = False
    start: int = 1
    count: int = MOST_RESULTS
    attributes: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()

    @classmethod
    def of_query(cls, given: Mapping[str, str]) -> "Search":
        """Read it from an address."""
        return cls.of_body({name: (v.split(",") if "ttributes" in name else v) for name, v in given.items()})

    @classmethod
    def of_body(cls, given: Mapping[str, Any]) -> "Search":
        """Read it from a search request."""
        return cls(
            filter=str(given.get("filter") or ""),
            sort_by=str(given.get("sortBy") or ""),
            is_descending=str(given.get("sortOrder") or "").lower() == "descending",
            start=max(_whole(given.get("startIndex"), 1), 1),
            count=min(max(_whole(given.get("count"), MOST_RESULTS), 0), MOST_RESULTS),
            attributes=_names(given.get("attributes")),
            excluded=_names(given.get("excludedAttributes")),
        )


def _whole(value: Any, usual: int) -> int:
    try:
        return usual if value in (None, "") else int(value)
    except (TypeError, ValueError):
        raise bad("startIndex and count are whole numbers.") from None


def _names(value: Any) -> tuple[str, ...]:
    return tuple(str(one).strip() for one in value if str(one).strip()) if isinstance(value, list) else ()


def listed(found: list[dict[str, Any]], search: Search) -> dict[str, Any]:
    """Return one page of a list."""
    if search.filter:
        test = parse(search.filter)
        found = [one for one in found if test(one)]
    if search.sort_by:
        path = path_of(search.sort_by)
        found = sorted(found, key=lambda one: _sort_key(one, path), reverse=search.is_descending)
    page = found[search.start - 1 : search.start - 1 + search.count]
    return {
        "schemas": [LIST],
        "totalResults": len(found),
        "startIndex": search.start,
        "itemsPerPage": len(page),
        "Resources": [narrowed(one, search) for one in page],
    }


def _sort_key(one: dict[str, Any], path: tuple[str, ...]) -> tuple[bool, str]:
    """Those without a value come last, whatever the order among the rest."""
    found = values_at(one, path)
    first = found[0] if found else None
    text = first.get("value", "") if isinstance(first, Mapping) else first
    return text is None, str(text or "").lower()


def narrowed(one: dict[str, Any], search: Search) -> dict[str, Any]:
    """Return a resource with the attributes that were asked for, or without those that were not."""
    if search.attributes:
        return _only(one, [path_of(name) for name in search.attributes])
    return _without(one, [path_of(name) for name in search.excluded])


def _only(one: dict[str, Any], paths: list[tuple[str, ...]], *, is_top: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in one.items():
        if is_top and name in ALWAYS:
            found[name] = value
            continue
        mine = [path[1:] for path in paths if path and path[0] == name.lower()]
        if mine:
            found[name] = value if any(not rest for rest in mine) else _each(value, mine, _only)
    return found


def _without(one: dict[str, Any], paths: list[tuple[str, ...]], *, is_top: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in one.items():
        mine = [path[1:] for path in paths if path and path[0] == name.lower()]
        if not mine or (is_top and name in ALWAYS):
            found[name] = value
        elif all(mine):
            found[name] = _each(value, mine, _without)
    return found


def _each(value: Any, paths: list[tuple[str, ...]], narrow: Any) -> Any:
    if isinstance(value, list):
        return [narrow(one, paths, is_top=False) if isinstance(one, dict) else one for one in value]
    return narrow(value, paths, is_top=False) if isinstance(value, dict) else value
