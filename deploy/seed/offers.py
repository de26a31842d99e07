"""What is offered from the union to its banks and from the bank to its institutions, and what was taken of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from billing.rules import builders as b
from billing.rules import dump
from deploy.seed.bank import open_bank
from deploy.seed.cast import TENGAH, UNION
from tenants.days import today_at_bank
from tenants.models import BankOffer
from tenants.offers import services
from tenants.offers.kinds import KINDS
from tenants.scope import bank_scope, open_scope, tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from deploy.seed.stage import Play
    from tenants.actor import Actor

_ESTATES = {"en": "Estates: fees and reminders", "zh_CN": "物业小区：收费与提醒"}
_FUND = {"en": "Repair fund by the flat", "zh_CN": "按户维修基金"}
_PARKING = {"en": "Parking by the month", "zh_CN": "包月停车费"}
_SCHOOLS = {"en": "Schools: fees and reminders", "zh_CN": "学校：收费与提醒"}


async def tell(play: Play) -> str:
    """Offer a template from the union down, a rule in two versions, an app, and leave two drafts in writing."""
    founded, union = await play.founded(), await open_bank(UNION.slug)
    chief, head = founded.staff["administrator"], union.staff["administrator"]
    async with open_scope(bank_scope(union.bank.id)):
        template = await services.begin(head, KINDS["template"], "community", _ESTATES)
        above = await _publish(head, template.id, "What all members give their estates")
        fund = await _rule(head, "community:repair_fund", _FUND, "12.00")
        fund = await _publish(head, fund.id, "For estates that set something aside each month")
    async with open_scope(bank_scope(founded.bank.id)):
        mine = await services.copy(chief, above.id)
        await _publish(chief, mine.id, "As the union has it")
        first = await services.copy(chief, fund.id)
        first = await _publish(chief, first.id, "As the union has it")
        await _app(chief)
        await _rule(chief, "community:parking_charge", _PARKING, "90.00")
        await services.begin(chief, KINDS["template"], "education", _SCHOOLS)
    tenant = await play.tenant(TENGAH)
    administrator = await play.staff(tenant, "administrator")
    async with open_scope(tenant_scope(tenant.id)):
        await services.take(administrator, first.id)
    async with open_scope(bank_scope(founded.bank.id)):
        following = await services.begin_next(chief, first.id)
        await services.write(chief, following.id, dict(following.content) | {"document": _flat("13.50")})
        await _publish(chief, following.id, "One dollar fifty more, from the next budget on")
    return "A template and a rule from the union, the rule in two versions, and an app on offer, one of them taken"


async def _rule(chief: Actor, source: str, names: dict[str, str], amount: str) -> BankOffer:
    made = await services.begin(chief, KINDS["rule"], source, names)
    return await services.write(chief, made.id, dict(made.content) | {"document": _flat(amount)})


def _flat(amount: str) -> dict[str, object]:
    return dump(b.charge("SGD", b.fixed(amount)))


async def _app(chief: Actor) -> None:
    """Offer the first app that the bank lists; without the sandbox's apps there is none."""
    for value, name in (await KINDS["app"].sources(chief))[:1]:
        made = await services.begin(chief, KINDS["app"], value, {"en": name, "zh_CN": name})
        await _publish(chief, made.id, "Chosen for all institutions of the bank")


async def _publish(actor: Actor, offer_id: UUID, note: str) -> BankOffer:
    return await services.publish(actor, offer_id, note=note, valid_from=await today_at_bank(actor.bank_id))
