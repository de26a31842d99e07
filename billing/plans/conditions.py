"""What instalment plans mean to the statements of other pieces, as SQL about bill ``b``."""

IS_IN_PLAN = """exists (select 1 from billing_plan_bill k where k.tenant_id = b.tenant_id and k.bill_id = b.id
    and k.is_live)"""
"""SQL: bill ``b`` is paid by the instalments of a plan that runs, and not as a whole."""


def later_minor(today: str) -> str:
    """Return how much of what is left of the bill is due only later, by the instalments that were agreed.

    Due are the plan's instalments until ``today`` (an SQL expression), or else its next one; what is due goes to the
    plan's oldest bills first, as it does where the instalment is paid. 0: the bill is in no plan that runs, or the
    scope sees none.
    """
    return f"""coalesce((
      with plan as (
        select p.id, p.total_minor - sum({_LEFT}) covered,
               coalesce(sum({_LEFT}) filter (where (x.period, x.number) < (b.period, b.number)), 0) before
          from billing_plan_bill k
          join billing_instalment_plan p on p.tenant_id = k.tenant_id and p.id = k.plan_id
          join billing_plan_bill o on o.tenant_id = k.tenant_id and o.plan_id = k.plan_id
          join billing_bill x on x.tenant_id = o.tenant_id and x.id = o.bill_id and x.status in ('issued', 'part_paid')
         where k.tenant_id = b.tenant_id and k.bill_id = b.id and k.is_live group by p.id, p.total_minor),
      part as (
        select i.due_on, i.amount_minor, plan.covered, plan.before,
               sum(i.amount_minor) over (order by i.position) > plan.covered is_open
          from plan join billing_instalment i on i.tenant_id = b.tenant_id and i.plan_id = plan.id)
      select b.total_minor - b.paid_minor - b.adjusted_minor - greatest(0, least(
               b.total_minor - b.paid_minor - b.adjusted_minor,
               sum(amount_minor) filter (where due_on <= greatest({today}, upcoming)) - covered - before))
        from part cross join (select min(due_on) filter (where is_open) upcoming from part) n
       group by covered, before), 0)::bigint"""


_LEFT = "x.total_minor - x.paid_minor - x.adjusted_minor"
