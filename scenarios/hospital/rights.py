"""What the staff of a hospital may do, and the roles it starts with besides everybody's."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

READ, BOOK, CALL = "visits.read", "visits.book", "visits.call"
SET_UP, STOP, BLOCKS = "visits.setup", "visits.stop", "visits.blocks"
SEE, WORK = "orders.read", "orders.work"
STAYS, STAYS_WORK = "stays.read", "stays.work"
STAYS_CREDIT, STAYS_SETTLE = "stays.credit", "stays.settle"
PERMISSIONS = {
    READ: N_("See appointments and the register of a day"),
    BOOK: N_("Book, change and cancel for patients, and register patients"),
    CALL: N_("Call patients in and see who waits"),
    SET_UP: N_("Set up departments, doctors and schedules"),
    STOP: N_("Stop and replace sessions"),
    SEE: N_("See payments of orders and how they stand at the hospital's system"),
    WORK: N_("Match days with the hospital's system and close differences"),
    STAYS: N_("See stays in hospital and their deposits"),
    STAYS_WORK: N_("Admit and move patients, and ask for credit of a stay"),
    STAYS_CREDIT: N_("Agree to credit of a stay that somebody else has asked for"),
    STAYS_SETTLE: N_("Settle stays with insurance, and reverse it"),
    BLOCKS: N_("Decide about patients who may not book"),
}
_DESK = frozenset({READ, BOOK, STAYS, STAYS_WORK})
_FINANCE = frozenset({WORK, STAYS, STAYS_CREDIT, STAYS_SETTLE})
RIGHTS = Rights(
    PERMISSIONS,
    (
        RoleSpec("doctor", N_("Doctor"), frozenset({"dashboard.read", CALL}), begins="/consulting"),
        RoleSpec(
            "ward_clerk", N_("Ward clerk"), frozenset({"dashboard.read", STAYS, STAYS_WORK}), begins="/stays"
        ),
    ),
    {
        "cashier": _DESK,
        "front_desk": _DESK | {CALL, STOP},
        "finance": _FINANCE,
    },
    {"front_desk": "/front-desk"},
)
