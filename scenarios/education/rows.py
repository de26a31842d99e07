"""What a row of each table of ours needs besides its types, where the database asks for more than those."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

ROWS: Mapping[str, Mapping[str, Any]] = {
    "education_class": {"kind": "homeroom"},
    "education_session": {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 6, 30)},
    "education_offer": {
        "kind": "trip",
        "status": "open",
        "closes_at": datetime(2100, 1, 1, tzinfo=UTC),
        "most_each": 1,
    },
    "education_offer_option": {"places": 5, "taken": 0},
    "education_booking": {"status": "waiting"},
    "education_attendance": {"month": date(2026, 1, 1)},
    "education_partner": {"status": "asked"},
    "education_refill": {"status": "active", "level_minor": 100, "amount_minor": 100, "month_minor": 100},
    "education_sharing": {"status": "proposed"},
    "education_sharing_part": {"percent": 100},
    "education_leave": {"status": "requested"},
    "education_notice": {"status": "draft"},
    "education_round": {
        "status": "open",
        "places": 5,
        "deposit_minor": 0,
        "closes_at": datetime(2100, 1, 1, tzinfo=UTC),
    },
    "education_applicant": {"status": "submitted"},
    "education_year_exception": {"outcome": "repeat", "title": "3A"},
    "education_card": {"daily_limit_minor": 100, "alert_minor": 100},
    "education_meal_right": {"percent": 50, "status": "requested"},
}
