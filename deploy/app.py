"""The composition root of the web: every package's routes, middleware and settings put together once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

import billing.payments.webhooks
import billing.routes
import integrations.routes
import tenants.routes
import ui.app
from billing.payments import devices
from deploy import composition, docs, health, logs, metrics, routing
from deploy.database import connected
from deploy.queue import RedisQueue
from deploy.settings import Settings
from scenarios import registry
from scenarios.contract import Scenario
from tenants import live
from tenants.jobs import use_queue
from tenants.scope import open_scope, queue_scope, value
from ui import templating
from ui.settings import UiSettings

UPLOADS = ("/t/", "/bank/", "/apply/")


def create(
    settings: Settings, *, scenarios: list[Scenario] | None = None, has_lifespan: bool = True
) -> Starlette:
    """Return the application. Tests give their own scenarios and keep the database's life to themselves."""
    chosen = registry.load() if scenarios is None else scenarios
    composition.compose(settings, chosen)
    slice_ = ui_settings(settings)
    app = Starlette(
        debug=False,
        middleware=_middleware(slice_),
        exception_handlers={**ui.app.exception_handlers(), **composition.exception_handlers()},
    )
    life = _lifespan(settings) if has_lifespan else None
    app.router = routing.IndexedRouter(_routes(settings, slice_, chosen), lifespan=life)
    ui.app.install(app, slice_)
    return app


def _middleware(slice_: UiSettings) -> list[Middleware]:
    numbering, *pages = ui.app.middleware(slice_)
    return [*metrics.middleware(), numbering, *logs.middleware(), *pages, Middleware(devices.Devices)]


def ui_settings(settings: Settings) -> UiSettings:
    """Return what the page machinery needs to know."""
    payment_pages = [settings.sandbox_url] if settings.sandbox_url else ["https://checkout.stripe.com"]
    return UiSettings(
        secret_key=settings.secret("flash"),
        base_url=settings.public_url,
        debug=settings.environment == "demo",
        raise_errors=settings.environment == "test",
        form_action=tuple(payment_pages),
        csrf_exempt=("/webhooks/", "/oauth/", "/api/", "/lti/", "/scim/", "/fhir/"),
        api_prefixes=("/webhooks/", "/api/", "/fhir/", "/scim/"),
        body_limits=dict.fromkeys((*UPLOADS, "/api/v1/bills/"), settings.upload_max_bytes),
    )


def _routes(settings: Settings, slice_: UiSettings, scenarios: list[Scenario]) -> list[BaseRoute]:
    """Channels come first: routes are tried in order, and every payment comes in by theirs."""
    return [
        *billing.payments.webhooks.ROUTES,
        *ui.app.routes(slice_),
        *health.routes(settings),
        *metrics.routes(settings),
        *docs.routes(),
        *integrations.routes.routes(),
        *tenants.routes.routes(),
        *billing.routes.routes(),
        *registry.routes(scenarios),
    ]


def _lifespan(settings: Settings):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Starlette's own shape
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:  # noqa: ARG001
        async with connected(settings.database_url.get_secret_value()):
            templating.warm()
            async with open_scope(queue_scope()):  # opens the pool's first connection
                await value("select 1")
            queue = RedisQueue(settings.redis_url.get_secret_value())
            use_queue(queue)
            try:
                yield
            finally:
                await live.hub().close()
                use_queue(None)
                await queue.close()

    return lifespan
