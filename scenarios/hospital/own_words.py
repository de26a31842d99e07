"""What a hospital keeps about a person, in words: what each kind of row is called, and its facts."""

from scenarios.hospital.inpatient.states import SETTLEMENTS
from scenarios.hospital.kinds import DOCUMENTS, GRANTS, SEXES, VISITS
from scenarios.hospital.orders.states import ORDER_WORDS
from tenants.audit_words import Fact
from tenants.privacy.words import tell_tables
from ui.i18n import N_

ENDINGS = {
    "patient": N_("Cancelled by the patient"),
    "moved": N_("Moved to another time"),
    "hospital": N_("Stopped by the hospital"),
    "expired": N_("It was not paid in time"),
    "cancelled": N_("It was cancelled"),
}
WAITINGS = {
    "waiting": N_("Waiting"),
    "offered": N_("A number is kept for you"),
    "booked": N_("Booked"),
    "left": N_("Taken back"),
    "passed": N_("Not taken in time"),
}
ORDERS = ORDER_WORDS | {
    "billable": N_("To be paid"),
    "cancelled": N_("Taken back"),
}

tell_tables(
    {
        "hospital_appointment": N_("Appointments"),
        "hospital_basket": N_("What is to be paid at the hospital"),
        "hospital_block": N_("Missed appointments"),
        "hospital_consent": N_("Agreements for the hospital"),
        "hospital_grant": N_("Who may act for a patient"),
        "hospital_order": N_("Orders of doctors"),
        "hospital_patient": N_("Patients"),
        "hospital_settlement": N_("Settlements with the insurance"),
        "hospital_stay": N_("Stays at the hospital"),
        "hospital_stay_charge": N_("Charges of a stay"),
        "hospital_waiting": N_("Waiting for an appointment"),
    },
    {
        "hospital_appointment.arrived_at": Fact(N_("Arrived on")),
        "hospital_appointment.called_at": Fact(N_("Called on")),
        "hospital_appointment.calls": Fact(""),
        "hospital_appointment.end_reason": Fact(N_("Why it ended"), words=ENDINGS),
        "hospital_appointment.ends_at": Fact(N_("Ends")),
        "hospital_appointment.has_full_refund": Fact(N_("The whole price goes back")),
        "hospital_appointment.queued_at": Fact(N_("Waiting since")),
        "hospital_appointment.quota": Fact(""),
        "hospital_appointment.visit": Fact(N_("Kind of visit"), words=VISITS),
        "hospital_basket.his_reference": Fact(""),
        "hospital_basket.is_cleared": Fact(""),
        "hospital_basket.is_tonight": Fact(""),
        "hospital_basket.problem": Fact(N_("What went wrong")),
        "hospital_block.appeal": Fact(N_("What you wrote against it")),
        "hospital_block.appealed_at": Fact(N_("Written on")),
        "hospital_block.decision": Fact(N_("Answer")),
        "hospital_block.is_lifted": Fact(N_("Lifted")),
        "hospital_consent.way": Fact(
            N_("How you agreed"), words={"desk": N_("At the desk"), "web": N_("On the web")}
        ),
        "hospital_order.ordered_at": Fact(N_("Ordered on")),
        "hospital_order.status": Fact(N_("State"), words=ORDERS),
        "hospital_patient.document_kind": Fact(N_("Identity document"), words=DOCUMENTS),
        "hospital_patient.document_mask": Fact(N_("Last digits")),
        "hospital_patient.his_number": Fact(N_("Number at the hospital")),
        "hospital_patient.sex": Fact(N_("Sex"), words=SEXES),
        "hospital_settlement.insurer_minor": Fact(N_("Insured share")),
        "hospital_settlement.kind": Fact(N_("Kind"), words=SETTLEMENTS),
        "hospital_settlement.patient_minor": Fact(N_("Patient's share")),
        "hospital_settlement.round": Fact(""),
        "hospital_stay.admitted_at": Fact(N_("Admitted on")),
        "hospital_stay.admitted_by_name": Fact(N_("Admitted by")),
        "hospital_stay.leaving_at": Fact(N_("Going home on")),
        "hospital_stay.listed_at": Fact(""),
        "hospital_stay.round": Fact(""),
        "hospital_stay.short_at": Fact(""),
        "hospital_stay.unbilled": Fact(""),
        "hospital_stay_charge.step": Fact(""),
        "hospital_grant.purpose": Fact(N_("What they may do"), words=GRANTS),
        "hospital_waiting.offered_until": Fact(N_("Kept for you until")),
        "hospital_waiting.status": Fact(N_("State"), words=WAITINGS),
        "hospital_waiting.visit": Fact(N_("Kind of visit"), words=VISITS),
    },
)
