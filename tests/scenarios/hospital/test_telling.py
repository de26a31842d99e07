"""Deposits at the hospital's own system, each once whatever it does; patients found there by their document."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.wallets.paying_out import pay_out
from billing.wallets.topping_up import take_top_up
from scenarios.hospital import documents, patients
from scenarios.hospital.his import connecting, linking
from scenarios.hospital.his.contract import Deposit, KnownPatient
from scenarios.hospital.inpatient import admission, telling
from scenarios.hospital.models import DepositPosting, HisBreak, HisDay, Patient
from scenarios.hospital.orders import matching, service
from tenants.days import today
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import execute
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.hospital.house import identity
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Invalid


async def lying(ward: Ward):
    house = ward.house
    account = await house.patient(f"Ann {new_id().hex[-6:]}")
    async with house.scope():
        return await admission.admit(house.clerk, account_id=account.id, ward="3", bed=new_id().hex[-6:])


async def deposited(ward: Ward, amount: int = 5_000):
    stay = await lying(ward)
    await take_top_up(
        ward.house.cashier, wallet_id=stay.wallet_id, amount_minor=amount, method="cash", key=new_id().hex
    )
    await run_noting(ward)
    return stay, await posting_of(ward, stay)


async def run_noting(ward: Ward) -> None:
    """Run what is due; a fault that is on makes the telling wait."""
    await run_due(ward.house.id)


async def posting_of(ward: Ward, stay) -> DepositPosting:
    async with ward.house.scope():
        found = DepositPosting.filter(tenant_id=ward.house.id, stay_id=stay.id).order_by("-moved_at")
        return (await found.limit(1))[0]


async def standing(ward: Ward, found: DepositPosting):
    async with ward.house.scope():
        his = await connecting.his_of(ward.house.id)
    return [one.amount_minor for one in await his.deposits(str(found.movement_id))]


async def test_what_comes_in_and_what_goes_back_is_told_once(ward):
    house = ward.house
    stay, found = await deposited(ward)
    assert (found.status, found.amount_minor) == ("posted", 5_000)
    await asyncio.gather(*(telling.tell(house.system, found.id) for _ in range(3)))
    assert await standing(ward, found) == [5_000]
    async with house.scope():
        await pay_out(
            house.system, wallet_id=stay.wallet_id, amount_minor=2_000, reason="Left", key="p", is_policy=True
        )
    await run_due(house.id)
    back = await posting_of(ward, stay)
    assert (back.status, back.amount_minor) == ("posted", -2_000)
    assert await standing(ward, back) == [-2_000]
    day = today("Asia/Singapore")
    await matching.match_day(house.finance, day)
    async with house.scope():
        assert await HisBreak.filter(tenant_id=house.id, status="open").count() == 0
        (kept,) = await HisDay.filter(tenant_id=house.id, day=day)
        assert (kept.ours_minor, kept.theirs_minor) == (3_000, 3_000)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "his_duplicate"])
async def test_whatever_is_lost_or_doubled_it_stands_there_once(ward, kind):
    stay, _ = await deposited(ward, 100)
    found = await posting_of(ward, stay)
    async with ward.house.scope():
        await execute(
            "update hospital_deposit_posting set status = 'waiting', ended_at = null where tenant_id = $1",
            ward.house.id,
        )
    ward.fault(kind, operation="notices.create", times=1)
    for _ in range(3):
        await telling.tell(ward.house.system, found.id)
    assert (await posting_of(ward, stay)).status == "posted"
    assert await standing(ward, found) == [100]


async def test_refused_it_stands_on_the_worklist_until_it_is_told_again(ward, client):
    house = ward.house
    ward.fault("his_wrong_amount", operation="notices.create", times=1)
    stay, found = await deposited(ward)
    assert found.status == "refused"
    assert await standing(ward, found) == []
    await make.sign_in(client, house.finance.person_id)
    here = f"{house.root}/his-deposits"
    for path in (here, f"{here}?status=refused&q=Ann", f"{here}?export=csv", f"{here}?sort=-amount_minor"):
        assert (await client.get(path)).status_code == 200
    inspect((await client.get(here)).text)
    assert stay.reference in (await client.get(f"{house.root}/worklist?kind=deposit_refused")).text
    day = today("Asia/Singapore")
    await matching.match_day(house.finance, day)
    async with house.scope():
        (gap,) = await HisBreak.filter(tenant_id=house.id, status="open")
        assert gap.kind in {"paid_not_posted", "refund_one_side", "cut_off"}
        assert gap.ours_minor == 5_000
    assert (await client.post(here)).status_code == 303
    await run_due(house.id)
    assert await standing(ward, found) == [5_000]
    await matching.mend(house.finance, gap.id)
    async with house.scope():
        assert (await HisBreak.get(tenant_id=house.id, id=gap.id)).status == "cleared"
    await make.sign_in(client, house.clerk.person_id)
    assert (await client.get(here)).status_code in {403, 404}


async def test_a_deposit_that_stands_there_alone_is_taken_back_by_mending(ward):
    house = ward.house
    async with house.scope():
        his = await connecting.his_of(house.id)
    await his.deposit(Deposit("till-9", "P1", "", 700, datetime.now(UTC)))
    await matching.match_day(house.finance, today("Asia/Singapore"))
    async with house.scope():
        (gap,) = await HisBreak.filter(tenant_id=house.id, status="open", key="till-9")
        assert (gap.kind, gap.theirs_minor) == ("posted_not_paid", 700)
    await matching.mend(house.finance, gap.id)
    assert await his.deposits("till-9") == []


def known(ward: Ward, given, **other):
    facts = {
        "number": f"HIS{new_id().hex[-6:]}",
        "name": given.name,
        "sex": "female",
        "born": given.born_on.isoformat(),
        "kind": given.document_kind,
        "document": documents.tidy(given.document_number),
    } | other
    ward.post("his/patients", hospital=ward.house.tenant.slug, patients=[facts])
    return facts["number"]


async def test_a_patient_is_found_by_document_and_spoken_of_by_the_systems_number(ward):
    house = ward.house
    given = identity("Ann Tan")
    number = known(ward, given)
    there = await linking.ask(house.id, given.document_kind, documents.tidy(given.document_number))
    assert (there.patient.number, there.patient.name) == (number, "Ann Tan")
    async with house.scope():
        account = await patients.register(house.clerk, given, there)
        assert await linking.number_of(account) == number
        assert set(await linking.accounts_by_number(house.id, [number, account.number])) == {
            number,
            account.number,
        }
    ward.charge(number, "5.00")
    listed, _ = await service.look(account)
    assert [one.amount_minor for one in listed] == [500]
    ward.fault("drop_before", operation="patients.search")
    assert (await linking.ask(house.id, "passport", "E12345")).is_silent
    ward.clear()
    assert await linking.ask(house.id, "passport", "E99999") == linking.Told()


async def test_another_name_or_day_there_stops_the_registration(ward):
    house = ward.house
    given = identity("Bo Lim")
    known(ward, given, name="Somebody Else")
    there = await linking.ask(house.id, given.document_kind, documents.tidy(given.document_number))
    async with house.scope():
        with pytest.raises(Invalid, match=r"patient\.name"):
            await patients.register(house.clerk, given, there)
        assert there.patient is not None
        late = linking.Told(replace(there.patient, name="Bo Lim", born_on=given.born_on + timedelta(1)))
        with pytest.raises(Invalid, match=r"patient\.born_on"):
            await patients.register(house.clerk, given, late)


def typed(given):
    """A patient's facts as the desk types them."""
    return {
        "relation": "self",
        "name": "Zhang Wei",
        "sex": "female",
        "born_on": given.born_on.isoformat(),
        "document_kind": "passport",
        "document_number": given.document_number,
        "phone": "+65 8000 0000",
        "has_agreed": "1",
    }


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_desk_and_patient_ask_the_system(ward, client, language):
    client.headers["Accept-Language"] = language
    house = ward.house
    given = identity("Zhang Wei")
    number = known(ward, given)
    await make.sign_in(client, house.clerk.person_id)
    new = f"{house.root}/front-desk/patients/new"
    inspect((await client.get(new)).text)
    found = await client.post(
        new, data={"document_kind": "passport", "document_number": given.document_number}
    )
    inspect(found.text)
    assert 'value="Zhang Wei"' in found.text
    none = await client.post(new, data={"document_kind": "passport", "document_number": "E55555"})
    inspect(none.text)
    inspect((await client.post(new, data={"document_kind": "passport"})).text)
    sent = typed(given)
    done = await client.post(f"{house.root}/front-desk/patients", data=sent)
    assert number in (await client.get(done.headers["location"])).text
    async with house.scope():
        old = await patients.register(house.clerk, identity("Old Patient"))
        kept = await Patient.get(tenant_id=house.id, account_id=old.id)
        document = documents.opened(kept.document)
    here = f"{house.root}/front-desk/patients/{old.id}"
    inspect((await client.get(here)).text)
    assert (await client.post(f"{here}/link")).status_code == 303
    later = known(ward, identity("Old Patient", document_number=document))
    assert (await client.post(f"{here}/link")).status_code == 303
    assert later in (await client.get(here)).text
    async with house.scope():
        other = await patients.register(house.clerk, identity("Third"))
        there = linking.Told(KnownPatient(later, "Third", "female", None))
        with pytest.raises(Conflict, match=r"patient\.linked"):
            await patients.link(house.clerk, other.id, there)
        assert await Account.filter(tenant_id=house.id, id=other.id).exists()
    own = identity("Me Myself")
    mine_number = known(ward, own)
    who = await make.person("Me Myself")
    await make.sign_in(client, who.id)
    path = f"/my/care/at/{house.tenant.slug}/patients"
    mine = {**sent, "name": "Me Myself", "document_number": own.document_number}
    assert (await client.post(path, data=mine)).status_code == 303
    async with house.scope():
        assert await Patient.filter(tenant_id=house.id, his_number=mine_number).exists()
