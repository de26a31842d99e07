"""Autopay on pages: a payer sets it up, sees what comes and stops it; staff see all of them and may stop one."""

from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount, account_seen
from billing.lists import Listing, list_page
from billing.mandates import life, terms_page
from billing.mandates.life import WORDS, Wish
from billing.mandates.states import LIVE
from billing.mandates.terms import MandateTerms
from billing.mandates.words import DEBIT_TONES, DEBIT_WORDS, MANDATE_TONES, MANDATE_WORDS, SCHEDULE_WORDS
from billing.models import Mandate
from billing.payer.account import Card, add_card
from billing.terms import terms_of
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route, tenant_route
from tenants.models import Account
from tenants.navigation import Place, add_tenant_places
from tenants.runtime import runtime
from tenants.scope import open_scope, rows, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import MinorAmount
from ui.flash import Flash
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column

terms_page.register()
add_tenant_places(Place(N_("Automatic payments"), "/mandates", "payments.read", "calendar", 45))


class Autopay(BaseModel):
    """What a payer wants to be taken, and when."""

    ceiling: Annotated[int, MinorAmount()] = Field(title=N_("At most, each time"))
    schedule: str = Field("bill", title=N_("When"))
    day: int = Field(1, title=N_("Day of the month"), ge=1, le=28)


async def show(request: Request, actor: Actor) -> Response:
    """Show how an account is paid automatically, or the form to set it up (asks the bank when it waits for leave)."""
    async with open_scope(actor.scope()):
        seen = await account_seen(path_id(request), actor.person_id)
        mandate = await _live(seen)
    if mandate is not None and mandate.status in {"created", "authorising"}:
        with suppress(Conflict):
            await life.present(actor.within(seen.tenant_id), mandate.id)
    async with open_scope(actor.scope()):
        return await _page(request, seen, Form.blank(Autopay, {"schedule": "bill", "day": 1}))


async def _live(seen: SeenAccount) -> Mandate | None:
    return await Mandate.filter(tenant_id=seen.tenant_id, account_id=seen.id, status__in=LIVE).first()


_DEBITS = """
select d.id, d.due_on, d.amount_minor, d.currency, d.status, d.tries, b.period, b.number, d.bill_id
  from billing_debit d left join billing_bill b on b.tenant_id = d.tenant_id and b.id = d.bill_id
 where d.tenant_id = $1 and d.account_id = $2 order by d.due_on desc, d.id desc limit 24
"""


async def _page(request: Request, seen: SeenAccount, form: Form[Autopay], status: int = 200) -> Response:
    mandate = await _live(seen)
    context: dict[str, Any] = {
        "account": seen,
        "mandate": mandate,
        "debits": await rows(_DEBITS, seen.tenant_id, seen.id),
        "terms": await terms_of(seen.tenant_id, MandateTerms),
        "form": form,
        "words": MANDATE_WORDS,
        "tones": MANDATE_TONES,
        "debit_words": DEBIT_WORDS,
        "debit_tones": DEBIT_TONES,
        "why": t(WORDS[mandate.word]) if mandate and mandate.word in WORDS else "",
        "when": SCHEDULE_WORDS,
    }
    return await respond(request, "billing/mandates/mine.html", context, status=status)


async def set_up(request: Request, actor: Actor) -> Response:
    """Set automatic payment up (outside of any scope) and go where the payer gives leave."""
    async with open_scope(actor.scope()):
        seen = await account_seen(path_id(request), actor.person_id)
    form = await bind(request, Autopay, context={"currency": seen.currency})
    if form.is_valid:
        back = f"{runtime().public_url.rstrip('/')}/my/accounts/{seen.id}/autopay"
        wish = Wish("bank", form.ok.ceiling, form.ok.schedule, form.ok.day)
        try:
            mandate = await life.set_up(
                actor, tenant_id=seen.tenant_id, account_id=seen.id, wish=wish, return_url=back
            )
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            return redirect(request, mandate.authorise_url or f"/my/accounts/{seen.id}/autopay")
    async with open_scope(actor.scope()):
        return await _page(request, seen, form, 422)


async def _own(request: Request, actor: Actor) -> tuple[SeenAccount, Mandate]:
    seen = await account_seen(path_id(request), actor.person_id)
    mandate = await _live(seen)
    if mandate is None:
        raise NotFound("mandate.not_found", t("Nothing is paid automatically for this account."))
    return seen, mandate


async def stop(request: Request, actor: Actor) -> Response:
    """Stop automatic payment at once."""
    seen, mandate = await _own(request, actor)
    async with open_scope(tenant_scope(seen.tenant_id)):
        await life.stop(actor.within(seen.tenant_id), mandate_id=mandate.id)
    text = t("Stopped. Nothing more is taken for this account.")
    return redirect(request, f"/my/accounts/{seen.id}/autopay", flash=text)


