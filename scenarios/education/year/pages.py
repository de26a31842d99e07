"""Pages of the change of the school year, and of one pupil's leaving."""

import json
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.lists import uuid_of
from billing.names import localized
from billing.plans.stopping import to_stop
from scenarios.education.here import root_of, school
from scenarios.education.models import SchoolRollOver
from scenarios.education.year import leaving, rolling
from tenants.accounts.panels import Panel, add_panel
from tenants.actor import Actor
from tenants.days import today_at
from tenants.http import WRITES, path_id, tenant_route
from tenants.models import Account
from ui import formats
from ui.errors import Conflict, Invalid
from ui.fields import Day, parse_day
from ui.forms import Form, bind
from ui.i18n import N_, Text, t
from ui.render import redirect, respond


class YearForm(BaseModel):
    """When the year ends; what each class is called next comes with it, field by field."""

    year: int = Field(title=N_("School year that ends"), ge=2000, le=2100)
    last_on: Annotated[Day, Field(title=N_("Last day of the year"))]
    is_sure: bool = Field(False, title=N_("Read once more before closing"))


class LeavingForm(BaseModel):
    """A pupil's last day."""

    last_on: Annotated[Day, Field(title=N_("Last day at school"))]


async def _now(actor: Actor) -> date:
    return await today_at(actor.tenant_id)


async def show(request: Request, actor: Actor) -> Response:
    """Show what every class would become."""
    school(actor)
    now = await _now(actor)
    return await _page(
        request, actor, Form.blank(YearForm, {"year": str(now.year), "last_on": now.isoformat()}), {}
    )


async def _page(
    request: Request, actor: Actor, form: Form[YearForm], typed: dict[UUID, str], status: int = 200
) -> Response:
    tenant_id = school(actor)
    steps = await rolling.propose(tenant_id)
    context = {
        "form": form,
        "steps": [
            {
                "id": one.class_id,
                "label": _becomes(one),
                "next": typed.get(one.class_id, one.next_title),
            }
            for one in steps
        ],
        "past": await SchoolRollOver.filter(tenant_id=tenant_id).order_by("-year"),
        "root": root_of(actor),
    }
    return await respond(request, "education/year.html", context, status=status)


async def roll(request: Request, actor: Actor) -> Response:
    """Close the year, once it has been read what becomes of everybody."""
    form = await bind(request, YearForm)
    typed = _typed(form)
    await _name_fields(form, school(actor))
    if "again" in form.values:
        return await _page(request, actor, form, typed)
    if form.is_valid:
        given: dict[str, Any] = {"year": form.ok.year, "last_on": form.ok.last_on, "titles": typed}
        given["now"] = await _now(actor)
        try:
            if not form.ok.is_sure:
                return await _ask(request, actor, form, typed, await rolling.check(actor, **given))
            made = await rolling.roll(actor, **given)
            counts = {"n": formats.number(made.promoted), "m": formats.number(made.graduated)}
            flash = t("Pupils who went up: {n}. Pupils who have left: {m}.", **counts)
            return redirect(request, f"{root_of(actor)}/classes", flash=flash)
        except Invalid as error:
            form.fail_with(error)
        except Conflict as error:
            form.fail("year", error.message)
    return await _page(request, actor, form, typed, status=422)


def _typed(form: Form[YearForm]) -> dict[UUID, str]:
    names = {name: uuid_of(name.removeprefix("class_")) for name in form.values if name.startswith("class_")}
    return {key: " ".join(form.value(name).split()) for name, key in names.items() if key}


async def _name_fields(form: Form[YearForm], tenant_id: UUID) -> None:
    """Have whoever shows the form again say what each class becomes, in the words of this page."""
    form.words["is_sure"] = {"1": t("Yes")}
    for step in await rolling.propose(tenant_id):
        form.titles[f"class_{step.class_id}"] = _becomes(step)
        form.words[f"class_{step.class_id}"] = {"": t("It has finished school.")}


