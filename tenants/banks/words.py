"""How institutions' states are said."""

from collections.abc import Mapping

from ui.i18n import Text, t
from ui.shell import Tone

TENANT_STATUSES: Mapping[str, Text] = {
    "approved": t("Getting ready"),
    "live": t("Live"),
    "suspended": t("Suspended"),
    "closing": t("Closing"),
    "closed": t("Closed for good"),
}
TENANT_TONES: Mapping[str, Tone] = {
    "approved": "info",
    "live": "success",
    "suspended": "warning",
    "closing": "warning",
    "closed": "neutral",
}
