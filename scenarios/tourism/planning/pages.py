"""Pages of planners: sites, and for each its products, slots and days."""

from typing import Any

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.models import FeeItem, Receiver
from billing.names import localized
from scenarios.tourism.kinds import PRODUCT_KINDS, SCENARIO_KEY, VISITOR_KINDS
from scenarios.tourism.models import DayRule, Pool, Product, Site, SlotTemplate
from scenarios.tourism.orders.wishes import policy_of
from scenarios.tourism.planning import days, services
from scenarios.tourism.planning.forms import (
    TIERS,
    DayForm,
    ProductForm,
    SiteForm,
    TemplateForm,
    as_clock,
)
from scenarios.tourism.stock import incidents
from scenarios.tourism.words import REAL_NAMES
from tenants.actor import Actor
from tenants.days import day_named, today
from tenants.http import WRITES, path_id, tenant_route
from ui.errors import Invalid, NotFound
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import redirect, respond

WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def require_here(actor: Actor) -> None:
    """Only an institution with this industry cloud has these pages."""
    if SCENARIO_KEY not in actor.place["scenarios"]:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


async def sites(request: Request, actor: Actor) -> Response:
    """List the sites; where there is one alone, it is the page."""
    require_here(actor)
    found = await Site.filter(tenant_id=actor.tenant_id).order_by("word")
    context = {"sites": found, "root": root_of(request), "may_write": actor.may("sites.write")}
    return await respond(request, "tourism/planning/sites.html", context)


async def site(request: Request, actor: Actor) -> Response:
    """Show a site: its caps, what it sells and when, and its coming days."""
    found = await services.site_of(actor, path_id(request))
    tenant_id, now = found.tenant_id, today(actor.place["timezone"])
    context = {
        "site": found,
        "products": await Product.filter(tenant_id=tenant_id, site_id=found.id).order_by("position", "key"),
        "templates": await SlotTemplate.filter(tenant_id=tenant_id, site_id=found.id).order_by(
            "start_minute"
        ),
        "days": await days.of_site(found, now, days.SHOWN),
        "incidents": await incidents.open_at(tenant_id, found.id),
        "as_clock": as_clock,
        "weekdays": WEEKDAYS,
        "kinds": PRODUCT_KINDS,
        "root": root_of(request),
        "may_write": actor.may("sites.write"),
        "may_sell": actor.may("orders.write"),
    }
    return await respond(request, "tourism/planning/site.html", context)


class Settling(BaseModel):
    """Why a counter differed."""

    reason: str = Field("", title=N_("Reason"), max_length=200)


async def settle_incident(request: Request, actor: Actor) -> Response:
    """Set a pool's counters to what is counted, with the reason for the difference."""
    form = await bind(request, Settling)
    incident = await incidents.settle(actor, path_id(request), reason=form.ok.reason)
    site_id = (await Pool.get(tenant_id=incident.tenant_id, id=incident.pool_id)).site_id
    words = t("Settled: the counters say what is counted.")
    return redirect(request, f"{root_of(request)}/sites/{site_id}", flash=words)


async def new_site(request: Request, actor: Actor) -> Response:
    """Show the form of a new site."""
    require_here(actor)
    return await _site(request, None, Form.blank(SiteForm, {"opens": as_clock(1200), "day_cap": 0}))


async def add_site(request: Request, actor: Actor) -> Response:
    """Add a site."""
    require_here(actor)
    form = await bind(request, SiteForm)
    if form.is_valid:
        try:
            made = await services.add_site(actor, form.ok.facts())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{root_of(request)}/sites/{made.id}", flash=t("The site is added."))
    return await _site(request, None, form, status=422)


async def edit_site(request: Request, actor: Actor) -> Response:
    """Show the form of a site."""
    found = await services.site_of(actor, path_id(request))
    peak = next(iter(found.seasons), {})
    plain = ("word", "day_cap", "instant_cap", "alarm_percent", "opens_days", "sells_on_the_day")
    more = ("closes_minutes", "hold_minutes", "most_per_order", "is_open")
    values: dict[str, Any] = {name: getattr(found, name) for name in (*plain, *more)}
    values |= _named(found.names) | _about(found.about) | {"opens": as_clock(found.opens_minute)}
    values |= {"peak_from": peak.get("from"), "peak_until": peak.get("until")}
    return await _site(request, found, Form.blank(SiteForm, values))


def _named(names: dict[str, str]) -> dict[str, str | None]:
    return {"name_en": names.get("en"), "name_zh": names.get("zh_CN")}


def _about(about: dict[str, str]) -> dict[str, str | None]:
    return {"about_en": about.get("en"), "about_zh": about.get("zh_CN")}


