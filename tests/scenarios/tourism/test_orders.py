"""From choosing to giving back: places, money and tickets never part."""

from datetime import UTC, datetime, timedelta

import pytest

from billing.holds import ending
from billing.models import Hold
from scenarios.tourism.calendar import slots
from scenarios.tourism.models import DayRule, Product, SlotTemplate, Strike, Ticket
from scenarios.tourism.orders import changing, codes, people, placing, refunding
from scenarios.tourism.orders.people import Visitor
from scenarios.tourism.stock.pools import SoldOut
from tenants.ids import new_id
from tests.scenarios.tourism import world
from ui.errors import Conflict, Invalid

LI = Visitor("Li Hua", "11010519491231002X")
WANG = Visitor("Wang Fang", "G12345678")


async def test_an_order_is_held_paid_and_becomes_tickets(db, bank):
    palace = await world.build(bank)
    order = await world.place(palace, ("palace", "adult", 2), ("palace", "child", 1))
    assert (order.status, order.total_minor, order.people) == ("held", 8000, 3)
    assert await world.pools(palace) == {"day": (100, 3, 0), "slot1": (60, 3, 0), "slot2": (60, 0, 0)}
    assert (await world.bill_of(palace, order)).held_until is not None
    paid = await world.pay(palace, order)
    assert paid.status == "paid"
    assert [one.status for one in await world.tickets(palace, order)] == ["issued"] * 3
    assert await world.pools(palace) == {"day": (100, 0, 3), "slot1": (60, 0, 3), "slot2": (60, 0, 0)}
    assert (await world.bill_of(palace, order)).status == "paid"
    assert await world.all_right(palace)


async def test_the_same_key_orders_once(db, bank):
    palace = await world.build(bank)
    request = await world.asked(palace)
    async with palace.scope():
        one = await placing.place(palace.guest, request, key="k-1")
        two = await placing.place(palace.guest, request, key="k-1")
    assert one.id == two.id
    assert (await world.pools(palace))["day"] == (100, 1, 0)


async def test_what_costs_nothing_is_sold_at_once(db, bank):
    palace = await world.build(bank)
    order = await world.place(palace, ("palace", "child", 2))
    assert (order.status, order.bill_id) == ("paid", None)
    assert (await world.pools(palace))["slot1"] == (60, 0, 2)
    assert await world.all_right(palace)


async def test_prices_follow_season_and_are_the_fee_rule_of_the_day(db, bank):
    palace = await world.build(bank)
    mark = f"{palace.day:%m-%d}"
    async with palace.scope():
        palace.site.seasons = [{"key": "peak", "from": mark, "until": mark}]
        await palace.site.save()
    assert (await world.place(palace)).total_minor == 6000


async def test_a_combined_ticket_is_a_ticket_for_each_part_and_one_place(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("combo", "adult", 2))
    found = await world.tickets(palace, order)
    assert len(found) == 4
    assert sum(one.price_minor for one in found) == order.total_minor == 8000
    assert sum(one.places for one in found) == 2
    assert (await world.pools(palace))["day"] == (100, 0, 2)


async def test_a_group_is_one_ticket_for_all_and_has_a_least_size(db, bank):
    palace = await world.build(bank)
    with pytest.raises(Invalid, match="too_few"):
        await world.place(palace, ("group", "adult", 9))
    order = await world.bought(palace, ("group", "adult", 12))
    (ticket,) = await world.tickets(palace, order)
    assert (ticket.people, ticket.price_minor, ticket.places) == (12, 48_000, 12)


async def test_an_order_that_is_not_paid_gives_its_places_back(db, bank):
    palace = await world.build(bank)
    order = await world.place(palace, ("palace", "adult", 2))
    hold = await world.hold_of(palace, order)
    async with palace.scope():
        await Hold.filter(tenant_id=palace.id, id=hold.id).update(until=datetime.now(UTC))
    await ending.end(palace.system, hold.id)
    assert (await world.fresh(palace, order)).status == "expired"
    assert {one.status for one in await world.tickets(palace, order)} == {"void"}
    assert (await world.pools(palace))["day"] == (100, 0, 0)
    assert await world.all_right(palace)


