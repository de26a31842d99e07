"""What is from one day until another: both days belong to it, in Python and in SQL, and one place asks."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from tenants.models import Holder
from tenants.scope import NOTHING, open_scope, value

ROOT = Path(__file__).parents[2]
DAY = date(2026, 3, 10)
NEXT, BEFORE = DAY + timedelta(days=1), DAY - timedelta(days=1)
BY_HAND = re.compile(
    r"\b(until|ends_on|closed_on) is null\s+or\s+(not \S+ or )?\S*\1 >|\.until is None or \S+\.until >="
)
ALLOWED = {
    "tenants/models/people.py": "the one place in Python",
    "deploy/migrations": "what was applied stays, and the functions are made in one",
}


@pytest.mark.parametrize(
    ("until", "is_so"), [(None, True), (DAY, True), (NEXT, True), (BEFORE, False)], ids=str
)
async def test_its_last_day_belongs_to_it(db, until, is_so):
    assert Holder(until=until).lasts(DAY) is is_so
    async with open_scope(NOTHING):
        assert await value("select lasts($1::date, $2)", until, DAY) is is_so
        assert await value("select covers(null, $1, $2)", until, DAY) is is_so


@pytest.mark.parametrize(
    ("since", "is_so"), [(None, True), (BEFORE, True), (DAY, True), (NEXT, False)], ids=str
)
async def test_and_so_does_its_first(db, since, is_so):
    async with open_scope(NOTHING):
        assert await value("select covers($1, null, $2)", since, DAY) is is_so
        assert await value("select covers($1, $1, $2)", since, DAY) is (since in (None, DAY))


@pytest.mark.parametrize(
    "asked",
    ["lasts(h.until, day_of(h.tenant_id))", "covers(h.since, h.until, day_of(h.tenant_id))"],
)
async def test_the_plan_has_the_comparison_and_no_call(owner, asked):
    """A call for each row would cost a bill run a second in a million; its day would be asked twice."""
    written = "\n".join(
        line for (line,) in await owner.fetch(f"explain verbose select 1 from tenants_holder h where {asked}")
    )
    assert written.count("day_of(h.tenant_id") == 1
    assert asked.split("(")[0] + "(" not in written


def test_nothing_else_compares_a_last_day():
    folders = ("tenants", "billing", "integrations", "scenarios", "deploy")
    found = {
        f"{path.relative_to(ROOT)}: {at[0]}"
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if (at := BY_HAND.search(path.read_text()))
        and not str(path.relative_to(ROOT)).startswith(tuple(ALLOWED))
    }
    assert not found, "ask lasts() or covers(), in SQL or of the holder"


@pytest.mark.parametrize(
    "words",
    [
        "(h.until is null or h.until > day_of($1))",
        "n.until is null or n.until >= $2",
        "(a.closed_on is null or not a.is_active or a.closed_on >= $9::date)",
        "if one.until is None or one.until >= now",
    ],
)
def test_the_sweep_would_notice(words):
    assert BY_HAND.search(words)
    assert not BY_HAND.search(
        "lasts(h.until, day_of($1)) and x.until >= day_of(x.tenant_id) and h.until is null"
    )
