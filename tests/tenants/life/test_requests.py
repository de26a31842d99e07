"""Acts about an institution: one person asks, another decides, a changed target voids, a cooling-off can be left."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from billing.institution import account_change
from billing.models import FeeItem, SettlementAccount
from tenants.ids import new_id
from tenants.life import acts, services
from tenants.life.acts import NothingForm, RepresentativeForm, SuspendForm
from tenants.life.kinds import KINDS
from tenants.models import Audit, BankPolicy, BankRequest, Notice, Tenant
from tenants.scope import bank_scope, execute, open_scope, tenant_scope
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound

WHY = "Complaints of three payers in a week."


@pytest.fixture(autouse=True)
def registered():
    acts.register()
    account_change.register()


@pytest.fixture
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest.fixture
async def staff(db, bank):
    return await make.bank_staff(bank, "operations"), await make.bank_staff(bank, "reviewer", "Second")


def suspension(**given):
    return SuspendForm.model_validate(
        {"word_to_payers": "Please ask the bank.", "takes_payments": False} | given
    )


async def asked(bank, staff, tenant, kind="suspend", form=None) -> BankRequest:
    async with open_scope(bank_scope(bank.id)):
        return await services.ask(staff[0], tenant.id, KINDS[kind], form or suspension(), WHY)


async def test_one_asks_and_another_decides(bank, staff, tenant):
    made = await asked(bank, staff, tenant)
    both = replace(staff[0], permissions=staff[0].permissions | staff[1].permissions)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden, match="own"):
            await services.decide(both, made.id, is_approved=True, reason="")
        with pytest.raises(Forbidden, match="permission"):
            await services.decide(staff[0], made.id, is_approved=True, reason="")
        assert (await services.decide(staff[1], made.id, is_approved=True, reason="")).status == "done"
        found = await Tenant.get(id=tenant.id)
        assert (found.status, found.takes_payments) == ("suspended", False)
        assert found.word_to_payers == "Please ask the bank."


async def test_the_database_itself_wants_two_people(bank, staff, tenant):
    """The control: without the service, PostgreSQL still refuses one person on both sides."""
    made = await asked(bank, staff, tenant)
    with pytest.raises(Exception, match="two_check"):
        async with open_scope(bank_scope(bank.id)):
            await execute(
                "update tenants_bank_request set status = 'done', decided_by = asked_by where id = $1",
                made.id,
            )


async def test_the_same_is_asked_for_once(bank, staff, tenant):
    await asked(bank, staff, tenant)
    with pytest.raises(Conflict, match="twice"):
        await asked(bank, staff, tenant)


async def test_what_has_changed_meanwhile_voids_a_request(bank, staff, tenant):
    made = await asked(bank, staff, tenant)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(status="closing")
        assert (await services.decide(staff[1], made.id, is_approved=True, reason="")).status == "void"
        assert (await Tenant.get(id=tenant.id)).status == "closing"


async def test_what_nobody_decided_for_thirty_days_is_void(bank, staff, tenant):
    made = await asked(bank, staff, tenant)
    async with open_scope(bank_scope(bank.id)):
        await BankRequest.filter(id=made.id).update(created_at=datetime.now(UTC) - timedelta(days=31))
        assert (await services.decide(staff[1], made.id, is_approved=True, reason="")).status == "void"
        assert (await Tenant.get(id=tenant.id)).status == "live"


async def test_resuming_brings_everything_back(bank, staff, tenant):
    made = await asked(bank, staff, tenant)
    async with open_scope(bank_scope(bank.id)):
        await services.decide(staff[1], made.id, is_approved=True, reason="")
    again = await asked(bank, staff, tenant, "resume", NothingForm())
    async with open_scope(bank_scope(bank.id)):
        await services.decide(staff[1], again.id, is_approved=True, reason="")
        found = await Tenant.get(id=tenant.id)
        assert (found.status, found.takes_payments, found.word_to_payers) == ("live", True, "")


async def test_a_new_account_cools_off_and_the_contact_of_record_is_told_first(bank, staff, tenant):
    async with open_scope(bank_scope(bank.id)):
        await BankPolicy.create(
            bank_id=bank.id, before_approval=[], before_live=[], weights={}, cooling_days=2
        )
    kind = KINDS["account"]
    form = kind.form(bank_code="HARBSGSG", account_name=tenant.name, account_number="777-888-999")
    made = await asked(bank, staff, tenant, "account", form)
    assert "777" not in str(made.facts)
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Notice.get(template="bank_request")).recipient == tenant.contact_email
    async with open_scope(bank_scope(bank.id)):
        decided = await services.decide(staff[1], made.id, is_approved=True, reason="Called back.")
        assert decided.status == "approved"
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        assert not await SettlementAccount.filter(tenant_id=tenant.id).exists(), "two days have not passed"
    await let_it_cool(bank, tenant, made)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        assert (await SettlementAccount.get(tenant_id=tenant.id, status="active")).account_mask == "•••• 8999"
    async with open_scope(bank_scope(bank.id)):
        assert (await BankRequest.get(id=made.id)).status == "done"
        assert "777888999" not in str(await Audit.filter(bank_id=bank.id).values("after"))


async def account_of(tenant, mask, *, fee: str = "") -> SettlementAccount:
    """Open an account, to which a fee is paid where one is named."""
    async with open_scope(tenant_scope(tenant.id)):
        made = await SettlementAccount.create(
            tenant_id=tenant.id, currency=tenant.currency, bank_code="OLDBANK", account_name=tenant.name,
            account_number=b"", account_mask=f"•••• {mask}", created_at=datetime.now(UTC) - timedelta(days=9),
        )  # fmt: skip
        if fee:
            await FeeItem.create(
                tenant_id=tenant.id, scenario=tenant.scenarios[0], key=fee, names={"en": fee}, account_kinds=[],
                currency=tenant.currency, settlement_account_id=made.id,
            )  # fmt: skip
    return made


async def without_cooling(bank):
    async with open_scope(bank_scope(bank.id)):
        await BankPolicy.create(
            bank_id=bank.id, before_approval=[], before_live=[], weights={}, cooling_days=0
        )


def replacing(tenant, old) -> BaseModel:
    form = KINDS["account"].form
    return form(
        bank_code="HARBSGSG", account_name=tenant.name, account_number="777-888-999", replaces=str(old.id)
    )


async def test_who_decides_on_another_account_sees_the_one_that_it_replaces(bank, staff, tenant, client):
    await account_of(tenant, "2222")
    old = await account_of(tenant, "1111")
    made = await asked(bank, staff, tenant, "account", replacing(tenant, old))
    await make.sign_in(client, staff[1].person_id)
    shown = text_of(inspect((await client.get(f"/bank/{bank.slug}/requests/{made.id}")).text))
    assert "OLDBANK → HARBSGSG" in shown
    assert "•••• 1111 → •••• 8999" in shown
    assert f"{tenant.name} →" not in shown, "what stays is said once"
    assert str(old.id) not in shown


async def test_a_new_account_takes_the_place_of_the_one_that_it_replaces_alone(bank, staff, tenant):
    await without_cooling(bank)
    main, fund = await account_of(tenant, "1111", fee="tuition"), await account_of(tenant, "2222", fee="fund")
    made = await asked(bank, staff, tenant, "account", replacing(tenant, main))
    async with open_scope(bank_scope(bank.id)):
        assert (await services.decide(staff[1], made.id, is_approved=True, reason="")).status == "done"
    async with open_scope(tenant_scope(tenant.id)):
        found = await SettlementAccount.filter(tenant_id=tenant.id, status="active").order_by(
            "created_at", "id"
        )
        assert {one.account_mask for one in found} == {"•••• 8999", "•••• 2222"}
        new = next(one for one in found if one.account_mask == "•••• 8999")
        assert new.created_at == main.created_at, (
            "where a fee names none, it is still the first that is meant"
        )
        paid_to = {
            item.key: item.settlement_account_id for item in await FeeItem.filter(key__in=["tuition", "fund"])
        }
        assert paid_to == {"tuition": new.id, "fund": fund.id}


async def test_one_more_account_leaves_those_that_there_are(bank, staff, tenant):
    await without_cooling(bank)
    await account_of(tenant, "1111")
    form = KINDS["another_account"].form(bank_code="B", account_name="Canteen", account_number="777-888-999")
    made = await asked(bank, staff, tenant, "another_account", form)
    async with open_scope(bank_scope(bank.id)):
        assert (await services.decide(staff[1], made.id, is_approved=True, reason="")).status == "done"
    async with open_scope(tenant_scope(tenant.id)):
        found = await SettlementAccount.filter(tenant_id=tenant.id, status="active").order_by("created_at")
    assert [one.account_mask for one in found] == ["•••• 1111", "•••• 8999"]


async def test_only_an_account_of_the_institution_itself_can_be_replaced(bank, staff, tenant):
    await account_of(tenant, "1111")
    stranger = await account_of(await make.tenant(bank), "3333")
    with pytest.raises(Invalid) as refused:
        await asked(bank, staff, tenant, "account", replacing(tenant, stranger))
    assert "replaces" in refused.value.fields


async def let_it_cool(bank, tenant, made):
    async with open_scope(bank_scope(bank.id)):
        await BankRequest.filter(id=made.id).update(not_before=datetime.now(UTC) - timedelta(seconds=1))
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update tenants_outbox set due_at = now() where tenant_id = $1", tenant.id)


async def test_a_withdrawn_change_is_not_done_when_its_days_are_over(bank, staff, tenant):
    async with open_scope(bank_scope(bank.id)):
        await BankPolicy.create(
            bank_id=bank.id, before_approval=[], before_live=[], weights={}, cooling_days=2
        )
    form = KINDS["account"].form(bank_code="X", account_name="Y", account_number="777-888-999")
    made = await asked(bank, staff, tenant, "account", form)
    async with open_scope(bank_scope(bank.id)):
        await services.decide(staff[1], made.id, is_approved=True, reason="")
        await services.withdraw(staff[0], made.id)
    await let_it_cool(bank, tenant, made)
    await run_due(tenant.id)
    async with open_scope(tenant_scope(tenant.id)):
        assert not await SettlementAccount.filter(tenant_id=tenant.id).exists()


async def test_a_new_representative_brings_the_review_forward(bank, staff, tenant):
    form = RepresentativeForm(legal_representative="Li Na")
    made = await asked(bank, staff, tenant, "representative", form)
    async with open_scope(bank_scope(bank.id)):
        await services.decide(staff[1], made.id, is_approved=True, reason="")
        found = await Tenant.get(id=tenant.id)
        assert (found.legal_representative, found.review_on) == ("Li Na", make.today())


async def test_another_branchs_people_find_no_request(bank, staff, tenant):
    made = await asked(bank, staff, tenant)
    elsewhere = replace(staff[1], branches=(new_id(),))
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(NotFound):
            await services.decide(elsewhere, made.id, is_approved=True, reason="")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages_from_the_form_to_the_decision(client, bank, staff, tenant, language):
    headers = {"Accept-Language": language}
    await make.sign_in(client, staff[0].person_id)
    root = f"/bank/{bank.slug}"
    for kind in ("suspend", "close", "representative", "account", "another_account"):
        inspect((await client.get(f"{root}/tenants/{tenant.id}/requests/{kind}", headers=headers)).text)
    here = f"{root}/tenants/{tenant.id}/requests/suspend"
    wrong = await client.post(here, data={"word_to_payers": "short", "reason": WHY}, headers=headers)
    assert wrong.status_code == 422
    sent = await client.post(here, data={"word_to_payers": "Please ask the bank.", "reason": WHY})
    assert sent.status_code == 303, sent.text[:2000]
    inspect((await client.get(sent.headers["location"], headers=headers)).text)
    await make.sign_in(client, staff[1].person_id)
    inspect((await client.get(f"{root}/requests", headers=headers)).text)
    page = await client.get(sent.headers["location"], headers=headers)
    inspect(page.text)
    answer = await client.post(f"{sent.headers['location']}/decision", data={"decision": "approve"})
    assert answer.status_code == 303
    inspect((await client.get(answer.headers["location"], headers=headers)).text)
    inspect((await client.get(f"{root}/tenants/{tenant.id}", headers=headers)).text)
