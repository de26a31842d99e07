"""What a printed bill lets its bearer do: open that one bill, and confirm that its account is theirs.

A pay-link is stateless: the tenant and the bill, signed by us. It needs no table, prints the same each time, and
opens nothing but a bill that has been issued. The confirmation code that is printed beside it is a holder's, of
``tenants.accounts.codes``.
"""

from uuid import UUID

from tenants import signed_links
from tenants.accounts.codes import CODE_LENGTH, code_hash, confirmation_code, ensure_codes
from tenants.runtime import runtime
from ui.errors import NotFound
from ui.i18n import t

PURPOSE = "pay-link"


__all__ = [
    "CODE_LENGTH",
    "code_hash",
    "confirmation_code",
    "ensure_codes",
    "make",
    "make_url",
    "read",
    "token",
]


def make(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the path of a bill's pay-link, ``/pay/{token}``."""
    return f"/pay/{token(tenant_id, bill_id)}"


def make_url(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the whole address of a bill's pay-link, as printed and sent."""
    return runtime().public_url.rstrip("/") + make(tenant_id, bill_id)


def token(tenant_id: UUID, bill_id: UUID) -> str:
    """Return the signed token of a bill."""
    return signed_links.token(PURPOSE, tenant_id, bill_id)


def read(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the bill that a token stands for, having checked in constant time that we made it.

    Raises:
        NotFound: it is not a token of ours.
    """
    found = signed_links.read(PURPOSE, token)
    if found is None:
        raise NotFound("pay_link.unknown", t("This link does not open a bill. Check that it is complete."))
    return found
