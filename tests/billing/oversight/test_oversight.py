"""Roll-ups follow events exactly, the board reads nothing else, and a union sees sums alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billing.channels import channel_name
from billing.models import AppUse, BranchFigure, DayFigure, NextAction, Standing
from billing.oversight import actions, board, rolling
from billing.oversight.board import Asked
from integrations.apps.tenant_models import Installation, Launch
from tenants.banks import structure
from tenants.ids import new_id
from tenants.models import Bank, Branch, Tenant
from tenants.scope import bank_scope, execute, open_scope, rows, tenant_scope, value
from tests import make
from tests.billing.payments import world
from tests.page import inspect, text_of
from tests.unions import over
from ui.errors import Conflict, NotFound

MONTH = Asked(30, "SGD")


async def paid(place):
    cashier = await make.staff(place.tenant, "cashier", "Siti")
    await world.take(place, cashier, (await world.bill(place), 5000))


async def rolled(place):
    await world.hurry(place, rolling.ROLL_JOB)
    async with place.scope():
        return await DayFigure.filter(tenant_id=place.id)


async def test_many_events_are_one_piece_of_work(place):
    for _ in range(3):
        await paid(place)
    async with place.scope():
        waiting = "select count(*) from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null"
        assert await value(waiting, place.id, rolling.ROLL_JOB) == 1
    (figure,) = await rolled(place)
    assert (figure.channel, figure.paid_count, figure.paid_minor) == ("counter", 3, 15000)


async def test_doing_it_again_adds_nothing_and_the_branch_is_the_sum_of_its_institutions(place, bank):
    await paid(place)
    await rolled(place)
    async with place.scope():
        await rolling.everything(place.system)
        await rolling.everything(place.system)
    async with open_scope(bank_scope(bank.id)):
        mine = await BranchFigure.filter(bank_id=bank.id, branch_id=bank.branch_id)
        total = await value("select sum(paid_minor) from billing_day_figure where bank_id = $1", bank.id)
        assert sum(one.paid_minor for one in mine) == total


async def test_a_refund_and_a_failure_are_counted(place, outside):
    started = await world.start(place, await world.bill(place))
    outside.pay(await world.attempt(place, started))
    from billing.payments.refreshing import refresh  # noqa: PLC0415

    await refresh(place.payer, started.payment_id)
    (figure,) = await rolled(place)
    assert (figure.channel, figure.paid_count, figure.failed_count) == ("stripe", 1, 0)


async def test_the_standing_is_looked_at_when_bills_are_issued(place):
    async with place.scope():
        await rolling.mark_standing()
    await world.bill(place, 4000)
    await world.hurry(place, rolling.STAND_JOB)
    async with place.scope():
        found = await Standing.get(tenant_id=place.id)
        assert (found.accounts, found.arrears_minor) == (1, 4000)


async def test_the_board_reads_no_table_of_an_institution(place, bank, owner):
    """The control: with every bill and payment out of reach, the board is as it was."""
    await paid(place)
    await rolled(place)
    supervisor = await make.bank_staff(bank, "auditor")
    async with open_scope(bank_scope(bank.id)):
        assert await rows("select 1 from billing_payment limit 1") == []
        total = await board.totals(supervisor, MONTH)
        assert total["paid_minor"] >= 5000
        (mine,) = [one for one in await board.by_place(supervisor, MONTH) if one["id"] == bank.branch_id]
        assert mine["paid_minor"] == total["paid_minor"]
        by_tenant = await board.by_tenant(supervisor, replace(MONTH, place=bank.branch_id))
        assert next(one for one in by_tenant if one["id"] == place.id)["paid_minor"] == 5000


async def test_stages_are_counted_as_they_change(bank, db):
    auditor = await make.bank_staff(bank, "auditor")
    async with open_scope(bank_scope(bank.id)):
        before = await board.stages(auditor, MONTH)
    tenant = await make.tenant(bank)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(status="suspended")
        after = await board.stages(auditor, MONTH)
    assert after.get("suspended", 0) - before.get("suspended", 0) == 1
    assert after.get("live", 0) == before.get("live", 0)


async def test_a_union_sees_its_banks_sums_and_nothing_beneath(place, bank, owner, db):
    union = new_id()
    auditor = await make.bank_staff(bank, "auditor")
    supervisor = replace(auditor, bank_id=union, place={"slug": "union"})
    await paid(place)
    await rolled(place)
    async with open_scope(bank_scope(bank.id)):
        await Bank.filter(id=bank.id).update(name_en="Harbour Bank")
    async with open_scope(bank_scope(union)):
        assert await board.by_place(supervisor, replace(MONTH, is_union=True)) == [], "not its bank"
        assert await rows("select 1 from billing_day_figure") == []
        assert await rows("select 1 from tenants_tenant") == []


async def test_a_board_of_one_cloud_or_channel_counts_nothing_else(client, place, bank):
    """A school beside the estate: neither its figures, nor how it stands, nor itself is in the estate's board."""
    await paid(place)
    await rolled(place)
    async with place.scope():
        await rolling.stand(place.system, {})
    supervisor = await make.bank_staff(bank, "auditor")
    one, other = replace(MONTH, scenario="community"), replace(MONTH, scenario="education")
    desk = replace(MONTH, channel="counter")
    async with open_scope(bank_scope(bank.id)):
        before = await _seen(supervisor, one), await _seen(supervisor, other)
        paid_before = [(await board.totals(supervisor, asked))["paid_minor"] for asked in (desk, MONTH)]
    school = await make.tenant(bank, "education")
    async with open_scope(tenant_scope(school.id)):
        await execute(_FIGURE, school.id, bank.id, bank.branch_id)
        await execute(_BRANCH, bank.id, bank.branch_id)
        await execute(_STANDS, bank.id, bank.branch_id)
    async with open_scope(bank_scope(bank.id)):
        assert await _seen(supervisor, one) == before[0]
        assert _more(before[1], await _seen(supervisor, other)) == (700, 1, 900, 3)
        branch = replace(MONTH, place=bank.branch_id)
        estates, schools = [
            {one["id"] for one in await board.by_tenant(supervisor, replace(branch, scenario=cloud))}
            for cloud in ("community", "education")
        ]
        assert school.id in schools - estates
        paid_after = [(await board.totals(supervisor, asked))["paid_minor"] for asked in (desk, MONTH)]
        assert [after - was for after, was in zip(paid_after, paid_before, strict=True)] == [0, 700]
    await make.sign_in(client, supervisor.person_id)
    words = await client.get(f"/bank/{bank.slug}/board?channel=counter&scenario=education")
    assert "Overdue" not in words.text, "nobody knows it by channel"
    assert f"School · {channel_name('counter')} · 30 days" in text_of(inspect(words.text))


