"""The numbers of the day's tickets, for a gate without network: salted short hashes, so that a typed one is judged too.

No number and nobody's name is in it. A device takes them along once in a while and not with each list: they are many,
and change little.
"""

import base64
import secrets
from datetime import UTC, datetime
from typing import Any

from scenarios.tourism.gates.scanning import Station
from tenants.scope import rows

MOST = 40_000
"""Tickets in a list, those that begin first; a browser keeps no more than some megabytes."""
SOON = "24 hours"
EVERY_MINUTES = 10
_SALT_BYTES, HASH_BYTES = 16, 6
_NUMBERS = f"""
with valid as (
  select id, number, product_id, valid_from, valid_until, uses, uses_per_day, people from tourism_ticket
   where tenant_id = $1 and site_id = $2 and valid_until > now() and valid_from < now() + interval '{SOON}'
     and status in ('issued', 'part_used', 'used', 'refunding', 'refunded')
   order by valid_from, id limit $3)
select right(replace(product_id::text, '-', ''), 8) product, extract(epoch from valid_from)::bigint since,
       extract(epoch from valid_until)::bigint until, uses, uses_per_day, people,
       string_agg(encode(substr(sha256($4::bytea || convert_to(number, 'UTF8')), 1, {HASH_BYTES}), 'hex')
                  || replace(id::text, '-', ''), '') tickets
  from valid group by 1, 2, 3, 4, 5, 6
"""


def mark() -> str:
    """Return what names the numbers of these minutes: a device that has them is not sent them again."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%d%H}{now.minute // EVERY_MINUTES}"


async def numbers_for(station: Station) -> dict[str, Any]:
    """Return the hashes of the tickets that are good within a day, with a salt of this list alone.

    ``groups`` are tickets of which everything is the same but the number; ``tickets`` has for each, in hexadecimal,
    the hash of its number and its id. Moments are seconds.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    found = await rows(_NUMBERS, station.tenant_id, station.site_id, MOST, salt)
    return {"mark": mark(), "salt": base64.b64encode(salt).decode(), "groups": [dict(one) for one in found]}
