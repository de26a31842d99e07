"""The life of an application, as data (see ``billing.payments.states``)."""

from billing.payments.states import Edge, Machine
from ui.i18n import Text, t
from ui.shell import Tone

APPLICANT = Machine(
    "application to a school",
    "draft",
    {
        "submit": Edge(("draft",), "submitted", "the family hands it in"),
        "offer": Edge(("submitted", "waiting"), "offered", "the school offers a place"),
        "wait": Edge(("submitted",), "waiting", "no place now: on the waiting list"),
        "reject": Edge(("submitted", "waiting"), "rejected", "the school refuses, with a reason"),
        "accept": Edge(
            ("offered",), "accepted", "the family takes the place, its deposit paid where one is asked"
        ),
        "lapse": Edge(("offered",), "withdrawn", "nobody has answered in time"),
        "withdraw": Edge(
            ("draft", "submitted", "waiting", "offered", "accepted"), "withdrawn", "the family takes it back"
        ),
        "enrol": Edge(("accepted",), "enrolled", "the child is a pupil, with number and class"),
    },
)
TAKES = ("offered", "accepted", "enrolled")
"""States that take one of the round's places."""
WORDS: dict[str, Text] = {
    "draft": t("Not handed in yet"),
    "submitted": t("Handed in"),
    "waiting": t("On the waiting list"),
    "offered": t("Place offered"),
    "accepted": t("Place accepted"),
    "enrolled": t("Enrolled"),
    "rejected": t("Refused"),
    "withdrawn": t("Taken back"),
}
TONES: dict[str, Tone] = {
    "submitted": "info",
    "waiting": "info",
    "offered": "warning",
    "accepted": "success",
    "enrolled": "success",
    "rejected": "danger",
}
ROUND = Machine(
    "round of enrolment",
    "draft",
    {
        "open": Edge(("draft", "closed"), "open", "families may apply"),
        "close": Edge(("open",), "closed", "nobody may apply any more"),
    },
)
ROUND_WORDS: dict[str, Text] = {
    "draft": t("Draft"),
    "open": t("Open for applications"),
    "closed": t("Closed"),
}
ROUND_TONES: dict[str, Tone] = {"draft": "info", "open": "success"}