_FIGURE = (
    "insert into billing_day_figure (id, tenant_id, bank_id, branch_id, day, scenario, channel, currency, paid_count,"
    " paid_minor) values (new_id(), $1, $2, $3, current_date, 'education', 'bank', 'SGD', 1, 700)"
)
_BRANCH = (
    "insert into billing_branch_figure (id, bank_id, branch_id, day, scenario, channel, currency, paid_count,"
    " paid_minor) values (new_id(), $1, $2, current_date, 'education', 'bank', 'SGD', 1, 700)"
)
_STANDS = (
    "insert into billing_branch_standing (id, bank_id, branch_id, scenario, currency, arrears_minor, payers)"
    " values (new_id(), $1, $2, 'education', 'SGD', 900, 3)"
)


async def _seen(actor, asked):
    """Money in, institutions that live, what is overdue and who pays, on the board of this."""
    total, standing = await board.totals(actor, asked), await board.standing(actor, asked)
    live = (await board.stages(actor, asked)).get("live", 0)
    found = (total["paid_minor"], live, standing["arrears_minor"], standing["payers"])
    places, columns = await board.by_place(actor, asked), ("paid_minor", "live", "arrears_minor", "payers")
    assert found == tuple(sum(one[name] for one in places) for name in columns), (
        "the table and the figures agree"
    )
    return found


