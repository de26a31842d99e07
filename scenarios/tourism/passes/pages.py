"""Pages of passes: staff look at holders, stop and let in again; buyers register the holder and renew."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.lists import Listing, list_page
from billing.names import localized
from scenarios.tourism.gates.scanning import REASONS
from scenarios.tourism.models import PassHolder, Product, Redemption, Ticket
from scenarios.tourism.orders import people
from scenarios.tourism.passes import services
from scenarios.tourism.planning.pages import require_here
from scenarios.tourism.shop.ordering import next_of
from scenarios.tourism.shop.tickets import View
from scenarios.tourism.words import PASS_STATES
from tenants import throttle
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from tenants.scope import open_scope, tenant_scope
from ui.errors import Conflict, Invalid, NotFound
from ui.fields import Upload
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column

READ = "passes.read"
TONES: dict[str, Any] = {"waiting": "warning", "registered": "success", "stopped": "danger"}
PASSES = Listing(
    name="passes",
    filters=("status",),
    sorts={"number": "number", "created_at": "created_at", "valid_until": "valid_until"},
    default_sort="-created_at",
    sql="""
select * from (
  select distinct on (h.ticket_id) h.id, h.status, h.created_at, h.by_name, t.number, t.valid_until, t.used_on,
         t.used visits
    from tourism_pass_holder h join tourism_ticket t on t.tenant_id = $1 and t.id = h.ticket_id
   where h.tenant_id = $1 order by h.ticket_id, h.created_at desc) listed
 where ($2 = '' or number ilike $2) and ($3 = '' or status = $3)""",
)


class Deciding(BaseModel):
    """Why a photograph is refused."""

    reason: str = Field("", title=N_("Reason"), max_length=200)


class Registering(BaseModel):
    """The photograph of a pass's holder."""

    photo: Annotated[
        UploadFile, Upload(most_bytes=services.MOST_BYTES, endings=(".jpg", ".jpeg", ".png"))
    ] = Field(title=N_("Photograph of the holder"))


class Renewing(BaseModel):
    """A renewal's key."""

    key: str = ""


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("number", t("Number of the pass"), format="code", sortable=True, is_main=True,
               href=lambda row: f"{root}/passes/{row['id']}"),
        Column("status", t("State"), format="badge", words=texts(PASS_STATES), tones=TONES),
        Column("valid_until", t("Good until"), format="datetime", sortable=True),
        Column("visits", t("Visits"), format="number"),
        Column("used_on", t("Last visit"), format="date"),
        Column("created_at", t("Registered on"), format="datetime", sortable=True),
        Column("by_name", t("By")),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List holders of passes."""
    require_here(actor)
    context = {"states": [(key, gettext(word)) for key, word in PASS_STATES.items()]}
    columns = _columns(root_of(request))
    return await list_page(request, actor, PASSES, columns, "tourism/passes/passes.html", context)


async def show(request: Request, actor: Actor) -> Response:
    """Show a holder beside the document's facts, with their visits."""
    found = await services.get(actor, path_id(request))
    return await _page(request, actor, found, Form.blank(Deciding))


async def _page(
    request: Request, actor: Actor, found: PassHolder, form: Form[Deciding], status: int = 200
) -> Response:
    ticket = await Ticket.get(tenant_id=found.tenant_id, id=found.ticket_id)
    context = {
        "holder": found,
        "ticket": ticket,
        "product": localized((await Product.get(tenant_id=ticket.tenant_id, id=ticket.product_id)).names),
        "name": people.unseal(people.NAMES, ticket.visitor),
        "document": people.unseal(people.DOCUMENTS, ticket.document),
        "visits": await Redemption.filter(tenant_id=found.tenant_id, ticket_id=ticket.id)
        .order_by("-scanned_at")
        .limit(10),
        "form": form,
        "states": PASS_STATES,
        "tones": TONES,
        "reasons": REASONS,
        "may_write": actor.may(services.RIGHT),
        "may_block": actor.may(services.RIGHT) and actor.may("blocks.write"),
        "root": root_of(request),
    }
    return await respond(request, "tourism/passes/pass.html", context, status=status)


