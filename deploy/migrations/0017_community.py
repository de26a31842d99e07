"""Tables of community property, and the numbers of a month that any institution charges by."""

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.fields.db_defaults import Now
from tortoise.migrations import operations as ops

from deploy.walls import Wall, build, holds, visible
from tenants.ids import new_id

UNIT_MINE = (
    "exists (select 1 from community_unit u where u.tenant_id = t.tenant_id and u.{column} = t.{own}"
    " and exists (select 1 from tenants_holder h where h.tenant_id = u.tenant_id and h.account_id = u.account_id"
    " and h.person_id = (select scope_person()) and h.confirmed_at is not null"
    " and (h.until is null or h.until >= current_date)))"
)
"""Somebody who holds the unit now; a past owner sees bills of their own span, and nothing of the unit any more."""
MY_UNIT = UNIT_MINE.format(column="id", own="unit_id")
MY_BUILDING = UNIT_MINE.format(column="building_id", own="id")
ACCOUNT = {"account_id": "tenants_account"}
TABLES = [
    Wall(
        "billing_quantity",
        refs=ACCOUNT,
        uniques=["account_id, period, name, source_id"],
        indexes=["source_id"],
        checks={"amount": "amount >= 0"},
    ),
    Wall("community_phase", uniques=["estate, name"]),
    Wall(
        "community_care",
        refs={"building_id": "community_building", "phase_id": "community_phase"},
        uniques=["building_id"],
        indexes=["phase_id"],
    ),
    Wall(
        "community_tenure",
        refs={"unit_id": "community_unit", **ACCOUNT},
        uniques=["account_id"],
        indexes=["unit_id, until"],
    ),
    Wall("community_common_area", refs={"building_id": "community_building"}, indexes=["building_id"]),
    Wall(
        "community_meter",
        refs={
            "unit_id": "community_unit",
            "building_id": "community_building",
            "replaces_id": "community_meter",
        },
        uniques=["serial, kind", "replaces_id where replaces_id is not null"],
        indexes=["unit_id", "building_id, kind"],
        person=MY_UNIT,
        checks={
            "kind": "kind in ('water', 'power', 'gas', 'heat')",
            "multiplier": "multiplier > 0",
            "digits": "digits between 3 and 9",
            "removed": "removed_on is null or removed_on >= installed_on",
        },
    ),
    Wall(
        "community_reading",
        refs={"meter_id": "community_meter"},
        uniques=["meter_id, read_on where status in ('submitted', 'accepted')", "key where key <> ''"],
        indexes=["status, read_on", "meter_id, read_on"],
        person=visible("community_meter", "meter_id"),
        checks={
            "value": "value >= 0",
            "status": "status in ('submitted', 'accepted', 'rejected')",
            "usage": "(status = 'accepted') = (usage is not null) and coalesce(usage, 0) >= 0",
        },
    ),
    Wall(
        "community_pool",
        indexes=["period", "status"],
        person=(
            "t.status = 'closed' and exists (select 1 from community_pool_share s where s.tenant_id = t.tenant_id"
            f" and s.pool_id = t.id and {holds('s.account_id', 't.period')})"
        ),
        checks={
            "basis": "basis in ('area', 'units', 'floors', 'usage')",
            "period": "extract(day from period) = 1",
            "status": "status in ('open', 'closed')",
            "total": "total_minor >= 0",
        },
    ),
    Wall(
        "community_pool_invoice",
        refs={"pool_id": "community_pool"},
        indexes=["pool_id"],
        person=visible("community_pool", "pool_id"),
        checks={"amount": "amount_minor > 0"},
    ),
    Wall(
        "community_pool_share",
        refs={"pool_id": "community_pool", **ACCOUNT},
        uniques=["pool_id, account_id"],
        indexes=["account_id"],
        person=holds(),
        checks={"amount": "amount_minor >= 0 and weight > 0"},
    ),
]
FURTHER = f"""
create policy by_holder on community_unit for select using ((select scope_is('person')) and tenant_id
  = any ((select scope_tenants())::uuid[]) and {holds().replace(" t.", " community_unit.")});
create policy by_holder on community_building for select using ((select scope_is('person')) and tenant_id
  = any ((select scope_tenants())::uuid[]) and {MY_BUILDING.replace(" t.", " community_building.")});
"""


