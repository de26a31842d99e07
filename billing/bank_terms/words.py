"""A bank's terms in words: rows of ways, sentences, states."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.bank_terms.document import WAYS, BankTerms, Limit
from billing.payments.amounts import Amount
from billing.routing.sentences import fee_sentence
from billing.routing.terms import BankFee
from tenants.actor import Actor
from tenants.onboarding.checklist import CURRENCIES
from ui.i18n import N_, gettext, t

STATES: Mapping[str, str] = {
    "asked": N_("To be decided"),
    "in_force": N_("In force"),
    "refused": N_("Refused"),
    "withdrawn": N_("Withdrawn"),
    "replaced": N_("Replaced"),
}
TONES: Mapping[str, Any] = {"asked": "warning", "in_force": "success", "refused": "danger"}
COINS = {"CN": "CNY", "HK": "HKD", "JP": "JPY", "MY": "MYR", "SG": "SGD"}
EXAMPLES = (1_000, 10_000, 100_000)


def coin_of(actor: Actor) -> str:
    """Return the currency that somebody of a bank thinks in: that of its country."""
    return COINS.get(str(actor.place.get("country", "")), CURRENCIES[0])


def limit_text(limit: Limit, currency: str) -> str:
    """Return from and up to what amount one payment may be."""
    least = Amount(limit.least_minor, currency) if limit.least_minor else None
    most = Amount(limit.most_minor, currency) if limit.most_minor else None
    if least and most:
        return str(t("from {least} to {most} a payment", least=least, most=most))
    if least:
        return str(t("from {least} a payment", least=least))
    return str(t("up to {most} a payment", most=most) if most else t("any amount"))


def ways_of(terms: BankTerms, before: BankTerms | None = None) -> list[dict[str, Any]]:
    """Return a row for each way: whether it is offered and within what, beside what held before."""
    return [
        {
            "key": way,
            "name": str(name),
            "offered": _offered(terms, way),
            "was": _offered(before, way) if before else "",
            "is_on": terms.offers(way),
            "is_changed": before is not None and _offered(before, way) != _offered(terms, way),
        }
        for way, name in WAYS.items()
    ]


def _offered(terms: BankTerms, way: str) -> str:
    if not terms.offers(way):
        return gettext("Switched off")
    limit = terms.limits.get(way)
    return f"{gettext('Offered')}, {limit_text(limit, terms.currency)}" if limit else gettext("Offered")


def fee_words(terms: BankTerms) -> str:
    """Return what the bank keeps, in words."""
    return str(fee_sentence(terms.fee, terms.currency))


def examples(fee: BankFee) -> Sequence[tuple[int, int]]:
    """Return what the bank keeps of three amounts."""
    return [(amount, fee.of(amount)) for amount in EXAMPLES]
