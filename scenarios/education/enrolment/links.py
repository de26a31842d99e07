"""The public address of a round: signed for it alone, so that it can be printed and sent round."""

from uuid import UUID

from scenarios.education.models import SchoolRound
from tenants import signed_links
from tenants.runtime import runtime

PURPOSE = "education.round"


def url_of(found: SchoolRound) -> str:
    """Return the address at which families apply."""
    token = signed_links.token(PURPOSE, found.tenant_id, found.id)
    return f"{runtime().public_url.rstrip('/')}/enrol/{token}"


def read(token: str) -> tuple[UUID, UUID] | None:
    """Return the school and the round that an address stands for; ``None`` if it is not ours."""
    return signed_links.read(PURPOSE, token)
