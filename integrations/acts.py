"""Acts of sign-in and the bank's own people in the audit trail, in words."""

from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "bank.founded": N_("Bank taken in"),
    "bank.sign_in_changed": N_("Bank's sign-in changed"),
    "bank_membership.added": N_("Bank staff added"),
    "bank_membership.ended": N_("Bank staff removed"),
}

FACTS = {
    "administrator": Fact(N_("First administrator")),
    "issuer": Fact(N_("Address of the sign-in (issuer)")),
    "client_id": Fact(N_("Our name there (client id)")),
}

tell(ACTS, FACTS)