async def resume(request: Request, actor: Actor) -> Response:
    """Take a paused automatic payment up again."""
    seen, mandate = await _own(request, actor)
    url = f"/my/accounts/{seen.id}/autopay"
    try:
        async with open_scope(tenant_scope(seen.tenant_id)):
            await life.resume(actor.within(seen.tenant_id), mandate_id=mandate.id)
    except Conflict as refused:
        return redirect(request, url, flash=Flash(refused.message, tone="warning"))
    return redirect(request, url, flash=t("Your bills are paid automatically again."))


async def autopay_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Say on an account's page whether it is paid automatically."""
    del actor
    mandate = await _live(account)
    waits = t("Bills can be taken from your bank account by themselves.")
    return Card(
        t("Automatic payment"),
        MANDATE_WORDS[mandate.status] if mandate else waits,
        f"/my/accounts/{account.id}/autopay",
        t("See or stop it") if mandate else t("Set it up"),
    )


MANDATES = Listing(
    name="automatic-payments",
    filters=("state",),
    sorts={"created_at": "m.created_at", "account_number": "a.number"},
    default_sort="-created_at",
    sql="""
select m.id, m.created_at, m.status, m.channel, m.ceiling_minor, m.currency, m.schedule, m.day_of_month, m.person_name,
       m.mask, m.word, m.ended_at, m.ended_by_name, a.number account_number,
       (select min(d.due_on) from billing_debit d where d.tenant_id = m.tenant_id and d.mandate_id = m.id
           and d.status in ('announced', 'waiting')) next_on
  from billing_mandate m join tenants_account a on a.tenant_id = m.tenant_id and a.id = m.account_id
 where m.tenant_id = $1 and ($2 = '' or a.number ilike $2 or a.name ilike $2 or m.person_name ilike $2)
   and ($3 = '' or m.status = $3)""",
)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "account_number",
            t("Account"),
            is_main=True,
            sortable=True,
            href=lambda r: f"{root}/mandates/{r['id']}",
        ),
        Column("person_name", t("Payer")),
        Column("status", t("State"), format="badge", words=MANDATE_WORDS, tones=MANDATE_TONES),
        Column("schedule", t("When"), words=SCHEDULE_WORDS, format=lambda v, _r: SCHEDULE_WORDS.get(v, v)),
        Column("mask", t("Taken from")),
        Column("next_on", t("Next debit"), format="date"),
        Column("created_at", t("Since"), format="date", sortable=True),
        Column("ceiling_minor", t("Ceiling"), format="money"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the automatic payments."""
    context = {"states": list(MANDATE_WORDS.items())}
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, MANDATES, columns, "billing/mandates/list.html", context)


async def _found(actor: Actor, mandate_id: UUID) -> Mandate:
    found = await Mandate.get_or_none(tenant_id=actor.tenant_id, id=mandate_id)
    if found is None:
        raise NotFound("mandate.not_found", t("There is no such automatic payment."))
    return found


async def one(request: Request, actor: Actor) -> Response:
    """Show one automatic payment with its debits."""
    found = await _found(actor, path_id(request))
    context = {
        "mandate": found,
        "account": await Account.get(tenant_id=found.tenant_id, id=found.account_id),
        "debits": await rows(_DEBITS, found.tenant_id, found.account_id),
        "words": MANDATE_WORDS,
        "tones": MANDATE_TONES,
        "debit_words": DEBIT_WORDS,
        "debit_tones": DEBIT_TONES,
        "why": t(WORDS[found.word]) if found.word in WORDS else "",
        "when": SCHEDULE_WORDS,
        "root": f"/t/{actor.place['slug']}",
        "may_stop": actor.may("mandates.write") and found.status in LIVE,
    }
    return await respond(request, "billing/mandates/one.html", context)


async def staff_stop(request: Request, actor: Actor) -> Response:
    """Stop somebody's automatic payment for them."""
    found = await _found(actor, path_id(request))
    await life.stop(actor, mandate_id=found.id)
    return redirect(
        request, f"/t/{actor.place['slug']}/mandates/{found.id}", flash=t("Stopped. The payer is told.")
    )


add_card(autopay_card, order=30)
ROUTES: list[BaseRoute] = [
    tenant_route("/mandates", index, permission="payments.read", name="mandates"),
    tenant_route("/mandates/{id}", one, permission="payments.read", name="mandate"),
    tenant_route(
        "/mandates/{id}/end", staff_stop, permission="mandates.write", methods=WRITES, name="mandate_end"
    ),
    person_route("/my/accounts/{id}/autopay", show, name="my_autopay", is_transactional=False),
    person_route(
        "/my/accounts/{id}/autopay", set_up, methods=WRITES, name="my_autopay_setup", is_transactional=False
    ),
    person_route("/my/accounts/{id}/autopay/end", stop, methods=WRITES, name="my_autopay_end"),
    person_route("/my/accounts/{id}/autopay/resumption", resume, methods=WRITES, name="my_autopay_resume"),
]
