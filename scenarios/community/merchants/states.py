"""How an order lives, as data."""

from billing.payments.states import Edge, Machine
from ui.i18n import t
from ui.shell import Tone

ORDER = Machine(
    "shop order",
    "placed",
    {
        "keep": Edge(("placed",), "paid", "its bill is paid"),
        "let_go": Edge(("placed",), "free", "nobody paid in time, so that its goods are free again"),
        "take_late": Edge(("free",), "placed", "money came late, and there was still enough in stock"),
        "fulfil": Edge(("paid",), "fulfilled", "fetched or delivered"),
        "refund": Edge(
            ("paid", "fulfilled"),
            "refunded",
            "the shop gives the money back, or a group did not reach its minimum",
        ),
    },
)
WORDS = {
    "placed": t("Being paid"),
    "paid": t("Paid, to be fulfilled"),
    "free": t("Not paid, so free again"),
    "fulfilled": t("Fulfilled"),
    "refunded": t("Money given back"),
}
TONES: dict[str, Tone] = {
    "placed": "warning",
    "paid": "info",
    "free": "neutral",
    "fulfilled": "success",
    "refunded": "neutral",
}
WAYS = {"pickup": t("Fetched at the shop"), "delivery": t("Brought to the door")}
