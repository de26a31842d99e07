"""From the union to a bank to an institution: published, taken as a copy with its origin, the newer version seen."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
import pytest_asyncio
from tortoise.exceptions import BaseORMException

from billing.charges import fees
from billing.models import FeeItem, FeeRule
from billing.reminders.plan import ReminderTerms
from billing.rules import builders as b
from billing.rules import dump
from billing.terms import terms_of
from tenants.ids import new_id
from tenants.models import Audit, BankOffer, OfferTaking
from tenants.offers import services, takers
from tenants.offers.kinds import KINDS, changes
from tenants.scope import bank_scope, open_scope, rows, tenant_scope
from tests import make
from tests.page import inspect, text_of
from tests.unions import over
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.tables import TableQuery

TODAY = make.today()
NAMES = {"en": "Repair fund", "zh_CN": "维修基金"}
SOURCE = "community:repair_fund"


def rule(amount: str, currency: str = "SGD") -> dict:
    return dump(b.charge(currency, b.fixed(amount)))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def union(bank, settings, migrated) -> AsyncIterator[make.Bank]:
    """A union over the tests' bank while this module runs, written by the owner as ``cloud bank`` does."""
    async with over(bank, settings) as made:
        yield made


@pytest.fixture
async def chief(db, bank):
    return await make.bank_staff(bank, "administrator", "Lin")


@pytest.fixture
async def place(bank, db):
    return await make.tenant(bank)


async def officer(tenant, role="administrator", name="Goh"):
    return replace(
        await make.staff(tenant, role, name), place={"slug": tenant.slug, "currency": tenant.currency}
    )


async def published(bank, chief, amount="12.00", note="The first one") -> BankOffer:
    """A rule of the bank, or its next version."""
    async with open_scope(bank_scope(bank.id)):
        was = (
            await BankOffer.filter(bank_id=bank.id, kind="rule", status="published")
            .order_by("-number")
            .first()
        )
        made = (
            await services.begin_next(chief, was.id)
            if was
            else await services.begin(chief, KINDS["rule"], SOURCE, NAMES)
        )
        await services.write(chief, made.id, dict(made.content) | {"document": rule(amount)})
        return await services.publish(chief, made.id, note=note, valid_from=TODAY)


async def test_a_rule_is_taken_as_a_draft_and_the_newer_version_is_seen_and_taken(bank, chief, place):
    first, goh = await published(bank, chief), await officer(place)
    async with open_scope(tenant_scope(place.id)):
        item = await FeeItem.get(tenant_id=place.id, key="repair_fund")
        taken = await services.take(goh, first.id)
        assert taken.result == {"fee_item_id": str(item.id)}
        assert (taken.number, taken.origin["bank"]) == (1, "Harbour Bank")
        draft = await FeeRule.get(tenant_id=place.id, fee_item_id=item.id)
        assert (draft.status, draft.document) == ("draft", rule("12.00"))
        with pytest.raises(Conflict, match="taken already"):
            await services.take(goh, first.id)
    second = await published(bank, chief, "15.00", "Three dollars more")
    async with open_scope(tenant_scope(place.id)):
        assert [one.id for one in await services.of_bank(place)] == [second.id], "the newest alone"
        kind = KINDS["rule"]
        (change,) = changes(kind.lines(taken.content), kind.lines(second.content))
        assert "12.00" in change.before
        assert "15.00" in change.after
        with pytest.raises(Conflict, match="draft of"):
            await services.take(goh, second.id)
        await fees.activate(goh, item.id, effective_from=TODAY.replace(day=1))
        again = await services.take(goh, second.id)
        assert again.result == taken.result, "on the same fee"
        assert (await fees.get_item(goh, item.id)).draft.document == rule("15.00")
        kept = await OfferTaking.filter(tenant_id=place.id).order_by("id")
        assert [(one.number, one.replaced_at is None) for one in kept] == [(1, False), (2, True)]
        assert await Audit.filter(tenant_id=place.id, act="bank_offer.taken").count() == 2


async def test_what_is_published_never_changes_even_for_postgresql(bank, chief, place):
    first = await published(bank, chief)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Conflict, match="never changes"):
            await services.write(chief, first.id, {})
        with pytest.raises(BaseORMException, match="never changes"):
            async with open_scope(bank_scope(bank.id)):
                await BankOffer.filter(id=first.id).update(content={"other": 1})


async def test_a_draft_and_a_later_day_are_nobodys_yet(bank, chief, place):
    goh = await officer(place)
    async with open_scope(bank_scope(bank.id)):
        made = await services.begin(chief, KINDS["rule"], SOURCE, NAMES)
        with pytest.raises(Conflict, match="still missing"):
            await services.publish(chief, made.id, note="Too early", valid_from=TODAY)
        await services.write(chief, made.id, dict(made.content) | {"document": rule("1.00")})
        with pytest.raises(Invalid):
            await services.publish(chief, made.id, note="Too late", valid_from=TODAY - timedelta(days=1))
        with pytest.raises(Conflict, match="such an offer already"):
            await services.begin(chief, KINDS["rule"], SOURCE, NAMES)
    async with open_scope(tenant_scope(place.id)):
        with pytest.raises(NotFound):
            await services.take(goh, made.id)
    async with open_scope(bank_scope(bank.id)):
        await services.publish(chief, made.id, note="Tomorrow", valid_from=TODAY + timedelta(days=1))
    async with open_scope(tenant_scope(place.id)):
        assert await services.of_bank(place) == []
        with pytest.raises(NotFound):
            await services.take(goh, made.id)


