"""What is asked for about institutions: the list, the forms, the decision."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.http import WRITES, bank_route, path_id
from tenants.life import services
from tenants.life.kinds import HIDDEN, KINDS, REQUEST_STATUSES, Kind
from tenants.life.reviews import RISKS
from tenants.models import BankRequest, Tenant
from tenants.onboarding.gate import tenant_of
from tenants.onboarding.queries import BELOW
from tenants.scope import row, rows, value
from ui.errors import AppError, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

TONES: dict[str, Any] = {"asked": "warning", "approved": "info", "done": "success", "refused": "danger"}
_WHERE = (
    "r.bank_id = $1 and t.branch_id in (select id from below)"
    " and ($3 = '' or r.status = $3) and ($4 = '' or r.kind = $4)"
)

_TAKEN_OUT = (
    "select created_at, after->>'sha256' sha256 from tenants_audit where bank_id = $1 and tenant_id = $2"
    " and act = 'tenant.taken_out' order by created_at desc limit 1"
)


class WhyForm(BaseModel):
    """Why it is asked for."""

    reason: str = Field(title=N_("Reason"), min_length=10, max_length=1000)


class DecisionForm(BaseModel):
    """What is decided, and why."""

    decision: str
    reason: str = Field("", title=N_("Reason"), max_length=1000)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("created_at", t("Asked on"), format="datetime"),
        Column("name", t("Institution"), is_main=True, href=lambda row: f"{root}/requests/{row['id']}"),
        Column("kind", t("What"), format=lambda value, _: gettext(KINDS[value].name)),
        Column("asked_by_name", t("Asked by")),
        Column("decided_by_name", t("Decided by")),
        Column(
            "status",
            t("State"),
            format="badge",
            tones=TONES,
            words={k: t(w) for k, w in REQUEST_STATUSES.items()},
        ),
    )


async def listed(request: Request, actor: Actor) -> Response:
    """List requests, those to be decided first."""
    columns = _columns(_root(actor))
    query = TableQuery.parse(request, filters=("status", "kind"))
    args = (bank_of(actor), list(actor.branches), query.get("status"), query.get("kind"))
    source = f"from tenants_bank_request r join tenants_tenant t on t.id = r.tenant_id where {_WHERE}"
    select = (
        f"{BELOW} select r.id, r.created_at, t.name, r.kind, r.asked_by_name, r.decided_by_name, r.status {source}"
        " order by (r.status = 'asked') desc, r.created_at desc, r.id limit $5 offset $6"
    )
    if wants_export(request):
        return await export(request, columns, await rows(select, *args, 10_000, 0), "requests")
    found = await rows(select, *args, query.limit, query.offset)
    total = int(await value(f"{BELOW} select count(*) {source}", *args))
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "statuses": [(key, gettext(word)) for key, word in REQUEST_STATUSES.items()],
        "kinds": [(key, gettext(kind.name)) for key, kind in KINDS.items()],
    }
    return await respond(request, "tenants/life/requests.html", context, block="list")


async def form(request: Request, actor: Actor) -> Response:
    """Show the form of one kind of request."""
    tenant, kind = await tenant_of(actor, path_id(request)), _kind(request)
    return await _form(request, actor, tenant, kind, Form.blank(kind.form), Form.blank(WhyForm))


async def ask(request: Request, actor: Actor) -> Response:
    """Ask for it."""
    tenant, kind = await tenant_of(actor, path_id(request)), _kind(request)
    sent = await bind(request, kind.form, context={"currency": tenant.currency})
    why = await bind(request, WhyForm)
    if sent.is_valid and why.is_valid:
        try:
            made = await services.ask(actor, tenant.id, kind, sent.ok, why.ok.reason)
        except Invalid as error:
            sent.fail_with(error)
        else:
            return redirect(
                request, f"{_root(actor)}/requests/{made.id}", flash=t("Somebody else decides on it now.")
            )
    return await _form(request, actor, tenant, kind, sent, why, status=422)


async def _form(  # noqa: PLR0917 - what the page shows
    request: Request, actor: Actor, tenant: Tenant, kind: Kind, sent: Any, why: Any, status: int = 200
) -> Response:
    context = {
        "tenant": tenant,
        "kind": kind,
        "form": sent,
        "why": why,
        "options": (options := await kind.choices(tenant)),
        "fields": [name for name in kind.form.model_fields if options.get(name, True)],
        "risks": [(key, t(word)) for key, word in RISKS.items()],
        "taken_out": await row(_TAKEN_OUT, tenant.bank_id, tenant.id) if kind.key == "end_close" else None,
        "root": _root(actor),
    }
    return await respond(request, "tenants/life/ask.html", context, status=status)


async def show(request: Request, actor: Actor) -> Response:
    """Show one request: what will be done, why, and who decides."""
    found, tenant = await _found(actor, request)
    return await _show(request, actor, found, tenant, Form.blank(DecisionForm))


async def decide(request: Request, actor: Actor) -> Response:
    """Approve or refuse."""
    found, _ = await _found(actor, request)
    sent = await bind(request, DecisionForm)
    is_approved = sent.ok.decision == "approve"
    decided = await services.decide(actor, found.id, is_approved=is_approved, reason=sent.ok.reason)
    return redirect(request, f"{_root(actor)}/requests/{found.id}", flash=t(REQUEST_STATUSES[decided.status]))


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take it back."""
    found, _ = await _found(actor, request)
    await services.withdraw(actor, found.id)
    return redirect(request, f"{_root(actor)}/requests/{found.id}", flash=t("The request is withdrawn."))


