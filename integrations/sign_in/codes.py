"""One-time codes: whoever reads the code controls the address, and that is all it proves.

The identity is the address itself, under an issuer of our own. Whether anybody is known by it is never asked, so
nothing can be learnt from what happens; accounts are confirmed afterwards by the code printed on a bill.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.sign_in import people
from integrations.sign_in.levels import LOWEST
from integrations.sign_in.services import Visitor
from tenants import codes, sessions, throttle
from tenants.messages import has_channel
from tenants.models import OneTimeCode
from tenants.notices import send_now
from tenants.runtime import runtime
from tenants.scope import execute, open_scope, person_scope, queue_scope, row, secret_scope
from ui.errors import Invalid
from ui.i18n import N_, Text, t

ISSUER = "urn:scenario:otp"
LIFE = timedelta(minutes=5)
MOST_TRIES = 5
PER_ADDRESS = ("3/10 minutes", "10/day")
PER_VISITOR = ("20/10 minutes", "60/day")
TRIES_PER_VISITOR = ("60/hour",)
PURPOSE = "one-time code"
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\.]+(\.[^\s@<>,;:\"()\[\]\\.]+)+")
_PHONE = re.compile(r"\+[1-9]\d{7,14}")
_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a code goes: the channel and the one form in which the address is sent to and remembered."""

    channel: str
    value: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A code on its way, as the browser that asked for it may see it."""

    destination: str
    tries_left: int


def read_address(typed: str) -> Address:
    """Return what was meant; ``Invalid`` when it is neither an e-mail address nor an international number."""
    plain = unicodedata.normalize("NFKC", typed).strip()
    if "@" in plain:
        return _email(plain.lower())
    digits = re.sub(r"[\s().\-/]", "", plain)
    digits = "+86" + digits if _CHINESE_MOBILE.fullmatch(digits) else re.sub(r"^00", "+", digits)
    if not _PHONE.fullmatch(digits):
        raise _wrong(
            t("Enter an e-mail address, or a phone number with its country code, like +65 9123 4567.")
        )
    return _usable(Address("sms", digits))


def _email(plain: str) -> Address:
    if not _EMAIL.fullmatch(plain) or len(plain) > 200:  # noqa: PLR2004 - the column
        raise _wrong(t("Enter an e-mail address like name@example.com."))
    return _usable(Address("email", plain))


def _usable(address: Address) -> Address:
    if not has_channel(address.channel):
        other = t("We cannot send text messages here. Enter an e-mail address.")
        raise _wrong(
            other if address.channel == "sms" else t("We cannot send e-mail here. Enter a phone number.")
        )
    return address


def _wrong(text: Text) -> Invalid:
    return Invalid("code.destination", text, fields={"destination": text})


SIGN_IN = (
    t("Your code for signing in"),
    N_(
        "{code} is your code for signing in to Scenario Cloud. It is good for five minutes. "
        "Nobody will ever ask you for it: do not pass it on."
    ),
)


async def send_code(typed: str, visitor: Visitor, words: tuple[Text, str] = SIGN_IN) -> str:
    """Send a new code and return the token that binds it to this browser.

    ``words`` are the subject and the message (an English msgid that names ``{code}``) of what it is for.

    Raises:
        Invalid: for an address that cannot be one.
        TooMany: when this address, or this visitor, has asked too often.
        Unavailable: when the message did not leave.
    """
    address = read_address(typed)
    await throttle.spend("code from", visitor.ip, PER_VISITOR)
    await throttle.spend("code to", address.value, PER_ADDRESS)
    token, code = codes.new_token(), codes.new_digits()
    async with open_scope(queue_scope()):
        await execute("delete from tenants_one_time_code where expires_at < now()")
    async with open_scope(secret_scope(codes.hash_token(token))):
        await OneTimeCode.create(
            token_hash=codes.hash_token(token),
            destination=address.value,
            code_hash=_hash(token, code),
            expires_at=datetime.now(UTC) + LIFE,
        )
    subject, body = words
    await send_now(address.channel, address.value, subject, Text(body, {"code": code}))
    return token


async def waiting(token: str) -> Waiting | None:
    """Return the code that this browser waits for; ``None`` when it has run out, was used or tried too often."""
    async with open_scope(secret_scope(codes.hash_token(token))):
        found = await OneTimeCode.get_or_none(
            token_hash=codes.hash_token(token), used_at=None, expires_at__gt=datetime.now(UTC)
        )
    if found is None or found.tries >= MOST_TRIES:
        return None
    return Waiting(found.destination, MOST_TRIES - found.tries)


async def redeem(token: str, typed: str, visitor: Visitor) -> str | None:
    """Sign in with the code typed; the session's token, or ``None`` when the code is not the one."""
    destination = await prove(token, typed, visitor)
    if destination is None:
        return None
    identity = await people.person_of(_proven(destination))
    signed_in = sessions.SignedIn(
        person_id=identity.person_id,
        identity_id=identity.id,
        method="code",
        level=LOWEST,
        auth_time=datetime.now(UTC),
        ip=visitor.ip,
        user_agent=visitor.user_agent,
    )
    if visitor.token:
        await sessions.end_token(visitor.token)
    async with open_scope(person_scope(identity.person_id)):
        return await sessions.start(signed_in)


async def prove(token: str, typed: str, visitor: Visitor) -> str | None:
    """Use the code up and return the address it was sent to; ``None`` when the code is not the one.

    A try counts before it is judged, so that many at once are still few.
    """
    await throttle.spend("code tried from", visitor.ip, TRIES_PER_VISITOR)
    return await _spend(token, "".join(unicodedata.normalize("NFKC", typed).split()))


async def _spend(token: str, code: str) -> str | None:
    token_hash = codes.hash_token(token)
    async with open_scope(secret_scope(token_hash)):
        found = await row(
            "update tenants_one_time_code set tries = tries + 1 where token_hash = $1 and used_at is null"
            " and expires_at > now() and tries < $2 returning destination, code_hash",
            token_hash,
            MOST_TRIES,
        )
    if found is None or not codes.same(found["code_hash"], _hash(token, code)):
        return None
    async with open_scope(secret_scope(token_hash)):
        used = await execute(
            "update tenants_one_time_code set used_at = now() where token_hash = $1 and used_at is null",
            token_hash,
        )
    return str(found["destination"]) if used else None


def _hash(token: str, code: str) -> bytes:
    """Six digits are guessed in no time from a plain hash, so this one needs our key."""
    return runtime().sign(PURPOSE, f"{token} {code}".encode())


def _proven(destination: str) -> people.Proven:
    is_email = "@" in destination
    return people.Proven(
        issuer=ISSUER,
        subject=destination,
        customer_type="personal",
        name=destination[:100],
        email=destination if is_email else "",
        phone="" if is_email else destination,
    )
