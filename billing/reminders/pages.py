"""Reminders on pages: what was sent (staff), stopping them (anyone with the link, or signed in), one's messages."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.credit.queries import SeenAccount, account_seen
from billing.lists import Listing, list_page
from billing.payer.account import Card, add_card
from billing.reminders import links, terms_page
from billing.reminders.service import set_stop
from tenants.actor import Actor
from tenants.http import WRITES, path_id, person_route, public_route, tenant_route
from tenants.models import Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.scope import open_scope, row, rows, tenant_scope
from ui.i18n import N_, Text, t
from ui.render import redirect, respond
from ui.tables import Column

terms_page.register()
add_tenant_places(Place(N_("Reminders"), "/reminders", "bills.read", "bell", 33))
CHANNEL_WORDS: dict[str, Text] = {
    "in_app": t("In the product"),
    "email": t("E-mail"),
    "sms": t("Text message"),
    "in_app,email": t("In the product and by e-mail"),
    "in_app,sms": t("In the product and by text message"),
}
REMINDERS = Listing(
    name="reminders",
    filters=("kind",),
    sorts={"created_at": "r.created_at", "number": "b.number"},
    default_sort="-created_at",
    sql="""
select r.id, r.created_at, r.step, r.offset_days, r.is_final, r.channels, r.recipient, r.sent_by_name, r.bill_id,
       b.number, b.account_number, b.due_on, b.currency, h.name holder,
       case when b.status in ('issued', 'part_paid') then b.total_minor - b.paid_minor - b.adjusted_minor else 0 end
         left_minor
  from billing_reminder r join billing_bill b on b.tenant_id = r.tenant_id and b.id = r.bill_id
  join tenants_holder h on h.tenant_id = r.tenant_id and h.id = r.holder_id
 where r.tenant_id = $1 and ($2 = '' or b.number ilike $2 or b.account_number ilike $2 or r.recipient ilike $2
                             or h.name ilike $2)
   and ($3 = '' or ($3 = 'hand') = (r.step like 'hand%'))""",
)


def step_words(step: str, offset_days: int, *, is_final: bool) -> Text:
    """Return a step of the plan in words."""
    if step.startswith("hand"):
        return t("By hand")
    if is_final:
        return t("Last notice, {n} days after", n=offset_days)
    if offset_days == 0:
        return t("On the due day")
    return t("{n} days before", n=-offset_days) if offset_days < 0 else t("{n} days after", n=offset_days)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column(
            "number",
            t("Bill"),
            format="id",
            is_main=True,
            sortable=True,
            href=lambda r: f"{root}/bills/{r['bill_id']}",
        ),
        Column("created_at", t("When"), format="datetime", sortable=True),
        Column(
            "step",
            t("Step"),
            value=lambda r: step_words(r["step"], r["offset_days"], is_final=r["is_final"]),
        ),
        Column("channels", t("How"), format=lambda value, _row: CHANNEL_WORDS.get(value, value)),
        Column("holder", t("Holder")),
        Column("recipient", t("Sent to")),
        Column("sent_by_name", t("By")),
        Column("due_on", t("Due"), format="date"),
        Column("left_minor", t("Still owed"), format="money"),
    )


async def index(request: Request, actor: Actor) -> Response:
    """List, search and download the reminders that were sent."""
    context = {
        "kinds": [("plan", t("By the plan")), ("hand", t("By hand"))],
        "root": f"/t/{actor.place['slug']}",
        "may_change": actor.may("settings.write"),
    }
    columns = _columns(f"/t/{actor.place['slug']}")
    return await list_page(request, actor, REMINDERS, columns, "billing/reminders/list.html", context)


async def ask_stop(request: Request) -> Response:
    """Ask somebody who followed the link in a message whether they want no more reminders."""
    tenant_id, _ = links.read(request.path_params["token"])
    return await _stop_page(request, tenant_id, is_done=False)


async def _stop_page(request: Request, tenant_id: UUID, *, is_done: bool) -> Response:
    async with open_scope(tenant_scope(tenant_id)):
        tenant = await Tenant.get(id=tenant_id)
    context = {"name": tenant.name, "phone": tenant.contact_phone, "is_done": is_done}
    return await respond(request, "billing/reminders/stop.html", context)


async def stop(request: Request) -> Response:
    """Stop the reminders of the link's holder."""
    tenant_id, holder_id = links.read(request.path_params["token"])
    async with open_scope(tenant_scope(tenant_id)):
        await set_stop(tenant_id, holder_id, is_stopped=True)
    return await _stop_page(request, tenant_id, is_done=True)


