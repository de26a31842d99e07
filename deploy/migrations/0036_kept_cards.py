"""Cards that are kept when a bill is paid with them: which card it is, and by which payment."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

PAYMENT = """
alter table billing_saved_card add constraint billing_saved_card_payment_id_fkey foreign key (tenant_id, payment_id)
  references billing_payment (tenant_id, id);
create index billing_saved_card_payment_id_idx on billing_saved_card (tenant_id, payment_id)
 where payment_id is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0035_scenic")]

    operations = [
        ops.AddField(
            model_name="SavedCard",
            name="fingerprint",
            field=fields.CharField(db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="SavedCard",
            name="payment_id",
            field=fields.UUIDField(null=True),
        ),
        ops.RunSQL(PAYMENT),
    ]
