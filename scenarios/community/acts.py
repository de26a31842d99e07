"""Acts on an estate in the audit trail, in words, and how their facts read."""

from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "building.changed": N_("Building changed"),
    "common_area.added": N_("Common area added"),
    "lease.begun": N_("Lease written down"),
    "lease.ended": N_("Lease ended"),
    "payer.chosen": N_("Chosen to whom bills go"),
    "meter.installed": N_("Meter put in"),
    "meter.replaced": N_("Meter replaced"),
    "phase.added": N_("Estate or phase added"),
    "pool.closed": N_("Shared costs divided"),
    "pool.opened": N_("Pool of shared costs opened"),
    "pool.reopened": N_("Shares of costs taken back"),
    "reading.accepted": N_("Meter reading accepted"),
    "reading.rejected": N_("Meter reading rejected"),
    "reading.taken_back": N_("Meter reading taken back"),
    "unit.handed_over": N_("Unit handed over to a new owner"),
    "maintenance_plan.added": N_("Maintenance planned"),
    "notice.published": N_("Notice published"),
    "notice.withdrawn": N_("Notice withdrawn"),
    "vote.closed": N_("Vote counted"),
    "vote.opened": N_("Vote opened"),
    "vote.published": N_("Result of a vote published"),
    "accounts.published": N_("Accounts of the estate published"),
    "accounts.withdrawn": N_("Accounts of the estate no longer published"),
    "dossier.drawn": N_("Dossier for the court drawn"),
    "account.moved_out": N_("Moved out"),
    "deposit.asked": N_("Deposit asked for"),
    "deposit.returned": N_("Deposit given back"),
    "facility.added": N_("Facility offered"),
    "shop.added": N_("Shop of the neighbourhood added"),
    "work.cancelled": N_("Repair or complaint cancelled"),
    "work_category.added": N_("Category of work added"),
    "work_shift.added": N_("Shift added"),
    "work_shift.removed": N_("Shift taken out"),
}
FACTS = {
    "pool.period": Fact(N_("Month")),
    "fee_minor": Fact(N_("Fee")),
    "deposit_minor": Fact(N_("Deposit to come back")),
    "returned_minor": Fact(N_("Given back")),
    "lease.fees": Fact(N_("Fees paid by whoever rents")),
    "manager": Fact(N_("Manager")),
    "multiplier": Fact(N_("Multiplier")),
    "read_on": Fact(N_("Read on")),
    "meter.value": Fact(N_("It showed")),
    "credited_minor": Fact(N_("Credited to the old owner")),
}
tell(ACTS, FACTS)
