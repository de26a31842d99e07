"""How a hold lives, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_

HOLD = Machine(
    "hold",
    "held",
    {
        "keep": Edge(("held",), "kept", "its bill needs no more money"),
        "let_go": Edge(("held",), "let_go", "its time is over, or somebody cancelled it; nothing was paid"),
    },
)
EXPIRED, CANCELLED, VOIDED = "expired", "cancelled", "bill_voided"
WHYS = {
    EXPIRED: N_("It was not paid in time"),
    CANCELLED: N_("It was cancelled"),
    VOIDED: N_("Its bill was voided"),
}
"""Why something was let go, in English msgids."""
