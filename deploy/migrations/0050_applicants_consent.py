"""What a guardian agrees to before anything of a child who applies is kept."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cloud", "0049_stayers")]

    operations = [
        ops.AddField(model_name="SchoolApplicant", name="words", field=fields.TextField(db_default="")),
        ops.AddField(model_name="SchoolApplicant", name="agreed_at", field=fields.DatetimeField(null=True)),
    ]
