"""What the canteen knows as data: allergens, the wallet's purpose, the states of a meal right."""

from billing.payments.states import Edge, Machine
from billing.wallets.kinds import WalletKind, register_wallet
from scenarios.education.kinds import SCENARIO_KEY
from ui.formats import listed
from ui.i18n import Text, t
from ui.shell import Tone

WALLET = "canteen"
SOURCE = "education.sale"
ALLERGENS: dict[str, Text] = {
    "gluten": t("Gluten"),
    "nuts": t("Nuts"),
    "peanuts": t("Peanuts"),
    "milk": t("Milk"),
    "egg": t("Egg"),
    "fish": t("Fish"),
    "shellfish": t("Shellfish"),
    "soya": t("Soya"),
    "sesame": t("Sesame"),
}
RIGHT = Machine(
    "meal right",
    "requested",
    {
        "approve": Edge(("requested",), "approved", "another person agrees"),
        "refuse": Edge(("requested",), "refused", "another person does not"),
        "end": Edge(("approved",), "ended", "it no longer holds"),
    },
)
REFILL = Machine(
    "card that fills itself",
    "active",
    {"stop": Edge(("active",), "stopped", "the family stopped it, or its autopay has ended")},
)
RIGHT_WORDS: dict[str, Text] = {
    "requested": t("To be decided"),
    "approved": t("In effect"),
    "refused": t("Refused"),
    "ended": t("Ended"),
}
RIGHT_TONES: dict[str, Tone] = {"requested": "warning", "approved": "success", "refused": "danger"}


def register() -> None:
    """Make the canteen's purpose known to the wallets; safe to call again."""
    register_wallet(WalletKind(WALLET, {"en": "Canteen", "zh_CN": "食堂"}, SCENARIO_KEY))


def allergens_text(keys: str) -> str:
    """Return allergens as they are read."""
    return listed(str(ALLERGENS[key]) for key in keys.split(",") if key in ALLERGENS)
