"""Pages of the canteen: the till, the office's dishes and meal rights, the family's card."""

import json
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.answers.notes import keep_files
from billing.lists import list_page
from billing.names import localized
from scenarios.education.canteen import office, till
from scenarios.education.canteen.office import Dish, RightAsked
from scenarios.education.canteen.terms import ALLERGENS, RIGHT, RIGHT_TONES, RIGHT_WORDS, allergens_text
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolCard, SchoolDish, SchoolSale
from scenarios.education.notices.pages import both
from tenants.actor import Actor
from tenants.codes import new_token
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from tenants.scope import row
from ui.errors import Conflict, Forbidden, Invalid, NotFound
from ui.fields import Day, MinorAmount
from ui.formats import listed, plain_amount
from ui.forms import Form, bind
from ui.i18n import N_, Text, gettext, t
from ui.render import redirect, respond
from ui.tables import Column


class TrayForm(BaseModel):
    """One pupil at the till."""

    card: str = Field(title=N_("Card or pupil number"), max_length=60)
    dishes: list[UUID] = Field([], title=N_("On the tray"))
    key: str = ""


class DishForm(BaseModel):
    """A dish to keep."""

    name_en: str = Field("", title=N_("Name in English"), max_length=60)
    name_zh: str = Field("", title=N_("Name in Chinese"), max_length=60)
    price_minor: Annotated[int, MinorAmount(most_minor=100_000_00)] = Field(title=N_("Price"))
    is_meal: bool = Field(False, title=N_("It is the meal that a meal right reaches"))
    allergens: list[str] = Field([], title=N_("What is in it"))
    is_active: bool = Field(False, title=N_("On sale"))
    position: int = Field(0, title=N_("Place in the list"), ge=0, le=1000)


class RightForm(BaseModel):
    """A meal right to ask for."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    number: str = Field(title=N_("Pupil number"), max_length=60)
    percent: int = Field(title=N_("The school bears, in per cent"), ge=1, le=100)
    first_on: Annotated[Day, Field(title=N_("First day"))]
    last_on: Annotated[Day, Field(title=N_("Last day"))]
    reason: str = Field(title=N_("Reason"), max_length=1000)
    files: list[UploadFile] = Field([], title=N_("Evidence"))


_SERVED = """
select count(*) filter (where not is_undone)::int served,
       coalesce(sum(price_minor) filter (where not is_undone), 0)::bigint price_minor
  from education_sale where tenant_id = $1 and day = day_of($1)
