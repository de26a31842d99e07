"""Pages on which a run is agreed to, compared, decided about, taken back and completed; and how runs are checked."""

from itertools import pairwise
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges import run_comparison, run_decisions, run_list, run_settings, runs
from billing.charges.fee_words import root_of
from billing.charges.run_comparison import CHANGES, STEPS
from billing.charges.run_decisions import DECISIONS, UNDECIDED
from billing.charges.run_settings import Checks
from billing.charges.run_shell import shell
from billing.charges.run_words import explain, problem_words
from billing.models import BillRun
from billing.names import Day, Sum
from billing.names import Month as MonthWords
from billing.place_words import in_their_words
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account, Tenant
from ui import charts, formats
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import MinorAmount
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery


class Voiding(BaseModel):
    """Why a run is taken back."""

    reason: str = Field(title=N_("Reason"), max_length=runs.REASON_MAX)


class Decision(BaseModel):
    """What is made of one entry, or of all undecided ones of a reason."""

    decision: str = Field(title=N_("What to do"))
    note: str = Field("", title=N_("In a word"))
    code: str = Field("", title=N_("Reason"))


class ChecksForm(BaseModel):
    """How runs are checked."""

    jump_percent: int = Field(title=N_("Look at changes of more than (per cent)"))
    approval_limit_minor: Annotated[int | None, MinorAmount(allow_zero=True)] = Field(
        None, title=N_("One person alone up to")
    )


CHANGE_WORDS = {key: t(words) for key, words in CHANGES.items()}
CHANGE_TONES: dict[str, Any] = {"more": "warning", "less": "info", "new": "success", "missing": "danger"}
COMPARISON = (
    Column("account_number", t("Account"), is_main=True, sortable=True, href=lambda row: row["href"]),
    Column("place", t("Place"), sortable=True),
    Column("change", t("How it changed"), format="badge", tones=CHANGE_TONES, words=CHANGE_WORDS),
    Column("before_minor", t("Last month"), format="money", sortable=True),
    Column("now_minor", t("This month"), format="money", sortable=True),
    Column("difference_minor", t("Difference"), format="money", sortable=True),
)
DECISION_WORDS = {key: t(words) for key, words in DECISIONS.items()} | {"": t(UNDECIDED)}


def _href(run: BillRun, root: str) -> str:
    return f"{root}/runs/{run.id}"


async def ask_approval(request: Request, actor: Actor) -> Response:
    """Show what is agreed to, and by whom it may be."""
    run = await runs.get(actor, path_id(request))
    root = root_of(request)
    if run.status != "drafted":
        return redirect(request, _href(run, root))
    if not await run_settings.may_approve(actor, run):
        text = t("You have drafted this run, so somebody else approves it. Ask a colleague who may.")
        return redirect(request, _href(run, root), flash=text)
    words = {
        "title": t(
            "Approve {n} bills for {month}", n=formats.number(run.bill_count), month=MonthWords(run.period)
        ),
        "lede": t("You agree to the total and to every bill. Nothing goes out until the run is issued."),
        "items": facts(run),
        "action": f"{_href(run, root)}/approval",
        "label": t("Approve the run"),
        "cancel": _href(run, root),
    }
    return await respond(request, "ui/confirm.html", words)


def facts(run: BillRun) -> list[tuple[Any, Any]]:
    """Return what somebody reads before they agree to a run."""
    return [
        (t("Bills"), formats.number(run.bill_count)),
        (t("Total"), Sum(run.total_minor, run.currency)),
        (t("Last month"), Sum(run.summary.get("before", {}).get("total", 0), run.currency)),
        (t("Due on"), Day(run.due_on)),
        (t("Drafted by"), run.created_by_name),
        (t("To look at, not yet decided"), formats.number(run.exception_count)),
    ]


async def approve(request: Request, actor: Actor) -> Response:
    """Agree to a run."""
    run = await runs.approve(actor, path_id(request))
    return redirect(
        request, _href(run, root_of(request)), flash=t("The run is approved. It can be issued now.")
    )


async def withdraw(request: Request, actor: Actor) -> Response:
    """Take an approval back."""
    run = await runs.withdraw(actor, path_id(request))
    return redirect(request, _href(run, root_of(request)), flash=t("The run is a draft again."))


async def ask_voiding(request: Request, actor: Actor) -> Response:
    """Ask why a whole run is taken back."""
    run = await runs.get(actor, path_id(request))
    return await _voiding(request, actor, run, Form.blank(Voiding))


