"""Pages of bill runs: started, watched while drafted, looked at, issued or cancelled, printed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.adjustments.issuing import preview_standing
from billing.bulk import papers
from billing.charges import run_list, runs, spans
from billing.charges.fee_words import root_of
from billing.charges.run_control_pages import DECISION_WORDS, facts
from billing.charges.run_settings import may_approve
from billing.charges.run_shell import WORDS, shell
from billing.charges.run_words import problem_words
from billing.charges.states import RUN_TONES, RUN_WORDS, WORKING_RUNS
from billing.charges.uncounted import uncounted
from billing.models import BillRun, FeeItem
from billing.names import Joined, Named, localized
from billing.names import Month as MonthWords
from billing.place_words import in_their_words
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.kinds import SCENARIOS
from tenants.models import Tenant
from tenants.scope import rows
from tenants.staff.second_person import others_who_may
from ui import formats
from ui.errors import Conflict, Invalid
from ui.exports import export, wants_export
from ui.fields import Day, Month
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_PLACES = 100
LANGUAGES = (("en", "English"), ("zh_CN", "中文"))


class NewRun(BaseModel):
    """A bill run to draft."""

    scenario: str = Field(title=N_("Scenario"))
    period: Annotated[Month, Field(title=N_("Month to bill"))]
    due_on: Annotated[Day, Field(title=N_("Due on"))]
    items: list[UUID] = Field([], title=N_("What to charge"))
    places: list[str] = Field([], title=N_("Only here"))
    again: bool = Field(default=False, title=N_("Yes, charge it again for this month"))
    why_again: str = Field("", title=N_("Why it is charged again"), max_length=runs.REASON_MAX)


class Printing(BaseModel):
    """Which bills of a run to print."""

    place: str = Field("", title=N_("Place"))
    format: str = Field("pdf", title=N_("File"))
    locale: str = Field("en", title=N_("Language"))


COLUMNS = (
    Column("period", t("Month"), format="month", sortable=True, is_main=True, href=lambda run: run["href"]),
    Column("status", t("State"), format="badge", tones=RUN_TONES, words=WORDS),
    Column("due_on", t("Due"), format="date"),
    Column("bill_count", t("Bills"), format="number", sortable=True),
    Column("total_minor", t("Total"), format="money", sortable=True),
    Column("exception_count", t("To look at"), format="number"),
    Column("by", t("Drafted by")),
    Column("issued_at", t("Issued"), format="datetime", sortable=True),
)
DECISION_TONES: dict[str, Any] = {"": "warning", "accepted": "success", "excluded": "neutral"}
EXCEPTION_COLUMNS = (
    Column("account_number", t("Account"), is_main=True, sortable=True, href=lambda row: row["href"]),
    Column("account_name", t("Name"), format="name"),
    Column("place", t("Place"), sortable=True),
    Column("fee", t("Fee")),
    Column("problem", t("What to look at")),
    Column("decision", t("Decision"), format="badge", tones=DECISION_TONES, words=DECISION_WORDS),
)


async def index(request: Request, actor: Actor) -> Response:
    """List the bill runs, latest month first."""
    query = TableQuery.parse(request, columns=COLUMNS, filters=("status",), default_sort="-period")
    root = root_of(request)
    if wants_export(request):
        return await export(request, COLUMNS, run_list.stream_runs(actor, query, root), "bill-runs")
    found, total = await run_list.list_runs(actor, query, root)
    context = {"page": Page.of(query, found, total), "columns": COLUMNS, "root": root, "actor": actor}
    states = [(key, gettext(words)) for key, words in RUN_WORDS.items()]
    return await respond(request, "billing/charges/runs.html", {**context, "states": states}, block="list")


@dataclass(frozen=True, slots=True)
class Offered:
    """What a run of a month could charge: the fees, whose rule stands then, and what covers the month already."""

    tenant: Tenant
    items: list[FeeItem]
    stands: Mapping[UUID, bool]
    covered: Mapping[UUID, date]
    uncounted: Collection[UUID]

    def is_proposed(self, item: FeeItem) -> bool:
        """Whether there is something to charge by it that the month does not cover already."""
        waits = item.id in self.covered or item.id in self.uncounted
        return item.scenario == self.tenant.scenarios[0] and self.stands.get(item.id, False) and not waits


async def _offered(tenant: Tenant, period: date) -> Offered:
    items = await FeeItem.filter(tenant_id=tenant.id, is_active=True).order_by("kind", "position", "key")
    stands = await runs.standing(tenant.id, period)
    covered = await spans.still_covered(tenant.id, items, period)
    return Offered(tenant, items, stands, covered, await uncounted(tenant.id, period))


async def _new_context(form: Form[NewRun], root: str, offered: Offered) -> dict[str, Any]:
    tenant, stands = offered.tenant, offered.stands
    chosen = set(form.chosen("items"))
    ready = [item for item in offered.items if stands.get(item.id) or str(item.id) in chosen]
    lapsed = [item for item in offered.items if stands.get(item.id) is False]
    scenarios = [(key, gettext(SCENARIOS[key].name)) for key in tenant.scenarios]
    options = [(str(item.id), localized(item.names), _hint(item, len(scenarios), offered)) for item in ready]
    links = [(localized(item.names), f"{root}/fees/{item.id}") for item in lapsed]
    places = await _places(tenant)
    again = form.error("again") or form.error("why_again")
    context = {
        "form": form,
        "again": again,
        "options": options,
        "lapsed": links,
        "scenarios": scenarios,
        "root": root,
    }
    return context | {"places": [(one, one) for one in places]}


_PLACES = f"""
select place from tenants_account where tenant_id = $1 and is_active and place <> ''
 group by place order by min(sort_key) limit {MOST_PLACES + 1}
