"""Saved cards of payers: kept by Stripe's ids, told of before they expire, let go with their last use.

One card may pay for several accounts of its payer. It is detached when its payer takes it away, or with the last
mandate that it has paid: under the
card's row lock, so that a mandate that is just beginning with it either finds it gone or keeps it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from billing.channels.agreements import CardNews
from billing.channels.contract import Destination
from billing.channels.stripe_cards import mask_of, open_customer
from billing.mandates.states import LIVE
from billing.mandates.telling import tell
from billing.models import Mandate, SavedCard
from tenants import audit
from tenants.actor import Actor
from tenants.days import today_at
from tenants.jobs import enqueue
from tenants.models import Account
from tenants.scope import execute, open_scope, rows, tenant_scope
from ui.i18n import t

DETACH_JOB = "billing.detach_card"
WARNED_BEFORE = timedelta(days=45)
"""How long before a card's last day its payer is told."""
_KEEP = """
insert into billing_saved_card
  (tenant_id, person_id, settlement_account_id, customer, method, brand, last4, exp_month, exp_year, fingerprint)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, method) do update set exp_month = excluded.exp_month, exp_year = excluded.exp_year,
  last4 = excluded.last4, brand = excluded.brand, fingerprint = excluded.fingerprint
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose card it is, and on which account of the institution it is kept."""

    tenant_id: UUID
    person_id: UUID
    settlement_id: UUID


async def known_customer(tenant_id: UUID, person_id: UUID, settlement_id: UUID) -> str:
    """Return the payer's customer at Stripe, that of an earlier card, in the open scope; empty where there is none."""
    known = await SavedCard.filter(
        tenant_id=tenant_id, person_id=person_id, settlement_account_id=settlement_id
    ).first()
    return known.customer if known else ""


async def customer_of(mandate: Mandate, to: Destination) -> str:
    """Return the payer's customer at Stripe, that of an earlier card where there is one; outside of any scope.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    async with open_scope(tenant_scope(mandate.tenant_id)):
        known = await known_customer(mandate.tenant_id, mandate.person_id, mandate.settlement_account_id)
    if known:
        return known
    return await open_customer(
        to,
        tenant_id=mandate.tenant_id,
        person_id=mandate.person_id,
        name=mandate.person_name,
        email=mandate.email,
    )


async def keep(owner: Owner, card: CardNews) -> SavedCard:
    """Take down the card that a payer has saved, in the open tenant scope; kept again, it is one."""
    await execute(
        _KEEP,
        owner.tenant_id,
        owner.person_id,
        owner.settlement_id,
        card.customer,
        card.method,
        card.brand[:30],
        card.last4[:4],
        card.exp_month,
        card.exp_year,
        card.fingerprint[:64],
    )
    return await SavedCard.get(tenant_id=owner.tenant_id, method=card.method)


async def same_card(owner: Owner, card: CardNews) -> SavedCard | None:
    """Return the very card that its owner has kept before, its row held; one with a new expiry is another."""
    again = Q(fingerprint=card.fingerprint[:64], fingerprint__not="", detached_at=None)
    return (
        await SavedCard.filter(
            tenant_id=owner.tenant_id,
            person_id=owner.person_id,
            settlement_account_id=owner.settlement_id,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
        )
        .filter(Q(method=card.method) | again)
        .order_by("created_at", "id")
        .select_for_update()
        .first()
    )


async def cards_of(tenant_id: UUID, person_id: UUID, settlement_id: UUID) -> list[SavedCard]:
    """Return the cards that a payer has saved here and that can still be charged, in the open tenant scope."""
    found = await SavedCard.filter(
        tenant_id=tenant_id, person_id=person_id, settlement_account_id=settlement_id, detached_at=None
    ).order_by("-created_at")
    now = await today_at(tenant_id)
    return [card for card in found if last_day(card) >= now]


async def card_of(mandate: Mandate) -> SavedCard | None:
    """Return the card that a mandate charges, in the open scope; ``None`` for a bank account, or before it is known."""
    if not mandate.instrument:
        return None
    return await SavedCard.get_or_none(tenant_id=mandate.tenant_id, method=mandate.instrument)


def mask(card: SavedCard) -> str:
    """Return what people know a card by."""
    return mask_of(
        CardNews(card.method, card.customer, card.brand, card.last4, card.exp_month, card.exp_year)
    )


def last_day(card: SavedCard) -> date:
    """Return the last day on which a card can be charged."""
    months = card.exp_year * 12 + card.exp_month
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def is_ending(card: SavedCard, now: date) -> bool:
    """Tell whether a card's last day is near, or over."""
    return last_day(card) - now <= WARNED_BEFORE


