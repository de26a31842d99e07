"""The bank's console: what the bank asks for, whom it has asked, and institutions at every stage of their way in."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing.bank_terms import services as bank_terms
from billing.bank_terms.document import BankTerms, Limit
from billing.complaints import terms
from billing.complaints.states import KINDS as COMPLAINTS
from billing.complaints.terms import Terms
from billing.models import PayoutHold, Refund, RiskAlert, RiskHold
from billing.oversight import actions, rolling
from billing.payments.refunding import SUBMIT_JOB
from billing.risk import payouts, rules
from billing.risk import services as risk
from deploy.seed import stories
from deploy.seed.brand import show_logo
from deploy.seed.cast import APPLICANTS, MARKET, SEAVIEW, TENGAH, WHARF, Institution, every_employee
from deploy.seed.institutions import BRANCH, approved, prove
from deploy.seed.school import HILLSIDE
from deploy.seed.work import work_off
from tenants import uscc
from tenants.actor import system_actor
from tenants.banks.policy import WEIGHTS, set_policy
from tenants.days import today, today_at_bank
from tenants.ids import new_id
from tenants.life import acts
from tenants.life import services as requests
from tenants.life.kinds import KINDS
from tenants.life.papers import ask_for_expiring
from tenants.models import (
    Application,
    ApplicationDocument,
    BankRequest,
    Branch,
    BulkFile,
    Tenant,
)
from tenants.onboarding import applying, findings, gate, papers
from tenants.onboarding.bulk import services as bulk
from tenants.onboarding.checklist import BEFORE_APPROVAL, BEFORE_LIVE
from tenants.scope import bank_scope, open_scope, tenant_scope

if TYPE_CHECKING:
    from deploy.seed.bank import Founded
    from deploy.seed.stage import Play

AREAS = {"101": ["01", "04", "05", "06", "07", "17", "18", "22"], "102": ["12", "60", "61", "64", "65", "67"]}
"""The beginnings of the postal codes that each branch looks after."""
SELF = {
    "legal_name": "Bukit Panjang Residents' Co-operative",
    "short_name": "Bukit Panjang",
    "kind": "social_organisation",
    "uscc": uscc.make("53350100MA2XBUK10"),
    "legal_representative": "Faridah binte Ismail",
    "postal_code": "677744",
    "scenario": "community",
    "contact_name": "Faridah binte Ismail",
    "contact_email": "faridah@bukit-panjang.example",
    "contact_phone": "+65 6555 0800",
    "settlement_bank_code": "HARBSGSG",
    "settlement_account_name": "Bukit Panjang Residents' Co-operative",
    "settlement_account_number": "1020099887",
}


async def write(play: Play) -> str:
    """Write the chapter; each part is found again by what it has left."""
    founded = await play.founded()
    lakeside = await _application(founded, APPLICANTS["submitted"])
    await _lay_down(founded)
    await _offer_ways(founded)
    await _look_into(founded, lakeside)
    await _go_on(founded)
    await _apply_alone(play)
    await _roll_up(founded)
    await _watch(founded)
    await _hold(play, founded)
    await _keep_back(play, founded)
    await _ask(founded)
    await _many(play, founded)
    await _look_again(founded)
    return "What the bank asks for, checks of an application, one that came by itself, one institution getting ready"


async def ask_from_the_first(play: Play) -> None:
    """Say what the bank asks for before it has taken anybody on, and let the registry know who may come."""
    await play.outside.tell("registry", {"institutions": _registered()})
    chief = (await play.founded()).staff["administrator"]
    async with open_scope(bank_scope(play.bank.id)):
        await set_policy(chief, play.bank.id, BEFORE_APPROVAL, BEFORE_LIVE, 12, 3, 70, dict(WEIGHTS))


def _registered() -> list[dict[str, Any]]:
    """Return the registry's entries; of the one that applies by itself it knows another representative."""
    every = dict.fromkeys(
        [*(one.institution for one in every_employee()), SEAVIEW, WHARF, *APPLICANTS.values()]
    )
    entries = [
        {"uscc": one.uscc, "name": one.legal_name, "legal_representative": one.representative}
        for one in every
    ]
    return [
        *entries,
        {"uscc": SELF["uscc"], "name": SELF["legal_name"], "legal_representative": "Ismail bin Omar"},
    ]


