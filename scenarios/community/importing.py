"""An estate's units and their holders from a manager's table.

A unit's account number is its address: building, street where there is one, and door, in capitals
(``12A BEDOK STH AVE 2 #03-105``). It is the natural key: the same address is the same unit in every file.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from scenarios.community.addresses import titled
from scenarios.community.estate.gone import gone
from scenarios.community.kinds import FLAT_TYPES, OWNERSHIPS, RELATIONS, ROOM_TYPES, SCENARIO_KEY, VEHICLES
from scenarios.community.tariff import RESIDENTIAL
from tenants.actor import Actor
from tenants.imports import upsert
from tenants.kinds import ImportSpec, RowProblem, Shaped
from tenants.models import Account
from tenants.scope import execute
from tenants.tabular import Field, Kind, choice, day, decimal, email, integer, phone, text
from ui.i18n import N_, Text, t

LONGEST_SORT_KEY = 100
LONGEST_NUMBER = 60
"""Characters of an account number."""
_KINDS = {"unit": ("flat", "unit", "住宅"), "shop": ("shop", "商铺"), "parking": ("parking", "车位")}
_RATES = {"reduced": ("reduced", "优惠"), "normal": ("normal", "标准")}
_YES_NO = {"yes": ("yes", "是", "有"), "no": ("no", "否", "无")}
_CHINESE = {
    "1-room": "一房式",
    "2-room": "二房式",
    "3-room": "三房式",
    "3-room DBSS": "三房式DBSS",
    "4-room": "四房式",
    "4-room DBSS": "四房式DBSS",
    "5-room": "五房式",
    "5-room DBSS": "五房式DBSS",
    "3Gen": "三代同堂",
    "executive": "公寓式",
}
_OWNERSHIPS = {"owner": ("owner", "owned", "自住"), "rented": ("rented", "rental", "出租")}
_VEHICLES = {
    "car": ("car", "轿车"),
    "motorcycle": ("motorcycle", "摩托车"),
    "heavy": ("heavy", "lorry", "bus", "大车"),
}
_RELATIONS = {
    "owner": ("owner", "业主"),
    "resident": ("resident", "住户"),
    "proxy": ("proxy", "代理人"),
    "family": ("family", "家人"),
}
_STOREY = re.compile(r"(\d{1,2})-.+")
_DIGITS = re.compile(r"\d+")
_DEFAULTS = {"unit": {"is_reduced": False}, "shop": {"has_living": False}, "parking": {}}
_OWN = {
    "unit": ("flat_type", "area_sqm", "ownership", "gross_sqm", "shared_sqm", "coefficient"),
    "shop": ("area_sqm", "room_type", "ownership", "gross_sqm", "shared_sqm", "coefficient"),
    "parking": ("vehicle",),
}


def _names(options: Mapping[str, str], chinese: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return {key: (key, label, chinese[key]) for key, label in options.items()}


def _door() -> Kind:
    """A door as ``03-105``, with or without the ``#`` that Singapore writes before it."""
    plain = text(12)

    def convert(cell: str) -> str:
        written = plain.convert(cell.lstrip("#").strip() or cell)
        return str(written).upper()

    return Kind("door", convert, t("a door such as #03-105"))


