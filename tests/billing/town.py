"""A small institution with bills to pay, open to both channels of the sandbox, for tests of pages about money."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import httpx2

from billing.models import Bill, SettlementAccount
from billing.payments.orders import NUMBER, SECRET
from tenants.models import Account, Tenant
from tenants.runtime import runtime
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.asking import NOBODY
from tests.billing.charges.conftest import build
from tests.billing.charges.estate import AUGUST, JULY, Estate

REDUCED, NORMAL = 6350, 7900
"""A four-room flat's month in cents, at the reduced and the normal rate of the published tariff."""


@dataclass
class Town:
    """Two flats of one tenant; Ann holds the first, July is billed."""

    estate: Estate
    ann: Any
    flat: Account
    other: Account
    bills: dict[str, Bill] = field(default_factory=dict)

    @property
    def tenant(self) -> Tenant:
        return self.estate.tenant

    @property
    def bill(self) -> Bill:
        return self.bills["flat"]

    @property
    def others_bill(self) -> Bill:
        return self.bills["other"]

    async def bill_month(self, period: date) -> Bill:
        """Bill another month; return Ann's."""
        run = await self.estate.bill(period=period)
        return next(bill for bill in await self.estate.bills(run) if bill.account_id == self.flat.id)

    async def fresh(self, bill: Bill | None = None) -> Bill:
        async with open_scope(tenant_scope(self.tenant.id)):
            return await Bill.get(tenant_id=self.tenant.id, id=(bill or self.bill).id)


async def found(bank: make.Bank, **places: Any) -> Town:
    """Make the town; ``places`` are its account's numbers at the channels."""
    estate = await build(bank)
    flat = await make.account(estate.tenant, "01-101", name="Blk 1 #01-101")
    other = await make.account(
        estate.tenant, "01-102", name="Blk 1 #01-102", attributes={"flat_type": "4-room", "is_reduced": False}
    )
    ann = await make.person("Ann Tan", email="ann@example.com")
    await make.holder(flat, ann)
    await settle_at(estate.tenant, **places)
    town = Town(estate, ann, flat, other)
    run = await estate.bill(period=JULY)
    for bill in await estate.bills(run):
        town.bills["flat" if bill.account_id == flat.id else "other"] = bill
    return town


async def settle_at(
    tenant: Tenant, *, stripe_account: str = "", rail_merchant: str = "", rail_secret: str = ""
) -> None:
    async with open_scope(tenant_scope(tenant.id)):
        await SettlementAccount.create(
            tenant_id=tenant.id,
            currency=tenant.currency,
            bank_code="HARBOUR",
            account_name=tenant.name,
            account_number=runtime().encrypt(NUMBER, "6222000000001234"),
            account_mask="**** 1234",
            stripe_account=stripe_account,
            is_stripe_ready=bool(stripe_account),
            rail_merchant=rail_merchant,
            rail_secret=runtime().encrypt(SECRET, rail_secret) if rail_secret else None,
        )


def at_sandbox(control: httpx.Client) -> dict[str, str]:
    """Open an account at both channels of the sandbox."""
    merchant = control.post("/merchants", json={"name": "Town", "currency": "SGD"}).raise_for_status().json()
    return {"rail_merchant": merchant["id"], "rail_secret": merchant["secret"]}


def field_of(page: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', page)
    assert found, f"the page has no field {name}"
    return found[1]


async def hosted(url: str, act: str) -> str:
    """Press a button on a channel's own page; return where it sends the browser."""
    async with httpx2.AsyncClient(verify=NOBODY, trust_env=False) as browser:
        answer = await browser.post(url, data={"act": act})
    assert answer.status_code in {302, 303}, (answer.status_code, answer.text[:500])
    return answer.headers["location"]


def path_of(url: str) -> str:
    """Return our own path in an address that the outside sends people to."""
    return url.removeprefix("http://cloud.test")


__all__ = ["AUGUST", "JULY", "UUID", "Town", "at_sandbox", "field_of", "found", "hosted", "path_of"]
