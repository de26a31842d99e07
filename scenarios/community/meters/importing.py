"""Meters and readings from files: each row with its problem, the same file twice changes nothing."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from scenarios.community.common import tenant_of
from scenarios.community.kinds import SCENARIO_KEY
from scenarios.community.meters import readings
from scenarios.community.meters.readings import Said
from tenants.actor import Actor
from tenants.kinds import Applied, ImportSpec, RowProblem, Shaped
from tenants.scope import execute, row, rows
from tenants.tabular import Field, choice, day, decimal, integer, text
from ui.errors import Conflict, Invalid
from ui.i18n import N_, t

_KINDS = {
    "water": ("water", "水"),
    "power": ("power", "electricity", "电"),
    "gas": ("gas", "燃气"),
    "heat": ("heat", "heating", "暖气"),
}
METER_FIELDS = (
    Field("serial", N_("Number on the meter"), text(40), ("meter", "serial", "表号"), is_required=True),
    Field("kind", N_("Measures"), choice(_KINDS), ("kind", "meter kind", "类型"), is_required=True),
    Field("unit", N_("Unit or building"), text(60), ("unit number", "account", "房号"), is_required=True),
    Field("place", N_("Where it is"), text(100), ("location", "位置")),
    Field("installed_on", N_("Put in on"), day(), ("installed", "安装日期"), is_required=True),
    Field("start_value", N_("It showed"), decimal(3, minimum=0), ("start value", "起始读数")),
    Field("multiplier", N_("Multiplier"), decimal(4, minimum=0), ("factor", "倍率")),
    Field("digits", N_("Digits before the point"), integer(minimum=3, maximum=9), ("digits", "位数")),
)
READING_FIELDS = (
    Field("serial", N_("Number on the meter"), text(40), ("meter", "serial", "表号"), is_required=True),
    Field("kind", N_("Measures"), choice(_KINDS), ("kind", "meter kind", "类型"), is_required=True),
    Field("read_on", N_("Read on"), day(), ("date", "day", "抄表日期"), is_required=True),
    Field("value", N_("It shows"), decimal(3, minimum=0), ("reading", "value", "读数"), is_required=True),
)
_RECORDS = """
select s.* from tenants_import_row r cross join lateral jsonb_to_recordset(r.values) s ({columns})
 where r.tenant_id = $1 and r.import_id = $2 and r.action = 'batch'
"""
_METER = (
    "serial text, kind text, unit text, place text, installed_on date, start_value numeric, multiplier numeric,"
    " digits smallint"
)
_METERS = f"""
select s.*, u.id unit_id, coalesce(u.building_id, b.id) building_id, m.id meter_id
  from ({_RECORDS.format(columns=_METER)}) s
  left join tenants_account a on a.tenant_id = $1 and a.scenario = '{SCENARIO_KEY}' and lower(a.number) = lower(s.unit)
  left join community_unit u on u.tenant_id = $1 and u.account_id = a.id
  left join community_building b on b.tenant_id = $1 and upper(b.code) = upper(s.unit)
  left join community_meter m on m.tenant_id = $1 and m.serial = s.serial and m.kind = s.kind
"""
_ADD = f"""
insert into community_meter (tenant_id, kind, unit_id, building_id, serial, place, multiplier, digits, installed_on,
                             start_value)
select $1, kind, unit_id, building_id, serial, coalesce(place, ''), coalesce(nullif(multiplier, 0), 1),
       coalesce(digits, 5), installed_on, coalesce(start_value, 0)
  from ({_METERS}) f where meter_id is null and building_id is not null
"""
_COUNT = f"select count(*) n, count(meter_id) known from ({_METERS}) f"
_READ = "number text, serial text, kind text, read_on date, value numeric"
_READINGS = f"""
select s.number key, s.read_on, s.value, m.id meter_id,
       exists (select 1 from community_reading e where e.tenant_id = $1 and e.key = 'file-' || s.number) is_known
  from ({_RECORDS.format(columns=_READ)}) s
  join community_meter m on m.tenant_id = $1 and m.serial = s.serial and m.kind = s.kind
 order by s.read_on, s.serial
