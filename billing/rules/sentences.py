"""A rule read back as plain sentences, in the language of the reader, so that what is set is what was meant."""

from collections.abc import Iterator

from billing.rules.documents import Charge, LateFee
from billing.rules.part_phrases import factor_words, part_words
from billing.rules.phrases import condition_words, rounding_words
from billing.rules.terms import Discount, Due, LateTerms
from billing.rules.words import joined
from ui.i18n import N_, Text, t

PERIODS = {
    "once": N_("Charge once, in {currency}: {amount}."),
    "month": N_("Charge every month, in {currency}: {amount}."),
    "quarter": N_("Charge every quarter, in {currency}: {amount}."),
    "half_year": N_("Charge every half-year, in {currency}: {amount}."),
    "year": N_("Charge every year, in {currency}: {amount}."),
    "term": N_("Charge every term, in {currency}: {amount}."),
}
EACH = {"month": N_("for each month in arrears"), "day": N_("for each day it is late")}
DISCOUNTS = {
    ("percent", "rest"): N_("{label}: {value} % less of what is left"),
    ("percent", "full"): N_("{label}: {value} % of the full amount less"),
    ("amount", "rest"): N_("{label}: {value} less"),
    ("amount", "full"): N_("{label}: {value} less"),
}


def sentence(document: Charge | LateFee) -> list[Text]:
    """Return the rule as sentences; turn each into ``str`` where the reader's language is known."""
    return list(_charge(document) if isinstance(document, Charge) else _late_fee(document, document.currency))


def _charge(charge: Charge) -> Iterator[Text]:
    amount = part_words(charge.amount, charge.currency)
    yield t(PERIODS[charge.period], currency=charge.currency, amount=amount)
    if charge.eligible is not None:
        yield t("Only if {condition}.", condition=condition_words(charge.eligible))
    for discount in charge.discounts:
        yield _discount(discount, charge.currency)
    if charge.proration == "by_day":
        yield t("An account that starts or ends within the period is charged by days.")
    yield t("The amount is {rounding}.", rounding=rounding_words(charge.rounding))
    yield from _due(charge.due)
    if charge.late_fee is not None:
        yield from _late_fee(charge.late_fee, charge.currency)


def _discount(discount: Discount, currency: str) -> Text:
    words = factor_words if discount.take == "percent" else part_words
    value = words(discount.value, currency)
    less = t(DISCOUNTS[discount.take, discount.of], label=Text(discount.label), value=value)
    if discount.when is None:
        return t("{less}.", less=less)
    return t("{less}, if {condition}.", less=less, condition=condition_words(discount.when))


def _due(due: Due) -> Iterator[Text]:
    if due.months_later:
        later = N_("Due on day {day} of the month, {months} months after the one in which the period starts.")
        yield t(later, day=due.day, months=due.months_later)
    else:
        yield t("Due on day {day} of the month in which the period starts.", day=due.day)
    if due.grace_days:
        yield t("Not late until {days} days after that.", days=due.grace_days)


def _late_fee(terms: LateTerms, currency: str) -> Iterator[Text]:
    limits = joined([part_words(terms.amount, currency), *_limits(terms)], t(N_("; ")))
    yield t("Late fee while there are arrears: {limits}.", limits=limits)
    if terms.eligible is not None:
        yield t("The late fee applies only if {condition}.", condition=condition_words(terms.eligible))
    yield t("The late fee is {rounding}.", rounding=rounding_words(terms.rounding))


def _limits(terms: LateTerms) -> Iterator[Text]:
    if terms.after_days:
        yield t("from day {day} on", day=terms.after_days + 1)
    if terms.after_months:
        yield t("once it is {months} months in arrears", months=terms.after_months)
    if terms.each in EACH:
        yield t(EACH[terms.each])
    if terms.cap:
        yield t("in all never more than the unpaid principal")
    if terms.at_most_once_months:
        yield t("at most once in {months} months", months=terms.at_most_once_months)
