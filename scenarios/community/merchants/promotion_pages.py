"""Promotions of a shop in a form: added and ended by who works it."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, root_of
from scenarios.community.merchants import promotions, service
from scenarios.community.merchants.pages import show_shop
from scenarios.community.merchants.promotions import Terms
from tenants.actor import Actor
from tenants.http import WRITES, path_id
from tenants.models import Tenant
from ui.errors import Invalid
from ui.fields import Amount, Day
from ui.forms import bind
from ui.i18n import N_, t
from ui.render import redirect


class PromotionForm(BaseModel):
    """What is taken off, of what, from when until when, and from which sum on."""

    english: str = Field(title=N_("Name in English"), max_length=60)
    chinese: str = Field("", title=N_("Name in Chinese"), max_length=60)
    product: UUID | None = Field(None, title=N_("Taken off"))
    percent: int | None = Field(None, title=N_("Percent off"))
    amount_minor: Amount | None = Field(None, title=N_("Or an amount off, once for a basket"))
    minimum_minor: Amount | None = Field(None, title=N_("From which sum on"))
    starts_on: Day = Field(title=N_("From"))
    ends_on: Day = Field(title=N_("Until"))

    def terms(self, zone: str) -> Terms:
        """Return the promotion as the shop keeps it; days are whole days at the institution."""
        english = self.english.strip()
        return Terms(
            {"en": english, "zh_CN": self.chinese.strip() or english},
            "amount" if self.percent is None else "percent",
            (self.amount_minor or 0) if self.percent is None else self.percent,
            _at(self.starts_on, zone),
            _at(self.ends_on + timedelta(days=1), zone),
            self.minimum_minor or 0,
            self.product,
        )


def _at(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


async def promote(request: Request, actor: Actor) -> Response:
    """Take something off for a time."""
    shop = await service.shop_of(actor, path_id(request))
    context: dict[str, Any] = {"currency": actor.place["currency"]}
    form = await bind(request, PromotionForm, context=context)
    if form.is_valid:
        zone = (await Tenant.get(id=shop.tenant_id)).timezone
        try:
            await promotions.promote(actor, shop.id, form.ok.terms(zone))
        except Invalid as error:
            form.fail_with(error)
        else:
            return redirect(
                request, f"{root_of(actor)}/merchants/{shop.id}", flash=t("The promotion is set.")
            )
    return await show_shop(request, actor, shop, promotion=form)


async def end(request: Request, actor: Actor) -> Response:
    """Take nothing off any more."""
    await promotions.end(actor, path_id(request), path_id(request, "promotion"))
    address = f"{root_of(actor)}/merchants/{path_id(request)}"
    return redirect(request, address, flash=t("It is over. What was ordered keeps it."))


_PROMOTIONS = "/merchants/{id}/promotions"
ROUTES: list[BaseRoute] = [
    estate_route(_PROMOTIONS, promote, permission="shop.work", methods=WRITES, name="promotion_add"),
    estate_route(
        _PROMOTIONS + "/{promotion}/end", end, permission="shop.work", methods=WRITES, name="promotion_end"
    ),
]
