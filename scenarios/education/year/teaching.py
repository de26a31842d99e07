"""Who teaches each class of the next year: whoever taught it goes along, stays with the grade, or somebody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.lists import uuid_of
from scenarios.education.classes import services
from scenarios.education.classes.queries import IS_IN, STAFF
from scenarios.education.year.proposing import Closing, Step, beginners
from tenants.actor import Actor
from tenants.scope import execute, rows
from ui.i18n import N_, Text, t

ALONG, STAYS, NOBODY = "along", "stays", ""
HABITS = {
    ALONG: N_("Go along with their class"),
    STAYS: N_("Stay with the grade"),
    "nobody": N_("Nobody yet"),
}
"""What schools do with their class teachers at a year's end."""
_TAUGHT = f"""
select c.id, lower(c.title) title, u.id user_id, u.name
  from education_class c
  join education_enrolment e on e.tenant_id = $1 and e.class_id = c.id and e.role = 'teacher' and {IS_IN}
  join education_user u on u.tenant_id = $1 and u.id = e.user_id
 where c.tenant_id = $1 and c.kind = 'homeroom' and c.closed_on is null
 order by c.sort_key, e.is_primary desc, u.name
"""
_TEACH = """
insert into education_enrolment (tenant_id, sourced_id, class_id, user_id, role, is_primary, begins_on)
select distinct on (c.id, x.user_id) $1, 'local:teacher:' || c.id || ':' || x.user_id, c.id, x.user_id, 'teacher', true,
       $3::date + 1
  from unnest($4::text[], $5::uuid[]) x (title, user_id)
  join education_class c on c.tenant_id = $1 and c.sourced_id = 'local:' || $2::int || ':' || lower(x.title)
"""


@dataclass(frozen=True, slots=True)
class Teachers:
    """Those who teach today, by class and by its title, and whom the school has on its staff."""

    by_class: Mapping[UUID, list[tuple[UUID, str]]]
    by_title: Mapping[str, list[tuple[UUID, str]]]
    staff: list[tuple[str, str]]

    def choices(self, step: Step, next_title: str) -> list[tuple[str, Text | str]]:
        """Return who can teach the next class: those of today by name, then the staff."""
        along, stays = self._names(self.by_class.get(step.class_id)), self._names(self._of(next_title))
        found: list[tuple[str, Text | str]] = []
        if along and step.title.lower() != next_title.lower():
            found.append((ALONG, t("Goes along: {names}", names=along)))
        if stays:
            found.append((STAYS, t("Stays with the grade: {names}", names=stays)))
        return [*found, *self.staff]

    def proposed(self, step: Step, next_title: str, habit: str) -> str:
        """Return what a habit makes of a class; nobody where there is nobody of whom it could be said."""
        known = [key for key, _ in self.choices(step, next_title)]
        return habit if habit in {ALONG, STAYS} and habit in known else NOBODY

    def _of(self, title: str) -> list[tuple[UUID, str]]:
        return self.by_title.get(title.lower(), [])

    def _names(self, found: list[tuple[UUID, str]] | None) -> str:
        return ", ".join(name for _, name in found or [])

    def resolve(self, choice: str, step: Step, next_title: str) -> list[UUID]:
        """Return the roster's people whom a choice means; a member of staff is none of them yet."""
        meant = {ALONG: self.by_class.get(step.class_id, []), STAYS: self._of(next_title)}
        return [user_id for user_id, _ in meant.get(choice, [])]


async def teachers(tenant_id: UUID) -> Teachers:
    """Return who teaches today and who could."""
    by_class: dict[UUID, list[tuple[UUID, str]]] = {}
    by_title: dict[str, list[tuple[UUID, str]]] = {}
    for one in await rows(_TAUGHT, tenant_id):
        by_class.setdefault(one["id"], []).append((one["user_id"], one["name"]))
        by_title.setdefault(one["title"], []).append((one["user_id"], one["name"]))
    staff = [(str(one["id"]), str(one["name"])) for one in await rows(STAFF, tenant_id)]
    return Teachers(by_class, by_title, staff)


def nexts(steps: list[Step], closing: Closing) -> list[tuple[str, Step, str]]:
    """Return every class that there is next year: the name of its field, today's class, and its title."""
    up = [(f"class_{step.class_id}", step, closing.titles.get(step.class_id, "")) for step in steps]
    new = [
        (f"begins_{step.class_id}", step, closing.begins.get(step.class_id, "")) for step in beginners(steps)
    ]
    return [one for one in (*up, *new) if one[2]]


async def put_down(actor: Actor, closing: Closing, steps: list[Step], known: Teachers) -> None:
    """Put everybody down for the classes that have just been made, from the day after the last one."""
    titles: list[str] = []
    users: list[UUID] = []
    for name, step, title in nexts(steps, closing):
        for user_id in await _meant(actor, closing.teachers.get(name, NOBODY), step, title, known):
            titles.append(title)
            users.append(user_id)
    await execute(_TEACH, actor.tenant_id, closing.year, closing.last_on, titles, users)


async def _meant(actor: Actor, choice: str, step: Step, title: str, known: Teachers) -> list[UUID]:
    member = uuid_of(choice)
    if member is not None:
        return [await services.teacher_of(actor, member)]
    return known.resolve(choice, step, title)


def without(steps: list[Step], closing: Closing, known: Teachers) -> list[str]:
    """Return the titles of next year's classes that nobody teaches."""
    taught: dict[str, bool] = {}
    for name, step, title in nexts(steps, closing):
        choice = closing.teachers.get(name, NOBODY)
        is_taught = uuid_of(choice) is not None or bool(known.resolve(choice, step, title))
        taught[title] = taught.get(title, False) or is_taught
    return [title for title, is_taught in taught.items() if not is_taught]


def labelled(choices: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return choices as words by value, for whoever shows the form again without its page."""
    return {NOBODY: t("Nobody yet")} | dict(choices)
