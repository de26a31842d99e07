"""Pages of figures, each a chart with its table and its file; the published accounts; the dossier."""

import hashlib

import anyio.to_thread
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.periods import months_after
from billing.payer.overview import pdf, wanted_locale
from scenarios.community.common import estate_route, named, nothing, root_of, tenant_of
from scenarios.community.figures import dossier, queries
from scenarios.community.figures.models import PublicAccounts
from scenarios.community.figures.views import BACK, VIEWS, view_of
from scenarios.community.kinds import SCENARIO_KEY
from tenants import audit
from tenants.accounts import queries as accounts
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.days import today
from tenants.http import WRITES, path_id, public_route
from tenants.models import Account, Tenant
from tenants.scope import execute, open_scope, row, secret_scope, tenant_scope
from ui.exports import export, wants_export
from ui.forms import bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond
from ui.shell import NavItem, Shell
from ui.tables import Column


async def figures(request: Request, actor: Actor) -> Response:
    """Show one view of the figures."""
    asked = request.query_params.get("of", "")
    view = asked if asked in VIEWS else "buildings"
    columns, found, chart = await view_of(actor, view)
    if wants_export(request):
        return await export(request, columns, found, f"figures-{view}")
    root = f"{root_of(actor)}/estate-figures"
    tabs = [
        NavItem(label=t(label), href=f"{root}?of={key}", is_current=key == view)
        for key, label in VIEWS.items()
    ]
    context = {
        "tabs": tabs,
        "title": gettext(VIEWS[view]),
        "columns": columns,
        "rows": found,
        "chart": chart if found else None,
        "file": f"{root}?of={view}&export=xlsx",
        "root": root_of(actor),
        "may_publish": actor.may("settings.write"),
        "is_forecast": view == "arrears",
    }
    return await respond(request, "community/figures/figures.html", context)


class PublishForm(BaseModel):
    """Whether the accounts are shown to everybody."""

    is_on: bool = Field(False, title=N_("Everybody may see the accounts of the estate"))
    text: str = Field("", title=N_("What you would like to say about them"), max_length=4000)


def word_hash(word: str) -> bytes:
    """Return under which secret the published accounts of a word are found."""
    return hashlib.sha256(f"community accounts {word}".encode()).digest()


async def publishing(request: Request, actor: Actor) -> Response:
    """Ask whether the accounts are published."""
    found = await PublicAccounts.get_or_none(tenant_id=tenant_of(actor))
    context = {
        "root": root_of(actor),
        "is_on": bool(found and found.is_on),
        "text": found.text if found else "",
        "url": f"/estates/{actor.place['slug']}/accounts",
    }
    return await respond(request, "community/figures/publishing.html", context)


async def publish(request: Request, actor: Actor) -> Response:
    """Publish the accounts, or no longer."""
    actor.require("settings.write")
    form = await bind(request, PublishForm)
    said, word = form.ok, actor.place["slug"]
    await execute(
        "insert into community_public_accounts (tenant_id, word, word_hash, is_on, text, by_name)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (tenant_id, word) do update"
        " set is_on = excluded.is_on, text = excluded.text, by_name = excluded.by_name",
        actor.tenant_id,
        word,
        word_hash(word),
        said.is_on,
        said.text.strip(),
        actor.name[:100],
    )
    await audit.record(
        actor,
        "accounts.published" if said.is_on else "accounts.withdrawn",
        subject_kind="tenant",
        subject_id=actor.tenant_id,
        subject_label=word,
    )
    return redirect(request, f"{root_of(actor)}/estate-figures/publishing", flash=t("Saved."))


async def public(request: Request) -> Response:
    """Show what an estate has decided to show to everybody: sums by fee and month, what shared costs were spent on."""
    word = request.path_params["word"]
    async with open_scope(secret_scope(word_hash(word))):
        found = await row("select tenant_id, text from community_public_accounts where is_on")
    if found is None:
        raise nothing()
    async with open_scope(tenant_scope(found["tenant_id"])):
        tenant = await Tenant.get(id=found["tenant_id"])
        since = months_after(today(tenant.timezone), -BACK)
        fees = named(await queries.by_fee(tenant.id, since))
        spent = named(await queries.spent(tenant.id, since))
    request.state.shell = Shell(face="public", title=tenant.name, zone=tenant.timezone)
    context = {
        "tenant": tenant,
        "text": found["text"],
        "fees": fees,
        "fee_columns": (
            Column("name", t("Fee"), is_main=True),
            Column("period", t("Month"), format="month"),
            Column("billed_minor", t("Billed"), format="money"),
            Column("paid_minor", t("Money that came in"), format="money"),
        ),
        "spent": spent,
        "spent_columns": (
            Column("name", t("Shared costs"), is_main=True),
            Column("period", t("Month"), format="month"),
            Column("invoices", t("Invoices"), format="number"),
            Column("amount_minor", t("Costs"), format="money"),
        ),
    }
    return await respond(request, "community/figures/public.html", context)


async def court_dossier(request: Request, actor: Actor) -> Response:
    """Send the dossier of an account that owes, for the court."""
    account = await accounts.account(actor, path_id(request))
    locale = wanted_locale(request)
    document = await dossier.document_of(account)
    content = await anyio.to_thread.run_sync(dossier.render, document, locale)
    await audit.record(
        actor, "dossier.drawn", subject_kind="account", subject_id=account.id, subject_label=account.number
    )
    return pdf(
        content,
        f"dossier-{account.number}".replace(" ", "-").replace("#", "").encode("ascii", "ignore").decode(),
    )


_OWES = """
select exists (select 1 from billing_bill where tenant_id = $1 and account_id = $2
                and status in ('issued', 'part_paid') and due_on < (select day_of($1))) owes
"""


async def dossier_panel(actor: Actor, account: Account) -> Panel | None:
    """Offer the dossier of a unit that owes."""
    if account.scenario != SCENARIO_KEY or not actor.may("bills.read"):
        return None
    found = await row(_OWES, account.tenant_id, account.id)
    if found is None or not found["owes"]:
        return None
    return Panel(
        "community/figures/panel.html", {"href": f"{root_of(actor)}/accounts/{account.id}/dossier/pdf"}
    )


add_panel(dossier_panel, order=90)
REASON = "An estate publishes its accounts as the law asks; it decides itself whether, and nobody is named in them."
ROUTES: list[BaseRoute] = [
    estate_route("/estate-figures", figures, permission="reports.read", name="estate_figures"),
    estate_route(
        "/estate-figures/publishing",
        publishing,
        permission="settings.write",
        name="estate_accounts_publishing",
    ),
    estate_route(
        "/estate-figures/publishing",
        publish,
        permission="settings.write",
        methods=WRITES,
        name="estate_accounts_publish",
    ),
    estate_route("/accounts/{id}/dossier/pdf", court_dossier, permission="bills.read", name="court_dossier"),
    public_route("/estates/{word}/accounts", public, reason=REASON, name="public_accounts"),
]
