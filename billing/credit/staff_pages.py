"""Credit for a tenant's staff: the list, one credit with what it paid, giving it back, taking money ahead."""

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from billing.channels.counter import CASH, METHODS
from billing.credit import queries
from billing.credit.lots import SOURCES
from billing.credit.prepaying import take_prepayment
from billing.credit.refunds import refund_credit
from billing.credit.terms import CreditTerms
from billing.lists import list_page
from billing.models import Credit, Payment
from billing.reasons import in_words
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import path_id
from tenants.models import Account
from tenants.scope import rows
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Amount
from ui.formats import plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.shell import Tone
from ui.tables import Column

SOURCE_WORDS: dict[str, Text] = {key: t(words) for key, words in SOURCES.items()}
STATE_WORDS: dict[str, Text] = {
    "free": t("To be used"),
    "refunding": t("Being refunded"),
    "used": t("Used up"),
    "frozen": t("Kept back by a dispute"),
    "lost": t("Taken back by the payer's bank"),
}
STATE_TONES: dict[str, Tone] = {
    "free": "success", "refunding": "warning", "used": "neutral", "frozen": "warning", "lost": "danger",
}  # fmt: skip


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "account_number",
            t("Account"),
            format="name",
            is_main=True,
            sortable=True,
            href=lambda row: f"{root}/credit/{row['id']}",
        ),
        Column("created_at", t("Since"), format="date", sortable=True),
        Column("source", t("Where it comes from"), words=SOURCE_WORDS),
        Column("payer_name", t("Payer"), format="name"),
        Column("state", t("State"), format="badge", words=STATE_WORDS, tones=STATE_TONES),
        Column("amount_minor", t("Amount"), format="money"),
        Column("left_minor", t("Left"), format="money", sortable=True),
    )


FILED = (Column("payment_number", t("Payment")),)


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the credit of accounts."""
    assert actor.tenant_id is not None  # noqa: S101 - the door has led here
    context = {
        "sources": list(SOURCE_WORDS.items()),
        "states": [("used", STATE_WORDS["used"]), ("all", t("All"))],
        "sums": await queries.sums_of(actor.tenant_id),
    }
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(
        request, actor, queries.CREDITS, columns, "billing/credit/list.html", context, FILED
    )


class GiveBack(BaseModel):
    """How much goes back, and why."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))
    reason: str = Field(title=N_("Why"), max_length=500)


async def credit(request: Request, actor: Actor) -> Response:
    """One credit: where it comes from, what it paid, giving it back."""
    found = await _found(request, actor)
    left = plain_amount(found.left_minor - found.refunding_minor, found.currency)
    return await _page(request, actor, found, Form.blank(GiveBack, {"key": new_token(), "amount": left}))


async def _found(request: Request, actor: Actor) -> Credit:
    found = await Credit.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("credit.not_found", t("There is no such credit."))
    return found


_USES = """
select u.created_at at, u.amount_minor, u.used_by_name, b.number, b.id bill_id, b.period from billing_credit_use u
  join billing_bill b on b.tenant_id = u.tenant_id and b.id = u.bill_id
 where u.tenant_id = $1 and u.credit_id = $2 order by u.created_at desc limit 200
"""


async def _page(
    request: Request, actor: Actor, found: Credit, form: Form[GiveBack], status: int = 200
) -> Response:
    context = {
        "credit": found,
        "in_words": in_words,
        "account": await Account.get(tenant_id=found.tenant_id, id=found.account_id),
        "payment": await Payment.get(tenant_id=found.tenant_id, id=found.payment_id),
        "uses": await rows(_USES, found.tenant_id, found.id),
        "source": SOURCE_WORDS.get(found.source, found.source),
        "free_minor": found.left_minor - found.refunding_minor,
        "form": form,
        "root": f"/t/{actor.place['slug']}",
        "actor": actor,
    }
    return await respond(request, "billing/credit/one.html", context, status=status)


async def give_back(request: Request, actor: Actor) -> Response:
    """Ask that credit goes back to its payment."""
    found = await _found(request, actor)
    form = await bind(request, GiveBack, context={"currency": found.currency})
    if form.is_valid:
        try:
            refund = await refund_credit(
                actor,
                credit_id=found.id,
                amount_minor=form.ok.amount,
                reason=form.ok.reason,
                key=form.ok.key,
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            url = f"/t/{actor.place['slug']}/refunds/{refund}"
            return redirect(request, url, flash=t("The refund is asked for."))
    return await _page(request, actor, found, form, 422)


class Taken(BaseModel):
    """Money taken ahead at the desk."""

    key: str = ""
    amount: Amount = Field(title=N_("Amount"))
    method: str = Field(CASH, title=N_("How it was paid"))
    reference: str = Field("", title=N_("Number on the slip, cheque or transfer"), max_length=100)
    payer_name: str = Field("", title=N_("Name of the payer"), max_length=100)


async def new_taking(request: Request, actor: Actor) -> Response:
    """The form for money that is paid ahead at the desk."""
    account = await _account(request, actor)
    return await _taking(request, actor, account, Form.blank(Taken, {"key": new_token(), "method": CASH}))


async def _account(request: Request, actor: Actor) -> Account:
    found = await Account.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if found is None:
        raise NotFound("account.not_found", t("There is no such account."))
    return found


async def _taking(
    request: Request, actor: Actor, account: Account, form: Form[Taken], status: int = 200
) -> Response:
    currency = actor.place["currency"]
    context = {
        "account": account,
        "form": form,
        "currency": currency,
        "credit_minor": await queries.free_credit(account.tenant_id, account.id, currency),
        "terms": await terms_of(account.tenant_id, CreditTerms),
        "methods": [(key, t(name)) for key, name in METHODS.items()],
        "root": f"/t/{actor.place['slug']}",
    }
    return await respond(request, "billing/credit/desk.html", context, status=status)


async def take(request: Request, actor: Actor) -> Response:
    """Record money that is paid ahead at the desk."""
    account = await _account(request, actor)
    form = await bind(request, Taken, context={"currency": actor.place["currency"]})
    if form.is_valid:
        try:
            payment = await take_prepayment(
                actor,
                account_id=account.id,
                amount_minor=form.ok.amount,
                method=form.ok.method,
                key=form.ok.key,
                reference=form.ok.reference,
                payer_name=form.ok.payer_name,
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, f"/t/{actor.place['slug']}/desk/payments/{payment}")
    return await _taking(request, actor, account, form, 422)
