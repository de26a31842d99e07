"""Credit of a payment that its payer's bank takes back: frozen while that is undecided, lost when it is."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

LEFT = """
alter table billing_credit drop constraint billing_credit_left_check;
alter table billing_credit add constraint billing_credit_left_check
  check (left_minor >= refunding_minor and lost_minor >= 0 and left_minor + refunded_minor + lost_minor <= amount_minor);
"""

NOBODYS = """
create index billing_inbox_event_nobodys_idx on billing_inbox_event (parked_at)
 where parked_at is not null and tenant_id is null;
"""
"""Messages that were given up and name no institution are counted for operators, without reading all there were."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0054_quantity_months")]

    operations = [
        ops.AddField(model_name="Credit", name="is_frozen", field=fields.BooleanField(db_default=False)),
        ops.AddField(model_name="Credit", name="lost_minor", field=fields.BigIntField(db_default=0)),
        ops.AddField(model_name="Credit", name="lost_at", field=fields.DatetimeField(null=True)),
        ops.AddField(model_name="Dispute", name="credit_minor", field=fields.BigIntField(db_default=0)),
        ops.RunSQL(LEFT),
        ops.RunSQL(NOBODYS),
    ]
