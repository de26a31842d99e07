"""How a mandate begins, what its channel says of it, and how it ends at once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.channels.bank import notify_url
from billing.channels.contract import ChannelRefused, ChannelSilent
from billing.channels.rail_agreements import MandateNews, open_mandate, query_mandate
from billing.credit.prepaying import must_hold
from billing.daily import begin
from billing.mandates.states import DEBIT, LIVE, MANDATE, WAITING
from billing.mandates.telling import tell
from billing.mandates.terms import MandateTerms
from billing.models import Debit, Mandate, SettlementAccount
from billing.payments.orders import as_destination
from billing.payments.starting import must_be_outside
from billing.runtime import channel_settings
from billing.terms import terms_of
from tenants import audit
from tenants.actor import Actor
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Account, Tenant
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import Conflict, Invalid
from ui.i18n import N_, t

REVOKE_JOB = "billing.revoke_mandate"
DAYS = range(1, 29)
WORDS = {
    "retries_over": N_("The last debit could not be taken, also not when it was tried again."),
    "revoked": N_("It was revoked at the bank."),
    "no_channel": N_("The bank did not take it."),
}
"""Why a mandate is paused or has ended, in English msgids."""
_EDGES = {"active": "activate", "declined": "decline", "revoked": "revoke", "authorising": "ask"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a payer wants: by which channel, at most how much at once, and when."""

    channel: str
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
    return await present(inside, mandate.id)


async def _write(actor: Actor, account_id: UUID, wish: Wish, return_url: str) -> Mandate:
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    _check(wish)
    if not (await terms_of(actor.tenant_id, MandateTerms)).is_on:
        raise Conflict("mandate.off", t("This institution takes no automatic payments."))
    await Account.filter(tenant_id=actor.tenant_id, id=account_id).select_for_update().get()
    if await Mandate.exists(tenant_id=actor.tenant_id, account_id=account_id, status__in=LIVE):
        raise Conflict("mandate.exists", t("This account is paid automatically already. Stop that first."))
    settlement = await _settlement(actor.tenant_id)
    mandate = Mandate(
        id=new_id(),
        tenant_id=actor.tenant_id,
        account_id=account_id,
        person_id=actor.person_id,
        person_name=actor.name[:100],
        email=actor.email[:200],
        settlement_account_id=settlement.id,
        channel=wish.channel,
        currency=settlement.currency,
        ceiling_minor=wish.ceiling_minor,
        schedule=wish.schedule,
        day_of_month=wish.day_of_month,
    )
    mandate.return_url = return_url.replace("{mandate_id}", str(mandate.id))
    await mandate.save(force_create=True)
    await begin(actor.tenant_id)
    await record(actor, mandate, "mandate.requested")
    return mandate


def _check(wish: Wish) -> None:
    if type(wish.ceiling_minor) is not int or wish.ceiling_minor <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("mandate.ceiling", text, fields={"ceiling": text})
    if wish.schedule not in {"bill", "day"} or wish.day_of_month not in DAYS:
        text = t("Choose a day from 1 to 28.")
        raise Invalid("mandate.day", text, fields={"day": text})
    if wish.channel != "bank" or not channel_settings().rail_url:
        text = t("Choose how to pay.")
        raise Invalid("mandate.channel", text, fields={"channel": text})


async def _settlement(tenant_id: UUID) -> SettlementAccount:
    currency = (await Tenant.get(id=tenant_id)).currency
    found = (
        await SettlementAccount.filter(tenant_id=tenant_id, currency=currency, status="active")
        .exclude(rail_merchant="")
        .order_by("created_at", "id")
        .first()
    )
    if found is None:
        raise Conflict("mandate.no_account", t("This institution takes no automatic payments yet."))
    return found


