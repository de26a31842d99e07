"""The lives of orders and tickets, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine

ORDER = Machine(
    "order",
    "held",
    {
        "pay": Edge(("held",), "paid", "its bill is paid, or nothing was to pay"),
        "expire": Edge(("held",), "expired", "not paid while its places were held"),
        "cancel": Edge(("held",), "cancelled", "taken back by the buyer, or its slot was closed"),
        "take_again": Edge(
            ("expired", "cancelled"), "held", "its money came after the end, and its places were still free"
        ),
        "come_late": Edge(
            ("expired", "cancelled"), "late", "the money came when no places were left: it goes back"
        ),
        "refund_part": Edge(
            ("paid", "part_refunded"), "part_refunded", "some of its tickets were given back"
        ),
        "refund_all": Edge(("paid", "part_refunded"), "refunded", "all of its tickets were given back"),
    },
)
TICKET = Machine(
    "ticket",
    "held",
    {
        "issue": Edge(("held",), "issued", "its order is paid"),
        "void": Edge(("held",), "void", "its order was not paid"),
        "take_again": Edge(("void",), "held", "its order was taken up again"),
        "use": Edge(("issued", "part_used"), "used", "nothing of it is left"),
        "use_part": Edge(("issued", "part_used"), "part_used", "some of its people or entries are left"),
        "unuse": Edge(("used", "part_used"), "issued", "a supervisor annulled the scan"),
        "refund": Edge(("issued", "no_show"), "refunding", "given back; the money is on its way"),
        "repay": Edge(("refunding",), "refunded", "the money is back, or none was to come back"),
        "miss": Edge(("issued",), "no_show", "its time passed and nobody came"),
    },
)
LIVES = (ORDER, TICKET)
LIVE = ("held", "issued", "part_used", "used", "no_show")
"""States in which a ticket stands for its visitor: the same document has no other for that site and day."""
