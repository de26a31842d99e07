"""How a mandate begins, what its channel says of it, and how it ends at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from billing.channels.agreements import MandateNews
from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.credit.prepaying import must_hold
from billing.daily import begin
from billing.mandates import cards
from billing.mandates.declines import PAUSED
from billing.mandates.places import ask_anew, news_of
from billing.mandates.states import DEBIT, HELD_UP, LIVE, MANDATE, WAITING
from billing.mandates.telling import tell
from billing.mandates.terms import MandateTerms
from billing.mandates.ways import source_of
from billing.models import Debit, Mandate, SavedCard
from billing.payments.starting import must_be_outside
from billing.terms import terms_of
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Account
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import N_, t

REVOKE_JOB, PRESENT_JOB = "billing.revoke_mandate", "billing.present_mandate"
DAYS = range(1, 29)
WORDS = PAUSED | {
    "retries_over": N_("The last debit could not be taken, also not when it was tried again."),
    "revoked": N_("It was revoked at the bank."),
    "no_channel": N_("The bank did not take it."),
    "no_card": N_("No card was saved."),
    "card_gone": N_("The card was taken away."),
    "moved_out": N_("The payer no longer holds the account."),
}
"""Why a mandate is paused or has ended, in English msgids."""
_EDGES = {"active": "activate", "declined": "decline", "revoked": "revoke", "authorising": "ask"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a payer wants: taken from what (see ``ways``), at most how much at once, and when."""

    way: str
    ceiling_minor: int
    schedule: str
    day_of_month: int = 1


async def set_up(actor: Actor, *, tenant_id: UUID, account_id: UUID, wish: Wish, return_url: str) -> Mandate:
    """Write down a mandate and have its channel ask the payer for leave; call it outside of any scope.

    Raises:
        NotFound: the account is not the actor's.
        Invalid: the ceiling, schedule or channel is not right.
        Conflict: there is one already, autopay is off here, or the channel does not answer.
    """
    must_be_outside()
    await must_hold(actor, tenant_id, account_id)
    inside = actor.within(tenant_id)
    async with open_scope(tenant_scope(tenant_id)):
        mandate = await _write(inside, account_id, wish, return_url)
    return mandate if mandate.status == "active" else await present(inside, mandate.id)


async def _write(actor: Actor, account_id: UUID, wish: Wish, return_url: str) -> Mandate:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    _check(wish)
    if not (await terms_of(actor.tenant_id, MandateTerms)).is_on:
        raise Conflict("mandate.off", t("This institution takes no automatic payments."))
    await Account.filter(tenant_id=actor.tenant_id, id=account_id).select_for_update().get()
    if await Mandate.exists(tenant_id=actor.tenant_id, account_id=account_id, status__in=LIVE):
        raise Conflict("mandate.exists", t("This account is paid automatically already. Stop that first."))
    source = await source_of(actor, wish.way)
    mandate = Mandate(
        id=new_id(),
        tenant_id=actor.tenant_id,
        account_id=account_id,
        person_id=actor.person_id,
        person_name=actor.name[:100],
        email=actor.email[:200],
        settlement_account_id=source.settlement.id,
        channel=source.channel,
        currency=source.settlement.currency,
        ceiling_minor=wish.ceiling_minor,
        schedule=wish.schedule,
        day_of_month=wish.day_of_month,
    )
    mandate.return_url = return_url.replace("{mandate_id}", str(mandate.id))
    await mandate.save(force_create=True)
    await begin(actor.tenant_id)
    await record(actor, mandate, "mandate.requested")
    return await _with(actor, mandate, source.card) if source.card else mandate


def _check(wish: Wish) -> None:
    if type(wish.ceiling_minor) is not int or wish.ceiling_minor <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("mandate.ceiling", text, fields={"ceiling": text})
    if wish.schedule not in {"bill", "day"}:
        text = t("Choose when it is taken.")
        raise Invalid("mandate.schedule", text, fields={"schedule": text})
    if wish.day_of_month not in DAYS:
        text = t("Choose a day from 1 to 28.")
        raise Invalid("mandate.day", text, fields={"day": text})


async def _with(actor: Actor, mandate: Mandate, card: SavedCard) -> Mandate:
    """Begin at once with a card that the payer saved before: they have agreed to it on our own page."""
    news = MandateNews("active", card.customer, card.method, cards.mask(card))
    return await hear(actor, mandate.id, news)


