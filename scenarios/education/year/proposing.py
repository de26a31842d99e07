"""What a school year's end is made of: what becomes of each class, and which classes begin with new pupils."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from scenarios.education.kinds import GRADES
from tenants.scope import rows

ORDER = list(GRADES)
_CLASSES = """
select c.id, c.title, split_part(c.grades, ',', 1) grade,
       (select count(*) from education_enrolment e where e.tenant_id = $1 and e.class_id = c.id and e.role = 'student'
           and e.closed_on is null)::int pupils
  from education_class c where c.tenant_id = $1 and c.kind = 'homeroom' and c.closed_on is null
 order by c.sort_key, c.title
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One home class and what is proposed for it: the next grade under the same letter, or the end of school."""

    class_id: UUID
    title: str
    grade: str
    pupils: int
    next_grade: str
    next_title: str

    @property
    def next_key(self) -> str:
        """Return the title under which a class of the next year is found, whatever its capitals."""
        return self.next_title.lower()


@dataclass(frozen=True, slots=True)
class Closing:
    """How a year is closed: the next title of each home class, empty for those who leave.

    ``begins`` names classes that begin with new pupils, by the class of today that they are like; ``teachers`` says who
    teaches each class next (see ``teaching``), by ``class_…`` and ``begins_…`` with today's class.
    """

    year: int
    last_on: date
    titles: Mapping[UUID, str]
    begins: Mapping[UUID, str] = field(default_factory=dict)
    teachers: Mapping[str, str] = field(default_factory=dict)


async def propose(tenant_id: UUID) -> list[Step]:
    """Return every home class with its next one; the highest grade of the school leaves."""
    found = [dict(one) for one in await rows(_CLASSES, tenant_id)]
    places = [place_of(one["grade"]) for one in found]
    highest = max(places, default=-1)
    return [_step(one, place, is_last=place == highest) for one, place in zip(found, places, strict=True)]


def place_of(grade: str) -> int:
    """Return where a grade stands in the order of grades; -1 for one that is none of them."""
    plain = grade.strip().lstrip("0")
    return ORDER.index(plain) if plain in ORDER else -1


def _step(one: Mapping[str, Any], place: int, *, is_last: bool) -> Step:
    after = "" if is_last or not 0 <= place < len(ORDER) - 1 else ORDER[place + 1]
    grade = ORDER[place] if place >= 0 else ""
    title = re.sub(rf"^0*{re.escape(grade)}(?!\d)", after, one["title"], count=1) if after and grade else ""
    return Step(one["id"], one["title"], grade, one["pupils"], after, title)


def beginners(steps: list[Step]) -> list[Step]:
    """Return the classes whose title no other class takes over: next year they begin with new pupils."""
    taken = {step.next_key for step in steps}
    return [step for step in steps if step.grade and step.title.lower() not in taken]
