"""Fee items and their rules: provisioned, drafted, rehearsed, put into force, never changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from billing.catalogue import TEMPLATES
from billing.charges import fees, rehearsal, rule_form
from billing.charges.periods import months_after
from billing.models import FeeItem, FeeRule
from billing.rules import builders as b
from billing.rules import parse
from tenants.actor import StepUp
from tenants.models import Audit
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import service_charge
from tests.billing.charges.estate import AUGUST
from ui.errors import Conflict, Forbidden, Invalid, NotFound

NEXT = months_after(make.today(), 2)


def within(estate):
    return open_scope(tenant_scope(estate.tenant.id))


async def test_a_new_tenant_has_the_fees_of_its_scenarios(db, bank):
    tenant = await make.tenant(bank)
    async with open_scope(tenant_scope(tenant.id)):
        items = await FeeItem.filter(tenant_id=tenant.id).order_by("position")
        rules = {rule.fee_item_id: rule.status for rule in await FeeRule.filter(tenant_id=tenant.id)}
    templates = TEMPLATES["community"]
    assert [item.key for item in items] == [template.key for template in templates]
    expected = {
        item.id: "active" if template.is_in_force else "draft"
        for item, template in zip(items, templates, strict=True)
        if template.document("SGD") is not None
    }
    assert rules == expected


async def test_a_scenario_that_nobody_knew_gets_its_fees_too(db, bank):
    tenant = await make.tenant(bank, "miniature")
    async with open_scope(tenant_scope(tenant.id)):
        (item,) = await FeeItem.filter(tenant_id=tenant.id)
    assert (item.key, item.names["zh_CN"], item.account_kinds) == ("dues", "会费", ["member"])


async def test_what_no_rule_charges_is_in_no_list_of_fees(estate):
    """A shop's orders, deposits and single bills are booked under items that are charged to no kind of account."""
    async with within(estate):
        await FeeItem.create(
            tenant_id=estate.tenant.id, scenario=estate.tenant.scenarios[0], key="a_shop", kind="charge",
            names={"en": "A shop"}, account_kinds=[], currency="SGD",
        )  # fmt: skip
        keys = [one.item.key for one in await fees.list_items(estate.finance)]
    assert "test_service" in keys
    assert "a_shop" not in keys


async def test_keys_are_made_of_names_and_unique(estate):
    async with within(estate):
        made = [
            await fees.add_item(
                estate.finance,
                scenario="community",
                names={"en": name},
                kind="charge",
                account_kinds=["unit"],
            )
            for name in ("Lift & Lobby", "lift lobby", "2nd car", "水费")
        ]
    assert [item.key for item in made] == ["lift_lobby", "lift_lobby_2", "fee_2nd_car", "fee"]


@pytest.mark.parametrize(
    "given",
    [
        {"names": {"en": " "}},
        {"account_kinds": []},
        {"account_kinds": ["ship"]},
        {"scenario": "tourism"},
        {"kind": "x"},
    ],
)
async def test_what_makes_no_fee_is_refused(estate, given):
    whole = {"scenario": "community", "names": {"en": "A"}, "kind": "charge", "account_kinds": ["unit"]}
    async with within(estate):
        with pytest.raises(Invalid):
            await fees.add_item(estate.finance, **{**whole, **given})


async def draft(estate, document=None) -> FeeRule:
    return await fees.save_draft(
        estate.finance, estate.items["service"].id, document or b.charge("SGD", "10")
    )


async def test_a_version_follows_another_and_ends_it(estate):
    item = estate.items["service"].id
    async with within(estate):
        await draft(estate)
        assert (await draft(estate, b.charge("SGD", "12"))).version == 2
        rule = await fees.activate(estate.finance, item, effective_from=NEXT)
        first, second = sorted(await fees.versions(estate.finance, item), key=lambda one: one.version)
        (act,) = await Audit.filter(tenant_id=estate.tenant.id, act="fee_rule.activated")
        listed = await fees.get_item(estate.finance, item)
    assert (first.effective_until, second.effective_from, second.status) == (
        NEXT - timedelta(days=1),
        NEXT,
        "active",
    )
    assert (listed.current.version, listed.coming.version, listed.draft) == (1, 2, None)
    assert (act.person_name, act.after["version"], act.before) == (
        estate.finance.name,
        rule.version,
        {"version": 1},
    )


