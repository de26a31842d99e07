"""What the house is told of our tables: a row that the database accepts, and for what fields are encrypted."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from scenarios.tourism.agencies.lists import PURPOSE as LISTS
from scenarios.tourism.orders import people
from scenarios.tourism.passes.services import PHOTOS

ROWS: Mapping[str, Mapping[str, Any]] = {
    "tourism_site": {"alarm_percent": 90},
    "tourism_slot": {
        "starts_at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        "ends_at": datetime(2026, 1, 1, 2, tzinfo=UTC),
        "status": "open",
    },
    "tourism_slot_template": {"start_minute": 0, "end_minute": 60},
    "tourism_product": {"kind": "single", "real_name": "none"},
    "tourism_day_rule": {"cap_percent": 100},
    "tourism_pool": {"scope": "slot"},
    "tourism_order": {"status": "held", "refunded_minor": 0},
    "tourism_gate": {"way": "both"},
    "tourism_contract": {"counts": "sold", "status": "active"},
    "tourism_statement": {"status": "issued", "period": date(2026, 1, 1)},
    "tourism_pass_holder": {"status": "waiting"},
    "tourism_incident": {"status": "open"},
    "tourism_group_list": {"status": "uploaded"},
    "tourism_redemption": {"verdict": "rejected", "direction": "entry", "mode": "online"},
    "tourism_ticket": {"status": "held", "refund_minor": 0, "inside": 0},
}
SECRETS: Mapping[str, str] = {
    "tourism_order.name": people.NAMES,
    "tourism_order.contact": people.CONTACTS,
    "tourism_ticket.visitor": people.NAMES,
    "tourism_ticket.document": people.DOCUMENTS,
    "tourism_group_list.content": LISTS,
    "tourism_group_list.refused": LISTS,
    "tourism_block.appeal_contact": people.CONTACTS,
    "tourism_pass_holder.photo": PHOTOS,
    "tourism_transfer.contact": people.CONTACTS,
}
