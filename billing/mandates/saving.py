"""Cards that are kept when a bill is paid with them: offered to holders, agreed to on our page, fetched from Stripe.

The payer's leave goes with the attempt (``saver``), so that the channel's page keeps the card exactly where it was
asked to. Nothing is charged by it: that takes a mandate, for which the card is then one of the ways (``ways``).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from billing.channels import stripe_cards
from billing.channels.agreements import CardNews
from billing.mandates import cards, places
from billing.mandates.states import LIVE
from billing.mandates.terms import MandateTerms
from billing.mandates.ways import account_for
from billing.models import Attempt, Mandate, SavedCard, SettlementAccount
from billing.payments.orders import order_of, received_attempt
from billing.payments.states import RECEIVED
from billing.routing.methods import Method
from billing.terms import terms_of
from tenants import audit
from tenants.actor import Actor
from tenants.jobs import enqueue
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.errors import Conflict, NotFound
from ui.i18n import t

_HELD = """
select distinct h.account_id from tenants_holder h
  join billing_bill b on b.tenant_id = h.tenant_id and b.account_id = h.account_id and b.id = any ($2::uuid[])
 where h.tenant_id = $1 and h.person_id = $3 and h.confirmed_at is not null
   and covers(h.since, h.until, day_of(h.tenant_id))
   and h.account_id <> all ((select scope_barred('pay') || scope_barred('whole'))::uuid[])
 order by 1
"""


async def held_accounts(actor: Actor, tenant_id: UUID, bill_ids: Iterable[UUID]) -> list[UUID]:
    """Return the accounts of these bills that the actor holds, who alone may have them paid automatically.

    Opens the actor's own scope; the bearer of a pay-link and whoever pays for another person hold none.
    """
    if actor.kind != "payer" or actor.person_id is None:
        return []
    async with open_scope(actor.scope()):
        found = await rows(_HELD, tenant_id, list(bill_ids), actor.person_id)
    return [each["account_id"] for each in found]


async def is_offered(actor: Actor, tenant_id: UUID, bill_ids: Iterable[UUID], payee: UUID | None) -> bool:
    """Tell whether the payer of these bills may have their card kept; opens the scopes it needs.

    ``payee`` is the account of the institution that the bills are paid to, where they are not paid to its first.
    """
    if not await held_accounts(actor, tenant_id, bill_ids):
        return False
    async with open_scope(tenant_scope(tenant_id)):
        own = await _keeper(tenant_id)
    return own is not None and payee in {None, own.id}


async def _keeper(tenant_id: UUID) -> SettlementAccount | None:
    """Return the institution's account on which cards are kept; ``None`` where it takes no automatic payments."""
    terms = await terms_of(tenant_id, MandateTerms)
    return await account_for(tenant_id, "stripe", terms) if terms.is_on else None


async def saver_for(actor: Actor, to: SettlementAccount, method: Method) -> dict[str, Any]:
    """Return what an attempt keeps of its payer's leave to keep the card, in the open tenant scope.

    Empty where this way to pay is no card, or the institution keeps none on this account.

    Raises:
        Conflict: nobody is signed in, so that nobody could ever take the card away.
    """
    if actor.kind != "payer" or actor.person_id is None:
        raise Conflict("card.nobody", t("Sign in to keep a card. A pay-link keeps none."))
    own = await _keeper(to.tenant_id)
    if (
        own is None
        or own.id != to.id
        or method.channel != "stripe"
        or "card" not in (method.types or ("card",))
    ):
        return {}
    names = {"person_id": str(actor.person_id), "name": actor.name[:100], "email": actor.email[:200]}
    customer = await cards.known_customer(to.tenant_id, actor.person_id, to.id)
    return {"saver": {**names, "customer": customer}}


