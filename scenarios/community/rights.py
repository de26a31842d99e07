"""What people may do on an estate, and the roles that only an estate has."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

_DESK = frozenset(
    {"meters.write", "service.read", "service.write", "notices.write", "gate.work", "facilities.write"}
)
RIGHTS = Rights(
    permissions={
        "meters.write": N_("Read meters and judge readings"),
        "pools.write": N_("Divide shared costs"),
        "service.read": N_("See repairs and complaints"),
        "service.write": N_("Work repairs and complaints"),
        "service.settings": N_("Set how work is given out, and plan maintenance"),
        "notices.write": N_("Write and publish notices"),
        "gate.work": N_("Let visitors in, take parcels in and give them out"),
        "facilities.write": N_("Offer facilities, and give deposits back"),
        "shop.work": N_("Work a shop of the neighbourhood"),
        "merchants.write": N_("Look after all shops of the neighbourhood"),
        "votes.write": N_("Ask the owners, and count their votes"),
    },
    roles=(
        RoleSpec(
            "technician",
            N_("Technician"),
            frozenset({"dashboard.read", "accounts.read", "meters.write", "service.read", "service.write"}),
            begins="/work/mine",
        ),
        RoleSpec(
            "shopkeeper",
            N_("Shopkeeper"),
            frozenset({"shop.work"}),
            begins="/merchants",
            is_for_outsiders=True,
        ),
        RoleSpec(
            "gate",
            N_("Gatekeeper"),
            frozenset({"dashboard.read", "accounts.read", "gate.work"}),
            begins="/gate",
        ),
    ),
    grants={"finance": frozenset({"meters.write", "pools.write"}), "front_desk": _DESK},
    begins={"front_desk": "/work"},
)