def _more(before, after):
    return tuple(now - then for then, now in zip(before, after, strict=True))


async def test_how_an_institution_stands_moves_with_it(place, bank):
    await world.bill(place, 4000)
    async with place.scope():
        await rolling.stand(place.system, {})
    chief = await make.bank_staff(bank, "administrator")
    async with open_scope(bank_scope(bank.id)):
        new = await Branch.create(
            id=new_id(), bank_id=bank.id, parent_id=bank.branch_id, code="N1", name="New"
        )
        was = await board.standing(chief, replace(MONTH, place=bank.branch_id))
        await structure.move_tenant(chief, place.id, to_branch=new.id, manager=None, reason="It moved house.")
    await world.hurry(place, rolling.STAND_JOB)
    async with open_scope(bank_scope(bank.id)):
        assert (await board.standing(chief, replace(MONTH, place=new.id)))["arrears_minor"] == 4000
        assert await board.standing(chief, replace(MONTH, place=bank.branch_id)) == was, (
            "all below is counted"
        )
        mine = {one["id"]: one["arrears_minor"] for one in await board.by_place(chief, MONTH)}
        assert mine[bank.branch_id] == was["arrears_minor"] - 4000
        names = [one["name"] for one in await board.by_place(chief, replace(MONTH, place=new.id))]
        assert names == ["New"]


async def test_a_unions_board_adds_its_members_up(client, place, bank, settings, migrated):
    await paid(place)
    await rolled(place)
    mine = await make.bank_staff(bank, "auditor")
    async with open_scope(bank_scope(bank.id)):
        total = await board.totals(mine, MONTH)
    async with over(bank, settings) as union:
        head = await make.bank_staff(union, "union_supervisor", "Qiao")
        async with open_scope(bank_scope(union.id)):
            above = replace(MONTH, is_union=True)
            assert await board.totals(head, above) == total
            (member,) = await board.by_place(head, above)
            assert (member["id"], member["paid_minor"]) == (bank.id, total["paid_minor"])
            assert (await board.totals(head, replace(above, place=union.id)))["paid_minor"] == 0, (
                "its own are none"
            )
        await make.sign_in(client, head.person_id)
        root = f"/bank/{union.slug}/board"
        page = await client.get(f"{root}?bank={bank.id}")
        assert "Harbour Bank · 30 days" in text_of(inspect(page.text))
        assert bank.slug not in page.text, "nothing leads beneath"
        for part in ("time", "channel", "scenario", "apps"):
            assert (
                f"board-{part}"
                in (await client.get(f"{root}?export=csv&of={part}")).headers["content-disposition"]
            )
        assert "Harbour" in (await client.get(f"{root}?export=csv&of=places")).text


@pytest.fixture
async def noted(place, bank):
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(live_at=datetime.now(UTC) - timedelta(days=40, hours=1))
        await actions.find(bank.id, [bank.branch_id])
        return await NextAction.get(tenant_id=place.id, key="idle")


