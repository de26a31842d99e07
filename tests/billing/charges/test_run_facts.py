"""What a run tells a rule beside the account's attributes: earlier balances, other lines, and who moved in when."""

from datetime import date

from billing.models import Bill
from billing.rules import builders as b
from tenants.models import Holder
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.conftest import item
from tests.billing.charges.estate import AUGUST, JULY

FLAT = {"flat_type": "1-room", "is_reduced": True}


async def billed(estate, *keys, period=JULY) -> dict[str, int]:
    run = await estate.bill(*keys, period=period)
    async with open_scope(tenant_scope(estate.tenant.id)):
        found = await Bill.filter(tenant_id=estate.tenant.id, run_id=run.id)
    return {bill.account_number: bill.total_minor for bill in found}


async def test_a_charge_may_look_at_arrears_and_reaches_those_who_have_none(estate):
    """10.00, and one per cent of what is owed from before: 20.00 of July."""
    await make.account(estate.tenant, "OWES", attributes=FLAT)
    await billed(estate, "service")
    await make.account(estate.tenant, "FRESH", attributes=FLAT)
    rule = b.charge("SGD", b.total("10", b.percent("1", b.balance("arrears"))))
    estate.items["interest"] = await item(estate.tenant, "interest", ["unit"], rule)
    assert await billed(estate, "interest", period=AUGUST) == {"OWES": 1020, "FRESH": 1000}


async def test_a_charge_by_days_begins_with_the_holder(estate):
    """31.00 a month: from the 17th on it is 15 of 31 days; a change of owner within the month leaves no day out."""
    rule = b.charge("SGD", "31.00", proration="by_day")
    estate.items["daily"] = await item(estate.tenant, "daily", ["unit"], rule)
    spans: dict[str, list[tuple[date | None, date | None]]] = {
        "OLD": [(None, None)],
        "MOVED": [(date(2026, 7, 17), None)],
        "SOLD": [(date(2020, 1, 1), date(2026, 7, 9)), (date(2026, 7, 10), None)],
        "GONE": [(date(2026, 7, 20), None), (date(2019, 1, 1), date(2026, 6, 30))],
        "EMPTY": [],
        "LATER": [(date(2026, 8, 1), None)],
    }
    for number, held in spans.items():
        account = await make.account(estate.tenant, number, attributes=FLAT)
        async with open_scope(tenant_scope(estate.tenant.id)):
            for index, (since, until) in enumerate(held):
                await Holder.create(
                    tenant_id=estate.tenant.id,
                    account_id=account.id,
                    relation="owner",
                    name=f"{number} {index}",
                    since=since,
                    until=until,
                )
    found = await billed(estate, "daily")
    assert found == {"OLD": 3100, "MOVED": 1500, "SOLD": 3100, "GONE": 1200, "EMPTY": 3100}
