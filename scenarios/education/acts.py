"""Every act of a school in the audit trail, in words, and how its facts read."""

from scenarios.education.fees.templates import BASES, GROUPS
from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "class.teacher_added": N_("Teacher put to a class"),
    "class.teacher_ended": N_("Class taken from a teacher"),
    "fee.approval_kept": N_("Approval of a fee written down"),
    "roster.applied": N_("Roster brought in"),
}
FACTS = {
    "roster.added": Fact(N_("Added")),
    "roster.changed": Fact(N_("Changed")),
    "roster.closed": Fact(N_("Ended")),
    "roster.accounts": Fact(N_("Pupils with an account")),
    "fee_item.group": Fact(N_("What it is for"), words=GROUPS),
    "fee_item.basis": Fact(N_("Who sets the price"), words=BASES),
    "authority": Fact(N_("Authority")),
    "approval_number": Fact(N_("Number of the approval")),
    "approved_on": Fact(N_("Approved on")),
    "teachers_see_payment": Fact(N_("Class teachers see who has paid")),
}


def register() -> None:
    """Tell the audit trail; safe to call again."""
    tell(ACTS, FACTS)
