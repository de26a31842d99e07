"""What is kept about a person is told in words: every table that people read, every column, every code."""

import sys

import pytest
from tortoise.models import Model

from tenants.privacy import everything, words
from tests import make
from ui.i18n import use_locale

READABLE = """
select tablename from pg_policies where schemaname = 'public' and cmd in ('SELECT', 'ALL')
   and qual ~ 'scope_person|scope_accounts|scope_is\\(''person'
"""
pytestmark = pytest.mark.usefixtures("app")
"""Every package tells the words of its own tables when the house is put together."""
MACHINES = ("BinaryField", "UUIDField")


def models_of(kind: type[Model]) -> dict[str, type[Model]]:
    """Every model of a module by its table; those that migrations make for their time are of none."""
    found: dict[str, type[Model]] = {}
    for one in kind.__subclasses__():
        found |= models_of(one)
        is_of_module = getattr(sys.modules.get(one.__module__), one.__name__, None) is one
        if is_of_module and one._meta.db_table and not one._meta.abstract:
            found[one._meta.db_table] = one
    return found


def columns_of(table: str) -> list[str]:
    fields = models_of(Model)[table]._meta.fields_map
    return [
        name
        for name, field in fields.items()
        if type(field).__name__ not in MACHINES
        and not getattr(field, "related_model_name", "")
        and not any(part in name for part in everything.SECRET)
    ]


async def test_every_kind_of_row_that_people_read_has_a_name(owner):
    readable = {row["tablename"] for row in await owner.fetch(READABLE)}
    assert len(readable) > 40
    told = set(words.tables()) | everything.ABOUT_NOBODY
    assert " ".join(sorted(readable - told)) == ""


def test_no_column_is_shown_under_its_name_in_the_database():
    told = {
        table: words.lacking(table, columns_of(table)) for table in words.tables() if table != words.TRAIL
    }
    assert {table: names for table, names in told.items() if names} == {}


def test_codes_are_told_as_pages_tell_them():
    line = {
        "inputs": {"flat_type": "4-room", "balance:arrears": "13100", "quantity:months_in_arrears": "2"},
        "period": "2026-11-01",
    }
    assert words.lines_of("billing_bill_line", line | {"currency": "SGD"}, {}) == [
        "Worked out from: Flat type 4-room, arrears SGD\N{NO-BREAK SPACE}131.00, months in arrears 2",
        "Month: November 2026",
    ]
    with use_locale("zh_CN"):
        told = words.lines_of(
            "community_work_order", {"status": "done", "kind": "repair", "checklist": []}, {}
        )
        assert told == ["状态：已完成", "类型：报修"]
        assert words.lines_of("community_notice", {"status": "published"}, {}) == ["状态：已发布"]
        assert words.lines_of("education_leave", {"cause": "family"}, {}) == ["原因：家中有事"]


async def test_nothing_about_a_place_counts_as_about_a_person(db, bank):
    tenant = await make.tenant(bank)
    person = await make.person("Ann Tan")
    await make.holder(await make.account(tenant, "A-1"), person)
    assert not everything.ABOUT_NOBODY.intersection(await everything.about(person.id))
