"""Pages of fees: what is charged, by which rule, since when; and how the next rule is written."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import fees, rehearsal, rule_form
from billing.charges.fee_words import LONGEST_RULE, read_rule
from billing.charges.naming import named
from billing.charges.parts_form import Drawing
from billing.charges.periods import months_after, today
from billing.charges.rule_form import RuleForm
from billing.models import FeeItem
from billing.names import Joined, localized
from billing.rules import parse
from billing.rules.form_parts import changed
from billing.rules.sentences import sentence
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.kinds import SCENARIOS
from tenants.models import Tenant
from ui.errors import Invalid
from ui.exports import export, wants_export
from ui.fields import Month
from ui.formats import cut
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_FEES = 100
MOST_FIELDS = 8000


class FeeNames(BaseModel):
    """What a fee is called."""

    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str | None = Field(None, title=N_("Name in Chinese"), max_length=60)

    @property
    def names(self) -> dict[str, str]:
        """The names by locale."""
        return {"en": self.name_en, **({"zh_CN": self.name_zh} if self.name_zh else {})}


class NewFee(FeeNames):
    """A fee to add."""

    scenario: str = Field(title=N_("Scenario"))
    kind: str = Field(title=N_("What it is"))
    account_kinds: list[str] = Field(title=N_("Who is charged"))


class Start(BaseModel):
    """From when a rule is in force."""

    effective_from: Annotated[Month, Field(title=N_("In force from"))]


def root_of(request: Request) -> str:
    """Return the console's address."""
    return f"/t/{request.path_params['tenant']}"


COLUMNS = (
    Column("name", t("Fee"), is_main=True, href=lambda row: row["href"]),
    Column("kinds", t("Who is charged")),
    Column("rule", t("Rule in force")),
    Column("since", t("Since"), format="month"),
    Column(
        "state",
        t("State"),
        format="badge",
        words={
            "active": t("Charged"),
            "draft": t("Draft waiting"),
            "no_rule": t("No rule yet"),
            "stopped": t("Stopped"),
        },
        tones={"active": "success", "draft": "info", "no_rule": "warning"},
    ),
)


async def index(request: Request, actor: Actor) -> Response:
    """List the fees with the rule in force."""
    root = root_of(request)
    rows = [_row(one, root) for one in await fees.list_items(actor)]
    if wants_export(request):
        return await export(request, COLUMNS, rows, "fees")
    query = TableQuery.parse(request, per=MOST_FEES)
    page = Page(
        rows[query.offset : query.offset + query.per], query, len(rows), len(rows) > query.offset + query.per
    )
    context = {"page": page, "columns": COLUMNS, "root": root, "actor": actor}
    return await respond(request, "billing/charges/fees.html", context, block="list")


def _row(listed: fees.Listed, root: str) -> dict[str, Any]:
    item, current = listed.item, read_rule(listed.item, listed.current)
    state = "active" if current else "no_rule"
    return {
        "name": localized(item.names),
        "href": f"{root}/fees/{item.id}",
        "kinds": _kind_words(item),
        "rule": cut(current.sentences[0], LONGEST_RULE) if current else "",
        "since": current.rule.effective_from if current else None,
        "state": "stopped" if not item.is_active else "draft" if listed.draft else state,
    }


def _kind_words(item: FeeItem) -> str:
    return ", ".join(gettext(kind.plural) for kind in fees.kinds_of(item))


async def _new_context(actor: Actor, form: Form[NewFee], root: str) -> dict[str, Any]:
    tenant = await Tenant.get(id=actor.tenant_id)
    kinds = [(k.key, gettext(k.plural)) for s in tenant.scenarios for k in SCENARIOS[s].account_kinds]
    scenarios = [(s, gettext(SCENARIOS[s].name)) for s in tenant.scenarios]
    return {"form": form, "kinds": kinds, "scenarios": scenarios, "root": root}


async def new(request: Request, actor: Actor) -> Response:
    """Show the form for a fee to add."""
    form = Form.blank(NewFee, {"kind": "charge"})
    return await respond(
        request, "billing/charges/fee_new.html", await _new_context(actor, form, root_of(request))
    )


