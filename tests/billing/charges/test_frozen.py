"""A late fee stands still while somebody says what is wrong with a bill."""

from billing.answers import service as answers
from billing.charges import runs
from billing.models import Answer
from tenants.scope import open_scope, tenant_scope
from tests import make
from tests.billing.charges.estate import SEPTEMBER
from tests.jobs import run_due


async def test_a_disputed_bill_bears_no_late_fee_until_that_is_decided(estate):
    account = await make.account(
        estate.tenant, "late", attributes={"flat_type": "4-room", "is_reduced": True}
    )
    ann = await make.person("Ann Tan")
    await make.holder(account, ann)
    (july,) = await estate.bills(await estate.bill())
    own = {"tenant_id": estate.tenant.id}
    async with open_scope(tenant_scope(estate.tenant.id)):
        answer = await answers.dispute(
            make.payer(ann), bill_id=july.id, topic="amount", text="I was away", files=[], **own
        )
    frozen = await estate.draft("late", period=SEPTEMBER)
    assert frozen.bill_count == 0
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.cancel(estate.finance, frozen.id)
        await answers.decide(
            estate.finance, answer_id=answer, is_accepted=True, outcome="credit_note", text="Right"
        )
    await run_due(estate.tenant.id)
    righting = await estate.draft("late", period=SEPTEMBER)
    assert righting.bill_count == 0, "the payer was right, and the credit note is still to be written"
    async with open_scope(tenant_scope(estate.tenant.id)):
        await runs.cancel(estate.finance, righting.id)
        await Answer.filter(id=answer).update(outcome="explained")
    await run_due(estate.tenant.id)
    assert (await estate.draft("late", period=SEPTEMBER)).bill_count == 1
