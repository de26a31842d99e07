"""A browser that is signed in, for scripts that run beside other people's libraries and know nothing of ours."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

TOLD: dict[str, Any] = json.loads(os.environ["TOLD"])
"""What the test that started the script knows: issuer, apps, the session's cookie."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing: the app's address is nobody's here."""


_opener = urllib.request.build_opener(_Stay)


def browse_page(url: str) -> str:
    """Go where an app sends the browser, and return the page it gets."""
    request = urllib.request.Request(url, headers={"Cookie": f"session={TOLD['cookie']}"})  # noqa: S310
    return str(_opener.open(request).read().decode())


def browse(url: str) -> str:
    """Go where an app sends the browser, and return the address the browser is sent back to."""
    request = urllib.request.Request(url, headers={"Cookie": f"session={TOLD['cookie']}"})  # noqa: S310
    try:
        answer = _opener.open(request)
    except urllib.error.HTTPError as error:
        answer = error
    if answer.status != 303:
        raise AssertionError(f"{answer.status}: {answer.read(500)!r}")
    return str(answer.headers["Location"])


def post_form(url: str, fields: dict[str, str]) -> str:
    """Send a form from another site's page, with no cookie of ours; return the address the browser is sent to."""
    body, headers = urllib.parse.urlencode(fields).encode(), {"Sec-Fetch-Site": "cross-site"}
    try:
        answer = _opener.open(urllib.request.Request(url, body, headers))  # noqa: S310
    except urllib.error.HTTPError as error:
        answer = error
    if answer.status != 303:
        raise AssertionError(f"{answer.status}: {answer.read(500)!r}")
    return str(answer.headers["Location"])


def done(**found: Any) -> None:
    """Tell the test what came of it."""
    print(json.dumps(found))  # noqa: T201 - that is how
