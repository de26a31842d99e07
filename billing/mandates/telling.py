"""What a payer is told about autopay, in the product and by e-mail."""

from collections.abc import Mapping
from typing import Any

from billing import pay_links
from billing.models import Bill, Debit, Instalment, InstalmentPlan, Mandate
from billing.names import Day, Month, Sum
from tenants.actor import Actor
from tenants.notices import IN_APP, notify
from tenants.runtime import runtime
from ui.i18n import Text, t

TEMPLATE = "autopay"
_BILL: Mapping[str, Text] = {
    "skipped": t(
        "The bill of {account} for {month} is {amount}, more than a debit may take. Please pay it yourself."
    ),
    "stripe": t(
        "The bill of {account} for {month}, {amount}, is charged to {card} on {day}. You can stop this before then."
    ),
    "bank": t(
        "The bill of {account} for {month}, {amount}, is debited on {day}. You can stop this before then."
    ),
}
_INSTALMENT: Mapping[str, Text] = {
    "skipped": t(
        "For {account} {amount} is due: {month}. That is more than a debit may take. Please pay it here: {link}"
    ),
    "stripe": t(
        "For {account} {amount} is charged to {card} on {day}: {month}. You can stop this before then, or pay it"
        " yourself."
    ),
    "bank": t(
        "For {account} {amount} is debited on {day}: {month}. You can stop this before then, or pay it yourself."
    ),
}


async def tell(actor: Actor, mandate: Mandate, subject: Text, body: Text) -> None:
    """Leave the payer a message in the open tenant scope, and send it to their e-mail address if there is one."""
    for channel, recipient in ((IN_APP, mandate.person_name), ("email", mandate.email)):
        if recipient:
            await notify(
                actor,
                template=TEMPLATE,
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=body,
                person_id=mandate.person_id,
                account_id=mandate.account_id,
            )


async def words_of(debit: Debit, mandate: Mandate) -> dict[str, Any]:
    """Return what messages about a debit are filled with; ``month`` is what it is for, ``link`` where it is paid."""
    return {
        "amount": Sum(debit.amount_minor, debit.currency),
        "day": Day(debit.due_on),
        "card": mandate.mask,
    } | await (_of_bill(debit) if debit.bill_id else _of_instalment(debit))


async def _of_bill(debit: Debit) -> dict[str, Any]:
    bill = await Bill.get(tenant_id=debit.tenant_id, id=debit.bill_id)
    link = pay_links.make_url(bill.tenant_id, bill.id)
    return {"account": bill.account_number, "month": Month(bill.period), "link": link}


async def _of_instalment(debit: Debit) -> dict[str, Any]:
    plan = await InstalmentPlan.get(tenant_id=debit.tenant_id, id=debit.plan_id)
    count = await Instalment.filter(tenant_id=plan.tenant_id, plan_id=plan.id).count()
    return {
        "account": plan.account_number,
        "month": instalment_text(debit.position or 0, count),
        "link": f"{runtime().public_url.rstrip('/')}/my/plans/{plan.id}",
    }


def instalment_text(position: int, count: int) -> Text:
    """Say which instalment of a plan it is, within a sentence."""
    return t("instalment {n} of {count}", n=position, count=count)


async def announce(actor: Actor, debit: Debit, mandate: Mandate) -> None:
    """Tell the payer of a debit that is coming, or that it is above their ceiling, in the open tenant scope."""
    words = await words_of(debit, mandate)
    bodies = _BILL if debit.bill_id else _INSTALMENT
    is_skipped = debit.status == "skipped"
    body = bodies["skipped" if is_skipped else "stripe" if mandate.channel == "stripe" else "bank"]
    subject = (
        t("{amount} for {month} is above your ceiling", **words)
        if is_skipped
        else t("{amount} for {month} will be debited on {day}", **words)
    )
    await tell(actor, mandate, subject, t(body.message, **words))