async def photo(request: Request, actor: Actor) -> Response:
    """The photograph of a holder."""
    found = services.photo_of(await services.get(actor, path_id(request)))
    return Response(found.content, media_type=found.type, headers={"Cache-Control": "no-store"})


async def register(request: Request, actor: Actor) -> Response:
    """Register a holder, or let a stopped pass in again."""
    found = await services.decide(actor, path_id(request), is_good=True)
    return redirect(request, f"{root_of(request)}/passes/{found.id}", flash=t("The holder is registered."))


async def refuse(request: Request, actor: Actor) -> Response:
    """Refuse a photograph."""
    found = await services.get(actor, path_id(request))
    form = await bind(request, Deciding)
    if form.is_valid:
        try:
            await services.decide(actor, found.id, is_good=False, reason=form.ok.reason)
        except Invalid as refused:
            form.fail_with(refused)
        else:
            words = t("Refused. The buyer sees why and can send another photograph.")
            return redirect(request, f"{root_of(request)}/passes/{found.id}", flash=words)
    return await _page(request, actor, found, form, status=422)


async def lent(request: Request, actor: Actor) -> Response:
    """Stop a pass that was lent, and block its holder."""
    made = await services.block_lent(actor, path_id(request))
    words = t("The pass is stopped and its holder blocked. They may appeal.")
    return redirect(request, f"{root_of(request)}/visitor-blocks/{made.id}", flash=words)


async def ask_holder(request: Request, view: View) -> Response:
    """Ask the buyer for the photograph of the holder."""
    return await _asking(request, view, await _pass(request, view), Form.blank(Registering))


async def _pass(request: Request, view: View) -> Ticket:
    found = await Ticket.get_or_none(
        tenant_id=view.order.tenant_id, order_id=view.order.id, id=path_id(request, "ticket"), kind="pass"
    )
    if found is None:
        raise NotFound("ticket.not_found", t("There is no such ticket in this order."))
    return found


async def _asking(
    request: Request, view: View, ticket: Ticket, form: Form[Registering], status: int = 200
) -> Response:
    context = {
        "view": view,
        "order": view.order,
        "ticket": ticket,
        "name": people.unseal(people.NAMES, ticket.visitor),
        "holder": await services.holder_of(ticket.tenant_id, ticket.id),
        "form": form,
        "reasons": REASONS,
    }
    return await respond(request, "tourism/passes/register.html", context, status=status)


async def keep_holder(request: Request, view: View) -> Response:
    """Keep the photograph (outside of any scope, so that a refusal is a page)."""
    await throttle.spend("tourism photograph", view.shop.actor.ip, ("20/10 minutes", "60/1 day"))
    form = await bind(request, Registering)
    async with open_scope(tenant_scope(view.order.tenant_id)):
        ticket = await _pass(request, view)
    if form.is_valid:
        try:
            async with open_scope(tenant_scope(view.order.tenant_id)):
                await services.register(ticket, await form.ok.photo.read())
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = t("Thank you. Somebody looks at the photograph; the pass lets in after that.")
            return redirect(request, view.root, flash=words)
    async with open_scope(tenant_scope(view.order.tenant_id)):
        return await _asking(request, view, ticket, form, status=422)


async def renew(request: Request, view: View) -> Response:
    """Order the next pass and go to pay it."""
    form = await bind(request, Renewing)
    async with open_scope(tenant_scope(view.order.tenant_id)):
        ticket = await _pass(request, view)
        made = await services.renew(view.shop.actor, ticket, key=form.ok.key)
    return redirect(request, next_of(made))


_ONE = "/passes/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/passes", index, permission=READ, name="tourism_passes"),
    tenant_route(_ONE, show, permission=READ, name="tourism_pass"),
    tenant_route(_ONE + "/content", photo, permission=READ, name="tourism_pass_photo"),
    tenant_route(
        _ONE + "/registration",
        register,
        permission=services.RIGHT,
        methods=WRITES,
        name="tourism_pass_register",
    ),
    tenant_route(
        _ONE + "/refusal", refuse, permission=services.RIGHT, methods=WRITES, name="tourism_pass_refuse"
    ),
    tenant_route(
        _ONE + "/lending", lent, permission=services.RIGHT, methods=WRITES, name="tourism_pass_lent"
    ),
]
