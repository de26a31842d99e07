"""SQL functions of the path that every payment takes: one call where there would be several.

Each sets the scope of its transaction first, so that it may be the first statement there; nothing in them is beyond
the walls, since they run with the rights of whoever calls. What is decided stays in Python. Plans are made once for
each connection: with these policies, making one costs more than using it. Rows are found one by one, by their keys,
so that no plan ever reads an institution's whole table.
"""

from billing.credit.terms import PENALTY_RANK

MESSAGES = """
create function inbox_store(source text, event_id text, kind text, payload jsonb, tenant uuid) returns uuid
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare stored uuid;
begin
  perform scope_set('queue', 'on');
  insert into billing_inbox_event (id, source, event_id, kind, payload, tenant_id)
  values (new_id(), inbox_store.source, inbox_store.event_id, inbox_store.kind, inbox_store.payload, tenant)
      on conflict do nothing returning id into stored;
  return stored;
end $$;

create function inbox_take(of_event uuid) returns setof billing_inbox_event
language plpgsql set plan_cache_mode = force_generic_plan as $$
begin
  perform scope_set('queue', 'on');
  return query
    update billing_inbox_event e set handled_at = clock_timestamp(), error = '' where e.id = (
      select w.id from billing_inbox_event w where w.id = of_event and w.handled_at is null
         and w.discarded_at is null and w.parked_at is null for update skip locked)
    returning e.*;
end $$;
"""

PAYMENTS = """
create function payment_open(of_tenant uuid, of_attempt uuid, is_receiving boolean,
    out attempt billing_attempt, out payment billing_payment, out account text, out more jsonb)
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare held jsonb := '[]'; due jsonb := '[]'; rivals jsonb := '[]'; place jsonb := '{}'; ids uuid[];
begin
  perform scope_set('tenant', of_tenant::text);
  select * into attempt from billing_attempt a where a.tenant_id = of_tenant and a.id = of_attempt for update;
  if not found then
    attempt := null;
    return;
  end if;
  select * into payment from billing_payment p
   where p.tenant_id = of_tenant and p.id = attempt.payment_id for update;
  select case payment.channel when 'stripe' then s.stripe_account when 'bank' then s.rail_merchant else '' end
    into account from billing_settlement_account s
   where s.tenant_id = of_tenant and s.id = payment.settlement_account_id;
  if is_receiving and attempt.status <> 'succeeded' then
    with locked as (
      select b.id, b.account_id, b.number, b.status, b.currency, b.total_minor, b.paid_minor,
             b.adjusted_minor, b.held_until is not null is_held, part.amount_minor part_minor
        from billing_payment_part part
        join billing_bill b on b.tenant_id = part.tenant_id and b.id = part.bill_id
       where part.tenant_id = of_tenant and part.payment_id = payment.id order by b.id for update of b)
    select jsonb_agg(to_jsonb(locked)), array_agg(locked.id) into held, ids from locked;
    select coalesce(jsonb_agg(jsonb_build_object('id', l.id, 'bill_id', l.bill_id,
               'left_minor', l.amount_minor - l.paid_minor - l.adjusted_minor, 'names', l.names,
               'period', to_char(l.period, 'YYYY-MM'),
               'account', b.account_number || case when b.account_name in ('', b.account_number) then ''
                                                   else ' ' || b.account_name end)
             order by b.due_on, b.number, {PENALTY_RANK}, l.position, l.id), '[]') into due
      from billing_bill_line l join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
      join billing_fee_item i on i.tenant_id = l.tenant_id and i.id = l.fee_item_id
     where l.tenant_id = of_tenant and l.bill_id = any (ids) and l.amount_minor > l.paid_minor + l.adjusted_minor;
    select coalesce(jsonb_agg(jsonb_build_object('attempt_id', a.id, 'bill_id', r.bill_id,
               'amount_minor', r.amount_minor)), '[]') into rivals
      from billing_payment_part r
      join billing_attempt a on a.tenant_id = r.tenant_id and a.payment_id = r.payment_id
     where r.tenant_id = of_tenant and r.bill_id = any (ids) and r.is_live and r.payment_id <> payment.id;
    select jsonb_build_object('name', t.name, 'uscc', t.uscc, 'contact_phone', t.contact_phone,
               'timezone', t.timezone, 'bank_name', b.name, 'accent', b.accent) into place
      from tenants_tenant t join tenants_bank b on b.id = t.bank_id where t.id = of_tenant;
  end if;
  more := jsonb_build_object('bills', coalesce(held, '[]'), 'lines', due, 'rivals', rivals, 'place', place);
end $$;
""".replace("{PENALTY_RANK}", PENALTY_RANK.replace("$1", "of_tenant"))
HEARING = """
create function inbox_hear(source text, event_id text, kind text, payload jsonb, of_tenant uuid, of_attempt uuid,
    is_receiving boolean,
    out is_new boolean, out attempt billing_attempt, out payment billing_payment, out account text, out more jsonb)
language plpgsql set plan_cache_mode = force_generic_plan as $$
declare opened record;
begin
  perform scope_set('queue', 'on'), set_config('lock_timeout', '2s', true);
  insert into billing_inbox_event (id, source, event_id, kind, payload, tenant_id, handled_at)
  values (new_id(), inbox_hear.source, inbox_hear.event_id, inbox_hear.kind, inbox_hear.payload, of_tenant,
          clock_timestamp()) on conflict do nothing;
  is_new := found;
  if is_new and of_attempt is not null then
    select * into opened from payment_open(of_tenant, of_attempt, is_receiving);
    attempt := opened.attempt;
    payment := opened.payment;
    account := opened.account;
    more := opened.more;
  else
    perform scope_set('tenant', of_tenant::text);
  end if;
end $$;
"""

