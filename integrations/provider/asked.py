"""What was asked of an endpoint, in the shape Authlib wants; read once, before anything is believed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error, OAuth2Payload, OAuth2Request
from starlette.requests import Request

FORM = "application/x-www-form-urlencoded"
MOST_PARAMETERS, LONGEST = 60, 8000
HEADERS = frozenset({"authorization", "dpop"})


class Payload(OAuth2Payload):  # type: ignore[misc]
    """Parameters, the last of each name, with all of each name beside it."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._data = {name: value for name, value in pairs if value}
        self._datalist: dict[str, list[str]] = {}
        for name, value in pairs:
            self._datalist.setdefault(name, []).append(value)

    @property
    def data(self) -> dict[str, str]:
        """The parameters; an empty one counts as left out (RFC 6749, 3.1)."""
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        """All values of each parameter."""
        return self._datalist


class Asked(OAuth2Request):  # type: ignore[misc]
    """One request. Whether the line is encrypted is for the server in front to see to, so no address is judged here."""

    def __init__(self, method: str, headers: Mapping[str, str], pairs: list[tuple[str, str]]) -> None:
        self.method, self.headers, self.uri = method, _Titled(headers), ""
        self.payload = Payload(pairs)
        self.client: Any = None
        self.user: Any = None
        self.authorization_code: Any = None
        self.refresh_token: Any = None
        self.auth_method = self.credential = self._scope = self._body = None
        self.thumbprint = ""
        """The key that this request was proven with (DPoP), if it was."""

    @property
    def args(self) -> dict[str, str]:
        """The parameters, wherever they stood."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters, wherever they stood."""
        return self.payload.data

    def once(self) -> None:
        """Refuse parameters that are named twice.

        Raises:
            InvalidRequestError: naming one of them.
        """
        if any(len(values) > 1 for values in self.payload.datalist.values()):
            raise InvalidRequestError("A parameter is there more than once.")


class _Titled(dict[str, str]):
    """Headers under the names Authlib asks for."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.title(): value for name, value in headers.items()})


async def form_of(request: Request) -> Asked:
    """Return what a program sent in the body, and nothing from the address (secrets there end in logs).

    Raises:
        InvalidRequestError: for a body that is no form.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != FORM:
        raise InvalidRequestError(f"The body has to be {FORM}.")
    if any(len(request.headers.getlist(name)) > 1 for name in HEADERS):
        raise InvalidRequestError("A header is there more than once.")
    asked = Asked(request.method, _headers(request), _pairs((await request.body()).decode("latin-1")))
    asked.once()
    return asked


async def anywhere(request: Request) -> Asked:
    """Return what a browser brought, by address or by form."""
    pairs = request.url.query
    if request.method == "POST":
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        pairs = (await request.body()).decode("latin-1") if kind == FORM else ""
    return Asked(request.method, _headers(request), _pairs(pairs))


def again(parameters: Mapping[str, Any]) -> Asked:
    """Return a request that was kept, as if it had just come."""
    return Asked("GET", {}, [(name, value) for name, value in parameters.items() if isinstance(value, str)])


def _headers(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name in HEADERS}


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict")
    except ValueError:
        raise InvalidRequestError("The parameters cannot be read.") from None
    if any(len(value) > LONGEST or "\x00" in name + value for name, value in pairs):
        raise InvalidRequestError("A parameter is too long or has characters that cannot be.")
    return pairs


def said(error: Exception) -> OAuth2Error:
    """Return what an app is told of an error: Authlib words its own with what was sent, and fails at odd letters."""
    return error if isinstance(error, OAuth2Error) else InvalidRequestError("The request cannot be read.")
