"""Composition: one ASGI application out of the surfaces."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.sandbox import bank_services, control, faces, mail, panel
from deploy.sandbox.agenda import Agenda
from deploy.sandbox.delivery import Deliveries
from deploy.sandbox.faults import Faults
from deploy.sandbox.his import server as his
from deploy.sandbox.oidc import model
from deploy.sandbox.oidc import routes as oidc
from deploy.sandbox.pages import STATIC, page
from deploy.sandbox.rail import debits, orders
from deploy.sandbox.rail import refunds as rail_refunds
from deploy.sandbox.rail import routes as rail
from deploy.sandbox.settings import Settings
from deploy.sandbox.store import Doc, Store
from deploy.sandbox.stripe_api import checkout, refunds
from deploy.sandbox.stripe_api import routes as stripe
from deploy.sandbox.world import Action, Clock, World

_ACTIONS: dict[str, Action] = {
    "rail.debit": debits.finish,
    "rail.expire": orders.expire,
    "rail.succeed": orders.succeed_later,
    "rail.refund": rail_refunds.finish_later,
    "stripe.expire": checkout.expire_due,
    "stripe.settle": checkout.settle,
    "stripe.refund": refunds.finish_later,
}


def create(settings: Settings) -> Starlette:
    """The sandbox as an ASGI application. Its lifespan sends webhooks, watches the clock and takes mail."""
    world = _world(settings)
    routes = [
        *panel.routes(),
        *control.routes(),
        *oidc.routes(),
        *rail.routes(),
        *his.routes(),
        *bank_services.routes(),
        *faces.routes(),
        *stripe.routes(),
        *mail.routes(),
        Route("/healthz", _health),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    app = Starlette(
        routes=routes,
        lifespan=_lifespan,
        middleware=[Middleware(_ControlGuard)],
        exception_handlers={404: _missing},
    )
    app.state.world = world
    return app


def _world(settings: Settings) -> World:
    store = Store(settings.data)
    clock, faults = Clock(store), Faults(store)
    world = World(settings, store, clock, faults, Agenda(store, clock.epoch), Deliveries(store, faults))
    for name, action in _ACTIONS.items():
        world.agenda.handle(name, _bound(world, action))
    model.seed(store)
    return world


def _bound(world: World, action: Action) -> Callable[[Doc], None]:
    return lambda args: action(world, args)


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    world: World = app.state.world
    tasks = [asyncio.create_task(world.deliveries.run()), asyncio.create_task(world.agenda.run())]
    listener = await mail.listen(world)
    yield
    if listener is not None:
        listener.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    world.store.close()


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _missing(request: Request, _error: Exception) -> Response:
    if request.url.path.startswith(("/stripe/v1", "/v1")):
        text = f"Unrecognized request URL ({request.method}: {request.url.path})."
        return JSONResponse({"error": {"type": "invalid_request_error", "message": text}}, 404)
    return page(request, "message.html", 404, title="Nothing here", text="This address leads nowhere.")


class _ControlGuard:
    """No page of another site may work the switches through the reader's browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/control") and scope["method"] != "GET":
            site = dict(scope["headers"]).get(b"sec-fetch-site", b"none")
            if site not in (b"same-origin", b"none"):
                await PlainTextResponse("Cross-site request refused", 403)(scope, receive, send)
                return
        await self._app(scope, receive, send)
