"""A person's own page about their data, and the institution's page of requests and retention."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.audit_list import audit_list
from tenants.http import WRITES, path_id, person_route, tenant_route
from tenants.models import Consent, PersonRequest, RetentionRun, Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.privacy import consents, everything, requests, retention, words
from tenants.scope import tenant_id
from ui.errors import AppError, Invalid
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

add_tenant_places(Place(N_("Privacy"), "/privacy", "people.write", "key", 93))


class ConsentForm(BaseModel):
    """What is agreed to."""

    purpose: str
    for_child: str = Field("", title=N_("Name of the child"), max_length=100)


class RequestForm(BaseModel):
    """What is asked of which institution."""

    tenant: UUID = Field(title=N_("Institution"))
    kind: str = Field(title=N_("What"))
    text: str = Field(title=N_("What is wrong, or what should go"), min_length=5, max_length=2000)


class AnswerForm(BaseModel):
    """What is answered."""

    decision: str
    text: str = Field("", title=N_("Answer"), max_length=2000)


SHOWN = 100
"""Rows of one kind on the page; the file has all of them."""


async def mine(request: Request, actor: Actor) -> Response:
    """Show a person what they agreed to, what they asked for, and the way to everything about them."""
    return await _mine(request, actor, Form.blank(RequestForm), Form.blank(ConsentForm))


async def _mine(
    request: Request, actor: Actor, asking: Form[RequestForm], agreeing: Form[ConsentForm], status: int = 200
) -> Response:
    assert actor.person_id is not None  # noqa: S101 - a person's route
    given = await Consent.filter(person_id=actor.person_id).order_by("-id")
    named = await requests.institutions(actor.person_id)
    context = {
        "purposes": [
            (key, gettext(one.name), gettext(one.text), one.is_about_child)
            for key, one in consents.PURPOSES.items()
        ],
        "given": [(one, gettext(consents.PURPOSES[one.purpose].name)) for one in given],
        "agreed": {one.purpose for one in given if one.withdrawn_at is None},
        "asked": [
            (one, gettext(requests.KINDS[one.kind]), requests.STATES[one.status])
            for one in await PersonRequest.filter(person_id=actor.person_id).order_by("-id")
        ],
        "institutions": [(str(key), name) for key, name in named],
        "kinds": [(key, gettext(word)) for key, word in requests.KINDS.items()],
        "kept": [gettext(word) for word in requests.KEPT.values()],
        "form": asking,
        "child": agreeing,
    }
    return await respond(request, "tenants/privacy/mine.html", context, status=status)


async def agree(request: Request, actor: Actor) -> Response:
    """Agree to something."""
    form = await bind(request, ConsentForm)
    try:
        await consents.give(actor, form.ok.purpose, for_child=form.ok.for_child)
    except Invalid as error:
        form.fail_with(error)
        return await _mine(request, actor, Form.blank(RequestForm), form, status=422)
    return redirect(request, "/my/privacy", flash=t("Noted. You can take it back at any time."))


async def take_back(request: Request, actor: Actor) -> Response:
    """Take a consent back."""
    await consents.withdraw(actor, path_id(request))
    return redirect(request, "/my/privacy", flash=t("Taken back."))


async def download(request: Request, actor: Actor) -> Response:
    """Give a person everything about them as JSON."""
    del request
    assert actor.person_id is not None  # noqa: S101 - a person's route
    found = await everything.about(actor.person_id)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"', "Cache-Control": "no-store"}
    return Response(
        json.dumps(found, ensure_ascii=False, indent=1), media_type="application/json", headers=headers
    )


async def read(request: Request, actor: Actor) -> Response:
    """Show a person everything about them; rows are put into words while the page is drawn, by its clock."""
    assert actor.person_id is not None  # noqa: S101 - a person's route
    found = await everything.about(actor.person_id)
    coins = {str(one.id): one.currency for one in await Tenant.filter(id__in=_places(found))}
    context = {
        "tables": [
            (words.title_of(name), len(kept), map(partial(words.lines_of, name, coins=coins), kept[:SHOWN]))
            for name, kept in found.items()
        ],
        "most": SHOWN,
    }
    return await respond(request, "tenants/privacy/data.html", context)


def _places(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> set[str]:
    """Return the institutions whose rows these are."""
    every = (row.get("tenant_id") for kept in found.values() for row in kept)
    return {str(one) for one in every if one}


async def trail(request: Request, actor: Actor) -> Response:
    """Show a person every act that touched them, searched and as a file."""
    return await audit_list(request, "person_id", actor.person_id, template="tenants/privacy/trail.html")


async def ask(request: Request, actor: Actor) -> Response:
    """Ask an institution to correct or erase."""
    form = await bind(request, RequestForm)
    if form.is_valid:
        try:
            await requests.ask(actor, form.ok.tenant, kind=form.ok.kind, text=form.ok.text)
        except AppError as error:
            form.fail_with(error)
        else:
            return redirect(request, "/my/privacy", flash=t("The institution has your request."))
    return await _mine(request, actor, form, Form.blank(ConsentForm), status=422)


async def listed(request: Request, actor: Actor) -> Response:
    """Show an institution what people ask, and what was removed when."""
    runs = await RetentionRun.filter(tenant_id=tenant_id()).order_by("-id").limit(30)
    names = {rule.key: gettext(rule.name) for rule in retention.RULES}
    context = {
        "found": [
            (one, gettext(requests.KINDS[one.kind]), requests.STATES[one.status])
            for one in await requests.waiting()
        ],
        "rules": [(gettext(rule.name), rule.days, gettext(rule.reason)) for rule in retention.RULES],
        "runs": [(one, names[one.key]) for one in runs],
        "form": Form.blank(AnswerForm),
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "tenants/privacy/requests.html", context)


async def answer(request: Request, actor: Actor) -> Response:
    """Answer somebody's request."""
    asked = await requests.find(path_id(request))
    form = await bind(request, AnswerForm)
    await requests.answer(actor, asked.id, is_done=form.ok.decision == "done", text=form.ok.text)
    return redirect(request, f"/t/{actor.place['slug']}/privacy", flash=t("Answered."))


ROUTES: list[BaseRoute] = [
    person_route("/my/privacy", mine, name="my_privacy"),
    person_route("/my/privacy/consents", agree, methods=WRITES, name="consent_give"),
    person_route("/my/privacy/consents/{id}/withdrawal", take_back, methods=WRITES, name="consent_withdraw"),
    person_route("/my/privacy/data", read, name="my_data"),
    person_route("/my/privacy/data.json", download, name="my_data_json"),
    person_route("/my/privacy/trail", trail, name="my_trail"),
    person_route("/my/privacy/requests", ask, methods=WRITES, name="person_request_ask"),
    tenant_route("/privacy", listed, permission="people.write", name="privacy"),
    tenant_route(
        "/privacy/{id}/answer", answer, permission="people.write", methods=WRITES, name="privacy_answer"
    ),
]
