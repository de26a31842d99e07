"""Routing read back as sentences."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from billing.bank_terms.document import EVERYTHING, BankTerms
from billing.payments.amounts import Amount
from billing.routing.choosing import routes_of
from billing.routing.methods import Method
from billing.routing.terms import BankFee, Route, RoutingTerms
from ui.formats import listed, number
from ui.i18n import Text, t


def sentences(
    terms: RoutingTerms, currency: str, fee_names: Mapping[str, str], within: BankTerms = EVERYTHING
) -> list[Text]:
    """Return one sentence for each way to pay that payers are offered, in their order."""
    open_to = [each for each in routes_of(terms) if within.offers(each[0].channel)]
    found = [_sentence(n, method, route, currency, fee_names) for n, (method, route) in enumerate(open_to, 1)]
    return found or [t("Nothing can be paid online.")]


def _sentence(n: int, method: Method, route: Route, currency: str, fee_names: Mapping[str, str]) -> Text:
    return t(
        "{n}. {method}, {span}, {fees}.",
        n=n,
        method=method.name,
        span=_span(route, currency),
        fees=_fees(route.fee_items, fee_names),
    )


def _span(route: Route, currency: str) -> Text:
    least = Amount(route.least_minor, currency) if route.least_minor else None
    most = Amount(route.most_minor, currency) if route.most_minor else None
    if least and most:
        return t("from {least} to {most} a payment", least=least, most=most)
    if least:
        return t("from {least} a payment", least=least)
    return t("up to {most} a payment", most=most) if most else t("any amount")


def _fees(keys: Sequence[str], names: Mapping[str, str]) -> Text:
    if not keys:
        return t("for all fees")
    return t("only for {fees}", fees=listed(names.get(key, key) for key in keys))


def fee_sentence(fee: BankFee, currency: str) -> Text:
    """Return what the bank keeps, in words."""
    if not fee.basis_points and not fee.fixed_minor:
        return t("Your bank keeps nothing of payments by card or wallet.")
    share = number((Decimal(fee.basis_points) / 100).normalize())
    said = t("{share} % and {fixed} of each payment", share=share, fixed=Amount(fee.fixed_minor, currency))
    if fee.cap_minor is None:
        return t("Your bank keeps {fee} by card or wallet.", fee=said)
    return t(
        "Your bank keeps {fee} by card or wallet, at most {cap}.",
        fee=said,
        cap=Amount(fee.cap_minor, currency),
    )
