"""What is done to accounts and holders, in words for their story."""

from ui.i18n import N_

ACTS: dict[str, str] = {
    "account.added": N_("Added by hand"),
    "account.changed": N_("Changed"),
    "account.closed": N_("Closed"),
    "account.opened": N_("Opened again"),
    "holder.added": N_("Holder added"),
    "holder.changed": N_("Holder changed"),
    "holder.ended": N_("Holder ended"),
    "holder.invited": N_("Holder invited"),
    "guest.invited": N_("Somebody invited by a holder"),
    "guest.changed": N_("What somebody invited may see was changed"),
    "guest.ended": N_("Invitation by a holder ended"),
    "holder.confirmed": N_("Holder confirmed themselves"),
    "holder.confirmation_refused": N_("Confirmation refused"),
}
