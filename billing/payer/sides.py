"""From which side somebody pays: signed in, or holding the pay-link of one bill. The pages are the same."""

from dataclasses import dataclass
from uuid import UUID

from billing.payer.queries import SeenPayment
from tenants.actor import Actor
from tenants.runtime import runtime


@dataclass(frozen=True, slots=True)
class Side:
    """Who pays, and below which address their pages are (``/my`` or ``/pay/{token}``)."""

    actor: Actor
    root: str

    @property
    def is_link(self) -> bool:
        """Whether it is the bearer of a pay-link, who sees one bill and nothing else."""
        return self.actor.kind == "link"

    @property
    def payments(self) -> str:
        """Where a payment is begun."""
        return f"{self.root}/payments"

    def payment(self, payment_id: UUID | str) -> str:
        """Return the address of a payment."""
        return f"{self.root}/payments/{payment_id}"

    def bill(self, bill_id: UUID) -> str:
        """Return the address of a bill."""
        return self.root if self.is_link else f"{self.root}/bills/{bill_id}"

    def again(self, bill_ids: list[UUID]) -> str:
        """Return where the same bills are paid in another try."""
        query = "&".join(f"bill={bill_id}" for bill_id in bill_ids)
        return f"{self.root}/checkout" + (f"?{query}" if query and not self.is_link else "")

    def receipt(self, payment: SeenPayment) -> str:
        """Return the address of a payment's receipt; empty while there is none."""
        if payment.receipt_id is None:
            return ""
        if self.is_link:
            return f"{self.payment(payment.id)}/receipt"
        return f"{self.root}/receipts/{payment.receipt_id}"

    def absolute(self, path: str) -> str:
        """Return an address as the outside sends people back to it."""
        return runtime().public_url.rstrip("/") + path


def person_side(actor: Actor) -> Side:
    """Return the side of somebody who has signed in."""
    return Side(actor, "/my")


def link_side(actor: Actor, token: str) -> Side:
    """Return the side of a pay-link's bearer."""
    return Side(actor, f"/pay/{token}")
