"""What may be done at a school, and who does it there."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

PERMISSIONS = {
    "classes.read": N_("See all classes and who is in them"),
    "classes.own": N_("See the classes one teaches"),
    "classes.write": N_("Change classes and bring in rosters"),
    "canteen.sell": N_("Sell at the canteen's till"),
    "canteen.write": N_("Keep what the canteen sells"),
    "meals.request": N_("Ask for meals that cost less"),
    "meals.decide": N_("Decide about meals that cost less"),
    "enrolment.read": N_("See enrolment"),
    "enrolment.write": N_("Run enrolment"),
    "leave.decide": N_("Decide about leave"),
    "school_notices.own": N_("Write notices to one's own classes"),
    "school_notices.write": N_("Write notices to everybody at school"),
    "offers.read": N_("See offers and who has booked"),
    "offers.write": N_("Write, open and call off offers"),
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
                    "canteen.write",
                    "meals.request",
                    "enrolment.read",
                    "enrolment.write",
                    "leave.decide",
                    "school_notices.own",
                    "school_notices.write",
                    "offers.read",
                    "offers.write",
                }
            ),
        ),
        RoleSpec("canteen", N_("Canteen worker"), frozenset({"canteen.sell"}), begins="/till"),
        RoleSpec(
            "class_teacher",
            N_("Class teacher"),
            frozenset({"classes.own", "leave.decide", "school_notices.own"}),
            begins="/classes",
        ),
    ),
    grants={
        "finance": frozenset({"classes.own", "school_fees.write", "meals.request", "meals.decide"}),
        "reader": _OWN_CLASSES,
        "front_desk": frozenset({"classes.read", "classes.own"}),
    },
)