async def test_a_template_drafts_its_fees_and_sets_reminders_together_or_not_at_all(bank, chief, place):
    goh = await officer(place)
    async with open_scope(bank_scope(bank.id)):
        made = await services.begin(chief, KINDS["template"], "community", {"en": "Estate", "zh_CN": "物业"})
        fee = {
            "scenario": "community", "fee_key": "repair_fund", "kind": "charge", "names": NAMES,
            "account_kinds": ["unit"], "currency": "SGD", "document": rule("9.00"),
        }  # fmt: skip
        plan = ReminderTerms(quiet_from=20, quiet_until=9).model_dump(mode="json")
        content = {"scenario": "community", "fees": [fee], "reminders": plan}
        await services.write(chief, made.id, content)
        first = await services.publish(chief, made.id, note="For estates", valid_from=TODAY)
    async with open_scope(tenant_scope(place.id)):
        await services.take(goh, first.id)
        assert (await terms_of(place.id, ReminderTerms)).quiet_from == 20
        item = await FeeItem.get(tenant_id=place.id, key="repair_fund")
        await fees.activate(goh, item.id, effective_from=TODAY.replace(day=1))
    async with open_scope(bank_scope(bank.id)):
        following = await services.begin_next(chief, made.id)
        wrong = dict(content) | {
            "fees": [fee, fee | {"fee_key": "other", "currency": "CNY", "document": rule("1.00", "CNY")}]
        }
        await services.write(chief, following.id, wrong)
        second = await services.publish(chief, following.id, note="With another", valid_from=TODAY)
    with pytest.raises(Invalid, match="another currency"):
        async with open_scope(tenant_scope(place.id)):
            await services.take(goh, second.id)
    async with open_scope(tenant_scope(place.id)):
        assert (await OfferTaking.get(tenant_id=place.id, replaced_at=None)).number == 1
        assert not (await fees.get_item(goh, item.id)).draft, "a fee whose rule is as it was is left alone"


async def test_nobody_takes_without_the_right_or_from_another_bank(bank, chief, place):
    first = await published(bank, chief)
    cashier, school = await officer(place, "cashier"), await make.tenant(bank, "education")
    async with open_scope(tenant_scope(place.id)):
        with pytest.raises(Forbidden):
            await services.take(cashier, first.id)
    async with open_scope(tenant_scope(school.id)):
        assert await services.of_bank(school) == [], "of another industry"
        with pytest.raises(NotFound):
            await services.take(await officer(school), first.id)
    for role in ("relationship_manager", "reviewer", "operations", "auditor", "union_supervisor"):
        other = await make.bank_staff(bank, role)
        async with open_scope(bank_scope(bank.id)):
            with pytest.raises(Forbidden):
                await services.begin(other, KINDS["rule"], SOURCE, NAMES)


