"""What people may do on an estate, and the roles that only an estate has."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

RIGHTS = Rights(
    permissions={
        "meters.write": N_("Read meters and judge readings"),
        "pools.write": N_("Divide shared costs"),
    },
    roles=(
        RoleSpec(
            "technician",
            N_("Technician"),
            frozenset({"dashboard.read", "accounts.read", "meters.write"}),
        ),
    ),
    grants={
        "finance": frozenset({"meters.write", "pools.write"}),
        "front_desk": frozenset({"meters.write"}),
    },
)