async def test_a_suggestion_says_why_and_is_not_said_twice(noted, place, bank):
    manager = await make.bank_staff(bank, "relationship_manager")
    assert str(actions.reason(noted)) == "Live for 40 days and nobody has paid yet."
    async with open_scope(bank_scope(bank.id)):
        await actions.find(bank.id, [bank.branch_id])
        assert await NextAction.filter(tenant_id=place.id, key="idle").count() == 1
        await actions.close(manager, noted.id, status="dismissed", note="")
        with pytest.raises(Conflict):
            await actions.close(manager, noted.id, status="done", note="")
        await actions.find(bank.id, [bank.branch_id])
        assert await NextAction.filter(tenant_id=place.id, key="idle").count() == 1
        with pytest.raises(NotFound):
            await actions.close(replace(manager, branches=(new_id(),)), noted.id, status="done", note="")


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, noted, place, bank, language):
    await paid(place)
    await rolled(place)
    manager = await make.bank_staff(bank, "relationship_manager")
    await make.sign_in(client, manager.person_id)
    headers, root = {"Accept-Language": language}, f"/bank/{bank.slug}"
    for path in ("/board", f"/board?branch={bank.branch_id}&days=365", "/scorecard", "/actions"):
        page = await client.get(root + path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        inspect(page.text)
    for path in ("/board?export=csv", "/scorecard?export=csv", "/actions?mine=me"):
        assert (await client.get(root + path)).status_code == 200
    for part in ("time", "channel", "scenario", "app"):
        file = await client.get(f"{root}/board?export=csv&of={part}")
        assert f"board-{part}" in file.headers["content-disposition"]
    assert "40 days" in (await client.get(f"{root}/actions?export=csv")).text
    closing = {"status": "done", "note": ""}
    assert (await client.post(f"{root}/actions/{noted.id}/closing", data=closing)).status_code == 303
    assert (await client.post(f"{root}/actions")).status_code == 303
    stranger = await make.staff(place.tenant)
    await make.sign_in(client, stranger.person_id)
    assert (await client.get(f"{root}/board")).status_code == 404


async def test_an_auditor_reads_suggestions_and_closes_none(client, noted, bank):
    auditor = await make.bank_staff(bank, "auditor")
    await make.sign_in(client, auditor.person_id)
    here = f"/bank/{bank.slug}/actions"
    page = await client.get(here)
    assert "40 days" in page.text
    assert 'method="post" action="' + here not in page.text
    assert "/closing" not in page.text
    assert (await client.post(here)).status_code == 403
    assert (await client.post(f"{here}/{noted.id}/closing", data={"status": "done"})).status_code == 403


async def test_nothing_is_suggested_about_an_institution_that_leaves(client, noted, place, bank):
    manager = await make.bank_staff(bank, "relationship_manager")
    await make.sign_in(client, manager.person_id)
    path = f"/bank/{bank.slug}/actions"
    for status, is_said in (("closing", False), ("suspended", False), ("live", True)):
        async with open_scope(bank_scope(bank.id)):
            await Tenant.filter(id=place.id).update(status=status)
        for shown in (path, f"{path}?export=csv"):
            assert ("40 days" in (await client.get(shown)).text) is is_said, (status, shown)


async def test_apps_are_counted_as_they_are_opened_and_an_unused_one_is_said(place, bank, db):
    app, launch = (
        new_id(),
        {"tenant_id": place.id, "vendor_id": new_id(), "person_id": new_id(), "is_framed": False},
    )
    manager = await make.bank_staff(bank, "relationship_manager")
    async with place.scope():
        installed = {
            "tenant_id": place.id,
            "vendor_id": launch["vendor_id"],
            "app_id": app,
            "version_id": new_id(),
        }
        lists: dict[str, list[str]] = {"scopes": [], "claims": [], "roles": []}
        one = await Installation.create(
            id=new_id(), **installed, **lists, installed_by_name="Ann", min_level=1
        )
        for outcome in ("started", "started", "down"):
            await Launch.create(id=new_id(), installation_id=one.id, context={}, outcome=outcome, **launch)
    async with open_scope(bank_scope(bank.id)):
        (mine,) = [each for each in await board.by_app(manager, MONTH) if each["app_id"] == app]
        assert (mine["opened"], mine["institutions"]) == (2, 1), "what does not answer was not opened"
        assert await board.by_app(manager, replace(MONTH, place=new_id())) == []
    async with place.scope():
        await AppUse.filter(tenant_id=place.id).update(
            name="Contracts", opened_at=datetime.now(UTC) - timedelta(days=70, hours=1)
        )
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(live_at=datetime.now(UTC) - timedelta(days=90))
        await actions.find(bank.id, [bank.branch_id])
        said = await NextAction.get(tenant_id=place.id, key="unused_app")
        assert str(actions.reason(said)) == "Contracts is installed, and nobody has opened it for 70 days."
    async with place.scope():
        one.status, one.uninstalled_at = "uninstalled", datetime.now(UTC)
        await one.save(update_fields=["status", "uninstalled_at"])
    async with open_scope(bank_scope(bank.id)):
        (mine,) = [each for each in await board.by_app(manager, MONTH) if each["app_id"] == app]
        assert mine["institutions"] == 0
