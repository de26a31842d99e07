"""What finance and the administrator work on: the match of three, mending it, the rules, the connection; wait-lists."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing.models import Attempt, Break, SettlementAccount
from billing.terms import terms_of
from scenarios.hospital import jobs, waiting
from scenarios.hospital.days import at, local
from scenarios.hospital.his import connecting
from scenarios.hospital.his.contract import Posting
from scenarios.hospital.inpatient.terms import StayTerms
from scenarios.hospital.models import ClinicWaiting, HisBreak, HisDay, OrderBasket
from scenarios.hospital.orders import matching
from scenarios.hospital.terms import BookingTerms
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import execute, value
from tests import make
from tests.jobs import run_due
from tests.page import inspect
from tests.scenarios.hospital.test_orders import basket_of, now, paid
from tests.scenarios.hospital.ward import Ward
from ui.errors import Conflict, Unavailable

ZONE = "Asia/Singapore"


def noon(day: date) -> datetime:
    return at(day, 12 * 60, ZONE)


async def posted(ward: Ward, amount: str) -> OrderBasket:
    """Orders that were paid at noon and confirmed by the system."""
    _, _, basket = await basket_of(ward, amount)
    await paid(ward, basket)
    await run_due(ward.house.id)
    async with ward.house.scope():
        await execute("update hospital_basket set paid_at = $2 where id = $1", basket.id, noon(today(ZONE)))
    return await now(ward, basket)


async def breaks(ward: Ward, status: str = "open") -> dict[str, HisBreak]:
    async with ward.house.scope():
        return {one.kind: one for one in await HisBreak.filter(tenant_id=ward.house.id, status=status)}


async def test_both_sides_can_be_mended_at_the_hospitals_system(ward):
    house = ward.house
    lost, good = await posted(ward, "6.00"), await posted(ward, "5.00")
    async with house.scope():
        his = await connecting.his_of(house.id)
    (there,) = await ward.standing(lost)
    await his.reverse(there)
    _, _, account = await house.mine()
    ward.charge(account.number, "9.00")
    (order,) = await his.unpaid_orders(account.number)
    await his.post(Posting("till-7", account.number, [order.id], 900))
    assert await matching.match_day(house.finance, today(ZONE)) == 2
    found = await breaks(ward)
    assert set(found) == {"refund_one_side", "posted_not_paid"}
    async with house.scope():
        (day,) = await HisDay.filter(tenant_id=house.id)
    assert (day.ours_minor, day.theirs_minor, day.bank_minor, day.open_count) == (1_100, 1_400, 1_100, 2)
    for one in found.values():
        await matching.mend(house.finance, one.id)
    assert await breaks(ward) == {}
    assert len(await breaks(ward, "cleared")) == 2
    assert [one.amount_minor for one in await ward.standing(lost)] == [600]
    assert len(await ward.standing(good)) == 1
    assert await his.query("till-7") == []
    with pytest.raises(Conflict, match=r"break\.closed"):
        await matching.mend(house.finance, found["posted_not_paid"].id)


async def test_a_break_with_the_bank_is_one_of_the_day_and_only_words_close_it(ward):
    house = ward.house
    basket = await posted(ward, "6.00")
    async with house.scope():
        attempt = await Attempt.get(
            tenant_id=house.id,
            payment_id=await value(
                "select payment_id from billing_allocation where tenant_id = $1 and bill_id = $2",
                house.id,
                basket.bill_id,
            ),
        )
        account = await SettlementAccount.get(tenant_id=house.id)
        await Break.create(
            tenant_id=house.id,
            kind="amount",
            settlement_account_id=account.id,
            channel="bank",
            subject_kind="payment",
            subject_id=attempt.id,
            day=today(ZONE),
            currency="SGD",
            expected_minor=600,
            found_minor=550,
            facts={},
        )
    assert await matching.match_day(house.finance, today(ZONE)) == 1
    found = (await breaks(ward))["bank_differs"]
    assert (found.ours_minor, found.theirs_minor) == (600, 550)
    with pytest.raises(Conflict, match=r"break\.words"):
        await matching.mend(house.finance, found.id)
    async with house.scope():
        await matching.close(house.finance, break_id=found.id, reason="The bank has kept a fee.")
        assert (await HisDay.get(tenant_id=house.id)).open_count == 0


async def test_yesterday_is_matched_by_itself_at_night_and_a_silent_system_is_asked_again(ward):
    house, day = ward.house, today(ZONE)
    basket = await posted(ward, "6.00")
    async with house.scope():
        await execute(
            "update hospital_basket set paid_at = $2 where id = $1", basket.id, noon(day - timedelta(days=1))
        )
    await jobs.match_night(house.system, {})
    async with house.scope():
        days = {one.day: one.ours_minor for one in await HisDay.filter(tenant_id=house.id)}
    assert days == {day - timedelta(days=2): 0, day - timedelta(days=1): 600}
    ward.fault("error_before", operation="invoices.search", times=1)
    with pytest.raises(Unavailable):
        await jobs.match_night(house.system, {})


async def test_a_job_of_the_night_is_put_on_once_its_hour_is_near(house):
    zone = "Asia/Singapore"
    hour = (local(datetime.now(UTC), zone).hour + 1) % 24
    count = "select count(*) from tenants_outbox where tenant_id = $1 and job = 'hospital.match_night'"
    async with house.scope():
        for wanted in range(24):
            await jobs.at_hour(zone, wanted, jobs.MATCH_JOB)
        assert await value(count, house.id) == 1
        assert await value(
            f"{count} and extract(hour from due_at at time zone '{zone}') = $2", house.id, hour
        )


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_finance_sees_days_and_differences_and_mends_them(ward, client, language):
    client.headers["Accept-Language"] = language
    house = ward.house
    lost = await posted(ward, "6.00")
    async with house.scope():
        his = await connecting.his_of(house.id)
    (there,) = await ward.standing(lost)
    await his.reverse(there)
    await matching.match_day(house.finance, today(ZONE))
    (found,) = (await breaks(ward)).values()
    await make.sign_in(client, house.finance.person_id)
    root = house.root
    for path in ("his-days", "his-breaks", f"his-breaks?day={found.day}", f"his-breaks/{found.id}"):
        answer = await client.get(f"{root}/{path}")
        assert answer.status_code == 200, path
        inspect(answer.text)
    assert (await client.get(f"{root}/his-days?export=csv")).status_code == 200
    ward.fault("error_before", operation="invoices.create", times=1)
    for _ in range(2):
        assert (await client.post(f"{root}/his-breaks/{found.id}/mending")).status_code == 303
    assert await breaks(ward) == {}
    await make.sign_in(client, house.clerk.person_id)
    assert (await client.get(f"{root}/his-days")).status_code == 403
    assert (await client.post(f"{root}/his-breaks/{found.id}/mending")).status_code == 403


async def test_the_administrator_sets_the_rules_and_the_connection(ward, client):
    house, root = ward.house, ward.house.root
    await make.sign_in(client, house.chief.person_id)
    booking = {
        "hold_minutes": "20", "per_day": "2", "per_department_day": "1", "missed_most": "4", "block_days": "10",
        "late_behind": "2", "offer_minutes": "45",
    }  # fmt: skip
    stays = {"threshold_minor": "800.00", "remind_hours": "12", "credit_most_minor": "0", "credit_days": "5"}
    for section, said, wrong in (("booking", booking, "per_day"), ("stays", stays, "credit_days")):
        path = f"{root}/settings/terms/{section}"
        inspect((await client.get(path)).text)
        refused = await client.post(path, data=said | {wrong: "0"})
        assert refused.status_code == 422
        inspect(refused.text)
        assert (await client.post(path, data=said)).status_code == 303
    async with house.scope():
        assert (await terms_of(house.id, BookingTerms)).hold_minutes == 20
        assert (await terms_of(house.id, StayTerms)).threshold_minor == 80_000
        before = await terms_of(house.id, connecting.HisTerms)
    path = f"{root}/his-connection"
    page = (await client.get(path)).text
    inspect(page)
    assert before.url in page
    assert before.sealed_token not in page
    assert (await client.post(f"{path}/trial")).status_code == 303
    for url in ("ftp://x", "http://a:b@c/", "nonsense"):
        refused = await client.post(path, data={"url": url, "token": "", "confirm_minutes": "5"})
        assert refused.status_code == 422
        inspect(refused.text)
    kept = {"url": before.url, "token": "", "confirm_minutes": "5"}
    assert (await client.post(path, data=kept)).status_code == 303
    async with house.scope():
        after = await terms_of(house.id, connecting.HisTerms)
    assert (after.sealed_token, after.confirm_minutes) == (before.sealed_token, 5)
    await client.post(path, data=kept | {"token": "wrong"})
    assert (await client.post(f"{path}/trial")).status_code == 303
    await make.sign_in(client, house.finance.person_id)
    assert (await client.get(path)).status_code == 403


async def test_who_waits_sees_it_and_may_wait_no_longer(house, client):
    person, actor, account = await house.mine()
    session = await house.session(1, 4)
    async with house.scope():
        await execute(
            "delete from hospital_slot where tenant_id = $1 and session_id = $2", house.id, session.id
        )
        await waiting.wait(
            actor.within(house.id), session_id=session.id, account_id=account.id, visit="first"
        )
        (place,) = await ClinicWaiting.filter(tenant_id=house.id)
    stranger = await make.person()
    await make.sign_in(client, stranger.id)
    end = f"/my/care/waiting/{place.id}/end"
    assert (await client.post(end)).status_code == 404
    await make.sign_in(client, person.id)
    page = (await client.get("/my/care")).text
    inspect(page)
    assert end in page
    assert (await client.post(end)).status_code == 303
    assert end not in (await client.get("/my/care")).text
    async with house.scope():
        assert (await ClinicWaiting.get(tenant_id=house.id, id=place.id)).status == "left"
    assert (await client.post(f"/my/care/waiting/{new_id()}/end")).status_code == 404
