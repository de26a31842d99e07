"""Matching by hand: a suggestion confirmed or refused, a line tied to what a person names, and any match taken back."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from billing.models import (
    Attempt,
    Break,
    MatchSuggestion,
    Payment,
    Payout,
    Refund,
    SettlementAccount,
    StatementLine,
)
from billing.payments.refunding import TRANSFER
from billing.reconciliation import finding, payouts
from billing.reconciliation.accounts import one_at_a_time
from billing.reconciliation.breaks import end, reason_of
from billing.reconciliation.credits import receive_transfer, tie_paid_back
from billing.reconciliation.intake import agreed_fee
from billing.reconciliation.states import WORKED, move
from tenants import audit
from tenants.actor import Actor
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import Text, t


async def confirm(actor: Actor, *, suggestion_id: UUID) -> None:
    """Say that a suggestion is right: the line is matched with it.

    Raises:
        Conflict: the line or our side was matched in the meantime.
    """
    found = await _suggestion(actor, suggestion_id)
    line = await _line(actor, found.line_id)
    await _tie(actor, line, found.subject_kind, found.subject_id, "suggestion", "")
    await _decide(actor, found, "confirm")


async def refuse(actor: Actor, *, suggestion_id: UUID) -> None:
    """Say that a suggestion is wrong; it is not made again."""
    found = await _suggestion(actor, suggestion_id)
    await _decide(actor, found, "refuse")
    line = await StatementLine.get(tenant_id=actor.tenant_id, id=found.line_id)
    await _record(actor, line, "line.suggestion_refused", {"score": found.score})


async def match(actor: Actor, *, line_id: UUID, number: str, reason: str) -> None:
    """Match an open line with the payment, refund or payout of that number.

    Raises:
        Invalid: no reason, or nothing has this number.
        Conflict: the line or our side is matched already, or they cannot belong together.
    """
    why = reason_of(reason)
    line = await _line(actor, line_id)
    kind, subject_id = await _named(line, number.strip())
    await _tie(actor, line, kind, subject_id, "person", why)


async def unmatch(actor: Actor, *, line_id: UUID, reason: str) -> None:
    """Take a match back: the line is open again, a payout is on its way again, and breaks are raised anew.

    Raises:
        Invalid: no reason.
        Conflict: it is not matched, or stands for something that was booked for itself.
    """
    actor.require("reconciliation.work")
    actor.require_fresh()
    why = reason_of(reason)
    line = await _locked_line(actor, line_id)
    if (
        line.status not in {"matched", "differs", "explained"}
        or line.kind == "payout"
        or line.matched_by in {"charge", "found"}
    ):
        raise Conflict("line.not_matched", t("This line has no match that can be taken back."))
    before: dict[str, object] = {"matched_by": line.matched_by}
    if line.channel == "account":
        await payouts.release(line)
        line.payout_id = None
    move(line, "unmatch")
    line.attempt_id = line.refund_id = None
    line.matched_by = ""
    await line.save(update_fields=["status", "matched_by", "attempt_id", "refund_id", "payout_id"])
    await _record(actor, line, "line.unmatched", {"reason": why}, before)
    await _reopen(line)
    await look_again(line)


async def look_again(line: StatementLine) -> None:
    """Raise and clear the breaks of an account after somebody has changed what matches."""
    tenant_id, account_id = line.tenant_id, line.settlement_account_id
    await finding.clear(tenant_id, account_id)
    if line.channel == "account":
        await finding.find_at_bank(tenant_id, account_id)
        return
    account = await SettlementAccount.get(tenant_id=tenant_id, id=account_id)
    fee = await agreed_fee(account, line.channel)
    await finding.find_in_channel(tenant_id, account_id, line.channel, fee=fee)


async def _reopen(line: StatementLine) -> None:
    """Let breaks that this match had ended be worked again."""
    found = (
        await Break.filter(tenant_id=line.tenant_id, line_id=line.id, kind="theirs_only")
        .order_by("-created_at")
        .first()
    )
    if found is not None and found.status not in WORKED:
        move(found, "reopen")
        found.closed_at = found.closed_by = None
        found.resolution = found.reason = found.closed_by_name = ""
        await found.save()


async def _suggestion(actor: Actor, suggestion_id: UUID) -> MatchSuggestion:
    actor.require("reconciliation.work")
    found = (
        await MatchSuggestion.filter(tenant_id=actor.tenant_id, id=suggestion_id).select_for_update().first()
    )
    if found is None:
        raise NotFound("suggestion.not_found", t("There is no such suggestion."))
    if found.status != "proposed":
        raise Conflict("suggestion.decided", t("Somebody has decided on this suggestion already."))
    return found


async def _decide(actor: Actor, found: MatchSuggestion, edge: str) -> None:
    move(found, edge)
    found.decided_by, found.decided_by_name, found.decided_at = (
        actor.person_id,
        actor.name[:100],
        datetime.now(UTC),
    )
    await found.save(update_fields=["status", "decided_by", "decided_by_name", "decided_at"])


async def _locked_line(actor: Actor, line_id: UUID) -> StatementLine:
    found = await StatementLine.get_or_none(tenant_id=actor.tenant_id, id=line_id)
    if found is None:
        raise NotFound("line.not_found", t("There is no such line."))
    await one_at_a_time(found.settlement_account_id)
    return await StatementLine.filter(tenant_id=actor.tenant_id, id=line_id).select_for_update().get()


async def _line(actor: Actor, line_id: UUID) -> StatementLine:
    actor.require("reconciliation.work")
    line = await _locked_line(actor, line_id)
    if line.status != "open":
        raise Conflict("line.not_open", t("This line has found its other side already."))
    return line


async def _named(line: StatementLine, number: str) -> tuple[str, UUID]:
    """Return what has this number and can be on such a line; ``Invalid`` when nothing has."""
    of: dict[str, Any] = {"tenant_id": line.tenant_id}
    if line.channel == "account":
        payout = await Payout.get_or_none(
            **of, settlement_account_id=line.settlement_account_id, reference=number
        )
        if payout is not None:
            return "payout", payout.id
    refund = await Refund.get_or_none(**of, number=number) if line.kind in {"refund", "debit"} else None
    if refund is not None and refund.status == "succeeded":
        return "refund", refund.id
    payment = await Payment.get_or_none(**of, number=number)
    attempt = await Attempt.get_or_none(**of, payment_id=payment.id, status="succeeded") if payment else None
    if attempt is None:
        raise _wrong(
            "number", t("Nothing of ours that has arrived has the number “{number}”.", number=number)
        )
    return "payment", attempt.id


async def _tie(  # noqa: PLR0917 - what is tied to what, how that is known, and why
    actor: Actor, line: StatementLine, kind: str, subject_id: UUID, how: str, reason: str
) -> None:
    if kind == "payout":
        await _tie_payout(line, subject_id, how)
    elif line.channel == "account" and kind == "refund":
        await _tie_paid_back(line, subject_id, how)
    elif line.channel == "account":
        await _tie_transfer(line, subject_id, how)
    else:
        await _tie_own(line, kind, subject_id, how)
    after: dict[str, object] = {"kind": kind, "matched_by": how}
    if reason:
        after["reason"] = reason
    await _record(actor, line, "line.matched", after)
    await _end_breaks(actor, line, reason)
    await look_again(line)


async def _tie_payout(line: StatementLine, payout_id: UUID, how: str) -> None:
    payout = await Payout.filter(tenant_id=line.tenant_id, id=payout_id).select_for_update().get()
    if payout.status != "on_the_way":
        raise Conflict("payout.ended", t("This payout has been found or has failed already."))
    if (payout.currency, payout.amount_minor) == (line.currency, line.amount_minor):
        await payouts.receive([payout], line, how)
        return
    move(line, "differ")
    line.matched_by, line.payout_id = how, payout.id
    await line.save(update_fields=["status", "matched_by", "payout_id"])


async def _tie_transfer(line: StatementLine, attempt_id: UUID, how: str) -> None:
    attempt = await Attempt.get(tenant_id=line.tenant_id, id=attempt_id)
    payment = await Payment.get(tenant_id=line.tenant_id, id=attempt.payment_id)
    same = (payment.currency, payment.amount_minor) == (line.currency, line.amount_minor)
    if payment.channel != "counter" or not same:
        raise _wrong(
            "number",
            t("A credit is matched with a payout, or with a transfer of the same amount taken at the desk."),
        )
    await _must_be_free(line, attempt_id=attempt_id)
    facts = {"number": payment.number, "currency": payment.currency, "amount_minor": payment.amount_minor}
    await receive_transfer(line.tenant_id, line.settlement_account_id, line.id, attempt_id, facts, how)
    await line.refresh_from_db()


async def _tie_paid_back(line: StatementLine, refund_id: UUID, how: str) -> None:
    refund = await Refund.get(tenant_id=line.tenant_id, id=refund_id)
    same = (refund.way, refund.currency, -refund.amount_minor) == (TRANSFER, line.currency, line.amount_minor)
    if not same:
        raise _wrong("number", t("A debit is matched with a refund of the same amount that was transferred."))
    await _must_be_free(line, refund_id=refund_id)
    await tie_paid_back(line, refund_id, how)


async def _tie_own(line: StatementLine, kind: str, subject_id: UUID, how: str) -> None:
    of: dict[str, Any] = {"tenant_id": line.tenant_id}
    if kind == "refund":
        refund = await Refund.get(**of, id=subject_id)
        payment, amount = await Payment.get(**of, id=refund.payment_id), -refund.amount_minor
        await _must_be_free(line, refund_id=subject_id)
        line.refund_id = subject_id
    else:
        attempt = await Attempt.get(**of, id=subject_id)
        payment = await Payment.get(**of, id=attempt.payment_id)
        amount = payment.amount_minor
        await _must_be_free(line, attempt_id=subject_id)
        line.attempt_id = subject_id
    if payment.channel != line.channel:
        raise _wrong("number", t("This payment came another way than this line."))
    is_same = (payment.currency, amount) == (line.currency, line.amount_minor)
    move(line, "match" if is_same else "differ")
    line.matched_by = how
    await line.save(update_fields=["status", "matched_by", "attempt_id", "refund_id"])


async def _must_be_free(line: StatementLine, **subject: Any) -> None:
    if await StatementLine.exists(tenant_id=line.tenant_id, **subject):
        raise Conflict("subject.matched", t("Another line has been matched with this already."))


async def _end_breaks(actor: Actor, line: StatementLine, reason: str) -> None:
    found = await Break.filter(
        tenant_id=line.tenant_id,
        line_id=line.id,
        kind__in=["theirs_only", "cut_off", "duplicate"],
        status__in=list(WORKED),
    ).select_for_update()
    for each in found:
        await end(actor, each, "matched", reason or str(t("The suggestion was right.")))


async def _record(
    actor: Actor,
    line: StatementLine,
    act: str,
    after: dict[str, object],
    before: dict[str, object] | None = None,
) -> None:
    await audit.record(
        actor,
        act,
        subject_kind="statement_line",
        subject_id=line.id,
        subject_label=f"{line.amount_minor} {line.currency}",
        before=before,
        after=after,
    )


def _wrong(name: str, text: Text) -> Invalid:
    return Invalid(f"line.{name}", text, fields={name: text})
