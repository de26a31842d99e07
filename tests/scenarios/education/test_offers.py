"""Places are held while they are paid for, never sold twice, and go to the next; consent is a guardian's."""

import asyncio
import re

import asyncpg
import pytest

from billing.holds import ending
from billing.models import Bill, Hold, Refund
from scenarios.education.family import consents
from scenarios.education.models import SchoolBooking, SchoolConsent, SchoolOption
from scenarios.education.offers import cancelling, office, services
from scenarios.education.offers.services import book
from tenants.actor import system_actor
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.scope import bank_scope, execute, open_scope, tenant_scope, value
from tests import make
from tests.jobs import run_due
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Forbidden, Invalid, NotFound

CONSENT = {"en": "My child may go to the zoo.", "zh_CN": "同意孩子去动物园。"}


async def small(bank, count=3, **given):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    await world.bring_in(
        tenant, staff, world.table(*(pupil(f"A{n}", f"Child {n}") for n in range(1, count + 1)))
    )
    made, option = await world.offer(tenant, staff, **given)
    families = []
    for n in range(1, count + 1):
        actor = await world.parent(tenant, f"A{n}", name=f"Parent {n}")
        families.append((actor, await world.child(actor, (await world.account(tenant, f"A{n}")).id)))
    return tenant, staff, made, option, families


async def take(tenant, family, option, *, signed=False, quantity=1):
    actor, child = family
    async with open_scope(tenant_scope(tenant.id)):
        return await book(actor, child, option.id, quantity, has_signed=signed, key=new_id().hex)


async def state(tenant, booking):
    async with open_scope(tenant_scope(tenant.id)):
        found = await SchoolBooking.get(tenant_id=tenant.id, id=booking.id)
        option = await SchoolOption.get(tenant_id=tenant.id, id=found.option_id)
        return found.status, option.taken


async def hold_of(tenant, booking):
    async with open_scope(tenant_scope(tenant.id)):
        return await Hold.get(tenant_id=tenant.id, id=booking.hold_id)


async def run_out(tenant, booking):
    """Let the time to pay pass."""
    hold = await hold_of(tenant, booking)
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update billing_hold set until = now() - interval '1 minute' where id = $1", hold.id)
        await execute(
            "update billing_bill set held_until = now() - interval '1 minute' where id = $1", hold.bill_id
        )
    await ending.end(system_actor(tenant.id), hold.id)
    await run_due(tenant.id)


async def test_a_place_is_held_while_it_is_paid_and_kept_by_the_money(db, bank):
    tenant, _, _, option, families = await small(bank, 1)
    booking = await take(tenant, families[0], option)
    assert await state(tenant, booking) == ("held", 1)
    hold = await hold_of(tenant, booking)
    async with open_scope(tenant_scope(tenant.id)):
        bill = await Bill.get(tenant_id=tenant.id, id=hold.bill_id)
    assert (bill.total_minor, bill.account_number) == (5_000, "A1")
    await world.pay_at_desk(tenant, hold.bill_id)
    assert await state(tenant, booking) == ("kept", 1)
    with pytest.raises(Conflict):
        await take(tenant, families[0], option)


async def test_not_paid_in_time_the_place_goes_to_the_next_who_has_a_day_to_take_it(db, bank):
    tenant, _, _, option, families = await small(bank, 3, places=1)
    first = await take(tenant, families[0], option)
    second = await take(tenant, families[1], option)
    third = await take(tenant, families[2], option)
    assert [(await state(tenant, one))[0] for one in (first, second, third)] == ["held", "waiting", "waiting"]
    await run_out(tenant, first)
    assert await state(tenant, first) == ("let_go", 1)
    assert (await state(tenant, second))[0] == "offered"
    async with open_scope(tenant_scope(tenant.id)):
        assert await value("select count(*) from tenants_notice where template = 'school.place_free'") >= 1
        await execute(
            "update education_booking set until = now() - interval '1 minute' where id = $1", second.id
        )
        await services.lapse(system_actor(tenant.id), {"booking_id": str(second.id)})
    await run_due(tenant.id)
    assert (await state(tenant, second))[0] == "let_go"
    assert (await state(tenant, third))[0] == "offered"
    actor, child = families[2]
    async with open_scope(tenant_scope(tenant.id)):
        taken = await services.take_up(actor, child, third.id, key=new_id().hex)
    assert taken.status == "held"
    with pytest.raises(Conflict):
        async with open_scope(tenant_scope(tenant.id)):
            await services.take_up(families[1][0], families[1][1], second.id, key=new_id().hex)


