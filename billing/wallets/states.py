"""How a top-up lives, as data."""

from billing.payments.states import Edge, Machine

TOP_UP = Machine(
    "top-up",
    "asked",
    {
        "pay": Edge(("asked",), "paid", "its bill is paid; the money is stored in the same transaction"),
        "let_go": Edge(("asked",), "let_go", "nobody paid it in time, or it was cancelled"),
        "ask_again": Edge(("let_go",), "asked", "its money came late and is taken all the same"),
    },
)
