"""Split rules of fees: drafted by one person, put into force by another, never changed, followed by the next."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from pydantic import ValidationError

from billing.models import FeeItem, Receiver, SplitRule
from billing.names import localized
from billing.splits.documents import SplitDocument, read, sentences
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.scope import rows
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t


async def every(actor: Actor) -> list[SplitRule]:
    """Return all rules, the newest first."""
    actor.require("splits.read")
    return await SplitRule.filter(tenant_id=actor.tenant_id).order_by("-created_at").limit(500)


async def get(actor: Actor, rule_id: UUID, *, lock: bool = False) -> SplitRule:
    """Return one rule of this institution.

    Raises:
        NotFound: there is none.
    """
    actor.require("splits.read")
    found = SplitRule.filter(tenant_id=actor.tenant_id, id=rule_id)
    rule = await (found.select_for_update() if lock else found).get_or_none()
    if rule is None:
        raise NotFound("split.not_found", t("There is no such rule."))
    return rule


async def draft(actor: Actor, *, fee_item_id: UUID, document: SplitDocument) -> SplitRule:
    """Keep a rule as the fee's draft, for another person to put into force; a draft before it is replaced.

    Raises:
        NotFound: there is no such fee.
        Invalid: a receiver is not one of this institution's, or closed.
    """
    actor.require("splits.write")
    item = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=fee_item_id)
    if item is None:
        raise NotFound("fee.not_found", t("There is no such fee."))
    await _check_receivers(actor, document)
    known = await SplitRule.filter(tenant_id=actor.tenant_id, fee_item_id=item.id)
    await SplitRule.filter(tenant_id=actor.tenant_id, fee_item_id=item.id, status="draft").delete()
    rule = await SplitRule.create(
        tenant_id=item.tenant_id,
        fee_item_id=item.id,
        version=max((each.version for each in known if each.status != "draft"), default=0) + 1,
        document=document.model_dump(mode="json"),
        effective_from=await today_at(actor.tenant_id),
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )
    await _record(actor, rule, item, "split_rule.drafted")
    return rule


async def _check_receivers(actor: Actor, document: SplitDocument) -> None:
    wanted = [part.receiver for part in document.parts]
    found = await Receiver.filter(tenant_id=actor.tenant_id, id__in=wanted, status="active")
    known = {receiver.id for receiver in found}
    missing = {
        f"parts-{place}-receiver": t("Choose a receiver who is open.")
        for place, receiver in enumerate(wanted)
        if receiver not in known
    }
    if missing:
        raise Invalid("split.receiver", next(iter(missing.values())), fields=missing)


async def activate(actor: Actor, rule_id: UUID, *, effective_from: date) -> SplitRule:
    """Put a draft into force from a day on.

    Raises:
        Conflict: it is no draft, or the actor wrote it: another person decides.
        Invalid: the day is past, or not after the version before it.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("splits.approve")
    actor.require_fresh()
    rule, item = await _decidable(actor, rule_id)
    active = SplitRule.filter(tenant_id=actor.tenant_id, fee_item_id=item.id, status="active")
    last = await active.order_by("-effective_from").first()
    if effective_from < await today_at(actor.tenant_id):
        text = t("Choose today or a later day: what was paid before is shared already.")
        raise Invalid("split.past", text, fields={"effective_from": text})
    if last is not None and effective_from <= last.effective_from:
        text = t("Another version is in force from that day or later. Choose a later day.")
        raise Invalid("split.order", text, fields={"effective_from": text})
    return await _decide(actor, rule, item, "active", effective_from)


async def refuse(actor: Actor, rule_id: UUID) -> SplitRule:
    """Refuse a draft; it stays as a record, and another can be written."""
    actor.require("splits.approve")
    actor.require_fresh()
    rule, item = await _decidable(actor, rule_id)
    return await _decide(actor, rule, item, "refused", rule.effective_from)


