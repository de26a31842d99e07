"""Answers for a tenant's staff: the list, a dispute as a case, voluntary items."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers import service
from billing.answers.files import send_file
from billing.answers.notes import TEXT_MAX
from billing.answers.queries import ANSWERS, is_to_right
from billing.answers.service import OUTCOMES
from billing.answers.words import KIND_WORDS, OUTCOME_WORDS, STATE_TONES, STATE_WORDS, TOPIC_WORDS
from billing.lists import list_page
from billing.models import Answer, AnswerNote, Bill, FeeItem
from tenants import audit
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid, NotFound
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column


class Reply(BaseModel):
    """What staff write to the payer, and what an accepted dispute leads to."""

    text: str = Field(title=N_("What you tell the payer"), max_length=TEXT_MAX)
    act: str = "say"
    outcome: str = Field("", title=N_("If you accept: what it leads to"))


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number", t("Bill"), format="id", is_main=True, sortable=True, href=lambda row: _href(root, row)
        ),
        Column("kind", t("Answer"), words=KIND_WORDS),
        Column("status", t("State"), words=STATE_WORDS, tones=STATE_TONES, format="badge"),
        Column(
            "topic", t("About"), words=TOPIC_WORDS, format=lambda value, _row: TOPIC_WORDS.get(value, value)
        ),
        Column("promised_on", t("Promised for"), format="date", sortable=True),
        Column("account_number", t("Account"), format="name"),
        Column("created_at", t("When"), format="date", sortable=True),
        Column("owner_name", t("Owner")),
        Column("left_minor", t("Still owed"), format="money"),
    )


FILED = (Column("person_name", t("By")),)


def _href(root: str, row: Any) -> str:
    return f"{root}/answers/{row['id']}" if row["kind"] == "dispute" else f"{root}/bills/{row['bill_id']}"


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download answers."""
    context = {
        "kinds": list(KIND_WORDS.items()),
        "states": [*STATE_WORDS.items(), ("all", t("All"))],
    }
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, ANSWERS, columns, "billing/answers/list.html", context, FILED)


async def show(request: Request, actor: Actor) -> Response:
    """Show a dispute as a case."""
    return await _page(request, actor, await _found(request, actor), Form.blank(Reply))


async def _found(request: Request, actor: Actor) -> Answer:
    found = await Answer.get_or_none(tenant_id=actor.tenant_id, id=path_id(request), kind="dispute")
    if found is None:
        raise NotFound("answer.not_found", t("There is no such answer."))
    return found


async def _page(
    request: Request, actor: Actor, found: Answer, form: Form[Reply], status: int = 200
) -> Response:
    bill = await Bill.get(tenant_id=found.tenant_id, id=found.bill_id)
    context = {
        "answer": found,
        "bill": bill,
        "notes": await AnswerNote.filter(tenant_id=found.tenant_id, answer_id=found.id).order_by(
            "created_at", "id"
        ),
        "form": form,
        "words": STATE_WORDS,
        "tones": STATE_TONES,
        "topics": TOPIC_WORDS,
        "outcomes": OUTCOME_WORDS,
        "choices": [(key, t(words)) for key, words in OUTCOMES.items()],
        "root": f"/t/{actor.place['slug']}",
        "actor": actor,
        "remedy": await _remedy(actor, found, bill),
    }
    return await respond(request, "billing/answers/case.html", context, status=status)


_REMEDIES = {
    "void": ("bills.write", "voiding"),
    "credit_note": ("credit_notes.write", "credit-notes/new"),
    "adjustment": ("adjustments.request", "adjustments"),
}
"""Where on a bill an outcome is done, and the right it takes."""


async def _remedy(actor: Actor, found: Answer, bill: Bill) -> str:
    """Return where the bill is put right, as far as that is still to be done; what is paid is no longer voided."""
    if not await is_to_right(found.tenant_id, found.id):
        return ""
    permission, place = _REMEDIES[found.outcome]
    is_possible = actor.may(permission) and (found.outcome != "void" or bill.status == "issued")
    return f"/bills/{bill.id}/{place}" if is_possible else f"/bills/{bill.id}"


async def reply(request: Request, actor: Actor) -> Response:
    """Answer, accept or reject a dispute."""
    found = await _found(request, actor)
    form = await bind(request, Reply)
    if form.is_valid:
        try:
            await _reply(actor, found, form.ok)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(
                request, f"/t/{actor.place['slug']}/answers/{found.id}", flash=t("The payer can read it now.")
            )
    return await _page(request, actor, found, form, 422)


async def _reply(actor: Actor, found: Answer, given: Reply) -> None:
    if given.act in {"accept", "reject"}:
        await service.decide(
            actor,
            answer_id=found.id,
            is_accepted=given.act == "accept",
            outcome=given.outcome,
            text=given.text,
        )
    else:
        await service.say(actor, tenant_id=found.tenant_id, answer_id=found.id, text=given.text)


async def take_over(request: Request, actor: Actor) -> Response:
    """Take a dispute over."""
    found = await _found(request, actor)
    url = f"/t/{actor.place['slug']}/answers/{found.id}"
    try:
        await service.take_over(actor, answer_id=found.id)
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, url, flash=t("It is yours to work now."))


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a dispute."""
    found = await AnswerNote.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    return send_file(found, request.path_params["n"])


async def voluntary(request: Request, actor: Actor) -> Response:
    """Say that a fee item may be declined, or not any more."""
    item = await FeeItem.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if item is None:
        raise NotFound("fee.not_found", t("There is no such fee."))
    actor.require_fresh()
    item.is_voluntary = not item.is_voluntary
    await item.save(update_fields=["is_voluntary"])
    await audit.record(
        actor,
        "fee.voluntary",
        subject_kind="fee_item",
        subject_id=item.id,
        subject_label=item.names.get("en", item.key),
        after={"is_voluntary": item.is_voluntary},
    )
    text = t("Payers may decline it now.") if item.is_voluntary else t("Nobody may decline it any more.")
    return redirect(request, f"/t/{actor.place['slug']}/fees/{item.id}", flash=text)


ROUTES: list[BaseRoute] = [
    tenant_route("/answers", index, permission="bills.read", name="answers"),
    tenant_route("/answers/{id}", show, permission="bills.read", name="answer"),
    tenant_route("/answers/{id}/notes", reply, permission="answers.work", methods=WRITES, name="answer_note"),
    tenant_route(
        "/answers/{id}/owner", take_over, permission="answers.work", methods=WRITES, name="answer_owner"
    ),
    tenant_route("/answer-files/{id}/{n}", file, permission="bills.read", name="answer_file"),
    tenant_route(
        "/fees/{id}/voluntary", voluntary, permission="fees.activate", methods=WRITES, name="fee_voluntary"
    ),
]
