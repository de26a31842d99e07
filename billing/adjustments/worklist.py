"""Adjustments that wait for a second person, on finance's worklist."""

from billing.adjustments.kinds import KINDS
from billing.worklist.registry import Kind, add_kind
from ui.i18n import N_

_SQL = """
select id, created_at since, null::timestamptz due_at, amount_minor, currency, number title, kind detail,
       '/adjustments/' || id path
  from billing_adjustment where tenant_id = $1 and status = 'requested'
"""
_STANDING = """
select id, created_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency, number title,
       kind detail, '/adjustments/standing/' || id path
  from billing_standing_adjustment where tenant_id = $1 and status = 'requested'
"""


def register() -> None:
    """Put both kinds on the worklist; safe to call again."""
    words = {key: kind.name.message for key, kind in KINDS.items()}
    add_kind(
        Kind("adjustment", N_("Adjustments to approve"), "adjustments.approve", _SQL, order=30, words=words),
        Kind(
            "standing",
            N_("Lasting adjustments to approve"),
            "adjustments.approve",
            _STANDING,
            order=31,
            words=words,
        ),
    )
