"""Pages of blocks: the list with open appeals first, one block with what led to it, blocking by hand."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.lists import Listing, list_page
from scenarios.tourism.models import Block, Ticket
from scenarios.tourism.orders import people
from scenarios.tourism.orders.standing import BLOCK_REASONS
from scenarios.tourism.planning.pages import require_here
from scenarios.tourism.standing import services
from tenants.actor import Actor
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Conflict, Invalid
from ui.fields import Day
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column

READ = "blocks.read"
STATES = {
    "appealed": N_("Appealed against"),
    "open": N_("Blocked"),
    "lifted": N_("Lifted"),
    "over": N_("Over"),
}
TONES: dict[str, Any] = {"appealed": "warning", "open": "danger"}
STRIKE_REASONS = {"no_show": N_("Booked and not come"), "late_refund": N_("Given back on the day itself")}
BLOCKS = Listing(
    name="blocks",
    filters=("state",),
    sorts={"since": "since", "until": "until", "appealed_at": "appealed_at"},
    default_sort="-since",
    sql="""
select * from (
  select b.id, b.reason, b.note, b.since, b.until, b.appealed_at,
         (select count(*) from tourism_strike s where s.tenant_id = $1 and s.document_key = b.document_key
            and s.lifted_at is null) strikes,
         case when b.lifted_at is not null then 'lifted' when b.until < day_of(b.tenant_id) then 'over'
              when b.appealed_at is not null then 'appealed' else 'open' end state
    from tourism_block b where b.tenant_id = $1) listed
 where ($2 = '' or note ilike $2) and ($3 = '' or state = $3)""",
)


class Blocking(BaseModel):
    """A document that may not buy."""

    document: str = Field(title=N_("Identity card or passport number"), max_length=30)
    until: Day = Field(title=N_("Blocked until"))
    note: str = Field(title=N_("Reason"), max_length=200)


class Answering(BaseModel):
    """What becomes of a block, and why."""

    answer: str = Field(title=N_("Answer"), max_length=200)


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("since", t("Blocked since"), format="date", sortable=True, is_main=True,
               href=lambda row: f"{root}/visitor-blocks/{row['id']}"),
        Column("until", t("Blocked until"), format="date", sortable=True),
        Column("reason", t("Reason"), words=texts(BLOCK_REASONS)),
        Column("note", t("Remark")),
        Column("strikes", t("Strikes"), format="number"),
        Column("state", t("State"), format="badge", words=texts(STATES), tones=TONES),
        Column("appealed_at", t("Appealed"), format="datetime", sortable=True),
    )  # fmt: skip


async def index(request: Request, actor: Actor) -> Response:
    """List blocks."""
    require_here(actor)
    root = root_of(request)
    context = {
        "states": [(key, gettext(word)) for key, word in STATES.items()],
        "may_write": actor.may(services.RIGHT),
        "root": root,
    }
    return await list_page(request, actor, BLOCKS, _columns(root), "tourism/standing/blocks.html", context)


async def show(request: Request, actor: Actor) -> Response:
    """Show a block, what led to it, and the appeal."""
    found = await services.block_of(actor, path_id(request))
    return await _page(request, actor, found, Form.blank(Answering))


async def _page(
    request: Request, actor: Actor, found: Block, form: Form[Answering], status: int = 200
) -> Response:
    strikes = await services.strikes_of(found)
    tickets = {
        one.id: one
        for one in await Ticket.filter(tenant_id=found.tenant_id, id__in=[one.ticket_id for one in strikes])
    }
    known = next((one for one in tickets.values() if one.visitor), None)
    context = {
        "block": found,
        "name": people.unseal(people.NAMES, known.visitor) if known else "",
        "contact": people.unseal(people.CONTACTS, found.appeal_contact),
        "strikes": [(one, tickets.get(one.ticket_id)) for one in strikes],
        "form": form,
        "reasons": BLOCK_REASONS,
        "strike_reasons": STRIKE_REASONS,
        "may_write": actor.may(services.RIGHT),
        "root": root_of(request),
    }
    return await respond(request, "tourism/standing/block.html", context, status=status)


async def lift(request: Request, actor: Actor) -> Response:
    """Lift a block."""
    return await _answer(request, actor, is_lifted=True)


async def keep(request: Request, actor: Actor) -> Response:
    """Keep a block and answer the appeal."""
    return await _answer(request, actor, is_lifted=False)


async def _answer(request: Request, actor: Actor, *, is_lifted: bool) -> Response:
    found = await services.block_of(actor, path_id(request))
    form = await bind(request, Answering)
    if form.is_valid:
        try:
            act = services.lift if is_lifted else services.keep
            await act(actor, found.id, answer=form.ok.answer)
        except (Invalid, Conflict) as refused:
            form.fail_with(refused)
        else:
            words = (
                t("The block is lifted.") if is_lifted else t("The block stays. Your answer is on its way.")
            )
            return redirect(request, f"{root_of(request)}/visitor-blocks/{found.id}", flash=words)
    return await _page(request, actor, found, form, status=422)


async def new(request: Request, actor: Actor) -> Response:
    """Ask whom to block, until when and why."""
    require_here(actor)
    return await _new(request, Form.blank(Blocking))


async def _new(request: Request, form: Form[Blocking], status: int = 200) -> Response:
    context = {"form": form, "root": root_of(request)}
    return await respond(request, "tourism/standing/block_form.html", context, status=status)


async def add(request: Request, actor: Actor) -> Response:
    """Block a document by hand."""
    require_here(actor)
    form = await bind(request, Blocking)
    if form.is_valid:
        try:
            made = await services.add(actor, **form.ok.model_dump())
        except (Invalid, Conflict) as refused:
            for name, text in refused.fields.items():
                form.fail(name.removeprefix("block-"), text)
            if not refused.fields:
                form.fail_with(refused)
        else:
            url = f"{root_of(request)}/visitor-blocks/{made.id}"
            return redirect(request, url, flash=t("The document is blocked."))
    return await _new(request, form, status=422)


_ONE = "/visitor-blocks/{id}"
ROUTES: list[BaseRoute] = [
    tenant_route("/visitor-blocks", index, permission=READ, name="tourism_blocks"),
    tenant_route("/visitor-blocks", add, permission=services.RIGHT, methods=WRITES, name="tourism_block_add"),
    tenant_route("/visitor-blocks/new", new, permission=services.RIGHT, name="tourism_block_new"),
    tenant_route(_ONE, show, permission=READ, name="tourism_block"),
    tenant_route(
        _ONE + "/lifting", lift, permission=services.RIGHT, methods=WRITES, name="tourism_block_lift"
    ),
    tenant_route(
        _ONE + "/keeping", keep, permission=services.RIGHT, methods=WRITES, name="tourism_block_keep"
    ),
]
