from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from deploy import routing


async def show(request: Request) -> Response:
    return PlainTextResponse("shown")


def test_the_table_names_path_methods_door_permission_and_name() -> None:
    voiding = Route("/bills/{id}/voiding", show, methods=["POST"], name="voiding")
    voiding.door, voiding.permission = "tenant", "bills.void"  # type: ignore[attr-defined]
    inner = [Route("/bills/{id}", show, name="bill"), voiding]
    app = Starlette(routes=[Route("/", show, name="home"), Mount("/t/{tenant}", routes=inner)])
    assert routing.table(app) == [
        routing.Row("/", ("GET",), "", "", "home"),
        routing.Row("/t/{tenant}/bills/{id}", ("GET",), "", "", "bill"),
        routing.Row("/t/{tenant}/bills/{id}/voiding", ("POST",), "tenant", "bills.void", "voiding"),
    ]
