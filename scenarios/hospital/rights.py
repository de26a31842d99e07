"""What the staff of a hospital may do, and the roles it starts with besides everybody's."""

from tenants.permissions import Rights, RoleSpec
from ui.i18n import N_

READ, BOOK, CALL = "visits.read", "visits.book", "visits.call"
SET_UP, STOP, BLOCKS = "visits.setup", "visits.stop", "visits.blocks"
SEE, WORK = "orders.read", "orders.work"
PERMISSIONS = {
    READ: N_("See appointments and the register of a day"),
    BOOK: N_("Book, change and cancel for patients, and register patients"),
    CALL: N_("Call patients in and see who waits"),
    SET_UP: N_("Set up departments, doctors and schedules"),
    STOP: N_("Stop and replace sessions"),
    SEE: N_("See payments of orders and how they stand at the hospital's system"),
    WORK: N_("Match days with the hospital's system and close differences"),
    BLOCKS: N_("Decide about patients who may not book"),
}
_DESK = frozenset({READ, BOOK})
RIGHTS = Rights(
    PERMISSIONS,
    (RoleSpec("doctor", N_("Doctor"), frozenset({"dashboard.read", CALL})),),
    {"cashier": _DESK, "front_desk": _DESK | {CALL, STOP}, "finance": frozenset({WORK})},
)