async def _voiding(
    request: Request, actor: Actor, run: BillRun, form: Form[Voiding], status: int = 200
) -> Response:
    context = await shell(request, actor, run) | {"form": form}
    return await respond(request, "billing/charges/run_void.html", context, status=status)


async def void(request: Request, actor: Actor) -> Response:
    """Have a run's unpaid bills taken back."""
    run = await runs.get(actor, path_id(request))
    form = await bind(request, Voiding)
    if form.is_valid:
        try:
            await runs.request_voiding(actor, run.id, reason=form.ok.reason)
            return redirect(request, _href(run, root_of(request)))
        except Conflict as error:
            form.fail("", error.message)
        except Invalid as error:
            form.fail_with(error)
    return await _voiding(request, actor, run, form, status=422)


async def late_joiners(request: Request, actor: Actor) -> Response:
    """Draft what an issued run's month still lacks."""
    root, run = root_of(request), await runs.get(actor, path_id(request))
    try:
        late = await runs.start_late_joiners(actor, run.id)
    except (Conflict, Invalid) as error:
        return redirect(request, _href(run, root), flash=Flash(error.message, tone="warning"))
    return redirect(request, _href(late, root))


async def comparison(request: Request, actor: Actor) -> Response:
    """Show every account of a run beside its last month."""
    run, root = await runs.get(actor, path_id(request)), root_of(request)
    columns = in_their_words(COMPARISON, [run.scenario])
    query = TableQuery.parse(
        request, columns=columns, filters=("change", "place"), default_sort=run_comparison.DEFAULT_SORT
    )
    if wants_export(request):
        return await export(request, columns, run_comparison.everything(run, query, root), "comparison")
    found, total = await run_comparison.listed(run, query, root)
    context = await shell(request, actor, run)
    context |= {
        "page": Page.of(query, found, total),
        "columns": columns,
        "changes": [(key, str(CHANGE_WORDS[key])) for key in CHANGES],
        "counts": [(CHANGE_WORDS[key], run.summary.get("changes", {}).get(key)) for key in CHANGES],
        "places": [(one["place"], one["place"]) for one in run.summary.get("places", []) if one["place"]],
        "chart": _spread(run),
    }
    return await respond(request, "billing/charges/run_comparison.html", context, block="list")


def _spread(run: BillRun) -> charts.Chart | None:
    counts: list[int] = run.summary.get("spread", [])
    if not any(counts):
        return None
    ends = [f"{step:+d} %" for step in STEPS]
    names = [
        f"< {ends[0]}",
        *(f"{low} … {high}" for low, high in pairwise(ends)),
        f"> {ends[-1]}",
    ]
    short = [f"<{STEPS[0]}", *(f"{low}…{high}" for low, high in pairwise(STEPS)), f">{STEPS[-1]}"]
    return charts.bar(
        gettext("Change, in %"), names, [charts.Series(gettext("Accounts"), counts)], short=short
    )


async def exception(request: Request, actor: Actor) -> Response:
    """Show one odd account of a run."""
    run = await runs.get(actor, path_id(request))
    return await _exception(request, actor, run, Form.blank(Decision, {"decision": "accepted"}))


async def _exception(
    request: Request, actor: Actor, run: BillRun, form: Form[Decision], status: int = 200
) -> Response:
    found = await run_decisions.get(actor, run.id, path_id(request, "exception_id"))
    account = await Account.get(tenant_id=run.tenant_id, id=found.account_id)
    context = await shell(request, actor, run)
    context |= {
        "found": found,
        "account": account,
        "bill": await run_list.draft_of(run, account.id),
        "problem": problem_words(found.code),
        "detail": explain(found.code, found.detail, run.currency, run.jump_percent),
        "decisions": _choices(),
        "decided": DECISION_WORDS[found.decision],
        "form": form,
    }
    return await respond(request, "billing/charges/run_exception.html", context, status=status)


def _choices() -> list[tuple[str, str, str]]:
    return [
        ("accepted", gettext("Accept it as it is"), gettext("Say in a word why it is right.")),
        (
            "excluded",
            gettext("Leave the account out of this run"),
            gettext("Its bill is not issued. It can be billed later with “Bill late joiners”."),
        ),
    ]


async def decide(request: Request, actor: Actor) -> Response:
    """Accept one odd account or leave it out."""
    run, root = await runs.get(actor, path_id(request)), root_of(request)
    found = await run_decisions.get(actor, run.id, path_id(request, "exception_id"))
    form = await bind(request, Decision)
    if form.is_valid and await _decided(actor, run, form, [found.id]):
        return redirect(request, f"{_href(run, root)}/exceptions?decision=open", flash=t("That is noted."))
    return await _exception(request, actor, run, form, status=422)


