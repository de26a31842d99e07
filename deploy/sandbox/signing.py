"""How messages are signed: as Stripe does, and as the bank's rail does."""

import hashlib
import hmac
import secrets
import time

RAIL_WINDOW = 300


def mac(secret: str, text: str) -> str:
    """HMAC-SHA256 in lower-case hexadecimal."""
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def stripe_headers(body: str, secret: str) -> dict[str, str]:
    """`Stripe-Signature` for a webhook sent now. Source: Stripe, "Verify webhook signatures manually"."""
    now = int(time.time())
    return {"Stripe-Signature": f"t={now},v1={mac(secret, f'{now}.{body}')}"}


def rail_headers(body: str, secret: str, merchant: str) -> dict[str, str]:
    """The four headers of a rail message sent now."""
    now, nonce = str(int(time.time())), secrets.token_hex(16)
    return {
        "Rail-Merchant": merchant,
        "Rail-Timestamp": now,
        "Rail-Nonce": nonce,
        "Rail-Signature": mac(secret, f"{now}.{nonce}.{body}"),
    }


def rail_verified(body: str, secret: str, *, timestamp: str, nonce: str, signature: str) -> bool:
    """Whether the signature is right and no older or newer than five minutes. Constant time."""
    right = hmac.compare_digest(mac(secret, f"{timestamp}.{nonce}.{body}").encode(), signature.encode())
    return right and timestamp.isdigit() and abs(time.time() - int(timestamp)) <= RAIL_WINDOW
