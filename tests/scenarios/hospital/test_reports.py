"""Released reports: with the patient's consent alone, to whom they were granted, each view noted, nothing kept."""

from datetime import UTC, datetime

import pytest

from scenarios.hospital import consents, patients
from scenarios.hospital.models import CareConsent
from tenants.ids import new_id
from tenants.models import Audit, Holder
from tests import make
from tests.page import inspect
from tests.scenarios.hospital.ward import Ward


def released(ward: Ward, patient: str, *states: str) -> list[str]:
    made = [
        {"id": f"r-{new_id().hex[-8:]}", "patient": patient, "title": "Blood count", "conclusion": "Fine.",
         "status": state, "text": "All values."}
        for state in states
    ]  # fmt: skip
    ward.post("his/reports", hospital=ward.house.tenant.slug, reports=made)
    return [str(one["id"]) for one in made]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_reports_open_with_consent_and_close_when_it_is_withdrawn(ward, client, language):
    client.headers["Accept-Language"] = language
    person, _, account = await ward.house.mine()
    good, unchecked = released(ward, account.number, "final", "preliminary")
    _, _, other = await ward.house.mine()
    (foreign,) = released(ward, other.number, "final")
    await make.sign_in(client, person.id)
    here = f"/my/care/patients/{account.id}"
    page = (await client.get(f"{here}/reports")).text
    inspect(page)
    assert "Blood count" not in page
    for path in (f"{here}/reports/{good}", f"{here}/reports/{good}/file"):
        assert (await client.get(path)).status_code == 404
    inspect((await client.get(f"{here}/consents")).text)
    for _ in range(2):
        done = await client.post(f"{here}/consents", data={"purpose": "reports"})
        assert done.status_code == 303
    assert (await client.post(f"{here}/consents", data={"purpose": "all"})).status_code == 404
    inspect((await client.get(f"{here}/consents")).text)
    page = (await client.get(f"{here}/reports")).text
    inspect(page)
    assert page.count("Blood count") == 1
    inspect((await client.get(f"{here}/reports/{good}")).text)
    file = await client.get(f"{here}/reports/{good}/file")
    assert file.text == "All values."
    assert file.headers["cache-control"] == "no-store"
    assert "report.txt" in file.headers["content-disposition"]
    for hidden in (unchecked, foreign, "nothing"):
        for path in (f"{here}/reports/{hidden}", f"{here}/reports/{hidden}/file"):
            assert (await client.get(path)).status_code == 404, path
    async with ward.house.scope():
        views = await Audit.filter(tenant_id=ward.house.id, act="reports.viewed", person_id=person.id).count()
        assert views >= 3
    ward.fault("error_before", operation="reports.search", times=2)
    silent = await client.get(f"{here}/reports")
    inspect(silent.text)
    assert "Blood count" not in silent.text
    assert (await client.get(f"{here}/reports/{good}")).status_code == 503
    await client.post(f"{here}/consents", data={"purpose": "reports", "act": "withdraw"})
    assert "Blood count" not in (await client.get(f"{here}/reports")).text
    assert (await client.get(f"{here}/reports/{good}")).status_code == 404
    async with ward.house.scope():
        (kept,) = await CareConsent.filter(tenant_id=ward.house.id, account_id=account.id)
    assert kept.withdrawn_at is not None


async def test_who_is_trusted_with_reports_reads_them_and_agrees_to_nothing(ward, client):
    house = ward.house
    _, actor, account = await house.mine()
    (report,) = released(ward, account.number, "final")
    friend = await make.person()
    async with house.scope():
        inside = actor.within(house.id)
        await consents.give(inside, account_id=account.id, purpose="reports", way="self")
        holder, _ = await patients.trust(
            inside, account_id=account.id, name=friend.name, purposes=["reports"]
        )
        await Holder.filter(tenant_id=house.id, id=holder.id).update(
            person_id=friend.id, confirmed_at=datetime.now(UTC)
        )
    here = f"/my/care/patients/{account.id}"
    await make.sign_in(client, friend.id)
    assert (await client.get(f"{here}/reports/{report}")).status_code == 200
    assert (await client.get(f"{here}/consents")).status_code == 404
    assert (await client.post(f"{here}/consents", data={"purpose": "insurance"})).status_code == 404
    async with house.scope():
        await patients.distrust(inside, account_id=account.id, holder_id=holder.id)
    for path in (f"{here}/reports", f"{here}/reports/{report}", f"{here}/reports/{report}/file"):
        assert (await client.get(path)).status_code == 404
    await make.sign_in(client, (await make.person()).id)
    assert (await client.get(f"{here}/reports")).status_code == 404
