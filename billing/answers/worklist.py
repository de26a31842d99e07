"""What an accepted dispute leads to and nobody has done yet, on finance's worklist."""

from billing.answers.conditions import IS_TO_RIGHT
from billing.answers.service import OUTCOMES
from billing.worklist.registry import Kind, add_kind
from ui.i18n import N_

_SQL = f"""
select d.id, d.closed_at since, null::timestamptz due_at, b.total_minor - b.paid_minor - b.adjusted_minor amount_minor,
       b.currency, b.number title, d.outcome detail, '/answers/' || d.id path
  from billing_answer d join billing_bill b on b.tenant_id = d.tenant_id and b.id = d.bill_id
 where d.tenant_id = $1 and d.kind = 'dispute' and b.status in ('issued', 'part_paid') and {IS_TO_RIGHT}
"""


def register() -> None:
    """Put it on the worklist; safe to call again."""
    name = N_("Bills to put right after a dispute")
    add_kind(Kind("righting", name, "answers.work", _SQL, order=41, words=OUTCOMES))
