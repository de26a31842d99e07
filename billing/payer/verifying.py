"""Is this receipt real? Anyone who holds its code may ask; the answer names no payer."""

from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.models import Payment, Receipt
from billing.payments.room import lost_minor
from billing.receipts import service as receipts
from billing.receipts.letterhead import letterhead_for, under
from billing.receipts.service import CODE_LENGTH
from billing.sealing.proofs import is_right, proof_of
from tenants import throttle
from tenants.codes import group_code, is_code, normalise_code
from tenants.http import client_ip
from tenants.scope import open_scope, tenant_scope, value
from ui.i18n import current_locale
from ui.render import redirect, respond

REASON = "whoever is shown a receipt may check that it is real"
TRIES = ("60/10 minutes",)
_BANK = "select b.slug from tenants_tenant t join tenants_bank b on b.id = t.bank_id where t.id = $1"


async def ask(request: Request) -> Response:
    """A field for the code on a receipt."""
    typed = request.query_params.get("code", "")
    if typed:
        return redirect(request, f"/verify/{group_code(normalise_code(typed)[:40]) or 'none'}")
    return await respond(request, "billing/payer/verify.html", {"code": "", "found": None, "sealed": None})


async def verify(request: Request) -> Response:
    """Say whether we issued the receipt with this code, and what it proves."""
    code = request.path_params["code"]
    await throttle.spend("verify-receipt", client_ip(request), TRIES)
    kept = await receipts.find_by_code(code) if is_code(code, CODE_LENGTH) else None
    context = {
        "code": group_code(normalise_code(code)[:40]),
        "found": await _facts(kept) if kept else None,
        "sealed": await _sealed(kept) if kept else None,
    }
    return await respond(request, "billing/payer/verify.html", context, status=200 if kept else 404)


async def _sealed(kept: Receipt) -> dict[str, Any] | None:
    """Return what the receipt's seal bears out; ``None`` while it is not sealed yet."""
    proof = await proof_of(kept)
    if proof is None:
        return None
    async with open_scope(tenant_scope(kept.tenant_id)):
        slug = await value(_BANK, kept.tenant_id)
    seal = proof["seal"]
    moment = datetime.fromtimestamp(seal["sealed_at"] / 1_000_000, UTC)
    return {"is_right": is_right(proof), "at": moment, "hash": seal["hash"], "bank": slug}


async def _facts(kept: Receipt) -> dict[str, Any]:
    """Return what a receipt says, but for who paid and for whom; and what has gone back of its money since."""
    async with open_scope(tenant_scope(kept.tenant_id)):
        head = await letterhead_for(kept.tenant_id)
        payment = await Payment.get(tenant_id=kept.tenant_id, id=kept.payment_id)
        gone = payment.refunded_minor + await lost_minor(payment)
    document = under(head, receipts.document_of(kept), current_locale())
    return {
        "number": document.number,
        "institution": document.issuer.name,
        "bank": document.issuer.bank_name,
        "paid_at": document.paid_at,
        "zone": document.zone,
        "currency": document.currency,
        "total_minor": document.total_minor,
        "gone_minor": min(gone, document.total_minor),
    }
