"""Cards saved at the sandbox's Stripe: the shapes and refusals that the real one has."""

from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.test_stripe import on


def page(api: Any, account: str, **extra: Any) -> Any:
    customer = api.v1.customers.create({"name": "Ann", "metadata": {"person_id": "p1"}}, on(account))
    asked = {
        "mode": "setup",
        "customer": customer.id,
        "client_reference_id": "m1",
        "payment_method_types": ["card"],
        "setup_intent_data": {"metadata": {"mandate": "m1"}},
        "success_url": "http://app.example/done",
        **extra,
    }
    return api.v1.checkout.sessions.create(asked, on(account))


def save(api: Any, browser: httpx.Client, account: str, card: str = "visa") -> Any:
    session = page(api, account)
    assert "Nothing is charged now" in browser.get(session.url).text
    browser.post(f"/stripe/pay/{session.id}", data={"act": card})
    return api.v1.setup_intents.retrieve(session.setup_intent, {"expand": ["payment_method"]}, on(account))


def charge(api: Any, account: str, setup: Any, key: str = "", **extra: Any) -> Any:
    asked = {
        "amount": 5000,
        "currency": "sgd",
        "customer": setup.customer,
        "payment_method": setup.payment_method.id,
        "payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": {"attempt_id": "a1"},
        **extra,
    }
    options = on(account) | ({"idempotency_key": key} if key else {})
    return api.v1.payment_intents.create(asked, options)


def test_a_card_is_saved_and_charged_later(api: Any, browser: httpx.Client, account: str) -> None:
    session = page(api, account)
    assert (session.mode, session.amount_total, session.payment_intent) == ("setup", None, None)
    assert session.payment_status == "no_payment_required"
    setup = save(api, browser, account, "mastercard")
    assert (setup.status, setup.usage, setup.metadata["mandate"]) == ("succeeded", "off_session", "m1")
    method = setup.payment_method
    assert (method.customer, method.card.brand, method.card.last4) == (setup.customer, "mastercard", "4444")
    intent = charge(api, account, setup)
    assert (intent.status, intent.amount_received, intent.customer) == ("succeeded", 5000, setup.customer)
    found = api.v1.payment_intents.list({"customer": setup.customer}, on(account)).data
    assert [each.metadata["attempt_id"] for each in found] == ["a1"]


@pytest.mark.parametrize(
    ("card", "words"),
    [
        ("empty", ("card_declined", "insufficient_funds")),
        ("lost", ("card_declined", "lost_card")),
        ("asks", ("authentication_required", "authentication_required")),
    ],
)
def test_a_decline_is_402_with_the_intent_in_it_and_replays(
    api: Any, browser: httpx.Client, account: str, card: str, words: tuple[str, str]
) -> None:
    setup = save(api, browser, account, card)
    told = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as caught:
            charge(api, account, setup, key="k1")
        told.append(caught.value.json_body["error"])
    assert caught.value.http_status == 402
    assert (told[0]["code"], told[0]["decline_code"]) == words
    intent = told[0]["payment_intent"]
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["payment_method"]["id"] == setup.payment_method.id
    assert told[1]["payment_intent"]["id"] == intent["id"], "the same key is the same try"
    kept = api.v1.payment_intents.retrieve(intent["id"], {}, on(account))
    assert kept.last_payment_error.decline_code == words[1]
    assert api.v1.payment_intents.cancel(intent["id"], {}, on(account)).status == "canceled"


def test_a_card_that_was_detached_is_charged_no_more(api: Any, browser: httpx.Client, account: str) -> None:
    setup = save(api, browser, account)
    gone = api.v1.payment_methods.detach(setup.payment_method.id, {}, on(account))
    assert gone.customer is None
    with pytest.raises(stripe.InvalidRequestError) as caught:
        charge(api, account, setup)
    assert caught.value.code == "resource_missing"
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        api.v1.payment_methods.detach(setup.payment_method.id, {}, on(account))
    listed = {"customer": setup.customer, "type": "card"}
    assert api.v1.payment_methods.list(listed, on(account)).data == []


def test_an_expired_card_is_declined_as_such(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str
) -> None:
    setup = save(api, browser, account)
    body = {"exp_month": 1, "exp_year": 2020}
    control.post(f"/stripe/payment_methods/{setup.payment_method.id}", json=body).raise_for_status()
    with pytest.raises(stripe.CardError) as caught:
        charge(api, account, setup)
    assert caught.value.code == "expired_card"
    found = api.v1.events.list({"types": ["payment_method.automatically_updated"]}, on(account)).data
    assert len(found) == 1


def test_a_page_that_expires_abandons_its_setup(api: Any, control: httpx.Client, account: str) -> None:
    session = page(api, account)
    control.post(f"/stripe/sessions/{session.id}", json={"act": "expire"}).raise_for_status()
    setup = api.v1.setup_intents.retrieve(session.setup_intent, {}, on(account))
    assert (setup.status, setup.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="setup"):
        page(api, account, line_items=[{"quantity": 1}])


def test_the_card_that_pays_is_kept_where_the_session_says_so(
    api: Any, browser: httpx.Client, account: str
) -> None:
    customer = api.v1.customers.create({"name": "Ann"}, on(account))
    item = {
        "price_data": {"currency": "sgd", "unit_amount": 900, "product_data": {"name": "Bill"}},
        "quantity": 1,
    }
    asked = {"mode": "payment", "line_items": [item], "success_url": "http://app.example/done"}
    kept = {
        "customer": customer.id,
        "payment_method_options": {"card": {"setup_future_usage": "off_session"}},
    }
    with pytest.raises(stripe.InvalidRequestError, match="customer_email"):
        api.v1.checkout.sessions.create({**asked, **kept, "customer_email": "ann@example.com"}, on(account))
    for options, count in (({"customer": customer.id}, 0), (kept, 1)):
        session = api.v1.checkout.sessions.create({**asked, **options}, on(account))
        assert ("is kept for" in browser.get(session.url).text) == bool(count)
        browser.post(f"/stripe/pay/{session.id}", data={"act": "card"})
        paid = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}, on(account))
        assert (paid.payment_status, paid.payment_intent.customer) == ("paid", customer.id)
        found = api.v1.payment_methods.list({"customer": customer.id, "type": "card"}, on(account)).data
        assert len(found) == count
    assert paid.payment_intent.payment_method == found[0].id