FIELDS = (
    Field("building", N_("Building"), text(15), ("block", "blk", "blk no", "楼号", "栋"), is_required=True),
    Field("street", N_("Street"), text(40), ("road", "address", "地址")),
    Field("storey", N_("Storey"), integer(minimum=-5, maximum=200), ("floor", "level", "楼")),
    Field("door", N_("Door"), _door(), ("unit", "unit no", "door no", "室号", "房号"), is_required=True),
    Field("kind", N_("Kind"), choice(_KINDS), ("account kind", "用途")),
    Field("flat_type", N_("Flat type"), choice(_names(FLAT_TYPES, _CHINESE)), ("type", "房型", "户型")),
    Field("rate", N_("Rate"), choice(_RATES), ("tariff", "费率")),
    Field("area_sqm", N_("Area (m²)"), decimal(2, minimum=1, maximum=100_000), ("area", "面积")),
    Field(
        "gross_sqm", N_("Gross area (m²)"), decimal(2, minimum=1, maximum=100_000), ("gross area", "建筑面积")
    ),
    Field(
        "shared_sqm",
        N_("Part of the shared area (m²)"),
        decimal(2, maximum=100_000),
        ("shared area", "公摊面积"),
    ),
    Field("coefficient", N_("Coefficient"), decimal(4, maximum=1000), ("factor", "系数")),
    Field("ownership", N_("Ownership"), choice(_OWNERSHIPS), ("tenure", "产权")),
    Field("has_living", N_("Has living quarters"), choice(_YES_NO), ("living quarters", "带住房")),
    Field(
        "room_type", N_("Rooms of the living quarters"), choice(_names(ROOM_TYPES, _CHINESE)), ("room type",)
    ),
    Field("vehicle", N_("Vehicle"), choice(_VEHICLES), ("vehicle type", "车型")),
    Field(
        "holder",
        N_("Holder"),
        text(100),
        ("holder name", "name", "owner name", "业主姓名", "姓名", "业主", "住户"),
    ),
    Field("relation", N_("Relation"), choice(_RELATIONS), ("holder relation", "关系")),
    Field("email", N_("E-mail"), email(), ("email address", "mail", "邮箱")),
    Field("phone", N_("Phone"), phone(), ("telephone", "phone number", "mobile", "tel", "手机", "手机号")),
    Field("since", N_("Since"), day(), ("from", "move-in date", "入住日期")),
)
EXAMPLE = (
    {
        "building": "12A",
        "street": "Bedok Sth Ave 2",
        "storey": "3",
        "door": "#03-105",
        "kind": "flat",
        "flat_type": "4-room",
        "rate": "reduced",
        "area_sqm": "90",
        "ownership": "owner",
        "holder": "Tan Mei Ling",
        "relation": "owner",
        "email": "meiling.tan@example.com",
        "phone": "+65 9123 4567",
        "since": "2021-06-01",
    },
    {
        "building": "12A",
        "street": "Bedok Sth Ave 2",
        "storey": "1",
        "door": "#01-01",
        "kind": "shop",
        "area_sqm": "48.5",
        "ownership": "rented",
        "has_living": "no",
        "holder": "Sunrise Provision Shop",
        "relation": "resident",
        "email": "shop@example.com",
        "phone": "+65 6123 4567",
        "since": "2024-01-01",
    },
)


def shape(values: dict[str, Any]) -> Shaped:
    """Return the unit, its account and its holder that one row stands for."""
    kind = values["kind"] or "unit"
    building, street, door = values["building"] or "", values["street"] or "", values["door"] or ""
    place = f"{building} {street}".strip()
    name = f"{place} #{door}"
    record: dict[str, Any] = {
        "number": titled(name),
        "kind": kind,
        "name": name,
        "place": place,
        "sort_key": sort_key_of(place, door),
        "attributes": _attributes(values, kind),
        "defaults": _DEFAULTS[kind],
        "code": place.upper(),
        "street": street,
        "storey": _storey(values["storey"], door),
        "door": door,
    }
    if values["holder"]:
        record |= _holder(values)
    return Shaped(record, _problems(values, kind, record["number"]))


