"""The family's pages of notices: read, confirmed, answered."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.files import send_file
from billing.names import localized
from scenarios.education.family.children import Child, child_of
from scenarios.education.models import SchoolNotice, SchoolReceipt
from scenarios.education.notices import services
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Invalid
from ui.i18n import Text, t
from ui.render import redirect, respond


async def notice(request: Request, actor: Actor) -> Response:
    """Show a notice; opening it is what counts as read."""
    child = await child_of(actor, path_id(request, "account_id"))
    async with open_scope(tenant_scope(child.tenant_id)):
        receipt = await services.mark_read(actor, child, path_id(request))
        found = await SchoolNotice.get(tenant_id=child.tenant_id, id=receipt.notice_id)
    return await _notice(request, child, found, receipt, receipt.answers, {})


async def _notice(  # noqa: PLR0917 - all that one page shows
    request: Request,
    child: Child,
    found: SchoolNotice,
    receipt: SchoolReceipt,
    answers: Any,
    wrong: dict[str, Text],
    status: int = 200,
) -> Response:
    context = {
        "child": child,
        "notice": found,
        "receipt": receipt,
        "title": localized(found.titles),
        "body": localized(found.bodies),
        "questions": [
            {
                **one,
                "label": localized(one["labels"]),
                "value": answers.get(one["key"], ""),
                "pairs": [(each, each) for each in one.get("choices", [])],
            }
            for one in found.questions
        ],
        "wrong": wrong,
        "root": f"/my/school/{child.account_id}",
    }
    return await respond(request, "education/my/notice.html", context, status=status)


async def confirm(request: Request, actor: Actor) -> Response:
    """Keep that it was read, with the answers."""
    child = await child_of(actor, path_id(request, "account_id"))
    sent = await request.form()
    answers = {
        key.removeprefix("answer_"): value
        for key, value in sent.multi_items()
        if key.startswith("answer_") and isinstance(value, str)
    }
    async with open_scope(tenant_scope(child.tenant_id)):
        receipt = await services.receipt_of(actor, child, path_id(request))
        found = await SchoolNotice.get(tenant_id=child.tenant_id, id=receipt.notice_id)
    try:
        async with open_scope(tenant_scope(child.tenant_id)):
            await services.confirm(actor, child, found.id, answers)
    except Invalid as error:
        return await _notice(request, child, found, receipt, answers, dict(error.fields), status=422)
    return redirect(
        request, f"/my/school/{child.account_id}/notices/{found.id}", flash=t("The school knows it now.")
    )


async def file(request: Request, actor: Actor) -> Response:
    """Send a file of a notice that has gone to the reader."""
    child = await child_of(actor, path_id(request, "account_id"))
    async with open_scope(tenant_scope(child.tenant_id)):
        receipt = await services.receipt_of(actor, child, path_id(request))
        found = await SchoolNotice.get(tenant_id=child.tenant_id, id=receipt.notice_id)
    return send_file(found, request.path_params["n"])


_ROOT = "/my/school/{account_id}/notices/{id}"
ROUTES: list[BaseRoute] = [
    person_route(_ROOT, notice, name="my_notice"),
    person_route(_ROOT + "/confirmation", confirm, methods=WRITES, name="confirm_notice"),
    person_route(_ROOT + "/files/{n}", file, name="my_notice_file"),
]
