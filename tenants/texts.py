"""Sentences kept as data, so that a job can write down what is wrong and each reader reads it in their language."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from ui.formats import date_text
from ui.i18n import Text

_MESSAGE, _PARAMS, _DAY = "message", "params", "day"


@dataclass(frozen=True, slots=True)
class Day:
    """A day in a kept sentence, written in the reader's form."""

    day: date

    def __str__(self) -> str:
        """Return the day as the reader writes it."""
        return date_text(self.day)

    def __format__(self, _spec: str) -> str:
        """Return the same inside a sentence."""
        return str(self)


def pack(text: Text) -> dict[str, Any]:
    """Return the sentence as JSON data; days and inner sentences stay what they are, all else becomes plain text."""
    return {_MESSAGE: text.message, _PARAMS: {name: _packed(value) for name, value in text.params.items()}}


def unpack(data: dict[str, Any]) -> Text:
    """Return the sentence that ``pack`` has kept."""
    return Text(data[_MESSAGE], {name: _unpacked(value) for name, value in data[_PARAMS].items()})


def dumps(text: Text) -> str:
    """Return the sentence as one string, for a column of text."""
    return json.dumps(pack(text), ensure_ascii=False)


def loads(kept: str) -> Text | str:
    """Return the sentence of ``dumps``, or plain words as they stand."""
    return unpack(json.loads(kept)) if kept.startswith(f'{{"{_MESSAGE}"') else kept


def _packed(value: Any) -> Any:
    if isinstance(value, Text):
        return pack(value)
    if isinstance(value, str | int) or value is None:
        return value
    day = value if isinstance(value, date) else getattr(value, "value", getattr(value, "day", None))
    return {_DAY: day.isoformat()} if isinstance(day, date) else str(value)


def _unpacked(value: Any) -> Any:
    if isinstance(value, dict):
        return Day(date.fromisoformat(value[_DAY])) if _DAY in value else unpack(value)
    return value
