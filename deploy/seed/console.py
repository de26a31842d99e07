"""The bank's console: what the bank asks for, whom it has asked, and institutions at every stage of their way in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from deploy.seed.cast import APPLICANTS, MARKET, SEAVIEW, TENGAH, Institution
from deploy.seed.institutions import BRANCH, submitted
from tenants import uscc
from tenants.actor import Actor
from tenants.banks.policy import WEIGHTS, set_policy
from tenants.ids import new_id
from tenants.models import AccountProof, Application, Branch, Tenant
from tenants.onboarding import applying, findings, papers, people, services
from tenants.onboarding.checklist import BEFORE_APPROVAL, BEFORE_LIVE
from tenants.scope import bank_scope, open_scope

if TYPE_CHECKING:
    from deploy.seed.bank import Founded
    from deploy.seed.chapters import Play

WHARF = Institution(
    "kallang-wharf",
    "Kallang Wharf Management Pte. Ltd.",
    "Kallang Wharf",
    uscc.make("91350100MA2XKALL0"),
    "Heng Siew Choo",
    "Heng Siew Choo",
    "office@kallang-wharf.example",
    "+65 6555 0700",
)
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
_PASSPORT = "K1234567N"


async def write(play: Play) -> str:
    """Write the chapter; each part is found again by what it has left."""
    founded = await play.founded()
    await play.outside.tell("registry", {"institutions": _registered()})
    lakeside = await _application(founded, APPLICANTS["submitted"])
    await _lay_down(founded)
    await _look_into(founded, lakeside)
    await _go_on(founded)
    await _apply_alone(play)
    return "What the bank asks for, checks of an application, one that came by itself, one institution getting ready"


def _registered() -> list[dict[str, Any]]:
    """Return the registry's entries; of the one that applies by itself it knows another representative."""
    every = (TENGAH, MARKET, SEAVIEW, WHARF, *APPLICANTS.values())
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
        for code, areas in AREAS.items():
            await Branch.filter(bank_id=founded.bank.id, code=code).update(areas=areas)
        await set_policy(chief, founded.bank.id, BEFORE_APPROVAL, BEFORE_LIVE, 12, 3, 70, dict(WEIGHTS))


async def _look_into(founded: Founded, found: Application) -> None:
    """Have the checks run over the application that waits, and its account be proven."""
    await findings.run_checks(founded.staff["reviewer"], found.id)
    async with open_scope(bank_scope(founded.bank.id)):
        await _prove(found)


async def _prove(found: Application) -> None:
    known = await AccountProof.exists(bank_id=found.bank_id, application_id=found.id)
    if not known:
        now = datetime.now(UTC)
        await AccountProof.create(
            id=new_id(),
            bank_id=found.bank_id,
            application_id=found.id,
            direction="in",
            status="proven",
            reference=f"AP{found.id.hex[-10:].upper()}",
            currency=found.currency,
            amount_minor=37,
            account_hash=found.account_hash,
            account_mask=found.settlement_account_number,
            until=now + timedelta(days=7),
            begun_by_name=found.created_by_name,
            proven_at=now,
        )


async def _go_on(founded: Founded) -> None:
    """Take one institution up to the gate, the careful way."""
    manager, reviewer = founded.staff["relationship_manager"], founded.staff["reviewer"]
    async with open_scope(bank_scope(founded.bank.id)):
        if await Tenant.exists(bank_id=founded.bank.id, slug=WHARF.slug):
            return
        made = await submitted(manager, founded.branches[BRANCH], WHARF, before=_name_people)
        await _prove(made)
    await findings.run_checks(reviewer, made.id)
    async with open_scope(bank_scope(founded.bank.id)):
        await services.approve(reviewer, made.id, made.version)


async def _name_people(manager: Actor, found: Application) -> None:
    for role, share in (("representative", None), ("owner", 100)):
        await people.add(
            manager,
            found.id,
            people.PersonForm(
                role=role, name=found.legal_representative, id_kind="passport", id_number=_PASSPORT,
                id_expires_on=None, share_percent=share,
            ),
        )  # fmt: skip


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
        due_on = (datetime.now(UTC) + timedelta(days=10)).date()
        reason = "Please add the certificate with the new address on it."
        await papers.ask_again(manager, made.id, kind="licence", reason=reason, due_on=due_on)