async def create(request: Request, actor: Actor) -> Response:
    """Add a fee and go on to its rule."""
    form = await bind(request, NewFee)
    if form.is_valid:
        try:
            item = await fees.add_item(
                actor,
                scenario=form.ok.scenario,
                names=form.ok.names,
                kind=form.ok.kind,
                account_kinds=form.ok.account_kinds,
            )
            return redirect(
                request,
                f"{root_of(request)}/fees/{item.id}/draft",
                flash=t("The fee is added. Now write its rule."),
            )
        except Invalid as error:
            form.fail_with(error)
    context = await _new_context(actor, form, root_of(request))
    return await respond(request, "billing/charges/fee_new.html", context, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show one fee: the rule in force, the next, the draft, and all versions."""
    listed = await fees.get_item(actor, path_id(request))
    context = {
        "listed": listed,
        "item": listed.item,
        "name": localized(listed.item.names),
        "kinds": _kind_words(listed.item),
        "current": read_rule(listed.item, listed.current),
        "coming": read_rule(listed.item, listed.coming),
        "draft": read_rule(listed.item, listed.draft),
        "versions": await fees.versions(actor, listed.item.id),
        "root": root_of(request),
        "fee_url": f"{root_of(request)}/fees/{listed.item.id}",
        "actor": actor,
    }
    return await respond(request, "billing/charges/fee.html", context)


async def version(request: Request, actor: Actor) -> Response:
    """Show one version as it was put into force."""
    listed = await fees.get_item(actor, path_id(request))
    rule = await fees.version(actor, listed.item.id, path_id(request, "rule"))
    context = {
        "item": listed.item,
        "name": localized(listed.item.names),
        "read": read_rule(listed.item, rule),
    }
    return await respond(request, "billing/charges/fee_version.html", {**context, "root": root_of(request)})


async def edit_names(request: Request, actor: Actor) -> Response:
    """Show the form for a fee's names."""
    listed = await fees.get_item(actor, path_id(request))
    names = listed.item.names
    form = Form.blank(FeeNames, {"name_en": names.get("en", ""), "name_zh": names.get("zh_CN", "")})
    context = {"form": form, "item": listed.item, "name": localized(names), "root": root_of(request)}
    return await respond(request, "billing/charges/fee_names.html", context)


async def save_names(request: Request, actor: Actor) -> Response:
    """Rename a fee."""
    listed = await fees.get_item(actor, path_id(request))
    form = await bind(request, FeeNames)
    if form.is_valid:
        await fees.rename_item(actor, listed.item.id, names=form.ok.names)
        return redirect(request, f"{root_of(request)}/fees/{listed.item.id}", flash=t("The name is changed."))
    name = localized(listed.item.names)
    context = {"form": form, "item": listed.item, "name": name, "root": root_of(request)}
    return await respond(request, "billing/charges/fee_names.html", context, status=422)


async def stop(request: Request, actor: Actor) -> Response:
    """Stop charging a fee in new bill runs."""
    item = await fees.set_active(actor, path_id(request), is_active=False)
    return redirect(
        request, f"{root_of(request)}/fees/{item.id}", flash=t("New bill runs leave this fee out.")
    )


async def resume(request: Request, actor: Actor) -> Response:
    """Take a fee up again."""
    item = await fees.set_active(actor, path_id(request), is_active=True)
    return redirect(request, f"{root_of(request)}/fees/{item.id}", flash=t("New bill runs include this fee."))


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
        form.drawn = Drawing(form, await _lines(listed.item)).whole()
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
    month = months_after(today((await Tenant.get(id=actor.tenant_id)).timezone), 1)
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
        form.values = changed(listed.item.kind, form.values, act)
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
    tenant_route("/fees", named(index), permission="fees.read", name="fees"),
    tenant_route("/fees", create, permission="fees.write", methods=WRITES, name="fee_create"),
    tenant_route("/fees/new", new, permission="fees.write", name="fee_new"),
    tenant_route("/fees/{id}", named(show), permission="fees.read", name="fee"),
    tenant_route("/fees/{id}/names", edit_names, permission="fees.write", name="fee_names"),
    tenant_route("/fees/{id}/names", save_names, permission="fees.write", methods=WRITES, name="fee_rename"),
    tenant_route("/fees/{id}/stopping", stop, permission="fees.activate", methods=WRITES, name="fee_stop"),
    tenant_route(
        "/fees/{id}/resuming", resume, permission="fees.activate", methods=WRITES, name="fee_resume"
    ),
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
    tenant_route("/fees/{id}/versions/{rule}", named(version), permission="fees.read", name="fee_version"),
]
