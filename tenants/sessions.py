"""Signed-in browsers: rows that can be listed and ended, opened by a random token whose hash alone is kept."""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from tenants.ids import new_id
from tenants.models import ParkedForm, Session
from tenants.scope import execute, open_scope, person_scope, rows, secret_scope

COOKIE = "session"
LIFE = timedelta(hours=12)
IDLE = timedelta(minutes=30)
PARKED = timedelta(minutes=30)
PARKED_MAX_BYTES = 200_000


@dataclass(frozen=True)
class SignedIn:
    """What a proven sign-in says: by which method, how strongly, when, and for which company."""

    person_id: UUID
    method: str
    level: int
    auth_time: datetime
    identity_id: UUID | None = None
    company: dict[str, Any] | None = None
    bank_id: UUID | None = None
    provider_key: bytes | None = None
    id_token: str = ""
    ip: str = ""
    user_agent: str = field(default="")

    def proof(self) -> dict[str, Any]:
        """Return the columns that say how the person has proven themselves."""
        return {
            "identity_id": self.identity_id,
            "method": self.method,
            "level": self.level,
            "auth_time": self.auth_time,
            "company": self.company,
            "bank_id": self.bank_id,
            "provider_key": self.provider_key,
            "id_token": self.id_token,
        }


def hash_of(token: str) -> bytes:
    """Return the SHA-256 under which a secret token's row is found."""
    return hashlib.sha256(token.encode()).digest()


async def start(signed_in: SignedIn) -> str:
    """Create a session in the person's scope and return its token; the token is new at every sign-in."""
    token = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    await Session.create(
        id=new_id(),
        token_hash=hash_of(token),
        person_id=signed_in.person_id,
        ip=signed_in.ip,
        user_agent=signed_in.user_agent[:300],
        seen_at=now,
        expires_at=now + IDLE,
        **signed_in.proof(),
    )
    return token


async def step_up(session_id: UUID, signed_in: SignedIn) -> str:
    """Strengthen a session in place, keeping its id and what hangs on it; the token is renewed.

    Its whole life is still counted from the first sign-in. A session of somebody else is left as it is: whoever
    calls this has compared the persons.
    """
    token = secrets.token_urlsafe(32)
    session = await Session.get(id=session_id, person_id=signed_in.person_id, ended_at=None)
    session.update_from_dict(signed_in.proof())
    session.token_hash = hash_of(token)
    session.expires_at = min(session.created_at + LIFE, datetime.now(UTC) + IDLE)
    await session.save()
    return token


async def touch(session_id: UUID) -> None:
    """Note that the session is in use and push its idle end out, never past its whole life."""
    await execute(
        "update tenants_session set seen_at = now(), expires_at = least(created_at + $2, now() + $3) where id = $1",
        session_id,
        LIFE,
        IDLE,
    )


async def note_language(person_id: UUID, locale: str) -> None:
    """Keep the language in which somebody reads, for what is written to them, in the open person scope."""
    await execute("update tenants_person set locale = $2 where id = $1 and locale <> $2", person_id, locale)


Listener = Callable[[Sequence[UUID]], Awaitable[None]]
_listeners: list[Listener] = []


def when_ended(listener: Listener) -> None:
    """Have ``listener`` told, in the same transaction, of every session that is ended: what hangs on it ends too."""
    if listener not in _listeners:
        _listeners.append(listener)


async def _end(condition: str, *args: Any) -> int:
    ended = await rows(
        f"update tenants_session set ended_at = now() where ended_at is null and {condition} returning id",
        *args,
    )
    for listener in _listeners if ended else ():
        await listener([row["id"] for row in ended])
    return len(ended)


async def end(session_id: UUID) -> bool:
    """End one session of the open person scope; ``False`` when there was nothing to end."""
    return bool(await _end("id = $1", session_id))


async def end_others(person_id: UUID, kept: UUID) -> int:
    """End all of the person's sessions but one; how many ended."""
    return await _end("person_id = $1 and id <> $2", person_id, kept)


async def end_token(token: str) -> None:
    """End the session of a token, as when somebody signs in anew in the same browser."""
    async with open_scope(secret_scope(hash_of(token))):
        found = await Session.get_or_none(token_hash=hash_of(token), ended_at=None)
    if found is not None:
        async with open_scope(person_scope(found.person_id)):
            await end(found.id)


async def end_of_provider(provider_key: bytes) -> int:
    """End the sessions that a bank's provider knows by this key, when the bank says that they are over."""
    async with open_scope(secret_scope(provider_key)):
        return await _end("provider_key = $1", provider_key)


async def end_of_identity(person_id: UUID, identity_id: UUID) -> int:
    """End all sessions that one identity of a person has opened."""
    async with open_scope(person_scope(person_id)):
        return await _end("person_id = $1 and identity_id = $2", person_id, identity_id)


async def person_of_expired(token: str) -> UUID | None:
    """Return whose session this token was, even if it has run out by idleness; never once it was ended."""
    async with open_scope(secret_scope(hash_of(token))):
        found = await Session.get_or_none(token_hash=hash_of(token), ended_at=None)
    return found.person_id if found else None


async def park_form(
    person_id: UUID, path: str, typed: Sequence[tuple[str, ...]], files: Sequence[str] = ()
) -> str:
    """Keep what somebody typed until they have signed in again; return the token of its page.

    Each of ``typed`` is name and text; after them may come what the form calls the field, and the choice in it.
    Of ``files`` only the names are kept, so that their owner can be asked to choose them again.
    """
    token = secrets.token_urlsafe(24)
    async with open_scope(person_scope(person_id)):
        await ParkedForm.create(
            token_hash=hash_of(token),
            person_id=person_id,
            path=path,
            fields_=[list(one) for one in typed],
            files=list(files),
            expires_at=datetime.now(UTC) + PARKED,
        )
    return token


async def parked_form(token: str) -> ParkedForm | None:
    """Return the parked form of the open person scope, if it is theirs, whether still fresh or not."""
    return await ParkedForm.get_or_none(token_hash=hash_of(token))


def has_run_out(form: ParkedForm) -> bool:
    """Whether a parked form can no longer be sent."""
    return bool(form.expires_at <= datetime.now(UTC))


async def unpark_form(token: str) -> bool:
    """Note that a fresh form of the open person scope is being sent; ``False`` when it has run out or was sent."""
    fresh = ParkedForm.filter(token_hash=hash_of(token), used_at=None, expires_at__gt=datetime.now(UTC))
    return bool(await fresh.update(used_at=datetime.now(UTC)))


async def my_sessions(person_id: UUID) -> list[Any]:
    """Return the person's live sessions, newest first; ``company`` as a dict where there is one."""
    found = await rows(
        "select s.id, s.method, s.level, s.auth_time, s.ip, s.user_agent, s.seen_at, s.created_at, s.company,"
        " b.slug bank_slug, b.name bank_name, b.name_en bank_name_en"
        " from tenants_session s left join tenants_bank b on b.id = s.bank_id"
        " where s.person_id = $1 and s.ended_at is null and s.expires_at > now() order by s.seen_at desc limit 50",
        person_id,
    )
    return [{**each, "company": json.loads(each["company"] or "null")} for each in found]


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser its session; ``Lax`` so that coming back from the bank keeps it."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFE.total_seconds()),
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="lax",
        path="/",
    )


def clear_cookie(response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(COOKIE, path="/")
