"""What an account's page shows of its lasting adjustments, and the way to ask for one."""

from billing.adjustments import queries
from billing.adjustments.staff_standing import fee_words, value_words
from billing.adjustments.words import KIND_WORDS, STATE_TONES, STATE_WORDS
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.models import Account
from ui.i18n import t
from ui.tables import Column


def _columns(root: str) -> tuple[Column, ...]:
    url = f"{root}/adjustments/standing"
    return (
        Column("kind", t("Kind"), words=KIND_WORDS, href=lambda row: f"{url}/{row['id']}"),
        Column("status", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("percent", t("Less"), format=lambda _, row: value_words(row), align="end"),
        Column("names", t("Off"), format=lambda _, row: fee_words(row)),
        Column("effective_from", t("From"), format="date"),
        Column("effective_until", t("Until"), format="date"),
    )


async def panel(actor: Actor, account: Account) -> Panel | None:
    """Return the account's lasting adjustments for those who may see them."""
    if not actor.may("adjustments.read"):
        return None
    root = f"/t/{actor.place['slug']}"
    found = await queries.standing_of(account.tenant_id, account.id)
    ask = f"{root}/accounts/{account.id}/standing-adjustments" if actor.may("adjustments.request") else ""
    context = {"columns": _columns(root), "found": found, "ask": ask, "root": root, "number": account.number}
    return Panel("billing/adjustments/account_panel.html", context)


def register() -> None:
    """Add the panel to every account's page; safe to call again."""
    add_panel(panel, order=30)
