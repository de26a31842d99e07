"""The bank's search for institutions: anything within a name is found, by a key that the walls let be used."""

import pytest

from tenants.models import Tenant
from tenants.onboarding import queries
from tenants.scope import bank_scope, execute, open_scope, rows, value
from tests import make
from ui.tables import TableQuery

_PLAN = (
    "explain select tenant_id from tenants_search where bank_id = $1 and suffix >= $2 and suffix < $2 || $3"
)


@pytest.fixture
async def auditor(db, bank):
    return await make.bank_staff(bank, "auditor")


async def found(bank, auditor, words):
    query = TableQuery(path="", q=words, sort="name")
    async with open_scope(bank_scope(bank.id)):
        names = [one["name"] for one in await queries.tenants(auditor, query)]
        assert await queries.count_tenants(auditor, query) == len(names)
    return names


@pytest.mark.parametrize(
    ("words", "is_there"),
    [
        ("kallang", True),
        ("LANG WHARF mgmt", False),
        ("lang wh", True),
        ("Wharf Management Pte", True),
        ("码头", True),
        ("头物", True),
        ("码", True),
        ("wharfs", False),
        ("%", False),
        ("g_w", False),
    ],
)
async def test_what_is_found(bank, auditor, words, is_there):
    await make.tenant(bank, name="Kallang Wharf Management Pte. Ltd.", short_name="码头物业")
    assert (await found(bank, auditor, words) == ["Kallang Wharf Management Pte. Ltd."]) == is_there


async def test_a_new_name_is_found_and_the_old_one_is_not(bank, auditor):
    tenant = await make.tenant(bank, name="Amber Point Council")
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(name="Beryl Point Council")
    assert await found(bank, auditor, "amber") == []
    assert await found(bank, auditor, "beryl p") == ["Beryl Point Council"]


async def test_another_bank_finds_nothing(bank, auditor):
    from tenants.ids import new_id  # noqa: PLC0415

    await make.tenant(bank, name="Amber Point Council")
    async with open_scope(bank_scope(new_id())):
        assert await rows("select 1 from tenants_search") == []


async def test_the_last_page_tells_how_many_there_are_and_one_beyond_it_counts(bank, auditor):
    for n in range(2):
        await make.tenant(bank, name=f"Cedar {n} Council")
    async with open_scope(bank_scope(bank.id)):
        for number, shown in ((1, ["Cedar 0 Council", "Cedar 1 Council"]), (2, [])):
            query = TableQuery(path="", q="cedar", sort="name", page=number)
            page = await queries.page_of_tenants(auditor, query)
            assert ([one["name"] for one in page.rows], page.total) == (shown, 2)


async def test_postgresql_reads_the_key_and_not_the_table(bank, auditor):
    """The control: a pattern on the same table cannot use any index behind the walls."""
    async with open_scope(bank_scope(bank.id)):
        await execute("set local enable_seqscan = off")
        plan = " ".join(row[0] for row in await rows(_PLAN, bank.id, "kallang", queries.LAST))
        assert "tenants_search_pkey" in plan
        assert "suffix >=" in plan.split("Index Cond")[1].split("Filter")[0]
        like = await rows(
            "explain select 1 from tenants_search where bank_id = $1 and suffix like 'kal%'", bank.id
        )
        assert "suffix >=" not in " ".join(row[0] for row in like)
        assert await value("select proleakproof from pg_proc where proname = 'text_ge'")
