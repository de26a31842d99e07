"""Routing as an institution's terms, and the bank's fee as its bank sets it."""

from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from billing.terms import Section

Rounding = Literal["half_up", "half_even", "up", "down"]


class Route(BaseModel):
    """One way to pay: offered or not, from and up to what amount, for which fees (none named: for all)."""

    method: str
    is_offered: bool = True
    least_minor: int | None = None
    most_minor: int | None = None
    fee_items: tuple[str, ...] = ()


class RoutingTerms(Section):
    """The ways to pay in the order in which payers are offered them; what is not named stands after, as standard.

    What channels charge is borne by the institution: payers are never charged for a way to pay.
    """

    section: ClassVar[str] = "routing"
    routes: tuple[Route, ...] = ()


class BankFee(Section):
    """What the bank keeps of each payment by Stripe as its application fee; minor units of the payment's currency."""

    section: ClassVar[str] = "bank_fee"
    basis_points: int = Field(0, ge=0, le=1000)
    fixed_minor: int = Field(0, ge=0, le=1_000_000)
    cap_minor: int | None = Field(None, ge=0)
    rounding: Rounding = "half_up"

    def of(self, amount_minor: int) -> int:
        """Return the fee on an amount, in minor units: rounded once, capped, and never more than the amount."""
        fee = rounded(amount_minor * self.basis_points, 10_000, self.rounding) + self.fixed_minor
        if self.cap_minor is not None:
            fee = min(fee, self.cap_minor)
        return min(fee, amount_minor)


def rounded(part: int, whole: int, rounding: Rounding) -> int:
    """Return ``part / whole`` as a whole number; neither is negative."""
    down, rest = divmod(part, whole)
    if rounding == "down" or rest == 0:
        return down
    if rounding == "up":
        return down + 1
    is_over = 2 * rest > whole or (2 * rest == whole and (rounding == "half_up" or down % 2 == 1))
    return down + is_over
