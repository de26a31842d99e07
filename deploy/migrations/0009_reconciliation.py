"""Walls of statements, matches and breaks."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build

TABLES: list[Wall] = []


class Migration(migrations.Migration):
    dependencies = [("cloud", "0008_seals")]
    operations = [*(ops.RunSQL(build(wall)) for wall in TABLES)]