async def present(actor: Actor, mandate_id: UUID) -> Mandate:
    """Tell the channel of a mandate, or ask what became of it; outside of any scope, and safe to call again.

    Raises:
        Conflict: the channel does not answer; the mandate waits, and can be presented again.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    return await _asking(actor, mandate_id, news_of)


async def _asking(
    actor: Actor, mandate_id: UUID, ask: Callable[[Mandate], Awaitable[MandateNews]]
) -> Mandate:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        mandate = await Mandate.get(tenant_id=actor.tenant_id, id=mandate_id)
    try:
        news = await ask(mandate)
    except ChannelSilent as error:
        text = t(
            "The bank does not answer right now. Please try again in a minute; nothing was set up twice."
        )
        raise Conflict("mandate.silent", text) from error
    except ChannelRefused:
        news = MandateNews("declined")
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await hear(actor, mandate.id, news)


async def change_card(actor: Actor, *, mandate_id: UUID) -> Mandate:
    """Have the payer asked for another card; until they have saved one, the old one is charged. Outside of any scope.

    Raises:
        Conflict: it charges no card, it is over, or Stripe does not answer.
    """
    must_be_outside()
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        mandate = await Mandate.get(tenant_id=actor.tenant_id, id=mandate_id)
    if mandate.channel != "stripe" or mandate.status not in {"active", "paused"}:
        raise Conflict("mandate.no_card", t("This automatic payment charges no card."))
    if mandate.person_id != actor.person_id:
        text = t("Only {name} can choose another card here.", name=mandate.person_name)
        raise Conflict("mandate.other_person", text)
    return await _asking(actor, mandate_id, ask_anew)


async def hear(actor: Actor, mandate_id: UUID, news: MandateNews) -> Mandate:
    """Bring a mandate to what its channel says, in the open tenant scope; told again, or late, nothing changes.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such mandate (yet).
    """
    mandate = await Mandate.filter(tenant_id=actor.tenant_id, id=mandate_id).select_for_update().get()
    mandate.reference = news.reference or mandate.reference
    mandate.authorise_url = news.authorise_url or ("" if news.state != "absent" else mandate.authorise_url)
    if news.instrument and news.state == "active" and mandate.status in LIVE:
        await _charge_from_now(actor, mandate, news)
    mandate.mask = news.mask or mandate.mask
    edge = _EDGES.get(news.state, "")
    if edge and MANDATE.can(mandate.status, edge):
        mandate.status = MANDATE.after(mandate.status, edge)
        await _follow(actor, mandate)
    await mandate.save()
    return mandate


async def _charge_from_now(actor: Actor, mandate: Mandate, news: MandateNews) -> None:
    """Take down what is charged from now on; where it takes an old card's place, that one is let go."""
    if news.card is not None:
        owner = cards.Owner(mandate.tenant_id, mandate.person_id, mandate.settlement_account_id)
        await cards.keep(owner, replace(news.card, customer=news.card.customer or mandate.reference))
    if mandate.instrument in {"", news.instrument}:
        mandate.instrument = news.instrument
        return
    await cards.let_go(mandate)
    mandate.instrument, mandate.mask = news.instrument, news.mask
    await record(actor, mandate, "mandate.card_changed")
    if mandate.status == "paused":
        await _take_up(actor, mandate)


async def _follow(actor: Actor, mandate: Mandate) -> None:
    if mandate.status == "active":
        mandate.activated_at = datetime.now(UTC)
        await record(actor, mandate, "mandate.activated")
    elif mandate.status in {"declined", "revoked"}:
        is_card = mandate.channel == "stripe"
        words = ("card_gone", "no_card") if is_card else ("revoked", "no_channel")
        mandate.word = words[0] if mandate.status == "revoked" else words[1]
        await end(actor, mandate)


async def end(actor: Actor, mandate: Mandate) -> None:
    """Note that a mandate is over and let its debits go; the caller saves it."""
    mandate.ended_at = datetime.now(UTC)
    mandate.ended_by_name = "" if actor.kind == "system" else actor.name[:100]
    await Debit.filter(tenant_id=mandate.tenant_id, mandate_id=mandate.id, status__in=WAITING).update(
        status=DEBIT.after("waiting", "stop"), ended_at=mandate.ended_at
    )
    await cards.let_go(mandate)
    await record(actor, mandate, f"mandate.{mandate.status}")
    if mandate.status != "declined":
        account = await Account.get(tenant_id=mandate.tenant_id, id=mandate.account_id)
        await tell(
            actor,
            mandate,
            t("Automatic payment of {account} has ended", account=account.number),
            t("From now on you pay the bills of {account} yourself.", account=account.number),
        )


async def stop(actor: Actor, *, mandate_id: UUID, word: str = "") -> None:
    """Stop a mandate at once, in the open tenant scope; its channel is told right after. Stopping twice is once.

    ``word`` says why where nobody has asked for it.

    The caller has proved that the actor holds its account; staff need the right.
    """
    if actor.kind == "staff":
        actor.require("mandates.write")
    mandate = await Mandate.filter(tenant_id=actor.tenant_id, id=mandate_id).select_for_update().get()
    if not MANDATE.can(mandate.status, "stop"):
        return
    mandate.status, mandate.word = MANDATE.after(mandate.status, "stop"), word or mandate.word
    await end(actor, mandate)
    await mandate.save()
    await enqueue(REVOKE_JOB, {"mandate_id": str(mandate.id)})


async def resume(actor: Actor, *, mandate_id: UUID) -> None:
    """Take a paused mandate up again, in the open tenant scope.

    Raises:
        Conflict: it is not paused.
    """
    mandate = await Mandate.filter(tenant_id=actor.tenant_id, id=mandate_id).select_for_update().get()
    if not MANDATE.can(mandate.status, "resume"):
        raise Conflict("mandate.not_paused", t("This automatic payment is not paused."))
    await _take_up(actor, mandate)
    await mandate.save(update_fields=["status", "word"])


async def _take_up(actor: Actor, mandate: Mandate) -> None:
    """Have bills taken again, those of the last failure and those that it held up too; the caller saves the mandate."""
    mandate.status, mandate.word = MANDATE.after(mandate.status, "resume"), ""
    await execute(
        "delete from billing_debit where tenant_id = $1 and mandate_id = $2"
        " and (status in ('failed', 'skipped') or status = 'stopped' and error = $3)",
        mandate.tenant_id,
        mandate.id,
        HELD_UP,
    )
    await record(actor, mandate, "mandate.resumed")


async def record(actor: Actor, mandate: Mandate, act: str) -> None:
    """Write an act on a mandate to the audit trail."""
    await audit.record(
        actor,
        act,
        subject_kind="mandate",
        subject_id=mandate.id,
        subject_label=mandate.person_name,
        after={
            "ceiling_minor": mandate.ceiling_minor,
            "currency": mandate.currency,
            "word": mandate.word,
            "mask": mandate.mask,
        },
    )
