"""Of which fee a refund is, where several things were paid together: who had a share of it gives first."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cloud", "0044_scale")]

    operations = [ops.AddField(model_name="Refund", name="fee_item_id", field=fields.UUIDField(null=True))]
