"""The console's pages of charging, as three people see them, in both languages."""

import pytest
import pytest_asyncio

from tests import make
from tests.billing.charges.estate import AUGUST
from tests.page import inspect


@pytest_asyncio.fixture(loop_scope="session")
async def billed(estate, client):
    """Two months billed for four flats, one of them odd; signed in as the finance officer."""
    for n, flat in enumerate(("4-room", "5-room", "executive", "3Gen")):
        account = await make.account(
            estate.tenant, f"U{n}", attributes={"flat_type": flat, "is_reduced": n < 2, "area_sqm": "90"}
        )
        if n < 3:
            await make.holder(account, None)
    estate.july = await estate.bill()
    estate.august = await estate.draft("service", "late", period=AUGUST)
    estate.july_bills = await estate.bills(estate.july)
    estate.root = f"/t/{estate.tenant.slug}"
    await make.sign_in(client, estate.finance.person_id)
    return estate


def paths(estate):
    service, late, shops = (estate.items[key].id for key in ("service", "late", "shops"))
    bill = estate.july_bills[0].id
    return [
        "/fees",
        "/fees/new",
        f"/fees/{service}",
        f"/fees/{service}/names",
        f"/fees/{service}/draft",
        f"/fees/{service}/draft?shape=table&row_attribute=is_reduced&column_attribute=",
        f"/fees/{service}/draft?shape=area&plus_attribute=flat_type",
        f"/fees/{service}/draft?shape=fixed",
        f"/fees/{service}/draft?shape=quantity",
        f"/fees/{service}/draft?shape=tiers",
        f"/fees/{shops}/draft",
        f"/fees/{late}/draft",
        f"/fees/{late}/draft?shape=flat",
        f"/fees/{late}/draft?shape=higher",
        "/runs",
        "/runs?status=issued&sort=-total_minor",
        "/runs/new",
        f"/runs/{estate.july.id}",
        f"/runs/{estate.august.id}",
        f"/runs/{estate.august.id}/exceptions",
        f"/runs/{estate.august.id}/exceptions?code=no_holder&q=U3",
        f"/runs/{estate.august.id}/issuing",
        f"/runs/{estate.august.id}/cancelling",
        f"/runs/{estate.july.id}/printing",
        "/bills",
        "/bills?q=U1&status=issued&period=2026-07&sort=-total_minor&overdue=yes",
        "/bills?q=%25_nothing",
        f"/bills?run={estate.august.id}",
        f"/bills/{bill}",
        f"/bills/{bill}/voiding",
        "/bills/reminders",
    ]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_every_page_is_sound(billed, client, language):
    for path in paths(billed):
        answer = await client.get(billed.root + path, headers={"Accept-Language": language})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-800:])
        inspect(answer.text)
