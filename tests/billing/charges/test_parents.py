"""Bills, lines and postings are held to their parents by statement, and those parents never go."""

from datetime import date

import asyncpg
import pytest

from billing.ledger import Side, post
from billing.models import Bill, BillLine, FeeRule
from tenants.ids import new_id
from tenants.scope import execute, open_scope, tenant_scope
from tests import make
from tests.billing.charges.estate import JULY


async def refused(estate, sql, *args, error=asyncpg.ForeignKeyViolationError):
    with pytest.raises(error):
        async with open_scope(tenant_scope(estate.tenant.id)):
            await execute(sql, estate.tenant.id, *args)


LINE = """
insert into billing_bill_line (tenant_id, bill_id, account_id, fee_item_id, fee_rule_id, period, currency,
                               amount_minor, names, inputs)
values ($1, $2, $3, $4, $5, '2026-10-01', 'SGD', 1, '{}', '{}')
"""
BILL = """
insert into billing_bill (tenant_id, account_id, scenario, number, period, due_on, currency, total_minor,
                          account_number, account_name)
values ($1, $2, 'community', 'X1', '2026-09-01', '2026-09-01', 'SGD', 1, 'x', 'x')
"""


async def test_a_line_of_another_account_fee_or_rule_is_refused(estate, bank):
    account, other = await make.account(estate.tenant, "A"), await make.account(estate.tenant, "B")
    bill = next(b for b in await estate.bills(await estate.bill()) if b.account_id == account.id)
    item, stray = estate.items["service"].id, estate.items["late"].id
    async with open_scope(tenant_scope(estate.tenant.id)):
        rule = (await estate.rule("service")).id
        draft = await FeeRule.create(
            tenant_id=estate.tenant.id,
            fee_item_id=item,
            version=9,
            document={},
            effective_from=date(2030, 1, 1),
        )
        await execute(LINE, estate.tenant.id, bill.id, account.id, item, rule)
        assert await BillLine.filter(tenant_id=estate.tenant.id, bill_id=bill.id).count() == 2
    async with open_scope(tenant_scope(estate.tenant.id)):
        await execute("update billing_bill_line set is_live = false where tenant_id = $1", estate.tenant.id)
    await refused(estate, LINE, bill.id, other.id, item, rule)
    await refused(estate, LINE, bill.id, account.id, new_id(), None)
    await refused(estate, LINE, bill.id, account.id, stray, rule)
    await refused(estate, LINE, bill.id, account.id, item, draft.id)
    foreign = await make.account(await make.tenant(bank))
    await refused(estate, BILL, foreign.id)
    await refused(estate, BILL, new_id())


async def test_a_posting_names_an_entry_an_account_and_an_issued_bill(estate, bank):
    account = await make.account(estate.tenant, "A")
    run = await estate.draft()
    (draft,) = await estate.bills(run)
    for named in (
        {"account_id": new_id()},
        {"account_id": account.id, "bill_id": new_id()},
        {"account_id": account.id, "bill_id": draft.id},
    ):
        sides = [Side("receivable", 1, "SGD", **named), Side("opening", -1, "SGD")]
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with open_scope(tenant_scope(estate.tenant.id)):
                await post(estate.tenant.id, "bill.issued", new_id(), sides)
    lone = (
        "insert into billing_posting (tenant_id, entry_id, ledger, currency, amount_minor) values"
        " ($1, $2, 'receivable', 'SGD', 1), ($1, $2, 'opening', 'SGD', -1)"
    )
    await refused(estate, lone, new_id())


async def test_what_they_name_never_goes(estate):
    account = await make.account(estate.tenant, "A")
    (bill,) = await estate.bills(await estate.bill())
    gone = asyncpg.PostgresError
    await refused(estate, "delete from tenants_account where tenant_id = $1", error=gone)
    await refused(
        estate,
        "update tenants_account set id = $2 where id = $3 and tenant_id = $1",
        new_id(),
        account.id,
        error=gone,
    )
    await refused(estate, "delete from billing_fee_item where tenant_id = $1", error=gone)
    await refused(
        estate,
        "update billing_fee_rule set status = 'draft' where tenant_id = $1 and status = 'active'",
        error=gone,
    )
    await refused(
        estate,
        "update billing_bill set account_id = $2 where tenant_id = $1 and id = $3",
        new_id(),
        bill.id,
        error=gone,
    )
    async with open_scope(tenant_scope(estate.tenant.id)):
        assert await Bill.filter(tenant_id=estate.tenant.id, period=JULY).count() == 1
