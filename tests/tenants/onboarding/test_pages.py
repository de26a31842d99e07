"""The same through the pages: an institution that applies by itself, and a reviewer's page."""

import re

import pytest

from tenants import throttle
from tenants.models import AccountProof, Application, Branch, Notice
from tenants.onboarding.ports import Entry
from tenants.scope import bank_scope, open_scope, tenant_scope
from tenants.uscc import make as make_uscc
from tests import make
from tests.page import inspect, text_of
from tests.tenants.onboarding.test_applications import PDF
from tests.tenants.onboarding.test_depth import CN_ID, ready


def typed(**given):
    return {
        "legal_name": "Riverside School",
        "short_name": "Riverside",
        "kind": "company",
        "uscc": make_uscc(f"91350100MA0{make.serial():06d}"),
        "legal_representative": "Chen Wei",
        "postal_code": "642 105",
        "scenario": "community",
        "contact_name": "Lee Hua",
        "contact_email": "lee@riverside.example",
        "contact_phone": "+65 6123 4567",
        "settlement_bank_code": "HARBSGSG",
        "settlement_account_name": "Riverside School",
        "settlement_account_number": "001-234567-8",
    } | given


@pytest.fixture
def unhurried():
    throttle.forget()
    yield
    throttle.forget()


@pytest.fixture
async def handed_in(bank, people, played, careful):
    return await ready(bank, people[0], played)


async def test_an_institution_applies_by_itself_and_the_nearest_branch_gets_it(
    client, bank, played, unhurried
):
    async with open_scope(bank_scope(bank.id)):
        west = await Branch.create(
            bank_id=bank.id, parent_id=bank.branch_id, code="W", name="West", areas=["64", "65"]
        )
        await Branch.create(
            bank_id=bank.id, parent_id=bank.branch_id, code="E", name="East", areas=["4", "6"]
        )
    client.cookies.clear()
    page = await client.get(f"/apply/{bank.slug}")
    inspect(page.text)
    wrong = await client.post(f"/apply/{bank.slug}", data=typed(uscc="91350100M000100Y4Z"))
    assert wrong.status_code == 422
    assert 'value="Riverside School"' in wrong.text
    given = typed()
    played.entries[given["uscc"]] = Entry("Riverside School", "Chen Wei", True, "Test registry", "2026-01-01")
    sent = await client.post(f"/apply/{bank.slug}", data=given)
    assert sent.status_code == 303, sent.text[:2000]
    here = sent.headers["location"]
    async with open_scope(bank_scope(bank.id)):
        made = await Application.get(uscc=given["uscc"])
        assert (made.branch_id, made.source, made.status) == (west.id, "self", "draft")
    for kind in ("licence", "representative_id", "account_proof"):
        files = {"file": (f"{kind}.pdf", PDF, "application/pdf")}
        assert (await client.post(f"{here}/documents", data={"kind": kind}, files=files)).status_code == 303
    person = {"role": "representative", "name": "Chen Wei", "id_kind": "cn_id", "id_number": CN_ID}
    assert (await client.post(f"{here}/people", data=person)).status_code == 303
    await client.post(f"{here}/proof", data={"direction": "out"})
    assert (await client.post(f"{here}/proof/amount", data={"amount_minor": "0.42"})).status_code == 303
    page = await client.get(here)
    inspect(page.text)
    assert "Proven" in page.text
    assert "Test registry" not in page.text, "what the checks found is for the bank alone"
    assert (await client.post(f"{here}/submission")).status_code == 303
    async with open_scope(bank_scope(bank.id)):
        made = await Application.get(id=made.id)
        assert (made.status, made.score) == ("submitted", 0)