async def let_go(mandate: Mandate) -> None:
    """Have the mandate's card detached unless another mandate needs it, in the open tenant scope."""
    if mandate.channel == "stripe" and mandate.instrument:
        await enqueue(DETACH_JOB, {"method": mandate.instrument})


async def claim_detaching(actor: Actor, method: str) -> UUID | None:
    """Mark a card that no live mandate needs as gone; return where it is kept, ``None`` where it stays.

    Called again after a crash it says the same, so that Stripe is told in the end.
    """
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        card = (
            await SavedCard.filter(tenant_id=actor.tenant_id, method=method).select_for_update().get_or_none()
        )
        if card is None or await Mandate.exists(
            tenant_id=actor.tenant_id, instrument=method, status__in=LIVE
        ):
            return None
        await mark_gone(actor, card)
        return card.settlement_account_id


async def mark_gone(actor: Actor, card: SavedCard) -> None:
    """Note that a card whose row is held is not to be used any more; noted again, nothing changes."""
    if card.detached_at is None:
        card.detached_at = datetime.now(UTC)
        await card.save(update_fields=["detached_at"])
        await audit.record(
            actor, "card.detached", subject_kind="card", subject_id=card.id, subject_label=mask(card)
        )


async def warn(actor: Actor) -> int:
    """Tell payers whose card is going to expire, once for each expiry; return how many cards were told of."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        now = await today_at(actor.tenant_id)
        told = [card for card in await _near(actor.tenant_id, now) if await _warn(actor, card)]
    return len(told)


async def _near(tenant_id: UUID, now: date) -> Sequence[SavedCard]:
    until = now + WARNED_BEFORE
    found = await rows(
        "select id from billing_saved_card where tenant_id = $1 and detached_at is null"
        " and exp_year * 12 + exp_month <= $2 and told_for <> exp_year || '-' || lpad(exp_month::text, 2, '0')"
        " order by id for update skip locked",
        tenant_id,
        until.year * 12 + until.month,
    )
    cards = await SavedCard.filter(tenant_id=tenant_id, id__in=[each["id"] for each in found])
    return [card for card in cards if is_ending(card, now)]


async def _warn(actor: Actor, card: SavedCard) -> bool:
    mandates = await Mandate.filter(tenant_id=card.tenant_id, instrument=card.method, status__in=LIVE)
    card.told_for = f"{card.exp_year}-{card.exp_month:02d}"
    await card.save(update_fields=["told_for"])
    for mandate in mandates:
        account = await Account.get(tenant_id=card.tenant_id, id=mandate.account_id)
        words = {"card": mask(card), "month": card.told_for, "account": account.number}
        await tell(
            actor,
            mandate,
            t("{card} expires soon", **words),
            t(
                "{card}, which pays the bills of {account} by itself, expires at the end of {month}. Please choose"
                " another card under your account, so that nothing stays unpaid.",
                **words,
            ),
        )
    return bool(mandates)


async def lose(actor: Actor, method: str) -> bool:
    """Note in the open tenant scope that a card was taken away outside; tell whether it was one kept here until now."""
    held = SavedCard.filter(tenant_id=actor.tenant_id, method=method, detached_at=None).select_for_update()
    card = await held.get_or_none()
    if card is not None:
        await mark_gone(actor, card)
    return card is not None


async def hear(actor: Actor, method: str, news: CardNews) -> SavedCard | None:
    """Take down what became of a card outside, in the open tenant scope: its network renewed it.

    ``None``: it is none of those saved here.
    """
    card = await SavedCard.filter(tenant_id=actor.tenant_id, method=method).select_for_update().get_or_none()
    if card is None:
        return None
    card.brand, card.last4 = news.brand[:30], news.last4[:4]
    card.exp_month, card.exp_year = news.exp_month, news.exp_year
    await card.save(update_fields=["brand", "last4", "exp_month", "exp_year"])
    await Mandate.filter(tenant_id=card.tenant_id, instrument=method, status__in=LIVE).update(mask=mask(card))
    return card
