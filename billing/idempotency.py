"""Once: a money request that is sent twice happens once and is answered twice.

The key comes from the form (made when it was drawn), the row is written in the transaction of the act itself. A
second sender waits for the first one's commit on the unique key, then reads its answer; if the first one rolled
back, the second one acts. No lock outlives the transaction, and nothing needs cleaning up after a crash.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tenants.actor import Actor
from tenants.ids import new_id
from tenants.scope import execute, row, tenant_id
from ui.errors import Conflict, Invalid
from ui.i18n import t

KEY_MAX = 80
Answer = dict[str, Any]

_CLAIM = (
    "insert into tenants_idempotency (tenant_id, id, key, act, body_hash, answer) values ($1, $2, $3, $4, $5, $6)"
    " on conflict (tenant_id, key) do nothing"
)
_FOUND = "select act, body_hash, answer from tenants_idempotency where tenant_id = $1 and key = $2"
_KEEP = "update tenants_idempotency set answer = $3 where tenant_id = $1 and key = $2"


async def once(
    actor: Actor,
    *,
    key: str,
    act: str,
    body: Mapping[str, Any],
    do: Callable[[], Awaitable[Answer]],
    known: Answer | None = None,
) -> Answer:
    """Run ``do`` in the open tenant scope unless this key has been used, and return its (stored) answer.

    ``body`` is what the request asks for, in JSON types; who asks is part of it. ``do`` returns ids as strings.
    ``known`` is the answer where it is known beforehand: it is stored with the key, and ``do`` ends the transaction.

    Raises:
        Invalid: the key is missing or too long.
        Conflict: the key was used for another request.
    """
    if not key or len(key) > KEY_MAX or not key.isprintable():
        raise Invalid("idempotency.key", t("This form is incomplete. Open the page again."))
    tenant, digest = tenant_id(), fingerprint(actor, body)
    if not await execute(_CLAIM, tenant, new_id(), key, act, digest, known and json.dumps(known)):
        return await _stored(key, act, digest)
    answer = await do()
    if known is None:
        await execute(_KEEP, tenant, key, json.dumps(answer))
    return answer


async def _stored(key: str, act: str, digest: bytes) -> Answer:
    found = await row(_FOUND, tenant_id(), key)
    if found is None or (found["act"], found["body_hash"]) != (act, digest):
        raise Conflict(
            "idempotency.reused",
            t("This form was sent before with other values. Open the page again to see what happened."),
        )
    answer: Answer = json.loads(found["answer"])
    return answer


def fingerprint(actor: Actor, body: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of what is asked and by whom, whatever the order of its parts."""
    who = str(actor.person_id or actor.bill_id or actor.kind)
    text = json.dumps([who, body], sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).digest()
