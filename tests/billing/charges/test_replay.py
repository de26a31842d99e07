"""A past run under a draft rule: account by account, and the two ways to a difference give the same."""

import pytest

from billing.charges import fees, replay, replay_pages
from billing.models import Bill, BillLine, Rehearsal, RehearsalLine
from billing.rules import builders as b
from billing.rules import parse
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import item
from tests.billing.charges.estate import AUGUST, JULY
from tests.jobs import run_due
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound

DRAFT = b.charge("SGD", b.table("flat_type", {"1-room": "25.00", "4-room": "63.50", "5-room": "70.00"}))


def within(estate):
    return open_scope(tenant_scope(estate.tenant.id))


async def homes(estate):
    for n, flat in enumerate(("1-room", "4-room", "4-room", "5-room", "executive")):
        await make.account(
            estate.tenant, f"U{n}", attributes={"flat_type": flat, "is_reduced": flat != "executive"}
        )


async def replayed(estate, run, document=DRAFT, key="service") -> Rehearsal:
    async with within(estate):
        await fees.save_draft(estate.finance, estate.items[key].id, document)
        listed = await fees.get_item(estate.finance, estate.items[key].id)
        task = await replay.start(estate.finance, listed.item, listed.draft, run.id)
    await run_due(estate.tenant.id)
    async with within(estate):
        await task.refresh_from_db()
        assert task.state == "done"
        return await Rehearsal.get(tenant_id=estate.tenant.id, task_id=task.id)


async def lines(estate, found) -> dict[str, tuple]:
    async with within(estate):
        rows = await RehearsalLine.filter(tenant_id=estate.tenant.id, rehearsal_id=found.id)
    return {
        one.account_number: (one.before_minor, one.after_minor, one.difference_minor, one.exception)
        for one in rows
    }


async def test_each_account_has_its_difference_and_they_add_up(estate):
    await homes(estate)
    run = await estate.bill()
    await make.account(estate.tenant, "U9", attributes={"flat_type": "1-room", "is_reduced": True})
    found = await replayed(estate, run)
    assert await lines(estate, found) == {
        "U0": (2000, 2500, 500, ""),
        "U1": (6350, 6350, 0, ""),
        "U2": (6350, 6350, 0, ""),
        "U3": (7950, 7000, -950, ""),
        "U4": (10_200, None, -10_200, "no_row:flat_type"),
        "U9": (None, 2500, 2500, ""),
    }
    sums = found.summary
    assert sums["difference"] == sums["after"] - sums["before"] == 24_700 - 32_850
    assert (sums["more"], sums["less"], sums["same"], sums["fresh"], sums["gone"], sums["odd"]) == (
        2,
        2,
        2,
        1,
        1,
        1,
    )
    assert sum(one["accounts"] for one in sums["bins"]) == sums["accounts"] == 6
    assert sum(one["difference"] for one in sums["bins"]) == sums["difference"]
    async with within(estate):
        most = await replay.largest(found)
    assert [one["account_number"] for one in most.up] == ["U9", "U0"]
    assert [one["account_number"] for one in most.down] == ["U4", "U3"]


async def test_an_account_is_what_it_was_when_it_was_billed(estate):
    account = await make.account(estate.tenant, "U1", attributes={"flat_type": "1-room", "is_reduced": True})
    run = await estate.bill()
    account.attributes = {"flat_type": "5-room", "is_reduced": False}
    async with within(estate):
        await account.save()
    assert (await lines(estate, await replayed(estate, run)))["U1"] == (2000, 2500, 500, "")


async def test_the_same_rule_changes_nothing_even_for_late_fees_and_other_lines(estate):
    await homes(estate)
    tax = b.charge("SGD", b.percent("9", b.line("test_service")))
    estate.items["tax"] = await item(estate.tenant, "tax", ["unit"], tax)
    july = await estate.bill("service", "tax")
    august = await estate.bill("service", "late", period=AUGUST)
    async with within(estate):
        rules = {key: await estate.rule(key) for key in ("tax", "late")}
    for key, run in (("tax", july), ("late", august)):
        found = await replayed(estate, run, parse(rules[key].document), key)
        rows = await lines(estate, found)
        assert rows
        assert {row[2] for row in rows.values()} == {0}, (key, rows)