async def change_site(request: Request, actor: Actor) -> Response:
    """Change a site."""
    found = await services.site_of(actor, path_id(request))
    form = await bind(request, SiteForm)
    if form.is_valid:
        try:
            await services.change_site(actor, found, form.ok.facts())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{root_of(request)}/sites/{found.id}", flash=t("The site is changed."))
    return await _site(request, found, form, status=422)


async def _site(request: Request, found: Site | None, form: Form[SiteForm], status: int = 200) -> Response:
    context = {"site": found, "form": form, "root": root_of(request)}
    return await respond(request, "tourism/planning/site_form.html", context, status=status)


async def new_product(request: Request, actor: Actor) -> Response:
    """Show the form of a new product."""
    found = await services.site_of(actor, path_id(request))
    values = {
        "visitor_kinds": list(VISITOR_KINDS),
        "is_slotted": True,
        "is_on_sale": True,
        "tiers": _tiers([]),
    }
    return await _product(request, found, None, Form.blank(ProductForm, values))


def _opens(one: Product | SlotTemplate) -> str:
    return as_clock(one.opens_minute) if one.opens_minute is not None else ""


def _tiers(kept: list[Any]) -> list[dict[str, Any]]:
    return [*kept, *({"hours": None} for _ in range(max(TIERS - len(kept), 0)))]


async def add_product(request: Request, actor: Actor) -> Response:
    """Add a product."""
    found = await services.site_of(actor, path_id(request))
    return await _save_product(request, actor, found, None)


async def edit_product(request: Request, actor: Actor) -> Response:
    """Show the form of a product."""
    product = await services.product_of(actor, path_id(request))
    names = [name for name in ProductForm.model_fields if hasattr(product, name)]
    values = {name: getattr(product, name) for name in names} | _named(product.names) | _about(product.about)
    values["opens"] = _opens(product)
    form = Form.blank(ProductForm, values | {"tiers": _tiers(policy_of(product))})
    return await _product(request, await services.site_of(actor, product.site_id), product, form)


async def change_product(request: Request, actor: Actor) -> Response:
    """Change a product."""
    product = await services.product_of(actor, path_id(request))
    return await _save_product(request, actor, await services.site_of(actor, product.site_id), product)


async def _save_product(request: Request, actor: Actor, found: Site, product: Product | None) -> Response:
    form = await bind(request, ProductForm)
    if form.is_valid:
        try:
            await services.save_product(actor, found, product, form.ok.facts())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{root_of(request)}/sites/{found.id}", flash=t("The product is saved."))
    return await _product(request, found, product, form, status=422)


async def _product(
    request: Request, found: Site, product: Product | None, form: Form[ProductForm], status: int = 200
) -> Response:
    fees = await FeeItem.filter(tenant_id=found.tenant_id, is_active=True, kind="charge").order_by("position")
    singles = await Product.filter(tenant_id=found.tenant_id, site_id=found.id, kind="single").order_by("key")
    context = {
        "site": found,
        "product": product,
        "form": form,
        "fees": [(one.id, localized(one.names)) for one in fees],
        "kinds": [(key, gettext(name)) for key, name in PRODUCT_KINDS.items()],
        "visitor_kinds": [(key, gettext(name)) for key, name in VISITOR_KINDS.items()],
        "real_names": [(key, gettext(name)) for key, name in REAL_NAMES.items()],
        "parts": [(str(one.id), localized(one.names)) for one in singles],
        "merchants": [
            (str(one.id), one.name)
            for one in await Receiver.filter(tenant_id=found.tenant_id, status="active").order_by("name")
        ],
        "root": root_of(request),
    }
    return await respond(request, "tourism/planning/product_form.html", context, status=status)


async def new_template(request: Request, actor: Actor) -> Response:
    """Show the form of a slot that returns."""
    found = await services.site_of(actor, path_id(request))
    values = {"weekdays": [str(n) for n in range(1, 8)], "since": today(actor.place["timezone"]).isoformat()}
    return await _template(request, found, None, Form.blank(TemplateForm, values))


async def add_template(request: Request, actor: Actor) -> Response:
    """Add a slot that returns."""
    found = await services.site_of(actor, path_id(request))
    return await _save_template(request, actor, found, None)


async def edit_template(request: Request, actor: Actor) -> Response:
    """Show the form of a slot that returns, as it is."""
    template = await services.template_of(actor, path_id(request))
    values: dict[str, Any] = {
        name: getattr(template, name)
        for name in ("grace_before", "grace_after", "capacity", "since", "until", "opens_days")
    }
    values |= _named(template.names) | {
        "weekdays": [str(n) for n in template.weekdays],
        "start": as_clock(template.start_minute),
        "end": as_clock(template.end_minute),
        "for_agencies": template.allotments.get("agency"),
        "opens": _opens(template),
    }
    site_ = await services.site_of(actor, template.site_id)
    return await _template(request, site_, template, Form.blank(TemplateForm, values))


