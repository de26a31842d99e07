"""Working on disputes."""

from typing import Annotated

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from billing.disputes import answering, deciding, viewing
from billing.disputes.states import ASKED
from billing.disputes.viewing import Answering, Deciding
from billing.models import Dispute
from tenants.actor import Actor
from tenants.scope import open_scope
from ui.errors import AppError, Conflict, Invalid
from ui.fields import Upload
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect


class NewFile(BaseModel):
    """A file of the evidence and what it shows."""

    purpose: str = Field(title=N_("What it shows"))
    file: Annotated[UploadFile, Upload(most_bytes=4_500_000, endings=(".pdf", ".png", ".jpg", ".jpeg"))] = (
        Field(title=N_("File"))
    )


def _back(request: Request, actor: Actor, kept: Dispute, said: Text | Flash) -> Response:
    flash = said if isinstance(said, Flash) else Flash(said)
    return redirect(request, f"/t/{actor.place['slug']}/disputes/{kept.id}", flash=flash)


def _refused(request: Request, actor: Actor, kept: Dispute, refused: AppError) -> Response:
    return _back(request, actor, kept, Flash(refused.message, tone="warning"))


async def enquiry(request: Request, actor: Actor) -> Response:
    """Ask the channel now how the dispute stands."""
    async with open_scope(actor.scope()):
        kept = await viewing.found(request, actor)
    await answering.ask(actor, kept.id)
    return _back(request, actor, kept, t("This is what the channel says now."))


async def evidence(request: Request, actor: Actor) -> Response:
    """Keep the answer, or hand it in."""
    kept = await viewing.found(request, actor)
    form = await bind(request, Answering)
    is_final = (await request.form()).get("act") == "submit"
    if form.is_valid:
        act = answering.submit if is_final else answering.save_text
        try:
            await act(actor, dispute_id=kept.id, text=form.ok.text)
        except (Conflict, Invalid) as refused:
            form.fail_with(refused)
        else:
            return _back(request, actor, kept, t("Your answer is on its way.") if is_final else t("Kept."))
    return await viewing.page(request, actor, kept, answer=form, status=422)


async def new_file(request: Request, actor: Actor) -> Response:
    """Keep a file of the evidence."""
    kept = await viewing.found(request, actor)
    form = await bind(request, NewFile)
    if form.is_valid:
        try:
            await _add(actor, kept, form)
        except Conflict as refused:
            return _refused(request, actor, kept, refused)
        except Invalid as refused:
            form.fail_with(refused)
            if not refused.fields:
                form.fail("file", refused.message)
        else:
            return _back(request, actor, kept, t("The file is kept. It goes with your answer."))
    return await viewing.page(request, actor, kept, upload=form, status=422)


async def _add(actor: Actor, kept: Dispute, form: Form[NewFile]) -> None:
    sent = form.ok.file
    await answering.add_file(
        actor,
        dispute_id=kept.id,
        purpose=form.ok.purpose,
        content=sent.file,
        filename=sent.filename or "",
        content_type=sent.content_type or "",
    )


async def acceptance(request: Request, actor: Actor) -> Response:
    """Give in."""
    kept = await viewing.found(request, actor)
    try:
        await answering.accept(actor, dispute_id=kept.id)
    except Conflict as refused:
        return _refused(request, actor, kept, refused)
    return _back(request, actor, kept, t("You gave in. The channel is being told."))


async def decision(request: Request, actor: Actor) -> Response:
    """Say who bears a lost dispute."""
    kept = await viewing.found(request, actor)
    form = await bind(request, Deciding)
    if form.is_valid:
        chosen = form.ok
        try:
            came = await deciding.decide(
                actor, dispute_id=kept.id, decision=chosen.decision, reason=chosen.reason
            )
        except Conflict as refused:
            return _refused(request, actor, kept, refused)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            return _back(request, actor, kept, SAID[came])
    return await viewing.page(request, actor, kept, deciding=form, status=422)


SAID = {
    deciding.OWED: t("Decided. The bills are owed again, and the payer can pay them."),
    deciding.BORNE: t("Decided. The bills stay paid."),
    ASKED: t("It is above your limit, so another person has to agree."),
}


async def approval(request: Request, actor: Actor) -> Response:
    """Agree that the institution bears the loss."""
    return await _decided(request, actor, is_agreed=True, said=t("Agreed. The bills stay paid."))


async def rejection(request: Request, actor: Actor) -> Response:
    """Refuse that; the decision is open again."""
    return await _decided(request, actor, is_agreed=False, said=t("Refused. The decision is open again."))


async def _decided(request: Request, actor: Actor, *, is_agreed: bool, said: Text) -> Response:
    kept = await viewing.found(request, actor)
    try:
        await deciding.approve(actor, dispute_id=kept.id, is_agreed=is_agreed)
    except Conflict as refused:
        return _refused(request, actor, kept, refused)
    return _back(request, actor, kept, said)
