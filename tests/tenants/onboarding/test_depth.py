"""What a careful bank looks at before it signs: people, account, registry, lists, duplicates, and what changed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tenants.models import AccountProof, Application, ApplicationPerson, Tenant
from tenants.onboarding import findings, gate, papers, proofs, services
from tenants.onboarding import people as behind
from tenants.onboarding.checklist import INSTITUTION_KINDS, REQUIRED_DOCUMENTS, REQUIRED_PEOPLE
from tenants.onboarding.completeness import missing_people
from tenants.onboarding.forms import ApplicationForm
from tenants.onboarding.ports import Entry, Remittance
from tenants.onboarding.scoring import sentence
from tenants.onboarding.snapshots import changes
from tenants.privacy.identity_numbers import check_number
from tenants.scope import bank_scope, open_scope, tenant_scope
from tests import make
from tests.tenants.onboarding.test_applications import PDF, bring, facts, submitted
from ui.errors import Conflict, Invalid, NotFound
from ui.i18n import use_locale

import io  # isort: skip

CN_ID = "11010519491231002X"


async def draft(bank, manager, **given) -> Application:
    async with open_scope(bank_scope(bank.id)):
        return await services.create(manager, ApplicationForm.model_validate(facts(bank, **given)))


def somebody(**given):
    values = {
        "role": "owner",
        "name": "Chen Wei",
        "id_kind": "cn_id",
        "id_number": CN_ID,
        "share_percent": 60,
    }
    return behind.PersonForm.model_validate(values | given)


@pytest.mark.parametrize(
    ("kind", "number", "is_right"),
    [
        ("cn_id", CN_ID, True),
        ("cn_id", "110105194912310021", False),
        ("cn_id", "110105194913310020", False),
        ("sg_nric", "S1234567D", True),
        ("sg_nric", "S1234567A", False),
        ("sg_nric", "T1234567J", True),
        ("sg_nric", "F1234567N", True),
        ("passport", "E12345678", True),
        ("passport", "E1", False),
        ("other", "E12345678", False),
    ],
)
def test_identity_numbers_are_judged_by_their_check_characters(kind, number, is_right):
    assert check_number(kind, number) is is_right


async def test_a_number_is_kept_encrypted_and_shown_by_its_end(bank, people):
    manager, _ = people
    made = await draft(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        await behind.add(manager, made.id, somebody())
        kept = await ApplicationPerson.get(application_id=made.id)
        assert CN_ID.encode() not in bytes(kept.id_number)
        assert kept.id_mask == "•••• 002X"
        with pytest.raises(Invalid, match="share"):
            await behind.add(manager, made.id, somebody(name="Other", share_percent=41))
        with pytest.raises(Invalid, match="number"):
            await behind.add(manager, made.id, somebody(id_number="110105194912310021", share_percent=1))
        again = await Application.get(id=made.id)
        assert "0012345678" not in again.settlement_account_number
        assert b"0012345678" not in bytes(again.account_secret)


async def test_three_wrong_amounts_end_a_proof_and_the_right_one_proves(bank, people, played):
    manager, _ = people
    made = await draft(bank, manager)
    first = await proofs.begin(manager, made.id, "out")
    assert first.amount_minor is None, "the amount is the bank's secret"
    for wrong in (1, 2, 3):
        told = await proofs.tell_amount(manager, made.id, wrong)
    assert told.status == "failed"
    with pytest.raises(NotFound):
        await proofs.tell_amount(manager, made.id, 42)
    with pytest.raises(Conflict, match="Three wrong"):
        await proofs.begin(manager, made.id, "out")
    async with open_scope(bank_scope(bank.id)):
        over = datetime.now(UTC) - timedelta(days=8)
        await AccountProof.filter(application_id=made.id).update(created_at=over)
    await proofs.begin(manager, made.id, "out")
    assert (await proofs.tell_amount(manager, made.id, 42)).status == "proven"
    async with open_scope(bank_scope(bank.id)):
        assert await proofs.is_proven(await Application.get(id=made.id))
        changed = ApplicationForm.model_validate(
            facts(bank, uscc=made.uscc, settlement_account_number="99887766")
        )
        await services.update(manager, made.id, made.version, changed)
        assert not await proofs.is_proven(await Application.get(id=made.id)), "another account, another proof"


async def test_tries_are_counted_by_account_and_not_by_proof_or_application(bank, people, played):
    manager, _ = people
    first, second = await draft(bank, manager), await draft(bank, manager)
    await proofs.begin(manager, first.id, "out")
    await proofs.tell_amount(manager, first.id, 1)
    again = await proofs.begin(manager, first.id, "out")
    assert again.tries_left == 2, "beginning anew gives no try back"
    await proofs.tell_amount(manager, first.id, 2)
    other = await proofs.begin(manager, second.id, "out")
    assert (other.account_hash, other.tries_left) == (again.account_hash, 1)
    with pytest.raises(NotFound):
        await proofs.tell_amount(manager, first.id, 3)
    assert (await proofs.begin(manager, first.id, "in")).status == "waiting", "the other way stays open"


async def test_a_silent_bank_costs_no_try(bank, people, played):
    manager, _ = people
    made = await draft(bank, manager)
    await proofs.begin(manager, made.id, "out")
    played.is_silent = True
    with pytest.raises(Exception, match="silent"):
        await proofs.tell_amount(manager, made.id, 42)
    async with open_scope(bank_scope(bank.id)):
        assert (await AccountProof.get(application_id=made.id)).tries_left == 3


async def test_seven_days_are_the_end(bank, people, played):
    manager, _ = people
    made = await draft(bank, manager)
    proof = await proofs.begin(manager, made.id, "out")
    async with open_scope(bank_scope(bank.id)):
        await AccountProof.filter(id=proof.id).update(until=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(Conflict, match="over"):
        await proofs.tell_amount(manager, made.id, 42)


async def test_money_the_other_way_proves_only_from_the_account_itself(bank, people, played):
    manager, _ = people
    made = await draft(bank, manager)
    proof = await proofs.begin(manager, made.id, "in")
    played.came = [Remittance("r1", proof.amount_minor, "SGD", "55554444", is_returned=False)]
    assert (await proofs.look_for_money(manager, made.id)).status == "waiting"
    played.came.append(Remittance("r2", proof.amount_minor, "SGD", "001-234567-8", is_returned=False))
    assert (await proofs.look_for_money(manager, made.id)).status == "proven"
    assert {"r1", "r2"} <= set(played.returned), "whatever came is given back"


async def test_every_finding_cites_its_source_and_adds_up(bank, people, played):
    manager, _ = people
    twin = await submitted(bank, manager)
    played.listed = ["Chen Wei"]
    made = await submitted(bank, manager, settlement_account_name="Somebody Else Ltd")
    played.entries[made.uscc] = Entry(
        "Green Court Management Pte Ltd", "Li Na", True, "Test registry", "2026-01-01"
    )
    found = await findings.run_checks(manager, made.id)
    keys = [one["key"] for one in found.findings]
    assert {"registry_representative", "list_sanctions", "same_name", "same_account", "account_name"} <= set(
        keys
    )
    assert found.score == 100
    assert next(one for one in found.findings if one["key"] == "same_name")["found"].startswith(twin.number)
    assert next(one for one in found.findings if one["key"] == "list_sanctions")["source"] == "Test list"


async def test_a_silent_registry_never_reads_as_checked(bank, people, played, careful):
    manager, reviewer = people
    made = await ready(bank, manager, played)
    played.is_silent = True
    await findings.run_checks(manager, made.id)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Conflict, match="not_ready"):
            await services.approve(reviewer, made.id, made.version)


async def ready(bank, manager, played, **given) -> Application:
    """An application with all that a careful bank asks its kind for before it decides."""
    made = await draft(bank, manager, **given)
    played.entries[made.uscc] = Entry(made.legal_name, "Chen Wei", True, "Test registry", "2026-01-01")
    for role in sorted(REQUIRED_PEOPLE[made.kind]):
        await name(bank, manager, made, role)
    for kind in sorted(REQUIRED_DOCUMENTS[made.kind]):
        await bring_paper(bank, manager, made, kind)
    await proofs.begin(manager, made.id, "out")
    await proofs.tell_amount(manager, made.id, 42)
    async with open_scope(bank_scope(bank.id)):
        return await services.submit(manager, made.id, made.version)


async def name(bank, manager, made, role):
    async with open_scope(bank_scope(bank.id)):
        await behind.add(
            manager, made.id, somebody(role=role, share_percent=100 if role == "owner" else None)
        )


async def bring_paper(bank, manager, made, kind):
    async with open_scope(bank_scope(bank.id)):
        await bring(manager, made, kind)


@pytest.mark.parametrize("kind", INSTITUTION_KINDS)
async def test_every_kind_of_institution_is_asked_for_its_own_and_goes_live(
    bank, people, played, careful, kind
):
    manager, reviewer = people
    made = await draft(bank, manager, kind=kind)
    lacking = REQUIRED_DOCUMENTS[kind]
    for paper in sorted(lacking):
        async with open_scope(bank_scope(bank.id)):
            with pytest.raises(Invalid, match=r"application\.incomplete"):
                await services.submit(manager, made.id, made.version)
        await bring_paper(bank, manager, made, paper)
    for role in sorted(REQUIRED_PEOPLE[kind]):
        async with open_scope(bank_scope(bank.id)):
            with pytest.raises(Invalid, match=r"application\.people"):
                await services.submit(manager, made.id, made.version)
        await name(bank, manager, made, role)
    async with open_scope(bank_scope(bank.id)):
        await services.submit(manager, made.id, made.version)
    other = await ready(bank, manager, played, kind=kind, legal_name="Blue Lake")
    await findings.run_checks(manager, other.id)
    async with open_scope(bank_scope(bank.id)):
        tenant = await services.approve(reviewer, other.id, other.version)
        with pytest.raises(Conflict, match=r"gate\.closed"):
            await gate.go_live(reviewer, tenant.id)
    await pass_own_steps(tenant)
    async with open_scope(bank_scope(bank.id)):
        await gate.go_live(reviewer, tenant.id)
        assert (await Tenant.get(id=tenant.id)).status == "live"


async def pass_own_steps(tenant):
    chief = await make.staff(tenant)
    async with open_scope(tenant_scope(tenant.id)):
        await gate.review_fees(chief)
        await gate.pass_step(chief, tenant, "trial", "1.00")
        await gate.pass_step(chief, tenant, "contact")


async def test_a_high_score_is_refused_whoever_approves(bank, people, played, careful):
    manager, reviewer = people
    made = await ready(bank, manager, played)
    played.listed = [made.legal_name]
    await findings.run_checks(manager, made.id)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Conflict, match="too_risky"):
            await services.approve(reviewer, made.id, made.version)


async def test_a_resubmission_shows_what_changed_and_nothing_else(bank, people):
    manager, reviewer = people
    made = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        back = await services.send_back(reviewer, made.id, made.version, "The phone is wrong.")
        given = ApplicationForm.model_validate(
            facts(bank, uscc=made.uscc, slug=made.slug, contact_phone="+65 6999 0000")
        )
        now = await services.update(manager, back.id, back.version, given)
        again = await services.submit(manager, now.id, now.version)
        assert [
            (one.name, one.before, one.now) for one in changes(again.earlier_facts, again.sent_facts)
        ] == [("contact_phone", "+65 6123 4567", "+65 6999 0000")]


async def test_a_newer_paper_takes_the_place_of_one_that_runs_out(bank, people):
    manager, reviewer = people
    made = await submitted(bank, manager)
    async with open_scope(bank_scope(bank.id)):
        asked = await papers.ask_again(
            reviewer, made.id, kind="licence", reason="It runs out soon.", due_on=date(2099, 1, 1)
        )
        assert asked.met_at is None
        await papers.add_document(
            manager,
            made.id,
            kind="licence",
            filename="new.pdf",
            content_type="application/pdf",
            content=io.BytesIO(PDF),
            expires_on=date(2098, 1, 1),
        )
        assert await papers.open_requests(made) == []
        from tenants.onboarding.completeness import documents_of  # noqa: PLC0415

        names = [one.filename for one in await documents_of(made) if one.kind == "licence"]
        assert names == ["new.pdf"]
        with pytest.raises(Conflict, match="closed"):
            await papers.remove_document(manager, made.id, made.id)


async def test_the_gate_opens_when_everything_was_seen_and_not_before(bank, people, played, careful):
    manager, reviewer = people
    made = await ready(bank, manager, played)
    await findings.run_checks(manager, made.id)
    async with open_scope(bank_scope(bank.id)):
        tenant = await services.approve(reviewer, made.id, made.version)
        assert (tenant.status, tenant.takes_payments, tenant.live_at) == ("approved", False, None)
        with pytest.raises(Conflict, match=r"gate\.closed"):
            await gate.go_live(reviewer, tenant.id)
    await pass_own_steps(tenant)
    colleague = replace(reviewer, permissions=manager.permissions)
    async with open_scope(bank_scope(bank.id)):
        with pytest.raises(Exception, match="permission"):
            await gate.go_live(colleague, tenant.id)
        await gate.go_live(reviewer, tenant.id)
        assert (await Tenant.get(id=tenant.id)).takes_payments
        with pytest.raises(Conflict, match="live"):
            await gate.go_live(reviewer, tenant.id)


async def test_a_stranger_passes_no_step_of_another_institution(bank, people, played, careful):
    manager, reviewer = people
    made = await ready(bank, manager, played)
    await findings.run_checks(manager, made.id)
    async with open_scope(bank_scope(bank.id)):
        tenant = await services.approve(reviewer, made.id, made.version)
    stranger = await make.tenant(bank)
    async with open_scope(tenant_scope(stranger.id)):
        await gate.pass_step(await make.staff(stranger), tenant, "fees")
    async with open_scope(bank_scope(bank.id)):
        assert "fees" in [one.key for one in gate.missing(await gate.steps(tenant))]


def test_a_finding_is_a_sentence_of_the_readers_language():
    lapsing = {"key": "paper_runs_out", "found": "2026-12-10"}
    same = {"key": "same_name", "found": "Tengah Town Estate Pte. Ltd."}
    with use_locale("en"):
        assert str(sentence(lapsing)) == "A document runs out on Dec 10, 2026."
        assert str(sentence(same)) == "The name is that of Tengah Town Estate Pte. Ltd."
    with use_locale("zh_CN"):
        assert "2026年12月10日" in str(sentence(lapsing))


async def test_the_checklist_says_who_is_still_to_be_named(bank, people, careful):
    made = await draft(bank, people[0])
    async with open_scope(bank_scope(bank.id)):
        await behind.add(people[0], made.id, somebody(role="representative", share_percent=None))
        assert await missing_people(made) == ["owner"]
