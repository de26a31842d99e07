"""People in the hospital's beds: a father whose deposit runs low, one who needs credit, one who goes home, one gone."""

from datetime import timedelta
from typing import Any

from billing.terms import keep_terms
from billing.wallets.topping_up import take_top_up
from deploy.seed.clinic import DAUGHTER, GENERAL
from deploy.seed.outside import Outside
from scenarios.hospital import consents
from scenarios.hospital.inpatient import admission, credit, deposits, settling, syncing
from scenarios.hospital.kinds import CONSENTS
from scenarios.hospital.models import Stay
from scenarios.hospital.orders.tonight import TonightTerms
from tenants.actor import Actor
from tenants.days import today
from tenants.models import Account, Tenant
from tenants.scope import open_scope, tenant_scope

FATHER = "Ho Boon Keng"
CARE = (("Bed and nursing", 120), ("Infusion", 46), ("Blood count", 18), ("Medicine", 37))
"""What a day in bed costs, in whole dollars."""
DAYS = {"daughter": 3, "father": 6, "short": 9, "leaving": 4, "quiet": 2}
"""How many days each has been there; all of them cost the same."""
PAID = {"daughter": 150_000, "father": 140_000, "short": 60_000, "leaving": 200_000, "quiet": 300_000}
LENT_MINOR = 200_000


async def tell(tenant: Tenant, clerk: Actor, cashier: Actor, finance: Actor, outside: Outside) -> int:
    """Have five people lie in the hospital's beds; return how many are still there."""
    async with open_scope(tenant_scope(tenant.id)):
        if await Stay.exists(tenant_id=tenant.id):
            return await Stay.filter(tenant_id=tenant.id, status="admitted").count()
        await keep_terms(finance, TonightTerms(is_on=True), tenant_id=tenant.id)
        people = await _people(tenant)
        for one in people.values():
            for purpose in CONSENTS:
                await consents.give(clerk, account_id=one.id, purpose=purpose, way="desk")
    await _lay(tenant, people, outside)
    await outside.tell("his/reports", {"hospital": GENERAL.slug, "reports": _reports(people["father"])})
    await syncing.keep_up(clerk)
    async with open_scope(tenant_scope(tenant.id)):
        stays = {one.his_id: one for one in await Stay.filter(tenant_id=tenant.id)}
    for key, amount in PAID.items():
        await take_top_up(
            cashier,
            wallet_id=stays[f"stay-{key}"].wallet_id,
            amount_minor=amount,
            method="cash",
            key=f"stay-{key}",
            payer_name=people[key].name,
            tendered_minor=amount,
        )
    await settling.presettle(finance, stays["stay-leaving"].id)
    await _go_home(tenant, clerk, finance, stays)
    async with open_scope(tenant_scope(tenant.id)):
        await credit.ask(
            clerk,
            stay_id=stays["stay-short"].id,
            amount_minor=LENT_MINOR,
            until=today(tenant.timezone) + timedelta(days=14),
            reason="The family brings the rest on Monday.",
        )
        await deposits.remind(clerk, stays["stay-father"].id)
        return await Stay.filter(tenant_id=tenant.id, status="admitted").count()


def _reports(father: Account) -> list[dict[str, Any]]:
    """Return what the laboratory has of the father: two released, one still being checked."""
    facts = (
        ("Blood count", "All values are within their ranges.", "final"),
        ("X-ray of the chest", "Nothing unusual is seen.", "amended"),
        ("Kidney values", "", "preliminary"),
    )
    return [
        {
            "id": f"report-{n}",
            "patient": father.number,
            "title": title,
            "conclusion": text,
            "status": status,
            "text": f"{title}\n{text}\n" if text else "",
        }
        for n, (title, text, status) in enumerate(facts, 1)
    ]


async def _people(tenant: Tenant) -> dict[str, Account]:
    family = {"daughter": DAUGHTER.name, "father": FATHER}
    found = {
        key: await Account.get(tenant_id=tenant.id, name=name, kind="patient") for key, name in family.items()
    }
    crowd = Account.filter(tenant_id=tenant.id, kind="patient", name__not_in=list(family.values()))
    others = await crowd.order_by("-created_at").limit(len(DAYS) - len(family))
    return {**found, **dict(zip([key for key in DAYS if key not in family], others, strict=False))}


async def _lay(tenant: Tenant, people: dict[str, Account], outside: Outside) -> None:
    now = today(tenant.timezone)
    stays: list[dict[str, Any]] = [
        {
            "id": f"stay-{key}",
            "patient": people[key].number,
            "ward": f"{3 + n // 3}A",
            "bed": f"{3 + n // 3}A-{12 + n}",
            "at": f"{(now - timedelta(days=days)).isoformat()}T02:00:00Z",
        }
        for n, (key, days) in enumerate(DAYS.items())
    ]
    await outside.tell("his/stays", {"hospital": GENERAL.slug, "stays": stays})
    for key, days in DAYS.items():
        charges = [
            {
                "id": f"stay-{key}-{day}-{n}",
                "text": text,
                "value": float(value),
                "day": (now - timedelta(days=days - day)).isoformat(),
            }
            for day in range(days)
            for n, (text, value) in enumerate(CARE)
        ]
        body = {"hospital": GENERAL.slug, "stay": f"stay-{key}", "charges": charges}
        await outside.tell("his/stay-charges", body)


async def _go_home(tenant: Tenant, clerk: Actor, finance: Actor, stays: dict[str, Stay]) -> None:
    async with open_scope(tenant_scope(tenant.id)):
        for key in ("stay-leaving", "stay-daughter"):
            await admission.leave(clerk, stays[key].id)
        held = await deposits.held_of(stays["stay-daughter"])
    left = held.deposited_minor - held.charged_minor
    await settling.discharge(finance, stay_id=stays["stay-daughter"].id, seen_left_minor=left)
