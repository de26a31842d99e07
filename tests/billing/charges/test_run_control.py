"""Who has to agree to a run, what is done about odd accounts, and how a run stands beside the month before."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.charges import run_comparison, run_decisions, run_settings, runs
from billing.charges.run_settings import Checks
from billing.charges.states import OPEN_RUNS, RUN, RUN_TONES, RUN_WORDS, run_after
from billing.models import Bill, BillException, BillRun
from billing.payments.states import diagram, table
from tenants.models import Account, Membership
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import item, service_charge
from tests.billing.charges.estate import AUGUST
from tests.jobs import run_due
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.tables import TableQuery


def test_every_move_of_a_run_goes_where_it_says_and_every_other_is_refused():
    for name, edge in RUN.edges.items():
        for state in RUN.states:
            if state in edge.sources:
                assert run_after(state, name) == edge.target
            else:
                with pytest.raises(Conflict):
                    run_after(state, name)
    assert set(RUN.states) == set(RUN_WORDS) == set(RUN_TONES)
    assert set(OPEN_RUNS) < set(RUN.states)


def test_the_documentation_shows_how_a_run_lives():
    text = (Path(__file__).parents[3] / "billing" / "charges" / "README.md").read_text()
    assert table(RUN) in text
    assert diagram(RUN) in text


async def scoped(estate, act, *args, **given):
    async with open_scope(tenant_scope(estate.tenant.id)):
        return await act(*args, **given)


async def test_where_two_may_approve_the_drafter_does_not(estate, client):
    await make.account(estate.tenant, "A")
    other = await make.staff(estate.tenant, "finance", "Other Lim")
    run = await estate.draft()
    for act in (runs.approve, runs.request_issue):
        with pytest.raises(Conflict, match=r"run\.needs_another"):
            await scoped(estate, act, estate.finance, run.id)
    await make.sign_in(client, estate.finance.person_id)
    page = inspect((await client.get(f"/t/{estate.tenant.slug}/runs/{run.id}")).text)
    assert "Two people agree before bills go out. Ask Other Lim." in text_of(page)
    approved = await scoped(estate, runs.approve, other, run.id)
    assert (approved.status, approved.approved_by_name) == ("approved", "Other Lim")
    await scoped(estate, runs.withdraw, other, run.id)
    with pytest.raises(Conflict, match=r"run\.needs_another"):
        await scoped(estate, runs.request_issue, estate.finance, run.id)
    await scoped(estate, runs.approve, other, run.id)
    await scoped(estate, runs.request_issue, estate.finance, run.id)
    await run_due(estate.tenant.id)
    assert [bill.status for bill in await estate.bills(run)] == ["issued"]


async def test_one_alone_approves_up_to_the_limit_and_not_above(estate):
    await make.account(estate.tenant, "A")
    chief = await make.staff(estate.tenant, "administrator")
    run = await estate.draft()
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert not await run_settings.may_approve(estate.finance, run), "two people have the right"
        mine = Membership.filter(tenant_id=estate.tenant.id, person_id=chief.person_id)
        await mine.update(ended_at=datetime.now(UTC))
        for limit, may in ((6349, False), (6350, True), (None, True)):
            await run_settings.save(chief, Checks(50, limit))
            assert await run_settings.may_approve(estate.finance, run) is may


async def test_settings_that_make_no_sense_are_refused_at_their_field(estate):
    chief = await make.staff(estate.tenant, "administrator")
    with pytest.raises(Invalid) as refused:
        await scoped(estate, run_settings.save, chief, Checks(0, None))
    assert list(refused.value.fields) == ["jump_percent"]
    with pytest.raises(Forbidden):
        await scoped(estate, run_settings.save, estate.finance, Checks(10, None))


async def change(estate, number, **attributes):
    async with open_scope(tenant_scope(estate.tenant.id)):
        account = await Account.get(tenant_id=estate.tenant.id, number=number)
        account.attributes = {**account.attributes, **attributes}
        await account.save()


async def two_months(estate):
    """July for four flats; in August one pays more, one less, one is closed, one comes, one stays."""
    for number in ("more", "less", "closed", "same"):
        made = await make.account(estate.tenant, number)
        await make.holder(made, None)
    await estate.bill()
    await change(estate, "more", flat_type="5-room")
    await change(estate, "less", flat_type="1-room")
    newcomer = await make.account(estate.tenant, "new")
    await make.holder(newcomer, None)
    async with open_scope(tenant_scope(estate.tenant.id)):
        await Account.filter(tenant_id=estate.tenant.id, number="closed").update(is_active=False)
    return await estate.draft(period=AUGUST)


async def test_a_run_beside_the_month_before(estate):
    run = await two_months(estate)
    assert run.summary["changes"] == {
        "more": {"count": 1, "total": 1600},
        "less": {"count": 1, "total": -4350},
        "new": {"count": 1, "total": 6350},
        "missing": {"count": 1, "total": -6350},
        "same": {"count": 1, "total": 0},
    }
    assert sum(one["total"] for one in run.summary["changes"].values()) == run.total_minor - 4 * 6350
    assert run.summary["spread"] == [1, 0, 0, 0, 0, 0, 1, 0]
    async with open_scope(tenant_scope(estate.tenant.id)):
        query = TableQuery(path="", sort="difference_minor")
        found, total = await run_comparison.listed(run, query, "/t/x")
        only, count = await run_comparison.listed(run, TableQuery(path="", filters={"change": "new"}), "/t/x")
        everything = [one async for one in run_comparison.everything(run, query, "/t/x")]
    assert total == 5
    assert [one["account_number"] for one in found] == ["closed", "less", "same", "more", "new"]
    assert run.summary["before"] == {"bills": 4, "total": 4 * 6350}
    assert ([one["before_minor"] for one in only], count) == ([None], 1)
    assert everything == found


async def test_the_change_that_needs_a_look_is_the_institutions_own(estate):
    chief = await make.staff(estate.tenant, "administrator")
    await scoped(estate, run_settings.save, chief, Checks(20, None))
    async with open_scope(tenant_scope(estate.tenant.id)):
        await Membership.filter(tenant_id=estate.tenant.id, person_id=chief.person_id).delete()
    run = await two_months(estate)
    found = await estate.exceptions(run)
    assert found == [("closed", "missing"), ("less", "jumped"), ("more", "jumped")]


async def exception(estate, run, number):
    async with open_scope(tenant_scope(estate.tenant.id)):
        return await BillException.filter(
            tenant_id=estate.tenant.id, run_id=run.id, account_number=number
        ).first()


async def test_an_odd_account_is_accepted_with_a_word_or_left_out(estate):
    run = await two_months(estate)
    less, closed = await exception(estate, run, "less"), await exception(estate, run, "closed")
    decide = run_decisions.decide
    with pytest.raises(Invalid, match="word"):
        await scoped(estate, decide, estate.finance, run.id, ids=[less.id], decision="accepted", note=" ")
    await scoped(estate, decide, estate.finance, run.id, ids=[closed.id], decision="accepted", note="Sold.")
    for _ in range(2):
        await scoped(estate, decide, estate.finance, run.id, ids=[less.id], decision="excluded", note="")
    async with open_scope(tenant_scope(estate.tenant.id)):
        after = await BillRun.get(tenant_id=estate.tenant.id, id=run.id)
        left = await Bill.filter(tenant_id=estate.tenant.id, run_id=run.id)
    assert (after.bill_count, after.exception_count) == (3, 0)
    assert after.total_minor == run.total_minor - 2000
    assert sorted(bill.account_number for bill in left) == ["more", "new", "same"]
    assert (await exception(estate, run, "closed")).note == "Sold."
    late = await complete(estate, await issued(estate, run))
    assert [bill.account_number for bill in await estate.bills(late)] == ["less"]


async def issued(estate, run):
    await scoped(estate, runs.request_issue, estate.finance, run.id)
    await run_due(estate.tenant.id)
    return run


async def complete(estate, run):
    late = await scoped(estate, runs.start_late_joiners, estate.finance, run.id)
    await run_due(estate.tenant.id)
    return late


async def test_all_of_a_reason_are_decided_at_once(estate):
    for number in ("A", "B"):
        await make.account(estate.tenant, number)
    run = await estate.draft()
    decided = await scoped(
        estate,
        run_decisions.decide,
        estate.finance,
        run.id,
        code="no_holder",
        decision="excluded",
        note="Empty.",
    )
    assert decided == 2
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert (await BillRun.get(tenant_id=estate.tenant.id, id=run.id)).bill_count == 0


async def test_late_joiners_get_what_is_missing_and_nobody_twice(estate):
    await make.account(estate.tenant, "A")
    run = await estate.bill()
    await make.account(estate.tenant, "B")
    late = await complete(estate, run)
    assert [bill.account_number for bill in await estate.bills(late)] == ["B"]
    drafted = await BillRun.get(tenant_id=estate.tenant.id, id=late.id)
    assert drafted.summary["before"] == {"bills": 0, "total": 0}
    with pytest.raises(Conflict, match=r"run\.open_already"):
        await scoped(estate, runs.start_late_joiners, estate.finance, run.id)


async def test_a_second_bill_of_a_month_says_that_it_charges_only_what_was_left_out(estate, client):
    for number in ("A", "B"):
        await make.account(estate.tenant, number)
    first = await estate.bill()
    assert first.summary["completed"] is None
    await make.account(estate.tenant, "C")
    estate.items["cable"] = await item(estate.tenant, "cable", ["unit"], service_charge())
    second = await estate.draft("service", "cable")
    assert (second.bill_count, second.summary["completed"]) == (
        3,
        {"bills": 2, "fees": [str(estate.items["cable"].id)]},
    )
    await make.sign_in(client, estate.finance.person_id)
    text = text_of(inspect((await client.get(f"/t/{estate.tenant.slug}/runs/{second.id}")).text))
    assert "2 accounts here already have a bill of July 2026" in text
    assert "only what the first one does not charge: The cable." in text


async def test_the_colleague_without_the_right_and_the_stranger(estate, bank):
    reader = await make.staff(estate.tenant, "reader")
    stranger = await make.staff(await make.tenant(bank), "finance")
    await make.account(estate.tenant, "A")
    run = await estate.draft()
    acts = (
        lambda who: runs.approve(who, run.id),
        lambda who: runs.withdraw(who, run.id),
        lambda who: runs.request_voiding(who, run.id, reason="x"),
        lambda who: runs.start_late_joiners(who, run.id),
        lambda who: run_decisions.decide(who, run.id, code="no_holder", decision="accepted", note="x"),
    )
    for act in acts:
        async with open_scope(reader.scope()):
            with pytest.raises(Forbidden):
                await act(reader)
        async with open_scope(stranger.scope()):
            with pytest.raises(NotFound):
                await act(stranger)
