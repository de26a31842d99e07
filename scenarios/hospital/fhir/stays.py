"""Stays in hospital as FHIR tells them: each an Account of its own, with the lines of its days as ChargeItems.

Those that stand in a live settlement are on its Invoice, whose total is the patient's share.
"""

from scenarios.hospital.fhir import charges
from scenarios.hospital.inpatient.listing import PURPOSE

CHARGED = charges.Charges(
    f"""
select c.id, c.day::timestamptz at, greatest(c.created_at, settled.latest) changed_at, c.account_id patient_id,
       c.stay_id account_id, billed.bill_id, case when billed.id is null then 'billable' else 'billed' end status,
       c.amount_minor, c.currency, null::jsonb names, c.what sealed, '{PURPOSE}' purpose
  from hospital_stay_charge c
  left join lateral (
    select t.id, t.bill_id from hospital_billed_charge x join hospital_settlement t
        on t.tenant_id = $1 and t.id = x.settlement_id
     where x.tenant_id = $1 and x.charge_id = c.id and x.is_live) billed on true
  left join lateral (
    select max(t.created_at) latest from hospital_settlement t where t.tenant_id = $1 and t.stay_id = c.stay_id
  ) settled on true
 where c.tenant_id = $1
""",
    """exists (select 1 from hospital_settlement t join hospital_billed_charge x
                on x.tenant_id = $1 and x.settlement_id = t.id where t.tenant_id = $1 and t.bill_id = b.id)""",
)
ACCOUNTS = """
select s.id, s.admitted_at at, s.account_id patient_id, s.reference number, a.name,
       case when s.status in ('admitted', 'leaving') then 'active' else 'inactive' end status,
       s.admitted_at starts_at, s.ended_at
  from hospital_stay s join tenants_account a on a.tenant_id = $1 and a.id = s.account_id
 where s.tenant_id = $1
"""
charges.add(CHARGED)
charges.add_accounts(ACCOUNTS)
