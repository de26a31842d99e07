"""The way to the bank's rail: a client for one call, with trust anchors that are read once for all of them."""

import ssl
from functools import cache

import httpx

from billing.runtime import channel_settings


def rail_client() -> httpx.AsyncClient:
    """Return a client of the rail, with the channel's time limit; nothing of the environment changes where it goes."""
    return httpx.AsyncClient(verify=_trust(), timeout=channel_settings().timeout_seconds, trust_env=False)


@cache
def _trust() -> ssl.SSLContext:
    """Return whom to trust: reading it takes longer than a call."""
    return ssl.create_default_context()
