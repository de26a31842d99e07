"""The pay-link: whoever holds it sees that one bill, pays it, and gets the receipt of that payment. Nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import wraps
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing import pay_links
from billing.payer import outcome, overview, paying, queries
from billing.payer.branding import place_of
from billing.payer.history import receipt_page
from billing.payer.overview import pdf, wanted_locale
from billing.payer.sides import Side, link_side
from billing.receipts import service as receipts
from billing.sealing.proofs import proof_file
from tenants import audit_words, throttle
from tenants.actor import Actor
from tenants.http import client_ip, path_id, public_route
from tenants.navigation import shell_for
from tenants.papers import papers_of, send_paper
from tenants.scope import link_scope, open_scope
from ui.errors import NotFound
from ui.i18n import N_, t

BEARER = N_("Pay-link")
"""Who acts, in English whatever they read: others read it in their own language."""
audit_words.tell_name(BEARER)
REASON = "whoever holds a bill's pay-link may open and pay that bill"
BAD_TOKENS = ("20/10 minutes", "100/1 day")
"""Wrong links that one address may try; right ones are never counted."""
Handler = Callable[[Request, Side], Awaitable[Response]]


def linked(handler: Handler, *, is_inside: bool = True) -> Callable[[Request], Awaitable[Response]]:
    """Return the public endpoint of a pay-link's page; ``is_inside`` keeps the link's scope open around it."""

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        tenant_id, bill_id = await _opened(request)
        async with open_scope(link_scope(tenant_id, bill_id)):
            side = await _side(request, tenant_id, bill_id)
            if is_inside:
                return await handler(request, side)
        return await handler(request, side)

    return endpoint


async def _opened(request: Request) -> tuple[UUID, UUID]:
    """Read the token; whoever tries wrong ones is slowed down."""
    try:
        return pay_links.read(request.path_params["token"])
    except NotFound:
        await throttle.spend("pay-link", client_ip(request), BAD_TOKENS)
        raise


async def _side(request: Request, tenant_id: UUID, bill_id: UUID) -> Side:
    place = await place_of(tenant_id)
    if place is None:
        raise NotFound("pay_link.unknown", t("This link does not open a bill. Check that it is complete."))
    actor = Actor(
        kind="link",
        name=BEARER,
        tenant_id=tenant_id,
        bill_id=bill_id,
        ip=client_ip(request),
        request_id=str(getattr(request.state, "request_id", "")),
        place=dict(place),
    )
    side = link_side(actor, request.path_params["token"])
    request.state.shell = replace(shell_for(actor), home=side.root, sign_in="/sign-in?next=/my")
    return side


async def bill(request: Request, side: Side) -> Response:
    """The bill alone, with the papers that an app has added to it."""
    seen = await _bill(side)
    papers = [
        replace(each, href=f"{side.root}/papers/{each.id}")
        for each in await papers_of(side.actor, "bill", seen.id)
    ]
    return await overview.bill_page(request, side, seen, papers)


async def paper(request: Request, side: Side) -> Response:
    """A paper about the bill: its e-invoice, say."""
    del side
    return await send_paper(path_id(request))


async def _bill(side: Side) -> queries.SeenBill:
    assert side.actor.bill_id is not None  # noqa: S101 - a pay-link is of one bill
    return await queries.bill_seen(side.actor.bill_id)


async def bill_pdf(request: Request, side: Side) -> Response:
    """The bill alone, on paper."""
    return await overview.bill_paper(request, await _bill(side))


async def new_payment(request: Request, side: Side) -> Response:
    """How much, and how."""
    return await paying.new_page(request, side, [(await _bill(side)).id])


async def payment(request: Request, side: Side) -> Response:
    """What became of a payment made through this link."""
    return await outcome.outcome_page(request, side, path_id(request))


async def cancellation(request: Request, side: Side) -> Response:
    """Withdraw a payment begun through this link."""
    return await outcome.cancel_at(request, side, path_id(request))


async def receipt(request: Request, side: Side) -> Response:
    """The receipt of a payment made through this link."""
    kept, paid = await _receipt(request, side)
    root = f"{side.payment(paid.id)}/receipt"
    return await receipt_page(request, kept, paid, root=root, back=side.root)


async def receipt_pdf(request: Request, side: Side) -> Response:
    """The receipt of a payment made through this link, as PDF."""
    kept, paid = await _receipt(request, side)
    return pdf(await receipts.pdf_of(kept, paid, wanted_locale(request)), kept.number)


async def receipt_proof(request: Request, side: Side) -> Response:
    """The receipt of a payment made through this link, with everything that proves it."""
    kept, _ = await _receipt(request, side)
    return await proof_file(kept)


async def _receipt(request: Request, side: Side) -> tuple[Any, Any]:
    assert side.actor.tenant_id is not None  # noqa: S101 - a pay-link is of one institution
    return await receipts.receipt_of(side.actor.tenant_id, path_id(request))


def _outside(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    return linked(handler, is_inside=False)


ROOT = "/pay/{token}"
ROUTES: list[BaseRoute] = [
    public_route(ROOT, linked(bill), reason=REASON, name="link_bill"),
    public_route(f"{ROOT}/pdf", linked(bill_pdf), reason=REASON, name="link_bill_pdf"),
    public_route(f"{ROOT}/papers/{{id}}", linked(paper), reason=REASON, name="link_paper"),
    public_route(f"{ROOT}/checkout", linked(new_payment), reason=REASON, name="link_new_payment"),
    public_route(
        f"{ROOT}/payments",
        _outside(paying.begin),
        reason=REASON,
        methods=["POST"],
        name="link_create_payment",
    ),
    public_route(f"{ROOT}/payments/{{id}}", _outside(payment), reason=REASON, name="link_payment"),
    public_route(
        f"{ROOT}/payments/{{id}}/cancellation",
        _outside(cancellation),
        reason=REASON,
        methods=["POST"],
        name="link_cancellation",
    ),
    public_route(f"{ROOT}/payments/{{id}}/receipt", linked(receipt), reason=REASON, name="link_receipt"),
    public_route(
        f"{ROOT}/payments/{{id}}/receipt/pdf", linked(receipt_pdf), reason=REASON, name="link_receipt_pdf"
    ),
    public_route(
        f"{ROOT}/payments/{{id}}/receipt/proof",
        linked(receipt_proof),
        reason=REASON,
        name="link_receipt_proof",
    ),
]
