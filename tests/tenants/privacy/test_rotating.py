"""Keys of sensitive fields rotate: everything is read by the new key alone, after any number of interruptions."""

from dataclasses import replace

import pytest

from billing.models import SettlementAccount
from billing.payments.orders import NUMBER
from billing.payments.settlement import provision_settlement
from deploy import rotating
from integrations.models import BankProvider
from integrations.sign_in.provider import PURPOSE, save_provider
from tenants import runtime as runtimes
from tenants.actor import system_actor
from tenants.runtime import runtime
from tenants.scope import Scope, bank_scope, execute, open_scope, tenant_scope, value
from tests import make

OLD, NEW = "old-field-key-0123456789", "new-field-key-0123456789"


@pytest.fixture
def keys(committed):
    """What sets the process's field keys, as settings would; the old ones come back."""
    before = runtime()

    def use(*given):
        runtimes.use(replace(before, field_keys=given))

    use(OLD)
    yield use
    runtimes.use(before)


@pytest.fixture
async def tenants(bank, db, keys):
    """Two institutions with an account each, and the bank's sign-in, all encrypted under the old key."""
    await save_provider(bank.id, "https://bank.test/oidc", "client", "a secret there")
    made = [await make.tenant(bank) for _ in range(2)]
    for tenant in made:
        async with open_scope(tenant_scope(tenant.id)):
            await provision_settlement(
                system_actor(tenant.id), tenant, bank_code="HRBRSGSG", account_name="A", currency="SGD",
                account_number="0123 4567 8901",
            )  # fmt: skip
    return made


async def number_of(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        account = await SettlementAccount.get(tenant_id=tenant.id)
        return runtime().decrypt(NUMBER, bytes(account.account_number))


async def test_everything_is_read_by_the_new_key_alone_afterwards(tenants, bank, keys):
    written = await number_of(tenants[0])
    keys(NEW, OLD)
    found = await rotating.renew_all()
    assert found["fields"]["billing_settlement_account.account_number"]["renewed"] >= 2
    keys(NEW)
    assert [await number_of(one) for one in tenants] == [written] * 2
    async with open_scope(bank_scope(bank.id)):
        kept = await BankProvider.get(bank_id=bank.id, is_active=True)
        assert runtime().decrypt(PURPOSE, bytes(kept.client_secret)) == "a secret there"
    again = await rotating.renew_all()
    assert "renewed" not in again["fields"]["billing_settlement_account.account_number"]


async def test_one_that_was_interrupted_goes_on_where_it_stopped(tenants, keys, monkeypatch):
    keys(NEW, OLD)
    renew, done = rotating._renew_row, []

    async def breaks_off(field, row):
        is_ours = field.name == "billing_settlement_account.account_number"
        if is_ours and "renewed" in done:
            raise ConnectionError
        found = await renew(field, row)
        done.extend([found] * is_ours)
        return found

    monkeypatch.setattr(rotating, "_renew_row", breaks_off)
    with pytest.raises(ConnectionError):
        await rotating.renew_all()
    monkeypatch.undo()
    found = (await rotating.renew_all())["fields"]["billing_settlement_account.account_number"]
    assert found["already"] >= 1, "what was renewed before is not touched again"
    assert found["renewed"] >= 1
    keys(NEW)
    assert [await number_of(one) for one in tenants]


async def test_a_lost_key_and_an_unknown_field_are_said_so(tenants, keys, monkeypatch):
    keys(NEW)
    lost = await rotating.renew_all()
    assert not lost["is_right"]
    assert lost["fields"]["billing_settlement_account.account_number"]["unreadable"] >= 2
    keys(NEW, OLD)
    known = {name: one for name, one in rotating.PURPOSES.items() if "rail_secret" not in name}
    async with open_scope(tenant_scope(tenants[0].id)):
        sealed = runtime().encrypt("whatever", "x")
        await execute(
            "update billing_settlement_account set rail_secret = $2 where tenant_id = $1",
            tenants[0].id,
            sealed,
        )
    monkeypatch.setattr(rotating, "PURPOSES", known)
    found = await rotating.renew_all()
    assert found["fields"]["billing_settlement_account.rail_secret"]["unknown"] >= 1
    assert not found["is_right"]


async def test_every_purpose_names_a_binary_column_that_there_is(owner):
    there = {
        f"{one['table_name']}.{one['column_name']}"
        for one in await owner.fetch(
            "select table_name, column_name from information_schema.columns where data_type = 'bytea'"
        )
    }
    assert set(rotating.PURPOSES) <= there


_STUCK = """
select not has_column_privilege('cloud_app', $1, $2, 'UPDATE') or exists (
  select 1 from pg_trigger t join pg_proc f on f.oid = t.tgfoid
   where t.tgrelid = $1::regclass and f.proname = 'refuse_change' and t.tgtype & 16 <> 0)
"""


async def test_no_encrypted_field_stands_where_nothing_may_be_written_any_more(db):
    """Else a rotation breaks off at the first row of it, and former keys can never go."""
    async with open_scope(Scope()):
        stuck = [name for name in rotating.PURPOSES if await value(_STUCK, *name.split("."))]
    assert stuck == []
