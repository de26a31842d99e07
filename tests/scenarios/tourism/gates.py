"""A palace's gates as their devices see them: a device, tickets for this moment, a scan."""

from datetime import UTC, datetime, timedelta

from scenarios.tourism.gates import scanning
from scenarios.tourism.gates.door import station_of
from scenarios.tourism.gates.scanning import Asked
from scenarios.tourism.models import Device, Gate, Ticket
from tenants.codes import hash_token, new_token
from tenants.scope import NOTHING, open_scope
from tests.scenarios.tourism import world


async def station(palace, name: str = "North", **gate):
    """A device at a gate of its own, and its key."""
    key = new_token()
    async with palace.scope():
        made = await Gate.create(
            tenant_id=palace.id, site_id=palace.site.id, name=name, **({"products": []} | gate)
        )
        await Device.create(
            tenant_id=palace.id, gate_id=made.id, name=name, key_hash=hash_token(key), added_by_name="Mei"
        )
    return await again(key), key


async def again(key):
    async with open_scope(NOTHING):
        return await station_of(key)


async def open_now(palace, *wanted, **more):
    """Tickets that let in at this moment."""
    order = await world.bought(palace, *wanted, **more)
    async with palace.scope():
        await Ticket.filter(tenant_id=palace.id, order_id=order.id).update(
            valid_from=datetime.now(UTC) - timedelta(hours=4),
            valid_until=datetime.now(UTC) + timedelta(hours=4),
        )
    return order, await world.tickets(palace, order)


async def scan(palace, at, code, **more):
    async with palace.scope():
        return await scanning.scan(at, Asked(more.pop("nonce", new_token()), code, **more))


async def fresh(palace, ticket) -> Ticket:
    async with palace.scope():
        return await Ticket.get(tenant_id=palace.id, id=ticket.id)
