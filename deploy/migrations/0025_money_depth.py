"""Cards that payers have saved for automatic payments; papers of a bill for the bearer of its pay-link."""

from tortoise import fields, migrations
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, policy, visible
from tenants.ids import new_id

CARDS = Wall(
    "billing_saved_card",
    refs={"settlement_account_id": "billing_settlement_account"},
    person="t.person_id = (select scope_person())",
    uniques=["method"],
    indexes=["person_id", "exp_year, exp_month where detached_at is null"],
    checks={"expiry": "exp_month between 1 and 12 and exp_year > 2000", "digits": "length(last4) <= 4"},
)
PAPERS = policy(
    "integrations_app_document",
    "by_link",
    "for select using ((select scope_is('link')) and subject_kind = 'bill'"
    f" and tenant_id = any ((select scope_tenants())::uuid[]) and {visible('billing_bill', 'subject_id')})",
)
"""Whoever opens a bill by its pay-link sees what an app has added to it, as signed-in payers do."""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0024_placing")]

    operations = [
        ops.CreateModel(
            name="SavedCard",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("person_id", fields.UUIDField()),
                ("settlement_account_id", fields.UUIDField()),
                ("customer", fields.CharField(max_length=255)),
                ("method", fields.CharField(max_length=255)),
                ("brand", fields.CharField(max_length=30)),
                ("last4", fields.CharField(max_length=4)),
                ("exp_month", fields.SmallIntField()),
                ("exp_year", fields.SmallIntField()),
                ("told_for", fields.CharField(db_default="", max_length=7)),
                ("detached_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "billing_saved_card",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A card that a payer let an institution keep: Stripe's ids of it, and what is on its front to know it by.",
            },
            bases=["TenantRow"],
        ),
        ops.RunSQL(build(CARDS), reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(PAPERS, reverse_sql=ops.RunSQL.noop),
    ]
