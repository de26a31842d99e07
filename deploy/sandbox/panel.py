"""The control page: the same switches as the control API, as forms."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox import control
from deploy.sandbox.faults import KINDS, SURFACES
from deploy.sandbox.pages import go, page
from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api.http import StripeError
from deploy.sandbox.world import World, world_of

_NUMBERS = {"times": int, "seconds": float, "status": int, "copies": int}


async def panel(request: Request) -> Response:
    """Show the switches, or do what a form asks."""
    world = world_of(request)
    if request.method == "GET":
        return _show(request, world)
    form = {k: str(v) for k, v in (await request.form()).items() if v}
    try:
        with world.store.transaction():
            _do(world, form)
    except (ValueError, LookupError, StripeError) as error:
        return _show(request, world, 422, str(error))
    return go("/control")


def _show(request: Request, world: World, status: int = 200, error: str = "") -> Response:
    return page(
        request,
        "control.html",
        status,
        error=error,
        surfaces=SURFACES,
        kinds=KINDS,
        faults=world.faults.all(),
        held=world.deliveries.recent(state="held"),
        webhooks=world.deliveries.recent(limit=30),
        accounts=world.store.find("acct", newest=True, limit=20),
        sessions=_sessions(world),
        clock=control.state(world, {}, {})["clock"],
        counts=world.store.counts(),
    )


def _sessions(world: World) -> list[Doc]:
    found = world.store.find("oidc.session", newest=True, limit=20)
    people = {s["key"]: world.store.get("oidc.customer", f"{s['bank']}|{s['customer']}") for s in found}
    return [{**s, "name": (people[s["key"]] or {"name": s["customer"]})["name"]} for s in found]


def _do(world: World, form: dict[str, str]) -> None:
    act = form.pop("act", "")
    if act == "fault":
        control.add_fault(world, {k: _NUMBERS.get(k, str)(v) for k, v in form.items()}, {})
    elif act == "clear_fault":
        world.faults.clear(form.get("id"))
    elif act == "release":
        control.release(world, dict(form), {})
    elif act == "resend":
        control.resend(world, {}, form)
    elif act == "clock":
        control.set_clock(world, dict(form), {})
    elif act == "payout":
        control.stripe_payout(world, dict(form), {})
    elif act == "logout":
        control.bank_logout(world, dict(form), {})
    elif act == "reset":
        control.reset(world, {"keep_registrations": "keep" in form}, {})
    else:
        raise ValueError("unknown action")


async def home(request: Request) -> Response:
    """What there is."""
    banks = world_of(request).store.find("oidc.bank")
    return page(request, "home.html", banks=banks)


def routes() -> list[BaseRoute]:
    """The control page and the front page."""
    return [Route("/", home), Route("/control", panel, methods=["GET", "POST"])]
