"""Autopay takes instalments: a debit is for a bill, or for one instalment of a plan, and each is taken once."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from deploy.columns import Rewritten

NOT_ALWAYS = "alter table billing_debit alter column bill_id drop not null;"
EACH_ONCE = """
alter table billing_instalment_plan no force row level security;
alter table billing_debit add constraint billing_debit_plan_id_fkey
  foreign key (tenant_id, plan_id) references billing_instalment_plan (tenant_id, id);
alter table billing_instalment_plan force row level security;
alter table billing_debit add constraint billing_debit_what_check
  check (num_nonnulls(bill_id, plan_id) = 1 and (plan_id is null) = (position is null));
create unique index billing_debit_plan_id_position_key on billing_debit (tenant_id, plan_id, position)
  where status in ('announced', 'trying', 'waiting');
create unique index billing_debit_mandate_id_plan_id_position_key
  on billing_debit (tenant_id, mandate_id, plan_id, position);
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0055_disputed_credit")]

    operations = [
        Rewritten("Debit", "bill_id", "bill_id", fields.UUIDField(null=True), NOT_ALWAYS),
        ops.AddField(model_name="Debit", name="plan_id", field=fields.UUIDField(null=True)),
        ops.AddField(model_name="Debit", name="position", field=fields.SmallIntField(null=True)),
        ops.RunSQL(EACH_ONCE),
    ]