async def test_what_is_free_is_booked_at_once_and_voluntary_never_owed(db, bank):
    tenant, _, _, option, families = await small(bank, 1, price=0)
    booking = await take(tenant, families[0], option)
    assert await state(tenant, booking) == ("kept", 1)
    async with open_scope(tenant_scope(tenant.id)):
        assert await Bill.filter(tenant_id=tenant.id).count() == 0


async def test_a_guardian_signs_the_words_they_read_and_nobody_else_can(db, bank):
    tenant, _, made, option, families = await small(bank, 2, consent=CONSENT)
    with pytest.raises(Invalid):
        await take(tenant, families[0], option)
    aunt = await world.parent(tenant, "A2", name="Aunt", relation="relative")
    child = await world.child(aunt, (await world.account(tenant, "A2")).id)
    with pytest.raises(Forbidden):
        await take(tenant, (aunt, child), option, signed=True)
    booking = await take(tenant, families[0], option, signed=True)
    async with open_scope(tenant_scope(tenant.id)):
        signed = await SchoolConsent.get(tenant_id=tenant.id, id=booking.consent_id)
        assert (signed.words, signed.person_name, signed.subject_id) == (CONSENT["en"], "Parent 1", made.id)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with open_scope(tenant_scope(tenant.id)):
            await execute("update education_consent set words = 'x' where id = $1", signed.id)


async def test_an_offer_for_one_grade_is_nothing_for_another_nor_a_draft_for_anybody(client, db, bank):
    tenant, staff, made, option, families = await small(bank, 1, grades=("5",))
    with pytest.raises(NotFound):
        await take(tenant, families[0], option)
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update education_offer set grades = '', status = 'draft'")
    with pytest.raises(NotFound):
        await take(tenant, families[0], option)
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update education_offer set status = 'open', closes_at = now() - interval '1 minute'")
    with pytest.raises(Conflict):
        await take(tenant, families[0], option)
    await make.sign_in(client, staff.person_id)
    for path in ("", f"/{made.id}"):
        shown = text_of(inspect((await client.get(f"/t/{tenant.slug}/offers{path}")).text))
        assert "Deadline passed" in shown, "nobody can book it, so it does not look open"


async def test_sizes_have_their_own_stock_and_several_may_be_bought(db, bank):
    sizes = [office.Option({"en": size}, 2_000, 3) for size in ("S", "M")]
    tenant, _, made, small_size, families = await small(bank, 1, kind="shop", options=sizes, most_each=5)
    await take(tenant, families[0], small_size, quantity=2)
    over = await take(tenant, families[0], small_size, quantity=2)
    assert over.status == "waiting"
    async with open_scope(tenant_scope(tenant.id)):
        medium = (await office.options_of(made))[1]
    booking = await take(tenant, families[0], medium, quantity=3)
    assert await state(tenant, booking) == ("held", 3)
    with pytest.raises(Invalid):
        await take(tenant, families[0], medium, quantity=6)


async def test_cancelled_in_time_all_of_it_goes_back_and_the_next_is_asked(db, bank):
    tenant, _, _, option, families = await small(bank, 2, places=1)
    booking = await take(tenant, families[0], option)
    waits = await take(tenant, families[1], option)
    await world.pay_at_desk(tenant, (await hold_of(tenant, booking)).bill_id)
    await cancelling.cancel(families[0][0], families[0][1], booking.id)
    await run_due(tenant.id)
    assert (await state(tenant, booking))[0] == "cancelled"
    assert (await state(tenant, waits))[0] == "offered"
    async with open_scope(tenant_scope(tenant.id)):
        refund = await Refund.get(tenant_id=tenant.id)
        assert refund.amount_minor == 5_000
        await execute("update education_offer set closes_at = now() - interval '1 minute'")
    again = await world.offer(tenant, (await make.staff(tenant)), places=1)
    late = await take(tenant, families[0], again[1])
    await world.pay_at_desk(tenant, (await hold_of(tenant, late)).bill_id)
    async with open_scope(tenant_scope(tenant.id)):
        await execute("update education_offer set closes_at = now() - interval '1 minute'")
    with pytest.raises(Conflict):
        await cancelling.cancel(families[0][0], families[0][1], late.id)


