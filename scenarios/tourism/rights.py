"""What staff of a scenic site may do, and the roles it starts with."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

_BASE = frozenset({"dashboard.read", "accounts.read"})
RIGHTS = Rights(
    permissions={
        "sites.read": N_("See sites, products and slots"),
        "sites.write": N_("Plan sites, products and slots"),
        "slots.close": N_("Close times that are sold"),
        "orders.read": N_("See orders and tickets"),
        "orders.write": N_("Sell, change and refund tickets"),
        "agencies.read": N_("See agencies, their contracts and statements"),
        "agencies.write": N_("Make contracts with agencies and issue their statements"),
        "blocks.read": N_("See blocked visitors and appeals"),
        "blocks.write": N_("Block visitors, lift blocks and answer appeals"),
        "passes.read": N_("See holders of passes"),
        "passes.write": N_("Register holders of passes and stop passes"),
        "gates.read": N_("See gates and scans"),
        "gates.write": N_("Set up gates and their devices"),
        "gates.supervise": N_("Annul scans and settle conflicts"),
    },
    roles=(
        RoleSpec(
            "ticket_clerk",
            N_("Ticket clerk"),
            _BASE
            | {"sites.read", "orders.read", "orders.write", "bills.read", "payments.read", "payments.take"}
            | {"blocks.read", "passes.read", "passes.write"},
            begins="/ticket-orders",
        ),
        RoleSpec(
            "gate_supervisor",
            N_("Gate supervisor"),
            _BASE
            | {"sites.read", "orders.read", "gates.read", "gates.write", "gates.supervise"}
            | {"blocks.read", "blocks.write", "passes.read", "passes.write"},
            begins="/gates",
        ),
        RoleSpec(
            "agency_manager",
            N_("Agency manager"),
            _BASE
            | {"accounts.write", "sites.read", "orders.read", "agencies.read", "agencies.write", "bills.read"}
            | {"payments.read", "payments.take"},
            begins="/agencies",
        ),
        RoleSpec(
            "planner",
            N_("Planner"),
            _BASE | {"sites.read", "sites.write", "fees.read", "fees.write"},
            begins="/sites",
        ),
    ),
)
"""Planners cannot touch orders, and whoever sells cannot change what is offered."""
