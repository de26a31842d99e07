"""The lives of mandates and debits, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine

LIVE = ("created", "authorising", "active", "paused")
"""States of a mandate that has not ended; an account has one such."""
WAITING = ("announced", "waiting")
"""States of a debit that is still to be taken."""
HELD_UP = "mandate.paused"
"""Why debits were stopped that are taken again once their mandate is taken up."""
MANDATE = Machine(
    "mandate",
    "created",
    {
        "ask": Edge(("created",), "authorising", "the channel waits for the payer's leave"),
        "activate": Edge(("created", "authorising"), "active", "the payer gave leave"),
        "decline": Edge(("created", "authorising"), "declined", "the payer refused, or the channel did"),
        "pause": Edge(("active",), "paused", "a debit failed to the end of the retry plan"),
        "resume": Edge(("paused",), "active", "the payer takes it up again"),
        "stop": Edge(LIVE, "stopped", "the payer or the institution stopped it"),
        "revoke": Edge(
            ("created", "authorising", "active", "paused"), "revoked", "the payer revoked it at the channel"
        ),
    },
)
DEBIT = Machine(
    "debit",
    "announced",
    {
        "try": Edge(("announced", "waiting"), "trying", "its day has come; a payment is started"),
        "pay": Edge(("trying",), "paid", "the money arrived"),
        "wait": Edge(("trying",), "waiting", "it failed, or the bill was held; tried again by the plan"),
        "fail": Edge(("trying",), "failed", "it failed to the end of the plan"),
        "skip": Edge(
            ("announced", "waiting", "trying"),
            "skipped",
            "nothing left to pay, disputed, over the ceiling, or its bill came into a plan or its plan ended",
        ),
        "stop": Edge(("announced", "waiting"), "stopped", "its mandate ended"),
    },
)
MACHINES = (MANDATE, DEBIT)
