"""Credit goes back to the payment that it came from: asked and agreed like every refund."""

from uuid import UUID

from billing.idempotency import Answer, once
from billing.models import Credit
from billing.payments import refunds
from billing.payments.amounts import Amount
from tenants.actor import Actor
from ui.errors import Invalid, NotFound
from ui.i18n import t


async def refund_credit(actor: Actor, *, credit_id: UUID, amount_minor: int, reason: str, key: str) -> UUID:
    """Ask that credit goes back whence it came, in the open tenant scope; limits hold as for refunds.

    Raises:
        Invalid: no reason, or an amount that is not above zero or more than is left of this credit.
        NotFound: there is no such credit.
        Conflict: the channel's time for refunds is over.
    """
    actor.require("refunds.request")
    actor.require_fresh()

    async def do() -> Answer:
        found = await Credit.get_or_none(tenant_id=actor.tenant_id, id=credit_id)
        if found is None:
            raise NotFound("credit.not_found", t("There is no such credit."))
        payment = await refunds.lock_payment(actor, found.payment_id)
        credit = await Credit.filter(tenant_id=actor.tenant_id, id=credit_id).select_for_update().get()
        _check(credit, amount_minor)
        credit.refunding_minor += amount_minor
        await credit.save(update_fields=["refunding_minor"])
        refund = await refunds.create(actor, payment, amount_minor, reason, credit=credit)
        return {"refund_id": str(refund.id)}

    body = {"credit": str(credit_id), "amount": amount_minor, "reason": reason}
    answer = await once(actor, key=key, act="credit.refund", body=body, do=do)
    return UUID(answer["refund_id"])


def _check(credit: Credit, amount: int) -> None:
    if type(amount) is not int or amount <= 0:
        text = t("Enter an amount above zero.")
        raise Invalid("refund.amount", text, fields={"amount": text})
    left = credit.left_minor - credit.refunding_minor
    if amount > left:
        text = t("At most {left} can be refunded.", left=Amount(left, credit.currency))
        raise Invalid("refund.too_much", text, fields={"amount": text})
