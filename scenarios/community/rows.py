"""What the house is told of our tables: a row that the database accepts, and for what fields are encrypted."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

ROWS: Mapping[str, Mapping[str, Any]] = {
    "community_reshaping": {"kind": "merge"},
    "community_prepaid": {"kind": "water"},
    "community_deposit": {"kind": "fit_out"},
    "community_lease": {"fee_item_ids": [str(UUID(int=1))]},
    "community_meter": {"kind": "water", "digits": 5},
    "community_reading": {"status": "accepted", "usage": 1},
    "community_work_order": {"status": "done", "consent": "agreed", "rating": 5},
    "community_notice": {"status": "published"},
    "community_visitor_pass": {
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_until": datetime(2100, 1, 1, tzinfo=UTC),
        "uses": 1,
    },
    "community_facility": {"opens": 8, "closes": 9, "days_ahead": 1},
    "community_facility_booking": {"status": "booked"},
    "community_shop_order": {"status": "paid", "way": "pickup", "discount_minor": 0},
    "community_shop_product": {"stock": 1},
    "community_vote": {"status": "published", "basis": "head", "proxy_percent": 2},
    "community_work_quote": {"status": "asked"},
    "community_shop_promotion": {
        "kind": "amount",
        "starts_at": datetime(2026, 1, 1, tzinfo=UTC),
        "ends_at": datetime(2100, 1, 1, tzinfo=UTC),
    },
    "community_basket_item": {"quantity": 1},
    "community_pool": {"basis": "area", "status": "closed"},
}
SECRETS: Mapping[str, str] = {
    "community_ballot.sealed": "vote:{vote_id}",
}
