"""How orders that are paid together live, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import N_
from ui.shell import Tone

BASKET = Machine(
    "basket",
    "paying",
    {
        "pay": Edge(
            ("paying", "lapsed"), "confirming", "the money is here; the hospital's system has to confirm it"
        ),
        "promise": Edge(("paying",), "confirming", "treated first; the mandate takes it tonight"),
        "lapse": Edge(("paying",), "lapsed", "nobody paid in time; the orders can be paid again"),
        "post": Edge(("confirming",), "posted", "the hospital's system has acknowledged the payment"),
        "give_back": Edge(("confirming",), "refunded", "the system has refused, or was silent too long"),
    },
)
RETURN = Machine(
    "return of orders",
    "asked",
    {
        "agree": Edge(
            ("asked",), "agreed", "another person has agreed; the hospital's system has to take them back"
        ),
        "decline": Edge(("asked",), "declined", "another person has not agreed"),
        "finish": Edge(("agreed",), "done", "the system has taken them back, and the money is on its way"),
        "refuse": Edge(("agreed",), "refused", "the system says that they were done already"),
    },
)
RETURN_WORDS = {
    "asked": N_("Waits for another person"),
    "agreed": N_("Agreed, being taken back at the hospital"),
    "done": N_("Given back"),
    "declined": N_("Not agreed"),
    "refused": N_("Refused by the hospital's system"),
}
ORDER_WORDS = {
    "paying": N_("Waiting for payment"),
    "confirming": N_("Paid, being confirmed with the hospital"),
    "settled": N_("Paid and confirmed"),
    "returning": N_("To be given back"),
    "returned": N_("Given back"),
}
"""How an order that was put into a basket stands."""
WORDS = {
    "paying": N_("Waiting for payment"),
    "confirming": N_("Paid, being confirmed with the hospital"),
    "posted": N_("Paid and confirmed"),
    "refunded": N_("Given back"),
    "lapsed": N_("Not paid in time"),
}
TONES: dict[str, Tone] = {
    "paying": "warning",
    "confirming": "info",
    "posted": "success",
    "refunded": "danger",
    "lapsed": "neutral",
}
BREAKS = {
    "paid_not_posted": N_("Paid here, not posted at the hospital"),
    "posted_not_paid": N_("Posted at the hospital, not paid here"),
    "amount_differs": N_("Another amount at the hospital"),
    "refund_one_side": N_("Taken back at the hospital alone"),
    "bank_differs": N_("The channel or the bank has it otherwise"),
    "cut_off": N_("Paid at the day's end; may stand in the next day"),
}