async def test_names_are_asked_for_and_each_document_has_one_ticket_a_day(db, bank):
    palace = await world.build(bank)
    with pytest.raises(Invalid, match=r"visitor\.missing"):
        await world.place(palace, ("named", "adult", 2), visitors=(LI,))
    with pytest.raises(Invalid, match=r"visitor\.twice"):
        await world.place(palace, ("named", "adult", 2), visitors=(LI, LI))
    order = await world.place(palace, ("named", "adult", 1), visitors=(LI,))
    (ticket,) = await world.tickets(palace, order)
    assert people.unseal(people.NAMES, ticket.visitor) == "Li Hua"
    assert LI.document.encode() not in bytes(ticket.document_key)
    with pytest.raises(Conflict, match=r"visitor\.has_ticket"):
        await world.place(palace, ("named", "adult", 1), visitors=(LI,))
    other_day = (await world.slots_of(palace, palace.day + timedelta(days=1)))[0]
    await world.place(palace, ("named", "adult", 1), visitors=(LI,), slot=other_day)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("11010519491231002X", True),
        ("110105194912310021", False),
        ("1101051949123100", False),
        ("G12345678", True),
        ("ABCDE", False),
    ],
)
def test_documents_are_checked(text, is_right):
    assert people.is_document(text) is is_right


async def test_the_cap_of_the_day_binds_before_the_slots_do(db, bank):
    palace = await world.build(bank, day_cap=5, half=60)
    await world.place(palace, ("palace", "adult", 3))
    second = (await world.slots_of(palace))[1]
    with pytest.raises(SoldOut):
        await world.place(palace, ("palace", "adult", 3), slot=second)
    await world.place(palace, ("palace", "adult", 2), slot=second)
    assert (await world.pools(palace))["day"] == (5, 5, 0)


async def test_a_lower_cap_leaves_what_is_sold_and_ends_further_sales(db, bank):
    palace = await world.build(bank, day_cap=100, half=100)
    order = await world.bought(palace, ("group", "adult", 50))
    async with palace.scope():
        await DayRule.create(
            tenant_id=palace.id, site_id=palace.site.id, day=palace.day, cap_percent=30, reason="Storm"
        )
        await slots.make_days(palace.site, palace.day)
    assert (await world.pools(palace))["day"] == (50, 0, 50)
    with pytest.raises(SoldOut):
        await world.place(palace)
    assert (await world.tickets(palace, order))[0].status == "issued"
    (ticket,) = await world.tickets(palace, order)
    async with palace.scope():
        await refunding.give_back(palace.guest, order.id, [ticket.id], seen_minor=200_000, key=new_id().hex)
    assert (await world.pools(palace))["day"] == (30, 0, 0)


async def test_an_allotment_is_a_part_of_its_slot(db, bank):
    palace = await world.build(bank)
    async with palace.scope():
        template = await SlotTemplate.filter(tenant_id=palace.id).order_by("start_minute").first()
        template.allotments = {"web": 2}
        await template.save()
        await slots.make_days(palace.site, palace.day)
    await world.place(palace, ("palace", "adult", 2))
    with pytest.raises(SoldOut):
        await world.place(palace)
    await world.place(palace, channel="desk")
    assert (await world.pools(palace))["slot1"] == (60, 3, 0)


async def test_giving_back_follows_the_tiers_that_the_ticket_has_kept(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("palace", "adult", 2))
    one, two = await world.tickets(palace, order)
    async with palace.scope():
        await Product.filter(tenant_id=palace.id).update(refund_tiers=[])
        await Ticket.filter(id=one.id, tenant_id=palace.id).update(
            begins_at=datetime.now(UTC) + timedelta(hours=5)
        )
        with pytest.raises(Conflict, match="tier_passed"):
            await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=4000, key=new_id().hex)
        await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=2000, key="back-1")
        await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=2000, key="back-1")
    after = await world.fresh(palace, order)
    assert (after.status, after.refunded_minor) == ("part_refunded", 2000)
    assert [t.status for t in await world.tickets(palace, order)] == ["refunding", "issued"]
    assert (await world.pools(palace))["day"] == (100, 0, 1)
    async with palace.scope():
        with pytest.raises(Conflict, match=r"ticket\.used"):
            await refunding.give_back(palace.guest, order.id, [one.id], seen_minor=2000, key=new_id().hex)
        await refunding.give_back(palace.guest, order.id, [two.id], seen_minor=4000, key=new_id().hex)
    assert (await world.fresh(palace, order)).status == "refunded"
    assert await world.all_right(palace)


async def test_giving_back_on_the_day_is_held_against_the_document(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("named", "adult", 1), visitors=(LI,))
    (ticket,) = await world.tickets(palace, order)
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id, id=ticket.id).update(begins_at=datetime.now(UTC))
        await refunding.give_back(palace.guest, order.id, [ticket.id], seen_minor=800, key=new_id().hex)
        (strike,) = await Strike.filter(tenant_id=palace.id)
    assert strike.reason == "late_refund"