async def test_a_link_opens_its_own_application_alone(client, bank, people, played, unhurried):
    first = (await client.post(f"/apply/{bank.slug}", data=typed())).headers["location"]
    second = (await client.post(f"/apply/{bank.slug}", data=typed())).headers["location"]
    files = {"file": ("licence.pdf", PDF, "application/pdf")}
    await client.post(f"{second}/documents", data={"kind": "licence"}, files=files)
    paper = re.search(r"/documents/([0-9a-f-]{36})\"", (await client.get(second)).text)[1]
    assert (await client.get(f"{second}/documents/{paper}")).status_code == 200
    assert (await client.get(f"{first}/documents/{paper}")).status_code == 404
    assert (await client.post(f"{first}/documents/{paper}/removal")).status_code == 404
    assert (await client.get(first[:-2] + "xx")).status_code == 404


@pytest.mark.parametrize(("language", "checked"), [("en", "Checks run"), ("zh-CN", "已核查")])
async def test_a_reviewer_reads_findings_checklist_and_people(client, people, handed_in, language, checked):
    _, reviewer = people
    made = handed_in
    await make.sign_in(client, reviewer.person_id)
    here = f"/bank/{reviewer.place['slug']}/applications/{made.id}"
    assert (await client.post(f"{here}/checks")).status_code == 303
    page = await client.get(here, headers={"Accept-Language": language})
    inspect(page.text)
    assert "Test registry" in page.text
    assert checked in page.text, "the story is in the reader's language, whoever read it first"
    assert "•••• 002X" in page.text
    assert CN_ID not in page.text
    answer = await client.post(f"{here}/approval", data={"version": made.version})
    page = await client.get(answer.headers["location"], headers={"Accept-Language": language})
    inspect(page.text)


async def test_an_auditor_runs_no_checks_and_sends_no_letter(client, bank, people, handed_in):
    auditor = await make.bank_staff(bank, "auditor")
    here = f"/bank/{bank.slug}/applications/{handed_in.id}"
    await make.sign_in(client, auditor.person_id)
    assert f"{here}/checks" not in (await client.get(here)).text
    assert (await client.post(f"{here}/checks")).status_code == 403
    await make.sign_in(client, people[1].person_id)
    await client.post(f"{here}/checks")
    there = (await client.post(f"{here}/approval", data={"version": handed_in.version})).headers["location"]
    assert f"{there}/contact-proof" in (await client.get(there)).text
    await make.sign_in(client, auditor.person_id)
    assert f"{there}/contact-proof" not in (await client.get(there)).text
    assert (await client.post(f"{there}/contact-proof")).status_code == 403


async def test_a_paper_that_is_wanted_again_is_brought_by_those_who_may(client, bank, people, handed_in):
    here = f"/bank/{bank.slug}/applications/{handed_in.id}"
    await make.sign_in(client, people[0].person_id)
    wanted = {"kind": "licence", "due_on": "2099-01-01", "reason": "The new address is missing on it."}
    assert (await client.post(f"{here}/requests", data=wanted)).status_code == 303
    assert f'action="{here}/documents"' in (await client.get(here)).text
    auditor = await make.bank_staff(bank, "auditor")
    await make.sign_in(client, auditor.person_id)
    page = (await client.get(here)).text
    assert wanted["reason"] in page
    assert f'action="{here}/documents"' not in page


async def test_an_account_is_proven_after_the_application_was_handed_in(client, people, handed_in):
    manager, _ = people
    here = f"/bank/{manager.place['slug']}/applications/{handed_in.id}"
    await make.sign_in(client, manager.person_id)
    async with open_scope(bank_scope(handed_in.bank_id)):
        await AccountProof.filter(bank_id=handed_in.bank_id, application_id=handed_in.id).delete()
    assert "/proof/amount" not in (await client.get(here)).text
    assert (await client.post(f"{here}/proof", data={"direction": "out"})).status_code == 303
    for amount, said in (("0.01", "2 tries are left"), ("0.42", "is proven")):
        assert "/proof/amount" in (await client.get(here)).text
        assert (await client.post(f"{here}/proof/amount", data={"amount_minor": amount})).status_code == 303
        page = inspect((await client.get(here)).text)
        flash = next(e for e in page.iter() if e.get("id") == "flash")
        assert said in text_of(flash)
        tones = {"2 tries are left": "warning", "is proven": "success"}
        assert any(tones[said] in (e.get("class") or "") for e in flash.iter())


