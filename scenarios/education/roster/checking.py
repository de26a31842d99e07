"""A bundle's records held against each other and against what is known: whose references lead nowhere."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from scenarios.education.kinds import GRADES
from scenarios.education.roster.findings import Findings
from scenarios.education.roster.reading import Parsed, Record
from scenarios.education.roster.specs import FILES, Field
from tenants.accounts.adding import sortable
from tenants.texts import Day
from ui.i18n import t

FAMILY_ROLES = frozenset({"guardian", "parent", "relative"})
_ORDER = list(GRADES)


@dataclass(frozen=True, slots=True)
class Known:
    """What the school has already: ids by file, who is known as family or as a student, which orgs are departments."""

    ids: Mapping[str, frozenset[str]] = field(default_factory=dict)
    family: frozenset[str] = frozenset()
    students: frozenset[str] = frozenset()


def check(parsed: Parsed, known: Known, now: date) -> None:
    """Take out the rows whose references lead nowhere, and note what is doubtful about the others."""
    for name, file in FILES.items():
        references = [one for one in file.fields if one.to]
        if name in parsed.records:
            ids = {one.to: _ids(parsed, known, one.to) for one in references}
            kept = [
                one for one in parsed.records[name] if _is_sound(name, one, references, ids, parsed.findings)
            ]
            parsed.records[name] = kept
    _look_at_ended(parsed, known)
    roles = parsed.records.get("roles", [])
    _look_at_roles(roles, parsed.findings, now)
    _look_at_agents(parsed, known.family | {r["user"] for r in roles if r["role"] in FAMILY_ROLES})
    _look_at_students(parsed, known.students | {r["user"] for r in roles if r["role"] == "student"})
    _look_at_classes(parsed)


def _ids(parsed: Parsed, known: Known, file: str) -> set[str]:
    return {one["sourced_id"] for one in parsed.records.get(file, [])} | known.ids.get(file, frozenset())


def _is_sound(
    file: str, record: Record, references: list[Field], ids: Mapping[str, set[str]], findings: Findings
) -> bool:
    is_sound = True
    for one in references:
        value = record[one.key]
        missing = [each for each in _listed(value) if each not in ids[one.to]]
        for each in missing:
            reason = t("is in no row of {file} and not known here", file=f"{one.to}.csv")
            (findings.refuse if one.missing == "refuse" else findings.warn)(
                file, record["row"], one.name, each, reason
            )
            is_sound = is_sound and one.missing != "refuse"
        if missing:
            record[one.key] = [v for v in value if v not in missing] if isinstance(value, list) else None
    return is_sound


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value] if value else []


def _look_at_ended(parsed: Parsed, known: Known) -> None:
    """Tell of what a delta ends and nobody knows: an id that is mistyped would leave the real one standing."""
    for file in sorted(known.ids):
        for one in parsed.records.get(file, []) if parsed.modes.get(file) == "delta" else ():
            if one["is_over"] and one["sourced_id"] not in known.ids[file]:
                text = t("is ended here, but was not known: is added as over")
                parsed.findings.warn(file, one["row"], "sourcedId", one["sourced_id"], text)


def _look_at_roles(roles: list[Record], findings: Findings, now: date) -> None:
    for one in roles:
        ended = date.fromisoformat(one["ends_on"]) if one["ends_on"] else None
        if one["role"] == "student" and ended and ended < now:
            text = t("ended on {day}: a pupil of the past, who gets no account", day=Day(ended))
            findings.warn("roles", one["row"], "endDate", one["ends_on"], text)


def _look_at_agents(parsed: Parsed, family: frozenset[str] | set[str]) -> None:
    for one in parsed.records.get("users", []):
        for agent in one["agents"]:
            if agent not in family:
                text = t("has no role as guardian, parent or relative: is not taken as one")
                parsed.findings.warn("users", one["row"], "agentSourcedIds", agent, text)
        one["agents"] = [agent for agent in one["agents"] if agent in family]


def _look_at_students(parsed: Parsed, students: frozenset[str] | set[str]) -> None:
    for one in parsed.records.get("enrollments", []):
        if one["role"] == "student" and one["user"] not in students:
            text = t("is enrolled as a student without having that role: gets no account")
            parsed.findings.warn("enrollments", one["row"], "userSourcedId", one["user"], text)


def _look_at_classes(parsed: Parsed) -> None:
    kinds = {one["sourced_id"]: one["kind"] for one in parsed.records.get("orgs", [])}
    for one in parsed.records.get("classes", []):
        one["sort_key"] = class_key(one["title"], one["grades"])
        if kinds.get(one["org"]) == "department":
            text = t("is a department, not a school")
            parsed.findings.warn("classes", one["row"], "schoolSourcedId", one["org"], text)


def class_key(title: str, grades: str) -> str:
    """Return a key by which classes stand in the order of their grades, and within one by their names."""
    first = grades.split(",", maxsplit=1)[0].strip().lstrip("0")
    place = _ORDER.index(first) if first in _ORDER else len(_ORDER)
    return f"{place:02d} {sortable(title)}"[:60]
