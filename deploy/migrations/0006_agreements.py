"""Walls of payer credit and terms, mandates, answers and reminders."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, holds, visible

HOLDS_NOW = holds(period="current_date")
"""Those who hold the account today; a former holder's credit stays with the account."""
OF_BILL = visible("billing_bill", "bill_id")

TABLES: list[Wall] = [
    Wall("billing_terms", person="true", uniques=["section"]),
    Wall(
        "billing_credit",
        refs={"account_id": "tenants_account", "payment_id": "billing_payment"},
        person=HOLDS_NOW,
        uniques=["source, source_id, payment_id"],
        indexes=["account_id, currency where left_minor > 0", "account_id, created_at", "payment_id"],
        checks={
            "amount": "amount_minor > 0 and refunded_minor >= 0 and refunding_minor >= 0",
            "left": "left_minor >= refunding_minor and left_minor + refunded_minor <= amount_minor",
        },
    ),
    Wall(
        "billing_credit_use",
        refs={
            "credit_id": "billing_credit",
            "account_id": "tenants_account",
            "bill_id": "billing_bill",
        },
        person=HOLDS_NOW,
        indexes=["credit_id", "account_id, created_at", "bill_id"],
        checks={"amount": "amount_minor > 0"},
        is_append_only=True,
    ),
    Wall(
        "billing_answer",
        refs={
            "bill_id": "billing_bill",
            "account_id": "tenants_account",
            "bill_line_id": "billing_bill_line",
        },
        person=OF_BILL,
        uniques=["bill_id, kind where closed_at is null", "bill_line_id where kind = 'decline'"],
        indexes=["bill_id", "kind, created_at", "promised_on where kind = 'promise' and closed_at is null"],
        checks={
            "kind": "kind in ('promise', 'dispute', 'decline')",
            "promise": "kind <> 'promise' or promised_on is not null",
            "decline": "kind <> 'decline' or (bill_line_id is not null and amount_minor > 0)",
        },
    ),
    Wall(
        "billing_answer_note",
        refs={"answer_id": "billing_answer"},
        person=visible("billing_answer", "answer_id"),
        indexes=["answer_id, created_at"],
        is_append_only=True,
    ),
    Wall(
        "billing_reminder",
        refs={"bill_id": "billing_bill", "account_id": "tenants_account", "holder_id": "tenants_holder"},
        uniques=["bill_id, step"],
        indexes=["created_at", "account_id, created_at"],
        is_append_only=True,
    ),
    Wall(
        "billing_reminder_stop",
        refs={"holder_id": "tenants_holder"},
        person="exists (select 1 from tenants_holder h where h.tenant_id = t.tenant_id and h.id = t.holder_id"
        " and h.person_id = (select scope_person()))",
        uniques=["holder_id"],
    ),
]

LINKS = """
alter table billing_refund add constraint billing_refund_credit_id_fkey
  foreign key (tenant_id, credit_id) references billing_credit (tenant_id, id);
alter table billing_allocation add constraint billing_allocation_credit_id_fkey
  foreign key (tenant_id, credit_id) references billing_credit (tenant_id, id);
create index billing_allocation_credit_id_idx on billing_allocation (tenant_id, credit_id)
  where credit_id is not null;
create policy by_credit on billing_refund for select using ((select scope_is('person')) and credit_id is not null
  and exists (select 1 from billing_credit c
               where c.tenant_id = billing_refund.tenant_id and c.id = billing_refund.credit_id));
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0005_adjustments")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES), ops.RunSQL(LINKS)]
