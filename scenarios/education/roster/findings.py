"""What is wrong or doubtful in a bundle, each at its file, row and column."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tenants import texts
from ui.i18n import Text

MOST = 2_000
"""Findings that are kept of one bundle; a file that is wrong throughout says so with the first of them."""
LONGEST = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them; a row that is refused is not brought in, one that is doubtful is."""

    file: str
    row: int
    column: str
    value: str
    reason: Text
    is_refused: bool

    def packed(self) -> dict[str, Any]:
        """Return it as JSON, its reason in whatever language it will be read in."""
        return {
            "file": self.file,
            "row": self.row,
            "column": self.column,
            "value": self.value[:LONGEST],
            "reason": texts.pack(self.reason),
            "outcome": "refused" if self.is_refused else "warned",
        }


@dataclass(slots=True)
class Findings:
    """All of them, and the rows that are refused."""

    found: list[Finding] = field(default_factory=list)
    refused: dict[str, set[int]] = field(default_factory=dict)

    def refuse(self, file: str, row: int, column: str, value: str, reason: Text) -> None:
        """Note why a row is not brought in."""
        self.refused.setdefault(file, set()).add(row)
        self.found.append(Finding(file, row, column, value, reason, is_refused=True))

    def warn(self, file: str, row: int, column: str, value: str, reason: Text) -> None:
        """Note what is doubtful; the row is brought in."""
        self.found.append(Finding(file, row, column, value, reason, is_refused=False))

    def packed(self) -> list[dict[str, Any]]:
        """Return the first of them as JSON, by file and row."""
        ordered = sorted(self.found, key=lambda one: (not one.is_refused, one.file, one.row))
        return [one.packed() for one in ordered[:MOST]]


def unpacked(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept finding with its reason in the reader's language."""
    return {**kept, "reason": str(texts.unpack(kept["reason"]))}
