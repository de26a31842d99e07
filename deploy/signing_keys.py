"""``cloud keys``: the issuer's signing keys, for whoever runs the house. No bank and no institution has them."""

import getpass
from datetime import UTC, datetime

import structlog

from deploy.errors import OperatorError
from integrations.provider import keys

log = structlog.get_logger(__name__)


async def run(act: str, kid: str, reason: str) -> list[str]:
    """Do one act and return what to print.

    Raises:
        OperatorError: when there is no such key.
    """
    if act == "rotate":
        return [f"{made} is published and signs soon." for made in await keys.rotate(keys.ALGORITHMS)]
    found = await keys.ring()
    if act == "list":
        return [_shown(one) for one in found.keys]
    known = next((one for one in found.keys if one.kid == kid), None)
    if known is None:
        raise OperatorError(f"There is no key \u201c{kid}\u201d. cloud keys lists them.")
    await keys.retire(kid)
    log.warning("provider.key_retired", kid=kid, reason=reason, by=getpass.getuser())
    left = (await keys.ring()).signing(known.algorithm)
    return [f"{kid} neither signs nor is believed any more. {left.kid} signs from now on."]


def _shown(one: keys.Signing) -> str:
    now = datetime.now(UTC)
    state = (
        "signs"
        if one.signs(now)
        else "signs soon"
        if one.signs_from > now
        else "served"
        if one.is_served(now)
        else "over"
    )
    return f"{one.kid:<28} {one.algorithm}  {state:<10}  from {one.signs_from:%Y-%m-%d %H:%M} UTC"