async def _application(founded: Founded, institution: Institution) -> Application:
    async with open_scope(bank_scope(founded.bank.id)):
        return await Application.get(bank_id=founded.bank.id, uscc=institution.uscc)


async def _lay_down(founded: Founded) -> None:
    chief = founded.staff["administrator"]
    async with open_scope(bank_scope(founded.bank.id)):
        await show_logo(chief, founded.bank)
        for code, areas in AREAS.items():
            await Branch.filter(bank_id=founded.bank.id, code=code).update(areas=areas)


async def _offer_ways(founded: Founded) -> None:
    """Say what the bank offers its institutions: every way to pay, up to a limit online; asked and decided by two."""
    async with open_scope(bank_scope(founded.bank.id)):
        if await bank_terms.in_force(founded.bank.id):
            return
        limit = Limit(most_minor=2_000_000)
        terms = BankTerms(currency="SGD", limits={"stripe": limit, "bank": limit})
        reason = "Every way to pay for all institutions, online up to what the risk committee has set."
        made = await bank_terms.ask(founded.staff["administrator"], terms, reason)
        await bank_terms.decide(founded.staff["reviewer"], made.id, is_approved=True, reason="As minuted.")


async def _look_into(founded: Founded, found: Application) -> None:
    """Have the checks run over the application that waits, and its account be proven."""
    await findings.run_checks(founded.staff["reviewer"], found.id)
    async with open_scope(bank_scope(founded.bank.id)):
        await prove(found)


async def _go_on(founded: Founded) -> None:
    """Take one institution up to the gate, the careful way."""
    async with open_scope(bank_scope(founded.bank.id)):
        if await Tenant.exists(bank_id=founded.bank.id, slug=WHARF.slug):
            return
        tenant = await approved(founded, WHARF)
        await gate.send_code(founded.staff["reviewer"], tenant.id)


async def _apply_alone(play: Play) -> None:
    """Have an institution apply by itself, without its documents yet, and ask it for one."""
    async with open_scope(bank_scope(play.bank.id)):
        if await Application.exists(bank_id=play.bank.id, uscc=SELF["uscc"]):
            return
    await applying.apply(play.bank, applying.SelfForm.model_validate(SELF))
    founded = await play.founded()
    manager = replace(founded.staff["relationship_manager"], branches=())
    async with open_scope(bank_scope(play.bank.id)):
        made = await Application.get(bank_id=play.bank.id, uscc=SELF["uscc"])
        due_on = await today_at_bank(play.bank.id) + timedelta(days=10)
        reason = "Please add the certificate with the new address on it."
        await papers.ask_again(manager, made.id, kind="licence", reason=reason, due_on=due_on)


async def _roll_up(founded: Founded) -> None:
    """Have every institution's history stand on the board, and its figures looked at for what to do next."""
    async with open_scope(bank_scope(founded.bank.id)):
        tenants = await Tenant.filter(bank_id=founded.bank.id)
    for tenant in tenants:
        async with open_scope(tenant_scope(tenant.id)):
            await rolling.everything(system_actor(tenant.id))
    async with open_scope(bank_scope(founded.bank.id)):
        await actions.find(founded.bank.id, list(founded.branches.values()))


async def _watch(founded: Founded) -> None:
    """Have the past weeks be looked at for what is out of the ordinary, with a bank that looks closely at refunds."""
    chief = founded.staff["administrator"]
    async with open_scope(bank_scope(founded.bank.id)):
        close = {"least_count": 1.0, "percent": 0.1}
        await rules.try_out(chief, "refunds", close)
        await rules.set_rule(
            chief, "refunds", thresholds=close, is_on=True, holds_refunds=False, holds_payouts=False
        )
        tenant = await Tenant.get(bank_id=founded.bank.id, slug=TENGAH.slug)
        for back in range(45, -1, -1):
            await risk.look_at(tenant, today(tenant.timezone) - timedelta(days=back))


async def _hold(play: Play, founded: Founded) -> None:
    """Have payouts of a school stay at its channels."""
    school, officer = await play.tenant(HILLSIDE), founded.staff["operations"]
    async with open_scope(bank_scope(founded.bank.id)):
        if await PayoutHold.exists(bank_id=founded.bank.id):
            return
        reason = (
            "The school's representative changed last week. Please send us the new entry in the register."
        )
        await payouts.place(officer, school.id, reason=reason)
        days = {key: kind.days for key, kind in COMPLAINTS.items()} | {"refund_late": 3}
        await terms.set_terms(
            founded.staff["administrator"], Terms(days), reason="Refunds are looked into faster."
        )
    await work_off(school.id, payouts.STOP_JOB)


