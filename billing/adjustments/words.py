"""Adjustments in words and colours, for every page that shows them."""

from billing.adjustments.kinds import KINDS, STANDING
from ui.i18n import Text, gettext, t
from ui.shell import Tone

KIND_WORDS: dict[str, Text] = {key: kind.name for key, kind in KINDS.items()}
STATE_WORDS: dict[str, Text] = {
    "requested": t("Waiting for approval"),
    "applied": t("Let off"),
    "approved": t("In effect"),
    "rejected": t("Rejected"),
    "reversed": t("Reversed"),
    "ended": t("Ended"),
}
STATE_TONES: dict[str, Tone] = {
    "requested": "warning",
    "applied": "success",
    "approved": "success",
    "reversed": "neutral",
}


LET_OFF_WORDS = {
    **KIND_WORDS,
    "credit_note": t("Credit note"),
    "declined": t("Declined by you"),
}
"""What made a bill ask for less, as its payer reads it: adjustments by kind, and other causes."""


def kind_options(*, standing: bool = False) -> list[tuple[str, str, str]]:
    """Return the kinds to choose from, in their stacking order, each with what it is for."""
    keys = STANDING if standing else tuple(KINDS)
    return [(key, gettext(KINDS[key].name.message), gettext(KINDS[key].hint.message)) for key in keys]
