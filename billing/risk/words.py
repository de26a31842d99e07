"""Words and colours of what waits, and of a rule's thresholds."""

from collections.abc import Mapping

from ui.formats import plain_amount
from ui.i18n import N_, Text, current_locale, gettext, t
from ui.shell import Tone

KINDS: dict[str, Text] = {"refund": t("Refund"), "payouts": t("Payouts")}
HOLD_WORDS: dict[str, Text] = {
    "held": t("Waits"),
    "released": t("Released"),
    "stopped": t("Stopped"),
    "placing": t("Channels are being told"),
    "releasing": t("Being released"),
}
HOLD_TONES: dict[str, Tone] = {
    "held": "warning",
    "placing": "warning",
    "releasing": "info",
    "released": "success",
    "stopped": "danger",
}
LEG_WORDS: dict[str, Text] = {
    "asked": t("Asked, no answer yet"),
    "held": t("Keeps its payouts"),
    "released": t("Pays out"),
    "refused": t("Refused"),
}
LEG_TONES: dict[str, Tone] = {
    "asked": "warning",
    "held": "warning",
    "released": "success",
    "refused": "danger",
}
MINOR = "_minor"
THRESHOLDS = {
    "deviations": N_("Deviations above the usual"),
    "least_minor": N_("At least, in {currency}"),
    "least_count": N_("At least so many"),
    "least_payers": N_("At least so many people"),
    "percent": N_("At least percent"),
    "days": N_("Within days"),
    "times": N_("At least times the usual"),
}


def field(name: str, value: float, currency: str) -> tuple[str, str, str]:
    """Return a threshold's name, what it is called, and its figure as it is typed."""
    figure = plain_amount(int(value), currency) if name.endswith(MINOR) else f"{value:.12g}"
    return name, gettext(THRESHOLDS[name], currency=currency), figure


def figures(thresholds: Mapping[str, float], currency: str) -> str:
    """Return a rule's thresholds in one line."""
    fields = [field(name, value, currency) for name, value in thresholds.items()]
    told = (gettext("{label}: {shown}", label=label, shown=shown) for _, label, shown in fields)
    return ("；" if current_locale() == "zh_CN" else "; ").join(told)
