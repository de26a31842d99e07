"""How many statements the busiest pages take: whoever adds one says so here."""

import asyncio

import pytest

from tenants.scope import open_scope, raw, tenant_scope
from tests import make

MOST = 12
"""Statements of a page, besides those that begin, end and bound its transaction."""
_BOUNDS = ("savepoint", "release", "rollback", "begin", "commit", "select set_config", "reset")


async def statements(place, client, path):
    """Return what a page asks of the database, once it was opened before."""
    assert (await client.get(path)).status_code == 200
    asked: list[str] = []
    async with open_scope(tenant_scope(place.tenant.id)):
        connection = raw()
        note = lambda record: asked.append(" ".join(record.query.split()))  # noqa: E731
        connection.add_query_logger(note)
    try:
        await client.get(path)
        await asyncio.sleep(0)
    finally:
        connection.remove_query_logger(note)
    return [one for one in asked if not one.lower().startswith(_BOUNDS)]


@pytest.mark.parametrize("path", ["/my/home", "", "/work/board", "/accounts", "/buildings", "/runs/new"])
async def test_the_busiest_pages_ask_little(place, client, path):
    person = place.chief.person_id
    if path.startswith("/my"):
        person = (ann := await make.person("Ann Tan")).id
        await make.holder(place.flats[0], ann)
    await make.sign_in(client, person)
    found = await statements(place, client, path if path.startswith("/my") else f"{place.root}{path}")
    assert 0 < len(found) <= MOST, "\n".join(one[:110] for one in found)
