"""Tables that were there before are planned for large institutions too."""

from tortoise import migrations
from tortoise.migrations import operations as ops

from deploy.walls import LARGE


class Migration(migrations.Migration):
    dependencies = [("cloud", "0056_instalment_debits")]

    operations = [ops.RunSQL(LARGE)]