async def test_a_worker_that_dies_leaves_the_rest_to_the_next(estate, monkeypatch):
    await homes(estate)
    run = await estate.bill()
    monkeypatch.setattr(replay, "STRETCH", 2)
    async with within(estate):
        await fees.save_draft(estate.finance, estate.items["service"].id, DRAFT)
        listed = await fees.get_item(estate.finance, estate.items["service"].id)
        await replay.start(estate.finance, listed.item, listed.draft, run.id)
        (found,) = await Rehearsal.filter(tenant_id=estate.tenant.id)
    assert await replay.advance(estate.finance, found.id)
    assert len(await lines(estate, found)) == 2
    while await replay.advance(estate.finance, found.id):
        continue
    assert len(await lines(estate, found)) == 5


async def test_voided_bills_are_left_out(estate):
    await homes(estate)
    run = await estate.bill()
    async with within(estate):
        first = await Bill.filter(tenant_id=estate.tenant.id, run_id=run.id).order_by("number").first()
        await Bill.filter(id=first.id).update(status="void")
        await BillLine.filter(bill_id=first.id).update(is_live=False)
    assert (await lines(estate, await replayed(estate, run)))["U0"][0] is None


async def test_what_cannot_be_rehearsed_is_refused(estate, bank):
    await homes(estate)
    run = await estate.bill()
    reader, stranger = (
        await make.staff(estate.tenant, "reader"),
        await make.staff(await make.tenant(bank), "finance"),
    )
    async with within(estate):
        listed = await fees.get_item(estate.finance, estate.items["service"].id)
        with pytest.raises(Conflict):
            await replay.start(estate.finance, listed.item, None, run.id)
        await fees.save_draft(estate.finance, estate.items["shops"].id, b.charge("SGD", "1"))
        shops = await fees.get_item(estate.finance, estate.items["shops"].id)
        with pytest.raises(Invalid):
            await replay.start(estate.finance, shops.item, shops.draft, run.id)
        with pytest.raises(Forbidden):
            await replay.start(reader, listed.item, listed.draft, run.id)
    found = await replayed(estate, run)
    async with open_scope(stranger.scope()):
        with pytest.raises(NotFound):
            await replay.get(stranger, found.id, of=found.fee_item_id)


@pytest.mark.parametrize(
    ("lowest", "highest", "step"),
    [(0, 0, 1), (-5, 5, 1), (0, 11, 2), (-950, 2500, 500), (-(10**12), 3, 10**11)],
)
def test_the_bins_have_round_ends(lowest, highest, step):
    assert replay.nice_step(lowest, highest) == step


def test_a_span_that_nobody_falls_into_is_drawn_all_the_same():
    found = [{"bin": n, "accounts": 1, "difference": 1} for n in (3, None, -1)]
    drawn = replay_pages._bins(replay_pages._without_gaps(found), 500, "SGD")
    assert [(one["short"], one["accounts"]) for one in drawn] == [
        ("-5…0", 1), ("0", 1), ("0…5", 0), ("5…10", 0), ("10…15", 0), ("15…20", 1),
    ]  # fmt: skip
    assert replay_pages._without_gaps(found[1:2]) == found[1:2]


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
async def test_the_page_shows_sums_chart_and_every_account(estate, client, lang):
    await homes(estate)
    run = await estate.bill(period=JULY)
    found = await replayed(estate, run)
    await make.sign_in(client, estate.finance.person_id)
    client.cookies.set("lang", lang)
    root = f"/t/{estate.tenant.slug}"
    choose = await client.get(f"{root}/fees/{estate.items['service'].id}/rehearsals")
    assert str(run.id) in choose.text
    inspect(choose.text)
    answer = await client.get(f"{root}/fees/{found.fee_item_id}/rehearsals/{found.id}?sort=difference_minor")
    text = text_of(inspect(answer.text))
    assert "106.50" in text
    assert "<svg" in answer.text
    assert ("Largest changes down" if lang == "en" else "减少最多") in text
    rows = (await client.get(f"{root}/fees/{found.fee_item_id}/rehearsals/{found.id}?export=csv")).text
    assert "U3" in rows
    assert "-9.50" in rows
    only = text_of(
        inspect((await client.get(f"{root}/fees/{found.fee_item_id}/rehearsals/{found.id}?change=odd")).text)
    )
    assert "U4" in only
    answer = await client.post(f"{root}/fees/{estate.items['service'].id}/rehearsals", data={"run": "x"})
    assert answer.status_code == 422
