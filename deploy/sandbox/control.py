"""The control API: what tests and the product's seeding tell the sandbox. JSON in, JSON out."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from deploy.sandbox import bank_services, history, mail
from deploy.sandbox.his import clinics, wards
from deploy.sandbox.his import deposits as his_deposits
from deploy.sandbox.his import reports as his_reports
from deploy.sandbox.his import server as his
from deploy.sandbox.oidc import logout, model
from deploy.sandbox.rail import (
    bank_statements,
    chargebacks,
    debits,
    orders,
    paper_faults,
    refunds,
    transfers,
)
from deploy.sandbox.rail.api import put_merchant
from deploy.sandbox.store import Doc
from deploy.sandbox.stripe_api import accounts, balance, checkout, disputes, hosted, saved
from deploy.sandbox.stripe_api import refunds as stripe_refunds
from deploy.sandbox.stripe_api.events import put_endpoint
from deploy.sandbox.stripe_api.http import PLATFORM, StripeError
from deploy.sandbox.world import World, iso, world_of

Act = Callable[[World, Doc, dict[str, str]], Any]
_REGISTRATIONS = (
    "oidc.bank",
    "oidc.customer",
    "oidc.client",
    "oidc.key",
    "rail.merchant",
    "registry.entry",
    "stripe.endpoint",
    "acct",
)


def control(act: Act) -> Callable[[Request], Any]:
    """An endpoint that hands a JSON object to `act`; ValueError and KeyError are the caller's mistakes."""

    async def run(request: Request) -> Response:
        world, path = world_of(request), {k: str(v) for k, v in request.path_params.items()}
        try:
            body = await _body(request)
            with world.store.transaction():
                answer = act(world, body, path)
        except LookupError as error:
            return JSONResponse({"error": "not_found", "message": str(error)}, 404)
        except (ValueError, StripeError) as error:
            return JSONResponse({"error": "invalid", "message": str(error)}, 422)
        return JSONResponse(answer)

    return run


async def _body(request: Request) -> Doc:
    if request.method == "GET":
        return dict(request.query_params)
    body = await request.json() if await request.body() else {}
    if not isinstance(body, dict):
        raise ValueError("a JSON object is expected")  # noqa: TRY004 - answered like every wrong body
    return body


def _items(body: Doc, name: str) -> list[Doc]:
    items = body.get(name)
    if not isinstance(items, list):
        raise ValueError(f"{name} is a list")  # noqa: TRY004 - answered like every wrong body
    return items


def _need(world: World, kind: str, key: str) -> Doc:
    found = world.store.get(kind, key)
    if found is None:
        raise LookupError(f"no {kind} {key}")
    return found


def _provider(world: World, bank: str) -> model.Provider:
    return model.Provider(world, _need(world, "oidc.bank", bank))


def state(world: World, _body: Doc, _path: dict[str, str]) -> Doc:
    """What the sandbox holds."""
    clock = {"offset_seconds": world.clock.offset, "now": iso(world.clock.now())}
    held = len(world.deliveries.recent(state="held"))
    return {
        "clock": clock,
        "faults": world.faults.all(),
        "counts": world.store.counts(),
        "held_webhooks": held,
    }


