"""What must be true of wallets, as statements that find what is not (see ``billing.ledger.checks``)."""

WALLET_CHECKS: dict[str, str] = {
    "wallet is not its movements": """
        select w.id::text subject, w.balance_minor expected, coalesce(m.amount, 0)::bigint found
          from billing_wallet w left join (
            select wallet_id, sum(amount_minor) amount from billing_wallet_movement
             where tenant_id = $1 group by wallet_id) m on m.wallet_id = w.id
         where w.tenant_id = $1 and w.balance_minor <> coalesce(m.amount, 0)""",
    "wallet is below its floor": """
        select id::text subject, floor_minor expected, balance_minor found from billing_wallet
         where tenant_id = $1 and balance_minor < floor_minor""",
    "stored money in the journal is not what wallets hold": """
        select coalesce(w.account_id, p.account_id)::text || ' ' || coalesce(w.kind, p.kind) subject,
               coalesce(w.amount, 0)::bigint expected, coalesce(p.amount, 0)::bigint found
          from (select account_id, kind, currency, sum(balance_minor) amount from billing_wallet
                 where tenant_id = $1 group by account_id, kind, currency) w
          full join (select account_id, substr(ledger, 8) kind, currency, -sum(amount_minor) amount
                       from billing_posting where tenant_id = $1 and ledger like 'wallet:%'
                      group by account_id, ledger, currency) p
            on p.account_id = w.account_id and p.kind = w.kind and p.currency = w.currency
         where coalesce(w.amount, 0) <> coalesce(p.amount, 0)""",
    "movement of a wallet without its entry": """
        select m.id::text subject, 1::bigint expected, count(e.id) found
          from billing_wallet_movement m
          left join billing_entry e on e.tenant_id = $1 and e.source_id = m.id and e.kind like 'wallet.%'
         where m.tenant_id = $1 group by m.id having count(e.id) <> 1""",
    "money asked for wallets is not what is open and on its way back": """
        select coalesce(o.key, p.key) subject, coalesce(o.amount, 0)::bigint expected,
               coalesce(p.amount, 0)::bigint found
          from (select key, sum(amount) amount from (
                  select i.key, l.amount_minor - l.adjusted_minor amount from billing_bill b
                    join billing_bill_line l on l.tenant_id = $1 and l.bill_id = b.id
                    join billing_fee_item i on i.tenant_id = $1 and i.id = l.fee_item_id and i.kind = 'stored'
                   where b.tenant_id = $1 and b.status = 'issued' and b.held_until is not null
                  union all
                  select 'wallet_' || w.kind, r.amount_minor from billing_refund r
                    join billing_wallet_top_up u on u.tenant_id = $1 and u.bill_id = r.bill_id
                    join billing_wallet w on w.tenant_id = $1 and w.id = u.wallet_id
                   where r.tenant_id = $1 and r.status in ('requested', 'approved', 'submitted')) open
                 group by key) o
          full join (select substr(ledger, 8) key, -sum(amount_minor) amount from billing_posting
                      where tenant_id = $1 and ledger like 'top_up:%' group by ledger) p using (key)
         where coalesce(o.amount, 0) <> coalesce(p.amount, 0)""",
    "stored money has paid bills and not left its wallet": """
        select currency subject, 0::bigint expected, sum(amount_minor)::bigint found from billing_posting
         where tenant_id = $1 and ledger = 'clearing:wallet' group by currency having sum(amount_minor) <> 0""",
}
