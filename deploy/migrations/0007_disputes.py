"""Walls of disputes, channel routes, and shared proceeds."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build

DISPUTES: list[Wall] = [
    Wall("billing_work_owner", uniques=["kind, item_id"], indexes=["owner_id"]),
]


class Migration(migrations.Migration):
    dependencies = [("cloud", "0006_agreements")]
    operations = [*(ops.RunSQL(build(wall)) for wall in DISPUTES)]
