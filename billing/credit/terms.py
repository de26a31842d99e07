"""What an institution decides about credit: how it is used, and how much may be paid ahead."""

from typing import ClassVar, Literal

from billing.terms import Section

Penalty = Literal["listed", "first", "last"]


class CreditTerms(Section):
    """``penalty`` says when late fees are paid: as their line stands on the bill, before all else, or after it.

    It holds for every payment that does not cover a whole bill. Amounts are minor units of the currency;
    ``prepay_most_minor`` bounds one payment ahead, zero switches paying ahead off.
    """

    section: ClassVar[str] = "credit"
    is_automatic: bool = True
    penalty: Penalty = "listed"
    prepay_least_minor: int = 100
    prepay_most_minor: int = 1_000_000


PENALTY_RANK = """case (select document ->> 'penalty' from billing_terms where tenant_id = $1 and section = 'credit')
    when 'first' then i.kind <> 'late_fee' when 'last' then i.kind = 'late_fee' else false end"""
"""SQL: sorts lines (fee item ``i``, tenant ``$1``) as the terms say; false comes first."""
