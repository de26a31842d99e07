"""Fee items and the versions of their rules: drafted, looked at, put into force from a month on, never changed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from billing.charges.depending import refuse_loop
from billing.charges.periods import months_after
from billing.models import FeeItem, FeeRule, SettlementAccount
from billing.names import Joined, Month
from billing.rules import Charge, LateFee, dump, parse
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.kinds import SCENARIOS, AccountKind
from tenants.models import Tenant
from tenants.scope import value
from tenants.staff.second_person import others_who_may
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import t

Document = Charge | LateFee
KEY_MAX = 40
LATEST = 24
"""Months from now until which a rule's beginning may be set."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A fee item with the version in force this month, the next one that is set, and a draft, if there are any."""

    item: FeeItem
    current: FeeRule | None
    coming: FeeRule | None
    draft: FeeRule | None


async def list_items(actor: Actor) -> list[Listed]:
    """Return all fees that a rule may charge, active ones first, in their order.

    Items under which single bills, shops' orders and deposits are booked are charged to no kind of account.
    """
    actor.require("fees.read")
    items = await (
        FeeItem.filter(tenant_id=actor.tenant_id)
        .exclude(account_kinds=[])
        .order_by("-is_active", "position", "key")
    )
    rules = await FeeRule.filter(tenant_id=actor.tenant_id).order_by("effective_from", "version")
    month = (await today_at(actor.tenant_id)).replace(day=1)
    return [_listed(item, [rule for rule in rules if rule.fee_item_id == item.id], month) for item in items]


def _listed(item: FeeItem, rules: Sequence[FeeRule], month: date) -> Listed:
    active = [rule for rule in rules if rule.status == "active"]
    past = [rule for rule in active if rule.effective_from <= month]
    in_force = [rule for rule in past if rule.effective_until is None or rule.effective_until >= month]
    return Listed(
        item,
        current=in_force[-1] if in_force else None,
        coming=next((rule for rule in active if rule.effective_from > month), None),
        draft=next((rule for rule in rules if rule.status == "draft"), None),
    )


async def get_item(actor: Actor, item_id: UUID) -> Listed:
    """Return one fee item of this tenant.

    Raises:
        NotFound: there is none.
    """
    actor.require("fees.read")
    item = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=item_id)
    if item is None:
        raise NotFound("fee.not_found", t("There is no such fee."))
    rules = await versions(actor, item_id)
    month = (await today_at(actor.tenant_id)).replace(day=1)
    return _listed(item, sorted(rules, key=lambda rule: (rule.effective_from, rule.version)), month)


async def versions(actor: Actor, item_id: UUID) -> list[FeeRule]:
    """Return every version of an item's rule, newest first."""
    actor.require("fees.read")
    return await FeeRule.filter(tenant_id=actor.tenant_id, fee_item_id=item_id).order_by("-version")


async def version(actor: Actor, item_id: UUID, rule_id: UUID) -> FeeRule:
    """Return one version of an item's rule.

    Raises:
        NotFound: the item has no such version.
    """
    actor.require("fees.read")
    rule = await FeeRule.get_or_none(tenant_id=actor.tenant_id, fee_item_id=item_id, id=rule_id)
    if rule is None:
        raise NotFound("fee.no_version", t("There is no such version of this rule."))
    return rule


def kinds_of(item: FeeItem) -> list[AccountKind]:
    """Return the kinds of account that an item is charged to, as the scenario defines them now."""
    known = {kind.key: kind for kind in SCENARIOS[item.scenario].account_kinds}
    return [known[key] for key in item.account_kinds if key in known]


async def add_item(
    actor: Actor, *, scenario: str, names: Mapping[str, str], kind: str, account_kinds: Sequence[str]
) -> FeeItem:
    """Add a fee item without a rule yet.

    Raises:
        Invalid: no name, or a kind of account that the scenario does not have.
    """
    actor.require("fees.write")
    tenant = await Tenant.get(id=actor.tenant_id)
    _check_names(names)
    _check_kinds(tenant, scenario, kind, account_kinds)
    item = await FeeItem.create(
        tenant_id=tenant.id,
        scenario=scenario,
        key=await _free_key(tenant.id, names),
        kind=kind,
        names=dict(names),
        account_kinds=list(account_kinds),
        currency=tenant.currency,
        position=min((await _last_position(tenant.id)) + 10, 32_000),
    )
    await _record(actor, "fee_item.added", item, after={"names": item.names, "kind": kind})
    return item


