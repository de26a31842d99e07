"""What shared proceeds put on finance's worklist."""

from billing.worklist.registry import Kind, add_kind
from ui.i18n import N_

RULES = """
select r.id, r.created_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency,
       i.names::text title, r.created_by_name detail, '/splits/rules/' || r.id path
  from billing_split_rule r join billing_fee_item i on i.tenant_id = r.tenant_id and i.id = r.fee_item_id
 where r.tenant_id = $1 and r.status = 'draft'
"""
SHARES = """
select s.id, coalesce(s.ended_at, s.created_at) since, null::timestamptz due_at, s.amount_minor, s.currency,
       v.name title, s.error detail, '/payments/' || s.payment_id || '/shares' path
  from billing_share s join billing_receiver v on v.tenant_id = s.tenant_id and v.id = s.receiver_id
 where s.tenant_id = $1 and s.status = 'failed'
"""
RETURNS = """
select b.id, coalesce(b.ended_at, b.created_at) since, null::timestamptz due_at, b.amount_minor, s.currency,
       v.name title, b.error detail, '/payments/' || b.payment_id || '/shares' path
  from billing_share_return b join billing_share s on s.tenant_id = b.tenant_id and s.id = b.share_id
  join billing_receiver v on v.tenant_id = s.tenant_id and v.id = s.receiver_id
 where b.tenant_id = $1 and b.status = 'failed'
"""
REASONS = {"receiver_closed": N_("The receiver's account at the channel is closed")}


def register() -> None:
    """Show them where finance looks for work; safe to call again."""
    add_kind(
        Kind(
            "split_rule",
            N_("Split rules to put into force"),
            "splits.approve",
            RULES,
            order=16,
            is_named=True,
        ),
        Kind("share", N_("Shares that were refused"), "splits.write", SHARES, order=36, words=REASONS),
        Kind(
            "share_return",
            N_("Shares that cannot come back"),
            "splits.write",
            RETURNS,
            order=37,
            words=REASONS,
        ),
    )