async def _ask(
    request: Request, actor: Actor, form: Form[YearForm], typed: dict[UUID, str], steps: list[rolling.Step]
) -> Response:
    """Say what becomes of everybody, for whoever types fast: it cannot be taken back."""
    up = [step for step in steps if typed[step.class_id]]
    gone = [step for step in steps if not typed[step.class_id]]
    fields = {"year": str(form.ok.year), "last_on": form.ok.last_on.isoformat()}
    context = {
        "fields": fields | {f"class_{key}": title for key, title in typed.items()},
        "year": form.ok.year,
        "items": [
            (t("Pupils who go up"), formats.number(sum(one.pupils for one in up))),
            (
                t("Their classes"),
                ", ".join(f"{one.title}\u00a0→\u00a0{typed[one.class_id]}" for one in up) or "–",
            ),
            (t("Pupils who leave school"), formats.number(sum(one.pupils for one in gone))),
            (t("Classes that leave"), ", ".join(one.title for one in gone) or "–"),
            (t("Last day of the year"), formats.date_text(form.ok.last_on)),
        ],
        "early": ", ".join(one.title for one in gone if one.next_title),
        "root": root_of(actor),
    }
    return await respond(request, "education/year_sure.html", context)


def _becomes(step: rolling.Step) -> Text:
    return t("{title} (pupils: {n}) becomes", title=step.title, n=formats.number(step.pupils))


async def ask_leave(request: Request, actor: Actor) -> Response:
    """Show what comes back when a pupil leaves on a day."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    asked = request.query_params.get("last_on", "")
    try:
        day = parse_day(asked) if asked else await _now(actor)
    except ValueError:
        day = await _now(actor)
    assert isinstance(day, date)  # noqa: S101 - read above
    return await _leaving(request, actor, account, Form.blank(LeavingForm, {"last_on": day.isoformat()}), day)


async def _leaving(  # noqa: PLR0917 - all that one page shows
    request: Request, actor: Actor, account: Account, form: Form[LeavingForm], day: date, status: int = 200
) -> Response:
    found = await leaving.preview(account, day) if account.is_active else []
    context: dict[str, Any] = {
        "account": account,
        "form": form,
        "stopped": [one for one in await to_stop(account, day) if one.amount_minor],
        "backs": [(one, localized(json.loads(one.names))) for one in found],
        "total": sum(one.amount_minor for one in found),
        "currency": actor.place["currency"],
        "root": root_of(actor),
    }
    return await respond(request, "education/leaving.html", context, status=status)


async def leave(request: Request, actor: Actor) -> Response:
    """End a pupil's time at the school."""
    school(actor)
    account = await leaving.pupil_of(actor, path_id(request))
    form = await bind(request, LeavingForm)
    if form.is_valid:
        try:
            await leaving.leave(actor, account.id, last_on=form.ok.last_on)
            flash = t("{name} has left. What comes back stands on the account.", name=account.name)
            return redirect(request, f"{root_of(actor)}/accounts/{account.id}", flash=flash)
        except Invalid as error:
            form.fail("last_on", next(iter(error.fields.values()), error.message))
        except Conflict as error:
            form.fail("", error.message)
    return await _leaving(request, actor, account, form, await _now(actor), status=422)


async def leaving_panel(actor: Actor, account: Account) -> Panel | None:
    """Return the link by which a pupil leaves; who keeps classes but no money reads who does it."""
    is_pupil = account.scenario == "education" and account.kind == "student" and account.is_active
    if not is_pupil or not actor.may("classes.write"):
        return None
    href = f"{root_of(actor)}/classes/pupils/{account.id}/leaving"
    return Panel("education/leaving_panel.html", {"href": href if actor.may("credit_notes.write") else ""})


def register() -> None:
    """Show the link on every pupil's page; safe to call again."""
    add_panel(leaving_panel, order=90)


_W = "classes.write"
ROUTES: list[BaseRoute] = [
    tenant_route("/classes/year", show, permission=_W, name="school_year"),
    tenant_route("/classes/year", roll, permission=_W, methods=WRITES, name="close_school_year"),
    tenant_route(
        "/classes/pupils/{id}/leaving", ask_leave, permission="credit_notes.write", name="ask_pupil_leaves"
    ),
    tenant_route(
        "/classes/pupils/{id}/leaving",
        leave,
        permission="credit_notes.write",
        methods=WRITES,
        name="pupil_leaves",
    ),
]