_MESSAGES = """
select n.created_at, n.subject, n.body, t.short_name, t.timezone from tenants_notice n
  join tenants_tenant t on t.id = n.tenant_id
 where n.tenant_id = any ((select scope_tenants())::uuid[]) and n.person_id = $1 and n.channel = 'in_app'
 order by n.created_at desc limit 100
"""


async def messages(request: Request, actor: Actor) -> Response:
    """Show a person the messages that institutions left for them here."""
    found = await rows(_MESSAGES, actor.person_id)
    return await respond(request, "billing/reminders/messages.html", {"messages": found})


_OWN = """
select h.id, s.id is not null is_stopped from tenants_holder h
  left join billing_reminder_stop s on s.tenant_id = h.tenant_id and s.holder_id = h.id
 where h.tenant_id = $1 and h.account_id = $2 and h.person_id = $3 and h.confirmed_at is not null
 order by h.created_at limit 1
"""


async def reminder_card(actor: Actor, account: SeenAccount) -> Card | None:
    """Say on an account's page whether its reader is reminded."""
    own = await row(_OWN, account.tenant_id, account.id, actor.person_id)
    if own is None:
        return None
    text = (
        t("You get none, except for last notices.")
        if own["is_stopped"]
        else t("You are reminded of open bills.")
    )
    return Card(t("Reminders"), text, f"/my/accounts/{account.id}/reminders", t("Change"))


async def choice(request: Request, actor: Actor) -> Response:
    """Ask a holder whether they want reminders for an account."""
    seen = await account_seen(path_id(request), actor.person_id)
    own = await row(_OWN, seen.tenant_id, seen.id, actor.person_id)
    context = {"account": seen, "is_stopped": bool(own and own["is_stopped"])}
    return await respond(request, "billing/reminders/choice.html", context)


async def choose(request: Request, actor: Actor) -> Response:
    """Stop a holder's reminders for an account, or begin them again."""
    seen = await account_seen(path_id(request), actor.person_id)
    own = await row(_OWN, seen.tenant_id, seen.id, actor.person_id)
    is_stopped = (await request.form()).get("wants") != "yes"
    if own is not None:
        async with open_scope(tenant_scope(seen.tenant_id)):
            await set_stop(seen.tenant_id, own["id"], is_stopped=is_stopped)
    text = (
        t("You get no more reminders, except for last notices.")
        if is_stopped
        else t("You are reminded again.")
    )
    return redirect(request, f"/my/accounts/{seen.id}", flash=text)


add_card(reminder_card, order=80)
_WHY = "whoever got the message may stop it; the link is signed, and tells nothing but the institution's name"
ROUTES: list[BaseRoute] = [
    tenant_route("/reminders", index, permission="bills.read", name="reminders"),
    public_route("/reminders/stop/{token}", ask_stop, reason=_WHY, name="reminder_ask_stop"),
    public_route("/reminders/stop/{token}", stop, methods=WRITES, reason=_WHY, name="reminder_stop"),
    person_route("/my/messages", messages, name="my_messages"),
    person_route("/my/accounts/{id}/reminders", choice, name="my_reminders"),
    person_route("/my/accounts/{id}/reminders", choose, methods=WRITES, name="my_reminder_choice"),
]
