import pytest_asyncio

from tests import make
from tests.tenants.imports.uploads import Desk


@pytest_asyncio.fixture(loop_scope="session")
async def desk(client, db, bank) -> Desk:
    """A manager of an estate, signed in, with nothing imported yet."""
    tenant = await make.tenant(bank)
    await make.sign_in(client, (await make.staff(tenant)).person_id)
    return Desk(client, tenant)
