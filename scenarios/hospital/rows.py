"""What the house is told of our tables: a row that the database accepts, and for what fields are encrypted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scenarios.hospital import documents, places, screens
from scenarios.hospital.inpatient.listing import PURPOSE as STAY_CHARGE
from scenarios.hospital.orders.service import PURPOSE as CLINIC_ORDER
from scenarios.hospital.patients import PHONE

ROWS: Mapping[str, Mapping[str, Any]] = {
    "hospital_doctor": {"title": "chief"},
    "hospital_template": {"weekday": 0, "begins": 0, "ends": 60, "days_ahead": 1, "opens": 0},
    "hospital_session": {
        "starts_at": datetime(2026, 1, 1, 8, tzinfo=UTC),
        "ends_at": datetime(2026, 1, 1, 9, tzinfo=UTC),
    },
    "hospital_slot": {"kind": "first"},
    "hospital_grant": {"purpose": "visits"},
    "hospital_appointment": {"status": "booked", "price_minor": 100, "kept_minor": 0},
    "hospital_basket": {"status": "paying"},
    "hospital_order": {"status": "paying"},
    "hospital_order_return": {"status": "asked"},
    "hospital_deposit_posting": {"status": "waiting"},
    "hospital_his_break": {"kind": "cut_off"},
    "hospital_consent": {"purpose": "reports", "way": "self"},
    "hospital_stay": {"status": "admitted"},
    "hospital_settlement": {"kind": "presettle", "total_minor": 200},
}
SECRETS: Mapping[str, str] = {
    "hospital_patient.document": documents.PURPOSE,
    "hospital_patient.phone": PHONE,
    "hospital_department.screen": screens.PURPOSE,
    "hospital_order.what": CLINIC_ORDER,
    "hospital_stay_charge.what": STAY_CHARGE,
    "hospital_stay.place": places.PURPOSE,
}