def _attributes(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """Return the facts that this kind of account has and the row gives; what is blank is left as it was."""
    given = {key: values[key] for key in _OWN[kind] if values[key] is not None}
    if kind == "unit" and values["rate"] is not None:
        given["is_reduced"] = values["rate"] == "reduced"
    if kind == "shop" and values["has_living"] is not None:
        given["has_living"] = values["has_living"] == "yes"
    return given


def _holder(values: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "holder": values["holder"],
        "relation": values["relation"] or "owner",
        "email": values["email"],
        "phone": values["phone"],
        "since": values["since"],
    }
    return {key: value for key, value in given.items() if value is not None}


def _storey(given: int | None, door: str) -> int:
    """Return the storey given, or the one that a door such as ``03-105`` names; 0 where neither says."""
    if given is not None:
        return given
    found = _STOREY.fullmatch(door)
    return int(found[1]) if found else 0


def sort_key_of(place: str, door: str) -> str:
    """Return what brings a unit into the estate's order."""
    return f"{_sortable(place)} #{_sortable(door)}"[:LONGEST_SORT_KEY]


@lru_cache(maxsize=4096)
def _sortable(name: str) -> str:
    """Return a text that sorts addresses as people do: 2 before 10."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(5), name.casefold())


def _problems(values: Mapping[str, Any], kind: str, number: str) -> list[tuple[str, Text]]:
    problems = []
    if len(number) > LONGEST_NUMBER:
        problems.append(
            ("street", t("makes an address of more than {longest} characters", longest=LONGEST_NUMBER))
        )
    if kind == "unit":
        problems += _flat_problems(values)
    if kind == "shop" and values["area_sqm"] is None:
        problems.append(("area_sqm", t("is needed for a shop")))
    if kind == "shop" and values["has_living"] == "yes" and not values["room_type"]:
        problems.append(("room_type", t("is needed for a shop with living quarters")))
    if not values["holder"] and any(values[key] for key in ("relation", "email", "phone", "since")):
        problems.append(("holder", t("is needed where the row says something about the holder")))
    return problems


def _flat_problems(values: Mapping[str, Any]) -> list[tuple[str, Text]]:
    flat_type = values["flat_type"]
    if flat_type is None:
        return [("flat_type", t("is needed for a flat"))]
    if values["rate"] == "reduced" and RESIDENTIAL["main"][flat_type][0] is None:
        return [("rate", t("does not exist for this flat type"))]
    return []


_EXTRA = "code text, street text, storey smallint, door text"
_MARK = """
update staged_account s set status = 'changed' from community_unit u
 where u.tenant_id = $1 and u.account_id = s.account_id and s.status = 'unchanged' and u.storey <> s.storey
"""
_BUILDINGS = """
insert into community_building (tenant_id, code, street, storeys)
select $1, min(s.place), min(s.street), max(s.storey)
  from staged_account s
 where s.status <> 'unchanged'
   and not exists (select 1 from community_building b where b.tenant_id = $1 and upper(b.code) = s.code)
 group by s.code order by min(s.sort_key)
"""
_STOREYS = """
update community_building b set storeys = s.storeys
  from (select code, max(storey) storeys from staged_account where status <> 'unchanged' group by code) s
 where b.tenant_id = $1 and upper(b.code) = s.code and b.storeys < s.storeys
"""
_UNITS = """
insert into community_unit (tenant_id, account_id, building_id, storey, door)
select $1, s.account_id, b.id, s.storey, s.door
  from staged_account s join community_building b on b.tenant_id = $1 and upper(b.code) = s.code
 where s.status <> 'unchanged'
on conflict (tenant_id, account_id) do update set storey = excluded.storey
where community_unit.storey <> excluded.storey
"""


LONGEST_DOOR = 20
_PLACE = "update tenants_account set place = $3 where tenant_id = $1 and id = $2 and place = ''"
_BUILDING = """
insert into community_building (tenant_id, code)
select $1, $2 where not exists (
  select 1 from community_building b where b.tenant_id = $1 and upper(b.code) = $3)
"""
_UNIT = """
insert into community_unit (tenant_id, account_id, building_id, storey, door)
select $1, $2, id, $4, $5 from community_building where tenant_id = $1 and upper(code) = $3 order by id limit 1
"""


compare = partial(upsert.compare_accounts, SCENARIO_KEY, extra=_EXTRA, mark=_MARK)
apply = partial(
    upsert.apply_accounts, SCENARIO_KEY, extra=_EXTRA, mark=_MARK, then=(_BUILDINGS, _STOREYS, _UNITS)
)


async def check(actor: Actor, records: Sequence[tuple[int, dict[str, Any]]]) -> list[RowProblem]:
    """Refuse rows of closed accounts, and of units that were merged or split, unless they say what is now."""
    assert actor.tenant_id is not None  # noqa: S101 - an import belongs to a tenant
    problems = await upsert.check_accounts(SCENARIO_KEY, "door", actor, records)
    by_number = {record["number"]: (number, record) for number, record in records}
    found = await gone(actor.tenant_id, list(by_number))
    now = await Account.filter(tenant_id=actor.tenant_id, scenario=SCENARIO_KEY, number__in=list(found))
    known = {account.number: account.attributes for account in now}
    for name, became in found.items():
        number, record = by_number[name]
        if name in known and all(
            known[name].get(key) == value for key, value in record["attributes"].items()
        ):
            continue
        reason = t(
            "was merged or split on {day}: it is {units} now; write that instead",
            day=became["on_day"],
            units=became["became"],
        )
        problems.append(RowProblem(number, "door", name, reason))
    return problems


UNITS = ImportSpec(
    kind="community_units",
    name=N_("Units and their holders"),
    fields=FIELDS,
    natural_key=("building", "street", "door"),
    shape=shape,
    compare=compare,
    apply=apply,
    check=check,
    example=EXAMPLE,
)


async def added(account: Account) -> None:
    """Give a unit that was added by hand its building and door; the building is made where there is none yet."""
    street, sign, door = account.number.rpartition("#")
    place = account.place or street.strip()
    if not place:
        return
    await execute(_PLACE, account.tenant_id, account.id, place)
    await execute(_BUILDING, account.tenant_id, place, place.upper())
    door = (door if sign else account.number)[:LONGEST_DOOR]
    await execute(_UNIT, account.tenant_id, account.id, place.upper(), _storey(None, door), door)


def tidy(number: str) -> str:
    """Return an address as imports write it."""
    return titled(" ".join(number.split()))


assert RELATIONS.keys() == _RELATIONS.keys()  # noqa: S101 - the table knows every relation
assert OWNERSHIPS.keys() == _OWNERSHIPS.keys() and VEHICLES.keys() == _VEHICLES.keys()  # noqa: S101, PT018
