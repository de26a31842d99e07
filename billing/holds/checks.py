"""What must be true of holds and their bills."""

HOLD_CHECKS: dict[str, str] = {
    "hold does not say what its bill says": """
        select b.number subject, 1::bigint expected, 0::bigint found
          from billing_hold h join billing_bill b on b.tenant_id = $1 and b.id = h.bill_id
         where h.tenant_id = $1 and not case h.status
                 when 'held' then b.held_until is not null and b.status <> 'void' and b.paid_minor = 0
                 when 'let_go' then b.held_until is not null and b.status = 'void'
                 else b.held_until is null and b.status <> 'void' end""",
    "bill is held by nothing": """
        select b.number subject, 1::bigint expected, 0::bigint found from billing_bill b
         where b.tenant_id = $1 and b.held_until is not null
           and not exists (select 1 from billing_hold h where h.tenant_id = $1 and h.bill_id = b.id)""",
}
