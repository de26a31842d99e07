"""What leaves the house, or is kept where many can read it, names no department, doctor, treatment or document."""

import json
import logging
import re

import pytest

from billing import pay_links
from billing.channels.contract import Item
from billing.payments.choosing import choose
from billing.wallets.topping_up import take_top_up
from scenarios.hospital import cancelling, consents, pricing, stopping
from scenarios.hospital.his.contract import Order
from scenarios.hospital.inpatient import admission, afterwards, deposits, settling, syncing
from scenarios.hospital.kinds import CONSENTS
from scenarios.hospital.models import Patient, Stay
from scenarios.hospital.orders import service as orders
from scenarios.hospital.routes import ROUTES
from tenants.ids import new_id
from tenants.models import Account
from tenants.runtime import runtime
from tenants.scope import bank_scope, open_scope, rows, value
from tests import make
from tests.jobs import run_due

SECRETS = ("Eyes", "眼科", "Lin Wei", "Ravi Nair", "Blood count")
BED = "3U-1"
"""No number of ours has a U, so that none says it by chance."""
PUBLIC_TABLES = (
    "tenants_notice", "tenants_audit", "tenants_outbox", "tenants_idempotency", "billing_bill", "billing_bill_line",
    "billing_payment", "billing_attempt", "billing_refund", "billing_receipt", "billing_hold", "billing_entry",
    "billing_posting", "billing_wallet", "billing_wallet_movement", "billing_wallet_top_up", "billing_credit_note",
    "billing_credit", "hospital_order", "hospital_patient", "hospital_basket", "hospital_stay", "hospital_stay_charge",
    "hospital_settlement", "hospital_billed_charge", "hospital_stay_credit", "hospital_consent", "hospital_his_day",
    "hospital_his_break", "hospital_order_return",
)  # fmt: skip
"""Everything that is sent, printed, exported, logged or shown to the bank is written into one of these first."""