async def test_an_active_version_never_changes(estate):
    rule_id = (await active(estate)).id
    async with within(estate):
        for sql in (
            "update billing_fee_rule set document = '{}' where id = $1",
            "update billing_fee_rule set effective_from = '2020-01-01' where id = $1",
            "delete from billing_fee_rule where id = $1",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                async with within(estate):
                    await execute(sql, rule_id)


async def active(estate) -> FeeRule:
    async with within(estate):
        return await estate.rule("service")


async def test_bills_keep_the_version_of_their_month(estate):
    await make.account(estate.tenant, "A", attributes={"flat_type": "4-room", "is_reduced": False})
    async with within(estate):
        await FeeRule.filter(fee_item_id=estate.items["service"].id).update(effective_until=date(2026, 7, 31))
        document = b.charge("SGD", "10")
        await fees.save_draft(estate.finance, estate.items["service"].id, document)
        await fees.activate(estate.finance, estate.items["service"].id, effective_from=AUGUST)
    july, august = await estate.bill(), await estate.bill(period=AUGUST)
    assert (july.total_minor, august.total_minor) == (7900, 1000)


@pytest.mark.parametrize("start", [date(2025, 1, 1), date(2024, 1, 1), date(2040, 1, 1), date(2026, 12, 5)])
async def test_a_beginning_that_makes_no_sense_is_refused(estate, start):
    async with within(estate):
        await draft(estate)
        with pytest.raises(Invalid):
            await fees.activate(estate.finance, estate.items["service"].id, effective_from=start)


async def test_putting_into_force_needs_a_draft_the_right_and_a_fresh_sign_in(estate, bank):
    item = estate.items["service"].id
    stale = replace(estate.finance, auth_time=datetime.now(UTC) - timedelta(hours=1))
    reader = await make.staff(estate.tenant, "reader")
    stranger = await make.staff(await make.tenant(bank), "finance")
    async with within(estate):
        with pytest.raises(Conflict):
            await fees.activate(estate.finance, item, effective_from=NEXT)
        await draft(estate)
        with pytest.raises(StepUp):
            await fees.activate(stale, item, effective_from=NEXT)
        with pytest.raises(Forbidden):
            await fees.activate(reader, item, effective_from=NEXT)
        with pytest.raises(Forbidden):
            await fees.save_draft(reader, item, b.charge("SGD", "1"))
    async with open_scope(stranger.scope()):
        for act in (fees.get_item(stranger, item), fees.activate(stranger, item, effective_from=NEXT)):
            with pytest.raises(NotFound):
                await act


async def test_who_wrote_a_rule_does_not_put_it_into_force_where_somebody_else_may(estate, client):
    item = estate.items["service"].id
    url = f"/t/{estate.tenant.slug}/fees/{item}/activation"
    other = await make.staff(estate.tenant, "administrator", "Mei Lim")
    await make.staff(estate.tenant, "cashier", "Siti Rahman")
    async with within(estate):
        await draft(estate)
    await make.sign_in(client, estate.finance.person_id)
    page = await client.get(url)
    assert "Another person has to put it into force" in page.text
    assert "decides: Mei Lim." in page.text
    assert f'action="{url}"' not in page.text
    refused = await client.post(url, data={"effective_from": f"{NEXT:%Y-%m}"})
    assert refused.status_code == 409
    assert "Ask Mei Lim." in refused.text
    await make.sign_in(client, other.person_id)
    assert (await client.post(url, data={"effective_from": f"{NEXT:%Y-%m}"})).status_code == 303
    async with within(estate):
        (act,) = await Audit.filter(tenant_id=estate.tenant.id, act="fee_rule.activated")
    assert (act.person_name, act.after["drafted_by"]) == ("Mei Lim", estate.finance.name)
    assert act.after.get("is_alone") is None


async def test_where_nobody_else_may_one_person_does_both_and_the_trail_says_so(estate, client):
    item = estate.items["service"].id
    url = f"/t/{estate.tenant.slug}/fees/{item}/activation"
    async with within(estate):
        await draft(estate)
    await make.sign_in(client, estate.finance.person_id)
    assert "You decide this alone" in (await client.get(url)).text
    assert (await client.post(url, data={"effective_from": f"{NEXT:%Y-%m}"})).status_code == 303
    async with within(estate):
        (act,) = await Audit.filter(tenant_id=estate.tenant.id, act="fee_rule.activated")
    assert act.after["is_alone"] is True


@pytest.mark.parametrize("document", [b.charge("USD", "10"), b.late_fee("SGD", "1")])
async def test_a_rule_of_another_kind_or_currency_is_refused(estate, document):
    async with within(estate):
        with pytest.raises(Invalid):
            await draft(estate, document)


async def test_a_rehearsal_shows_what_changes_for_whom(estate):
    for n, flat in enumerate(("1-room", "4-room", "4-room", "5-room", "executive", "3Gen")):
        await make.account(estate.tenant, f"U{n}", attributes={"flat_type": flat, "is_reduced": True})
    new = b.charge("SGD", b.table("flat_type", {"1-room": "25.00", "4-room": "63.50", "5-room": "70.00"}))
    async with within(estate):
        found = await rehearsal.samples(estate.items["service"], new, service_charge(), NEXT)
        change = await rehearsal.compare(estate.items["service"], new, service_charge(), NEXT)
    assert len({one.account.attributes["flat_type"] for one in found}) == len(found) == 3
    assert (change.accounts, change.charged, change.odd) == (6, 4, 2)
    assert (change.total, change.before) == (2500 + 6350 * 2 + 7000, 2000 + 6350 * 2 + 7950)
    assert (change.more, change.less) == (1, 1)


FORMS = [
    ("service", service_charge()),
    ("service", b.charge("SGD", b.table("flat_type", {"1-room": "20.00"}))),
    ("service", b.charge("SGD", b.fixed("5.00"), eligible=b.one_of("flat_type", "4-room"))),
    ("service", b.charge("SGD", b.rate("2.00", "area_sqm", b.fixed("0.7", "Ground floor")))),
    ("service", b.charge("SGD", b.tiers("area_sqm", ("50", "1.00"), (None, "2.00")))),
    ("shops", b.charge("SGD", b.bounds(b.rate("2.03", "area_sqm"), minimum="61.00"))),
    (
        "late",
        b.late_fee(
            "SGD", b.table("flat_type", {"1-room": "1.00"}), each="month", after_days=14, cap="principal"
        ),
    ),
    ("late", b.late_fee("SGD", b.higher("20.00", b.percent("10", b.balance("arrears"))))),
    ("late", b.late_fee("SGD", b.fixed("3.00"))),
]


@pytest.mark.parametrize(("key", "document"), FORMS)
async def test_a_rule_goes_into_its_form_and_comes_back_the_same(estate, key, document):
    form = rule_form.of_document(estate.items[key], document)
    assert form.shape in dict(form.shapes)
    assert form.shape != rule_form.PARTS
    again = rule_form.typed(estate.items[key], {**form.values, "shape": form.shape}).document()
    named = {row.keys for row in getattr(document.amount, "rows", ())}
    if named:
        kept = [row for row in again.amount.rows if row.keys in named]
        assert {row.keys: row.amount for row in kept} == {
            row.keys: row.amount for row in document.amount.rows
        }
    else:
        assert again == document


def test_a_rule_that_no_simple_form_shows_is_shown_part_by_part():
    item = FeeItem(scenario="community", kind="charge", account_kinds=["unit"], currency="SGD")
    assert rule_form.of_document(item, b.charge("SGD", b.total("1", "2"))).shape == rule_form.PARTS
    assert parse({**service_charge().model_dump(mode="json")}) == service_charge()
