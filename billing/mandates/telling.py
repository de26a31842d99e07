"""What a payer is told about autopay, in the product and by e-mail."""

from billing.models import Mandate
from tenants.actor import Actor
from tenants.notices import IN_APP, notify
from ui.i18n import Text

TEMPLATE = "autopay"


async def tell(actor: Actor, mandate: Mandate, subject: Text, body: Text) -> None:
    """Leave the payer a message in the open tenant scope, and send it to their e-mail address if there is one."""
    for channel, recipient in ((IN_APP, mandate.person_name), ("email", mandate.email)):
        if recipient:
            await notify(
                actor,
                template=TEMPLATE,
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=body,
                person_id=mandate.person_id,
                account_id=mandate.account_id,
            )
