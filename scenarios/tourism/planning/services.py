"""Planning acts: each changes what is offered, is kept in the audit trail, and leaves what is sold alone."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError
from tortoise.models import Model

from billing.models import FeeItem
from scenarios.tourism.calendar import slots
from scenarios.tourism.merchants import must_share
from scenarios.tourism.models import DayRule, Product, Site, SlotTemplate
from scenarios.tourism.scope import word_hash
from tenants import audit
from tenants.actor import Actor
from tenants.days import today, today_at
from tenants.models import Tenant
from tenants.scope import open_scope
from ui.errors import Invalid, NotFound
from ui.i18n import t

RIGHT = "sites.write"


async def site_of(actor: Actor, site_id: UUID) -> Site:
    """Return a site of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await Site.get_or_none(tenant_id=actor.tenant_id, id=site_id)
    if found is None:
        raise NotFound("site.not_found", t("There is no such site."))
    return found


async def add_site(actor: Actor, facts: Mapping[str, Any]) -> Site:
    """Add a site.

    Raises:
        Invalid: its word is taken, here or by another institution.
    """
    actor.require(RIGHT)
    site = Site(tenant_id=actor.tenant_id, seasons=[], about={}, **facts)
    await _save_site(actor, site)
    await _record(actor, "site.added", "site", site, site.names["en"], after=_plain(facts))
    return site


async def change_site(actor: Actor, site: Site, facts: Mapping[str, Any]) -> None:
    """Change a site and set what its coming days take.

    Raises:
        Invalid: its word is taken.
    """
    actor.require(RIGHT)
    before = _plain({name: getattr(site, name) for name in facts})
    site.update_from_dict(dict(facts))
    await _save_site(actor, site)
    await make_coming_days(site)
    await _record(actor, "site.changed", "site", site, site.names["en"], before=before, after=_plain(facts))


async def _save_site(actor: Actor, site: Site) -> None:
    site.word_hash = word_hash(site.word)
    try:
        async with open_scope(actor.scope()):
            await site.save()
    except IntegrityError:
        text = t("Another site has this word. Choose another one.")
        raise Invalid("site.word", text, fields={"word": text}) from None


async def make_coming_days(site: Site) -> int:
    """Make what is missing of the coming days, and set how many each of them takes."""
    zone = (await Tenant.get(id=site.tenant_id)).timezone
    return await slots.make_days(site, today(zone), slots.AHEAD)


async def save_product(
    actor: Actor, site: Site, product: Product | None, facts: Mapping[str, Any]
) -> Product:
    """Add a product, or change one; tickets that were sold keep what they were sold with.

    Raises:
        Invalid: its fee is not one, its key is taken, or its parts are not products of the site.
    """
    actor.require(RIGHT)
    await _check_fee(actor, facts["fee_item_id"])
    await _check_parts(site, facts["kind"], facts["parts"])
    day = await today_at(site.tenant_id)
    await must_share(site.tenant_id, facts["fee_item_id"], facts.get("receiver_id"), day)
    before = _plain({name: getattr(product, name) for name in facts}) if product else None
    made = product or Product(tenant_id=site.tenant_id, site_id=site.id, about={})
    made.update_from_dict(dict(facts))
    try:
        async with open_scope(actor.scope()):
            await made.save()
    except IntegrityError:
        text = t("Another product of this site has this key.")
        raise Invalid("product.key", text, fields={"key": text}) from None
    act = "product.changed" if product else "product.added"
    await _record(actor, act, "product", made, made.names["en"], before=before, after=_plain(facts))
    return made


async def _check_fee(actor: Actor, fee_item_id: UUID) -> None:
    if not await FeeItem.exists(tenant_id=actor.tenant_id, id=fee_item_id, is_active=True, kind="charge"):
        text = t("Choose a fee that is in use.")
        raise Invalid("product.fee", text, fields={"fee_item_id": text})


async def _check_parts(site: Site, kind: str, parts: list[str]) -> None:
    if kind != "combo":
        return
    found = await Product.filter(
        tenant_id=site.tenant_id, site_id=site.id, id__in=parts, kind="single"
    ).count()
    if len(parts) < 2 or found != len(parts):  # noqa: PLR2004 - a combination has two parts at least
        text = t("Choose at least two single tickets that it is made of.")
        raise Invalid("product.parts", text, fields={"parts": text})


async def product_of(actor: Actor, product_id: UUID) -> Product:
    """Return a product of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await Product.get_or_none(tenant_id=actor.tenant_id, id=product_id)
    if found is None:
        raise NotFound("product.not_found", t("There is no such product."))
    return found


async def save_template(
    actor: Actor, site: Site, template: SlotTemplate | None, facts: Mapping[str, Any]
) -> SlotTemplate:
    """Add a slot that returns, or change one, and make the coming days by it; slots that are made keep their times.

    Raises:
        Invalid: it ends before it begins.
    """
    actor.require(RIGHT)
    if facts["end_minute"] <= facts["start_minute"]:
        text = t("It has to end after it begins.")
        raise Invalid("slot.span", text, fields={"end": text})
    before = _plain({name: getattr(template, name) for name in facts}) if template else None
    made = template or SlotTemplate(tenant_id=site.tenant_id, site_id=site.id, allotments={})
    made.update_from_dict(dict(facts))
    await made.save()
    await make_coming_days(site)
    act = "slot_template.changed" if template else "slot_template.added"
    await _record(actor, act, "slot_template", made, made.names["en"], before=before, after=_plain(facts))
    return made


async def template_of(actor: Actor, template_id: UUID) -> SlotTemplate:
    """Return a slot template of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await SlotTemplate.get_or_none(tenant_id=actor.tenant_id, id=template_id)
    if found is None:
        raise NotFound("slot.not_found", t("There is no such time. Choose another one."))
    return found


async def set_day(actor: Actor, site: Site, day: date, facts: Mapping[str, Any]) -> DayRule:
    """Make an exception of a day: what is sold stays, further sales follow it at once.

    Raises:
        Invalid: less than the approved cap, or shut, without a reason.
    """
    actor.require(RIGHT)
    if not facts["reason"] and (facts["is_shut"] or facts["cap_percent"] < 100):  # noqa: PLR2004 - percent
        text = t("Say why; visitors read it.")
        raise Invalid("day.reason", text, fields={"reason": text})
    rule = await DayRule.get_or_none(tenant_id=site.tenant_id, site_id=site.id, day=day)
    before = _plain({name: getattr(rule, name) for name in facts}) if rule else None
    made = rule or DayRule(tenant_id=site.tenant_id, site_id=site.id, day=day)
    made.update_from_dict(dict(facts))
    await made.save()
    await slots.make_days(site, day)
    await _record(
        actor,
        "site_day.changed",
        "site",
        site,
        f"{site.names['en']} {day}",
        before=before,
        after=_plain(facts),
    )
    return made


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts as the audit trail keeps them."""
    return {
        name: value if isinstance(value, bool | int | str | list | dict | type(None)) else str(value)
        for name, value in facts.items()
        if name not in {"word_hash", "names"}
    }


async def _record(
    actor: Actor,
    act: str,
    kind: str,
    row: Model,
    label: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        actor, act, subject_kind=kind, subject_id=row.pk, subject_label=label, before=before, after=after
    )
