"""Receipts: written with the payment in one transaction, kept as they were, printed in the reader's language.

What can be verified is a code derived from the receipt's id; only its hash is stored, and the row is found by it in
a scope that sees nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import anyio.to_thread

from billing.channels import channel_name
from billing.channels.counter import KEY as COUNTER
from billing.channels.counter import method_name
from billing.models import Payment, Receipt
from billing.names import localized
from billing.payments.allocating import Share
from billing.payments.into import paid_into
from billing.payments.numbers import receipt_number
from billing.receipts.documents import Issuer, ReceiptDocument, ReceiptLine
from billing.receipts.letterhead import letterhead_for, under
from billing.receipts.pdf import render_receipt
from tenants.codes import code_from, group_code, hash_token, normalise_code
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import open_scope, secret_scope
from ui.errors import NotFound
from ui.formats import month_text
from ui.i18n import Text, current_locale, t, use_locale

CODE_LENGTH = 16
UNASSIGNED = t("Held for you: no bill was left to pay")
CREDITED = t("Paid ahead: the account's credit")


def draw(
    payment: Payment,
    shares: Sequence[Share],
    *,
    place: Mapping[str, Any],
    unassigned_minor: int,
    reference: str,
    is_credit: bool = False,
) -> Receipt:
    """Return the receipt of a payment that has just been received, for the transaction that books it to write.

    ``place`` names the institution and its bank as they are now.
    """
    receipt_id, number = new_id(), receipt_number(payment.number)
    code = code_of(receipt_id)
    document = ReceiptDocument(
        issuer=_issuer(place),
        number=number,
        payer=payment.payer_name,
        paid_at=payment.succeeded_at or payment.created_at,
        zone=place["timezone"],
        currency=payment.currency,
        lines=_lines(shares, unassigned_minor, CREDITED if is_credit else UNASSIGNED),
        total_minor=payment.amount_minor,
        channel=paid_by(payment),
        reference=reference,
        taken_by=payment.taken_by_name,
        verify_url=f"{runtime().public_url.rstrip('/')}/verify/{code}",
        verification_code=code,
    )
    kept = document.as_json()
    for line, share in zip(kept["lines"], shares, strict=False):
        line["names"] = dict(share.names)
    return Receipt(
        id=receipt_id,
        tenant_id=payment.tenant_id,
        payment_id=payment.id,
        person_id=payment.person_id,
        link_bill_id=payment.link_bill_id,
        number=number,
        verification_hash=hash_token(normalise_code(code)),
        document=kept,
    )


def _issuer(place: Mapping[str, Any]) -> Issuer:
    return Issuer(
        name=place["name"],
        credit_code=place["uscc"],
        phone=place["contact_phone"],
        bank_name=place["bank_name"],
        colour=place["accent"],
    )


def _lines(shares: Sequence[Share], unassigned_minor: int, rest: Text) -> tuple[ReceiptLine, ...]:
    lines = [
        ReceiptLine(
            item=localized(share.names),
            period=share.period,
            account=share.account,
            amount_minor=share.amount_minor,
        )
        for share in shares
    ]
    if unassigned_minor:
        lines.append(ReceiptLine(item=rest, amount_minor=unassigned_minor))
    return tuple(lines)


def paid_by(payment: Payment) -> Text:
    """Return how the payment was made, for people."""
    return (
        method_name(payment.counter_method) if payment.channel == COUNTER else channel_name(payment.channel)
    )


def code_of(receipt_id: UUID) -> str:
    """Return the receipt's verification code as printed."""
    return group_code(code_from(runtime().sign("receipt", receipt_id.bytes), CODE_LENGTH))


def document_of(receipt: Receipt, *, refunded_minor: int | None = None, locale: str = "") -> ReceiptDocument:
    """Return the kept receipt in ``locale`` (the reader's by default), with what has gone back since."""
    kept = dict(receipt.document)
    with use_locale(locale or current_locale()):
        kept["lines"] = [_shown(line) for line in kept["lines"]]
    return ReceiptDocument.from_json(kept, refunded_minor=refunded_minor)


def _shown(line: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in line.items() if name != "names"}
    if names := line.get("names"):
        shown["item"] = localized(names)
    if period := line["period"]:
        shown["period"] = month_text(date.fromisoformat(f"{period}-01"))
    return shown


async def receipt_of(tenant_id: UUID, payment_id: UUID) -> tuple[Receipt, Payment]:
    """Return a payment's receipt in the open scope, whoever's it is.

    Raises:
        NotFound: there is none, or it is not this actor's to see.
    """
    receipt = await Receipt.get_or_none(tenant_id=tenant_id, payment_id=payment_id)
    payment = await Payment.get_or_none(tenant_id=tenant_id, id=payment_id)
    if receipt is None or payment is None:
        raise NotFound("receipt.not_found", t("There is no receipt for this payment."))
    return receipt, payment


async def pdf_of(receipt: Receipt, payment: Payment, locale: str = "") -> bytes:
    """Return the receipt as a PDF in ``locale`` (the reader's by default), drawn outside the event loop."""
    chosen = locale or current_locale()
    document = document_of(receipt, refunded_minor=payment.refunded_minor, locale=chosen)
    document = replace(document, paid_into=await paid_into(payment.tenant_id, payment.settlement_account_id))
    shown = under(await letterhead_for(receipt.tenant_id), document, chosen)
    return await anyio.to_thread.run_sync(render_receipt, shown, chosen)


async def find_by_code(typed: str) -> Receipt | None:
    """Return the receipt with this verification code, for anyone who holds it; ``None`` if there is none."""
    hashed = hash_token(normalise_code(typed))
    async with open_scope(secret_scope(hashed)):
        return await Receipt.get_or_none(verification_hash=hashed)
