"""The hosted payment page, and the payer's choices on it."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from deploy.sandbox.pages import go, page
from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api import checkout, payments, saved
from deploy.sandbox.stripe_api.objects import owner, save
from deploy.sandbox.world import World, world_of


async def pay(request: Request) -> Response:
    """Show the session, or do what the payer chose."""
    world = world_of(request)
    session = world.store.get("cs", request.path_params["session"])
    if session is None:
        text = "Go back to where you came from and start the payment again."
        return page(request, "message.html", 404, title="There is no such payment", text=text)
    if request.method == "GET":
        return _show(request, world, session)
    act = str((await request.form()).get("act", ""))
    if act == "cancel":
        return go(session["cancel_url"] or request.url.path)
    if session["status"] == "open" and session["mode"] == "setup" and act in saved.CARDS:
        with world.store.transaction():
            checkout.complete_setup(world, session, act)
    elif session["status"] == "open" and session["mode"] == "payment" and act in _ACTS:
        with world.store.transaction():
            _ACTS[act](world, session)
    elif session["status"] == "open" and checkout.is_saving(session) and act in saved.CARDS:
        with world.store.transaction():
            _card(world, session, act)
    return _after(request, world, session)


def _show(
    request: Request, world: World, session: Doc, status: int = 200, *, is_declined: bool = False
) -> Response:
    account = world.store.get("acct", owner(world, "cs", session["id"]))
    name = (
        ((account or {}).get("business_profile") or {}).get("name")
        or (account or {}).get("email")
        or "Sandbox"
    )
    kept = world.store.get("stripe.session", session["id"]) or {"items": []}
    context = {"session": session, "payee": name, "items": kept["items"], "is_declined": is_declined}
    if session["mode"] == "setup":
        return page(request, "save_card.html", status, **context, cards=saved.CARDS)
    kept = saved.CARDS if checkout.is_saving(session) else {}
    return page(request, "pay.html", status, **context, methods=session["payment_method_types"], cards=kept)


def _after(request: Request, world: World, session: Doc) -> Response:
    session = world.store.get("cs", session["id"]) or session
    if session["status"] == "complete":
        return go(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
    intent = world.store.get("pi", session["payment_intent"] or "")
    return _show(request, world, session, is_declined=bool(intent and intent["last_payment_error"]))


def _card(world: World, session: Doc, card: str = "visa") -> None:
    late = world.faults.take("stripe", "checkout", ("late_success",))
    if late is None:
        checkout.pay_by_card(world, session, card)
        checkout.complete(world, session, is_paid=True)
        return
    intent = checkout.intent_of(world, session)
    payments.start_processing(world, intent, "card")
    checkout.expire(world, session)
    _later(world, intent, "card", "succeeded", late.seconds)


def _declined(world: World, session: Doc) -> None:
    payments.fail(world, checkout.intent_of(world, session))


def _delayed(outcome: str) -> Callable[[World, Doc], None]:
    def act(world: World, session: Doc) -> None:
        process(world, session, outcome, world.settings.async_delay)

    return act


def process(world: World, session: Doc, outcome: str, seconds: float) -> Doc:
    """Have the payer be done while the money is on its way, and tell its end after so many seconds."""
    intent = checkout.intent_of(world, session)
    payments.start_processing(world, intent, "alipay")
    checkout.complete(world, session, is_paid=False)
    _later(world, intent, "alipay", outcome, seconds)
    return session


_ACTS: dict[str, Callable[[World, Doc], None]] = {
    "card": _card,
    "declined": _declined,
    "alipay": _delayed("succeeded"),
    "alipay_fails": _delayed("failed"),
}


def _later(world: World, intent: Doc, method: str, outcome: str, seconds: float) -> None:
    args = {"intent": intent["id"], "method": method, "outcome": outcome}
    world.agenda.later("stripe.settle", world.clock.epoch() + seconds, args)


def force(world: World, session: Doc) -> Doc:
    """Make the payment succeed whatever the session's state: the late success. Returns the session."""
    intent = checkout.intent_of(world, session)
    if intent["status"] != "succeeded":
        checkout.pay_by_card(world, session)
    if session["status"] == "open":
        checkout.complete(world, session, is_paid=True)
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        session["payment_status"] = "paid"
        save(world, session)
    return session
