"""The lives of offers and bookings, as data (see ``billing.payments.states``)."""

from datetime import UTC, datetime

from billing.payments.states import Edge, Machine
from ui.i18n import Text, t
from ui.shell import Tone

TAKES = ("held", "kept", "offered")
"""A booking in one of these has its place; PostgreSQL holds their sum to the places there are."""
LIVE = (*TAKES, "waiting")
BOOKING = Machine(
    "booking of a school's offer",
    "asked",
    {
        "hold": Edge(("asked", "offered"), "held", "a place is kept while it is being paid for"),
        "keep": Edge(("asked", "held", "offered", "let_go"), "kept", "paid, or it costs nothing"),
        "wait": Edge(("asked",), "waiting", "everything is taken"),
        "offer": Edge(("waiting",), "offered", "a place has come free"),
        "let_go": Edge(("held", "offered"), "let_go", "nobody paid or took it in time"),
        "hold_again": Edge(("let_go",), "held", "money came late, and there was a place still"),
        "cancel": Edge(
            ("held", "kept", "offered", "waiting"), "cancelled", "the family or the school took it back"
        ),
    },
)
OFFER = Machine(
    "offer of a school",
    "draft",
    {
        "open": Edge(("draft", "closed"), "open", "families see it and may book"),
        "close": Edge(("open",), "closed", "nobody may book any more"),
        "cancel": Edge(("open", "closed"), "cancelled", "it does not take place; everything paid goes back"),
    },
)
BOOKING_WORDS: dict[str, Text] = {
    "held": t("Being paid"),
    "kept": t("Booked"),
    "waiting": t("On the waiting list"),
    "offered": t("A place is free for you"),
    "let_go": t("Not paid in time"),
    "cancelled": t("Cancelled"),
}
BOOKING_TONES: dict[str, Tone] = {
    "held": "warning",
    "kept": "success",
    "waiting": "info",
    "offered": "warning",
}
OFFER_WORDS: dict[str, Text] = {
    "draft": t("Draft"),
    "open": t("Open to families"),
    "closed": t("Closed"),
    "cancelled": t("Cancelled"),
}
OFFER_SHOWN = OFFER_WORDS | {"over": t("Deadline passed")}
"""What a reader is told: an offer that stays open in the books is not, once its last moment is over."""
OFFER_TONES: dict[str, Tone] = {"open": "success", "draft": "info", "cancelled": "danger"}
KINDS: dict[str, Text] = {
    "trip": t("Trip"),
    "club": t("Club"),
    "care": t("After-school care"),
    "shop": t("Uniforms and books"),
}


def shown_state(status: str, closes_at: datetime) -> str:
    """Return how an offer stands for whoever reads of it."""
    return "over" if status == "open" and closes_at <= datetime.now(UTC) else status
