"""Telling the guardians of a child, on their page and by e-mail."""

from uuid import UUID

from scenarios.education.kinds import FAMILY
from tenants.actor import Actor
from tenants.models import Holder
from tenants.notices import IN_APP, language_of, notify
from ui.i18n import Text


async def tell_guardians(
    actor: Actor,
    tenant_id: UUID,
    account_id: UUID,
    *,
    template: str,
    subject: Text,
    body: Text,
    but: UUID | None = None,
) -> None:
    """Tell whoever is guardian or parent of a child today, in the open tenant scope; ``but`` leaves one person out."""
    holders = await Holder.filter(
        tenant_id=tenant_id, account_id=account_id, until=None, relation__in=list(FAMILY)
    )
    for one in holders:
        if but is not None and one.person_id == but:
            continue
        ways: list[tuple[str, str, UUID | None]] = (
            [(IN_APP, one.name, one.person_id)] if one.person_id else []
        )
        ways += [("email", one.email, None)] if one.email else []
        locale = await language_of(one.person_id)
        for channel, recipient, person_id in ways:
            await notify(
                actor,
                template=template,
                channel=channel,
                recipient=recipient,
                subject=subject,
                body=body,
                locale=locale,
                person_id=person_id,
                account_id=account_id,
            )