async def _found(actor: Actor, request: Request) -> tuple[BankRequest, Tenant]:
    found = await BankRequest.get_or_none(bank_id=bank_of(actor), id=path_id(request))
    if found is None:
        raise NotFound("request.not_found", t("There is no such request."))
    try:
        return found, await tenant_of(actor, found.tenant_id)
    except AppError:
        raise NotFound("request.not_found", t("There is no such request.")) from None


async def _show(request: Request, actor: Actor, found: BankRequest, tenant: Tenant, sent: Any) -> Response:
    kind = KINDS[found.kind]
    context = {
        "found": found,
        "tenant": tenant,
        "kind": kind,
        "facts": kind.told(tenant, found.facts) if kind.told else await _facts(kind, tenant, found),
        "status_word": t(REQUEST_STATUSES[found.status]),
        "tone": TONES.get(found.status, "neutral"),
        "form": sent,
        "may_decide": actor.may("tenants.decide")
        and found.status == "asked"
        and found.asked_by != actor.person_id,
        "may_withdraw": actor.may("tenants.write") and found.status in {"asked", "approved"},
        "root": _root(actor),
    }
    return await respond(request, "tenants/life/request.html", context)


async def _facts(kind: Kind, tenant: Tenant, found: BankRequest) -> list[tuple[str, str]]:
    before = found.seen | (await kind.present(tenant, found.facts) if kind.present else {})
    return [
        (_label(kind, name), _told(fact, before.get(name)))
        for name, fact in found.facts.items()
        if name not in HIDDEN
    ]


def _told(fact: Any, before: Any) -> str:
    """Return what will be so, with what was so when it was asked for."""
    if isinstance(fact, bool):
        return gettext("Yes") if fact else gettext("No")
    return f"{before} → {fact}" if before not in {None, "", fact} else str(fact)


def _label(kind: Kind, name: str) -> str:
    field = kind.form.model_fields.get(name)
    return gettext(str(field.title)) if field else gettext(name)


def _kind(request: Request) -> Kind:
    found = KINDS.get(request.path_params["kind"])
    if found is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    return found


def _root(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}"


ASK = "/tenants/{id}/requests/{kind}"
ROUTES: list[BaseRoute] = [
    bank_route("/requests", listed, permission="tenants.read", name="bank_requests"),
    bank_route("/requests/{id}", show, permission="tenants.read", name="bank_request"),
    bank_route("/requests/{id}/decision", decide, permission="tenants.decide", methods=WRITES),
    bank_route(
        "/requests/{id}/withdrawal",
        withdraw,
        permission="tenants.write",
        methods=WRITES,
        name="bank_request_withdraw",
    ),
    bank_route(ASK, form, permission="tenants.write", name="bank_request_form"),
    bank_route(ASK, ask, permission="tenants.write", methods=WRITES, name="bank_request_ask"),
]
