"""What a payer may choose to be charged automatically: their bank account, a card saved before, or another card."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from billing.bank_terms.document import DEBIT
from billing.bank_terms.reading import bank_terms_of
from billing.channels import CHANNELS
from billing.mandates.cards import cards_of, mask
from billing.mandates.terms import MandateTerms
from billing.models import SavedCard, SettlementAccount
from billing.payments.orders import as_destination
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.models import Tenant
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import Text, t

BANK, NEW_CARD, SAVED = "bank", "card", "card:"


@dataclass(frozen=True, slots=True)
class Way:
    """One choice of the form: its value and its words."""

    key: str
    words: Text | str


async def ways_of(actor: Actor, tenant_id: UUID) -> list[Way]:
    """Return what this payer may choose at an institution; opens the tenant's scope itself."""
    async with open_scope(tenant_scope(tenant_id)):
        terms = await terms_of(tenant_id, MandateTerms)
        found = [Way(BANK, t("My bank account"))] if await account_for(tenant_id, "bank", terms) else []
        own = await account_for(tenant_id, "stripe", terms)
        if own is None or actor.person_id is None:
            return found
        cards = await cards_of(tenant_id, actor.person_id, own.id)
    found += [Way(f"{SAVED}{card.id}", mask(card)) for card in cards]
    return [*found, Way(NEW_CARD, t("Another card") if cards else t("A credit or debit card"))]


def way_of(channel: str) -> str:
    """Return what a mandate of a channel is among the ways that a bank offers."""
    return DEBIT if channel == "bank" else channel


async def account_for(tenant_id: UUID, channel: str, terms: MandateTerms) -> SettlementAccount | None:
    """Return the institution's account that can be paid this way, in the open tenant scope."""
    if not (terms.has_bank if channel == "bank" else terms.has_card):
        return None
    if not (await bank_terms_of(tenant_id)).offers(way_of(channel)):
        return None
    currency = (await Tenant.get(id=tenant_id)).currency
    accounts = await SettlementAccount.filter(
        tenant_id=tenant_id, currency=currency, status="active"
    ).order_by("created_at", "id")
    way = CHANNELS[channel]
    open_to = [each for each in accounts if way.is_open_to(as_destination(each))]
    return open_to[0] if open_to and way.capabilities.takes(currency) else None


@dataclass(frozen=True, slots=True)
class Source:
    """What is going to be charged: on which account of the institution, and the card where it is known already."""

    channel: str
    settlement: SettlementAccount
    card: SavedCard | None = None


async def source_of(actor: Actor, way: str) -> Source:
    """Return what a payer chose, in the open tenant scope, holding a saved card's row until it commits.

    Raises:
        Invalid: it is none of what they may choose.
        Conflict: the institution cannot be paid this way now.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    channel = "bank" if way == BANK else "stripe"
    card_id = _id(way.removeprefix(SAVED)) if way.startswith(SAVED) else None
    if way not in {BANK, NEW_CARD} and card_id is None:
        raise _wrong()
    settlement = await account_for(actor.tenant_id, channel, await terms_of(actor.tenant_id, MandateTerms))
    if settlement is None:
        raise Conflict("mandate.no_account", t("This institution takes no automatic payments this way."))
    return Source(channel, settlement, await _card(actor, settlement, card_id) if card_id else None)


async def _card(actor: Actor, settlement: SettlementAccount, card_id: UUID) -> SavedCard:
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    own: Sequence[SavedCard] = await cards_of(settlement.tenant_id, actor.person_id, settlement.id)
    if card_id not in {card.id for card in own}:
        raise _wrong()
    held = SavedCard.filter(tenant_id=settlement.tenant_id, id=card_id).select_for_update()
    card = await held.get()
    if card.detached_at is not None:
        raise _wrong()
    return card


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _wrong() -> Invalid:
    text = t("Choose from what it is taken.")
    return Invalid("mandate.channel", text, fields={"way": text})
