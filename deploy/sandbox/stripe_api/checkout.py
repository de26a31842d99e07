"""Checkout Sessions: made by the merchant, finished on the hosted page, expired by either or by time."""

from typing import Any

from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api import payments, saved
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import PLATFORM, Call, StripeError, whole
from deploy.sandbox.stripe_api.objects import expanded, listing, load, metadata, owner, page_of, put, save
from deploy.sandbox.world import World, new_id

_SHORTEST, _LONGEST = 30 * 60, 24 * 3600
_SLACK = 60


def create(call: Call) -> Doc:
    """`POST /v1/checkout/sessions`, hosted: in payment mode, or in setup mode to save a card."""
    mode = call.text("mode", required=True)
    if mode == "setup":
        return _to_save(call)
    if mode != "payment":
        raise StripeError("The sandbox does payment and setup mode only.", param="mode")
    _account_can_charge(call)
    items, currency = _items(call)
    total = sum(item["amount_total"] for item in items)
    if total < call.world.settings.checkout_min_minor:
        text = "The Checkout Session's total amount due is below the smallest amount that can be charged."
        raise StripeError(text, code="amount_too_small")
    session = _session(call, total, currency) | _saving(call)
    _check_fee(call, total)
    put(call.world, call.account, session)
    kept = {"items": items, "intent_data": call.params.get("payment_intent_data") or {}}
    call.world.store.put("stripe.session", Row(session["id"], kept))
    call.world.agenda.later("stripe.expire", session["expires_at"], {"session": session["id"]})
    return _shown(call, session)


def _saving(call: Call) -> Doc:
    """What a session says of its customer, and whether the card that pays is kept for charges that nobody confirms."""
    customer, options = call.text("customer"), call.params.get("payment_method_options") or {}
    if customer is None:
        return {"payment_method_options": options}
    if call.text("customer_email") is not None:
        raise StripeError("You may only specify one of these parameters: customer, customer_email.")
    load(call.world, call.account, "cus", customer, "customer")
    return {"customer": customer, "payment_method_options": options}


def is_saving(session: Doc) -> bool:
    """Tell whether the card that pays is kept: the payer's leave was asked for by the merchant."""
    card = (session["payment_method_options"] or {}).get("card") or {}
    return bool(session["customer"]) and card.get("setup_future_usage") == "off_session"


def _to_save(call: Call) -> Doc:
    """A session whose payer is asked for a card and charged nothing; its setup intent is there from the start."""
    if call.params.get("line_items") or call.params.get("payment_intent_data"):
        raise StripeError("You can not pass `line_items` in `setup` mode.", param="line_items")
    customer = call.text("customer")
    if customer is not None:
        load(call.world, call.account, "cus", customer, "customer")
    data = call.params.get("setup_intent_data") or {}
    setup = saved.new_setup(call.world, call.account, customer=customer, data=data)
    session = _session(call, 0, "") | {"mode": "setup", "payment_status": "no_payment_required"}
    session |= {"amount_subtotal": None, "amount_total": None, "currency": None, "total_details": None}
    session |= {"customer": customer, "setup_intent": setup["id"], "payment_method_types": ["card"]}
    put(call.world, call.account, session, alt=setup["id"])
    call.world.store.put("stripe.session", Row(session["id"], {"items": [], "intent_data": {}}))
    call.world.agenda.later("stripe.expire", session["expires_at"], {"session": session["id"]})
    return _shown(call, session)


def _account_can_charge(call: Call) -> None:
    account = call.world.store.get("acct", call.account)
    if account is not None and not account["charges_enabled"]:
        text = "Your account cannot currently make live charges. (sandbox: charges_enabled is false)"
        raise StripeError(text, code="account_invalid")


def _check_fee(call: Call, total: int) -> None:
    data = call.params.get("payment_intent_data") or {}
    param = "payment_intent_data[application_fee_amount]"
    fee = whole(data.get("application_fee_amount"), param)
    metadata(data.get("metadata"))
    if fee is None:
        return
    if call.account == PLATFORM:
        raise StripeError("Application fees need a connected account.", param=param)
    if not 0 < fee <= total:
        text = "Your application_fee_amount must be positive and at most the total."
        raise StripeError(text, code="application_fee_amount_invalid", param=param)