async def test_from_the_union_through_its_bank_to_an_institution(client, bank, chief, place, union):
    head = await make.bank_staff(union, "administrator", "Tan")
    above = await published(union, head, "7.00")
    async with open_scope(bank_scope(bank.id)):
        assert [one.id for one in await services.of_union(chief)] == [above.id]
        mine = await services.copy(chief, above.id)
        assert (mine.status, mine.bank_id, mine.origin["number"]) == ("draft", bank.id, 1)
    async with open_scope(tenant_scope(place.id)):
        assert await rows("select 1 from tenants_bank_offer") == [], "nothing of the union's, nor a draft"
    async with open_scope(bank_scope(bank.id)):
        await services.publish(chief, mine.id, note="As the union has it", valid_from=TODAY)
    goh = await officer(place)
    async with open_scope(tenant_scope(place.id)):
        taken = await services.take(goh, mine.id)
        assert (taken.origin["bank"], taken.origin["above"]["bank"]) == ("Harbour Bank", "Provincial Union")
        (one,) = await takers.listed(chief, TableQuery("/"), is_union=False)
        assert (one["name"], one["number"], one["is_behind"]) == (place.name, 1, False)
        away = replace(chief, branches=(new_id(),))
        assert await takers.listed(away, TableQuery("/"), is_union=False) == [], (
            "another branch's people see none"
        )
    await published(union, head, "8.00", "One dollar more")
    async with open_scope(bank_scope(union.id)):
        (one,) = await takers.listed(head, TableQuery("/"), is_union=True)
        assert (one["name_en"], one["number"], one["institutions"]) == ("Harbour Bank", 1, 1)
        assert one["is_behind"]
    await make.sign_in(client, head.person_id)
    page = await client.get(f"/bank/{union.slug}/offers/takers")
    assert "Harbour Bank" in text_of(inspect(page.text))
    assert place.name not in page.text, "a union is told how many, never who"
    assert "Harbour" in (await client.get(f"/bank/{union.slug}/offers/takers?export=csv")).text
    assert (
        "Harbour" not in (await client.get(f"/bank/{union.slug}/offers/takers?state=newest&export=csv")).text
    )
    await make.sign_in(client, chief.person_id)
    page = text_of(inspect((await client.get(f"/bank/{bank.slug}/offers")).text))
    assert "version 2" in page
    async with open_scope(bank_scope(union.id)):
        assert await rows("select 1 from tenants_bank_offer where bank_id = $1", bank.id) == []
        assert await rows("select 1 from tenants_offer_taking") == [], "the union sees nothing beneath"
    await make.sign_in(client, goh.person_id)
    shown = await client.get(f"/t/{place.slug}/bank-offers/{mine.id}")
    assert "Provincial Union, version 1 → Harbour Bank, version 1" in text_of(inspect(shown.text))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages_from_an_empty_draft_to_what_is_taken(client, bank, chief, place, language):
    headers, root = {"Accept-Language": language}, f"/bank/{bank.slug}/offers"
    await make.sign_in(client, chief.person_id)
    inspect((await client.get(root, headers=headers)).text)
    for kind in KINDS:
        inspect((await client.get(f"{root}/new/{kind}", headers=headers)).text)
    names = {"name_en": "Repair fund", "name": "维修基金"}
    wrong = await client.post(f"{root}/new/rule", data=names | {"source": "no:such"}, headers=headers)
    assert wrong.status_code == 422
    begun = await client.post(f"{root}/new/rule", data=names | {"source": SOURCE})
    assert begun.status_code == 303
    edit = begun.headers["location"]
    for shape in ("", "?shape=fixed", "?shape=parts"):
        inspect((await client.get(edit + shape, headers=headers)).text)
    typed = {"shape": "fixed", "fixed_amount": "11.00", "rounding_step": "0.01", "rounding_mode": "half_up"}
    inspect((await client.post(edit, data=typed | {"act": "preview"}, headers=headers)).text)
    assert (await client.post(edit, data=typed | {"fixed_amount": "much", "act": "save"})).status_code == 422
    kept = await client.post(edit, data=typed | {"act": "save"})
    assert kept.status_code == 303, kept.text
    door = edit.removesuffix("/rule")
    inspect((await client.get(door, headers=headers)).text)
    first = {"note": "For all estates", "valid_from": str(TODAY)}
    late = await client.post(
        f"{door}/publication", data=first | {"valid_from": "2020-01-01"}, headers=headers
    )
    assert late.status_code == 422
    assert (await client.post(f"{door}/publication", data=first)).status_code == 303
    begun = await client.post(f"{root}/new/template", data=names | {"source": "community"})
    edit = begun.headers["location"]
    inspect((await client.get(edit, headers=headers)).text)
    plan = {"is_on": "1", "steps-0-days": "5", "steps-0-when": "after", "has_email": "1", "quiet_from": "21",
            "quiet_until": "8"}  # fmt: skip
    assert (await client.post(edit, data=plan | {"quiet_from": "30"})).status_code == 422
    assert (await client.post(edit, data=plan | {"fees": "repair_fund"})).status_code == 303
    page = await client.get(edit.removesuffix("/template"), headers={"Accept-Language": "en"})
    assert "11.00" in text_of(inspect(page.text)), "the rule that the bank offers, in the template"
    await taken_on_the_pages(client, bank, chief, place, headers, door.rsplit("/", 1)[1])


async def taken_on_the_pages(client, bank, chief, place, headers, offer_id):  # noqa: PLR0917 - who takes what
    """An institution takes an offer, its bank sees who did, and a second time says so."""
    goh = await officer(place)
    await make.sign_in(client, goh.person_id)
    root = f"/t/{place.slug}/bank-offers"
    inspect((await client.get(root, headers=headers)).text)
    one = f"{root}/{offer_id}"
    inspect((await client.get(one, headers=headers)).text)
    taken = await client.post(f"{one}/taking")
    assert taken.status_code == 303
    assert "/fees/" in taken.headers["location"]
    inspect((await client.get(one, headers=headers)).text)
    await make.sign_in(client, chief.person_id)
    listed = f"/bank/{bank.slug}/offers/takers"
    assert place.name in text_of(inspect((await client.get(listed, headers=headers)).text))
    assert place.name in (await client.get(f"{listed}?export=csv&q={place.short_name}&sort=name")).text
    assert place.name not in (await client.get(f"{listed}?offer=rule:no-such")).text
    await make.sign_in(client, goh.person_id)
    again = await client.post(f"{one}/taking")
    assert again.headers["location"] == one, "said where it was asked"
    assert "Already taken" in text_of(
        inspect((await client.get(root, headers={"Accept-Language": "en"})).text)
    )
