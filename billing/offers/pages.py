"""Writing drafts of rules and templates in the bank's console."""

from typing import Any

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import rule_form
from billing.charges.draft_pages import MOST_FIELDS
from billing.charges.parts_form import Drawing
from billing.charges.rule_form import RuleForm
from billing.names import localized
from billing.offers import rules, templates
from billing.reminders.plan import ReminderTerms
from billing.reminders.terms_page import PlanForm, read_plan, shown_plan
from billing.rules import dump, parse
from billing.rules.form_parts import changed
from billing.rules.sentences import sentence
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, path_id
from tenants.models import BankOffer
from tenants.offers import services
from tenants.offers.kinds import called
from ui.errors import Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond


async def edit_rule(request: Request, actor: Actor) -> Response:
    """Show a draft's rule in the form that institutions know."""
    offer = await _draft(request, actor, "rule")
    item, document = rules.item_of(offer.content), offer.content["document"]
    asked = request.query_params.get("shape")
    if document and asked == rule_form.PARTS:
        form = rule_form.of_parts(item, parse(document))
    elif document and asked is None:
        form = rule_form.of_document(item, parse(document))
    else:
        form = rule_form.blank(item, request.query_params)
    return await _rule(request, actor, offer, form)


async def _draft(request: Request, actor: Actor, kind: str) -> BankOffer:
    found = await services.draft_of(actor, path_id(request))
    if found.kind != kind:
        raise NotFound("offer.not_found", t("There is no such offer."))
    return found


async def _rule(
    request: Request, actor: Actor, offer: BankOffer, form: RuleForm, status: int = 200
) -> Response:
    preview, wrong = _read_back(form)
    if form.shape == rule_form.PARTS:
        form.parts = Drawing(form, []).whole()
    context = {
        "form": form,
        "item": form.item,
        "name": localized(offer.content["names"]),
        "preview": preview,
        "wrong": wrong if request.method == "POST" else [],
        "root": f"/bank/{actor.place['slug']}",
        "here": f"/bank/{actor.place['slug']}/offers/{offer.id}",
    }
    return await respond(request, "billing/offers/rule.html", context, status=status)


def _read_back(form: RuleForm) -> tuple[list[str], list[str]]:
    """Return the typed rule in sentences; while it is not a rule yet, what is wrong with it."""
    try:
        return [str(words) for words in sentence(form.document())], []
    except Invalid as error:
        return [], list(dict.fromkeys([str(text) for text in error.fields.values()] or [str(error.message)]))


async def save_rule(request: Request, actor: Actor) -> Response:
    """Keep the typed rule, or only read it back where the other button was used."""
    offer = await _draft(request, actor, "rule")
    body = await request.form(max_fields=MOST_FIELDS)
    values = {key: value for key, value in body.multi_items() if isinstance(value, str)}
    form, act = rule_form.typed(rules.item_of(offer.content), values), values.get("act", "save")
    if act not in {"save", "preview"}:
        form.values = changed(form.item.kind, form.item.currency, form.values, act)
        return await _rule(request, actor, offer, form)
    try:
        document = form.document()
        if act == "preview":
            return await _rule(request, actor, offer, form)
        await services.write(actor, offer.id, dict(offer.content) | {"document": dump(document)})
    except Invalid as error:
        form.fail_with(error)
        return await _rule(request, actor, offer, form, status=422)
    return redirect(request, f"/bank/{actor.place['slug']}/offers/{offer.id}", flash=t("The draft is kept."))


class TemplateForm(PlanForm):
    """Which fees a template holds, and its plan of reminders."""

    fees: list[str] = Field(default_factory=list, title=N_("Fees in it"))


async def edit_template(request: Request, actor: Actor) -> Response:
    """Show what a template holds."""
    offer = await _draft(request, actor, "template")
    values: dict[str, Any] = shown_plan(ReminderTerms.model_validate(offer.content["reminders"]))
    values["fees"] = [one["fee_key"] for one in offer.content["fees"]]
    return await _template(request, actor, offer, Form.blank(TemplateForm, values))


async def _template(
    request: Request, actor: Actor, offer: BankOffer, form: Form[TemplateForm], status: int = 200
) -> Response:
    known = await _known(actor, offer)
    context = {
        "form": form,
        "name": called(offer.names),
        "fees": [(key, localized(one["names"]), rules.rule_text(one)) for key, one in known.items()],
        "options": [(key, localized(one["names"])) for key, one in known.items()],
        "root": f"/bank/{actor.place['slug']}",
        "here": f"/bank/{actor.place['slug']}/offers/{offer.id}",
    }
    return await respond(request, "billing/offers/template.html", context, status=status)


async def _known(actor: Actor, offer: BankOffer) -> dict[str, dict[str, Any]]:
    """Return every fee that can be in it; what is in it already, and nowhere else any more, stays."""
    held = {one["fee_key"]: one for one in offer.content["fees"]}
    return held | await templates.choices(actor, offer.content["scenario"])


async def save_template(request: Request, actor: Actor) -> Response:
    """Keep what a template holds."""
    offer = await _draft(request, actor, "template")
    form = await bind(request, TemplateForm)
    if form.is_valid:
        known = await _known(actor, offer)
        fees = [known[key] for key in known if key in form.ok.fees]
        try:
            content = dict(offer.content) | {
                "fees": fees,
                "reminders": read_plan(form.ok).model_dump(mode="json"),
            }
            await services.write(actor, offer.id, content)
        except Invalid as error:
            form.fail_with(error)
        else:
            url = f"/bank/{actor.place['slug']}/offers/{offer.id}"
            return redirect(request, url, flash=t("The draft is kept."))
    return await _template(request, actor, offer, form, 422)


WRITE, ONE = services.WRITE, "/offers/{id}"
ROUTES: list[BaseRoute] = [
    bank_route(ONE + "/rule", edit_rule, permission=WRITE, name="bank_offer_rule"),
    bank_route(ONE + "/rule", save_rule, permission=WRITE, methods=WRITES, name="bank_offer_rule_save"),
    bank_route(ONE + "/template", edit_template, permission=WRITE, name="bank_offer_template"),
    bank_route(
        ONE + "/template", save_template, permission=WRITE, methods=WRITES, name="bank_offer_template_save"
    ),
]
