"""An estate: its published tariff, its real blocks, its buildings' pages."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from billing.catalogue import TEMPLATES
from billing.models import FeeItem, FeeRule
from billing.rules import Facts, Outcome, evaluate, parse
from billing.rules.currency import as_decimal
from scenarios.community import addresses, blocks, tariff
from scenarios.community.importing import FIELDS, UNITS, shape
from scenarios.community.kinds import ACCOUNT_KINDS, FLAT_TYPES
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect
from tests.tenants.imports.uploads import Desk, csv_of, flat

SOURCE = json.loads(
    (Path(__file__).parents[1] / "billing/rules/data/tariffs.json").read_text(encoding="utf-8")
)
TOWN = Path(__file__).parent / "data/hdb_blocks_mp.csv"


def owed(document, **attributes) -> str | None:
    outcome = evaluate(parse(document), Facts(attributes))
    return str(as_decimal(outcome.amount_minor, "SGD")) if isinstance(outcome, Outcome) else None


@pytest.mark.parametrize("division", ["main", "kaki_bukit"])
def test_every_published_charge(division):
    assert SOURCE["residential"]["columns"] == ["reduced", "normal"]
    assert SOURCE["residential"][division].keys() == FLAT_TYPES.keys()
    for flat_type, (reduced, normal) in SOURCE["residential"][division].items():
        document = tariff.service_charge(division)
        assert owed(document, flat_type=flat_type, is_reduced=True) == reduced
        assert owed(document, flat_type=flat_type, is_reduced=False) == normal


@pytest.mark.parametrize("division", ["main", "kaki_bukit"])
def test_every_published_shop_charge(division):
    published = SOURCE["commercial"][division]["shop with living accommodation"]
    document = tariff.shop_charge(division)
    small, large = "10", "100"
    per_sqm = Decimal(published["per_sqm"])
    assert owed(document, area_sqm=small, has_living=False) == published["minimum"]
    assert owed(document, area_sqm=large, has_living=False) == str(per_sqm * 100)
    for rooms, more in published["plus_by_room_type"].items():
        expected = str(Decimal(published["minimum"]) + Decimal(more))
        assert owed(document, area_sqm=small, has_living=True, room_type=rooms) == expected


def penalty(document, *, months: int, principal: int, **attributes) -> str:
    facts = Facts(
        attributes,
        {"months_in_arrears": Decimal(months)},
        {"arrears": principal, "principal": principal, "late_fee_charged": 0},
    )
    outcome = evaluate(parse(document), facts)
    assert isinstance(outcome, Outcome)
    return str(as_decimal(outcome.amount_minor, "SGD"))


def test_every_penalty_of_the_by_law():
    published = SOURCE["late_payment_penalty"]["per_month"]
    assert dict(tariff.BY_LAW_PENALTIES) == published
    for flat_type, amount in published.items():
        found = penalty(tariff.late_fee(), months=2, principal=10_000, flat_type=flat_type)
        assert found == str(2 * Decimal(amount))
    for flat_type in FLAT_TYPES:
        assert Decimal(penalty(tariff.late_fee(), months=1, principal=10_000, flat_type=flat_type)) > 0
    assert penalty(tariff.shop_late_fee(), months=1, principal=10_000) == "20.00"
    assert penalty(tariff.shop_late_fee(), months=1, principal=50_000) == "50.00"


async def test_an_estate_starts_with_a_proposed_charge_and_the_by_law_in_force(db, bank):
    tenant, yuan = await make.tenant(bank), await make.tenant(bank, currency="CNY")
    async with open_scope(tenant_scope(tenant.id)):
        items = {item.id: item.key for item in await FeeItem.all()}
        rules = {items[rule.fee_item_id]: rule.status for rule in await FeeRule.all()}
    assert sorted(items.values()) == sorted(one.key for one in TEMPLATES["community"])
    assert rules == {
        "service_charge": "draft",
        "shop_charge": "draft",
        "late_fee": "active",
        "shop_late_fee": "active",
        "shared_costs": "active",
    }
    async with open_scope(tenant_scope(yuan.id)):
        assert await FeeRule.all().count() == 1, "what pools come to is charged in any currency"


def town() -> list[dict[str, str]]:
    with TOWN.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("street", "written"),
    [("QUEEN'S RD", "Queen's Rd"), ("ST. GEORGE’S LANE", "St. George’s Lane"), ("O'NEILL RD", "O'Neill Rd")],
)
def test_a_street_is_written_as_its_people_write_it(street, written):
    assert addresses.titled(street) == written
    assert addresses.titled(written) == written
    assert addresses.titled("12a bedok north rd #01-1b") == "12A Bedok North Rd #01-1B", (
        "doors stay as they were"
    )


def test_a_block_has_the_flats_that_the_register_says():
    for row in town():
        found = list(blocks.block_units(row))
        assert len(found) == int(row["total_dwelling_units"])
        assert len({unit.door for unit in found}) == len(found)
        if found:
            assert {unit.storey for unit in found} == set(range(1, int(row["max_floor_lvl"]) + 1))
        rented = sum(int(row[f"{n}_rental"]) for n in ("1room", "2room", "3room", "other_room"))
        assert sum(unit.is_rented for unit in found) == rented
    assert len(list(blocks.units(town(), town="MP"))) == 96
    assert len(list(blocks.units(town(), most=100))) == 84 + 96


def test_the_file_of_a_town_has_columns_that_the_import_knows():
    names = {name for field in FIELDS for name in field.names}
    assert set(blocks.HEADER) <= names
    assert {field.key for field in FIELDS} >= set(UNITS.natural_key)


def test_attributes_are_those_of_the_kind():
    blank = dict.fromkeys(field.key for field in FIELDS)
    for kind in ACCOUNT_KINDS:
        every = {
            "building": "1",
            "door": "1",
            "kind": kind.key,
            "flat_type": "4-room",
            "rate": "reduced",
            "area_sqm": 9,
            "ownership": "owner",
            "gross_sqm": 10,
            "shared_sqm": 1,
            "coefficient": 1,
            "has_living": "yes",
            "room_type": "3-room",
            "vehicle": "car",
        }
        shaped = shape(blank | every)
        assert not shaped.problems
        assert shaped.record["attributes"].keys() == {one.key for one in kind.attributes}


async def test_a_real_town_is_imported_and_shown_building_by_building(client, db, bank):
    tenant = await make.tenant(bank)
    actor = await make.staff(tenant)
    await make.sign_in(client, actor.person_id)
    desk = Desk(client, tenant)
    empty = await desk.get(f"/t/{tenant.slug}/buildings")
    assert "No buildings yet" in empty.text
    out = io.StringIO(newline="")
    count = blocks.write_units_csv(blocks.units(town()), out)
    done = await desk.bring_in(out.getvalue().encode())
    assert (done.counts["added"], done.counts["refused"]) == (count, 0)
    assert count == sum(int(row["total_dwelling_units"]) for row in town())
    async with open_scope(tenant_scope(tenant.id)):
        assert await Account.filter(kind="unit").count() == count
    for language in ("en", "zh-CN"):
        client.headers["Accept-Language"] = language
        listed = inspect((await desk.get(f"/t/{tenant.slug}/buildings?sort=-units")).text)
        links = [e.get("href") for e in listed.iter("a") if "/buildings/" in (e.get("href") or "")]
        page = (await desk.get(links[0])).text
        assert "#50-01" in page or "#25-01" in page
    assert (await desk.get(f"/t/{tenant.slug}/buildings?export=csv")).text.count("\n") == 12


async def test_buildings_belong_to_estates_alone(client, db, bank):
    tenant, other = await make.tenant(bank), await make.tenant(bank, scenario="miniature")
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    await Desk(client, tenant).bring_in(csv_of(flat()))
    await make.sign_in(client, (await make.staff(other)).person_id)
    assert (await client.get(f"/t/{other.slug}/buildings")).status_code == 404
    assert (await client.get(f"/t/{tenant.slug}/buildings")).status_code == 404
