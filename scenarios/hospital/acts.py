"""Every act of a hospital in the audit trail, in words. None names a department, a doctor or a diagnosis."""

from scenarios.hospital.orders.states import WORDS as BASKET_WORDS
from scenarios.hospital.states import WORDS
from tenants.audit_words import Fact, tell
from ui.i18n import N_

ACTS = {
    "visit.booked": N_("Appointment made"),
    "visit.confirmed": N_("Appointment paid and booked"),
    "visit.lapsed": N_("Appointment not paid in time"),
    "visit.changed": N_("Appointment changed to another time"),
    "visit.cancelled": N_("Appointment cancelled"),
    "visit.stopped": N_("Appointment cancelled by the hospital"),
    "visit.arrived": N_("Patient arrived"),
    "visit.called": N_("Patient called"),
    "visit.missed": N_("Patient did not come when called"),
    "visit.seen": N_("Patient seen"),
    "visit.no_show": N_("Patient did not come"),
    "patient.registered": N_("Patient registered"),
    "patient.viewed": N_("Patient's page opened"),
    "register.viewed": N_("Register of a session opened"),
    "session.stopped": N_("Session stopped"),
    "session.substituted": N_("Session given to another doctor"),
    "sessions.made": N_("Sessions made from the templates"),
    "block.begun": N_("Patient may not book for a while"),
    "block.appealed": N_("Patient asked to be let book again"),
    "block.lifted": N_("Patient may book again"),
    "block.upheld": N_("Block stays"),
    "orders.chosen": N_("Orders put together to be paid"),
    "orders.paid": N_("Orders paid, being confirmed"),
    "orders.posted": N_("Payment confirmed by the hospital's system"),
    "orders.lapsed": N_("Orders not paid in time"),
    "orders.given_back": N_("Payment of orders given back"),
    "orders.cleared": N_("Nothing of the payment stands at the hospital's system"),
    "his_break.closed": N_("Difference with the hospital's system closed"),
    "department.saved": N_("Department saved"),
    "service.saved": N_("Service saved"),
    "doctor.saved": N_("Doctor saved"),
    "template.saved": N_("Weekly session saved"),
}
_CHANNELS = {
    "web": N_("On the web"),
    "api": N_("By an app"),
    "phone": N_("By phone"),
    "desk": N_("At the desk"),
}
FACTS = {
    "appointment.status": Fact(N_("State"), words=WORDS),
    "appointment.channel": Fact(N_("How it was booked"), words=_CHANNELS),
    "basket.status": Fact(N_("State"), words=BASKET_WORDS),
    "basket.why": Fact(""),
    "kept_minor": Fact(N_("Kept by the rule")),
    "affected": Fact(N_("Appointments concerned")),
    "missed": Fact(N_("Missed appointments")),
    "block.until": Fact(N_("Until")),
    "grants": Fact(N_("What they may do")),
    "session.count": Fact(N_("Sessions")),
    "terms.url": Fact(N_("Address of the hospital's system")),
    "terms.sealed_token": Fact(""),
    "terms.confirm_minutes": Fact(N_("Minutes in which it has to confirm")),
}
tell(ACTS, FACTS)