async def test_called_off_by_the_school_everybody_gets_everything_back(db, bank):
    tenant, staff, made, option, families = await small(bank, 3, places=2)
    paid, held, waits = [await take(tenant, family, option) for family in families]
    await world.pay_at_desk(tenant, (await hold_of(tenant, paid)).bill_id)
    async with open_scope(tenant_scope(tenant.id)):
        await cancelling.cancel_offer(staff, made.id, reason="Rain")
    await run_due(tenant.id)
    assert [(await state(tenant, one))[0] for one in (paid, waits)] == ["cancelled", "cancelled"]
    assert (await state(tenant, held))[0] == "cancelled"
    async with open_scope(tenant_scope(tenant.id)):
        assert (await Refund.get(tenant_id=tenant.id)).amount_minor == 5_000


async def test_lasting_consent_holds_until_it_is_taken_back(db, bank):
    tenant, _, _, _, families = await small(bank, 1)
    actor, child = families[0]
    async with open_scope(tenant_scope(tenant.id)):
        account_id = child.account_id
        with pytest.raises(Conflict):
            await consents.must_allow(tenant.id, account_id, "health", tenant.timezone)
        await consents.sign(actor, child, purpose="health", words="I agree.")
        await consents.must_allow(tenant.id, account_id, "health", tenant.timezone)
        await consents.take_back(actor, child, purpose="health", words="No more.")
        with pytest.raises(Conflict):
            await consents.must_allow(tenant.id, account_id, "health", tenant.timezone)
        await execute("update education_user set born_on = '2005-01-01' where account_id = $1", account_id)
        await consents.must_allow(tenant.id, account_id, "health", tenant.timezone)


PARENTS, PLACES = 50, 10


async def fifty_at_once(bank) -> int:
    """Fifty parents press the button in the same moment for ten places; return how many have one."""
    tenant, _, _, option, families = await small(bank, PARENTS, places=PLACES)
    await asyncio.gather(*(take(tenant, family, option) for family in families), return_exceptions=True)
    async with open_scope(tenant_scope(tenant.id)):
        return await value(
            "select count(*) from education_booking where tenant_id = $1 and status in ('held', 'kept', 'offered')",
            tenant.id,
        )


async def test_fifty_parents_at_once_never_get_more_places_than_there_are(committed, bank):
    assert await fifty_at_once(bank) == PLACES


async def test_without_lock_and_limit_they_would(committed, bank, owner, monkeypatch):
    """The control: with the lock taken away and the limit gone, the same fifty take more than ten."""

    async def unlocked(tenant_id, option_id):
        found = await SchoolOption.get(tenant_id=tenant_id, id=option_id)
        await asyncio.sleep(0.02)
        return found

    monkeypatch.setattr(services, "lock_option", unlocked)
    constraint = "education_offer_option_places_check"
    await owner.execute(f"alter table education_offer_option drop constraint {constraint}")
    try:
        assert await fifty_at_once(bank) > PLACES
    finally:
        await owner.execute(
            f"alter table education_offer_option add constraint {constraint} check (taken >= 0 and taken <= places)"
            " not valid"
        )


async def test_the_parents_pages_lead_from_the_children_to_a_booking(client, db, bank):
    _tenant, _, made, _, families = await small(bank, 2, consent=CONSENT)
    actor, child = families[0]
    await make.sign_in(client, actor.person_id)
    for language in ("en", "zh-CN"):
        page = await client.get("/my/school", headers={"Accept-Language": language})
        inspect(page.text)
    assert "Child 1" in page.text
    assert "Child 2" not in page.text
    root = f"/my/school/{child.account_id}"
    assert "Zoo" in text_of(inspect((await client.get(root)).text))
    page = await client.get(f"{root}/offers/{made.id}")
    option = page.text.split('name="option" value="')[1].split('"')[0]
    key = page.text.split('name="key" value="')[1].split('"')[0]
    refused = await client.post(f"{root}/offers/{made.id}/bookings", data={"option": option, "key": key})
    assert refused.status_code == 422
    inspect(refused.text)
    data = {"option": option, "key": key, "has_signed": "1"}
    booked = await client.post(f"{root}/offers/{made.id}/bookings", data=data)
    assert booked.status_code == 303
    page = await client.get(booked.headers["location"])
    assert "/my/checkout?bill=" in page.text
    assert CONSENT["en"] in text_of(inspect(page.text))
    other = families[1][1].account_id
    theirs = booked.headers["location"].replace(str(child.account_id), str(other))
    for path in (f"/my/school/{other}", f"/my/school/{other}/offers/{made.id}", theirs):
        assert (await client.get(path)).status_code == 404, path
    assert (await client.post(f"{booked.headers['location']}/cancelling")).status_code == 303
    shown = text_of(inspect((await client.get(booked.headers["location"])).text))
    assert "Cancelled" in shown
    assert "Nothing was charged" in shown, "what goes back is told of only where something was paid"
    assert "Not paid in time" not in shown


