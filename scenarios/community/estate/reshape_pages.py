"""Making several units of one, and one of several."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, root_of
from scenarios.community.estate import reshaping
from scenarios.community.estate.pages import decimal_or_none
from scenarios.community.estate.reshaping import AREAS, Part, areas_of
from scenarios.community.kinds import AREA, FURTHER_AREAS
from tenants.accounts import queries
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id
from tenants.models import Account
from tenants.scope import rows
from ui.errors import Conflict, Invalid
from ui.fields import Day, FieldError
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

SHOWN_PARTS = 4
_NEAR = """
select a.id, a.number from community_unit o join community_unit u on u.tenant_id = $1 and u.building_id = o.building_id
  join tenants_account a on a.tenant_id = $1 and a.id = u.account_id and a.kind = $3 and a.id <> $2
   and a.closed_on is null and a.is_active
 where o.tenant_id = $1 and o.account_id = $2
 order by abs(u.storey - o.storey), a.sort_key limit 24
"""


class SplitForm(BaseModel):
    """From when on a unit is several; its parts are read from the fields named by their place."""

    on: Day = Field(title=N_("From this day on"))


class MergeForm(BaseModel):
    """From when on units are one, which, and behind which door."""

    on: Day = Field(title=N_("From this day on"))
    door: str = Field(title=N_("Door of the new unit"), max_length=12)
    others: list[UUID] = Field([], title=N_("Together with"))


async def ask(request: Request, actor: Actor) -> Response:
    """Ask how a unit is to be split, or with what it is to be merged."""
    account = await queries.account(actor, path_id(request))
    return await _ask(request, actor, account)


async def _ask(request: Request, actor: Actor, account: Account, **forms: Form[Any]) -> Response:
    day = (await today_at(account.tenant_id)).isoformat()
    door = account.number.rpartition("#")[2]
    whole = areas_of(account)
    labels = {one.key: t(one.label) for one in (AREA, *FURTHER_AREAS)}
    near = await rows(_NEAR, account.tenant_id, account.id, account.kind)
    context = {
        "root": root_of(actor),
        "account": account,
        "areas": [(key, labels[key], whole[key]) for key in AREAS if key in whole],
        "places": range(SHOWN_PARTS),
        "near": [(str(one["id"]), one["number"]) for one in near],
        "split_form": forms.get("split") or Form.blank(SplitForm, {"on": day}),
        "merge_form": forms.get("merge") or Form.blank(MergeForm, {"on": day, "door": door}),
    }
    return await respond(request, "community/reshape.html", context, status=422 if forms else 200)


async def split(request: Request, actor: Actor) -> Response:
    """Make several units of one."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, SplitForm)
    parts = _parts(await request.form(), form)
    if form.is_valid and not form.errors:
        try:
            made = await reshaping.split(actor, account.id, on=form.ok.on, parts=parts)
            flash = t("Done. Each part is charged from its first day on; the old account keeps what it owes.")
            return redirect(request, f"{root_of(actor)}/accounts/{made[0].id}", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("", error.message)
    return await _ask(request, actor, account, split=form)


def _parts(sent: FormData, form: Form[SplitForm]) -> list[Part]:
    """Return the parts whose door was filled in; what is no number is said at its field."""
    found = []
    for place in range(SHOWN_PARTS):
        door = str(sent.get(f"door-{place}", "")).strip()
        if not door:
            continue
        areas: dict[str, Decimal] = {}
        for key in AREAS:
            try:
                area = decimal_or_none(sent.get(f"{key}-{place}", ""))
            except FieldError as error:
                form.fail(f"{key}-{place}", error.text)
            else:
                areas |= {key: area} if isinstance(area, Decimal) else {}
        found.append(Part(door, areas))
    return found


async def merge(request: Request, actor: Actor) -> Response:
    """Make one unit of several."""
    account = await queries.account(actor, path_id(request))
    form = await bind(request, MergeForm)
    if form.is_valid:
        said = form.ok
        try:
            made = await reshaping.merge(actor, [account.id, *said.others], on=said.on, door=said.door)
            flash = t(
                "Done. The new unit is charged from its first day on; the old accounts keep what they owe."
            )
            return redirect(request, f"{root_of(actor)}/accounts/{made.id}", flash=flash)
        except Invalid as error:
            for name, text in error.fields.items():
                form.fail("door" if name.startswith("door") else name, text)
        except Conflict as error:
            form.fail("", error.message)
    return await _ask(request, actor, account, merge=form)


_ONE = "/accounts/{id}/reshaping"
ROUTES: list[BaseRoute] = [
    estate_route(_ONE, ask, permission="credit_notes.write", name="unit_reshape"),
    estate_route(_ONE + "/split", split, permission="credit_notes.write", methods=WRITES, name="unit_split"),
    estate_route(_ONE + "/merge", merge, permission="credit_notes.write", methods=WRITES, name="unit_merge"),
]