async def _keep_back(play: Play, founded: Founded) -> None:
    """Have a refund that finance may decide alone wait for the bank because of an alert, before it is sent."""
    estate = await play.tenant(TENGAH)
    finance = await play.staff(estate, "finance")
    async with open_scope(bank_scope(founded.bank.id)):
        alert = await RiskAlert.filter(bank_id=founded.bank.id, tenant_id=estate.id).order_by("-day").first()
    if alert is None:
        return
    async with open_scope(tenant_scope(estate.id)):
        reason = "Paid for the parking space next door."
        asked = await stories.ask_back(estate, finance, ("bank", 2), reason, part=1000)
        if asked is None:
            return
        refund = await Refund.get(tenant_id=estate.id, id=asked)
        await RiskHold.create(
            id=new_id(), tenant_id=estate.id, bank_id=alert.bank_id, refund_id=refund.id, alert_id=alert.id,
            number=refund.number, currency=refund.currency, amount_minor=refund.amount_minor,
        )  # fmt: skip
    await work_off(estate.id, SUBMIT_JOB)


async def _ask(founded: Founded) -> None:
    """Have something be asked for that waits for a second person."""
    async with open_scope(bank_scope(founded.bank.id)):
        tenant = await Tenant.get(bank_id=founded.bank.id, slug=MARKET.slug)
        if await BankRequest.exists(bank_id=founded.bank.id, tenant_id=tenant.id):
            return
        form = acts.RepresentativeForm(legal_representative="Nadia Rahman")
        reason = "The shareholders have chosen a new representative; the register shows her."
        acts.register()
        await requests.ask(founded.staff["operations"], tenant.id, KINDS["representative"], form, reason)


async def _look_again(founded: Founded) -> None:
    """Have an institution be due for its review, with a licence that runs out in three weeks."""
    async with open_scope(bank_scope(founded.bank.id)):
        now = await today_at_bank(founded.bank.id)
        await Tenant.filter(bank_id=founded.bank.id, slug=TENGAH.slug).update(
            review_on=now + timedelta(days=12)
        )
        tenant = await Tenant.get(bank_id=founded.bank.id, slug=TENGAH.slug)
        application = await Application.get(bank_id=founded.bank.id, approved_tenant_id=tenant.id)
        licence = ApplicationDocument.filter(
            bank_id=founded.bank.id, application_id=application.id, kind="licence"
        )
        await licence.update(expires_on=now + timedelta(days=21))
    await ask_for_expiring(tenant, now)


async def _many(play: Play, founded: Founded) -> None:
    """Bring a chain in by one file, with rows that come back."""
    async with open_scope(bank_scope(founded.bank.id)):
        if await BulkFile.exists(bank_id=founded.bank.id):
            return
    schools = [_school(number) for number in range(1, 13)]
    known = [
        {"uscc": one["uscc"], "name": one["legal_name"], "legal_representative": "Ho Kim Leng"}
        for one in schools
    ]
    await play.outside.tell("registry", {"institutions": known[:-1]})
    schools[3]["contact_email"] = "no address"
    out = io.StringIO()
    writer = csv.DictWriter(out, list(schools[0]))
    writer.writeheader()
    writer.writerows(schools)
    async with open_scope(bank_scope(founded.bank.id)):
        await bulk.upload(
            founded.staff["relationship_manager"],
            content=out.getvalue().encode(),
            filename="estates-of-one-chain.csv",
            branch_id=founded.branches[BRANCH],
            currency="SGD",
            timezone="Asia/Singapore",
            locale="en",
        )
    await work_off(founded.bank.id, bulk.CHECK_JOB)


def _school(number: int) -> dict[str, str]:
    name = f"Pasir Ris Court {number}"
    return {
        "legal_name": f"{name} Management Pte. Ltd.",
        "short_name": name,
        "kind": "chain_branch",
        "uscc": uscc.make(f"91350100MA2XPR{number:03d}"),
        "legal_representative": "Ho Kim Leng",
        "scenario": "community",
        "contact_name": "Ho Kim Leng",
        "contact_email": f"court{number}@pasir-ris.example",
        "contact_phone": "+65 6555 0900",
        "settlement_bank_code": "HARBSGSG",
        "settlement_account_number": f"1020{number:06d}",
    }
