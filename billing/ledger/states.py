"""The life of a month of the books, as data; drawn for the documentation by the same code that runs it."""

from billing.payments.states import Edge, Machine

PERIOD = Machine(
    "period",
    "closing",
    {
        "close": Edge(
            ("closing",), "closed", "another person agreed; nothing of it or before it is booked any more"
        ),
        "keep_open": Edge(("closing",), "open", "another person refused, with a reason"),
        "ask_reopening": Edge(
            ("closed",), "reopening", "somebody wants it open again, with a reason; it stays locked"
        ),
        "reopen": Edge(("reopening",), "open", "another person agreed"),
        "keep_closed": Edge(("reopening",), "closed", "another person refused, with a reason"),
        "ask_closing": Edge(("open",), "closing", "somebody wants it closed again"),
    },
)
"""A month that nobody has asked to close has no row; it is as open as one in the state ``open``."""
