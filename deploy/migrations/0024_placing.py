"""Tables and walls of what apps keep at records of ours, of their marks, and of staff that programs keep (SCIM)."""

from typing import Any

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build
from tenants.ids import new_id

OF_VENDOR = "t.vendor_id = (select scope_vendor())"
WALLS = [
    Wall(
        "integrations_placed_item",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        indexes=["record_kind, record_id", "installation_id"],
        checks={"kind": "kind in ('resource', 'link')"},
    ),
    Wall(
        "integrations_mark_column",
        refs={"installation_id": "integrations_installation", "item_id": "integrations_placed_item"},
        extra={"vendor": OF_VENDOR},
        indexes=["record_kind, record_id", "installation_id", "item_id"],
        checks={"out_of": "out_of > 0"},
    ),
    Wall(
        "integrations_mark",
        refs={"column_id": "integrations_mark_column"},
        uniques=["column_id, member_id"],
        checks={"given": "given is null or (given >= 0 and out_of > 0)"},
    ),
    Wall(
        "integrations_directory_entry",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        uniques=["installation_id, user_key", "installation_id, scim_id"],
    ),
    Wall(
        "integrations_scim_token",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        uniques=["token_hash", "installation_id where ended_at is null"],
    ),
    Wall(
        "integrations_scim_link",
        refs={"installation_id": "integrations_installation"},
        extra={"vendor": OF_VENDOR},
        uniques=["installation_id, kind, key"],
        checks={"kind": "kind in ('User', 'Group')"},
    ),
]

OPENING = """
alter table tenants_role no force row level security;
update tenants_role set permissions = permissions || array['apps.open'] where not 'apps.open' = any (permissions);
alter table tenants_role force row level security;
"""
"""Every role may open the apps that it sees, as those of new institutions."""


def _row(*columns: tuple[str, Any]) -> list[tuple[str, Any]]:
    return [
        ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
        ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
        ("tenant_id", fields.UUIDField()),
        *columns,
    ]


def _at_record() -> list[tuple[str, Any]]:
    return [
        ("installation_id", fields.UUIDField()),
        ("vendor_id", fields.UUIDField()),
        ("record_kind", fields.CharField(max_length=20)),
        ("record_id", fields.UUIDField()),
    ]


def _table(name: str, about: str) -> dict[str, str]:
    return {"table": name, "app": "cloud", "pk_attr": "id", "table_description": about}


class Migration(migrations.Migration):
    dependencies = [("cloud", "0023_family")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PlacedItem",
            fields=_row(
                *_at_record(),
                ("kind", fields.CharField(max_length=10)),
                ("title", fields.CharField(max_length=200)),
                ("text", fields.CharField(db_default="", max_length=1000)),
                ("url", fields.CharField(db_default="", max_length=1000)),
                ("custom", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("placed_by", fields.UUIDField()),
                ("placed_by_name", fields.CharField(max_length=100)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_placed_item",
                "One thing of an app at a record: ``resource`` is launched, ``link`` is an address that is just opened.",
            ),
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="MarkColumn",
            fields=_row(
                *_at_record(),
                ("item_id", fields.UUIDField(null=True)),
                ("label", fields.CharField(max_length=200)),
                ("out_of", fields.DecimalField(max_digits=12, decimal_places=4)),
                ("resource_id", fields.CharField(db_default="", max_length=200)),
                ("tag", fields.CharField(db_default="", max_length=200)),
                ("starts_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_mark_column",
                "Something that an app gives marks for at a record (LTI: a line item), ``out_of`` at most.",
            ),
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="Mark",
            fields=_row(
                ("column_id", fields.UUIDField()),
                ("member_id", fields.UUIDField()),
                ("given", fields.DecimalField(null=True, max_digits=12, decimal_places=4)),
                ("out_of", fields.DecimalField(null=True, max_digits=12, decimal_places=4)),
                ("comment", fields.CharField(db_default="", max_length=2000)),
                ("progress", fields.CharField(max_length=20)),
                ("grading", fields.CharField(max_length=20)),
                ("said_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_mark",
                "The newest word of an app on one learner's work (LTI: a score). ``given`` is empty while there is no mark.",
            ),
            bases=["TenantRow"],
        ),
        ops.AddField(
            model_name="AppVersion",
            name="scim_uri",
            field=fields.CharField(db_default="", max_length=500),
        ),
        ops.AddField(
            model_name="Installation",
            name="entry_role",
            field=fields.CharField(db_default="", max_length=40),
        ),
        ops.CreateModel(
            name="DirectoryEntry",
            fields=_row(
                ("installation_id", fields.UUIDField()),
                ("vendor_id", fields.UUIDField()),
                ("scim_id", fields.CharField(max_length=64)),
                ("user_key", fields.CharField(max_length=200)),
                ("facts", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("is_active", fields.BooleanField(db_default=True)),
                ("person_id", fields.UUIDField(null=True)),
                ("invitation_id", fields.UUIDField(null=True)),
                ("changed_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("removed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_directory_entry",
                "One member of staff as a program keeps them (the institution's directory, by an app that may).",
            ),
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="ScimToken",
            fields=_row(
                ("installation_id", fields.UUIDField()),
                ("vendor_id", fields.UUIDField()),
                ("token_hash", fields.BinaryField()),
                ("made_by_name", fields.CharField(max_length=100)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_scim_token",
                "A long-lived token for one installation's SCIM endpoint, made by an administrator; only its hash is kept.",
            ),
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="ScimLink",
            fields=_row(
                ("installation_id", fields.UUIDField()),
                ("vendor_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=10)),
                ("key", fields.UUIDField()),
                ("remote_id", fields.CharField(db_default="", max_length=200)),
                ("state", fields.CharField(db_default="", max_length=64)),
                ("pushes", fields.IntField(db_default=0)),
                ("is_active", fields.BooleanField(db_default=True)),
                ("pushed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ),
            options=_table(
                "integrations_scim_link",
                "What an app was last told of somebody or of a role, and by which id it knows them (``remote_id``).",
            ),
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in WALLS),
        ops.RunSQL(OPENING),
    ]
