"""An agency's clerk books at the agency's own desk; the site makes the contract and issues the statement."""

import io
import re

import python_calamine
import xlsxwriter

from scenarios.tourism.agencies import statements
from scenarios.tourism.models import AgencyStatement, Contract, GroupList, Order
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.tourism import agency as agencies
from tests.scenarios.tourism import world
from tests.scenarios.tourism.test_shop import form_of

LIST = (
    "Ausflug\n"
    "Name,Passport,Type\n"
    "Li Hua,11010519491231002X,Adult\n"
    "Wang Fang,G12345678,成人\n"
    "Wang Fang again,G12345678,Adult\n"
    "Nobody,123,Adult\n"
    ",E7654321Z,Adult\n"
    "Child,E7654322Z,Child\n"
)


async def at_desk(client, it, company=agencies.COMPANY):
    client.cookies.clear()
    await make.sign_in(client, it.person.id, company=company)


async def seen(client, path: str, status: int = 200):
    answer = await client.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:800])
    return inspect(answer.text)


async def sent(client, path: str, data, status: int = 303, **more):
    answer = await client.post(path, data=data, **more)
    assert answer.status_code == status, (path, answer.status_code, answer.text[:3000])
    return answer


async def test_a_clerk_books_by_count_moves_and_cancels(db, bank, client):
    palace = await world.build(bank)
    it = await agencies.agency(palace, allotment=10)
    first, second = await world.slots_of(palace)
    await at_desk(client, it)
    assert "Sunrise Travel" in text_of(await seen(client, "/my/agencies"))
    assert "Book for groups" in text_of(await seen(client, "/my"))
    assert "30.00" in text_of(await seen(client, it.root))
    day = palace.day.isoformat()
    root = await seen(client, f"{it.root}/book?day={day}")
    assert "10 places kept for you" in text_of(root)
    facts = form_of(root, "/book") | {
        "slot": str(first.id), "name": "Guide", "contact": "guide@example.com",
        f"q-{palace.products['palace'].id}-adult": "3",
    }  # fmt: skip
    await sent(client, f"{it.root}/book", facts | {"contact": "nowhere"}, 422)
    answer = await sent(client, f"{it.root}/book", facts)
    page = await seen(client, answer.headers["location"])
    assert "100 % are not charged" in text_of(page)
    assert (await client.get(answer.headers["location"] + "/pdf")).headers[
        "content-type"
    ] == "application/pdf"
    await seen(client, answer.headers["location"] + "/move")
    move = form_of(await seen(client, f"{answer.headers['location']}/move?day={day}"), "/move")
    await sent(client, answer.headers["location"] + "/move", move | {"slot": str(second.id)})
    async with palace.scope():
        order = await Order.get(tenant_id=palace.id)
    assert order.slot_id == second.id
    tickets = await world.tickets(palace, order)
    cancel = form_of(page, "/cancellation") | {"tickets": [str(tickets[0].id)]}
    await sent(client, answer.headers["location"] + "/cancellation", cancel | {"seen_percent": "50"}, 422)
    await sent(client, answer.headers["location"] + "/cancellation", cancel | {"key": "other"})
    assert "Partly cancelled" in text_of(await seen(client, f"{it.root}/bookings"))
    file = await client.get(f"{it.root}/bookings?export=csv")
    assert order.number in file.text
    assert await world.all_right(palace)