"""


def shape_meter(values: dict[str, Any]) -> Shaped:
    """Return the meter that a row stands for."""
    return Shaped({**_plain(values), "number": f"{values['kind']} {values['serial']}"})


def shape_reading(values: dict[str, Any]) -> Shaped:
    """Return the reading that a row stands for."""
    return Shaped({**_plain(values), "number": f"{values['kind']} {values['serial']} {values['read_on']}"})


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: str(one) if isinstance(one, (Decimal, date)) else one for key, one in values.items()}


async def check_meters(actor: Actor, records: Sequence[tuple[int, dict[str, Any]]]) -> list[RowProblem]:
    """Refuse rows whose unit or building is not there."""
    wanted = [record["unit"] for _, record in records]
    found = await rows(
        "select lower(a.number) name from community_unit u join tenants_account a on a.tenant_id = $1"
        " and a.id = u.account_id where u.tenant_id = $1 and lower(a.number) = any ($2::text[])"
        " union select lower(code) from community_building where tenant_id = $1 and lower(code) = any ($2::text[])",
        tenant_of(actor),
        [one.lower() for one in wanted],
    )
    known = {one["name"] for one in found}
    return [
        RowProblem(number, "unit", record["unit"], t("is no unit and no building of this estate"))
        for number, record in records
        if record["unit"].lower() not in known
    ]


async def check_readings(actor: Actor, records: Sequence[tuple[int, dict[str, Any]]]) -> list[RowProblem]:
    """Refuse rows of meters that are not there, and days on which they were not."""
    found = await rows(
        "select kind || ' ' || serial name, installed_on, removed_on from community_meter where tenant_id = $1"
        " and serial = any ($2::text[])",
        tenant_of(actor),
        [record["serial"] for _, record in records],
    )
    known = {one["name"]: one for one in found}
    problems = []
    for number, record in records:
        meter = known.get(f"{record['kind']} {record['serial']}")
        if meter is None:
            problems.append(RowProblem(number, "serial", record["serial"], t("is no meter of this estate")))
        elif date.fromisoformat(record["read_on"]) < meter["installed_on"]:
            problems.append(
                RowProblem(number, "read_on", record["read_on"], t("is before the meter was there"))
            )
    return problems


async def compare_meters(actor: Actor, import_id: UUID) -> Applied:
    """Count what applying would add and what is there already."""
    found = await row(_COUNT, tenant_of(actor), import_id)
    assert found is not None  # noqa: S101 - an aggregate has one row
    return Applied(found["n"] - found["known"], 0, found["known"])


async def apply_meters(actor: Actor, import_id: UUID) -> Applied:
    """Write down the meters that are not there yet; one that is there is left as it is."""
    counted = await compare_meters(actor, import_id)
    await execute(_ADD, tenant_of(actor), import_id)
    return counted


async def compare_readings(actor: Actor, import_id: UUID) -> Applied:
    """Count what applying would add and what is there already."""
    found = await rows(_READINGS, tenant_of(actor), import_id)
    known = sum(one["is_known"] for one in found)
    return Applied(len(found) - known, 0, known)


async def apply_readings(actor: Actor, import_id: UUID) -> Applied:
    """Take each reading as if it were sent alone, in the order of days; one that differs from what is there is left."""
    found = await rows(_READINGS, tenant_of(actor), import_id)
    added = 0
    for one in found:
        said = Said(one["read_on"], one["value"], "file", key=f"file-{one['key']}"[:80])
        try:
            await readings.submit(actor, one["meter_id"], said)
        except (Conflict, Invalid):
            continue
        added += not one["is_known"]
    return Applied(added, 0, len(found) - added)


METERS = ImportSpec(
    kind="community_meters",
    name=N_("Meters"),
    fields=METER_FIELDS,
    natural_key=("kind", "serial"),
    shape=shape_meter,
    compare=compare_meters,
    apply=apply_meters,
    check=check_meters,
    example=(
        {
            "serial": "W-10234",
            "kind": "water",
            "unit": "12A Bedok Sth Ave 2 #03-105",
            "place": "Kitchen",
            "installed_on": "2024-01-01",
            "start_value": "0",
            "multiplier": "1",
            "digits": "5",
        },
    ),
)
READINGS = ImportSpec(
    kind="community_readings",
    name=N_("Meter readings"),
    fields=READING_FIELDS,
    natural_key=("kind", "serial", "read_on"),
    shape=shape_reading,
    compare=compare_readings,
    apply=apply_readings,
    check=check_readings,
    example=({"serial": "W-10234", "kind": "water", "read_on": "2026-07-31", "value": "1234.5"},),
)
