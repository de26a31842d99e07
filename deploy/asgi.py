"""What an ASGI server is pointed at: ``deploy.asgi:app``, built from the environment when first asked for."""

from functools import cache
from typing import Any

from granian.utils.proxies import wrap_asgi_with_proxy_headers
from starlette.types import ASGIApp

from deploy import logs
from deploy.settings import Settings


@cache
def build() -> ASGIApp:
    """Return the application with logs set up and, where proxies are trusted, their headers believed."""
    from deploy.app import create  # noqa: PLC0415 (the whole product, loaded only to serve it)

    settings = Settings()
    logs.configure(settings)
    application: ASGIApp = create(settings)
    if not settings.trusted_proxies:
        return application
    proxies = [proxy.strip() for proxy in settings.trusted_proxies.split(",")]
    wrapped: ASGIApp = wrap_asgi_with_proxy_headers(application, proxies)
    return wrapped


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    return build()
