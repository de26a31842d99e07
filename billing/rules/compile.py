"""A rule applied to any number of accounts, as one SELECT that PostgreSQL runs by itself.

``evaluate`` once more, set-based: same amounts to the minor unit, same exceptions, same inputs. The statement has
one row per row of the source, calls no function of ours, and divides only once, exactly, where the rule rounds.
"""

from dataclasses import dataclass
from decimal import Context, Inexact, localcontext
from functools import cached_property

from billing.rules.documents import Charge, LateFee
from billing.rules.evaluate import LARGEST_MINOR
from billing.rules.facts import PERIOD_KEYS
from billing.rules.lowering import Core
from billing.rules.rounding import step_minor
from billing.rules.sql_facts import FactsSql
from billing.rules.sql_faults import NONE, fault_of, first
from billing.rules.sql_frame import Frame, Ratio, Source, common, constant, text
from billing.rules.sql_parts import PartsSql
from billing.rules.terms import Discount


@dataclass(frozen=True, slots=True)
class CompiledSql:
    """A SELECT of the source's kept columns and ``amount_minor``, ``exception``, ``inputs``.

    ``amount_minor`` is a bigint, NULL exactly where ``exception`` (read it by ``RuleException.parse``) is not.
    ``inputs`` is jsonb: ``evaluate(document, Facts.from_inputs(inputs))`` gives the steps. ``keys`` are the facts
    that the rule reads. Constants are written into the statement; it has no parameters of its own, so those of
    the source's relation keep their numbers.
    """

    sql: str
    keys: tuple[str, ...]


def compile_sql(document: Charge | LateFee, source: Source) -> CompiledSql:
    """Return the rule as SQL over the rows of ``source``."""
    core = document.core
    with localcontext(Context(prec=1000, traps=[Inexact])):
        return CompiledSql(_Compiler(core, source).statement(), core.keys)


def _as_text(key: str, column: str) -> str:
    if key in PERIOD_KEYS:
        return f"to_char({column}, 'YYYY-MM-DD')"
    return f"{column}::text" if ":" in key else column


