"""The link in a reminder by which a holder stops them: the tenant and the holder, signed by us; it needs no table."""

import base64
import binascii
from uuid import UUID

from tenants.codes import same
from tenants.messages import let_stop_at
from tenants.runtime import runtime
from ui.errors import NotFound
from ui.i18n import t

_ID, _LENGTH = 16, 64
_PATH = "/reminders/stop/"
let_stop_at(_PATH)


def stop_url(tenant_id: UUID, holder_id: UUID) -> str:
    """Return the whole address at which the holder stops their reminders."""
    ids = tenant_id.bytes + holder_id.bytes
    token = base64.urlsafe_b64encode(ids + _seal(ids)).decode()
    return f"{runtime().public_url.rstrip('/')}{_PATH}{token}"


def read(token: str) -> tuple[UUID, UUID]:
    """Return the tenant and the holder that a token stands for.

    Raises:
        NotFound: it is not a token of ours.
    """
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    ids, seal = raw[: 2 * _ID], raw[2 * _ID :]
    if len(token) != _LENGTH or not same(seal, _seal(ids)):
        raise NotFound("reminder.unknown", t("This link is not complete. Copy all of it from the message."))
    return UUID(bytes=ids[:_ID]), UUID(bytes=ids[_ID:])


def _seal(ids: bytes) -> bytes:
    return runtime().sign("reminder-stop", ids)[:_ID]