async def _decidable(actor: Actor, rule_id: UUID) -> tuple[SplitRule, FeeItem]:
    rule = await get(actor, rule_id, lock=True)
    if rule.status != "draft":
        raise Conflict("split.decided", t("This rule has been decided about already."))
    if rule.created_by == actor.person_id:
        raise Conflict("split.own", t("You wrote this rule, so somebody else has to put it into force."))
    return rule, await FeeItem.get(tenant_id=actor.tenant_id, id=rule.fee_item_id)


async def _decide(actor: Actor, rule: SplitRule, item: FeeItem, status: str, start: date) -> SplitRule:
    rule.status, rule.effective_from = status, start
    rule.decided_by_name, rule.decided_at = actor.name[:100], datetime.now(UTC)
    await rule.save()
    await _record(actor, rule, item, "split_rule.activated" if status == "active" else "split_rule.refused")
    return rule


_IN_FORCE = """
select distinct on (fee_item_id) * from billing_split_rule
 where tenant_id = $1 and fee_item_id = any ($2::uuid[]) and status = 'active' and effective_from <= $3
 order by fee_item_id, effective_from desc
"""


async def in_force(tenant_id: UUID, fee_items: Iterable[UUID], day: date) -> dict[UUID, SplitRule]:
    """Return the rule that holds for each of these fees on a day, in the open tenant scope."""
    found = await rows(_IN_FORCE, tenant_id, list(fee_items), day)
    return {each["fee_item_id"]: SplitRule._init_from_db(**dict(each)) for each in found}  # noqa: SLF001


_SHARED = """
select exists (select 1 from billing_bill_line l join billing_split_rule r
    on r.tenant_id = l.tenant_id and r.fee_item_id = l.fee_item_id and r.status = 'active'
   and r.effective_from <= $3
 where l.tenant_id = $1 and l.bill_id = any ($2::uuid[])) shared
"""


SHARING = "bank"
"""The channel that pays shares to their receivers' own accounts."""


async def are_shared(tenant_id: UUID, bill_ids: Iterable[UUID]) -> bool:
    """Tell whether part of what these bills charge belongs to others today, so that the bank's rail has to pay it."""
    found = await rows(_SHARED, tenant_id, list(bill_ids), await today_at(tenant_id))
    return bool(found[0]["shared"])


async def must_be_shareable(tenant_id: UUID, bill_ids: Iterable[UUID], channel: str) -> None:
    """Refuse a channel that cannot pay shares of these bills to their receivers' own accounts.

    Stripe's direct charges put all of a payment onto the institution's connected account: from there Stripe moves
    money to nobody but the platform (an application fee), and we hold no money for others. So shared fees are paid
    through the bank's rail.

    Raises:
        Invalid: it is such a channel.
    """
    if channel != SHARING and await are_shared(tenant_id, bill_ids):
        text = t(
            "Part of this bill goes to others than the institution, which cards and wallets cannot do."
            " Please pay it in the bank app (QR code)."
        )
        raise Invalid("payment.channel_shared", text, fields={"channel": text})


async def explained(actor: Actor, rule: SplitRule) -> list[Text]:
    """Return a rule's sentences with its receivers' names; none where the document cannot be read."""
    item = await FeeItem.get(tenant_id=actor.tenant_id, id=rule.fee_item_id)
    try:
        document = read(rule.document)
    except ValidationError:
        return []
    wanted = [part.receiver for part in document.parts]
    names = {r.id: r.name for r in await Receiver.filter(tenant_id=actor.tenant_id, id__in=wanted)}
    return sentences(document, names, item.currency)


async def _record(actor: Actor, rule: SplitRule, item: FeeItem, act: str) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="split_rule",
        subject_id=rule.id,
        subject_label=localized(item.names),
        after={
            "version": rule.version,
            "effective_from": rule.effective_from.isoformat(),
            "document": rule.document,
        },
    )
