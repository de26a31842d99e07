"""An account's credit and its statement, on the account's page for staff."""

from typing import Any

from billing.credit import queries
from billing.credit.payer_pages import WORDS
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.models import Account
from ui.i18n import t, texts
from ui.tables import Column

SHOWN = 12
COLUMNS = (
    Column("at", t("When"), format="date"),
    Column("kind", t("What happened"), words=texts(WORDS), format="badge"),
    Column("reference", t("Number"), format="code"),
    Column("amount_minor", t("Amount"), format="money"),
    Column("balance_minor", t("Credit then"), format="money"),
)


async def credit_panel(actor: Actor, account: Account) -> Panel | None:
    """Return the account's credit for those who may see payments."""
    if not actor.may("payments.read"):
        return None
    root, currency = f"/t/{actor.place['slug']}", actor.place["currency"]
    moves = await queries.statement_of(account.tenant_id, account.id)
    context: dict[str, Any] = {
        "root": root,
        "number": account.number,
        "currency": currency,
        "credit_minor": await queries.free_credit(account.tenant_id, account.id, currency),
        "moves": moves[:SHOWN],
        "columns": COLUMNS,
        "desk": f"{root}/desk/accounts/{account.id}/prepayments" if actor.may("payments.take") else "",
    }
    return Panel("billing/credit/account_panel.html", context)


def register() -> None:
    """Have every account's page show its credit; safe to call again."""
    add_panel(credit_panel, order=15)
