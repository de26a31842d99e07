"""What an account's page shows of its money: what is owed, the latest bills, and the way to the desk."""

from billing.charges.bill_pages import STATES
from billing.charges.states import BILL_TONES
from billing.names import Joined, Sum
from tenants.accounts.closing import add_warning
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import rows
from ui.i18n import Text, t
from ui.tables import Column

SHOWN = 12
_BILLS = f"""
select b.id, b.number, b.period, b.due_on, b.currency, b.total_minor, b.left_minor,
       case when b.left_minor > 0 and b.due_on < day_in($3) then 'overdue' else b.status end state,
       sum(b.left_minor) over (partition by b.currency)::bigint owed_minor
  from (select *, case when status in ('issued', 'part_paid')
                       then total_minor - paid_minor - adjusted_minor else 0 end left_minor
          from billing_bill where tenant_id = $1 and account_id = $2 and status <> 'draft') b
 order by b.period desc, b.number desc limit {SHOWN + 1}
"""


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Number"), format="id", href=lambda row: f"{root}/bills/{row['id']}"),
        Column("period", t("Month"), format="month"),
        Column("due_on", t("Due"), format="date"),
        Column("state", t("State"), format="badge", tones=BILL_TONES | {"overdue": "danger"}, words=STATES),
        Column("total_minor", t("Amount"), format="money"),
        Column("left_minor", t("Still owed"), format="money"),
    )


async def bills_panel(actor: Actor, account: Account) -> Panel | None:
    """Return the account's bills for those who may see bills."""
    if not actor.may("bills.read"):
        return None
    found = await rows(_BILLS, account.tenant_id, account.id, actor.place["timezone"])
    root = f"/t/{actor.place['slug']}"
    context = {
        "root": root,
        "bills": found[:SHOWN],
        "columns": _columns(root),
        "has_more": len(found) > SHOWN,
        "owed": {each["currency"]: each["owed_minor"] for each in found},
        "number": account.number,
        "statement": f"{root}/ledger/statements/{account.id}" if actor.may("ledger.read") else "",
        "desk": f"{root}/desk/accounts/{account.id}" if actor.may("payments.take") else "",
    }
    return Panel("billing/payments/account_panel.html", context)


_OPEN = """
select count(*) bills, sum(total_minor - paid_minor - adjusted_minor)::bigint owed_minor, currency from billing_bill
 where tenant_id = $1 and account_id = $2 and status in ('issued', 'part_paid') group by currency order by currency
"""


async def open_bills(actor: Actor, account: Account) -> Text | None:
    """Say what is still to be paid of an account that somebody wants to close."""
    found = await rows(_OPEN, account.tenant_id, account.id)
    if not found or not actor.may("bills.read"):
        return None
    owed = [Sum(each["owed_minor"], each["currency"]) for each in found]
    return t(
        "Bills still to be paid: {n}, {amount} in all. They stay owed and can be paid as before;"
        " void what should never have been billed.",
        n=sum(each["bills"] for each in found),
        amount=Joined(owed),
    )


def register() -> None:
    """Have every account's page show its bills; safe to call again."""
    add_panel(bills_panel, order=10)
    add_warning(open_bills)
