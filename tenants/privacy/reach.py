"""By what a person's rows can be found in a table, read off the walls that let them be seen.

The walls alone would do, and are asked in any case. But a wall says first whose institution a row is of, so that all
that a large one has in a table would be gone through for the few rows of one person, and for each of them a function
asked whether the bill it belongs to may be seen. Here is what every row that gets through must have: it is of one of
the person's accounts, of the person, or of a row that they see. Whatever is not understood narrows nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenants.scope import rows

_POLICIES = """
select tablename::text "table", array_agg(qual order by policyname) walls from pg_policies
 where schemaname = 'public' and permissive = 'PERMISSIVE' and cmd in ('SELECT', 'ALL') group by 1
"""
_LOOKS = (
    r"select proname::text name, prosrc source from pg_proc where prosrc ~ '\.id = of_' and prosrc !~ ' or '"
)

_PERSON = "scope_is('person'::text) AS scope_is) AND "
_OTHERS = re.compile(r"scope_is\('(?!person)|scope_(tenant|bank|vendor|secret)\(\)|home_(bank|branch)\(\)")
"""What stands in a wall for somebody else, who is not the scope's when it is a person's."""
_MINE = re.compile(r"\b(\w+) = ANY \(\( SELECT scope_accounts\(\)")
_SELF = re.compile(r"\b(\w+) = \( SELECT scope_person\(\)")
_TOUCHED = re.compile(r"\b(\w+) = ANY \(\( SELECT CASE WHEN scope_is\('person'::text\) THEN touching\(\)")
_ASKED = re.compile(r"\b(\w+_\d+)\(")
_LOOK = re.compile(r"from (\w+) (\w) where \2\.tenant_id = of_tenant_id and \2\.id = of_(\w+)")


@dataclass(frozen=True, slots=True)
class Way:
    """A column of alias ``t`` and what it must be; with a ``parent``, the id of a row there that the person sees."""

    column: str
    among: str = ""
    parent: str = ""


async def ways() -> Mapping[str, Sequence[Way] | None]:
    """Return by what a person's rows are found in each table: each has one of these. None where it is not known.

    A table that lets in no person at all has no ways.
    """
    looks = {each["name"]: each["source"] for each in await rows(_LOOKS)}
    return {each["table"]: _ways(each["walls"], looks) for each in await rows(_POLICIES)}


def _ways(walls: Sequence[str], looks: Mapping[str, str]) -> Sequence[Way] | None:
    found = [_way(part, looks) for wall in walls for part in _persons(wall)]
    known = [way for way in dict.fromkeys(found) if way]
    return known if None not in found else None


def _persons(wall: str) -> Sequence[str]:
    """Return what a wall asks of a row that a person is to see, any of these; nothing when it lets in others alone."""
    wall = " ".join(wall.split())
    _, is_named, part = wall.partition(_PERSON)
    if is_named:
        return [part.partition(" OR (( SELECT scope_is(")[0]]
    return [branch for branch in wall.split(" OR ") if not _OTHERS.search(branch)]


def _way(part: str, looks: Mapping[str, str]) -> Way | None:
    if " OR " in part:
        return None
    if found := _MINE.search(part):
        return Way(found[1], "any ((select scope_accounts())::uuid[])")
    if found := _SELF.search(part):
        return Way(found[1], "(select scope_person())")
    if found := _TOUCHED.search(part):
        return Way(found[1], "any ((select touching())::uuid[])")
    for name in _ASKED.findall(part):
        if found := _LOOK.search(looks.get(name, "")):
            return Way(found[3], parent=found[1])
    return None
