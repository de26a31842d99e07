"""Money taken at the desk: it is in hand when it is recorded, so there is nobody to ask.

Cash, a card terminal of the institution's own, a cheque, or a transfer whose arrival the cashier has seen.
"""

from billing.channels.contract import Capabilities
from ui.i18n import N_, Text, t

KEY = "counter"
NAME = t("Desk")
CASH = "cash"
METHODS = {
    CASH: N_("Cash"),
    "card": N_("Card terminal"),
    "cheque": N_("Cheque"),
    "transfer": N_("Bank transfer"),
}
"""What a cashier may take, in English msgids."""
REFERENCED = ("card", "cheque", "transfer")
"""Methods that need the slip's, cheque's or transfer's own number, by which they are found again."""
CAPABILITIES = Capabilities()


def method_name(method: str) -> Text:
    """Return the method's name for people."""
    return t(METHODS[method])
