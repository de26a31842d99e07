"""The bank's files over its signed interface: a day's funds and trades, and the account's own statement."""

import hashlib
import tempfile
from datetime import date
from typing import IO
from urllib.parse import quote

import httpx

from billing.channels.bank import SERVER_ERROR, TOO_MANY, signed_headers
from billing.channels.contract import ChannelRefused, ChannelSilent, Destination
from billing.channels.wire import rail_client
from billing.runtime import channel_settings
from ui.i18n import t

CONFLICT = 409
SPOOLED = 8_000_000
MOST_BYTES = 500_000_000


class NotReady(Exception):
    """The day is not over at the bank, or its file is not written yet."""


async def day_file(to: Destination, day: date, which: str) -> IO[bytes]:
    """Return the ``trade`` or ``fund`` file of a day.

    Raises:
        NotReady: it comes later.
        ChannelSilent, ChannelRefused: as the rail answers.
    """
    return await _fetch(to, f"/statements/{day}?file={which}")


async def account_statement(to: Destination, number: str, day: date) -> IO[bytes]:
    """Return the camt.053 of the settlement account for a day; raises as ``day_file``."""
    return await _fetch(to, f"/accounts/{quote(''.join(number.split()))}/statements/{day}")


async def _fetch(to: Destination, path: str) -> IO[bytes]:
    settings = channel_settings()
    headers = signed_headers("", merchant=to.rail_merchant, secret=to.rail_secret)
    file = tempfile.SpooledTemporaryFile(max_size=SPOOLED)  # noqa: SIM115 - the caller reads it
    try:
        async with (
            rail_client() as rail,
            rail.stream("GET", settings.rail_url.rstrip("/") + path, headers=headers) as answer,
        ):
            await _take(answer, file)
    except httpx.HTTPError as error:
        raise ChannelSilent(f"{type(error).__name__}: {error}") from error
    file.seek(0)
    return file


async def _take(answer: httpx.Response, file: "tempfile.SpooledTemporaryFile[bytes]") -> None:
    """Copy an answer into the file and hold it against the hash that the bank gives."""
    if not answer.is_success:
        words = (await answer.aread()).decode("utf-8", "replace")[:300]
        if answer.status_code == CONFLICT:
            raise NotReady(words)
        is_silent = answer.status_code >= SERVER_ERROR or answer.status_code == TOO_MANY
        raise ChannelSilent(words) if is_silent else ChannelRefused(words)
    sha256, size = hashlib.sha256(), 0
    async for chunk in answer.aiter_bytes():
        sha256.update(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise ChannelRefused(str(t("The document is too large.")))
        file.write(chunk)
    told = answer.headers.get("rail-digest", "")
    if told and told != f"sha-256={sha256.hexdigest()}":
        raise ChannelSilent("the file is not the one whose hash the bank gives")
