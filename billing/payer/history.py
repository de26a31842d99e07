"""What a payer has paid, and the proof of it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.channels import channel_name
from billing.models import Payment, Receipt
from billing.payer import queries
from billing.payer.branding import show_bank
from billing.payer.overview import pdf, wanted_locale
from billing.payments.into import paid_into
from billing.payments.words import PAYMENT_TONES, PAYMENT_WORDS
from billing.receipts import service as receipts
from billing.sealing.proofs import proof_file
from tenants.actor import Actor
from tenants.http import path_id
from ui.errors import NotFound
from ui.exports import export, wants_export
from ui.formats import date_text
from ui.i18n import t
from ui.render import respond
from ui.tables import Column, Page, TableQuery


def _day(value: Any, row: Any) -> str:
    """Return the day it was where the institution is."""
    return date_text(value, tz=row["timezone"])


def _channel(value: Any, row: Any) -> str:
    del row
    return str(channel_name(value))


COLUMNS = (
    Column("created_at", t("Day"), format=_day, is_main=True, href=lambda row: f"/my/payments/{row['id']}"),
    Column("short_name", t("Paid to")),
    Column("channel", t("How"), format=_channel),
    Column("status", t("State"), format="badge", tones=PAYMENT_TONES, words=PAYMENT_WORDS),
    Column("amount_minor", t("Amount"), format="money"),
    Column(
        "receipt_number",
        t("Receipt"),
        format="code",
        href=lambda row: f"/my/receipts/{row['receipt_id']}" if row["receipt_id"] else None,
    ),
)
FILED = (*COLUMNS, Column("refunded_minor", t("Refunded"), format="money"), Column("number", t("Number")))


async def payments(request: Request, actor: Actor) -> Response:
    """The person's payments, newest first, or all of them as a file."""
    assert actor.person_id is not None  # noqa: S101 - somebody is signed in
    if wants_export(request):
        return await export(request, FILED, queries.all_history(actor.person_id), "payments")
    query = TableQuery.parse(request)
    found = await queries.history_of(actor.person_id, limit=query.limit, offset=query.offset)
    page = Page.of(query, found, total=await queries.count_history(actor.person_id))
    context = {"page": page, "columns": COLUMNS}
    return await respond(request, "billing/payer/history.html", context, block="list")


async def receipt(request: Request, actor: Actor) -> Response:
    """One receipt of the person's."""
    del actor
    return await receipt_page(
        request, *await _receipt(request), root=f"/my/receipts/{path_id(request)}", back="/my"
    )


async def receipt_page(
    request: Request, kept: Receipt, payment: Payment, *, root: str, back: str
) -> Response:
    """Show a receipt that the open scope sees."""
    await show_bank(request, payment.tenant_id)
    context: dict[str, Any] = {
        "document": receipts.document_of(kept, refunded_minor=payment.refunded_minor),
        "into": await paid_into(payment.tenant_id, payment.settlement_account_id),
        "payment": payment,
        "root": root,
        "back": back,
    }
    return await respond(request, "billing/payer/receipt.html", context)


async def receipt_pdf(request: Request, actor: Actor) -> Response:
    """One receipt of the person's, as PDF in the language asked for."""
    del actor
    kept, payment = await _receipt(request)
    return pdf(await receipts.pdf_of(kept, payment, wanted_locale(request)), kept.number)


async def receipt_proof(request: Request, actor: Actor) -> Response:
    """One receipt of the person's with everything that proves it, for keeping and for checking without us."""
    del actor
    kept, _ = await _receipt(request)
    return await proof_file(kept)


async def _receipt(request: Request) -> tuple[Receipt, Payment]:
    kept = await Receipt.get_or_none(id=path_id(request))
    if kept is None:
        raise NotFound("receipt.not_found", t("There is no such receipt, or it is not yours to see."))
    return await receipts.receipt_of(kept.tenant_id, kept.payment_id)
