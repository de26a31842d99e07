"""The service that compares faces at gates, over HTTP; what does not answer in time leaves it to the keeper."""

import base64

import httpx
import structlog

from scenarios.tourism.passes.likeness import Likeness

PATIENCE_SECONDS = 2.0
log = structlog.get_logger(__name__)


class HttpLikeness:
    """Asks ``POST {url}/comparisons`` with both pictures in base64; the answer is ``{"likeness": …}``."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    async def compare(self, kept: bytes, seen: bytes) -> Likeness:
        """Return what the service says; ``unsure`` when it says nothing that we know."""
        body = {"kept": base64.b64encode(kept).decode(), "seen": base64.b64encode(seen).decode()}
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
                answer = await client.post(f"{self._url}/comparisons", json=body)
                found = answer.raise_for_status().json().get("likeness")
        except (httpx.HTTPError, ValueError) as error:
            log.warning("likeness.silent", error=type(error).__name__)
            return "unsure"
        if found == "same":
            return "same"
        return "different" if found == "different" else "unsure"