class Migration(migrations.Migration):
    dependencies = [("cloud", "0016_bank_walls")]
    operations = [
        ops.CreateModel(
            name="BuildingCare",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("building_id", fields.UUIDField()),
                ("phase_id", fields.UUIDField(null=True)),
                ("manager", fields.CharField(db_default="", max_length=100)),
                ("handed_over_on", fields.DateField(null=True)),
            ],
            options={
                "table": "community_care",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "How a building is run: its phase, who manages it day by day, since when it is handed over.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="CommonArea",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("building_id", fields.UUIDField(null=True)),
                ("name", fields.CharField(max_length=100)),
                ("area_sqm", fields.DecimalField(null=True, max_digits=12, decimal_places=2)),
            ],
            options={
                "table": "community_common_area",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A hall, a garden, a roof: a place of the estate that belongs to all; without a building, the grounds.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="CostPool",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("name", fields.CharField(max_length=100)),
                ("period", fields.DateField()),
                ("basis", fields.CharField(max_length=10)),
                ("usage_of", fields.CharField(db_default="", max_length=10)),
                ("buildings", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("excluded", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("currency", fields.CharField(max_length=3)),
                ("total_minor", fields.BigIntField(db_default=0)),
                ("budget_minor", fields.BigIntField(null=True)),
                ("status", fields.CharField(db_default="open", max_length=10)),
                ("working", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("closed_by_name", fields.CharField(db_default="", max_length=100)),
                ("closed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "community_pool",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "Costs of one month that some units bear together.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="EstatePhase",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("estate", fields.CharField(max_length=100)),
                ("name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "community_phase",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A phase of an estate, as it was built and handed over; an estate without phases has one of its own name.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="Meter",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("kind", fields.CharField(max_length=10)),
                ("unit_id", fields.UUIDField(null=True)),
                ("building_id", fields.UUIDField()),
                ("serial", fields.CharField(max_length=40)),
                ("place", fields.CharField(db_default="", max_length=100)),
                ("multiplier", fields.DecimalField(max_digits=12, decimal_places=4)),
                ("digits", fields.SmallIntField()),
                ("installed_on", fields.DateField()),
                ("start_value", fields.DecimalField(max_digits=18, decimal_places=3)),
                ("removed_on", fields.DateField(null=True)),
                ("replaces_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "community_meter",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "A meter of a unit, or of a building where ``unit_id`` is empty.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="MeterReading",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("meter_id", fields.UUIDField()),
                ("read_on", fields.DateField()),
                ("value", fields.DecimalField(max_digits=18, decimal_places=3)),
                ("usage", fields.DecimalField(null=True, max_digits=18, decimal_places=3)),
                ("is_rollover", fields.BooleanField(db_default=False)),
                ("source", fields.CharField(max_length=10)),
                ("status", fields.CharField(db_default="submitted", max_length=10)),
                ("flag", fields.CharField(db_default="", max_length=10)),
                ("key", fields.CharField(db_default="", max_length=80)),
                ("photo_key", fields.CharField(db_default="", max_length=200)),
                ("photo_type", fields.CharField(db_default="", max_length=60)),
                ("read_by", fields.UUIDField(null=True)),
                ("read_by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_by_name", fields.CharField(db_default="", max_length=100)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("reason", fields.CharField(db_default="", max_length=200)),
            ],
            options={
                "table": "community_reading",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What a meter showed on a day, who says so, and what it means.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="PoolInvoice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("pool_id", fields.UUIDField()),
                ("supplier", fields.CharField(max_length=100)),
                ("number", fields.CharField(db_default="", max_length=60)),
                ("invoiced_on", fields.DateField()),
                ("amount_minor", fields.BigIntField()),
                ("note", fields.CharField(db_default="", max_length=200)),
                ("file_key", fields.CharField(db_default="", max_length=200)),
                ("file_name", fields.CharField(db_default="", max_length=200)),
                ("file_type", fields.CharField(db_default="", max_length=60)),
            ],
            options={
                "table": "community_pool_invoice",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "One invoice in a pool, with its paper; those who bear it may see it.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="PoolShare",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("pool_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("weight", fields.DecimalField(max_digits=20, decimal_places=6)),
                ("amount_minor", fields.BigIntField()),
            ],
            options={
                "table": "community_pool_share",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "What one account bears of a closed pool, and the weight it was found by.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="Quantity",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("period", fields.DateField()),
                ("name", fields.CharField(max_length=40)),
                ("amount", fields.DecimalField(max_digits=18, decimal_places=6)),
                ("source_kind", fields.CharField(max_length=30)),
                ("source_id", fields.UUIDField()),
            ],
            options={
                "table": "billing_quantity",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "So much of something for one account and month; a run adds up all rows of a name.",
            },
            bases=["TenantRow"],
        ),
        ops.CreateModel(
            name="Tenure",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(db_default=Now(), auto_now=False, auto_now_add=False)),
                ("tenant_id", fields.UUIDField()),
                ("unit_id", fields.UUIDField()),
                ("account_id", fields.UUIDField()),
                ("until", fields.DateField()),
                ("handed_over_by_name", fields.CharField(db_default="", max_length=100)),
            ],
            options={
                "table": "community_tenure",
                "app": "cloud",
                "pk_attr": "id",
                "table_description": "An earlier owner's time with a unit: the account that owes for it, up to its last day.",
            },
            bases=["TenantRow"],
        ),
        *(ops.RunSQL(build(wall)) for wall in TABLES),
        ops.RunSQL(FURTHER),
    ]
