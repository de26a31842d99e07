"""A rule applied to one account, in Python: for previews, single bills, verification and explanation.

All reckoning is on exact fractions; nothing is rounded but by the rule's own rounding step. ``compile_sql``
says the same for many accounts at once.
"""

from fractions import Fraction

from billing.rules.conditions import holds
from billing.rules.currency import to_major
from billing.rules.documents import Charge, LateFee
from billing.rules.facts import Facts
from billing.rules.lowering import Core
from billing.rules.outcome import Outcome, RuleException
from billing.rules.phrases import rounding_words
from billing.rules.reading import Fault, Reader, inputs_of
from billing.rules.rounding import round_minor
from billing.rules.terms import Discount
from billing.rules.words import figure
from billing.rules.working import Working
from ui.i18n import Text, t

LARGEST_MINOR = 10**15


def evaluate(document: Charge | LateFee, facts: Facts) -> Outcome | RuleException:
    """Return what the account owes under the rule, or the typed reason why that cannot be said."""
    core = document.core
    inputs = inputs_of(core.keys, facts)
    work = Working(Reader(facts, core.currency))
    try:
        _require_eligible(core, work)
        left = _after_discounts(core, max(work.value(core.amount), Fraction(0)), work)
        minor = _rounded(core, left, work)
    except Fault as fault:
        return RuleException(fault.code, fault.subject, inputs)
    return Outcome(minor, core.currency, tuple(work.steps), inputs)


def _require_eligible(core: Core, work: Working) -> None:
    truth = True if core.eligible is None else holds(core.eligible, work.reader)
    if isinstance(truth, Fault):
        raise truth
    if not truth:
        raise Fault("not_eligible")


def _after_discounts(core: Core, full: Fraction, work: Working) -> Fraction:
    left = full
    for discount in core.discounts:
        left = max(left - _discounted(discount, full, left, work), Fraction(0))
    return left


def _discounted(discount: Discount, full: Fraction, left: Fraction, work: Working) -> Fraction:
    truth = True if discount.when is None else holds(discount.when, work.reader)
    if isinstance(truth, Fault):
        raise truth
    if not truth:
        return Fraction(0)
    value = max(work.value(discount.value), Fraction(0))
    if discount.take == "amount":
        work.note(
            t("{label}: {value} off", label=Text(discount.label), value=work.money(value)),
            max(left - value, Fraction(0)),
        )
        return value
    base = full if discount.of == "full" else left
    off = base * value / 100
    shown = {"label": Text(discount.label), "percent": figure(value), "base": work.money(base)}
    work.note(t("{label}: {percent} % of {base} off", **shown), max(left - off, Fraction(0)))
    return off


def _rounded(core: Core, amount: Fraction, work: Working) -> int:
    """Round the amount; by days, round what is owed up to the last day less what is owed before the first.

    So the parts of any division of a period among owners, each rounded alone, add up to the rounded whole.
    """
    before, through, days = _share(core, work.reader.facts)
    minor = round_minor(amount * through / days, core.rounding, core.currency)
    if minor >= LARGEST_MINOR:
        raise Fault("too_large")
    if before:
        minor -= round_minor(amount * before / days, core.rounding, core.currency)
    if through - before < days:
        text = t(
            "{days} of {all} days: {value}",
            days=through - before,
            all=days,
            value=figure(amount * (through - before) / days),
        )
        work.note(text, amount * (through - before) / days)
    value = to_major(minor, core.currency)
    work.note(
        t("{rounding}: {value}", rounding=rounding_words(core.rounding), value=work.money(value)), value
    )
    return minor


def _share(core: Core, facts: Facts) -> tuple[int, int, int]:
    if not core.is_by_day:
        return 0, 1, 1
    if facts.period is None:
        raise Fault("missing_period")
    before, through = facts.share(facts.period)
    if through == before:
        raise Fault("not_active")
    return before, through, facts.period.days