async def present(actor: Actor, mandate_id: UUID) -> Mandate:
    """Tell the channel of a mandate, or ask what became of it; outside of any scope, and safe to call again.

    Raises:
        Conflict: the channel does not answer; the mandate waits, and can be presented again.
    """
    assert actor.tenant_id is not None  # noqa: S101 - the caller has brought the actor inside
    async with open_scope(tenant_scope(actor.tenant_id)):
        mandate = await Mandate.get(tenant_id=actor.tenant_id, id=mandate_id)
        settlement = await SettlementAccount.get(tenant_id=actor.tenant_id, id=mandate.settlement_account_id)
        account = await Account.get(tenant_id=actor.tenant_id, id=mandate.account_id)
    to = as_destination(settlement)
    try:
        news = await query_mandate(to, mandate.id)
        if news.state == "absent":
            news = await open_mandate(to, _body(mandate, settlement, account.number))
    except ChannelSilent as error:
        text = t(
            "The bank does not answer right now. Please try again in a minute; nothing was set up twice."
        )
        raise Conflict("mandate.silent", text) from error
    except ChannelRefused:
        news = MandateNews("declined")
    async with open_scope(tenant_scope(actor.tenant_id)):
        return await hear(actor, mandate.id, news)


def _body(mandate: Mandate, settlement: SettlementAccount, account: str) -> dict[str, Any]:
    return {
        "merchant_mandate_no": str(mandate.id),
        "ceiling_minor": mandate.ceiling_minor,
        "currency": mandate.currency,
        "description": str(t("Bills of {account}", account=account)),
        "notify_url": notify_url(mandate.tenant_id, settlement.id),
        "return_url": mandate.return_url,
    }


async def hear(actor: Actor, mandate_id: UUID, news: MandateNews) -> Mandate:
    """Bring a mandate to what its channel says, in the open tenant scope; told again, or late, nothing changes.

    Raises:
        tortoise.exceptions.DoesNotExist: this tenant has no such mandate (yet).
    """
    mandate = await Mandate.filter(tenant_id=actor.tenant_id, id=mandate_id).select_for_update().get()
    mandate.reference = news.reference or mandate.reference
    mandate.instrument = news.instrument or mandate.instrument
    mandate.mask = news.mask or mandate.mask
    mandate.authorise_url = news.authorise_url or mandate.authorise_url
    edge = _EDGES.get(news.state, "")
    if edge and MANDATE.can(mandate.status, edge):
        mandate.status = MANDATE.after(mandate.status, edge)
        await _follow(actor, mandate)
    await mandate.save()
    return mandate


async def _follow(actor: Actor, mandate: Mandate) -> None:
    if mandate.status == "active":
        mandate.activated_at = datetime.now(UTC)
        await record(actor, mandate, "mandate.activated")
    elif mandate.status in {"declined", "revoked"}:
        mandate.word = "revoked" if mandate.status == "revoked" else "no_channel"
        await end(actor, mandate)


async def end(actor: Actor, mandate: Mandate) -> None:
    """Note that a mandate is over and let its debits go; the caller saves it."""
    mandate.ended_at = datetime.now(UTC)
    mandate.ended_by_name = "" if actor.kind == "system" else actor.name[:100]
    await Debit.filter(tenant_id=mandate.tenant_id, mandate_id=mandate.id, status__in=WAITING).update(
        status=DEBIT.after("waiting", "stop"), ended_at=mandate.ended_at
    )
    await record(actor, mandate, f"mandate.{mandate.status}")
    if mandate.status != "declined":
        account = await Account.get(tenant_id=mandate.tenant_id, id=mandate.account_id)
        await tell(
            actor,
            mandate,
            t("Automatic payment of {account} has ended", account=account.number),
            t("From now on you pay the bills of {account} yourself.", account=account.number),
        )


async def stop(actor: Actor, *, mandate_id: UUID) -> None:
    """Stop a mandate at once, in the open tenant scope; its channel is told right after. Stopping twice is once.

    The caller has proved that the actor holds its account; staff need the right.
    """
    if actor.kind == "staff":
        actor.require("mandates.write")
    mandate = await Mandate.filter(tenant_id=actor.tenant_id, id=mandate_id).select_for_update().get()
    if not MANDATE.can(mandate.status, "stop"):
        return
    mandate.status = MANDATE.after(mandate.status, "stop")
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
    mandate.status, mandate.word = MANDATE.after(mandate.status, "resume"), ""
    await mandate.save(update_fields=["status", "word"])
    await execute(
        "delete from billing_debit where tenant_id = $1 and mandate_id = $2 and status in ('failed', 'skipped')",
        mandate.tenant_id,
        mandate.id,
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
        after={"ceiling_minor": mandate.ceiling_minor, "currency": mandate.currency, "word": mandate.word},
    )