"""


async def show_till(request: Request, actor: Actor) -> Response:
    """Show the till, ready for the next pupil."""
    school(actor)
    return await _till(request, actor, Form.blank(TrayForm), None, None)


async def _till(
    request: Request, actor: Actor, form: Form[TrayForm], sale: SchoolSale | None, refused: Text | str | None
) -> Response:
    dishes = await SchoolDish.filter(tenant_id=actor.tenant_id, is_active=True).order_by("position", "id")
    kept = form.chosen("dishes") if refused else []  # the next pupil's tray is not the last one's
    chosen = kept or [str(one.id) for one in dishes if one.is_meal][:1]
    pupil = await till.pupil_of(actor, form.value("card")) if sale or refused else None
    context: dict[str, Any] = {
        "form": Form.blank(TrayForm, {"dishes": chosen}),
        "dishes": [(str(one.id), localized(one.names), one.price_minor) for one in dishes],
        "chosen": chosen,
        "key": new_token(),
        "sale": sale,
        "pupil": pupil,
        "card": await _shown(pupil),
        "served": [localized(one["names"]) for one in sale.items] if sale else [],
        "refused": refused,
        "scanned": form.value("card"),
        "today": await row(_SERVED, actor.tenant_id),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/till.html", context, status=422 if refused else 200)


async def _shown(pupil: Account | None) -> dict[str, Any]:
    """Return what the family has set and the counter may see: it is the same whoever pays for the meals."""
    card = await SchoolCard.get_or_none(tenant_id=pupil.tenant_id, account_id=pupil.id) if pupil else None
    if card is None:
        return {"allergies": "", "limit_minor": None}
    return {"allergies": allergens_text(card.allergies), "limit_minor": card.daily_limit_minor}


async def serve(request: Request, actor: Actor) -> Response:
    """Serve one pupil and be ready for the next; sent twice, it is served once."""
    school(actor)
    form = await bind(request, TrayForm)
    refused: Text | str | None = None if form.is_valid else t("Scan a card, and choose what is on the tray.")
    sale = None
    if form.is_valid:
        said = form.ok
        try:
            sale = await till.sell(
                actor, scanned=said.card, dish_ids=said.dishes, key=said.key or new_token()
            )
        except (Conflict, Invalid, NotFound) as error:
            refused = error.message
    return await _till(request, actor, form, sale, refused)


async def undo(request: Request, actor: Actor) -> Response:
    """Take the last sale back."""
    school(actor)
    try:
        await till.undo(actor, path_id(request))
        flash = t("Taken back. Nothing was charged.")
    except Conflict as error:
        flash = error.message
    return redirect(request, f"{root_of(actor)}/till", flash=flash)


def _names(value: Any, _row: Any) -> str:
    return localized(json.loads(value) if isinstance(value, str) else value)


def _dish_columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/canteen"
    return (
        Column(
            "names", t("Dish"), format=_names, is_main=True, href=lambda row: f"{root}/dishes/{row['id']}"
        ),
        Column("price_minor", t("Price"), format="money", sortable=True),
        Column("is_meal", t("Meal"), value=lambda row: gettext("Yes") if row["is_meal"] else ""),
        Column("allergens", t("What is in it"), format=lambda value, _row: allergens_text(value)),
        Column(
            "is_active", t("On sale"), value=lambda row: gettext("Yes") if row["is_active"] else gettext("No")
        ),
    )


async def dishes(request: Request, actor: Actor) -> Response:
    """List what is sold."""
    school(actor)
    context = {"root": root_of(actor), "actor": actor, "states": [("all", gettext("All"))]}
    return await list_page(
        request, actor, office.DISHES, _dish_columns(actor), "education/dishes.html", context
    )


async def new_dish(request: Request, actor: Actor) -> Response:
    """Show the form of a dish."""
    school(actor)
    return await _dish(request, actor, Form.blank(DishForm, {"is_active": "1", "position": "0"}), None)


async def show_dish(request: Request, actor: Actor) -> Response:
    """Show a dish for changing."""
    school(actor)
    found = await office.dish_of(actor, path_id(request))
    values = {
        "name_en": found.names.get("en", ""),
        "name_zh": found.names.get("zh_CN", ""),
        "price_minor": plain_amount(found.price_minor, actor.place["currency"]),
        "is_meal": found.is_meal,
        "allergens": [key for key in found.allergens.split(",") if key],
        "is_active": found.is_active,
        "position": str(found.position),
    }
    return await _dish(request, actor, Form.blank(DishForm, values), found)


async def _dish(
    request: Request, actor: Actor, form: Form[DishForm], found: SchoolDish | None, status: int = 200
) -> Response:
    context = {
        "form": form,
        "dish": found,
        "allergens": list(ALLERGENS.items()),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/dish.html", context, status=status)


async def keep_dish(request: Request, actor: Actor) -> Response:
    """Add or change a dish."""
    school(actor)
    found = await office.dish_of(actor, path_id(request)) if "id" in request.path_params else None
    form = await bind(request, DishForm, context={"currency": actor.place["currency"]})
    if form.is_valid:
        said = form.ok
        asked = Dish(
            names=both(said.name_en, said.name_zh),
            price_minor=said.price_minor,
            is_meal=said.is_meal,
            allergens=said.allergens,
            is_active=said.is_active,
            position=said.position,
        )
        try:
            await office.keep_dish(actor, asked, found.id if found else None)
            return redirect(request, f"{root_of(actor)}/canteen", flash=t("Kept."))
        except Invalid as error:
            form.fail_with(error)
    return await _dish(request, actor, form, found, status=422)


def _right_columns(actor: Actor) -> tuple[Column, ...]:
    root = f"{root_of(actor)}/canteen/rights"
    return (
        Column("name", t("Pupil"), is_main=True, sortable=True, href=lambda row: f"{root}/{row['id']}"),
        Column("place", t("Class")),
        Column("percent", t("The school bears"), format=lambda value, _row: f"{value} %", align="end"),
        Column("first_on", t("From"), format="date"),
        Column("last_on", t("Until"), format="date"),
        Column("status", t("State"), format="badge", words=RIGHT_WORDS, tones=RIGHT_TONES),
        Column("requested_by_name", t("Asked by")),
        Column("created_at", t("Asked"), format="datetime", sortable=True),
    )


async def rights(request: Request, actor: Actor) -> Response:
    """List whose meals cost less."""
    school(actor)
    context = {
        "root": root_of(actor),
        "actor": actor,
        "states": [(key, str(words)) for key, words in RIGHT_WORDS.items()],
    }
    return await list_page(
        request, actor, office.RIGHTS, _right_columns(actor), "education/rights.html", context
    )


async def new_right(request: Request, actor: Actor) -> Response:
    """Show the form of a meal right."""
    school(actor)
    return await respond(
        request, "education/right_new.html", {"form": Form.blank(RightForm), "root": root_of(actor)}
    )


async def ask_right(request: Request, actor: Actor) -> Response:
    """Ask for a meal right."""
    tenant_id = school(actor)
    form = await bind(request, RightForm)
    if form.is_valid:
        said = form.ok
        account = await Account.get_or_none(tenant_id=tenant_id, number=said.number, scenario="education")
        if account is None:
            form.fail("number", t("There is no such account."))
        else:
            try:
                files = await keep_files(tenant_id, said.files)
                asked = RightAsked(account.id, said.percent, said.first_on, said.last_on, said.reason, files)
                await office.ask_right(actor, asked)
                flash = t("Asked for. Somebody else decides about it.")
                return redirect(request, f"{root_of(actor)}/canteen/rights", flash=flash)
            except Invalid as error:
                form.fail_with(error)
    return await respond(
        request, "education/right_new.html", {"form": form, "root": root_of(actor)}, status=422
    )


async def show_right(request: Request, actor: Actor) -> Response:
    """Show a meal right with what can be done about it."""
    school(actor)
    found = await office.right_of(actor, path_id(request))
    context = {
        "right": found,
        "account": await Account.get(tenant_id=found.tenant_id, id=found.account_id),
        "state": (RIGHT_WORDS[found.status], RIGHT_TONES.get(found.status, "neutral")),
        "can": {edge: RIGHT.can(found.status, edge) for edge in RIGHT.edges},
        "is_own": found.requested_by == actor.person_id,
        "actor": actor,
        "root": root_of(actor),
    }
    return await respond(request, "education/right.html", context)


async def decide_right(request: Request, actor: Actor) -> Response:
    """Agree to a meal right, refuse or end it."""
    school(actor)
    right_id = path_id(request)
    edge = str((await request.form()).get("edge") or "")
    try:
        await office.decide_right(actor, right_id, edge)
        flash = t("Decided.")
    except (Conflict, Forbidden) as error:
        flash = error.message
    return redirect(request, f"{root_of(actor)}/canteen/rights/{right_id}", flash=flash)


SALE_COLUMNS = (
    Column("name", t("Pupil"), is_main=True, sortable=True),
    Column("place", t("Class")),
    Column(
        "items",
        t("Served"),
        format=lambda value, _row: listed(localized(one["names"]) for one in json.loads(value)),
    ),
    Column("price_minor", t("Price"), format="money"),
    Column("is_undone", t("State"), value=lambda row: gettext("Taken back") if row["is_undone"] else ""),
    Column("served_by_name", t("Served by")),
    Column("created_at", t("When"), format="datetime", sortable=True),
)


async def sales(request: Request, actor: Actor) -> Response:
    """List what was served, at everybody's price."""
    school(actor)
    return await list_page(
        request, actor, office.SALES, SALE_COLUMNS, "education/sales.html", {"root": root_of(actor)}
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/till", show_till, permission="canteen.sell", name="till"),
    tenant_route("/till", serve, permission="canteen.sell", methods=WRITES, name="till_serve"),
    tenant_route("/till/sales", sales, permission="canteen.sell", name="till_sales"),
    tenant_route("/till/{id}/undoing", undo, permission="canteen.sell", methods=WRITES, name="till_undo"),
    tenant_route("/canteen", dishes, permission="canteen.write", name="dishes"),
    tenant_route("/canteen/dishes", keep_dish, permission="canteen.write", methods=WRITES, name="add_dish"),
    tenant_route("/canteen/dishes/new", new_dish, permission="canteen.write", name="new_dish"),
    tenant_route("/canteen/dishes/{id}", show_dish, permission="canteen.write", name="dish"),
    tenant_route(
        "/canteen/dishes/{id}", keep_dish, permission="canteen.write", methods=WRITES, name="keep_dish"
    ),
    tenant_route("/canteen/rights", rights, permission="meals.request", name="meal_rights"),
    tenant_route(
        "/canteen/rights", ask_right, permission="meals.request", methods=WRITES, name="ask_meal_right"
    ),
    tenant_route("/canteen/rights/new", new_right, permission="meals.request", name="new_meal_right"),
    tenant_route("/canteen/rights/{id}", show_right, permission="meals.request", name="meal_right"),
    tenant_route(
        "/canteen/rights/{id}/decision",
        decide_right,
        permission="meals.decide",
        methods=WRITES,
        name="decide_meal_right",
    ),
]