def _items(call: Call) -> tuple[list[Doc], str]:
    asked = call.params.get("line_items")
    if not isinstance(asked, list) or not asked:
        raise StripeError("Missing required param: line_items.", code="parameter_missing", param="line_items")
    items = [_item(number, item) for number, item in enumerate(asked)]
    currencies = {item["currency"] for item in items}
    if len(currencies) != 1:
        raise StripeError("All line items must have the same currency.", param="line_items")
    return items, currencies.pop()


def _item(number: int, asked: Any) -> Doc:
    at = f"line_items[{number}]"
    data = asked.get("price_data") if isinstance(asked, dict) else None
    if not isinstance(data, dict):
        raise StripeError(f"Missing required param: {at}[price_data].", code="parameter_missing", param=at)
    name = (data.get("product_data") or {}).get("name")
    unit, quantity = (
        whole(data.get("unit_amount"), f"{at}[price_data][unit_amount]"),
        whole(asked.get("quantity"), at),
    )
    if unit is None or unit < 0 or not quantity or quantity < 1 or not name or not data.get("currency"):
        text = f"{at} needs price_data[currency], price_data[unit_amount], price_data[product_data][name] and quantity."
        raise StripeError(text, code="parameter_missing", param=at)
    currency = str(data["currency"]).lower()
    price = {
        "id": new_id("price_"),
        "object": "price",
        "currency": currency,
        "unit_amount": unit,
        "type": "one_time",
    }
    return {
        "id": new_id("li_"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": unit * quantity,
        "amount_tax": 0,
        "amount_total": unit * quantity,
        "currency": currency,
        "description": name,
        "price": price
        | {"unit_amount_decimal": str(unit), "livemode": False, "active": False, "metadata": {}},
        "quantity": quantity,
    }


def _session(call: Call, total: int, currency: str) -> Doc:
    now, key = call.world.clock.seconds(), new_id("cs_test_", 58)
    types = call.params.get("payment_method_types") or ["card", "alipay"]
    return {
        "id": key,
        "object": "checkout.session",
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": call.text("cancel_url"),
        "client_reference_id": call.text("client_reference_id"),
        "client_secret": None,
        "created": now,
        "currency": currency,
        "custom_fields": [],
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": call.text("customer_email"),
        "expires_at": _expires_at(call, now),
        "invoice": None,
        "livemode": False,
        "locale": call.text("locale"),
        "metadata": metadata(call.params.get("metadata")),
        "mode": "payment",
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": types,
        "payment_status": "unpaid",
        "recovered_from": None,
        "setup_intent": None,
        "status": "open",
        "submit_type": call.text("submit_type"),
        "subscription": None,
        "success_url": call.text("success_url", required=True),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": call.world.url(f"/stripe/pay/{key}"),
    }


def _expires_at(call: Call, now: int) -> int:
    asked = call.whole("expires_at")
    if asked is None:
        return now + _LONGEST
    if not now + _SHORTEST - _SLACK <= asked <= now + _LONGEST + _SLACK:
        text = "The `expires_at` timestamp must be from 30 minutes to 24 hours after the Checkout Session was created."
        raise StripeError(text, param="expires_at")
    return asked


def retrieve(call: Call) -> Doc:
    """`GET /v1/checkout/sessions/{id}`."""
    return _shown(call, load(call.world, call.account, "cs", call.path["id"], "session"))


def list_sessions(call: Call) -> Doc:
    """`GET /v1/checkout/sessions` by `customer`, `payment_intent` and `status`."""
    return listing(call, "cs", "/v1/checkout/sessions", by=("customer", "payment_intent", "status"))


def line_items(call: Call) -> Doc:
    """`GET /v1/checkout/sessions/{id}/line_items`."""
    session = load(call.world, call.account, "cs", call.path["id"], "session")
    return page_of(
        call, _kept(call.world, session)["items"], f"/v1/checkout/sessions/{session['id']}/line_items"
    )


def _shown(call: Call, session: Doc) -> Doc:
    paths = call.params.get("expand") or []
    if "line_items" not in paths:
        return expanded(call, session)
    items = _kept(call.world, session)["items"]
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    page = {"object": "list", "data": items, "has_more": False, "url": url}
    return expanded(call, session | {"line_items": page})


def expire_call(call: Call) -> Doc:
    """`POST /v1/checkout/sessions/{id}/expire`; only an open session."""
    session = load(call.world, call.account, "cs", call.path["id"], "session")
    if session["status"] != "open":
        text = f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of {session["status"]}.'  # noqa: E501
        raise StripeError(text, is_kept=True)
    return _shown(call, expire(call.world, session))


def expire(world: World, session: Doc) -> Doc:
    """Nobody can start to pay any more. A try that is already under way goes on."""
    session |= {"status": "expired", "url": None}
    save(world, session)
    intent = world.store.get("pi", session["payment_intent"] or "")
    if intent is not None and intent["status"] == "requires_payment_method":
        payments.cancel_intent(world, intent, "automatic")
    setup = world.store.get("seti", session["setup_intent"] or "")
    if setup is not None and setup["status"] == "requires_payment_method":
        save(world, setup | {"status": "canceled", "cancellation_reason": "abandoned"})
    emit(world, owner(world, "cs", session["id"]), "checkout.session.expired", session)
    return session


def expire_due(world: World, args: Doc) -> None:
    """The session's time is over."""
    session = world.store.get("cs", args["session"])
    if session is not None and session["status"] == "open" and session["expires_at"] <= world.clock.seconds():
        expire(world, session)


def intent_of(world: World, session: Doc) -> Doc:
    """The session's intent, made when the payer first tries."""
    if session["payment_intent"]:
        return world.store.get("pi", session["payment_intent"]) or {}
    account, data = owner(world, "cs", session["id"]), _kept(world, session)["intent_data"]
    amount, currency = session["amount_total"], session["currency"]
    types = session["payment_method_types"]
    intent = payments.new_intent(world, account, amount=amount, currency=currency, data=data, types=types)
    intent["customer"] = session["customer"]
    save(world, intent)
    session["payment_intent"] = intent["id"]
    put(world, account, session, alt=intent["id"])
    return intent


def pay_by_card(world: World, session: Doc, card: str = "visa") -> Doc:
    """The payer's card pays, at once; where they let it be saved, it belongs to the customer from now on."""
    intent = intent_of(world, session)
    if not is_saving(session):
        payments.succeed(world, intent)
        return intent
    method = saved.new_method(world, owner(world, "cs", session["id"]), session["customer"], card)
    intent["payment_method"] = method["id"]
    save(world, intent)
    payments.succeed(world, intent, card=method["card"])
    return intent


def complete(world: World, session: Doc, *, is_paid: bool) -> None:
    """The payer has finished; the money may still be on its way."""
    email = session["customer_email"] or "payer@example.com"
    details: Doc = {
        "address": None,
        "email": email,
        "name": None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": [],
    }
    session |= {"status": "complete", "payment_status": "paid" if is_paid else "unpaid", "url": None}
    session["customer_details"] = details
    save(world, session)
    emit(world, owner(world, "cs", session["id"]), "checkout.session.completed", session)


def complete_setup(world: World, session: Doc, card: str) -> None:
    """The payer has agreed that this card is charged later."""
    saved.save_card(world, world.store.get("seti", session["setup_intent"]) or {}, card)
    session |= {"status": "complete", "url": None}
    save(world, session)
    emit(world, owner(world, "cs", session["id"]), "checkout.session.completed", session)


def settle(world: World, args: Doc) -> None:
    """The delayed outcome of a payment under way: `succeeded` or failed. Does nothing the second time."""
    intent = world.store.get("pi", args["intent"])
    if intent is None or intent["status"] == "succeeded":
        return
    session = payments.session_of(world, intent)
    account = owner(world, "pi", intent["id"])
    is_good = args["outcome"] == "succeeded"
    if is_good:
        payments.succeed(world, intent, args["method"])
    else:
        payments.fail(world, intent, args["method"])
    if session is not None and session["status"] == "complete":
        session["payment_status"] = "paid" if is_good else "unpaid"
        save(world, session)
        emit(
            world, account, f"checkout.session.async_payment_{'succeeded' if is_good else 'failed'}", session
        )


def _kept(world: World, session: Doc) -> Doc:
    return world.store.get("stripe.session", session["id"]) or {"items": [], "intent_data": {}}
