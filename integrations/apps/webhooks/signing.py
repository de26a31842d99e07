"""Standard Webhooks signatures (https://www.standardwebhooks.com): ``v1`` over id, time and body."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping

PREFIX = "whsec_"
TOLERANCE = 300
"""Seconds that a message's time may differ from the reader's clock."""


def new_secret() -> str:
    """Return a new secret: 32 random bytes as Standard Webhooks writes them."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers of a signed message."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the ``v1`` signature of a message."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def is_genuine(secret: str, given: Mapping[str, str], body: bytes, now: int) -> bool:
    """Tell whether a message is ours and of now; ``given`` are its headers in lower case."""
    stamp = given.get("webhook-timestamp", "")
    if not stamp.isdecimal() or abs(now - int(stamp)) > TOLERANCE:
        return False
    wanted = signature(secret, given.get("webhook-id", ""), int(stamp), body)
    return any(hmac.compare_digest(one, wanted) for one in given.get("webhook-signature", "").split())
