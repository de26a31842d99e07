"""A debit that was refused: tried again by the plan, left to its payer, or the end of what it was taken from."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from billing import pay_links
from billing.mandates.declines import meaning, why
from billing.mandates.life import record
from billing.mandates.states import DEBIT, MANDATE, WAITING
from billing.mandates.telling import tell
from billing.mandates.terms import MandateTerms
from billing.models import Bill, Debit, Mandate
from billing.names import Day, Month, Sum
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.days import today_at
from ui.i18n import t

ERROR_MAX = 200


async def failed(actor: Actor, debit: Debit, error: str, *, is_held: bool) -> None:
    """Follow a debit whose try failed, in the open tenant scope; the caller holds the debit's row.

    ``is_held``: somebody else was just paying the bill, which is no failure and uses up no try. A mandate that was
    stopped meanwhile takes nothing any more, and its payer has been told.
    """
    mandate = await Mandate.filter(tenant_id=debit.tenant_id, id=debit.mandate_id).select_for_update().get()
    terms = await terms_of(debit.tenant_id, MandateTerms)
    debit.error = error[:ERROR_MAX]
    if is_held and mandate.status == "active":
        debit.tries -= 1
        await _wait(debit, 1)
    elif mandate.status != "active":
        await _end(debit, "fail")
    elif (means := meaning(error)) == "retry" and debit.tries <= terms.retry_count:
        await _wait(debit, terms.retry_days)
        await _tell(actor, mandate, debit, debit.due_on)
    elif means == "confirm":
        await _end(debit, "fail")
        await _ask(actor, mandate, debit)
    elif means == "leave":
        await _end(debit, "skip")
        await _tell_left(actor, mandate, debit)
    else:
        await _end(debit, "fail")
        await _pause(actor, mandate, is_dead=means == "dead")
        await _tell(actor, mandate, debit, None)


async def _wait(debit: Debit, days: int) -> None:
    now = await today_at(debit.tenant_id)
    debit.status, debit.due_on = DEBIT.after(debit.status, "wait"), now + timedelta(days=days)
    await debit.save()


async def _end(debit: Debit, edge: str) -> None:
    debit.status, debit.ended_at = DEBIT.after(debit.status, edge), datetime.now(UTC)
    await debit.save()


async def _pause(actor: Actor, mandate: Mandate, *, is_dead: bool) -> None:
    if not MANDATE.can(mandate.status, "pause"):
        return
    mandate.status = MANDATE.after(mandate.status, "pause")
    mandate.word = "card_refused" if is_dead and mandate.channel == "stripe" else "retries_over"
    await mandate.save(update_fields=["status", "word"])
    await Debit.filter(tenant_id=mandate.tenant_id, mandate_id=mandate.id, status__in=WAITING).update(
        status=DEBIT.after("waiting", "stop"), ended_at=datetime.now(UTC)
    )
    await record(actor, mandate, "mandate.paused")


async def _words(debit: Debit, mandate: Mandate) -> dict[str, Any]:
    bill = await Bill.get(tenant_id=debit.tenant_id, id=debit.bill_id)
    return {
        "amount": Sum(debit.amount_minor, debit.currency),
        "account": bill.account_number,
        "month": Month(bill.period),
        "why": why(debit.error),
        "card": mandate.mask,
        "link": pay_links.make_url(debit.tenant_id, debit.bill_id),
    }


async def _tell(actor: Actor, mandate: Mandate, debit: Debit, again: date | None) -> None:
    words = await _words(debit, mandate)
    subject = t("{amount} for {month} could not be debited", **words)
    is_card = mandate.channel == "stripe"
    if again is not None and is_card:
        body = t(
            "{card} was declined for {amount} of {account}. {why} We try again on {day}.",
            **words,
            day=Day(again),
        )
    elif again is not None:
        body = t(
            "The bank could not take {amount} for {account}. We try again on {day}.", **words, day=Day(again)
        )
    elif is_card:
        body = t(
            "{card} was declined for {amount} of {account}. {why} Automatic payment is paused. Please pay this bill"
            " yourself: {link} Then choose another card under your account.",
            **words,
        )
    else:
        body = t(
            "The bank could not take {amount} for {account}, so automatic payment is paused. Please pay this bill"
            " yourself; you can take automatic payment up again under your account.",
            **words,
        )
    await tell(actor, mandate, subject, body)


async def _ask(actor: Actor, mandate: Mandate, debit: Debit) -> None:
    """Ask the payer to pay this one bill in person, by a link that opens it; the mandate goes on."""
    words = await _words(debit, mandate)
    await tell(
        actor,
        mandate,
        t("Please confirm the payment of {amount} for {month}", **words),
        t(
            "The bank of {card} wants you to confirm {amount} for {account} yourself, so nothing was taken. Please pay"
            " this bill here: {link} Later bills are taken as before.",
            **words,
        ),
    )


async def _tell_left(actor: Actor, mandate: Mandate, debit: Debit) -> None:
    words = await _words(debit, mandate)
    await tell(
        actor,
        mandate,
        t("{amount} for {month} was not debited", **words),
        t("The bill of {account} cannot be paid automatically. {why} Please pay it here: {link}", **words),
    )
