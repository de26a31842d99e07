"""Walls of adjustments, instalment plans, credit notes and opening balances."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build

TABLES: list[Wall] = []


class Migration(migrations.Migration):
    dependencies = [("cloud", "0004_money")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES)]