async def _decided(actor: Actor, run: BillRun, form: Form[Decision], ids: list[UUID]) -> bool:
    code = "" if ids else form.ok.code
    try:
        await run_decisions.decide(
            actor, run.id, decision=form.ok.decision, note=form.ok.note, ids=ids, code=code
        )
    except Invalid as error:
        form.fail_with(error)
    except Conflict as error:
        form.fail("", error.message)
    return not form.errors


async def ask_decisions(request: Request, actor: Actor) -> Response:
    """Ask what to make of all undecided entries of one reason."""
    run = await runs.get(actor, path_id(request))
    code = request.query_params.get("code", "")
    return await _decisions(request, actor, run, Form.blank(Decision, {"code": code, "decision": "accepted"}))


async def _decisions(
    request: Request, actor: Actor, run: BillRun, form: Form[Decision], status: int = 200
) -> Response:
    found = await run_list.open_codes(run)
    context = await shell(request, actor, run)
    context |= {
        "form": form,
        "decisions": _choices(),
        "codes": [(code, f"{problem_words(code)} ({count})") for code, count in found.items()],
    }
    return await respond(request, "billing/charges/run_decisions.html", context, status=status)


async def decide_all(request: Request, actor: Actor) -> Response:
    """Accept all undecided entries of one reason, or leave them out."""
    run, root = await runs.get(actor, path_id(request)), root_of(request)
    form = await bind(request, Decision)
    if form.is_valid and form.ok.code not in await run_list.open_codes(run):
        form.fail("code", t("Choose a reason."))
    if form.is_valid and await _decided(actor, run, form, []):
        return redirect(request, f"{_href(run, root)}/exceptions", flash=t("That is noted."))
    return await _decisions(request, actor, run, form, status=422)


async def checks(request: Request, actor: Actor) -> Response:
    """Show how runs are checked."""
    tenant = await Tenant.get(id=actor.tenant_id)
    now = await run_settings.checks_of(tenant.id)
    limit = "" if now.approval_limit_minor is None else Sum(now.approval_limit_minor, tenant.currency).plain
    values = {"jump_percent": now.jump_percent, "approval_limit_minor": limit}
    return await _checks(request, tenant, Form.blank(ChecksForm, values))


async def _checks(request: Request, tenant: Tenant, form: Form[ChecksForm], status: int = 200) -> Response:
    context = {"form": form, "root": root_of(request), "currency": tenant.currency}
    return await respond(request, "billing/charges/run_checks.html", context, status=status)


async def save_checks(request: Request, actor: Actor) -> Response:
    """Set how runs are checked from now on."""
    tenant = await Tenant.get(id=actor.tenant_id)
    form = await bind(request, ChecksForm, context={"currency": tenant.currency})
    if form.is_valid:
        try:
            await run_settings.save(actor, Checks(form.ok.jump_percent, form.ok.approval_limit_minor))
            return redirect(
                request, f"{root_of(request)}/runs", flash=t("Saved. It counts for runs from now on.")
            )
        except Invalid as error:
            form.fail_with(error)
    return await _checks(request, tenant, form, status=422)


def _act(path: str, endpoint: Any, permission: str, name: str) -> BaseRoute:
    return tenant_route(path, endpoint, permission=permission, methods=WRITES, name=name)


ROUTES: list[BaseRoute] = [
    tenant_route("/run-checks", checks, permission="settings.write", name="run_checks"),
    _act("/run-checks", save_checks, "settings.write", "run_save_checks"),
    tenant_route("/runs/{id}/approval", ask_approval, permission="runs.approve", name="run_ask_approval"),
    _act("/runs/{id}/approval", approve, "runs.approve", "run_approve"),
    _act("/runs/{id}/withdrawal", withdraw, "runs.approve", "run_withdraw"),
    tenant_route("/runs/{id}/voiding", ask_voiding, permission="bills.write", name="run_ask_void"),
    _act("/runs/{id}/voiding", void, "bills.write", "run_void"),
    _act("/runs/{id}/late-joiners", late_joiners, "runs.write", "run_late_joiners"),
    tenant_route("/runs/{id}/comparison", comparison, permission="runs.read", name="run_comparison"),
    tenant_route("/runs/{id}/decisions", ask_decisions, permission="runs.write", name="run_ask_decisions"),
    _act("/runs/{id}/decisions", decide_all, "runs.write", "run_decide_all"),
    tenant_route(
        "/runs/{id}/exceptions/{exception_id}", exception, permission="runs.read", name="run_exception"
    ),
    _act("/runs/{id}/exceptions/{exception_id}", decide, "runs.write", "run_decide"),
]
