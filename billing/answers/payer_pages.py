"""A payer's pages of answers: “What would you like to do?”, one plain question at a time."""

import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers import queries, service
from billing.answers.files import send_file
from billing.answers.notes import TEXT_MAX, keep_files
from billing.answers.service import TOPICS
from billing.answers.terms import AnswerTerms
from billing.answers.words import OUTCOME_WORDS, STATE_TONES, STATE_WORDS, TOPIC_WORDS
from billing.models import Answer, AnswerNote
from billing.names import localized
from billing.payer.queries import SeenBill, bill_of_ones_own, bill_seen
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Day
from ui.flash import Flash
from ui.formats import date_text, money
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond


class Promise(BaseModel):
    """The day a bill is promised to be paid by."""

    day: Day = Field(title=N_("Day"))


class Objection(BaseModel):
    """What is wrong with a bill."""

    topic: str = Field("", title=N_("What is wrong?"))
    text: str = Field(title=N_("In your own words"), max_length=TEXT_MAX)
    files: list[UploadFile] = Field([], title=N_("Files"))

    model_config = {"arbitrary_types_allowed": True}


class Declining(BaseModel):
    """The charge that is declined."""

    line: UUID | None = Field(None, title=N_("Charge"))


class More(BaseModel):
    """Something added to a dispute."""

    text: str = Field(title=N_("Your message"), max_length=TEXT_MAX)
    files: list[UploadFile] = Field([], title=N_("Files"))

    model_config = {"arbitrary_types_allowed": True}


async def choose(request: Request, actor: Actor) -> Response:
    """Ask what the payer would like to do about a bill; what is only kept for them is paid whole, or lapses."""
    del actor
    seen = await bill_of_ones_own(path_id(request))
    if seen.is_held:
        return redirect(request, f"/my/bills/{seen.id}")
    return await _choices(request, seen)


async def _choices(request: Request, seen: SeenBill, **forms: Form[Any]) -> Response:
    given = await queries.answers_of(seen.tenant_id, seen.id)
    voluntary = await queries.voluntary_lines(seen.tenant_id, seen.id)
    context: dict[str, Any] = {
        "bill": seen,
        "terms": await terms_of(seen.tenant_id, AnswerTerms),
        "voluntary": voluntary,
        "voluntary_options": [(str(line["id"]), _charge(line, seen.currency)) for line in voluntary],
        "promise": next((a for a in given if a["kind"] == "promise" and a["closed_at"] is None), None),
        "dispute": next((a for a in given if a["kind"] == "dispute" and a["closed_at"] is None), None),
        "answers": [{**dict(each), "title": _title(each)} for each in given],
        "words": STATE_WORDS,
        "tones": STATE_TONES,
        "topics": [(key, t(words)) for key, words in TOPICS.items()],
        "forms": {
            "promise": forms.get("promise") or Form.blank(Promise),
            "dispute": forms.get("dispute") or Form.blank(Objection),
            "decline": forms.get("decline") or Form.blank(Declining),
        },
        "failed": next(iter(forms), ""),
    }
    status = 422 if forms else 200
    return await respond(request, "billing/answers/choose.html", context, status=status)


def _charge(line: Any, currency: str) -> str:
    return f"{localized(json.loads(line['names']))}: {money(line['amount_minor'], currency)}"


def _title(answer: Any) -> str:
    if answer["kind"] == "promise":
        return gettext("Promised to pay by {day}", day=date_text(answer["promised_on"]))
    if answer["kind"] == "decline":
        return gettext("Declined: {name}", name=localized(json.loads(answer["names"])))
    return gettext("Disputed: {topic}", topic=str(TOPIC_WORDS.get(answer["topic"], answer["topic"])))


async def _act(  # noqa: PLR0917 - what was answered, how, and what is said then
    request: Request, seen: SeenBill, name: str, form: Form[Any], do: Callable[[], Awaitable[Any]], done: Text
) -> Response:
    """Do what was answered, inside the institution; say on the page why it cannot be."""
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(seen.tenant_id)):
                await do()
        except Invalid as refused:
            form.fail_with(refused)
        except Conflict as refused:
            return redirect(request, f"/my/bills/{seen.id}", flash=Flash(refused.message, tone="warning"))
        else:
            return redirect(request, f"/my/bills/{seen.id}/answers", flash=done)
    return await _choices(request, seen, **{name: form})


