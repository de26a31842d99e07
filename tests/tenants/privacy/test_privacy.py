"""A person's rights: everything about them and nothing about others, consent, erasure that says what stays."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tenants.models import Consent, Holder, Notice, Outbox, PersonRequest, RetentionRun
from tenants.navigation import shell_for
from tenants.privacy import consents, everything, requests, retention, words
from tenants.runtime import Runtime
from tenants.scope import open_scope, person_scope, tenant_scope, value
from tests import make
from tests.page import inspect, text_of
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.i18n import use_locale


@pytest.fixture
async def tenant(db, bank):
    return await make.tenant(bank)


@pytest.fixture
async def ann(tenant):
    person = await make.person("Ann Tan")
    await make.holder(await make.account(tenant, "A-OF-ANN"), person)
    return person


async def test_everything_about_one_person_and_nothing_about_another(tenant, ann):
    bob = await make.person("Bob Secret")
    await make.holder(await make.account(tenant, "A-OF-BOB"), bob)
    found = await everything.about(ann.id)
    told = str(found)
    assert {"tenants_person", "tenants_holder", "tenants_account"} <= set(found)
    assert "A-OF-ANN" in told
    assert "Ann Tan" in told
    assert "Bob Secret" not in told
    assert "A-OF-BOB" not in told
    assert "hash" not in told


async def test_consent_is_given_once_and_taken_back(ann):
    actor = make.payer(ann)
    async with open_scope(person_scope(ann.id)):
        first = await consents.give(actor, "offers")
        assert (await consents.give(actor, "offers")).id == first.id
        assert await consents.has_agreed(ann.id, "offers")
        await consents.withdraw(actor, first.id)
        assert not await consents.has_agreed(ann.id, "offers")
        with pytest.raises(NotFound):
            await consents.withdraw(actor, first.id)
        with pytest.raises(Invalid):
            await consents.give(actor, "child")
        assert (await consents.give(actor, "child", for_child="Tan Wei")).for_child == "Tan Wei"
    bob = await make.person("Bob")
    async with open_scope(person_scope(bob.id)):
        assert await Consent.all() == []


async def test_an_erasure_keeps_the_books_and_says_so(tenant, ann):
    chief, reader = await make.staff(tenant), await make.staff(tenant, "reader")
    async with open_scope(tenant_scope(tenant.id)):
        await Notice.create(
            tenant_id=tenant.id, channel="email", template="x", recipient="ann@example.com", person_id=ann.id,
            status="sent", subject="Dear Ann", body="Your bill",
        )  # fmt: skip
    async with open_scope(person_scope(ann.id)):
        made = await requests.ask(make.payer(ann), tenant.id, kind="erasure", text="I moved away.")
        with pytest.raises(Conflict):
            await requests.ask(make.payer(ann), tenant.id, kind="erasure", text="Once more.")
    async with open_scope(tenant_scope(tenant.id)):
        with pytest.raises(Forbidden):
            await requests.answer(reader, made.id, is_done=True, text="")
        done = await requests.answer(chief, made.id, is_done=True, text="Done.")
        assert done.outcome["kept"]["tenants_holder"] == 1
        holder = await Holder.get(tenant_id=tenant.id, person_id=ann.id)
        assert (holder.email, holder.until) == ("", make.today())
        letter = await Notice.get(tenant_id=tenant.id, template="x")
        assert (letter.recipient, letter.body) == ("–", "–")


async def test_nobody_asks_where_they_have_nothing(bank, tenant, ann):
    other = await make.tenant(bank)
    async with open_scope(person_scope(ann.id)):
        with pytest.raises(NotFound):
            await requests.ask(make.payer(ann), other.id, kind="erasure", text="I was never here.")
    stranger = await make.staff(other)
    async with open_scope(person_scope(ann.id)):
        made = await requests.ask(make.payer(ann), tenant.id, kind="correction", text="My name is wrong.")
    async with open_scope(tenant_scope(other.id)):
        with pytest.raises(NotFound):
            await requests.answer(stranger, made.id, is_done=True, text="")


async def test_what_is_over_is_removed_and_logged_and_the_rest_stays(tenant):
    async with open_scope(tenant_scope(tenant.id)):
        for days in (10, 100):
            done = datetime.now(UTC) - timedelta(days=days)
            await Outbox.create(tenant_id=tenant.id, job="x", payload={}, due_at=done, done_at=done)
        assert (await retention.keep_to_rules())["work"] == 1
        assert await Outbox.filter(tenant_id=tenant.id, job="x").count() == 1
        assert (await RetentionRun.get(tenant_id=tenant.id, key="work")).removed == 1
        assert (await retention.keep_to_rules())["work"] == 0


def test_keys_rotate_and_what_was_encrypted_before_is_still_read(tmp_path):
    old = Runtime("s" * 32, "http://x", tmp_path, field_keys=("first",))
    token = old.encrypt("identity-number", "S1234567D")
    both = Runtime("s" * 32, "http://x", tmp_path, field_keys=("second", "first"))
    assert both.decrypt("identity-number", token) == "S1234567D"
    renewed = both.renew("identity-number", token)
    new = Runtime("s" * 32, "http://x", tmp_path, field_keys=("second",))
    assert new.decrypt("identity-number", renewed) == "S1234567D"
    with pytest.raises(ValueError, match="identity-number"):
        new.decrypt("identity-number", token)
    assert new.blind("account", "7700") == old.blind("account", "7700"), "an index outlives the keys"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_pages(client, tenant, ann, language):
    headers = {"Accept-Language": language}
    await make.sign_in(client, ann.id)
    for path in ("/my/privacy", "/my/privacy/data", "/my/privacy/trail"):
        page = await client.get(path, headers=headers)
        assert page.status_code == 200, page.text[:2000]
        inspect(page.text)
    shown = text_of(inspect((await client.get("/my/privacy/data", headers=headers)).text))
    assert {"en": "Accounts that you hold", "zh-CN": "您持有的账户"}[language] in shown
    assert str(ann.id) not in shown, "no keys on the page, which is for reading; the file has them"
    told = (await client.get("/my/privacy/data.json")).json()
    assert "tenants_audit_link" not in told, "what everybody may read is about nobody"
    assert told["tenants_person"][0]["name"] == "Ann Tan"
    assert (await client.post("/my/privacy/consents", data={"purpose": "offers"})).status_code == 303
    assert (await client.post("/my/privacy/consents", data={"purpose": "child"})).status_code == 422
    asked = {"tenant": str(tenant.id), "kind": "erasure", "text": "I moved away."}
    assert (await client.post("/my/privacy/requests", data=asked)).status_code == 303
    inspect((await client.get("/my/privacy", headers=headers)).text)
    chief = await make.staff(tenant)
    await make.sign_in(client, chief.person_id)
    here = f"/t/{tenant.slug}/privacy"
    inspect((await client.get(here, headers=headers)).text)
    async with open_scope(tenant_scope(tenant.id)):
        made = await PersonRequest.get(tenant_id=tenant.id)
    assert (await client.post(f"{here}/{made.id}/answer", data={"decision": "done"})).status_code == 303
    inspect((await client.get(here, headers=headers)).text)
    await make.sign_in(client, ann.id)
    shown = text_of(inspect((await client.get("/my/privacy", headers=headers)).text))
    assert {"en": "Kept: ", "zh-CN": "已删除"}[language] in shown, "whoever asked reads what became of it"


async def test_a_persons_own_pages_go_by_the_clock_of_where_they_hold_something(tenant, ann):
    async with open_scope(person_scope(ann.id)):
        zone = await value("select held_zone()")
    assert zone == tenant.timezone
    assert shell_for(replace(make.payer(ann), place={"scenarios": [], "timezone": zone})).zone == zone
    nobody = await make.person("Bob")
    async with open_scope(person_scope(nobody.id)):
        assert await value("select held_zone()") is None


def test_rare_facts_read_in_words_and_money():
    row = {
        "id": "x",
        "tenant_id": "a-place",
        "status": "active",
        "day_of_month": 5,
        "ceiling_minor": 30_000,
        "inputs": {"sibling_rank": "2", "price_minor": 450, "is_staff_child": "false", "days": "22.000000"},
        "items": [{"price_minor": 120, "of": {"days": [1]}}],
    }
    coins = {"a-place": "SGD"}
    with use_locale("en"):
        assert words.lines_of("billing_mandate", row, coins) == [
            "State: Paid automatically",
            "Day of the month: 5",
            "Ceiling: SGD\u00a0300.00",
            "Worked out from: Place among brothers and sisters here 2, Price SGD\u00a04.50,"
            " Child of a member of staff No, Days 22",
            "What was bought: Price SGD\u00a01.20, Of Days 1",
        ]
    act = {
        "created_at": "2026-11-30T03:13:00+00:00",
        "person_name": "Mei Lim",
        "act": "consent.given",
        "subject_kind": "consent",
        "subject_label": "child",
        "before": None,
        "after": {"for_child": "Chen Xiao"},
    }
    with use_locale("zh_CN"):
        head, line = words.lines_of("tenants_audit", act, coins)
        assert "Mei Lim" in head
        assert "consent" not in head
        assert "child" not in head
        assert line == "所涉儿童：Chen Xiao"