async def test_going_at_another_time_moves_the_place_and_revokes_the_code(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("palace", "adult", 2))
    first, second = await world.slots_of(palace)
    old = [codes.code_of(one) for one in await world.tickets(palace, order)]
    async with palace.scope():
        await changing.change_slot(
            palace.guest, order.id, day=palace.day, slot_id=second.id, key=new_id().hex
        )
    assert await world.pools(palace) == {"day": (100, 0, 2), "slot1": (60, 0, 0), "slot2": (60, 0, 2)}
    found = await world.tickets(palace, order)
    assert {one.slot_id for one in found} == {second.id}
    assert first.id != second.id
    read = [codes.read_code(palace.id, text) for text in old]
    assert [one.serial for one in read if one] == [1, 1]
    assert {one.serial for one in found} == {2}
    assert await world.all_right(palace)


async def test_on_a_day_that_is_full_people_still_change_from_one_time_to_the_other(db, bank):
    palace = await world.build(bank, day_cap=4, half=4)
    order = await world.bought(palace, ("palace", "adult", 3))
    await world.bought(palace, ("palace", "adult", 1), contact="ben@example.com")
    first, second = await world.slots_of(palace)
    async with palace.scope():
        await changing.change_slot(
            palace.guest, order.id, day=palace.day, slot_id=second.id, key=new_id().hex
        )
    assert await world.pools(palace) == {"day": (4, 0, 4), "slot1": (4, 0, 1), "slot2": (4, 0, 3)}
    assert await world.all_right(palace)
    with pytest.raises(SoldOut):
        await world.place(palace, ("palace", "adult", 1), slot=first, contact="cat@example.com")


async def test_nobody_changes_to_a_time_or_a_day_that_is_full(db, bank):
    palace = await world.build(bank, day_cap=6, half=4)
    first, second = await world.slots_of(palace)
    order = await world.bought(palace, ("palace", "adult", 3), slot=first)
    await world.bought(palace, ("palace", "adult", 2), slot=second, contact="ben@example.com")
    (other, _) = await world.slots_of(palace, palace.day + timedelta(days=1))
    await world.bought(palace, ("palace", "adult", 4), slot=other, contact="cat@example.com")
    for slot in (second, other):
        async with palace.scope():
            with pytest.raises(SoldOut):
                await changing.change_slot(
                    palace.guest, order.id, day=slot.day, slot_id=slot.id, key=new_id().hex
                )
    assert await world.all_right(palace)


async def test_a_ticket_that_may_be_passed_on_changes_its_visitor(db, bank):
    palace = await world.build(bank)
    order = await world.bought(palace, ("named", "adult", 1), visitors=(LI,))
    (ticket,) = await world.tickets(palace, order)
    async with palace.scope():
        await changing.transfer(palace.guest, ticket.id, order_id=order.id, visitor=WANG, key=new_id().hex)
    (after,) = await world.tickets(palace, order)
    assert people.unseal(people.NAMES, after.visitor) == "Wang Fang"
    assert after.serial == 2
    plain = await world.bought(palace)
    (other,) = await world.tickets(palace, plain)
    async with palace.scope():
        with pytest.raises(Conflict, match="not_transferable"):
            await changing.transfer(palace.guest, other.id, order_id=plain.id, visitor=WANG, key=new_id().hex)


async def test_a_code_is_only_read_by_the_institution_that_signed_it(db, bank):
    palace, other = await world.build(bank), await world.build(bank)
    (ticket,) = await world.tickets(palace, await world.bought(palace))
    text = codes.code_of(ticket)
    read = codes.read_code(palace.id, text)
    assert read is not None
    assert (read.ticket_id, read.people, read.uses) == (ticket.id, 1, 1)
    assert read.valid_until == ticket.valid_until
    assert codes.read_code(other.id, text) is None
    assert codes.read_code(palace.id, text[:-3] + "AAA") is None
    assert codes.read_code(palace.id, "T1.not-a-code") is None


async def test_a_buyer_is_told_once_where_the_tickets_are(db, bank):
    from tenants.models import Notice  # noqa: PLC0415

    palace = await world.build(bank)
    order = await world.bought(palace)
    async with palace.scope():
        (notice,) = await Notice.filter(tenant_id=palace.id, template="tourism_tickets")
    assert notice.recipient == "ann@example.com"
    assert order.number in notice.subject
    assert world.link_in(notice.body).startswith("/tickets/")