async def test_a_list_is_tried_first_and_its_refused_rows_come_back(db, bank, client):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    slot = (await world.slots_of(palace))[0]
    await at_desk(client, it)
    await seen(client, f"{it.root}/lists?day={palace.day.isoformat()}")
    facts = {
        "day": palace.day.isoformat(), "slot": str(slot.id), "product": str(palace.products["named"].id),
    }  # fmt: skip
    await sent(client, f"{it.root}/lists", facts, 422, files={"file": ("x.csv", b"%PDF-1.4", "text/csv")})
    answer = await sent(
        client, f"{it.root}/lists", facts, files={"file": ("list.csv", LIST.encode(), "text/csv")}
    )
    path = answer.headers["location"]
    said = text_of(await seen(client, path))
    for words in ("Book 2 visitors", "same as row 4", "Check this number", "is empty but needed", "no price"):
        assert words in said, words
    book = await seen(client, path)
    answer = await sent(
        client, f"{path}/booking", form_of(book, "/booking") | {"name": "Guide", "contact": "g@example.com"}
    )
    async with palace.scope():
        order = await Order.get(tenant_id=palace.id)
        kept = await GroupList.get(tenant_id=palace.id)
    assert (order.people, kept.status, kept.content) == (2, "booked", None)
    assert b"Wang" not in bytes(kept.refused)
    await seen(client, path)
    for kind in ("csv", "xlsx"):
        file = await client.get(f"{path}/rejected?as={kind}")
        assert file.status_code == 200
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.content)).get_sheet_by_index(0)
    assert [row[0] for row in sheet.to_python()] == ["Name", "Wang Fang again", "Nobody", "", "Child"]
    again = await sent(
        client, f"{it.root}/lists", facts, files={"file": ("list.csv", LIST.encode(), "text/csv")}
    )
    assert "has a ticket for this day already" in text_of(await seen(client, again.headers["location"]))


async def test_columns_of_another_name_are_matched_by_hand(db, bank, client):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    slot = (await world.slots_of(palace))[0]
    output = io.BytesIO()
    with xlsxwriter.Workbook(output) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([["Who", "Papers"], ["Li Hua", "11010519491231002X"]]):
            sheet.write_row(place, 0, row)
    await at_desk(client, it)
    answer = await sent(
        client,
        f"{it.root}/lists",
        {"day": palace.day.isoformat(), "slot": str(slot.id), "product": str(palace.products["named"].id)},
        files={"file": ("list.xlsx", output.getvalue())},
    )
    path = answer.headers["location"]
    assert "Papers" in text_of(await seen(client, path))
    await sent(client, f"{path}/columns", {"field_name": "Who"}, 422)
    await sent(client, f"{path}/columns", {"field_name": "Who", "field_document": "Papers"})
    assert "Book 1 visitor" in text_of(await seen(client, path))


async def test_nobody_else_comes_to_an_agencys_desk(db, bank, client):
    palace = await world.build(bank)
    it, other = await agencies.agency(palace), await agencies.agency(palace)
    order = await agencies.book(other)
    await at_desk(client, it, company=agencies.COMPANY | {"uscc": "91350100MA2XPALA00"})
    assert "company login" in text_of(await seen(client, it.root, 403))
    await at_desk(client, it, company=None)
    await seen(client, it.root, 403)
    await at_desk(client, it)
    await seen(client, other.root, 404)
    await seen(client, f"{it.root}/bookings/{order.id}", 404)
    await sent(client, f"{it.root}/bookings/{order.id}/cancellation", {"key": "k"}, 404)
    stranger = await make.person("Nobody")
    client.cookies.clear()
    await make.sign_in(client, stranger.id, company=agencies.COMPANY)
    await seen(client, it.root, 404)


async def test_the_settlement_price_stays_with_the_agency(db, bank, client):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    order = await agencies.book(it, ("palace", 1))
    from scenarios.tourism.orders import access  # noqa: PLC0415

    client.cookies.clear()
    path = access.path_of(order)
    response = make_response(order)
    client.cookies.set(*response, domain=client.base_url.host, path=path)
    page = await client.get(path)
    assert page.status_code == 200
    assert order.number in page.text
    assert "30.00" not in page.text
    assert "Give tickets back" not in page.text
    for act in ("give-back", "move"):
        assert (await client.get(f"{path}/{act}")).status_code == 403
    slot = (await world.slots_of(palace))[0]
    shop = await client.get(f"{palace.root}/{palace.day.isoformat()}/{slot.id}")
    assert "30.00" not in shop.text


def make_response(order):
    from starlette.requests import Request  # noqa: PLC0415
    from starlette.responses import Response  # noqa: PLC0415

    from scenarios.tourism.orders import access  # noqa: PLC0415

    response = Response()
    scope = {"type": "http", "scheme": "http", "headers": [], "path": "/", "query_string": b"",
             "server": ("cloud.test", 80)}  # fmt: skip
    access.open_for(response, Request(scope), order)
    name, _, rest = response.headers["set-cookie"].partition("=")
    return name, rest.split(";")[0]