async def test_three_wrong_amounts_leave_the_other_way_open(client, people, handed_in):
    manager, _ = people
    here = f"/bank/{manager.place['slug']}/applications/{handed_in.id}"
    await make.sign_in(client, manager.person_id)
    async with open_scope(bank_scope(handed_in.bank_id)):
        await AccountProof.filter(bank_id=handed_in.bank_id, application_id=handed_in.id).delete()
    await client.post(f"{here}/proof", data={"direction": "out"})
    for amount in ("0.01", "0.02", "0.03"):
        await client.post(f"{here}/proof/amount", data={"amount_minor": amount})
    await client.get(here)
    assert "Three wrong amounts were told" in (await client.get(here)).text, "as long as it is so"
    assert (await client.post(f"{here}/proof", data={"direction": "out"})).status_code == 303
    page = inspect((await client.get(here)).text)
    flash = next(e for e in page.iter() if e.get("id") == "flash")
    assert "Have the applicant send an amount instead" in text_of(flash)
    await client.post(f"{here}/proof", data={"direction": "in"})
    assert "/proof/look" in (await client.get(here)).text


async def test_what_stands_against_an_approval_is_said_where_one_decides(client, people, played, handed_in):
    _, reviewer = people
    made = handed_in
    played.listed = [made.legal_name]
    await make.sign_in(client, reviewer.person_id)
    here = f"/bank/{reviewer.place['slug']}/applications/{made.id}"
    await client.post(f"{here}/checks")
    answer = await client.post(f"{here}/approval", data={"version": made.version})
    assert answer.status_code == 409
    page = inspect(answer.text)
    assert "the bank takes nobody from" in text_of(page)
    assert "Return with reasons" in text_of(page), "what can still be done is there"


async def test_the_contact_confirms_by_a_letter_that_works_once(client, people, handed_in, unhurried):
    _, reviewer = people
    made = handed_in
    await make.sign_in(client, reviewer.person_id)
    here = f"/bank/{reviewer.place['slug']}/applications/{made.id}"
    await client.post(f"{here}/checks")
    answer = await client.post(f"{here}/approval", data={"version": made.version})
    there = answer.headers["location"]
    await client.post(f"{there}/contact-proof")
    tenant_id = there.rsplit("/", 1)[1]
    async with open_scope(tenant_scope(tenant_id)):
        letter = await Notice.get(template="contact_proof")
    link = re.search(r"/contact-proof/\S+", letter.body)[0]
    page = await client.get(link)
    inspect(page.text)
    assert "lee@green.example" in page.text
    assert (await client.post(link)).status_code == 200
    assert (await client.post(link)).status_code == 404


@pytest.mark.parametrize("role", ["relationship_manager", "reviewer", "operations"])
async def test_only_the_administrator_sets_the_policy(client, bank, db, role):
    actor = await make.bank_staff(bank, role)
    await make.sign_in(client, actor.person_id)
    assert (await client.get(f"/bank/{bank.slug}/policy")).status_code == 403
    chief = await make.bank_staff(bank, "administrator")
    await make.sign_in(client, chief.person_id)
    page = await client.get(f"/bank/{bank.slug}/policy")
    inspect(page.text)
    weights = {"volume": 50, "value": 50, "reach": 0, "speed": 0, "complaints": 0}
    periods = {"review_months": 6, "cooling_days": 2, "score_to_refuse": 60}
    sent = {"before_approval": ["checks"], **periods, **weights}
    assert (await client.post(f"/bank/{bank.slug}/policy", data=sent | {"volume": 49})).status_code == 422
    assert (await client.post(f"/bank/{bank.slug}/policy", data=sent)).status_code == 303