async def change_template(request: Request, actor: Actor) -> Response:
    """Change a slot that returns."""
    template = await services.template_of(actor, path_id(request))
    return await _save_template(request, actor, await services.site_of(actor, template.site_id), template)


async def _save_template(
    request: Request, actor: Actor, found: Site, template: SlotTemplate | None
) -> Response:
    form = await bind(request, TemplateForm)
    if form.is_valid:
        try:
            await services.save_template(actor, found, template, form.ok.facts())
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(request, f"{root_of(request)}/sites/{found.id}", flash=t("The slot is saved."))
    return await _template(request, found, template, form, status=422)


async def _template(
    request: Request, found: Site, template: SlotTemplate | None, form: Form[TemplateForm], status: int = 200
) -> Response:
    context = {
        "site": found,
        "template": template,
        "form": form,
        "weekdays": [(str(n), gettext(name)) for n, name in enumerate(WEEKDAYS, start=1)],
        "root": root_of(request),
    }
    return await respond(request, "tourism/planning/template_form.html", context, status=status)


async def day(request: Request, actor: Actor) -> Response:
    """Show a day of a site: its slots with what is sold and left, and its exception."""
    found = await services.site_of(actor, path_id(request))
    when = day_named(request.path_params["day"])
    if when is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    rule = await DayRule.get_or_none(tenant_id=found.tenant_id, site_id=found.id, day=when)
    names = tuple(DayForm.model_fields)
    values = {name: getattr(rule, name) for name in names} if rule else {"cap_percent": 100}
    return await _day(request, actor, found, Form.blank(DayForm, values))


async def _day(
    request: Request, actor: Actor, found: Site, form: Form[DayForm], status: int = 200
) -> Response:
    when = day_named(request.path_params["day"])
    assert when is not None  # noqa: S101 - looked at by both callers
    context = {
        "site": found,
        "day": when,
        "form": form,
        "pools": await days.pools_of(found, when),
        "root": root_of(request),
        "may_write": actor.may("sites.write"),
        "may_sell": actor.may("orders.write"),
        "may_close": actor.may("slots.close"),
    }
    return await respond(request, "tourism/planning/day.html", context, status=status)


async def change_day(request: Request, actor: Actor) -> Response:
    """Make an exception of a day."""
    found = await services.site_of(actor, path_id(request))
    when = day_named(request.path_params["day"])
    if when is None:
        raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
    form = await bind(request, DayForm)
    if form.is_valid:
        try:
            await services.set_day(actor, found, when, form.ok.model_dump())
        except Invalid as error:
            form.fail_with(error)
        else:
            url = f"{root_of(request)}/sites/{found.id}/days/{when.isoformat()}"
            return redirect(request, url, flash=t("The day is changed. Tickets that are sold stay good."))
    return await _day(request, actor, found, form, status=422)


READ, WRITE = "sites.read", services.RIGHT
_SITE, _DAY = "/sites/{id}", "/sites/{id}/days/{day}"
ROUTES: list[BaseRoute] = [
    tenant_route(
        "/counter-incidents/{id}",
        settle_incident,
        permission=WRITE,
        methods=WRITES,
        name="tourism_incident_settle",
    ),
    tenant_route("/sites", sites, permission=READ, name="tourism_sites"),
    tenant_route("/sites", add_site, permission=WRITE, methods=WRITES, name="tourism_site_add"),
    tenant_route("/sites/new", new_site, permission=WRITE, name="tourism_site_new"),
    tenant_route(_SITE, site, permission=READ, name="tourism_site"),
    tenant_route(_SITE, change_site, permission=WRITE, methods=WRITES, name="tourism_site_change"),
    tenant_route(_SITE + "/edit", edit_site, permission=WRITE, name="tourism_site_edit"),
    tenant_route(_SITE + "/products/new", new_product, permission=WRITE, name="tourism_product_new"),
    tenant_route(
        _SITE + "/products", add_product, permission=WRITE, methods=WRITES, name="tourism_product_add"
    ),
    tenant_route("/products/{id}", edit_product, permission=WRITE, name="tourism_product"),
    tenant_route(
        "/products/{id}", change_product, permission=WRITE, methods=WRITES, name="tourism_product_change"
    ),
    tenant_route(_SITE + "/slots/new", new_template, permission=WRITE, name="tourism_template_new"),
    tenant_route(
        _SITE + "/slots", add_template, permission=WRITE, methods=WRITES, name="tourism_template_add"
    ),
    tenant_route("/slot-templates/{id}", edit_template, permission=WRITE, name="tourism_template"),
    tenant_route(
        "/slot-templates/{id}",
        change_template,
        permission=WRITE,
        methods=WRITES,
        name="tourism_template_change",
    ),
    tenant_route(_DAY, day, permission=READ, name="tourism_site_day"),
    tenant_route(_DAY, change_day, permission=WRITE, methods=WRITES, name="tourism_site_day_change"),
]