def reset(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Forget everything; with `keep_registrations` banks, people, clients, merchants, endpoints, accounts stay."""
    kept = _REGISTRATIONS if body.get("keep_registrations") else ()
    world.deliveries.forget()
    world.agenda.clear()
    world.faults.clear()
    world.clock.set(0)
    for kind in world.store.counts():
        if kind not in kept:
            world.store.clear(kind)
    model.seed(world.store)
    return {"ok": True}


def set_clock(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """`offset_seconds` sets the distance from real time, `advance_seconds` adds to it. What is due happens now."""
    base = float(body.get("offset_seconds", world.clock.offset))
    world.clock.set(base + float(body.get("advance_seconds", 0)))
    world.agenda.run_due()
    return {"offset_seconds": world.clock.offset, "now": iso(world.clock.now())}


def add_fault(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Switch a fault on."""
    return {"id": world.faults.add(body).id}


def clear_faults(world: World, _body: Doc, path: dict[str, str]) -> Doc:
    """Switch one fault off, or all."""
    world.faults.clear(path.get("id"))
    return {"ok": True}


def list_webhooks(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Messages out, newest first, by `surface` and `state` (queued, held, sent, failed)."""
    return {"webhooks": world.deliveries.recent(surface=body.get("surface", ""), state=body.get("state", ""))}


def release(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Let held messages go in `order` fifo, reverse or shuffle (by `seed`)."""
    order = str(body.get("order", "fifo"))
    if order not in ("fifo", "reverse", "shuffle"):
        raise ValueError("order is fifo, reverse or shuffle")
    surface, seed = str(body.get("surface", "")), int(body.get("seed", 0))
    return {"released": world.deliveries.release(surface=surface, order=order, seed=seed)}


def resend(world: World, _body: Doc, path: dict[str, str]) -> Doc:
    """Send a message once more."""
    if not world.deliveries.again(path["id"]):
        raise LookupError("no such webhook")
    return {"ok": True}


def add_customers(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Add or change customers of a bank in bulk."""
    return {"count": model.put_customers(world.store, str(body.get("bank")), _items(body, "customers"))}


def add_clients(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Add or change clients of a bank."""
    return {"count": model.put_clients(world.store, str(body.get("bank")), _items(body, "clients"))}


def bank_logout(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """End a customer's sessions at the bank, or the session with a `sid`; applications get logout tokens."""
    customer, sid = str(body.get("customer", "")), str(body.get("sid", ""))
    if not customer and not sid:
        raise ValueError("customer or sid is required")
    return {"ended": logout.end_all(_provider(world, str(body.get("bank"))), customer, sid)}


def rotate_key(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Sign with a new key; the old ones stay published."""
    return {"kid": _provider(world, str(body.get("bank"))).new_key().kid}


def rail_order(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """`act`: pay (in any state), decline, expire."""
    order = _need(world, "rail.order", path["id"])
    act, is_open = body.get("act"), order["status"] == "pending"
    if act == "pay":
        orders.succeed(world, order)
    elif act == "decline" and is_open:
        orders.decline(world, order)
    elif act == "expire" and is_open:
        orders.expire(world, {"order": order["order_id"]})
    else:
        raise ValueError("act is pay, or decline or expire on a pending order")
    return orders.public(world, _need(world, "rail.order", path["id"]))


def rail_refund(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Settle a processing refund: `status` succeeded or failed."""
    refund = _need(world, "rail.refund", path["id"])
    refunds.finish(world, refund, _outcome(body, "succeeded", "failed"))
    return refunds.public(refund)


def rail_transfer(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Have somebody transfer money to a merchant."""
    return transfers.receive(world, body)


def rail_mandate(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Do what a payer does with a mandate: authorise (with an account), refuse, revoke."""
    mandate = _need(world, "rail.mandate", path["id"])
    debits.authorise(world, mandate, str(body.get("act", "authorise")), str(body.get("account", "salary")))
    return debits.public(world, mandate)


def rail_chargeback(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """The payer of a paid `order` asks the bank for their money back: `{order, reason?}`."""
    order = _need(world, "rail.order", str(body.get("order", "")))
    return chargebacks.open_one(world, order, str(body.get("reason", "general")))


def rail_chargeback_status(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Decide a chargeback: `status` won or lost."""
    return chargebacks.close(
        world, _need(world, "rail.chargeback", path["id"]), _outcome(body, "won", "lost")
    )


def _outcome(body: Doc, *allowed: str) -> str:
    if body.get("status") not in allowed:
        raise ValueError(f"status is {' or '.join(allowed)}")
    return str(body["status"])


def stripe_session(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """`act`: pay (in any state, also after it expired), expire, process (paid after `seconds`), or save a `card`."""
    session = _need(world, "cs", path["id"])
    act, is_open = body.get("act"), session["status"] == "open"
    if act == "save" and is_open and session["mode"] == "setup":
        checkout.complete_setup(world, session, str(body.get("card", "visa")))
        return session
    if act == "pay":
        return hosted.force(world, session)
    if act == "expire" and is_open:
        return checkout.expire(world, session)
    if act == "process" and is_open:
        return hosted.process(world, session, "succeeded", float(body.get("seconds", 60)))
    raise ValueError("act is pay, or expire, process or save on an open session")


def stripe_method(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """What happens to a saved card: `{decline}`, `{exp_month, exp_year}` or `{act: detach}`."""
    return saved.change(world, _need(world, "pm", path["id"]), body)


def stripe_refund(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Settle a pending refund: `status` succeeded or failed."""
    return stripe_refunds.finish(world, _need(world, "re", path["id"]), _outcome(body, "succeeded", "failed"))


def stripe_account(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Allow or forbid charges: `charges_enabled`."""
    return accounts.switch(world, path["id"], is_on=bool(body["charges_enabled"]))


def stripe_payout(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Pay out an `account`'s balance; `is_early` (default) takes pending money along; `status` paid, in_transit."""
    currency, status = str(body.get("currency", "")).lower(), str(body.get("status", "paid"))
    account, is_early = str(body.get("account") or PLATFORM), bool(body.get("is_early", True))
    return balance.create_payout(world, account, currency=currency, is_early=is_early, status=status)


def stripe_payout_status(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Settle a payout in transit: `status` paid or failed."""
    return balance.settle_payout(world, _need(world, "po", path["id"]), _outcome(body, "paid", "failed"))


def stripe_dispute(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Dispute a `charge`, or the charge of a `payment_intent`; with `is_inquiry` the bank only asks, at first."""
    intent = world.store.get("pi", str(body.get("payment_intent", "")))
    charge = body.get("charge") or (intent or {}).get("latest_charge") or ""
    is_inquiry = bool(body.get("is_inquiry", False))
    return disputes.open_dispute(
        world, str(charge), str(body.get("reason", "general")), is_inquiry=is_inquiry
    )


def stripe_dispute_status(world: World, body: Doc, path: dict[str, str]) -> Doc:
    """Decide a dispute: `status` won or lost; an inquiry is `warning_closed`, or becomes `needs_response`."""
    if body.get("status") in {"warning_closed", "needs_response"}:
        return disputes.end_inquiry(world, path["id"], str(body["status"]))
    return disputes.close_dispute(world, path["id"], _outcome(body, "won", "lost"))


def list_mail(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Mail, newest first, by recipient `to`."""
    return {"messages": mail.messages(world.store, "mail", body.get("to", ""))}


def list_sms(world: World, body: Doc, _path: dict[str, str]) -> Doc:
    """Text messages, newest first, by recipient `to`."""
    return {"messages": mail.messages(world.store, "sms", body.get("to", ""))}


def clear_messages(world: World, _body: Doc, _path: dict[str, str]) -> Doc:
    """Empty the mailbox."""
    world.store.clear("message")
    return {"ok": True}


_POSTS: dict[str, Act] = {
    "reset": reset,
    "clock": set_clock,
    "faults": add_fault,
    "webhooks/release": release,
    "webhooks/{id}/resend": resend,
    "banks": lambda world, body, _path: model.put_bank(world.store, body),
    "customers": add_customers,
    "clients": add_clients,
    "oidc/logout": bank_logout,
    "oidc/rotate-key": rotate_key,
    "merchants": lambda world, body, _path: put_merchant(world, body),
    "his/systems": his.put_system,
    "his/charges": his.put_charges,
    "his/patients": his_deposits.put_patients,
    "his/reports": his_reports.put_reports,
    "his/sessions": clinics.put_sessions,
    "his/stays": wards.put_stays,
    "his/stay-charges": wards.put_stay_charges,
    "his/decisions": wards.put_decision,
    "rail/orders/{id}": rail_order,
    "rail/refunds/{id}": rail_refund,
    "rail/transfers": rail_transfer,
    "rail/mandates/{id}": rail_mandate,
    "rail/chargebacks": rail_chargeback,
    "rail/chargebacks/{id}": rail_chargeback_status,
    "rail/papers": lambda world, body, _path: paper_faults.add(world, body),
    "bank/accounts": lambda world, body, _path: bank_statements.link(world, body),
    "bank/entries": lambda world, body, _path: bank_statements.add_entry(world, body),
    "stripe/transactions": lambda world, body, _path: balance.record_other(world, body),
    "stripe/endpoints": lambda world, body, _path: put_endpoint(world, body),
    "stripe/sessions/{id}": stripe_session,
    "stripe/payment_methods/{id}": stripe_method,
    "stripe/refunds/{id}": stripe_refund,
    "stripe/accounts/{id}": stripe_account,
    "stripe/payouts": stripe_payout,
    "stripe/payouts/{id}": stripe_payout_status,
    "stripe/disputes": stripe_dispute,
    "stripe/disputes/{id}": stripe_dispute_status,
    "registry": bank_services.register,
    "history/rail": history.rail,
    "history/stripe": history.stripe,
    "history/payouts": history.payouts,
}
_GETS: dict[str, Act] = {
    "state": state,
    "faults": lambda world, _body, _path: {"faults": world.faults.all()},
    "webhooks": list_webhooks,
    "mail": list_mail,
    "sms": list_sms,
}
_DELETES: dict[str, Act] = {
    "rail/papers": lambda world, _body, _path: paper_faults.clear(world),
    "faults": clear_faults,
    "faults/{id}": clear_faults,
    "mail": clear_messages,
}


def routes() -> list[BaseRoute]:
    """Everything under `/control` but its page."""
    tables = {"POST": _POSTS, "GET": _GETS, "DELETE": _DELETES}
    return [
        Route(f"/control/{path}", control(act), methods=[method])
        for method, table in tables.items()
        for path, act in table.items()
    ]
