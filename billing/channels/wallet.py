"""Money that an account has stored here already: it pays a bill without anything moving outside."""

from billing.channels.contract import Capabilities
from ui.i18n import t

KEY = "wallet"
NAME = t("Stored money")
CAPABILITIES = Capabilities()
