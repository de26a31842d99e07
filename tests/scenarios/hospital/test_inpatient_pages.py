"""Stays as people see them: the family, a relative, a stranger, the ward, finance; in both languages."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from billing.models import Bill, WalletTopUp
from billing.payments.service import take_payment
from scenarios.hospital import patients
from scenarios.hospital.his.wards import Listed
from scenarios.hospital.inpatient import admission, deposits, finding, listing, settling
from scenarios.hospital.models import Stay, StayCredit
from tenants import throttle
from tenants.actor import StepUp
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account, Audit, Holder
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.hospital.house import House

DAY = date(2026, 3, 1)


async def lying(house: House, account: Account, bed: str = "3A-12", amount: int = 4_000) -> Stay:
    async with house.scope():
        stay = await admission.admit(house.clerk, account_id=account.id, ward="3A", bed=bed)
        await listing.keep(house.system, stay.id, [Listed(f"{stay.id}", DAY, "Infusion", amount)])
        return stay


async def see(client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code)
    inspect(answer.text)
    return answer.text


def key_of(text: str) -> dict[str, str]:
    return dict(re.findall(r'name="(key|token|name)" value="([^"]*)"', text))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_a_daughter_sees_the_stay_and_tops_it_up(house, client, language):
    client.headers["Accept-Language"] = language
    person, _, account = await house.mine(relation="parent")
    stay = await lying(house, account)
    await make.sign_in(client, person.id)
    here = f"/my/care/stays/{stay.id}"
    assert here in await see(client, "/my/care")
    assert here in await see(client, f"/my/care/patients/{account.id}")
    page = await see(client, here)
    assert "40.00" in page
    (asked_for,) = [one.get("value") for one in inspect(page).iter("input") if one.get("name") == "amount"]
    assert asked_for, "what is missing is filled in already"
    assert f"SGD {Decimal(asked_for):,}" in text_of(inspect(page)).replace("\xa0", " ")
    assert "Infusion" in await see(client, f"{here}/days/2026-03-01")
    for day in ("2026-03-02", "yesterday"):
        await see(client, f"{here}/days/{day}", 404)
    key = key_of(page)["key"]
    wrong = await client.post(f"{here}/deposit", data={"key": key, "amount": "0"})
    assert wrong.status_code == 422
    inspect(wrong.text)
    for _ in range(2):
        done = await client.post(f"{here}/deposit", data={"key": key, "amount": "150.00"})
        assert done.headers["location"].startswith("/my/checkout?bill=")
    async with house.scope():
        (asked,) = await WalletTopUp.filter(tenant_id=house.id, wallet_id=stay.wallet_id)
    assert asked.amount_minor == 15_000


async def test_strangers_and_people_trusted_with_something_else_find_nothing(house, client):
    _, actor, account = await house.mine()
    stay = await lying(house, account)
    stranger = await make.person()
    async with house.scope():
        holder, _ = await patients.trust(
            actor.within(house.id), account_id=account.id, name=stranger.name, purposes=["visits"]
        )
        await Holder.filter(tenant_id=house.id, id=holder.id).update(
            person_id=stranger.id, confirmed_at=datetime.now(UTC)
        )
    await make.sign_in(client, stranger.id)
    here = f"/my/care/stays/{stay.id}"
    for path in (here, f"{here}/days/2026-03-01"):
        await see(client, path, 404)
    assert (await client.post(f"{here}/deposit", data={"key": "x", "amount": "1"})).status_code == 404
    async with house.scope():
        await patients.distrust(actor.within(house.id), account_id=account.id, holder_id=holder.id)
        again, _ = await patients.trust(
            actor.within(house.id), account_id=account.id, name="My neighbour", purposes=["stays"]
        )
        await Holder.filter(tenant_id=house.id, id=again.id).update(
            person_id=stranger.id, confirmed_at=datetime.now(UTC)
        )
    await see(client, here)
    async with house.scope():
        await patients.distrust(actor.within(house.id), account_id=account.id, holder_id=again.id)
    await see(client, here, 404)


async def test_a_relative_pays_by_bed_and_name_and_learns_nothing(house, client):
    _, _, account = await house.mine("Ho Boon Keng")
    stay = await lying(house, account)
    throttle.forget()
    await make.sign_in(client, (await make.person()).id)
    here = f"/my/care/at/{house.tenant.slug}/deposit"
    assert here in await see(client, f"/my/care/at/{house.tenant.slug}")
    await see(client, here)
    answers = []
    for bed, name in (("3A-12", "Ho Boon"), ("3A-13", "Ho Boon Keng"), ("3A-12", account.number)):
        wrong = await client.post(here, data={"bed": bed, "name": name})
        assert wrong.status_code == 422
        inspect(wrong.text)
        answers.append(wrong.text.replace(f'value="{bed}"', "").replace(f'value="{name}"', ""))
    assert len(set(answers)) == 1
    found = await client.post(here, data={"bed": "3a-12 ", "name": "ho boon keng"})
    inspect(found.text)
    assert "H*** B*** K***" in found.text
    for secret in ("Boon", account.number, stay.reference, "40.00"):
        assert secret not in found.text
    sent = key_of(found.text)
    low = await client.post(f"{here}/payment", data={**sent, "amount": "0.10"})
    assert low.status_code == 422
    inspect(low.text)
    done = await client.post(f"{here}/payment", data={**sent, "amount": "80.00"})
    where = done.headers["location"]
    assert re.fullmatch(r"/pay/[\w=-]+/checkout", where)
    page = await client.get(where)
    assert page.status_code == 200
    forged = await client.post(f"{here}/payment", data={**sent, "token": "x" * 64, "amount": "80.00"})
    assert forged.status_code == 404
    for _ in range(3):
        last = await client.post(here, data={"bed": "3A-12", "name": "Ho Boon Keng"})
    assert last.status_code == 422
    assert "H*** B*** K***" not in last.text


async def test_one_bed_cannot_be_guessed_by_many_people(house):
    await lying(house, await house.patient("Ann Tan"))
    throttle.forget()
    for _ in range(12):
        who = make.payer(await make.person())
        with pytest.raises(Exception, match=r"stay\.nobody"):
            await finding.find(who, tenant_id=house.id, bed="3A-12", name="Bo")
    with pytest.raises(Exception, match=r"request\.too_often"):
        await finding.find(make.payer(await make.person()), tenant_id=house.id, bed="3A-12", name="Ann Tan")
    throttle.forget()


def test_names_are_compared_whole_and_shown_masked():
    known = "何美玲 Ho Mei Ling"
    assert all(finding.is_named(known, said) for said in ("何美玲", "ho mei  ling", "HO MEI LING", known))
    assert not any(finding.is_named(known, said) for said in ("", " ", "何", "Ho", "Mei Ling", "玲"))
    assert finding.mask(known) == "何** H*** M*** L***"


async def test_the_ward_admits_moves_and_asks_and_each_view_is_written_down(house, client):
    account = await house.patient("Ann Tan")
    await lying(house, await house.patient("Bo Tan"), bed="3A-13")
    await make.sign_in(client, house.clerk.person_id)
    new = f"{house.root}/front-desk/patients/{account.id}/admission"
    assert new in await see(client, f"{house.root}/front-desk/patients/{account.id}")
    await see(client, new)
    for bed in ("", "3A-13"):
        refused = await client.post(new, data={"ward": "3A", "bed": bed})
        assert refused.status_code == 422
        inspect(refused.text)
    done = await client.post(new, data={"ward": "3A", "bed": "3A-14"})
    here = done.headers["location"]
    for path in (here, f"{house.root}/stays", f"{house.root}/stays?status=here&ward=3A&money=gone&q=Ann"):
        async with house.scope():
            before = await Audit.filter(tenant_id=house.id, act__endswith=".viewed").count()
        await see(client, path)
        async with house.scope():
            assert await Audit.filter(tenant_id=house.id, act__endswith=".viewed").count() == before + 1
    assert (await client.get(f"{house.root}/stays?export=csv")).status_code == 200
    taken = await client.post(f"{here}/bed", data={"ward": "3A", "bed": "3A-13"})
    assert taken.status_code == 422
    inspect(taken.text)
    assert 'role="alert"' in taken.text
    assert (await client.post(f"{here}/bed", data={"ward": "3A", "bed": "3A-15"})).status_code == 303
    for amount, status in (("-5", 422), ("500.00", 303), ("", 303)):
        assert (await client.post(f"{here}/threshold", data={"threshold": amount})).status_code == status
    until = (today("Asia/Singapore") + timedelta(days=3)).isoformat()
    too_much = {"amount": "99999999", "until": until, "reason": "x"}
    refused = await client.post(f"{here}/credits", data=too_much)
    assert refused.status_code == 422
    inspect(refused.text)
    asked = {"amount": "100.00", "until": until, "reason": "The son travels here."}
    assert (await client.post(f"{here}/credits", data=asked)).status_code == 303
    for act in ("leaving", "return", "leaving"):
        assert (await client.post(f"{here}/acts", data={"act": act})).status_code == 303
    assert (await client.post(f"{here}/acts", data={"act": "x"})).status_code == 404
    assert (await client.post(f"{here}/settlement", data={"seen_minor": "0"})).status_code == 403
    async with house.scope():
        credit = await StayCredit.get(tenant_id=house.id)
    assert (await client.post(f"{here}/credits/{credit.id}", data={"act": "approve"})).status_code == 403
    doctor = await make.staff(house.tenant, "doctor", "Lin Wei")
    await make.sign_in(client, doctor.person_id)
    await see(client, f"{house.root}/stays", 403)
    await make.sign_in(client, house.finance.person_id)
    await see(client, here)
    assert (await client.post(f"{here}/credits/{credit.id}", data={"act": "approve"})).status_code == 303
    assert "100.00" in await see(client, here)


async def test_finance_settles_reverses_and_the_family_sees_its_share(house, client):
    person, _, account = await house.mine()
    stay = await lying(house, account)
    async with house.scope():
        await admission.leave(house.clerk, stay.id)
        held = await deposits.held_of(stay)
    await make.sign_in(client, house.finance.person_id)
    here = f"{house.root}/stays/{stay.id}"
    await see(client, here)
    assert "Infusion" in await see(client, f"{here}/days/2026-03-01")
    assert (await client.get(f"{here}/days/2026-03-01?export=xlsx")).status_code == 200
    for path in ("presettlement", "decisions", "list"):
        assert (await client.post(f"{here}/{path}")).status_code == 303
    for seen in ("x", str(held.deposited_minor - held.charged_minor)):
        assert (await client.post(f"{here}/settlement", data={"seen_minor": seen})).status_code == 303
    async with house.scope():
        bill = await Bill.get(tenant_id=house.id, account_id=account.id, reference=stay.reference)
    assert (bill.left_minor, bill.total_minor) == (4_000, 4_000)
    await take_payment(house.cashier, bills=[(bill.id, 4_000)], method="cash", key=new_id().hex)
    assert "40.00" in await see(client, here)
    assert (await client.post(f"{here}/reversal", data={"reason": "Typed wrong."})).status_code == 303
    await see(client, here)
    async with house.scope():
        assert (await Stay.get(tenant_id=house.id, id=stay.id)).status == "leaving"
    held_again = str(-4_000)
    assert (await client.post(f"{here}/settlement", data={"seen_minor": held_again})).status_code == 303
    await make.sign_in(client, person.id)
    assert "40.00" in await see(client, f"/my/care/stays/{stay.id}")
    stale = replace(house.finance, auth_time=datetime.now(UTC) - timedelta(hours=1))
    with pytest.raises(StepUp):
        await settling.discharge(stale, stay_id=stay.id, seen_left_minor=0)