LANDING = """
create function payment_land(of_tenant uuid, attempt jsonb, payment jsonb, shares jsonb, bills jsonb, receipt jsonb)
returns void language plpgsql set plan_cache_mode = force_generic_plan as $$
declare each record; of_payment uuid := payment ->> 'id';
begin
  update billing_attempt a set status = attempt ->> 'status', ended_at = (attempt ->> 'ended_at')::timestamptz,
         channel_reference = attempt ->> 'channel_reference', channel_payment = attempt ->> 'channel_payment',
         redirect_url = attempt ->> 'redirect_url', qr_content = attempt ->> 'qr_content',
         error = attempt ->> 'error', asked_at = (attempt ->> 'asked_at')::timestamptz
   where a.tenant_id = of_tenant and a.id = (attempt ->> 'id')::uuid;
  update billing_payment p set status = payment ->> 'status', currency = payment ->> 'currency',
         amount_minor = (payment ->> 'amount_minor')::bigint,
         succeeded_at = (payment ->> 'succeeded_at')::timestamptz
   where p.tenant_id = of_tenant and p.id = of_payment;
  for each in select * from jsonb_to_recordset(shares) s (id uuid, bill_id uuid, line_id uuid, amount bigint) loop
    insert into billing_allocation (tenant_id, id, payment_id, bill_id, bill_line_id, amount_minor)
    values (of_tenant, each.id, of_payment, each.bill_id, each.line_id, each.amount);
    update billing_bill_line l set paid_minor = l.paid_minor + each.amount
     where l.tenant_id = of_tenant and l.id = each.line_id;
  end loop;
  for each in select * from jsonb_to_recordset(bills) b (id uuid, paid bigint, status text) loop
    update billing_bill b set paid_minor = each.paid, status = each.status
     where b.tenant_id = of_tenant and b.id = each.id;
  end loop;
  update billing_payment_part part set is_live = false
   where part.tenant_id = of_tenant and part.payment_id = of_payment and part.is_live;
  insert into billing_receipt (tenant_id, id, payment_id, person_id, link_bill_id, number, verification_hash, document)
  values (of_tenant, (receipt ->> 'id')::uuid, of_payment, (receipt ->> 'person_id')::uuid,
          (receipt ->> 'link_bill_id')::uuid, receipt ->> 'number', decode(receipt ->> 'verification_hash', 'hex'),
          receipt -> 'document');
end $$;
"""
