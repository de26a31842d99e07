"""Apps that end what they keep in a browser when somebody signs out, and what a call of theirs costs."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("cloud", "0031_bank_offers")]
    operations = [
        ops.AddField(
            model_name="AppVersion",
            name="frontchannel_logout_uri",
            field=fields.CharField(db_default="", max_length=500),
        ),
    ]
