"""The slice of the settings that the look and page machinery needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How pages are served; made once by ``deploy`` and kept as ``app.state.ui``.

    ``secret_key`` signs the flash cookie. ``base_url`` is the public origin. ``form_action`` are further
    origins a form may lead to (a payment page reached by redirect). ``csrf_exempt`` are path prefixes called
    by machines that prove themselves otherwise (webhooks, the open API). ``body_limits`` maps a path prefix
    to bytes where one mebibyte is too little.
    """

    secret_key: str
    base_url: str = ""
    product: str = "Scenario Cloud"
    debug: bool = False
    raise_errors: bool = False
    form_action: tuple[str, ...] = ()
    csrf_exempt: tuple[str, ...] = ()
    api_prefixes: tuple[str, ...] = ("/api/",)
    body_limit: int = MEBIBYTE
    body_limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_https(self) -> bool:
        """Whether the public origin is encrypted, which decides on HSTS and ``Secure`` cookies."""
        return self.base_url.startswith("https://")


def settings_of(connection: HTTPConnection) -> UiSettings:
    """Return the settings that the app of this request was built with."""
    settings: UiSettings = connection.app.state.ui
    return settings
