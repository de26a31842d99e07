"""A small app with nothing but the page machinery and a few routes that misbehave on purpose."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import pytest_asyncio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ui import app as ui_app
from ui.errors import Conflict, Invalid, TooMany
from ui.i18n import t
from ui.render import redirect, respond
from ui.security import allow_form_action
from ui.settings import UiSettings
from ui.styleguide import Job

SETTINGS = UiSettings(
    secret_key="test-only",
    base_url="https://cloud.test",
    debug=True,
    form_action=("https://pay.test",),
    csrf_exempt=("/webhooks/",),
    body_limit=1000,
    body_limits={"/webhooks/large": 5000},
)


async def boom(request: Request) -> Response:
    raise RuntimeError("the secret is 42")


async def conflict(request: Request) -> Response:
    raise Conflict("bill.paid", t("This bill is already paid."), advice=t("Open the receipt."))


async def invalid(request: Request) -> Response:
    raise Invalid("unit.invalid", t("Look again"), fields={"name": t("Fill this in.")})


async def too_many(request: Request) -> Response:
    raise TooMany("slow", t("Slow down"), headers={"Retry-After": "60"})


async def size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def number(request: Request) -> Response:
    return PlainTextResponse(request.state.request_id)


async def launch(request: Request) -> Response:
    allow_form_action(request, "https://app.test/launch?x=1")
    return PlainTextResponse("")


async def away(request: Request) -> Response:
    return redirect(request, "https://pay.test/session")


async def said(request: Request) -> Response:
    return redirect(request, "/styleguide", flash=t("The file is larger than {most}.", most="2 MB"))


async def confirm(request: Request) -> Response:
    context = {"title": "Void this bill?", "lede": "It stays in the books.", "action": "/void", "label": "Void it",
               "items": [("Bill", "1")], "fields": {"key": "k"}, "tone": "danger", "cancel": "/bills"}  # fmt: skip
    return await respond(request, "ui/confirm.html", context)


async def progress(request: Request) -> Response:
    done = int(request.query_params.get("done", "0"))
    job = Job("Import", f"{done} read", done, 10, is_finished=done == 10)
    context = {
        "title": "Import",
        "job": job,
        "url": "/progress",
        "next": "/units",
        "next_label": "See the units",
    }
    return await respond(request, "ui/progress.html", context, block="progress")


ROUTES = [
    Route("/boom", boom, methods=["GET", "POST"]),
    Route("/conflict", conflict),
    Route("/invalid", invalid),
    Route("/too-many", too_many),
    Route("/size", size, methods=["POST"]),
    Route("/webhooks/large", size, methods=["POST"]),
    Route("/number", number),
    Route("/launch", launch),
    Route("/away", away),
    Route("/said", said),
    Route("/confirm", confirm),
    Route("/progress", progress),
]


@pytest.fixture(scope="session")
def site() -> Starlette:
    made = Starlette(
        routes=[*ui_app.routes(SETTINGS), *ROUTES],
        middleware=ui_app.middleware(SETTINGS),
        exception_handlers=ui_app.exception_handlers(),
    )
    ui_app.install(made, SETTINGS)
    return made


@pytest_asyncio.fixture
async def web(site: Starlette) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(site)
    async with httpx2.AsyncClient(transport=transport, base_url="https://cloud.test") as client:
        yield client
