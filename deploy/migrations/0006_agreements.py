"""Walls of payer credit and terms, mandates, answers and reminders."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, holds

HOLDS_NOW = holds(period="current_date")
"""Those who hold the account today; a former holder's credit stays with the account."""

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
