from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from deploy import routing


async def show(request: Request) -> Response:
    return PlainTextResponse("shown")


async def void(request: Request) -> Response:
    return PlainTextResponse("void")


void.permission = "bills.void"  # type: ignore[attr-defined]


def test_the_table_names_path_methods_permission_and_name() -> None:
    bills = [
        Route("/bills/{id}", show, name="bill"),
        Route("/bills/{id}/voiding", void, methods=["POST"], name="voiding"),
    ]
    app = Starlette(routes=[Route("/", show, name="home"), Mount("/t/{tenant}", routes=bills)])
    assert routing.table(app) == [
        routing.Row("/", ("GET",), "", "home"),
        routing.Row("/t/{tenant}/bills/{id}", ("GET",), "", "bill"),
        routing.Row("/t/{tenant}/bills/{id}/voiding", ("POST",), "bills.void", "voiding"),
    ]