async def as_role(client, palace, role: str) -> str:
    actor = await make.staff(palace.tenant, role)
    client.cookies.clear()
    await make.sign_in(client, actor.person_id)
    return f"/t/{palace.tenant.slug}"


async def test_the_site_makes_a_contract_issues_a_statement_and_ends_it(db, bank, client):
    palace = await world.build(bank)
    account = await make.account(palace.tenant, kind="agency", name="Moon Tours", attributes={})
    root = await as_role(client, palace, "agency_manager")
    assert "No contract yet" in text_of(await seen(client, f"{root}/agencies"))
    await seen(client, f"{root}/agencies/new")
    price = f"price-{palace.products['palace'].id}-adult"
    facts = {
        "account_id": str(account.id), "site_id": str(palace.site.id), "uscc": agencies.USCC,
        "since": "2020-01-01", "until": "2099-01-01", "counts": "redeemed", "limit_minor": "1,000",
        "due_days": "15", "allotment": "5", "release_days": "1", "moves_hours": "24", price: "30",
        "tiers-0-hours": "24", "tiers-0-percent": "100",
    }  # fmt: skip
    for wrong in ({"uscc": "1"}, {price: ""}, {price: "x"}, {"until": "2019-01-01"}):
        await sent(client, f"{root}/agencies", facts | wrong, 422)
    answer = await sent(client, f"{root}/agencies", facts)
    path = answer.headers["location"]
    assert "30.00" in text_of(await seen(client, path))
    await seen(client, f"{path}/edit")
    await sent(client, path, facts | {"limit_minor": "2,000"})
    async with palace.scope():
        made = await Contract.get(tenant_id=palace.id)
    assert (made.limit_minor, made.prices[0]["price_minor"], made.allotment) == (200_000, 3000, 5)
    it = agencies.Agency(palace, made, account, await make.person("Fang"), await make.staff(palace.tenant))
    period = await agencies.last_month(it, await agencies.book(it, ("palace", 2)), used=2)
    statement = (await sent(client, f"{path}/statement", {})).headers["location"]
    assert "Draft" in text_of(await seen(client, statement))
    await sent(client, f"{statement}/issuing", {})
    assert "still owed" in text_of(await seen(client, statement))
    await sent(client, f"{statement}/payment", {"key": "p"})
    assert f"{period:%Y}" in text_of(await seen(client, f"{root}/agency-statements?status=issued"))
    assert "6000" in (await client.get(f"{statement}?export=csv")).text.replace(".", "").replace(",", "")
    assert "Moon Tours" in (await client.get(f"{root}/agencies?export=csv")).text
    client.headers["Accept-Language"] = "zh-CN"
    for listed in ("agencies", "agency-statements"):
        shown = text_of(await seen(client, f"{root}/{listed}"))
        assert not re.search("In force|Issued|What was", shown), listed
    client.headers["Accept-Language"] = "en"
    await sent(client, f"{path}/ending", {})
    await seen(client, path)
    root = await as_role(client, palace, "planner")
    await seen(client, f"{root}/agencies", 403)
    await sent(client, f"{path}/ending", {}, 403)


async def test_an_agency_reads_its_statements_and_pays_the_bill_as_any(db, bank, client):
    palace = await world.build(bank)
    it = await agencies.agency(palace)
    period = await agencies.last_month(it, await agencies.book(it, ("palace", 2)), used=2)
    async with palace.scope():
        await statements.issue(it.manager, (await statements.work_out(it.contract, period)).id)
        found = await AgencyStatement.get(tenant_id=palace.id)
    await at_desk(client, it)
    await seen(client, f"{it.root}/statements")
    page = await seen(client, f"{it.root}/statements/{found.id}")
    assert f"/my/bills/{found.bill_id}" in [one.get("href") for one in page.iter("a")]
    assert "60.00" in text_of(await seen(client, f"/my/bills/{found.bill_id}"))
    assert "Palace" in (await client.get(f"{it.root}/statements/{found.id}?export=csv")).text
