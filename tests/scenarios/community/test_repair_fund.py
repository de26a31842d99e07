"""The repair fund has an account of its own: its bills and receipts name it, and its money never mixes with fees."""

from datetime import timedelta

from billing.charges import fees
from billing.models import FeeItem, Payment, SettlementAccount
from billing.payments.settlement import provision_settlement
from billing.payments.taking import take_payment
from billing.plans import single
from billing.plans.single import Charge
from tenants.ids import new_id
from tests import make
from tests.page import inspect, text_of
from tests.scenarios.community.estate import TODAY


async def test_the_fund_is_paid_into_its_own_account_and_says_so(place, client):
    ann = await make.person("Ann Tan")
    await make.holder(place.flats[0], ann)
    async with place.scope():
        for name, number in (("Estate", "1020001111"), ("Repair fund of the estate", "1020002222")):
            await provision_settlement(
                place.chief, place.tenant, bank_code="HARBSGSG", account_name=name, account_number=number,
                currency="SGD",
            )  # fmt: skip
        fund = await FeeItem.get(tenant_id=place.tenant.id, key="repair_fund")
        await FeeItem.filter(id=fund.id).update(is_active=True)
        own = await SettlementAccount.get(tenant_id=place.tenant.id, account_mask="•••• 2222")
        own.created_at += timedelta(seconds=1)  # the other came first, and is meant where a fee names none
        await own.save(update_fields=["created_at"])
        await fees.set_destination(place.chief, fund.id, settlement_account_id=own.id)
        bills = {}
        for key, item in (("repair_fund", fund), ("service", place.billing.items["service"])):
            bills[key] = await single.issue(
                place.billing.finance, account_id=place.flats[0].id,
                charges=[Charge(5000, fee_item_id=item.id)], due_on=TODAY + timedelta(days=9), key=new_id().hex,
            )  # fmt: skip
    await make.sign_in(client, ann.id)
    for key, digits in (("repair_fund", "2222"), ("service", "1111")):
        page = text_of(inspect((await client.get(f"/my/bills/{bills[key].id}")).text))
        assert "Paid into" in page
        assert f"•••• {digits}" in page
    cashier = await make.staff(place.tenant, "cashier")
    paid = [
        await take_payment(cashier, bills=[(one.id, 5000)], method="cash", key=new_id().hex)
        for one in bills.values()
    ]
    async with place.scope():
        into = [(await Payment.get(tenant_id=place.tenant.id, id=one)).settlement_account_id for one in paid]
    assert into[0] == own.id != into[1]
