"""A bank's terms as data: pure, so that what they allow has its tests."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from billing.channels import channel_name
from billing.channels.counter import KEY as COUNTER
from billing.routing.terms import BankFee
from ui.i18n import Text, t

DEBIT, TRANSFER = "debit", "transfer"
WAYS: Mapping[str, Text] = {
    "stripe": channel_name("stripe"),
    "bank": channel_name("bank"),
    DEBIT: t("Direct debit from a bank account"),
    TRANSFER: t("Transfer with a reference or an account number of one's own"),
    COUNTER: channel_name(COUNTER),
}
"""What a bank may offer or switch off, in the order of its pages."""
ONLINE = ("stripe", "bank")
"""Those of them in which a payer chooses an amount on our pages, so that limits hold."""


class Limit(BaseModel):
    """The least and the most of one payment, in minor units of the terms' currency."""

    least_minor: int | None = Field(None, ge=0)
    most_minor: int | None = Field(None, ge=1)


class BankTerms(BaseModel):
    """What holds where an institution has agreed on nothing else; amounts are minor units of ``currency``.

    A way that is not among ``ways`` is off for every institution, whatever it says itself. A bank that has said
    nothing offers everything, for nothing.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)
    ways: tuple[str, ...] = tuple(WAYS)
    currency: str = ""
    fee: BankFee = BankFee()
    limits: Mapping[str, Limit] = Field(default_factory=dict)

    def offers(self, way: str) -> bool:
        """Tell whether new payments may begin this way."""
        return way in self.ways or way not in WAYS

    def fee_in(self, currency: str) -> BankFee:
        """Return the fee in a currency: fixed amounts hold in the terms' own, the share in every one."""
        if currency == self.currency:
            return self.fee
        return BankFee(basis_points=self.fee.basis_points, rounding=self.fee.rounding)

    def limit(self, way: str, currency: str) -> Limit:
        """Return the limits of a way in a currency: none in another than the terms' own."""
        return self.limits.get(way, Limit()) if currency == self.currency else Limit()


EVERYTHING = BankTerms()
