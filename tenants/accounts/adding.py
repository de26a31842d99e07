"""Adding one account by hand, of any kind of any scenario."""

import json
import re
from typing import Any

from pydantic import BaseModel, Field, create_model
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from tortoise.exceptions import IntegrityError

from tenants import audit, kinds
from tenants.accounts import forms
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from tenants.ids import new_id
from tenants.jsons import dumps
from tenants.kinds import AccountKind, ScenarioKinds
from tenants.models import Account
from tenants.scope import open_scope, value
from ui.errors import Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

LONGEST_SORT_KEY = 100
_DIGITS = re.compile(r"\d+")
_TAKEN = """
select exists (select 1 from tenants_account where tenant_id = $1 and scenario = $2 and lower(number) = lower($3))
"""


class NewAccount(BaseModel):
    """What every account has, whatever its kind."""

    number: str = Field(title=N_("Number"), max_length=60)
    name: str | None = Field(None, title=N_("Name"), max_length=200)
    place: str | None = Field(None, title=N_("Place"), max_length=100)


def sortable(number: str) -> str:
    """Return a key by which numbers sort as people expect: 2 before 10."""
    return _DIGITS.sub(lambda digits: digits[0].zfill(5), number.casefold())[:LONGEST_SORT_KEY]


async def add(
    actor: Actor, scenario: ScenarioKinds, kind: AccountKind, given: NewAccount, attributes: dict[str, Any]
) -> Account:
    """Write down an account; its name is its number where none is given.

    Raises:
        Invalid: the institution has an account with this number (field ``number``).
    """
    actor.require("accounts.write")
    number = scenario.tidy(given.number)
    text = t("There is an account with this number already.")
    if await value(_TAKEN, actor.tenant_id, scenario.key, number):
        raise Invalid("account.taken", text, fields={"number": text})
    made = Account(
        id=new_id(),
        tenant_id=actor.tenant_id,
        scenario=scenario.key,
        kind=kind.key,
        number=number,
        name=given.name or number,
        place=given.place or "",
        sort_key=sortable(number),
        attributes=json.loads(dumps(attributes)),
    )
    try:
        async with open_scope(actor.scope()):
            await made.save(force_create=True)
    except IntegrityError:  # somebody else added it in the same moment
        raise Invalid("account.taken", text, fields={"number": text}) from None
    if scenario.added:
        await scenario.added(made)
    await _record(actor, made)
    return made


async def _record(actor: Actor, made: Account) -> None:
    facts = {"kind": made.kind, "number": made.number, "name": made.name, "place": made.place}
    await audit.record(
        actor,
        "account.added",
        subject_kind="account",
        subject_id=made.id,
        subject_label=made.number,
        after=facts | made.attributes,
    )


def offered(actor: Actor) -> dict[str, tuple[ScenarioKinds, AccountKind]]:
    """Return the kinds of account that the institution may add, by ``scenario.kind``."""
    scenarios = [kinds.SCENARIOS[key] for key in actor.place.get("scenarios", ()) if key in kinds.SCENARIOS]
    return {
        f"{one.key}.{kind.key}": (one, kind)
        for one in scenarios
        for kind in one.account_kinds
        if kind.is_by_hand
    }


def _form_of(kind: AccountKind) -> type[BaseModel]:
    return create_model("NewAccountForm", __base__=NewAccount, **forms.attribute_fields(kind))


async def new(request: Request, actor: Actor) -> Response:
    """Ask which kind of account it is, and then for its facts."""
    known = offered(actor)
    chosen = request.query_params.get("kind") or (next(iter(known)) if len(known) == 1 else "")
    if chosen not in known:
        context = {
            "kinds": [(key, gettext(kind.name)) for key, (_, kind) in known.items()],
            "list_url": _root(actor),
        }
        return await respond(request, "tenants/accounts/kinds.html", context)
    return await _ask(request, actor, chosen, Form.blank(_form_of(known[chosen][1])))


async def _ask(request: Request, actor: Actor, chosen: str, form: Form[Any], status: int = 200) -> Response:
    scenario, kind = offered(actor)[chosen]
    context = {
        "kind": kind,
        "chosen": chosen,
        "hint": gettext(scenario.number_hint),
        "place": (gettext(scenario.place_name), gettext(scenario.place_hint)),
        "form": form,
        "options": forms.choices(kind),
        "list_url": _root(actor),
    }
    return await respond(request, "tenants/accounts/new.html", context, status=status)


async def create(request: Request, actor: Actor) -> Response:
    """Add the account."""
    chosen = request.query_params.get("kind", "")
    if chosen not in offered(actor):
        raise NotFound("account.kind", t("There is no such kind of account."))
    scenario, kind = offered(actor)[chosen]
    form: Form[Any] = await bind(request, _form_of(kind))
    if form.is_valid:
        try:
            made = await add(actor, scenario, kind, form.ok, forms.attributes_in(kind, form.ok))
        except Invalid as error:
            form.fail_with(error)
        else:
            flash = t("The account is added. Now add who holds it.")
            return redirect(request, f"{_root(actor)}/{made.id}", flash=flash)
    return await _ask(request, actor, chosen, form, status=422)


def _root(actor: Actor) -> str:
    return f"/t/{actor.place['slug']}/accounts"


ROUTES: list[BaseRoute] = [
    tenant_route("/accounts/new", new, permission="accounts.write", name="new_account"),
    tenant_route("/accounts", create, permission="accounts.write", methods=WRITES, name="add_account"),
]
