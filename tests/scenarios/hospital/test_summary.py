"""The visit summary: opened at a patient it shows that patient, and nobody else to anybody."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from deploy.sandbox.apps import visits
from integrations.apps.tenant_models import Installation
from tenants import throttle
from tenants.scope import open_scope, tenant_scope
from tests import apps, make
from tests.integrations.apps.demo import Stage
from tests.integrations.provider.conftest import kept_ring, ring
from tests.page import inspect

__all__ = ["kept_ring", "ring"]
SCOPES = ["openid", "profile", "tenant", "accounts", "records"]


@pytest_asyncio.fixture(loop_scope="session")
async def stage(house, bank, app, tmp_path, ring):
    throttle.forget()
    found = Stage("visits", app, tmp_path)
    vendor = await apps.vendor(bank)
    scopes = {key: {"en": key, "zh_CN": key} for key in SCOPES}
    made = await found.listed(vendor, scopes=scopes, protocols=["smart"], frame_origins=[])
    async with open_scope(tenant_scope(house.id)):
        await Installation.create(
            tenant_id=house.id, vendor_id=vendor.id, app_id=made.id, version_id=made.listed_version_id,
            scopes=SCOPES, claims=["name", "tenant", "tenant_name"], roles=["front_desk"], min_level=1,
            installed_by_name="Mei",
        )  # fmt: skip
    return found


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_it_opens_at_a_patient_and_shows_that_patient(house, client, stage, language):
    ann, bo = await house.patient("Ann Tan"), await house.patient("Bo Lim")
    await house.booked(ann, await house.session())
    await house.book(ann, await house.session(2))
    await house.booked(bo, await house.session(1))
    await make.sign_in(client, house.clerk.person_id)
    page = (await client.get(f"{house.root}/front-desk/patients/{ann.id}")).text
    inspect(page)
    (link,) = re.findall(r'href="([^"]*record_kind=account[^"]*)"', page)
    async with stage.browser() as browser:
        browser.headers["Accept-Language"] = language
        began = await browser.get((await client.get(link.replace("&amp;", "&"))).headers["location"])
        assert began.status_code == 303, began.text
        answer = await client.get(began.headers["location"])
        back = answer.headers["location"]
        assert parse_qs(urlsplit(back).query).get("code"), back
        here = (await browser.get(back)).headers["location"]
        assert here == f"/patients/{ann.id}"
        shown = (await browser.get(here)).text
        for other in ("/", f"/patients/{bo.id}"):
            assert (await browser.get(other)).status_code == 409, "what was not opened is not shown"
        assert "Ann Tan" in shown
        assert "Lin Wei" in shown
        assert "SGD" in shown
        assert "Bo Lim" not in shown
        assert "Ravi Nair" not in shown
        assert ("To come" in shown) == (language == "en")
    async with stage.browser() as stranger:
        assert (await stranger.get(here)).status_code == 401
        wrong = await stranger.get("/launch?iss=https://elsewhere.example/fhir/x&launch=1")
        assert wrong.status_code == 400
    await make.sign_in(client, house.cashier.person_id)
    assert "record_kind" not in (await client.get(f"{house.root}/front-desk/patients/{ann.id}")).text


def test_an_appointment_is_read_as_it_stands():
    one = {
        "start": "2026-03-01T08:00:00Z",
        "serviceType": [{"text": "Clinic"}],
        "status": "booked",
        "participant": [
            {"actor": {"reference": "Practitioner/1", "display": "Lin"}},
            {"actor": {"display": "Room 1"}},
        ],
    }
    assert visits.visit(one) == {
        "when": "2026-03-01 08:00", "what": "Clinic", "doctor": "Lin", "place": "Room 1", "status": "booked",
    }  # fmt: skip
