"""The school year ends once, for everybody; a pupil leaves and gets back what the rule gives."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from billing.charges.periods import last_day
from billing.models import CreditNote, Refund
from scenarios.education.models import SchoolClass, SchoolEnrolment, SchoolRollOver
from scenarios.education.year import leaving, rolling
from scenarios.education.year.proposing import Closing, propose
from tenants.models import Account
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.education import world
from tests.scenarios.education.test_canteen import canteen, fill
from tests.scenarios.education.world import pupil
from ui.errors import Conflict, Invalid

TODAY = make.today()
FAMILY = {"guardian": "Tan Mei", "email": "mei@mail.example"}


async def school(bank):
    tenant, staff = await world.school(bank)
    rows_ = (
        pupil("A1", "Eldest", grade="6", class_title="6A", **FAMILY),
        pupil("A2", "Middle", grade="5", class_title="5B", **FAMILY),
        pupil("A3", "Youngest", grade="1", class_title="1A", **FAMILY),
    )
    await world.bring_in(tenant, staff, world.table(*rows_))
    return tenant, staff


async def roll(tenant, staff, **given):
    async with open_scope(tenant_scope(tenant.id)):
        steps = await propose(tenant.id)
        titles = {step.class_id: step.next_title for step in steps}
        facts = {"year": 2026, "last_on": TODAY, "titles": titles} | given
        return await rolling.roll(staff, Closing(**facts), now=TODAY)


async def test_everybody_goes_up_the_last_grade_leaves_and_siblings_stay_together(db, bank):
    tenant, staff = await school(bank)
    async with open_scope(tenant_scope(tenant.id)):
        proposed = {one.title: (one.next_grade, one.next_title) for one in await propose(tenant.id)}
    assert proposed == {"6A": ("", ""), "5B": ("6", "6B"), "1A": ("2", "2A")}
    made = await roll(tenant, staff)
    assert (made.promoted, made.graduated) == (2, 1)
    eldest, middle, youngest = [await world.account(tenant, n) for n in ("A1", "A2", "A3")]
    assert (eldest.is_active, eldest.closed_on) == (False, TODAY)
    assert (middle.place, middle.attributes["grade"], middle.attributes["sibling_rank"]) == ("6B", "6", 1)
    assert (youngest.place, youngest.attributes["sibling_rank"]) == ("2A", 2)
    async with open_scope(tenant_scope(tenant.id)):
        assert sorted([one.title for one in await SchoolClass.filter(closed_on=None)]) == ["2A", "6B"]
        assert await SchoolEnrolment.filter(tenant_id=tenant.id, closed_on=None).count() == 2
        assert await SchoolEnrolment.filter(tenant_id=tenant.id).count() == 5, "the past is kept"


async def test_a_year_is_closed_once_and_only_when_it_is_over(db, bank):
    tenant, staff = await school(bank)
    with pytest.raises(Invalid):
        await roll(tenant, staff, last_on=TODAY + timedelta(days=1))
    with pytest.raises(Invalid):
        await roll(tenant, staff, titles={})
    await roll(tenant, staff)
    with pytest.raises(Conflict):
        await roll(tenant, staff)
    async with open_scope(tenant_scope(tenant.id)):
        assert await SchoolRollOver.filter(tenant_id=tenant.id).count() == 1


async def test_who_leaves_gets_back_the_days_to_come_and_the_canteen_money(db, bank):
    tenant, staff, _, _, _ = await canteen(bank)
    await fill(tenant, "A1", 3_000)
    month = TODAY.replace(day=1)
    async with open_scope(tenant_scope(tenant.id)):
        account = await Account.get(tenant_id=tenant.id, number="A1")
        account.attributes |= {"has_care": True}
        await account.save(update_fields=["attributes"])
    await world.charge(tenant, staff, "care", "books", month=month)
    of = last_day(month).day
    last_on = min(TODAY, month + timedelta(days=9))
    left = of - last_on.day
    async with open_scope(tenant_scope(tenant.id)):
        found = await leaving.leave(staff, account.id, last_on=last_on)
        expected = round(4_000 * left / of + 1e-9)
        assert [(one.days, one.of, one.amount_minor) for one in found] == (
            [(left, of, expected)] if left else []
        )
        assert await CreditNote.filter(tenant_id=tenant.id).count() == (1 if left else 0), (
            "books are not refunded"
        )
        assert (await Refund.get(tenant_id=tenant.id)).amount_minor == 3_000
        assert not (await Account.get(id=account.id)).is_active
        assert await SchoolEnrolment.filter(tenant_id=tenant.id, closed_on=None, role="student").count() == 0
        with pytest.raises(Conflict):
            await leaving.leave(staff, account.id, last_on=last_on)


async def test_the_pages_close_a_year_and_let_a_pupil_leave(client, db, bank):
    tenant, staff = await school(bank)
    await make.sign_in(client, staff.person_id)
    root = f"/t/{tenant.slug}/classes"
    account = await world.account(tenant, "A3")
    assert "The pupil leaves" in text_of(
        inspect((await client.get(f"/t/{tenant.slug}/accounts/{account.id}")).text)
    )
    there = f"{root}/pupils/{account.id}/leaving"
    secretary = await make.staff(tenant, "secretary", name="Sec")
    await make.sign_in(client, secretary.person_id)
    seen = (await client.get(f"/t/{tenant.slug}/accounts/{account.id}")).text
    assert there not in seen
    assert "Closing the account alone gives nothing back" in text_of(inspect(seen))
    await make.sign_in(client, staff.person_id)
    for path in (there, f"{there}?last_on=2026-01-31", f"{there}?last_on=nonsense", f"{root}/year"):
        inspect((await client.get(path)).text)
    future = (TODAY + timedelta(days=9)).isoformat()
    assert (await client.post(there, data={"last_on": future})).status_code == 422
    assert (await client.post(there, data={"last_on": TODAY.isoformat()})).status_code == 303
    async with open_scope(tenant_scope(tenant.id)):
        data = {f"class_{one.class_id}": one.next_title for one in await propose(tenant.id)}
    refused = await client.post(f"{root}/year", data={"year": "2026", "last_on": future} | data)
    assert refused.status_code == 422
    inspect(refused.text)
    data |= {"year": "2026", "last_on": TODAY.isoformat()}
    await _is_asked_once_more(client, f"{root}/year", data)
    assert (await client.post(f"{root}/year", data=data | {"is_sure": "1"})).status_code == 303
    again = await client.post(
        f"{root}/year", data={"year": "2026", "last_on": TODAY.isoformat(), "class_x": "7"}
    )
    assert again.status_code == 422


async def _is_asked_once_more(client, path, data):
    """Nothing has happened yet, a class that leaves too early stands out, and what was typed comes back."""
    early = dict.fromkeys((name for name, title in data.items() if title == "6B"), "")
    asked = await client.post(path, data=data | early)
    said = text_of(inspect(asked.text))
    assert asked.status_code == 200
    assert "<dt>Pupils who leave school</dt><dd>2</dd>" in asked.text
    assert "have not reached the last grade, but leave: 5B" in said
    fields = dict(re.findall(r'type="hidden" name="([\w-]+)" value="([^"]*)"', asked.text))
    assert fields.items() >= (data | early).items()
    back = await client.post(path, data=data | {"again": "1"} | dict.fromkeys(early, "6Z"))
    assert back.status_code == 200
    assert 'value="6Z"' in back.text
    plain = await client.post(path, data=data)
    assert "5B → 6B" in text_of(inspect(plain.text))
    assert "but leave" not in plain.text


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            {
                "School year that ends": "2026",
                "5B (pupils: 1) becomes": "6B",
                "6A (pupils: 1) becomes": "It has finished school.",
            },
        ),
        ("zh-CN", {"5B（1 人）升为": "6B", "6A（1 人）升为": "已毕业。"}),
    ],
)
async def test_a_year_that_waits_for_a_fresh_sign_in_comes_back_in_words(client, db, bank, language, said):
    tenant, staff = await school(bank)
    await make.sign_in(client, staff.person_id, level=1)
    async with open_scope(tenant_scope(tenant.id)):
        steps = {f"class_{step.class_id}": step.next_title for step in await propose(tenant.id)}
    sent = {"year": "2026", "last_on": TODAY.isoformat(), "is_sure": "1"} | steps
    answer = await client.post(f"/t/{tenant.slug}/classes/year", data=sent)
    waits = parse_qs(urlsplit(answer.headers["location"]).query)["next"][0]
    root = inspect((await client.get(waits, headers={"Accept-Language": language})).text)
    found = [["".join(one.itertext()).strip() for one in root.iter(tag)] for tag in ("dt", "dd")]
    shown = dict(zip(*found, strict=True))
    assert said.items() <= shown.items()
    assert not [label for label in shown if "class" in label.lower() and "_" in label]
