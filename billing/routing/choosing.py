"""What an institution's terms make of the ways to pay: pure, so that every rule has its test."""

from collections.abc import Collection, Mapping, Sequence

from billing.bank_terms.document import EVERYTHING, BankTerms
from billing.channels import CHANNELS
from billing.channels.contract import Destination
from billing.payments.amounts import Amount
from billing.routing.methods import METHODS, Method
from billing.routing.terms import Route, RoutingTerms
from ui.errors import Invalid
from ui.i18n import t


def routes_of(terms: RoutingTerms) -> list[tuple[Method, Route]]:
    """Return every offered way to pay in order: those that the terms name, then the standard ones they do not name."""
    named = {route.method for route in terms.routes}
    channels = {key.split(".")[0] for key in named}
    standard = [
        Route(method=key)
        for key, method in METHODS.items()
        if method.is_standard and key not in named and method.channel not in channels
    ]
    return [
        (METHODS[route.method], route)
        for route in (*terms.routes, *standard)
        if route.is_offered and route.method in METHODS
    ]


def usable(
    routes: Sequence[tuple[Method, Route]],
    *,
    currency: str,
    destinations: Sequence[Destination],
    fee_items: Collection[str],
    down: Collection[str],
    within: BankTerms = EVERYTHING,
) -> list[tuple[Method, Route]]:
    """Return those that the bank offers and that take these fees in this currency; silent channels come last."""
    fit = [
        (method, route)
        for method, route in routes
        if within.offers(method.channel)
        and CHANNELS[method.channel].capabilities.takes(currency)
        and any(CHANNELS[method.channel].is_open_to(to) for to in destinations)
        and (not route.fee_items or set(fee_items) <= set(route.fee_items))
    ]
    return sorted(fit, key=lambda each: each[0].channel in down)


def bounds(
    method: Method, route: Route, currency: str, within: BankTerms = EVERYTHING
) -> tuple[int, int | None]:
    """Return the least and the most of one payment: the channel's, and the institution's own or else its bank's."""
    least: Mapping[str, int] = CHANNELS[method.channel].capabilities.minimum_minor
    default = within.limit(method.channel, currency)
    own = route.least_minor if route.least_minor is not None else default.least_minor
    most = route.most_minor if route.most_minor is not None else default.most_minor
    return max(least.get(currency, 0), own or 0), most


def check(
    method: Method, route: Route, amount_minor: int, currency: str, within: BankTerms = EVERYTHING
) -> None:
    """Refuse an amount that this way does not take.

    Raises:
        Invalid: it is below the least or above the most.
    """
    least, most = bounds(method, route, currency, within)
    if amount_minor < least:
        text = t("This way of paying takes {least} or more.", least=Amount(least, currency))
        raise Invalid("payment.too_little", text, fields={"channel": text})
    if most is not None and amount_minor > most:
        text = t(
            "This way of paying takes at most {most}. Choose another one, or pay less.",
            most=Amount(most, currency),
        )
        raise Invalid("payment.over_limit", text, fields={"channel": text})
