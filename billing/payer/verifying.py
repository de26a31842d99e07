"""Is this receipt real? Anyone who holds its code may ask; the answer names no payer."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from billing.models import Receipt
from billing.receipts import service as receipts
from billing.receipts.service import CODE_LENGTH
from tenants import throttle
from tenants.codes import group_code, is_code, normalise_code
from tenants.http import client_ip
from ui.render import redirect, respond

REASON = "whoever is shown a receipt may check that it is real"
TRIES = ("60/10 minutes",)


async def ask(request: Request) -> Response:
    """A field for the code on a receipt."""
    typed = request.query_params.get("code", "")
    if typed:
        return redirect(request, f"/verify/{group_code(normalise_code(typed)[:40]) or 'none'}")
    return await respond(request, "billing/payer/verify.html", {"code": "", "found": None})


async def verify(request: Request) -> Response:
    """Say whether we issued the receipt with this code, and what it proves."""
    code = request.path_params["code"]
    await throttle.spend("verify-receipt", client_ip(request), TRIES)
    kept = await receipts.find_by_code(code) if is_code(code, CODE_LENGTH) else None
    context = {"code": group_code(normalise_code(code)[:40]), "found": _facts(kept) if kept else None}
    return await respond(request, "billing/payer/verify.html", context, status=200 if kept else 404)


def _facts(kept: Receipt) -> dict[str, Any]:
    """Return what a receipt says, but for who paid and for whom."""
    document = receipts.document_of(kept)
    return {
        "number": document.number,
        "institution": document.issuer.name,
        "bank": document.issuer.bank_name,
        "paid_at": document.paid_at,
        "zone": document.zone,
        "currency": document.currency,
        "total_minor": document.total_minor,
    }
