"""All routes of this package, and what it adds to an account's page."""

from starlette.routing import BaseRoute

from billing.plans import plan_pages, queries, single_pages
from billing.plans.plan_pages import TONES, WORDS
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.models import Account
from ui.i18n import t
from ui.tables import Column


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Number"), format="id", href=lambda plan: f"{root}/plans/{plan.id}"),
        Column("status", t("State"), format="badge", tones=TONES, words=WORDS),
        Column("total_minor", t("Amount"), format="money"),
    )


async def plans_panel(actor: Actor, account: Account) -> Panel | None:
    """Return the account's plans and the ways to bill it alone, for those who may see bills."""
    if not actor.may("bills.read"):
        return None
    root = f"/t/{actor.place['slug']}"
    plans = await queries.plans_of_account(account.tenant_id, account.id)
    can_spread = actor.may("plans.write") and await queries.open_bills(account.tenant_id, account.id)
    context = {
        "root": root,
        "plans": plans,
        "columns": _columns(root),
        "new_plan": f"{root}/accounts/{account.id}/plans/new" if can_spread else "",
        "new_bill": f"{root}/accounts/{account.id}/bills/new"
        if actor.may("bills.single") and account.is_active
        else "",
    }
    return Panel("billing/plans/account_panel.html", context) if any(context[k] for k in _SHOWN) else None


_SHOWN = ("plans", "new_plan", "new_bill")
add_panel(plans_panel, order=12)
ROUTES: list[BaseRoute] = [*plan_pages.ROUTES, *single_pages.ROUTES]
