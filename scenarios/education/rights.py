"""What may be done at a school, and who does it there."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

PERMISSIONS = {
    "classes.read": N_("See all classes and who is in them"),
    "classes.own": N_("See the classes one teaches"),
    "classes.write": N_("Change classes and bring in rosters"),
    "school_fees.write": N_("Keep the approvals and accounts of fees"),
}
_OWN_CLASSES = frozenset({"classes.own"})
RIGHTS = Rights(
    permissions=PERMISSIONS,
    roles=(
        RoleSpec(
            "secretary",
            N_("School secretary"),
            frozenset(
                {
                    "dashboard.read",
                    "accounts.read",
                    "accounts.write",
                    "imports.write",
                    "fees.read",
                    "runs.read",
                    "runs.write",
                    "bills.read",
                    "bills.remind",
                    "payments.read",
                    "reports.read",
                    "answers.work",
                    "adjustments.read",
                    "adjustments.request",
                    "classes.read",
                    "classes.own",
                    "classes.write",
                }
            ),
        ),
        RoleSpec("class_teacher", N_("Class teacher"), _OWN_CLASSES),
    ),
    grants={
        "finance": frozenset({"classes.own", "school_fees.write"}),
        "reader": _OWN_CLASSES,
        "front_desk": frozenset({"classes.read", "classes.own"}),
    },
)
