"""A union takes banks in, each a legal entity of its own; the union sees totals and nothing beneath."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from integrations.bank_structure import founding, pages
from integrations.bank_structure.founding import NewBank
from integrations.sign_in import people
from integrations.sign_in.provider import provider_for
from tenants.ids import new_id
from tenants.models import Bank, Branch
from tenants.scope import Scope, bank_scope, open_scope, rows
from tests import make
from tests.page import inspect
from ui.errors import Forbidden, Invalid, NotFound
from ui.i18n import t

GIVEN = NewBank(
    slug="county-one", name="一县农商银行", name_en="County One Rural Bank", country="cn", accent="#1D4F91",
    issuer="https://county.test/oidc", client_id="us", client_secret="a secret there", staff_number="H1",
    admin_name="Zhou Lan", admin_email="zhou@county.example",
)  # fmt: skip
_MADE = (
    "insert into tenants_bank (id, slug, name, name_en, accent, country, union_id)"
    " values ($1, $2, '名', $3, '#1d4f91', 'CN', $4)"
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def union(settings, migrated) -> AsyncIterator[make.Bank]:
    """A union with one member, written by the owner as ``cloud bank`` does; other tests know of one bank."""
    import asyncpg  # noqa: PLC0415

    from deploy import database  # noqa: PLC0415

    owner = await asyncpg.connect(**database.credentials(settings.database_owner_url.get_secret_value()))
    made = make.Bank(new_id(), new_id(), f"union-{new_id().hex[-6:]}")
    async with owner.transaction():
        await owner.execute("select scope_set('operator', 'on')")
        await owner.execute(_MADE, made.id, made.slug, "Provincial Union", None)
        await owner.execute(_MADE, new_id(), f"{made.slug}-first", "First Member", made.id)
    yield made
    async with owner.transaction():
        await owner.execute("select scope_set('operator', 'on')")
        await owner.execute("delete from tenants_bank where union_id = $1", made.id)
        await owner.execute("delete from tenants_bank where id = $1", made.id)
    await owner.close()


@pytest.fixture
async def chief(db, union):
    return await make.bank_staff(union, "administrator", "Union Chief")


@pytest.fixture
def answering(monkeypatch):
    async def there(issuer):
        if "nowhere" in issuer:
            raise Invalid(
                "bank.issuer", t("There is no such union."), fields={"issuer": t("There is no such union.")}
            )

    monkeypatch.setattr(pages, "check_issuer", there)


async def test_a_union_takes_a_bank_in_and_its_first_person_can_begin(client, union, chief):
    async with open_scope(bank_scope(union.id)):
        made = await founding.add_member(chief, GIVEN)
        assert made.id in {one.id for one in await founding.members(chief)}
        with pytest.raises(Invalid, match="slug"):
            await founding.add_member(chief, GIVEN)
        with pytest.raises(Invalid, match="slug"):
            await founding.add_member(chief, replace(GIVEN, slug="No Good"))
    assert (await provider_for(made.id)).issuer == GIVEN.issuer
    async with open_scope(bank_scope(made.id)):
        assert (await Branch.get(bank_id=made.id)).code == founding.HEAD_OFFICE
    identity = await people.find(GIVEN.issuer, GIVEN.staff_number)
    await make.sign_in(client, identity.person_id)
    assert (await client.get("/bank/county-one/staff")).status_code == 200
    assert (await client.get(f"/bank/{union.slug}")).status_code == 404


async def test_who_is_no_union_takes_nobody_in(union, chief, bank):
    other = await make.bank_staff(bank, "administrator")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(NotFound):
            await founding.add_member(other, GIVEN)
        with pytest.raises(Exception, match="row-level security"):
            async with open_scope(bank_scope(bank.id)):
                await Bank.create(
                    id=new_id(), slug="sly", name="x", name_en="x", accent="#000000", country="CN",
                    union_id=bank.id,
                )  # fmt: skip
    supervisor = await make.bank_staff(union, "union_supervisor")
    async with open_scope(bank_scope(union.id)):
        with pytest.raises(Forbidden):
            await founding.add_member(supervisor, GIVEN)


async def test_the_union_sees_its_members_totals_and_no_row_beneath(client, union, chief, bank):
    """Three people: the union's supervisor, the member's own auditor, and somebody of another bank."""
    async with open_scope(bank_scope(union.id)):
        member = await founding.add_member(chief, GIVEN)
    async with open_scope(bank_scope(member.id)):
        branch = await Branch.get(bank_id=member.id)
    place = make.Bank(member.id, branch.id, member.slug)
    tenant = await make.tenant(place)
    supervisor = await make.bank_staff(union, "union_supervisor")
    own, stranger = await make.bank_staff(place, "auditor"), await make.bank_staff(bank, "auditor")
    async with open_scope(bank_scope(union.id)):
        for table in ("tenants_tenant", "billing_day_figure", "tenants_application", "billing_complaint"):
            assert await rows(f"select 1 from {table} limit 1") == [], table
        assert await rows("select n from tenants_tenant_count where bank_id = $1", member.id), "its totals"
    paths = (f"/bank/{member.slug}/tenants/{tenant.id}", f"/bank/{member.slug}/board", f"/t/{tenant.slug}")
    await make.sign_in(client, supervisor.person_id)
    board = await client.get(f"/bank/{union.slug}/board")
    inspect(board.text)
    assert GIVEN.name_en in board.text
    assert tenant.name not in board.text
    assert [(await client.get(path)).status_code for path in paths] == [404, 404, 404]
    await make.sign_in(client, own.person_id)
    assert [(await client.get(path)).status_code for path in paths] == [200, 200, 404]
    await make.sign_in(client, stranger.person_id)
    assert [(await client.get(path)).status_code for path in paths] == [404, 404, 404]
    assert (await client.get(f"/bank/{union.slug}/members")).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, union, chief, answering, language):
    headers = {"Accept-Language": language}
    await make.sign_in(client, chief.person_id)
    door = f"/bank/{union.slug}/members"
    inspect((await client.get(door, headers=headers)).text)
    typed = {name: getattr(GIVEN, name) for name in NewBank.__dataclass_fields__} | {"slug": "county-two"}
    assert (await client.post(door, data=typed | {"issuer": "https://nowhere.test"})).status_code == 422
    assert (await client.post(door, data=typed | {"country": "china"})).status_code == 422
    assert (await client.post(door, data=typed)).status_code == 303
    assert "County One" in (await client.get(door)).text
    door = f"/bank/{union.slug}/sign-in"
    inspect((await client.get(door, headers=headers)).text)
    kept = {"issuer": "https://union.test", "client_id": "a", "client_secret": "b-secret-c"}
    assert (await client.post(door, data=kept)).status_code == 303
    assert "https://union.test" in (await client.get(door)).text
    assert "b-secret-c" not in (await client.get(door)).text
    async with open_scope(Scope()):
        assert await rows("select 1 from tenants_bank where slug = 'county-two'")
