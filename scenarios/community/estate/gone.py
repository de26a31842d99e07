"""Units that are no more: what files that still name them have to be told."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants.scope import rows

_GONE = """
select distinct on (r.old_number) r.old_number, r.on_day, (
         select string_agg(x.new_number, ', ' order by x.new_number) from community_reshaping x
          where x.tenant_id = $1 and x.act_id = r.act_id) became
  from community_reshaping r where r.tenant_id = $1 and r.old_number = any ($2::text[])
 order by r.old_number, r.on_day desc
"""


async def gone(tenant_id: UUID, numbers: Sequence[str]) -> dict[str, Any]:
    """Return which of these numbers are of units that were merged or split, with what became of them and when."""
    return {one["old_number"]: one for one in await rows(_GONE, tenant_id, list(numbers))}