async def promise(request: Request, actor: Actor) -> Response:
    """Keep a promise."""
    seen = await bill_of_ones_own(path_id(request))
    form = await bind(request, Promise)

    async def do() -> None:
        await service.promise(actor, tenant_id=seen.tenant_id, bill_id=seen.id, day=form.ok.day)

    done = t("Thank you. Nobody reminds you of this bill until that day.")
    return await _act(request, seen, "promise", form, do, done)


async def dispute(request: Request, actor: Actor) -> Response:
    """Open a dispute."""
    seen = await bill_of_ones_own(path_id(request))
    form = await bind(request, Objection)

    async def do() -> None:
        files = await keep_files(seen.tenant_id, form.ok.files)
        await service.dispute(
            actor,
            tenant_id=seen.tenant_id,
            bill_id=seen.id,
            topic=form.ok.topic,
            text=form.ok.text,
            files=files,
        )

    done = t("Your dispute is open. No late fee is added and nobody reminds you while it is.")
    return await _act(request, seen, "dispute", form, do, done)


async def decline(request: Request, actor: Actor) -> Response:
    """Decline a voluntary item."""
    seen = await bill_of_ones_own(path_id(request))
    form = await bind(request, Declining)
    if form.is_valid and form.ok.line is None:
        form.fail("line", t("Choose the charge."))

    async def do() -> None:
        assert form.ok.line is not None  # noqa: S101 - checked above
        try:
            await service.decline(actor, tenant_id=seen.tenant_id, bill_id=seen.id, line_id=form.ok.line)
        except NotFound as gone:
            raise Invalid("decline.line", gone.message, fields={"line": gone.message}) from gone

    return await _act(request, seen, "decline", form, do, t("It is off your bill."))


async def show(request: Request, actor: Actor) -> Response:
    """Show a dispute with its conversation."""
    del actor
    return await _page(request, await _own(request), Form.blank(More))


async def _own(request: Request) -> Answer:
    found = await Answer.get_or_none(id=path_id(request), kind="dispute")
    if found is None:
        raise NotFound("answer.not_found", t("There is no such answer."))
    return found


async def _page(request: Request, found: Answer, form: Form[More], status: int = 200) -> Response:
    context = {
        "answer": found,
        "bill": await bill_seen(found.bill_id),
        "notes": await AnswerNote.filter(tenant_id=found.tenant_id, answer_id=found.id).order_by(
            "created_at", "id"
        ),
        "form": form,
        "words": STATE_WORDS,
        "tones": STATE_TONES,
        "topics": TOPIC_WORDS,
        "outcomes": OUTCOME_WORDS,
    }
    return await respond(request, "billing/answers/mine.html", context, status=status)


async def add(request: Request, actor: Actor) -> Response:
    """Add to a dispute."""
    found = await _own(request)
    form = await bind(request, More)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(found.tenant_id)):
                files = await keep_files(found.tenant_id, form.ok.files)
                await service.say(
                    actor, tenant_id=found.tenant_id, answer_id=found.id, text=form.ok.text, files=files
                )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/my/answers/{found.id}", flash=t("Sent."))
    return await _page(request, found, form, 422)


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take a dispute back."""
    found = await _own(request)
    try:
        async with open_scope(tenant_scope(found.tenant_id)):
            await service.withdraw(actor, tenant_id=found.tenant_id, answer_id=found.id)
    except Conflict as refused:
        return redirect(request, f"/my/answers/{found.id}", flash=Flash(refused.message, tone="warning"))
    return redirect(request, f"/my/bills/{found.bill_id}", flash=t("Your dispute is taken back."))


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a dispute that the payer sees."""
    del actor
    found = await AnswerNote.get_or_none(id=path_id(request))
    return send_file(found, request.path_params["n"])


ROUTES: list[BaseRoute] = [
    person_route("/my/bills/{id}/answers", choose, name="my_answers"),
    person_route("/my/bills/{id}/promises", promise, methods=WRITES, name="my_promise"),
    person_route("/my/bills/{id}/disputes", dispute, methods=WRITES, name="my_dispute"),
    person_route("/my/bills/{id}/declines", decline, methods=WRITES, name="my_decline"),
    person_route("/my/answers/{id}", show, name="my_answer"),
    person_route("/my/answers/{id}/notes", add, methods=WRITES, name="my_answer_note"),
    person_route("/my/answers/{id}/withdrawal", withdraw, methods=WRITES, name="my_answer_withdrawal"),
    person_route("/my/answer-files/{id}/{n}", file, name="my_answer_file"),
]