def _check_kinds(tenant: Tenant, scenario: str, kind: str, account_kinds: Sequence[str]) -> None:
    is_ours = scenario in tenant.scenarios
    known = {found.key for found in SCENARIOS[scenario].account_kinds} if is_ours else set()
    wrong = {
        "scenario": None if is_ours else t("Choose a scenario of this institution."),
        "kind": None if kind in {"charge", "late_fee"} else t("Choose whether it is a charge or a late fee."),
        "account_kinds": t("Choose who is charged.")
        if not account_kinds or (is_ours and not set(account_kinds) <= known)
        else None,
    }
    fields = {name: text for name, text in wrong.items() if text is not None}
    if fields:
        raise Invalid("fee.kinds", next(iter(fields.values())), fields=fields)


def _check_names(names: Mapping[str, str]) -> None:
    if not names.get("en", "").strip() or any(len(name) > 60 for name in names.values()):  # noqa: PLR2004
        text = t("Give it a name of at most 60 characters.")
        raise Invalid("fee.name", text, fields={"name_en": text})


async def _free_key(tenant_id: UUID, names: Mapping[str, str]) -> str:
    """Return a key made of the English name that no other item has."""
    stem = re.sub(r"[^a-z0-9]+", "_", names["en"].lower()).strip("_")[:KEY_MAX] or "fee"
    stem = stem if stem[0].isalpha() else f"fee_{stem}"[:KEY_MAX]
    taken = {item.key for item in await FeeItem.filter(tenant_id=tenant_id, key__startswith=stem[:20])}
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem[: KEY_MAX - 4]}_{number}", number + 1
    return key


async def _last_position(tenant_id: UUID) -> int:
    found: int = await value(
        "select coalesce(max(position), 0) from billing_fee_item where tenant_id = $1", tenant_id
    )
    return found


async def rename_item(actor: Actor, item_id: UUID, *, names: Mapping[str, str]) -> FeeItem:
    """Call a fee something else from now on; bills that were made keep the name they had."""
    actor.require("fees.write")
    item = (await get_item(actor, item_id)).item
    _check_names(names)
    before, item.names = item.names, dict(names)
    await item.save(update_fields=["names"])
    await _record(actor, "fee_item.renamed", item, before={"names": before}, after={"names": item.names})
    return item


async def set_active(actor: Actor, item_id: UUID, *, is_active: bool) -> FeeItem:
    """Stop charging a fee in new bill runs, or take it up again."""
    actor.require("fees.activate")
    item = (await get_item(actor, item_id)).item
    item.is_active = is_active
    await item.save(update_fields=["is_active"])
    act = "fee_item.resumed" if is_active else "fee_item.stopped"
    await _record(actor, act, item, before={"is_active": not is_active}, after={"is_active": is_active})
    return item


async def destinations(actor: Actor, item: FeeItem) -> list[SettlementAccount]:
    """Return the institution's accounts that a fee could be paid to, the one that is meant by default first."""
    actor.require("fees.read")
    return await SettlementAccount.filter(
        tenant_id=actor.tenant_id, currency=item.currency, status="active"
    ).order_by("created_at", "id")


