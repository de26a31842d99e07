"""A person becomes the holder whose code they have, once and nobody else's."""

from datetime import date
from uuid import UUID

import pytest

from tenants.accounts import codes
from tenants.accounts.confirmation import confirm_holder
from tenants.models import Account, Audit, Holder
from tenants.scope import open_scope, person_scope, tenant_scope
from tests import make
from ui.errors import Conflict, Invalid, TooMany


async def printed(bank, **given) -> tuple[Holder, str]:
    account = await make.account(await make.tenant(bank))
    held = await make.holder(account, None, **given)
    async with open_scope(tenant_scope(held.tenant_id)):
        await codes.ensure_codes(held.tenant_id, [account.id])
    return held, codes.confirmation_code(held)


async def acts(tenant_id: UUID) -> list[str]:
    async with open_scope(tenant_scope(tenant_id)):
        return [one.act for one in await Audit.filter(tenant_id=tenant_id, act__startswith="holder.")]


async def test_the_code_on_the_bill_opens_the_account(db, bank):
    held, code = await printed(bank)
    ann = await make.person("Ann")
    async with open_scope(person_scope(ann.id)):
        assert await Account.all().count() == 0
    typed = f" {code.lower().replace('-', ' ')} "
    done = await confirm_holder(make.payer(ann), typed)
    assert (done.id, done.person_id, done.confirmed_at is not None) == (held.id, ann.id, True)
    async with open_scope(person_scope(ann.id)):
        assert [a.id for a in await Account.all()] == [held.account_id]
    again = await confirm_holder(make.payer(ann), code)
    assert again.confirmed_at == done.confirmed_at
    assert await acts(held.tenant_id) == ["holder.confirmed"]


async def test_somebody_else_is_refused_and_it_is_written_down(db, bank):
    held, code = await printed(bank)
    ann, eve = await make.person("Ann"), await make.person("Eve")
    await confirm_holder(make.payer(ann), code)
    with pytest.raises(Conflict, match="Somebody else has already"):
        await confirm_holder(make.payer(eve), code)
    async with open_scope(tenant_scope(held.tenant_id)):
        assert (await Holder.get(id=held.id)).person_id == ann.id
    assert sorted(await acts(held.tenant_id)) == ["holder.confirmation_refused", "holder.confirmed"]


async def test_a_past_holder_gets_nothing(db, bank):
    held, code = await printed(bank)
    async with open_scope(tenant_scope(held.tenant_id)):
        await Holder.filter(id=held.id).update(until=date(2020, 1, 1))
    with pytest.raises(Conflict, match="no longer held"):
        await confirm_holder(make.payer(await make.person()), code)


async def test_a_code_that_was_never_printed_opens_nothing(db, bank):
    held = await make.holder(await make.account(await make.tenant(bank)), None)
    with pytest.raises(Invalid, match="not known"):
        await confirm_holder(make.payer(await make.person()), codes.confirmation_code(held))


async def test_mistyped_codes_are_free_and_wrong_ones_run_out(db, bank):
    held, code = await printed(bank)
    eve = make.payer(await make.person("Eve"))
    mistyped = code[:-1] + ("2" if code[-1] != "2" else "3")
    for _ in range(8):
        with pytest.raises(Invalid, match="mistyped or not complete"):
            await confirm_holder(eve, mistyped)
    others = [await make.holder(await make.account(await make.tenant(bank)), None) for _ in range(6)]
    for other in others[:5]:
        with pytest.raises(Invalid, match="not known"):
            await confirm_holder(eve, codes.confirmation_code(other))
    with pytest.raises(TooMany):
        await confirm_holder(eve, code)
    async with open_scope(tenant_scope(held.tenant_id)):
        assert (await Holder.get(id=held.id)).person_id is None
