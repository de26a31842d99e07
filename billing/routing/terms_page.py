"""The form of routing: one row for each way to pay."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from billing.bank_terms.document import WAYS
from billing.bank_terms.reading import bank_terms_of, fee_of
from billing.bank_terms.words import limit_text
from billing.models import FeeItem
from billing.names import localized
from billing.routing.methods import METHODS
from billing.routing.sentences import fee_sentence, sentences
from billing.routing.terms import Route, RoutingTerms
from billing.terms import terms_of
from billing.terms_pages import TermsPage, add_terms_page
from tenants.actor import Actor
from tenants.models import Tenant
from ui.errors import Invalid
from ui.fields import MinorAmount
from ui.formats import plain_amount
from ui.i18n import N_, t

Money = Annotated[int, MinorAmount()]


class RouteRow(BaseModel):
    """One way to pay."""

    method: str
    is_offered: bool = Field(False, title=N_("Offered"))
    place: int = Field(1, title=N_("Place in the list"), ge=1, le=99)
    least: Money | None = Field(None, title=N_("Lowest payment"))
    most: Money | None = Field(None, title=N_("Highest payment"))
    fees: list[str] = Field(default_factory=list, title=N_("Only for these fees"))


class RoutingForm(BaseModel):
    """All ways to pay."""

    routes: list[RouteRow] = Field(default_factory=list)


def _shown(terms: RoutingTerms, currency: str) -> dict[str, object]:
    named = {route.method: (n, route) for n, route in enumerate(terms.routes, 1)}
    rows: list[dict[str, object]] = []
    for key, method in METHODS.items():
        place, route = named.get(
            key, (len(rows) + len(named) + 1, Route(method=key, is_offered=not named and method.is_standard))
        )
        rows.append(
            {
                "method": key,
                "is_offered": route.is_offered,
                "place": place,
                "least": plain_amount(route.least_minor, currency) if route.least_minor else "",
                "most": plain_amount(route.most_minor, currency) if route.most_minor else "",
                "fees": list(route.fee_items),
            }
        )
    return {"routes": sorted(rows, key=lambda row: str(row["place"]).zfill(3))}


def _read(form: RoutingForm, currency: str) -> RoutingTerms:
    del currency
    routes = []
    for n, row in sorted(enumerate(form.routes), key=lambda pair: (pair[1].place, pair[0])):
        if row.method not in METHODS:
            raise Invalid("routing.method", t("There is no such way to pay."))
        if row.least is not None and row.most is not None and row.most < row.least:
            text = t("The most must not be less than the least.")
            raise Invalid("routing.span", text, fields={f"routes-{n}-most": text})
        routes.append(
            Route(
                method=row.method,
                is_offered=row.is_offered,
                least_minor=row.least,
                most_minor=row.most,
                fee_items=tuple(dict.fromkeys(row.fees)),
            )
        )
    offered = {route.method for route in routes if route.is_offered}
    if "stripe" in offered and any(key.startswith("stripe.") for key in offered):
        text = t("Offer cards and wallets together, or each by itself, but not both.")
        raise Invalid("routing.twice", text)
    return RoutingTerms(routes=tuple(routes))


async def _more(actor: Actor) -> dict[str, Any]:
    """Return what the page says besides the form: the terms in sentences, names of ways and fees."""
    assert actor.tenant_id is not None  # noqa: S101 - staff are inside a tenant
    currency = actor.place["currency"]
    items = await FeeItem.filter(tenant_id=actor.tenant_id, is_active=True).order_by("position", "key")
    names = {item.key: localized(item.names) for item in items}
    bank = await bank_terms_of(actor.tenant_id)
    return {
        "sentences": sentences(await terms_of(actor.tenant_id, RoutingTerms), currency, names, bank),
        "fee_sentence": fee_sentence((await fee_of(await Tenant.get(id=actor.tenant_id)))[0], currency),
        "off": [str(name) for way, name in WAYS.items() if not bank.offers(way)],
        "limits": [
            (str(WAYS[way]), limit_text(bank.limit(way, currency), currency))
            for way in bank.limits
            if currency == bank.currency
        ],
        "names": {key: str(method.name) for key, method in METHODS.items()},
        "fee_items": list(names.items()),
    }


def register() -> None:
    """Show routing among the institution's terms; safe to call again."""
    add_terms_page(
        TermsPage(
            title=t("Ways to pay"),
            lede=t(
                "What payers may use, which first, and within what limits. Payers are never charged for it."
            ),
            terms=RoutingTerms,
            form=RoutingForm,
            template="billing/terms/routing.html",
            shown=_shown,
            read=_read,
            more=_more,
        )
    )
