"""A bank's own days: they hold for what comes in afterwards, the history stands, and three people are told apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.complaints import filing, service, terms
from billing.complaints.filing import About, Complainant
from billing.complaints.states import KINDS
from billing.complaints.terms import Terms
from billing.complaints.terms_pages import Days
from billing.models import Complaint, ComplaintTerms
from tenants.models import Audit
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import make
from tests.page import inspect
from ui.errors import Forbidden, Invalid

OWN = Terms(
    {key: kind.days + 2 for key, kind in KINDS.items()}, closes_after=7, reopens_within=10, escalates_again=1
)


@pytest.fixture
async def chief(db, bank):
    return await make.bank_staff(bank, "administrator", "Chan Wei")


@pytest.fixture
async def ann(db, bank):
    """A payer with an account at an institution of the bank."""
    tenant, person = await make.tenant(bank), await make.person()
    await make.holder(await make.account(tenant), person)
    return replace(make.payer(person), tenant_id=tenant.id)


async def complain(ann) -> Complaint:
    async with open_scope(tenant_scope(ann.tenant_id)):
        who = Complainant("payer", ann.name, "", ann.person_id)
        return await filing.file(
            ann, About(ann.tenant_id), who, kind="charge", summary="Wrong", text="It is wrong."
        )


def days_left(found: Complaint) -> int:
    return round((found.due_at - datetime.now(UTC)) / timedelta(days=1))


async def test_days_hold_from_now_on_and_what_was_filed_keeps_its_own(bank, chief, ann):
    before = await complain(ann)
    async with open_scope(bank_scope(bank.id)):
        await terms.set_terms(chief, OWN, reason="The regulator asks for it.")
        await Complaint.filter(id=before.id).update(kind="other")
    after = await complain(ann)
    assert (days_left(before), days_left(after)) == (KINDS["charge"].days, KINDS["charge"].days + 2)
    async with open_scope(bank_scope(bank.id)):
        answered = datetime.now(UTC) - timedelta(days=11)
        after.status, after.answered_at = "answered", answered
        assert not await service.can_reopen(after), "ten days, not thirty"
    async with open_scope(person_scope(ann.person_id)):
        assert (await terms.terms_of(bank.id)).reopens_within == 10, (
            "whoever complains is held to them, and reads them"
        )


async def test_the_history_stands_and_the_trail_says_why(bank, chief):
    async with open_scope(bank_scope(bank.id)):
        first = await terms.set_terms(chief, OWN, reason="The regulator asks for it.")
        await terms.set_terms(chief, replace(OWN, closes_after=9), reason="Payers asked for more time.")
        assert [one.closes_after for one in await terms.history(chief)] == [9, 7]
        (row,) = await Audit.filter(subject_id=first.id)
        assert (row.act, row.after["reason"]) == ("complaint_terms.changed", "The regulator asks for it.")
        with pytest.raises(Exception, match="permission denied"):
            async with open_scope(bank_scope(bank.id)):
                await ComplaintTerms.filter(id=first.id).update(closes_after=1)


@pytest.mark.parametrize("wrong", [
    {"days": {**OWN.days, "charge": 0}}, {"days": {**OWN.days, "charge": 61}}, {"days": {"charge": 5}}, {},
])  # fmt: skip
async def test_days_out_of_bounds_and_no_reason_are_refused(bank, chief, wrong):
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Invalid):
            await terms.set_terms(chief, replace(OWN, **wrong), reason="Because." if wrong else " ")


async def test_a_colleague_without_the_right_and_another_bank_change_nothing(bank, chief):
    officer = await make.bank_staff(bank, "operations")
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Forbidden):
            await terms.set_terms(officer, OWN, reason="Because.")
        await terms.set_terms(chief, OWN, reason="The regulator asks for it.")
    async with open_scope(bank_scope(chief.person_id)):
        assert (await terms.terms_of(bank.id)).closes_after == 14, "a stranger reads nothing"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page(client, chief, language):
    assert set(Days.model_fields) == set(KINDS)
    headers, url = {"Accept-Language": language}, f"/bank/{chief.place['slug']}/complaints/deadlines"
    await make.sign_in(client, chief.person_id)
    inspect((await client.get(url, headers=headers)).text)
    typed = {f"days-{key}": str(days) for key, days in OWN.days.items()}
    typed |= {"closes_after": "7", "reopens_within": "10", "escalates_again": "1", "reason": "Regulator"}
    assert (await client.post(url, data=typed | {"days-charge": "99"}, headers=headers)).status_code == 422
    assert (await client.post(url, data=typed, headers=headers)).status_code == 303
    page = (await client.get(url, headers=headers)).text
    inspect(page)
    assert "Regulator" in page
    assert "Regulator" in (await client.get(f"{url}?export=csv")).text