"""


async def _places(tenant: Tenant) -> list[str]:
    """Return the places that a run can be for alone; where there are very many, it is for all."""
    found = [one["place"] for one in await rows(_PLACES, tenant.id)]
    return found if 1 < len(found) <= MOST_PLACES else []


def _hint(item: FeeItem, scenarios: int, offered: Offered) -> str:
    late = gettext("Only accounts in arrears") if item.kind == "late_fee" else ""
    name = gettext(SCENARIOS[item.scenario].name) if scenarios > 1 else ""
    charged = offered.covered.get(item.id)
    again = (
        gettext("Charged for {month}, which still covers this month", month=MonthWords(charged))
        if charged
        else ""
    )
    nothing = (
        gettext("What it is charged by is not known for this month yet")
        if item.id in offered.uncounted
        else ""
    )
    return " · ".join(part for part in (name, late, again, nothing) if part)


async def new(request: Request, actor: Actor) -> Response:
    """Propose the next month that has not been billed, with everything that has a rule."""
    tenant = await Tenant.get(id=actor.tenant_id)
    period = await run_list.next_period(tenant)
    offered = await _offered(tenant, period)
    chosen = [str(item.id) for item in offered.items if offered.is_proposed(item)]
    due = await run_list.due_day(tenant, period, [UUID(one) for one in chosen])
    values = {
        "scenario": tenant.scenarios[0],
        "period": f"{period:%Y-%m}",
        "due_on": due.isoformat(),
        "items": chosen,
    }
    context = await _new_context(Form.blank(NewRun, values), root_of(request), offered)
    return await respond(request, "billing/charges/run_new.html", context)


async def create(request: Request, actor: Actor) -> Response:
    """Begin a run and go to where it can be watched."""
    form = await bind(request, NewRun)
    if form.is_valid:
        said = form.ok
        try:
            run = await runs.start(
                actor,
                scenario=said.scenario,
                period=said.period,
                due_on=said.due_on,
                fee_item_ids=said.items,
                places=said.places,
                again=said.why_again if said.again else "",
            )
            return redirect(request, f"{root_of(request)}/runs/{run.id}")
        except Invalid as error:
            form.fail_with(error)
            if error.code == "run.covered" and said.again:
                form.fail("why_again", t("Say why; who approves the run reads it."))
        except Conflict as error:
            form.fail("", error.message)
    tenant = await Tenant.get(id=actor.tenant_id)
    period = form.data.period if form.data else await run_list.next_period(tenant)
    context = await _new_context(form, root_of(request), await _offered(tenant, period))
    return await respond(request, "billing/charges/run_new.html", context, status=422)


async def show(request: Request, actor: Actor) -> Response:
    """Show a run: its progress while it is worked, then what it comes to."""
    run = await runs.get(actor, path_id(request))
    context = await shell(request, actor, run)
    if run.status in WORKING_RUNS:
        return await respond(request, "billing/charges/run_working.html", context, block="progress")
    context |= await run_list.figures(run)
    is_draft = run.status in {"drafted", "approved"}
    context["lasting"] = await preview_standing(run.tenant_id, run_id=run.id) if is_draft else None
    again = run.summary.get("again")
    context["again"] = Joined([Named(names) for names in again["fees"]]) if again else ""
    waits = run.status == "drafted" and not context["may_approve"]
    context["approvers"] = Joined(await others_who_may(actor, "runs.approve")) if waits else ""
    return await respond(request, "billing/charges/run.html", context)


async def exceptions(request: Request, actor: Actor) -> Response:
    """List the accounts that need a look, by reason."""
    run = await runs.get(actor, path_id(request))
    columns = in_their_words(EXCEPTION_COLUMNS, [run.scenario])
    query = TableQuery.parse(
        request, columns=columns, filters=("code", "decision"), default_sort="account_number"
    )
    root = root_of(request)
    if wants_export(request):
        rows = run_list.every_exception(run, query, root)
        return await export(request, columns, rows, "bill-run-exceptions")
    found, total = await run_list.list_exceptions(run, query, root)
    codes = [(code, str(problem_words(code))) for code in run.summary.get("exceptions", {})]
    context = await shell(request, actor, run)
    decisions = [(key or "open", str(words)) for key, words in DECISION_WORDS.items()]
    context |= {"page": Page.of(query, found, total), "columns": columns, "codes": codes}
    context |= {"decisions": decisions}
    return await respond(request, "billing/charges/run_exceptions.html", context, block="list")


async def ask_issue(request: Request, actor: Actor) -> Response:
    """Ask once more before bills go out."""
    run = await runs.get(actor, path_id(request))
    is_agreed = run.status == "approved" or (run.status == "drafted" and await may_approve(actor, run))
    if not is_agreed:
        return redirect(request, f"{root_of(request)}/runs/{run.id}")
    return await respond(request, "ui/confirm.html", _issue_words(run, root_of(request)))


def _issue_words(run: BillRun, root: str) -> dict[str, Any]:
    return {
        "title": t(
            "Issue {n} bills for {month}", n=formats.number(run.bill_count), month=MonthWords(run.period)
        ),
        "lede": t(
            "Holders see and can pay their bills from then on. Issued bills never change; a single one can be voided."
        ),
        "items": facts(run),
        "action": f"{root}/runs/{run.id}/issuing",
        "label": t("Issue the bills"),
        "cancel": f"{root}/runs/{run.id}",
    }


async def issue(request: Request, actor: Actor) -> Response:
    """Have the run issued."""
    run = await runs.request_issue(actor, path_id(request))
    return redirect(request, f"{root_of(request)}/runs/{run.id}")


async def ask_cancel(request: Request, actor: Actor) -> Response:
    """Ask once more before a draft is thrown away."""
    run = await runs.get(actor, path_id(request))
    root = root_of(request)
    words = {
        "title": t("Cancel the bill run for {month}", month=MonthWords(run.period)),
        "lede": t("The drafted bills are deleted. Nobody has seen them, and the month can be drafted again."),
        "action": f"{root}/runs/{run.id}/cancelling",
        "label": t("Cancel the run"),
        "tone": "danger",
        "cancel": f"{root}/runs/{run.id}",
    }
    return await respond(request, "ui/confirm.html", words)


async def cancel(request: Request, actor: Actor) -> Response:
    """Throw a draft away."""
    await runs.cancel(actor, path_id(request))
    return redirect(request, f"{root_of(request)}/runs", flash=t("The bill run is cancelled."))


async def ask_printing(request: Request, actor: Actor) -> Response:
    """Show the choice of what to print."""
    run = await runs.get(actor, path_id(request))
    tenant = await Tenant.get(id=actor.tenant_id)
    return await _printing(request, actor, run, Form.blank(Printing, {"locale": tenant.locale}))


async def _printing(
    request: Request, actor: Actor, run: BillRun, form: Form[Printing], status: int = 200
) -> Response:
    places = [(one["place"], one["place"]) for one in run.summary.get("places", []) if one["place"]]
    context = await shell(request, actor, run)
    context |= {"form": form, "places": places, "languages": LANGUAGES, "formats": papers.FORMATS}
    return await respond(request, "billing/charges/run_print.html", context, status=status)


async def print_run(request: Request, actor: Actor) -> Response:
    """Have the bills put into one file."""
    run = await runs.get(actor, path_id(request))
    form = await bind(request, Printing)
    if form.is_valid:
        try:
            asked = {"place": form.ok.place, "kind": form.ok.format, "locale": form.ok.locale}
            task = await papers.begin_bills(actor, run.id, **asked)
            return redirect(request, f"{root_of(request)}/tasks/{task.id}")
        except Invalid as error:
            form.fail_with(error)
    return await _printing(request, actor, run, form, status=422)


ROUTES: list[BaseRoute] = [
    tenant_route("/runs", index, permission="runs.read", name="runs"),
    tenant_route("/runs", create, permission="runs.write", methods=WRITES, name="run_create"),
    tenant_route("/runs/new", new, permission="runs.write", name="run_new"),
    tenant_route("/runs/{id}", show, permission="runs.read", name="run"),
    tenant_route("/runs/{id}/exceptions", exceptions, permission="runs.read", name="run_exceptions"),
    tenant_route("/runs/{id}/issuing", ask_issue, permission="runs.issue", name="run_ask_issue"),
    tenant_route("/runs/{id}/issuing", issue, permission="runs.issue", methods=WRITES, name="run_issue"),
    tenant_route("/runs/{id}/cancelling", ask_cancel, permission="runs.write", name="run_ask_cancel"),
    tenant_route("/runs/{id}/cancelling", cancel, permission="runs.write", methods=WRITES, name="run_cancel"),
    tenant_route("/runs/{id}/printing", ask_printing, permission="runs.read", name="run_ask_print"),
    tenant_route("/runs/{id}/printing", print_run, permission="runs.read", methods=WRITES, name="run_print"),
]