@pytest.fixture
def named(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


async def test_nothing_clinical_is_written_where_it_could_leave_the_house(house, client, named):
    person, actor, ann = await house.mine()
    session = await house.session(0, 5)
    made = await house.booked(ann, session, actor=actor.within(house.id))
    other = await house.booked(await house.patient("Bo"), await house.session(1, 6))
    async with house.scope():
        await orders._keep(
            await Account.get(tenant_id=house.id, id=ann.id),
            [Order("c-1", "Blood count", 500, made.starts_at)],
            "SGD",
        )
        kept = await pricing.kept_of(made)
        await cancelling.cancel(actor.within(house.id), appointment_id=made.id, seen_kept_minor=kept, key="c")
        await stopping.stop(house.clerk, session_id=other.session_id, reason="Ill.")
    await run_due(house.id)
    await make.sign_in(client, person.id)
    for path in ("/my/care", f"/my/care/patients/{ann.id}", f"/my/care/appointments/{made.id}"):
        assert (await client.get(path)).status_code == 200
    async with house.scope():
        for table in PUBLIC_TABLES:
            for one in await rows(
                f"select to_jsonb(t)::text said from {table} t where tenant_id = $1", house.id
            ):
                found = [
                    word
                    for word in SECRETS
                    if word in json.dumps(json.loads(one["said"]), ensure_ascii=False)
                ]
                assert not found, (table, found, one["said"][:300])
        patient = await Patient.get(tenant_id=house.id, account_id=ann.id)
    number = runtime().decrypt("hospital-document", bytes(patient.document))
    assert number not in patient.document_mask
    said = "\n".join(str(record.__dict__) for record in named.records)
    assert not [word for word in (*SECRETS, number) if word in said]


def the_system_tells(ward, account, his_id, day):
    """The hospital's system says of a stay with one charge, and of a report."""
    slug = ward.house.tenant.slug
    bed = {"id": his_id, "patient": account.number, "ward": "3U", "bed": BED}
    ward.post("his/stays", hospital=slug, stays=[bed])
    lines = [{"id": f"{his_id}-1", "text": "Blood count", "day": day, "value": 40.0}]
    ward.post("his/stay-charges", hospital=slug, stay=his_id, charges=lines)
    report = {
        "id": "r-1",
        "patient": account.number,
        "title": "Ravi Nair: Blood count",
        "text": "Blood count",
    }
    ward.post("his/reports", hospital=slug, reports=[report])


async def test_nothing_of_a_stay_or_a_report_is_written_where_it_could_leave_the_house(ward, client, named):
    """Every page of a stay and a report is opened, everything that can happen to money happens; then all is read."""
    house = ward.house
    person, _, account = await house.mine()
    async with house.scope():
        for purpose in CONSENTS:
            await consents.give(house.clerk, account_id=account.id, purpose=purpose, way="desk")
    his_id, day = f"e-{new_id().hex[-8:]}", "2026-03-01"
    the_system_tells(ward, account, his_id, day)
    await syncing.keep_up(house.system)
    async with house.scope():
        stay = await Stay.get(tenant_id=house.id, his_id=his_id)
        await deposits.remind(house.system, stay.id)
    await take_top_up(
        house.cashier, wallet_id=stay.wallet_id, amount_minor=1_000, method="cash", key=new_id().hex
    )
    await settling.presettle(house.finance, stay.id)
    async with house.scope():
        await admission.leave(house.clerk, stay.id)
        held = await deposits.held_of(stay)
    left = held.deposited_minor - held.charged_minor
    await settling.discharge(house.finance, stay_id=stay.id, seen_left_minor=left)
    await afterwards.reverse(house.finance, stay_id=stay.id, reason="Typed wrong.")
    made = await settling.discharge(house.finance, stay_id=stay.id, seen_left_minor=left)
    await make.sign_in(client, person.id)
    own, mine = f"/my/care/patients/{account.id}", f"/my/care/stays/{stay.id}"
    pages = (f"{mine}/days/{day}", f"{own}/reports", f"{own}/reports/r-1", f"{own}/consents")
    for path in ("/my/care", own, mine, *pages):
        assert (await client.get(path)).status_code == 200, path
    await make.sign_in(client, house.finance.person_id)
    for path in ("stays", f"stays/{stay.id}", f"stays/{stay.id}/days/{day}"):
        assert (await client.get(f"{house.root}/{path}")).status_code == 200, path
    await run_due(house.id)
    assert made.bill_id is not None
    async with house.scope():
        for table in PUBLIC_TABLES:
            for one in await rows(
                f"select to_jsonb(t)::text said from {table} t where tenant_id = $1", house.id
            ):
                said = json.dumps(json.loads(one["said"]), ensure_ascii=False)
                assert not [word for word in (*SECRETS, BED) if word in said], (table, said[:300])
        chosen = await choose(house.id, {made.bill_id: 1}, is_paying=False)
    link = await client.get(pay_links.make(house.id, made.bill_id))
    told = [item.name for item in chosen.items if isinstance(item, Item)]
    logs = "\n".join(str(record.__dict__) for record in named.records)
    for text in (*told, link.text, logs):
        assert not [word for word in SECRETS if word in text]
    assert "3U-" not in "".join((*told, link.text))


async def test_what_a_channel_is_told_names_only_the_fee(house):
    made = await house.book(await house.patient(), await house.session())
    async with house.scope():
        assert made.bill_id is not None
        chosen = await choose(house.id, {made.bill_id: int(made.price_minor)}, is_paying=False)
    told = [item.name for item in chosen.items if isinstance(item, Item)]
    assert told
    assert not [word for word in SECRETS for name in told if word in name]


def test_addresses_hold_ids_alone():
    for route in ROUTES:
        path = getattr(route, "path", "")
        assert re.fullmatch(
            r"(/[A-Za-z_-]+|/\{(tenant|hospital|id|session|holder|appointment|day|credit|report|return|secret|version)\})+",
            path,
        ), path


async def test_the_bank_sees_no_row_of_the_hospitals_own(house, bank, owner):
    await house.booked(await house.patient(), await house.session())
    tables = await owner.fetch(
        "select relname from pg_class where relkind = 'r' and relname like 'hospital%'"
    )
    assert len(tables) > 10
    async with open_scope(bank_scope(bank.id)):
        for table in tables:
            assert await value(f"select count(*) from {table['relname']}") == 0, table["relname"]
