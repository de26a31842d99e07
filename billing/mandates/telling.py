"""What a payer is told about autopay, in the product and by e-mail."""

from uuid import UUID

from billing.models import Mandate
from tenants.actor import Actor
from tenants.models import Person
from tenants.notices import IN_APP, notify
from tenants.scope import open_scope, person_scope
from ui.i18n import Text

TEMPLATE = "autopay"


async def tell(actor: Actor, mandate: Mandate, subject: Text, body: Text) -> None:
    """Leave the payer a message in the open tenant scope, and send it to their e-mail address if there is one."""
    locale = await _locale(mandate.person_id)
    for channel, recipient in ((IN_APP, mandate.person_name), ("email", mandate.email)):
        if recipient:
            await notify(
                actor,
                template=TEMPLATE,
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=body,
                locale=locale,
                person_id=mandate.person_id,
                account_id=mandate.account_id,
            )


async def _locale(person_id: UUID) -> str:
    async with open_scope(person_scope(person_id)):
        person = await Person.get_or_none(id=person_id)
    return person.locale if person else ""
