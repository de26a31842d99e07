"""Walls of sealed batches, accounting periods and bulk documents."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build

TABLES: list[Wall] = []


class Migration(migrations.Migration):
    dependencies = [("cloud", "0007_disputes")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES)]