class _Compiler:
    def __init__(self, core: Core, source: Source) -> None:
        self.core = core
        self.frame = Frame(source, core.keys)
        self.facts = FactsSql(self.frame, core.currency)
        self.parts = PartsSql(self.frame, self.facts)

    def statement(self) -> str:
        minor = self._minor(self._after_discounts(self.parts.not_negative(self.core.amount)))
        fault = f"CASE WHEN {minor} IS NULL THEN {self._fault()} END"
        return self.frame.statement(
            f"{minor} AS amount_minor, {fault} AS exception, {self._inputs()} AS inputs"
        )

    def _inputs(self) -> str:
        keys = ", ".join(text(key) for key in self.core.keys)
        values = ", ".join(_as_text(key, name) for key, name in self.frame.inputs.items())
        return f"jsonb_object(ARRAY[{keys}]::text[], ARRAY[{values}]::text[])"

    def _after_discounts(self, full: Ratio) -> Ratio:
        left = full
        for discount in self.core.discounts:
            left = self.frame.short(self._discounted(discount, full, left))
        return left

    def _discounted(self, discount: Discount, full: Ratio, left: Ratio) -> Ratio:
        off = self.frame.short(self._off(discount, full if discount.of == "full" else left))
        denominator, level = common([left, off])
        before, less = left.over(denominator), off.over(denominator)
        rest = f"CASE WHEN {less} < {before} THEN {before} - {less} WHEN {less} >= {before} THEN 0 END"
        if discount.when is None:
            return Ratio(rest, denominator, level)
        truth, truth_level = self.facts.truth(discount.when)
        chosen = f"CASE {truth} WHEN true THEN {rest} WHEN false THEN {before} END"
        return Ratio(chosen, denominator, max(level, truth_level))

    def _off(self, discount: Discount, base: Ratio) -> Ratio:
        value = self.parts.not_negative(discount.value)
        if discount.take == "amount":
            return value
        level = max(base.level, value.level)
        return Ratio(f"({base.sql} * {value.sql} * 0.01)", base.denominator * value.denominator, level)

    def _minor(self, amount: Ratio) -> str:
        """Return the column of the rounded amount, NULL where the account is an exception."""
        step = step_minor(self.core.rounding, self.core.currency)
        through, before = self._steps(amount)
        fits = f"{through.sql} * {step} < {LARGEST_MINOR}"
        minor = f"({through.sql} - {before.sql}) * {step}" if before else f"{through.sql} * {step}"
        level = max(through.level, before.level if before else 0)
        if self.core.eligible is not None:
            truth, truth_level = self.facts.truth(self.core.eligible)
            fits, level = f"{fits} AND {truth}", max(level, truth_level)
        return self.frame.let(f"CASE WHEN {fits} THEN ({minor})::bigint END", level)

    def _steps(self, amount: Ratio) -> tuple[Ratio, Ratio | None]:
        """Return the whole rounding steps owed through the last day, and before the first one."""
        step = self.core.rounding.step * amount.denominator
        if not self.core.is_by_day:
            return self._rounded(amount.sql, constant(step), amount.level), None
        days, before, through = self._days
        per_day = self.frame.let(f"{days} * {constant(step)}", 1)
        level = max(amount.level, 2)
        counted = f"CASE WHEN {through} > {before} THEN {amount.sql} * {through} END"
        return (
            self._rounded(self.frame.let(counted, level), per_day, level + 1),
            self._rounded(self.frame.let(f"{amount.sql} * {before}", level), per_day, level + 1),
        )

    @cached_property
    def _days(self) -> tuple[str, str, str]:
        """Return the columns: days of the period, those before the active span, those up to its end."""
        first_day, last_day, start, end = (
            self.frame.inputs[key] for key in ("period:first", "period:last", "active:from", "active:to")
        )
        days = self.frame.let(f"({last_day} - {first_day} + 1)", 0)
        before = f"LEAST(GREATEST({start} - {first_day}, 0), {last_day} - {first_day} + 1)"
        through = f"LEAST(GREATEST({end} - {first_day} + 1, 0), {last_day} - {first_day} + 1)"
        return (
            days,
            self.frame.let(f"CASE WHEN {start} IS NULL THEN 0 ELSE {before} END", 0),
            self.frame.let(
                f"CASE WHEN {end} IS NULL THEN {last_day} - {first_day} + 1 ELSE {through} END", 0
            ),
        )

    def _rounded(self, amount: str, step: str, level: int) -> Ratio:
        """Return ``amount / step`` as a whole number: ``rounding.whole_steps`` in SQL, exact by ``div``."""
        whole, rest = f"div({amount}, {step})", f"mod({amount}, {step})"
        match self.core.rounding.mode:
            case "half_up":
                sql = f"div({amount} * 2 + {step}, {step} * 2)"
            case "down":
                sql = whole
            case "up":
                sql = f"{whole} + CASE WHEN {rest} > 0 THEN 1 ELSE 0 END"
            case "half_even":
                is_more = f"{rest} * 2 > {step} OR ({rest} * 2 = {step} AND mod({whole}, 2) = 1)"
                sql = f"{whole} + CASE WHEN {is_more} THEN 1 ELSE 0 END"
        return self.frame.short(Ratio(sql, level=level))

    def _fault(self) -> str:
        faults = [fault_of(self.core.amount, self.facts), *map(self._discount_fault, self.core.discounts)]
        if self.core.is_by_day:
            days, before, through = self._days
            faults.append(
                f"CASE WHEN {days} IS NULL THEN 'missing_period' WHEN {through} <= {before} THEN 'not_active' END"
            )
        fault = first([*faults, "'too_large'"])
        if self.core.eligible is None:
            return fault
        truth, _ = self.facts.truth(self.core.eligible)
        open_fault = self.facts.truth_fault(self.core.eligible)
        return f"CASE {truth} WHEN true THEN {fault} WHEN false THEN 'not_eligible' ELSE {open_fault} END"

    def _discount_fault(self, discount: Discount) -> str:
        fault = fault_of(discount.value, self.facts)
        if discount.when is None:
            return fault
        truth, _ = self.facts.truth(discount.when)
        open_fault = self.facts.truth_fault(discount.when)
        return f"CASE {truth} WHEN true THEN {fault} WHEN false THEN {NONE} ELSE {open_fault} END"
