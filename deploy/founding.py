"""Writing a bank or a union from the command line: the one row that needs the role that owns the tables."""

from typing import Any

from deploy import composition
from deploy.database import connected
from deploy.errors import OperatorError
from deploy.settings import Settings
from integrations.bank_structure.founding import NewBank, found_as_operator
from scenarios import registry
from ui.errors import Invalid


async def found(settings: Settings, given: dict[str, str], union: str = "") -> dict[str, Any]:
    """Write the bank and return where its people begin.

    Raises:
        OperatorError: the owner's address is missing, or something given is wrong.
    """
    owner = settings.database_owner_url.get_secret_value()
    if not owner:
        raise OperatorError(
            "DATABASE_OWNER_URL is missing: a bank is written as the role that owns the tables."
        )
    composition.compose(settings, registry.load())
    async with connected(owner, pool=2):
        try:
            made = await found_as_operator(NewBank(**given), union)
        except Invalid as error:
            raise OperatorError(str(error.message)) from None
    return {"bank": made.slug, "console": f"{settings.public_url}/bank/{made.slug}", "union": union}
