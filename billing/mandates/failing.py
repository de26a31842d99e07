"""A debit that was refused: tried again by the plan, left to its payer, or the end of what it was taken from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from billing.mandates.declines import meaning, why
from billing.mandates.life import record
from billing.mandates.states import DEBIT, HELD_UP, MANDATE, WAITING
from billing.mandates.telling import tell, words_of
from billing.mandates.terms import MandateTerms
from billing.models import Debit, Mandate
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
        await _tell(actor, mandate, debit, is_tried_again=True)
    elif means == "confirm":
        await _end(debit, "fail")
        await _ask(actor, mandate, debit)
    elif means == "leave":
        await _end(debit, "skip")
        await tell_left(actor, mandate, debit)
    else:
        await _end(debit, "fail")
        await _pause(actor, mandate, is_dead=means == "dead")
        await _tell(actor, mandate, debit, is_tried_again=False)


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
        status=DEBIT.after("waiting", "stop"), ended_at=datetime.now(UTC), error=HELD_UP
    )
    await record(actor, mandate, "mandate.paused")


async def _words(debit: Debit, mandate: Mandate) -> dict[str, Any]:
    return await words_of(debit, mandate) | {"why": why(debit.error)}


async def _tell(actor: Actor, mandate: Mandate, debit: Debit, *, is_tried_again: bool) -> None:
    words = await _words(debit, mandate)
    subject = t("{amount} for {month} could not be debited", **words)
    is_card = mandate.channel == "stripe"
    if is_tried_again and is_card:
        body = t(
            "{card} was declined for {amount} of {account}. {why} We try again on {day}.",
            **words,
        )
    elif is_tried_again:
        body = t("The bank could not take {amount} for {account}. We try again on {day}.", **words)
    elif is_card:
        body = t(
            "{card} was declined for {amount} of {account}. {why} Automatic payment is paused. Please pay it"
            " yourself: {link} Then choose another card under your account.",
            **words,
        )
    else:
        body = t(
            "The bank could not take {amount} for {account}, so automatic payment is paused. Please pay it"
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
            " it here: {link} Later bills are taken as before.",
            **words,
        ),
    )


async def tell_left(actor: Actor, mandate: Mandate, debit: Debit) -> None:
    """Tell the payer that autopay leaves this one to them, and where they pay it."""
    words = await _words(debit, mandate)
    await tell(
        actor,
        mandate,
        t("{amount} for {month} was not debited", **words),
        t("{amount} for {account} cannot be paid automatically. {why} Please pay it here: {link}", **words),
    )
