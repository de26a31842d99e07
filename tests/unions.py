"""A union over the tests' bank, written by the owner as ``cloud bank`` does; other tests know of one bank."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy import database
from deploy.settings import Settings
from tenants.ids import new_id
from tests import make

_MADE = (
    "insert into tenants_bank (id, slug, name, name_en, accent, country)"
    " values ($1, $2, '联社', 'Provincial Union', '#1d4f91', 'SG')"
)


@asynccontextmanager
async def over(bank: make.Bank, settings: Settings) -> AsyncIterator[make.Bank]:
    """Have the bank belong to a union for the block."""
    owner = await asyncpg.connect(**database.credentials(settings.database_owner_url.get_secret_value()))
    made = make.Bank(new_id(), new_id(), f"union-{new_id().hex[-6:]}")
    try:
        async with owner.transaction():
            await owner.execute("select scope_set('operator', 'on')")
            await owner.execute(_MADE, made.id, made.slug)
            await owner.execute("update tenants_bank set union_id = $1 where id = $2", made.id, bank.id)
        yield made
        async with owner.transaction():
            await owner.execute("select scope_set('operator', 'on')")
            await owner.execute("update tenants_bank set union_id = null where id = $1", bank.id)
            await owner.execute("delete from tenants_bank where id = $1", made.id)
    finally:
        await owner.close()