async def keep_after(actor: Actor, attempt_id: UUID) -> SavedCard | None:
    """Take down the card that a received payment was made with, where its payer agreed; outside of any scope.

    Safe to call again. The same card saved once more stays one: the new copy of it is taken away at Stripe.
    ``None``: it was paid otherwise, or the card has been taken away since.

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel; asking again is safe.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        order = await order_of(actor.tenant_id, attempt_id)
    if order.saver is None or not order.channel_payment:
        return None
    news = await stripe_cards.card_paid_with(order)
    if news is None:
        return None
    async with open_scope(tenant_scope(actor.tenant_id)):
        kept = await _keep(actor, order.saver.person_id, order.destination.id, order.payment_id, news)
    if kept.method != news.method:
        await places.take_away(actor.tenant_id, order.destination.id, news.method)
    return kept


async def _keep(
    actor: Actor, person_id: UUID, settlement_id: UUID, payment_id: UUID, news: CardNews
) -> SavedCard:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    owner = cards.Owner(actor.tenant_id, person_id, settlement_id)
    known = await cards.same_card(owner, news)
    if known is None:
        known = await cards.keep(owner, news)
        await audit.record(
            actor, "card.kept", subject_kind="card", subject_id=known.id, subject_label=cards.mask(known)
        )
    known.payment_id = payment_id
    await known.save(update_fields=["payment_id"])
    return known


async def card_of_payment(actor: Actor, tenant_id: UUID, payment_id: UUID) -> SavedCard | None:
    """Return the card that was kept by a payment of the actor's own, fetching it where that is still to be done.

    Outside of any scope. ``None``: none was to be kept, or Stripe does not say yet (a job goes on asking).

    Raises:
        ChannelSilent, ChannelRefused: as every call of a channel.
    """
    async with open_scope(tenant_scope(tenant_id)):
        attempt = await _received(tenant_id, payment_id)
        known = await SavedCard.filter(tenant_id=tenant_id, payment_id=payment_id).first()
    if attempt is None or attempt.request.get("saver", {}).get("person_id") != str(actor.person_id):
        return None
    kept = known or await keep_after(actor.within(tenant_id), attempt.id)
    return kept if kept and kept.detached_at is None else None


_PAYMENT = "select status from billing_payment where tenant_id = $1 and id = $2"


async def _received(tenant_id: UUID, payment_id: UUID) -> Attempt | None:
    found = await row(_PAYMENT, tenant_id, payment_id)
    return await received_attempt(tenant_id, payment_id) if found and found["status"] in RECEIVED else None


async def unpaid_by_itself(tenant_id: UUID, account_ids: Iterable[UUID]) -> UUID | None:
    """Return the first of these accounts that nothing pays automatically yet, in the open scope."""
    wanted = list(account_ids)
    taken = await Mandate.filter(tenant_id=tenant_id, account_id__in=wanted, status__in=LIVE).values_list(
        "account_id", flat=True
    )
    return next((each for each in wanted if each not in set(taken)), None)


@dataclass(frozen=True, slots=True)
class KeptCard:
    """One card that a payer has kept at an institution; ``pays`` is the account whose bills it is there to pay.

    ``is_paused``: it takes nothing for that account now, because a debit was refused; ``is_refused``: for good.
    """

    id: UUID
    mask: str
    expires: str
    pays: str
    pays_id: UUID | None
    is_paused: bool
    is_refused: bool


_KEPT = """
select c.id, c.brand, c.last4, c.exp_month, c.exp_year, c.customer, c.method,
       coalesce(used.number, '') pays, used.account_id pays_id, coalesce(used.status = 'paused', false) is_paused,
       coalesce(used.word = 'card_refused', false) is_refused
  from billing_saved_card c left join lateral (
         select a.number, m.account_id, m.status, m.word from billing_mandate m
           join tenants_account a on a.tenant_id = m.tenant_id and a.id = m.account_id
          where m.tenant_id = c.tenant_id and m.instrument = c.method and m.status = any ($3)
          order by m.status <> 'paused', a.number limit 1) used on true
 where c.tenant_id = $1 and c.person_id = $2 and c.detached_at is null
 order by c.created_at desc, c.id
"""


async def kept_by(tenant_id: UUID, person_id: UUID | None) -> list[KeptCard]:
    """Return the cards that a payer has kept here, expired ones too, in a scope that sees them."""
    return [_shown(found) for found in await rows(_KEPT, tenant_id, person_id, list(LIVE))]


def _shown(found: Mapping[str, Any]) -> KeptCard:
    names = ("method", "customer", "brand", "last4", "exp_month", "exp_year")
    card = CardNews(**{name: found[name] for name in names})
    expires = f"{card.exp_month:02d}/{card.exp_year}"
    use = {name: found[name] for name in ("pays", "pays_id", "is_paused", "is_refused")}
    return KeptCard(found["id"], stripe_cards.mask_of(card), expires, **use)


async def forget(actor: Actor, *, tenant_id: UUID, card_id: UUID) -> None:
    """Take a card away at its payer's wish, at once here and right after at Stripe; a second time changes nothing.

    Raises:
        NotFound: the actor has no such card.
        Conflict: it pays something automatically, which has to be stopped first.
    """
    async with open_scope(tenant_scope(tenant_id)):
        held = SavedCard.filter(
            tenant_id=tenant_id, id=card_id, person_id=actor.person_id
        ).select_for_update()
        card = await held.get_or_none()
        if card is None:
            raise NotFound("card.not_found", t("There is no such card, or it is not yours."))
        if await Mandate.exists(tenant_id=tenant_id, instrument=card.method, status__in=LIVE):
            text = t("This card pays bills automatically. Stop that first, or choose another card there.")
            raise Conflict("card.in_use", text)
        await cards.mark_gone(actor.within(tenant_id), card)
        await enqueue(cards.DETACH_JOB, {"method": card.method})
