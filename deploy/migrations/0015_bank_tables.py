"""Tables of the bank's console, as the models have them."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now, SqlDefault
from tortoise.migrations import operations as ops

from tenants.ids import new_id


class Migration(migrations.Migration):
    dependencies = [("cloud", "0014_holds")]

    initial = False

    operations = [
        ops.CreateModel(
            name="AccountProof",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("application_id", fields.UUIDField()),
                ("direction", fields.CharField(max_length=3)),
                ("status", fields.CharField(db_default="waiting", max_length=20)),
                ("reference", fields.CharField(max_length=40)),
                ("currency", fields.CharField(max_length=3)),
                ("amount_minor", fields.IntField(null=True)),
                ("account_hash", fields.BinaryField()),
                ("account_mask", fields.CharField(max_length=20)),
                ("tries_left", fields.SmallIntField(db_default=3)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("begun_by_name", fields.CharField(max_length=100)),
                ("proven_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenants_account_proof",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A few cents that prove whose a settlement account is.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="ApplicationPerson",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("application_id", fields.UUIDField()),
                ("role", fields.CharField(max_length=20)),
                ("name", fields.CharField(max_length=100)),
                ("id_kind", fields.CharField(max_length=20)),
                ("id_number", fields.BinaryField()),
                ("id_mask", fields.CharField(max_length=40)),
                ("id_expires_on", fields.DateField(null=True)),
                ("share_percent", fields.SmallIntField(null=True)),
            ],
            options={
                "table": "tenants_application_person",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Somebody behind an institution: its legal representative, its agent, or who owns it in the end.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="BankPolicy",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("before_approval", ArrayField(element_type="TEXT")),
                ("before_live", ArrayField(element_type="TEXT")),
                ("review_months", fields.SmallIntField(db_default=12)),
                ("cooling_days", fields.SmallIntField(db_default=3)),
                ("score_to_refuse", fields.SmallIntField(db_default=70)),
                ("weights", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "tenants_bank_policy",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a bank asks for before it approves and before an institution goes live, and its periods.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="BankRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("tenant_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=30)),
                ("facts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("seen", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("reason", fields.TextField(unique=False)),
                ("status", fields.CharField(db_default="asked", max_length=20)),
                ("asked_by", fields.UUIDField()),
                ("asked_by_name", fields.CharField(max_length=100)),
                ("decided_by", fields.UUIDField(null=True)),
                ("decided_by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("decision_reason", fields.TextField(db_default="", unique=False)),
                ("not_before", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("done_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "tenants_bank_request",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "An act on an institution that one person of the bank asks for and another decides.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="DocumentRequest",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("application_id", fields.UUIDField()),
                ("tenant_id", fields.UUIDField(null=True)),
                ("kind", fields.CharField(max_length=40)),
                ("reason", fields.TextField(unique=False)),
                ("due_on", fields.DateField()),
                ("asked_by_name", fields.CharField(max_length=100)),
                ("met_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("document_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "tenants_document_request",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A document that the bank wants (again): from an applicant, or from an institution whose paper runs out.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="GateCheck",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("tenant_id", fields.UUIDField()),
                ("key", fields.CharField(max_length=30)),
                ("passed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("passed_by_name", fields.CharField(db_default="", max_length=100)),
                ("note", fields.CharField(db_default="", max_length=200)),
                ("code_hash", fields.BinaryField(null=True)),
            ],
            options={
                "table": "tenants_gate_check",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One thing that has to be seen before an institution goes live, and who saw it.",
            },
            bases=["Row"],
        ),
        ops.CreateModel(
            name="TenantMove",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("bank_id", fields.UUIDField()),
                ("tenant_id", fields.UUIDField()),
                ("from_branch_id", fields.UUIDField()),
                ("to_branch_id", fields.UUIDField()),
                ("moved_on", fields.DateField()),
                ("reason", fields.CharField(max_length=300)),
                ("moved_by_name", fields.CharField(max_length=100)),
            ],
            options={
                "table": "tenants_tenant_move",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "An institution went from one branch to another on a day; scorecards follow the day.",
            },
            bases=["Row"],
        ),
        ops.AddField(
            model_name="Application",
            name="account_hash",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="account_secret",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="checked_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Application",
            name="earlier_facts",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Application",
            name="findings",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Application",
            name="postal_code",
            field=fields.CharField(db_default="", max_length=12),
        ),
        ops.AddField(
            model_name="Application",
            name="score",
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name="Application",
            name="sent_facts",
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name="Application",
            name="source",
            field=fields.CharField(db_default="staff", max_length=10),
        ),
        ops.AddField(
            model_name="Application",
            name="token_hash",
            field=fields.BinaryField(null=True),
        ),
        ops.AddField(
            model_name="ApplicationDocument",
            name="expires_on",
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name="ApplicationDocument",
            name="replaced_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="ApplicationDocument",
            name="tenant_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Bank",
            name="logo_key",
            field=fields.CharField(db_default="", max_length=200),
        ),
        ops.AddField(
            model_name="Bank",
            name="union_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="BankMembership",
            name="since",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="BankMembership",
            name="stands_in_for",
            field=fields.CharField(db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="BankMembership",
            name="until",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Branch",
            name="areas",
            field=ArrayField(db_default=SqlDefault("'{}'"), element_type="TEXT"),
        ),
        ops.AddField(
            model_name="Branch",
            name="closed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Branch",
            name="merged_into",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Tenant",
            name="manager_id",
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name="Tenant",
            name="manager_name",
            field=fields.CharField(db_default="", max_length=100),
        ),
        ops.AddField(
            model_name="Tenant",
            name="review_on",
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name="Tenant",
            name="takes_payments",
            field=fields.BooleanField(db_default=True),
        ),
        ops.AddField(
            model_name="Tenant",
            name="word_to_payers",
            field=fields.CharField(db_default="", max_length=300),
        ),
    ]
