"""A provincial union over the demonstration's bank and two small ones: legal entities of their own, seen as totals.

The union runs one sign-in for all of them, as unions of rural banks do. What the small banks took stands in the
roll-ups alone, which is all that anybody above them may see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.database import connected
from deploy.seed import people
from deploy.seed.cast import BANK, CLIENT_ID, MEMBERS, UNION, UNION_CLERKS, Member
from integrations.bank_structure.founding import NewBank, found_as_operator
from tenants.ids import new_id
from tenants.models import Bank, BankMembership, Branch, Tenant
from tenants.scope import Scope, bank_scope, execute, open_scope, operator_scope, tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from deploy.seed.outside import Outside
    from deploy.seed.stage import Play

_DAYS = """
insert into billing_day_figure (id, tenant_id, bank_id, branch_id, day, scenario, channel, currency, paid_count,
  paid_minor, failed_count, refund_count, refund_minor)
select new_id(), $1, $2, $3, day_of($1) - back, 'community', way, 'SGD', n, n * $4::bigint, n / 40, n / 30,
       n / 30 * 900
  from generate_series(0, 89) back, (values ('bank', 3), ('stripe', 2), ('counter', 1)) ways (way, weight),
       lateral (select weight * (5 + (back * 7 + weight * 3) % 11) n) counted
"""
_BRANCHES = """
insert into billing_branch_figure (id, bank_id, branch_id, day, scenario, channel, currency, paid_count, paid_minor,
  failed_count, refund_count, refund_minor)
select new_id(), bank_id, branch_id, day, scenario, channel, currency, paid_count, paid_minor, failed_count,
       refund_count, refund_minor from billing_day_figure where tenant_id = $1
"""
_STANDING = (
    "insert into billing_standing (id, tenant_id, bank_id, branch_id, scenario, currency, arrears_minor, payers,"
    " accounts) values (new_id(), $1, $2, $3, 'community', 'SGD', $4, $5, $5)",
    "insert into billing_branch_standing (id, bank_id, branch_id, scenario, currency, arrears_minor, payers, accounts)"
    " values (new_id(), $1, $2, 'community', 'SGD', $3, $4, $4)",
)


async def found(outside: Outside) -> None:
    """Write the union and its other members, unless they are there, and take the bank in: all as the owner."""
    owner = outside.settings.database_owner_url.get_secret_value()
    async with connected(owner, pool=2):
        async with open_scope(Scope()):
            known = {bank.slug for bank in await Bank.all()}
        if UNION.slug not in known:
            await found_as_operator(_new(UNION, outside))
        for one in MEMBERS:
            if one.slug not in known:
                await found_as_operator(_new(one, outside), UNION.slug)
        async with open_scope(operator_scope()):
            above = await Bank.get(slug=UNION.slug)
            await Bank.filter(slug=BANK).update(union_id=above.id)


def _new(one: Member, outside: Outside) -> NewBank:
    first = one.administrator
    return NewBank(
        slug=one.slug, name=one.name, name_en=one.name_en, country="SG", accent=one.accent, issuer=outside.issuer,
        client_id=CLIENT_ID, client_secret=outside.client_secret, staff_number=first.customer,
        admin_name=first.name, admin_email=first.email,
    )  # fmt: skip


async def write(play: Play) -> str:
    """Give the union its supervisor, and each small bank an institution with three months behind it."""
    async with open_scope(Scope()):
        banks = {bank.slug: bank for bank in await Bank.all()}
    union = banks[UNION.slug]
    async with open_scope(bank_scope(union.id)):
        for clerk in UNION_CLERKS:
            if clerk.role != "administrator":
                await BankMembership.create(
                    bank_id=union.id,
                    person_id=await people.clerk(clerk, play.outside.issuer),
                    role=clerk.role,
                    name=clerk.name,
                    email=clerk.email,
                )
    for one in MEMBERS:
        await _live(banks[one.slug].id, one)
    return f"{UNION.name_en} over {len(MEMBERS) + 1} banks, with totals of each"


async def _live(bank_id: UUID, one: Member) -> None:
    async with open_scope(bank_scope(bank_id)):
        branch = await Branch.get(bank_id=bank_id)
        made = await Tenant.create(
            id=new_id(), bank_id=bank_id, branch_id=branch.id, slug=one.institution.slug,
            name=one.institution.legal_name, short_name=one.institution.short_name, kind=one.institution.kind,
            uscc=one.institution.uscc, legal_representative=one.institution.representative,
            contact_name=one.institution.administrator, contact_email=one.institution.email,
            contact_phone=one.institution.phone, scenarios=[one.institution.scenario], currency="SGD",
            timezone="Asia/Singapore", locale="en", status="live", live_at=branch.created_at,
        )  # fmt: skip
    async with open_scope(tenant_scope(made.id)):
        await execute(_DAYS, made.id, bank_id, branch.id, one.mean_minor)
        await execute(_BRANCHES, made.id)
        await execute(_STANDING[0], made.id, bank_id, branch.id, one.arrears_minor, one.payers)
        await execute(_STANDING[1], bank_id, branch.id, one.arrears_minor, one.payers)
