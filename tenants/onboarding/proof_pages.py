"""Proving a settlement account, by the bank's people."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import AccountProof
from tenants.onboarding import proofs, services
from tenants.onboarding.proof_forms import AmountForm, DirectionForm
from tenants.onboarding.view import address, show
from tenants.scope import open_scope
from ui.errors import Conflict
from ui.flash import Flash
from ui.forms import bind
from ui.i18n import Text, ngettext, t
from ui.render import redirect


async def begin(request: Request, actor: Actor) -> Response:
    """Begin a proof, in either direction."""
    async with open_scope(actor.scope()):
        found = await services.get(actor, path_id(request))
    form = await bind(request, DirectionForm)
    try:
        await proofs.begin(actor, found.id, form.ok.direction)
    except Conflict as error:
        return redirect(request, address(actor, found), flash=Flash(error.message, tone="warning"))
    words = (
        t("The amount is on its way. The applicant reads it on the account and tells it within seven days.")
        if form.ok.direction == "out"
        else t("Tell the applicant which amount to send, and with which reference.")
    )
    return redirect(request, address(actor, found), flash=words)


async def tell(request: Request, actor: Actor) -> Response:
    """Take the amount that the applicant has told."""
    async with open_scope(actor.scope()):
        found = await services.get(actor, path_id(request))
        form = await bind(request, AmountForm, context={"currency": found.currency})
        if not form.is_valid:
            return await show(request, actor, found, amount=form, status=422)
    proof = await proofs.tell_amount(actor, found.id, form.ok.amount_minor)
    return redirect(request, address(actor, found), flash=outcome(proof))


async def look(request: Request, actor: Actor) -> Response:
    """Look whether the named amount has come."""
    async with open_scope(actor.scope()):
        found = await services.get(actor, path_id(request))
    proof = await proofs.look_for_money(actor, found.id)
    return redirect(request, address(actor, found), flash=outcome(proof))


def outcome(proof: AccountProof) -> Flash:
    """Return in words what became of a try."""
    is_proven = proof.status == "proven"
    return Flash(_said(proof), tone="success" if is_proven else "warning")


def _said(proof: AccountProof) -> Text | str:
    if proof.status == "proven":
        return t("The settlement account is proven.")
    if proof.status == "failed":
        return t("That was the third wrong amount. Have the applicant send an amount instead.")
    if proof.direction == "in":
        return t("The amount has not come from this account yet. Look again later.")
    return ngettext(
        "That is not the amount. {n} try is left.",
        "That is not the amount. {n} tries are left.",
        proof.tries_left,
    )


ONE, WRITE = "/applications/{id}/proof", "applications.write"
ROUTES: list[BaseRoute] = [
    bank_route(ONE, begin, permission=WRITE, methods=WRITES, name="proof_begin", is_transactional=False),
    bank_route(
        ONE + "/amount", tell, permission=WRITE, methods=WRITES, name="proof_tell", is_transactional=False
    ),
    bank_route(
        ONE + "/look", look, permission=WRITE, methods=WRITES, name="proof_look", is_transactional=False
    ),
]