async def test_a_school_that_takes_no_money_offers_nothing_that_costs_some(client, db, bank):
    tenant, staff, made, option, families = await small(bank, 2)
    free, _ = await world.offer(tenant, staff, price=0, titles={"en": "Choir"})
    held = await take(tenant, families[1], option)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(
            status="closing", takes_payments=False, word_to_payers="We close in May."
        )
    actor, child = families[0]
    await make.sign_in(client, actor.person_id)
    root = f"/my/school/{child.account_id}"
    for path in ("/my/school", root):
        shown = text_of(inspect((await client.get(path)).text))
        assert "Choir" in shown
        assert "Zoo" not in shown, path
    assert "We close in May." in shown
    assert "On offer for your children: 1." in text_of(inspect((await client.get("/my")).text))
    page = (await client.get(f"{root}/offers/{made.id}")).text
    assert "We close in May." in text_of(inspect(page))
    assert "/bookings" not in page
    assert f"{root}/offers/{free.id}/bookings" in (await client.get(f"{root}/offers/{free.id}")).text
    with pytest.raises(Conflict, match="We close in May"):
        await take(tenant, families[0], option)
    await make.sign_in(client, families[1][0].person_id)
    page = (await client.get(f"/my/school/{families[1][1].account_id}/bookings/{held.id}")).text
    assert "We close in May." in text_of(inspect(page))
    assert "/my/checkout" not in page


async def test_nobody_loses_their_turn_while_the_school_takes_no_money(db, bank):
    tenant, _, _, option, families = await small(bank, 2, places=1)
    first, second = await take(tenant, families[0], option), await take(tenant, families[1], option)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(status="suspended", takes_payments=False)
    await run_out(tenant, first)
    assert await state(tenant, second) == ("waiting", 0)
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=tenant.id).update(status="live", takes_payments=True)
    async with open_scope(tenant_scope(tenant.id)):
        waits = "select count(*) from tenants_outbox where tenant_id = $1 and job = $2 and done_at is null"
        assert await value(waits, tenant.id, services.PROMOTE_JOB) == 1, "it is tried again"
        await services.promote(system_actor(tenant.id), {"option_id": str(option.id)})
    assert await state(tenant, second) == ("offered", 1)


async def test_the_offices_pages_write_open_and_count(client, db, bank):
    tenant, staff = await world.school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/offers"
    for path in (root, f"{root}/new"):
        inspect((await client.get(path)).text)
    day = make.today().isoformat()
    data = {
        "kind": "club",
        "title_en": "Chess",
        "opens_on": day,
        "closes_on": day,
        "minutes": "30",
        "most_each": "1",
    }
    refused = await client.post(root, data=data)
    assert refused.status_code == 422
    data |= {"options-0-price_minor": "20", "options-0-places": "8", "has_waiting": "1"}
    made = await client.post(root, data=data)
    assert made.status_code == 303, text_of(inspect(made.text))
    there = made.headers["location"]
    assert "Open it to families" in text_of(inspect((await client.get(there)).text))
    assert (await client.post(f"{there}/opening")).status_code == 303
    shown = text_of(inspect((await client.get(there)).text))
    assert "0 of 8 taken" in shown
    assert "Nobody has booked yet" in shown, "the offer itself is no filter that somebody could clear"
    option = re.search(r"/options/([0-9a-f-]+)/places", (await client.get(there)).text)[1]
    for typed in ("0", "many", "100000"):
        wrong = await client.post(f"{there}/options/{option}/places", data={"places": typed})
        assert wrong.status_code == 422
        inspect(wrong.text)
        assert f'value="{typed}"' in wrong.text, "what was typed is not lost"
    changed = await client.post(f"{there}/options/{option}/places", data={"places": "25"})
    assert changed.status_code == 303
    assert "Nothing matches" in text_of(inspect((await client.get(f"{there}?status=kept")).text))
    inspect((await client.get(f"{there}/cancelling")).text)
    only = await client.post(root, data=data | {"title_en": "", "title_zh": "棋社"})
    assert only.status_code == 303, "a title in one language is a title"
    assert "棋社" in text_of(inspect((await client.get(only.headers["location"])).text))
    assert (await client.post(root, data=data | {"title_en": ""})).status_code == 422
    reader = await make.staff(tenant, "reader")
    await make.sign_in(client, reader.person_id)
    assert (await client.get(there)).status_code == 200
    assert (await client.post(f"{there}/closing")).status_code == 403
