"""SCIM filters over resources as JSON (RFC 7644, 3.4.2.2)."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from integrations.apps.scim.errors import bad

LONGEST, DEEPEST = 1000, 20
_WORD = re.compile(r"\s*(\(|\)|\[|\]|\"(?:[^\"\\]|\\.)*\"|[^\s()\[\]]+)")
_EXACT = frozenset({"id", "externalid", "value", "$ref", "version"})
"""Attributes in whose texts letter case counts."""
Test = Callable[[Any], bool]
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def parse(text: str) -> Test:
    """Return a test of a resource.

    Raises:
        ScimError: 400 ``invalidFilter``.
    """
    if len(text) > LONGEST:
        raise _wrong("it is too long")
    reader = _Reader(_words(text))
    found = reader.either(0)
    if reader.next() is not None:
        raise _wrong(f"something follows at {reader.next()}")
    return found


def _words(text: str) -> list[str]:
    words, at = [], 0
    while text[at:].strip():
        found = _WORD.match(text, at)
        if found is None:
            raise _wrong("it cannot be read")
        words.append(found[1])
        at = found.end()
    return words


def _wrong(why: str) -> Exception:
    return bad(f"The filter is wrong: {why}.", "invalidFilter")


class _Reader:
    def __init__(self, words: Sequence[str]) -> None:
        self.words, self.at = words, 0

    def next(self) -> str | None:
        return self.words[self.at] if self.at < len(self.words) else None

    def take(self, *wanted: str) -> str:
        word = self.next()
        if word is None or (wanted and word.lower() not in wanted):
            raise _wrong(f"{' or '.join(wanted) or 'something'} is missing")
        self.at += 1
        return word

    def _is(self, word: str) -> bool:
        found = self.next()
        return found is not None and found.lower() == word

    def either(self, depth: int) -> Test:
        if depth > DEEPEST:
            raise _wrong("it is too deep")
        tests = [self._both(depth)]
        while self._is("or"):
            self.take()
            tests.append(self._both(depth))
        return lambda one: any(test(one) for test in tests)

    def _both(self, depth: int) -> Test:
        tests = [self._single(depth)]
        while self._is("and"):
            self.take()
            tests.append(self._single(depth))
        return lambda one: all(test(one) for test in tests)

    def _single(self, depth: int) -> Test:
        if self._is("not"):
            self.take()
            self.take("(")
            denied = self.either(depth + 1)
            self.take(")")
            return lambda one: not denied(one)
        if self._is("("):
            self.take()
            inner = self.either(depth + 1)
            self.take(")")
            return inner
        return self._compared(depth)

    def _compared(self, depth: int) -> Test:
        path = path_of(self.take())
        if self._is("["):
            self.take()
            inner = self.either(depth + 1)
            self.take("]")
            return lambda one: any(inner(value) for value in values_at(one, path))
        operator = self.take("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr").lower()
        if operator == "pr":
            return lambda one: any(value not in (None, "", [], {}) for value in values_at(one, path))
        wanted = _literal(self.take())
        return lambda one: _holds(operator, values_at(one, path), wanted, is_exact=path[-1] in _EXACT)


def _literal(word: str) -> Any:
    if word.startswith('"') or word in {"true", "false", "null"} or _NUMBER.fullmatch(word):
        try:
            return json.loads(word)
        except ValueError:
            raise _wrong("a value cannot be read") from None
    raise _wrong("a value is neither text, number, true, false nor null")


def path_of(text: str) -> tuple[str, ...]:
    """Return the steps of an attribute's path in small letters, an extension's URN being one of them."""
    urn, colon, rest = text.rpartition(":")
    if colon and urn.lower().startswith("urn:"):
        return (*((urn.lower(),) if "core" not in urn.lower() else ()), *rest.lower().split("."))
    return tuple(text.lower().split("."))


def values_at(one: Any, path: Sequence[str]) -> list[Any]:
    """Return the values at a path; each of several counts, and of a thing with ``value`` that."""
    found = [one]
    for step in path:
        found = [value for each in found for value in _step(each, step)]
    return [item for value in found for item in (value if isinstance(value, list) else [value])]


def _step(one: Any, step: str) -> list[Any]:
    if isinstance(one, list):
        return [value for each in one for value in _step(each, step)]
    if not isinstance(one, Mapping):
        return []
    return [value for name, value in one.items() if name.lower() == step]


def _holds(operator: str, values: list[Any], wanted: Any, *, is_exact: bool) -> bool:
    plain = [v["value"] if isinstance(v, Mapping) and "value" in v else v for v in values]
    if operator == "ne":
        return all(not _same(value, wanted, is_exact=is_exact) for value in plain)
    if wanted is None:
        return not plain
    return any(_one_holds(operator, value, wanted, is_exact=is_exact) for value in plain)


def _same(value: Any, wanted: Any, *, is_exact: bool) -> bool:
    if isinstance(value, str) and isinstance(wanted, str) and not is_exact:
        return value.lower() == wanted.lower()
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "co": lambda value, wanted: wanted in value,
    "sw": str.startswith,
    "ew": str.endswith,
}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


def _one_holds(operator: str, value: Any, wanted: Any, *, is_exact: bool) -> bool:
    if operator == "eq":
        return _same(value, wanted, is_exact=is_exact)
    if not isinstance(value, str) or not isinstance(wanted, str):
        return False
    first, second = (value, wanted) if is_exact else (value.lower(), wanted.lower())
    if operator in _TEXTS:
        return _TEXTS[operator](first, second)
    times = _moment(first), _moment(second)
    return _ORDERS[operator](*times) if None not in times else _ORDERS[operator](first, second)


def _moment(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text.upper()).timestamp()
    except ValueError:
        return None
