"""Contracts with agencies: made, changed and ended by the site; each act is in the audit trail."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from scenarios.tourism.agencies.standing import deposit_of
from scenarios.tourism.kinds import AGENCY
from scenarios.tourism.models import Contract, Site
from scenarios.tourism.stock import allotments
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.ids import new_id
from tenants.models import Account
from tenants.scope import open_scope
from ui.errors import Invalid, NotFound
from ui.i18n import t

RIGHT = "agencies.write"
ACTIVE, ENDED = "active", "ended"
_TOLD = ("since", "until", "counts", "limit_minor", "allotment", "release_days", "moves_hours", "due_days")


async def contract_of(actor: Actor, contract_id: UUID) -> Contract:
    """Return a contract of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await Contract.get_or_none(tenant_id=actor.tenant_id, id=contract_id)
    if found is None:
        raise NotFound("contract.not_found", t("There is no such contract."))
    return found


async def account_of(contract: Contract) -> Account:
    """Return the agency's account."""
    return await Account.get(tenant_id=contract.tenant_id, id=contract.account_id)


async def add(actor: Actor, facts: Mapping[str, Any]) -> Contract:
    """Make a contract, with a wallet for the deposit and the agency's allotments.

    Raises:
        Invalid: no such site or agency, the agency has a contract already, or its days are the wrong way round.
        StepUp: the sign-in is not fresh and strong; a contract lends.
    """
    _may(actor)
    account = await Account.get_or_none(
        tenant_id=actor.tenant_id, id=facts["account_id"], kind=AGENCY, is_active=True
    )
    if account is None:
        raise _wrong("account_id", t("Choose an agency."))
    site = await _site(actor, facts["site_id"])
    made = Contract(id=new_id(), tenant_id=site.tenant_id, **facts)
    _check(made)
    await _save(made, actor, is_new=True)
    await deposit_of(made)
    await _keep_allotments(actor, made)
    await _record(actor, "contract.added", made, account, after=_told(made))
    return made


async def change(actor: Actor, contract_id: UUID, facts: Mapping[str, Any]) -> Contract:
    """Change what was agreed; what was booked keeps the price and the terms it was booked with.

    Raises:
        Invalid, StepUp: as for ``add``.
    """
    _may(actor)
    found = await contract_of(actor, contract_id)
    before = _told(found)
    found.update_from_dict({**facts, "account_id": found.account_id, "site_id": found.site_id})
    _check(found)
    await _save(found, actor)
    await _keep_allotments(actor, found)
    await _record(
        actor, "contract.changed", found, await account_of(found), before=before, after=_told(found)
    )
    return found


async def end(actor: Actor, contract_id: UUID) -> Contract:
    """End a contract: nothing more is booked under it, its free places go to everybody, what it owes stays owed."""
    _may(actor)
    found = await contract_of(actor, contract_id)
    if found.status == ACTIVE:
        found.status = ENDED
        await _save(found, actor)
        await _keep_allotments(actor, found)
        await _record(actor, "contract.ended", found, await account_of(found))
    return found


def _may(actor: Actor) -> None:
    actor.require(RIGHT)
    actor.require_fresh()


async def _site(actor: Actor, site_id: UUID) -> Site:
    site = await Site.get_or_none(tenant_id=actor.tenant_id, id=site_id)
    if site is None:
        raise _wrong("site_id", t("Choose a site."))
    return site


async def _keep_allotments(actor: Actor, contract: Contract) -> None:
    site = await _site(actor, contract.site_id)
    await allotments.keep(site, await today_at(contract.tenant_id))


def _check(contract: Contract) -> None:
    if contract.until < contract.since:
        raise _wrong("until", t("The last day cannot be before the first."))
    if not contract.prices:
        raise _wrong("prices", t("Give the price of at least one ticket."))


async def _save(contract: Contract, actor: Actor, *, is_new: bool = False) -> None:
    try:
        async with open_scope(actor.scope()):
            await contract.save(force_create=is_new)
    except IntegrityError:
        raise _wrong("account_id", t("This agency has a contract already. End it first.")) from None


def _wrong(field: str, text: Any) -> Invalid:
    return Invalid(f"contract.{field}", text, fields={field: text})


def _told(contract: Contract) -> dict[str, Any]:
    facts = {name: getattr(contract, name) for name in _TOLD}
    plain = {name: one if isinstance(one, int | str) else one.isoformat() for name, one in facts.items()}
    prices = ", ".join(f"{one['kind']} {one['price_minor']}" for one in contract.prices)
    return plain | {"prices": prices}


async def _record(actor: Actor, act: str, contract: Contract, account: Account, **facts: Any) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="contract",
        subject_id=contract.id,
        subject_label=f"{account.number} {account.name}"[:100],
        **facts,
    )
