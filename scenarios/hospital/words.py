"""What patients and those who stand by them are told: never a department, a doctor or a diagnosis.

Messages travel over mail servers and lock screens, so they say that something is to be looked at, and where.
"""

from collections.abc import Iterable
from uuid import UUID

from tenants.actor import Actor
from tenants.models import Holder
from tenants.notices import IN_APP, notify
from tenants.scope import rows
from ui.i18n import Text

_TOLD = """
select h.id from tenants_holder h
 where h.tenant_id = $1 and h.account_id = $2 and h.confirmed_at is not null
   and lasts(h.until, day_of(h.tenant_id))
   and (h.relation <> 'proxy' or exists (
     select 1 from hospital_grant g where g.tenant_id = $1 and g.holder_id = h.id and g.ended_at is null
        and g.purpose = any ($3)))
 order by h.created_at
"""


async def tell(
    actor: Actor,
    account_id: UUID,
    template: str,
    subject: Text,
    body: Text,
    *,
    purposes: Iterable[str] = ("visits",),
) -> int:
    """Tell everybody who may know of it, each once: in the product, and by mail where there is an address."""
    found = await rows(_TOLD, actor.tenant_id, account_id, list(purposes))
    holders = await Holder.filter(tenant_id=actor.tenant_id, id__in=[one["id"] for one in found])
    people = {one.person_id: one for one in holders if one.person_id}
    for person_id, holder in people.items():
        for channel in (IN_APP, *(("email",) if holder.email else ())):
            await notify(
                actor,
                template=template,
                channel=channel,
                recipient=holder.email or holder.name,
                subject=subject,
                body=body,
                person_id=person_id,
                account_id=account_id,
            )
    return len(people)
