"""What was tried and what came of it: counted while walking, written for people and for machines."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHOWN = 50


@dataclass(slots=True)
class Section:
    """One way of trying: how often, what the answers were, and every leak."""

    title: str
    meaning: str
    tried: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)

    def note(self, answer: str | int, leak: str = "") -> None:
        """Count one try; ``leak`` says what was wrong with it."""
        self.tried += 1
        self.answers[str(answer)] += 1
        if leak:
            self.leaks.append(leak)


@dataclass(slots=True)
class Report:
    """The whole proof."""

    version: str
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    sections: list[Section] = field(default_factory=list)

    def section(self, title: str, meaning: str) -> Section:
        """Begin another way of trying."""
        made = Section(title, meaning)
        self.sections.append(made)
        return made

    @property
    def tried(self) -> int:
        """Return how much was tried in all."""
        return sum(one.tried for one in self.sections)

    @property
    def leaks(self) -> list[str]:
        """Return every leak."""
        return [leak for one in self.sections for leak in one.leaks]

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {
            "is_right": not self.leaks,
            "version": self.version,
            "begun_at": self.begun_at.isoformat(timespec="seconds"),
            "tried": self.tried,
            "leaks": len(self.leaks),
            "sections": [
                {
                    "title": one.title,
                    "meaning": one.meaning,
                    "tried": one.tried,
                    "answers": dict(one.answers.most_common()),
                    "leaks": one.leaks[:SHOWN],
                }
                for one in self.sections
            ],
        }

    def as_text(self) -> str:
        """Return the report for people, as Markdown."""
        verdict = "Nothing leaked." if not self.leaks else f"{len(self.leaks)} LEAKS."
        lines = [
            "# Proof of isolation",
            "",
            f"Version {self.version}, begun {self.begun_at:%Y-%m-%d %H:%M} UTC. **{self.tried:,} tries. {verdict}**",
            "",
            "An institution of our own (*mine*) and a foreign one (*theirs*) with a row in every table. Everybody who"
            " has nothing to do with *theirs* tries every way to it.",
        ]
        for one in self.sections:
            answers = ", ".join(f"{name}: {count:,}" for name, count in one.answers.most_common())
            lines += ["", f"## {one.title}", "", one.meaning, "", f"{one.tried:,} tries ({answers})."]
            lines += [f"- LEAK: {leak}" for leak in one.leaks[:SHOWN]] or ["No leak."]
        return "\n".join(lines) + "\n"

    def write(self, folder: Path) -> Path:
        """Write both forms and return where the readable one is."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "isolation.json").write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1))
        path = folder / "isolation.md"
        path.write_text(self.as_text())
        return path
