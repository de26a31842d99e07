"""The hospital's own tables: the house and its calendar, patients, visits."""

from scenarios.hospital.models.calendar import ClinicSession, ClinicSlot, PractitionerRole, ScheduleTemplate
from scenarios.hospital.models.consents import CareConsent
from scenarios.hospital.models.house import ClinicService, Department, Doctor
from scenarios.hospital.models.orders import ClinicOrder, HisBreak, HisDay, OrderBasket, OrderReturn
from scenarios.hospital.models.people import BookingBlock, CareGrant, Patient
from scenarios.hospital.models.stays import (
    BilledCharge,
    DepositPosting,
    Stay,
    StayCharge,
    StayCredit,
    StaySettlement,
)
from scenarios.hospital.models.visits import Appointment, AppointmentVersion, ClinicWaiting

__all__ = [
    "Appointment",
    "AppointmentVersion",
    "BilledCharge",
    "BookingBlock",
    "CareConsent",
    "CareGrant",
    "ClinicOrder",
    "ClinicService",
    "ClinicSession",
    "ClinicSlot",
    "ClinicWaiting",
    "Department",
    "DepositPosting",
    "Doctor",
    "HisBreak",
    "HisDay",
    "OrderBasket",
    "OrderReturn",
    "Patient",
    "PractitionerRole",
    "ScheduleTemplate",
    "Stay",
    "StayCharge",
    "StayCredit",
    "StaySettlement",
]
