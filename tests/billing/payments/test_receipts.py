"""Receipts say what was paid as it was, in the reader's language, and prove themselves by a code."""

import pytest

from billing.models import FeeItem, Receipt
from billing.payments.service import refresh
from billing.receipts import service as receipts
from tenants.models import Tenant
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.payments import world
from ui.errors import NotFound
from ui.i18n import use_locale


@pytest.fixture
async def paid(place):
    bill = await world.bill(place, 3000, 2000)
    cashier = await make.staff(place.tenant, "cashier", "Cai Shi")
    payment_id = await world.take(place, cashier, (bill, 5000), payer_name="Mrs Lim")
    async with place.scope():
        receipt, payment = await receipts.receipt_of(place.id, payment_id)
    return receipt, payment


async def test_it_names_everything_that_was_paid(place, paid):
    receipt, payment = paid
    document = receipts.document_of(receipt)
    assert (document.issuer.name, document.issuer.credit_code) == (place.tenant.name, place.tenant.uscc)
    assert (document.total_minor, document.currency, document.payer) == (5000, "SGD", "Mrs Lim")
    assert [(line.item, line.amount_minor) for line in document.lines] == [
        ("Service charge", 3000),
        ("Extra 1", 2000),
    ]
    assert str(document.channel) == "Cash"
    assert receipt.number[1:] == payment.number[1:]


async def test_it_speaks_the_readers_language(paid):
    receipt, _ = paid
    with use_locale("zh_CN"):
        document = receipts.document_of(receipt)
        assert [line.item for line in document.lines] == ["服务费", "附加 1"]
        assert "年" in document.lines[0].period
        assert str(document.channel) == "现金"


async def test_later_names_do_not_change_it(place, paid, bank):
    receipt, _ = paid
    name = place.tenant.name
    async with place.scope():
        await FeeItem.filter(tenant_id=place.id).update(names={"en": "Renamed"})
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=place.id).update(name="Renamed Ltd")
    async with place.scope():
        again = await Receipt.get(id=receipt.id)
    document = receipts.document_of(again)
    assert (document.issuer.name, document.lines[0].item) == (name, "Service charge")


async def test_it_tells_what_has_gone_back_since(paid):
    receipt, _ = paid
    assert receipts.document_of(receipt).mark == "paid"
    assert receipts.document_of(receipt, refunded_minor=2000).mark == "part_refunded"


@pytest.mark.parametrize("locale", ["en", "zh_CN"])
async def test_it_is_a_pdf(place, paid, locale):
    receipt, payment = paid
    async with open_scope(place.payer.scope()):
        assert (await receipts.pdf_of(receipt, payment, locale)).startswith(b"%PDF-")


async def test_its_code_opens_it_and_no_other_does(place, paid):
    receipt, _ = paid
    code = receipts.code_of(receipt.id)
    assert receipts.document_of(receipt).verification_code == code
    found = await receipts.find_by_code(code.lower().replace("-", " "))
    assert found
    assert found.id == receipt.id
    assert await receipts.find_by_code("0000-0000-0000-0000") is None
    assert code.replace("-", "").encode() not in bytes(receipt.verification_hash)


async def test_its_payer_sees_it_and_a_stranger_does_not(place, outside):
    started = await world.start(place, await world.bill(place, 3000))
    outside.pay(await world.attempt(place, started))
    await refresh(place.payer, started.payment_id)
    async with open_scope(place.payer.scope()):
        receipt, _ = await receipts.receipt_of(place.id, started.payment_id)
        assert receipt.person_id == place.person.id
    async with open_scope(make.payer(await make.person("Stranger")).scope()):
        with pytest.raises(NotFound):
            await receipts.receipt_of(place.id, started.payment_id)
