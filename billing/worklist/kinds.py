"""The work that has been here from the start; each later module registers its own beside its pages."""

from billing.payments.suspense import REASONS
from billing.worklist.registry import Kind, add_kind
from ui.i18n import N_

RUNS = """
select id, coalesce(drafted_at, created_at) since, null::timestamptz due_at, total_minor amount_minor, currency,
       to_char(period, 'YYYY-MM') title, created_by_name detail, '/runs/' || id path
  from billing_bill_run where tenant_id = $1 and status = 'drafted' and (bill_count > 0 or exception_count > 0)
"""
RULES = """
select r.id, r.created_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency,
       i.names::text title, r.created_by_name detail, '/fees/' || i.id path
  from billing_fee_rule r join billing_fee_item i on i.tenant_id = r.tenant_id and i.id = r.fee_item_id
 where r.tenant_id = $1 and r.status = 'draft'
"""
REFUNDS = """
select id, created_at since, null::timestamptz due_at, amount_minor, currency, number title, reason detail,
       '/refunds/' || id path
  from billing_refund where tenant_id = $1 and status = 'requested'
"""
STUCK = """
select id, coalesce(sent_at, decided_at, created_at) since, null::timestamptz due_at, amount_minor, currency,
       number title, error detail, '/refunds/' || id path
  from billing_refund where tenant_id = $1 and status = 'failed' and resolution = ''
"""
STUCK_WORDS = {
    "window": N_("The channel's time for refunds is over"),
    "part": N_("This way of paying can only be refunded in full."),
    "stopped": N_("Your bank has stopped it"),
    "disputed": N_("The payer's bank took the money back"),
    "went_after_all": N_("No longer needed: the refund before it has gone after all"),
}
PAYOUTS = """
select r.id, r.decided_at since, null::timestamptz due_at, r.amount_minor, r.currency, r.number title,
       p.payer_name detail, '/refunds/' || r.id path
  from billing_refund r join billing_payment p on p.tenant_id = r.tenant_id and p.id = r.payment_id
 where r.tenant_id = $1 and r.status = 'approved' and p.channel = 'counter'
   and not exists (select 1 from billing_risk_hold h where h.tenant_id = $1 and h.refund_id = r.id
                      and h.status <> 'released')
"""
UNKNOWN = """
select p.id, a.sent_at since, a.expires_at due_at, p.amount_minor, p.currency, p.number title,
       p.payer_name detail, '/payments/' || p.id path
  from billing_attempt a join billing_payment p on p.tenant_id = a.tenant_id and p.id = a.payment_id
 where a.tenant_id = $1 and a.status = 'unknown' and a.sent_at < now() - interval '2 minutes'
"""
SUSPENSE = """
select s.id, s.created_at since, null::timestamptz due_at, s.amount_minor, s.currency, p.number title,
       s.reason detail, '/suspense/' || s.id path
  from billing_suspense s join billing_payment p on p.tenant_id = s.tenant_id and p.id = s.payment_id
 where s.tenant_id = $1 and s.status = 'open'
"""
ANSWERS = """
select a.id, a.created_at since, null::timestamptz due_at, b.total_minor - b.paid_minor - b.adjusted_minor amount_minor,
       b.currency, b.number title, a.person_name detail, '/answers/' || a.id path
  from billing_answer a join billing_bill b on b.tenant_id = a.tenant_id and b.id = a.bill_id
 where a.tenant_id = $1 and a.kind = 'dispute' and a.closed_at is null
"""
FAILED_WORK = """
select id, failed_at since, null::timestamptz due_at, null::bigint amount_minor, '' currency, job title,
       left(error, 200) detail, '/operations' path
  from tenants_outbox where tenant_id = $1 and failed_at is not null and done_at is null
"""

add_kind(
    Kind("run", N_("Bill runs to issue"), "runs.issue", RUNS, order=10),
    Kind("rule", N_("Fee rules to put into force"), "fees.activate", RULES, order=15, is_named=True),
    Kind("refund", N_("Refunds to approve"), "refunds.approve", REFUNDS, order=20),
    Kind(
        "stuck", N_("Refunds that did not go through"), "refunds.request", STUCK, order=30, words=STUCK_WORDS
    ),
    Kind("payout", N_("Cash refunds to hand out"), "payments.take", PAYOUTS, order=25),
    Kind("unknown", N_("Payments being asked after"), "payments.read", UNKNOWN, order=50),
    Kind("suspense", N_("Unassigned money"), "suspense.work", SUSPENSE, order=60, words=REASONS),
    Kind("answer", N_("Bills that payers object to"), "answers.work", ANSWERS, order=40),
    Kind("parked", N_("Failed background work"), "operations.read", FAILED_WORK, order=90),
)