async def set_destination(actor: Actor, item_id: UUID, *, settlement_account_id: UUID) -> FeeItem:
    """Have a fee paid to one of the institution's accounts from now on.

    Raises:
        Invalid: the institution has no such account in this currency.
        Conflict: something was paid for the fee already; money of one fee never goes two ways.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("fees.activate")
    item = (await get_item(actor, item_id)).item
    known = {account.id: account for account in await destinations(actor, item)}
    if settlement_account_id not in known:
        text = t("Choose one of your accounts.")
        raise Invalid("fee.destination", text, fields={"settlement_account_id": text})
    before = item.settlement_account_id or next(iter(known))
    if before == settlement_account_id:
        return item
    actor.require_fresh()
    if await value(_IS_PAID, actor.tenant_id, item.id):
        raise Conflict(
            "fee.paid_already", t("This fee has been paid already. Add another fee for the other account.")
        )
    item.settlement_account_id = settlement_account_id
    await item.save(update_fields=["settlement_account_id"])
    await _record(
        actor,
        "fee_item.destination_changed",
        item,
        before={"account": known[before].account_mask if before in known else ""},
        after={"account": known[settlement_account_id].account_mask},
    )
    return item


_IS_PAID = """
select exists (select 1 from billing_bill_line l where l.tenant_id = $1 and l.fee_item_id = $2 and l.paid_minor > 0)
"""


async def save_draft(actor: Actor, item_id: UUID, document: Document) -> FeeRule:
    """Keep a document as the item's draft; there is one at most, and saving again replaces it.

    Raises:
        Invalid: it is for another currency or of the other kind, or would be worked out from its own fee.
    """
    actor.require("fees.write")
    listed = await get_item(actor, item_id)
    item = listed.item
    if document.currency != item.currency or document.kind != item.kind:
        raise Invalid("fee.document", t("This rule is for another kind of fee, or another currency."))
    month = (await today_at(actor.tenant_id)).replace(day=1)
    await refuse_loop(item, document, since=month)
    if listed.draft:
        listed.draft.document = dump(document)
        listed.draft.created_by, listed.draft.created_by_name = actor.person_id, actor.name[:100]
        await listed.draft.save(update_fields=["document", "created_by", "created_by_name"])
        return listed.draft
    numbers = [rule.version for rule in await versions(actor, item_id)]
    return await FeeRule.create(
        tenant_id=item.tenant_id,
        fee_item_id=item.id,
        version=max(numbers, default=0) + 1,
        document=dump(document),
        effective_from=months_after(month, 1),
        created_by=actor.person_id,
        created_by_name=actor.name[:100],
    )


async def discard_draft(actor: Actor, item_id: UUID) -> None:
    """Throw the draft away; nothing was ever charged by it."""
    actor.require("fees.write")
    listed = await get_item(actor, item_id)
    if listed.draft:
        await listed.draft.delete()


async def activate(actor: Actor, item_id: UUID, *, effective_from: date) -> FeeRule:
    """Put the draft into force from the month that begins with ``effective_from``; the version before ends then.

    Whoever wrote it does so only where nobody else has the right, and then the audit trail says so.

    Raises:
        Conflict: there is no draft, or another person has to decide about it.
        Invalid: the month is not after that of the last version, or too far away; or the fee would be worked out
            from itself.
        StepUp: the sign-in is not fresh and strong.
    """
    actor.require("fees.activate")
    listed = await get_item(actor, item_id)
    rule = listed.draft
    if rule is None:
        raise Conflict("fee.no_draft", t("There is no draft to put into force."))
    active = await FeeRule.filter(tenant_id=rule.tenant_id, fee_item_id=item_id, status="active").order_by(
        "effective_from"
    )
    await _check_start(actor, effective_from, active[-1] if active else None)
    await refuse_loop(listed.item, parse(rule.document), since=effective_from, field="effective_from")
    actor.require_fresh()
    is_alone = await _is_decided_alone(actor, rule)
    if active:
        active[-1].effective_until = last_day_before(effective_from)
        await active[-1].save(update_fields=["effective_until"])
    rule.status, rule.effective_from, rule.activated_at = "active", effective_from, datetime.now(UTC)
    rule.activated_by, rule.activated_by_name = actor.person_id, actor.name[:100]
    await rule.save()
    await _record(
        actor,
        "fee_rule.activated",
        listed.item,
        before={"version": active[-1].version} if active else None,
        after={
            "version": rule.version,
            "effective_from": effective_from.isoformat(),
            "drafted_by": rule.created_by_name,
            "document": dump(parse(rule.document)),
        }
        | ({"is_alone": True} if is_alone else {}),
    )
    return rule


async def deciders(actor: Actor, rule: FeeRule) -> list[str] | None:
    """Return who has to put a draft into force because the actor wrote it; ``None`` where the actor may decide.

    An empty list says that nobody else has the right, so that its author may.
    """
    if rule.created_by is None or rule.created_by != actor.person_id:
        return None
    return await others_who_may(actor, "fees.activate")


async def _is_decided_alone(actor: Actor, rule: FeeRule) -> bool:
    others = await deciders(actor, rule)
    if others:
        raise Conflict(
            "fee.own_draft",
            t("You wrote this draft, so somebody else has to put it into force."),
            advice=t("Ask {names}.", names=Joined(others)),
        )
    return others is not None


async def _check_start(actor: Actor, start: date, last: FeeRule | None) -> None:
    now = await today_at(actor.tenant_id)
    text = None
    if start.day != 1 or not months_after(now, -LATEST) <= start <= months_after(now, LATEST):
        text = t("Choose a month within two years of now.")
    elif last is not None and start <= last.effective_from:
        text = t("A version is set from {month} on. Choose a later month.", month=Month(last.effective_from))
    if text is not None:
        raise Invalid("fee.start", text, fields={"effective_from": text})


def last_day_before(day: date) -> date:
    """Return the day before."""
    return date.fromordinal(day.toordinal() - 1)


async def _record(
    actor: Actor,
    act: str,
    item: FeeItem,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="fee_item",
        subject_id=item.id,
        subject_label=item.names.get("en", item.key),
        before=before,
        after=after,
    )
