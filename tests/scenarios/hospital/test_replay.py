"""Claims as a hospital has them, through the books: every charge a line, every payment landed, every surplus credit.

``data/synthea_claims.csv`` sums the transactions of the 1,267 claims of OHDSI's Synthea seeds (Apache-2.0) in minor
units, one row for each claim.
"""

import csv
from collections import defaultdict
from pathlib import Path

import pytest_asyncio

from billing.credit.prepaying import take_prepayment
from billing.credit.terms import CreditTerms
from billing.ledger import verify_ledger
from billing.payments.service import take_payment
from billing.plans.single import Charge, issue_for
from billing.terms import keep_terms
from tenants.days import today
from tenants.ids import new_id
from tenants.scope import row, value
from tests.scenarios.hospital import crowd

CLAIMS = Path(__file__).parent / "data/synthea_claims.csv"
CHARGED, PAID, SURPLUS, SURPLUS_CLAIMS = 109_240_273, 110_350_395, 1_110_122, 190
AT_ONCE, LINES = 50, 20


def claims() -> list[dict[str, int]]:
    with CLAIMS.open(encoding="utf-8") as file:
        return [{name: int(text) for name, text in one.items()} for one in csv.DictReader(file)]


def test_the_claims_are_those_of_the_source():
    found = claims()
    assert (len(found), len({one["patient"] for one in found})) == (1_267, 27)
    assert sum(one["charged_minor"] for one in found) == CHARGED
    assert sum(one["paid_minor"] for one in found) == PAID
    over = [one["paid_minor"] - one["charged_minor"] for one in found]
    assert sum(more for more in over if more > 0) == SURPLUS
    assert sum(more > 0 for more in over) == SURPLUS_CLAIMS


@pytest_asyncio.fixture(loop_scope="session")
async def patients(house):
    return await crowd.gather(house, 27)


async def test_claims_replay_to_the_cent_with_every_surplus_as_credit(house, patients):
    async with house.scope():
        terms = CreditTerms(prepay_least_minor=1, prepay_most_minor=10**9)
        await keep_terms(house.system, terms, tenant_id=house.id)
    by_patient = defaultdict(list)
    for one in claims():
        by_patient[one["patient"]].append(one)
    for number, found in by_patient.items():
        account = patients[number - 1].account_id
        bills = []
        charged = [one for one in found if one["charged_minor"]]
        async with house.scope():
            for start in range(0, len(charged), LINES):
                lines = charged[start : start + LINES]
                bill = await issue_for(
                    house.system,
                    account_id=account,
                    charges=[Charge(one["charged_minor"], f"Claim {one['claim']}") for one in lines],
                    due_on=today("Asia/Singapore"),
                    reference=f"claim-{lines[0]['claim']}",
                    key=new_id().hex,
                )
                bills.append((bill.id, sum(min(one["charged_minor"], one["paid_minor"]) for one in lines)))
        for start in range(0, len(bills), AT_ONCE):
            part = bills[start : start + AT_ONCE]
            await take_payment(house.cashier, bills=part, method="cash", key=new_id().hex)
        for one in found:
            if (more := one["paid_minor"] - one["charged_minor"]) > 0:
                async with house.scope():
                    await take_prepayment(
                        house.cashier,
                        account_id=account,
                        amount_minor=more,
                        method="cash",
                        key=new_id().hex,
                    )
    async with house.scope():
        assert await books_of(house) == {
            "charged": CHARGED,
            "paid": PAID,
            "owed": 0,
            "credit": SURPLUS,
            "credits": SURPLUS_CLAIMS,
            "lines": sum(one["charged_minor"] > 0 for one in claims()),
        }
        assert await value("select count(*) from billing_suspense where tenant_id = $1", house.id) == 0
        assert await verify_ledger(house.id) == []


async def books_of(house):
    """What was charged, paid, owed and kept as credit, in the open scope."""
    books = await row(
        "select (select sum(total_minor) from billing_bill where tenant_id = $1) charged,"
        " (select sum(amount_minor) from billing_payment where tenant_id = $1 and status = 'succeeded') paid,"
        " (select sum(total_minor - paid_minor) from billing_bill where tenant_id = $1) owed,"
        " (select sum(left_minor) from billing_credit where tenant_id = $1) credit,"
        " (select count(*) from billing_credit where tenant_id = $1) credits,"
        " (select count(*) from billing_bill_line where tenant_id = $1) lines",
        house.id,
    )
    return dict(books or {})
