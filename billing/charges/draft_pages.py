"""The rule of a fee on pages: its draft in a form that reads itself back, and putting it into force."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees, rehearsal, rule_form
from billing.charges.fee_words import read_rule, root_of
from billing.charges.naming import named
from billing.charges.parts_form import Drawing
from billing.charges.periods import months_after
from billing.charges.rule_form import RuleForm
from billing.models import FeeItem
from billing.names import Joined, localized
from billing.rules import parse
from billing.rules.form_parts import changed
from billing.rules.sentences import sentence
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Invalid
from ui.fields import Month
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

MOST_FIELDS = 8000


class Start(BaseModel):
    """From when a rule is in force."""

    effective_from: Annotated[Month, Field(title=N_("In force from"))]


async def edit_draft(request: Request, actor: Actor) -> Response:
    """Show the rule's form: the draft, else the version in force, else an empty one of the shape asked for."""
    listed = await fees.get_item(actor, path_id(request))
    kept = listed.draft or listed.current or listed.coming
    asked = request.query_params.get("shape")
    if kept and asked == rule_form.PARTS:
        form = rule_form.of_parts(listed.item, parse(kept.document))
    elif kept and asked is None:
        form = rule_form.of_document(listed.item, parse(kept.document))
    else:
        form = rule_form.blank(listed.item, request.query_params)
    return await _edit(request, actor, listed, form)


async def _edit(
    request: Request, actor: Actor, listed: fees.Listed, form: RuleForm, status: int = 200
) -> Response:
    found, wrong = await _preview(actor, listed, form)
    if form.shape == rule_form.PARTS:
        form.parts = Drawing(form, await _lines(listed.item)).whole()
    context = {
        "form": form,
        "item": listed.item,
        "name": localized(listed.item.names),
        "root": root_of(request),
        "fee_url": f"{root_of(request)}/fees/{listed.item.id}",
        "preview": found,
        "wrong": wrong if request.method == "POST" else [],
    }
    return await respond(request, "billing/charges/rule_edit.html", context, block="preview", status=status)


async def _lines(item: FeeItem) -> list[tuple[str, str]]:
    """Return the other charges of a fee's bills, which its rule may refer to."""
    found = await FeeItem.filter(tenant_id=item.tenant_id, scenario=item.scenario, kind="charge").order_by(
        "position"
    )
    return [(other.key, localized(other.names)) for other in found if other.id != item.id]


async def _preview(
    actor: Actor, listed: fees.Listed, form: RuleForm
) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the typed rule read back and rehearsed; while it is not a rule yet, what is wrong with it."""
    try:
        document = form.document()
    except Invalid as error:
        sentences = [str(text) for text in error.fields.values()] or [str(error.message)]
        return None, list(dict.fromkeys(sentences))
    return await rehearse(actor, listed, document), []


async def rehearse(actor: Actor, listed: fees.Listed, document: fees.Document) -> dict[str, Any]:
    """Return a rule in sentences, on three accounts, and beside the one in force."""
    month = months_after(await today_at(actor.tenant_id), 1)
    current = parse(listed.current.document) if listed.current else None
    return {
        "sentences": [str(text) for text in sentence(document)],
        "samples": await rehearsal.samples(listed.item, document, current, month),
        "comparison": await rehearsal.compare(listed.item, document, current, month),
        "currency": listed.item.currency,
        "has_current": current is not None,
        "is_late": document.kind == "late_fee",
        "late_months": rehearsal.MONTHS_LATE,
        "late_owed": rehearsal.OWED_MINOR,
    }


async def _typed(request: Request, listed: fees.Listed) -> tuple[RuleForm, str]:
    body = await request.form(max_fields=MOST_FIELDS)
    values = {key: value for key, value in body.multi_items() if isinstance(value, str)}
    return rule_form.typed(listed.item, values), values.get("act", "save")


async def preview(request: Request, actor: Actor) -> Response:
    """Read the typed rule back without keeping it."""
    listed = await fees.get_item(actor, path_id(request))
    form, _ = await _typed(request, listed)
    return await _edit(request, actor, listed, form)


async def save_draft(request: Request, actor: Actor) -> Response:
    """Keep the typed rule as the draft, or only read it back where the other button was used."""
    listed = await fees.get_item(actor, path_id(request))
    form, act = await _typed(request, listed)
    if act not in {"save", "preview"}:
        form.values = changed(listed.item.kind, listed.item.currency, form.values, act)
        return await _edit(request, actor, listed, form)
    try:
        document = form.document()
        if act == "preview":
            return await _edit(request, actor, listed, form)
        await fees.save_draft(actor, listed.item.id, document)
    except Invalid as error:
        form.fail_with(error)
        return await _edit(request, actor, listed, form, status=422)
    onwards = "/activation" if actor.may("fees.activate") else ""
    url = f"{root_of(request)}/fees/{listed.item.id}{onwards}"
    return redirect(request, url, flash=t("The draft is kept."))


async def discard(request: Request, actor: Actor) -> Response:
    """Throw the draft away."""
    listed = await fees.get_item(actor, path_id(request))
    await fees.discard_draft(actor, listed.item.id)
    return redirect(request, f"{root_of(request)}/fees/{listed.item.id}", flash=t("The draft is gone."))


async def ask_activation(request: Request, actor: Actor) -> Response:
    """Show what putting the draft into force would change."""
    listed = await fees.get_item(actor, path_id(request))
    if listed.draft is None:
        return redirect(request, f"{root_of(request)}/fees/{listed.item.id}")
    start = f"{listed.draft.effective_from:%Y-%m}"
    return await _activation(request, actor, listed, Form.blank(Start, {"effective_from": start}))


async def _activation(
    request: Request, actor: Actor, listed: fees.Listed, form: Form[Start], status: int = 200
) -> Response:
    draft = listed.draft
    deciders = await fees.deciders(actor, draft) if draft else None
    context = {
        "form": form,
        "item": listed.item,
        "name": localized(listed.item.names),
        "root": root_of(request),
        "draft": draft,
        "preview": await rehearse(actor, listed, parse(draft.document)) if draft else None,
        "wrong": [],
        "read": read_rule(listed.item, draft),
        "deciders": deciders,
        "names": Joined(deciders or ()),
    }
    return await respond(request, "billing/charges/fee_activation.html", context, status=status)


async def activate(request: Request, actor: Actor) -> Response:
    """Put the draft into force."""
    listed = await fees.get_item(actor, path_id(request))
    form = await bind(request, Start)
    if form.is_valid:
        try:
            await fees.activate(actor, listed.item.id, effective_from=form.ok.effective_from)
            flash = t("The rule is set. Bill runs for its months use it.")
            return redirect(request, f"{root_of(request)}/fees/{listed.item.id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
    return await _activation(request, actor, listed, form, status=422)


ROUTES: list[BaseRoute] = [
    tenant_route("/fees/{id}/draft", named(edit_draft), permission="fees.write", name="fee_draft"),
    tenant_route(
        "/fees/{id}/draft", named(save_draft), permission="fees.write", methods=WRITES, name="fee_draft_save"
    ),
    tenant_route(
        "/fees/{id}/preview", named(preview), permission="fees.write", methods=WRITES, name="fee_preview"
    ),
    tenant_route(
        "/fees/{id}/discarding", discard, permission="fees.write", methods=WRITES, name="fee_discard"
    ),
    tenant_route(
        "/fees/{id}/activation", named(ask_activation), permission="fees.activate", name="fee_activation"
    ),
    tenant_route(
        "/fees/{id}/activation",
        named(activate),
        permission="fees.activate",
        methods=WRITES,
        name="fee_activate",
    ),
]
