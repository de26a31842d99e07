import json
from typing import Any

import httpx
import pytest
import stripe

from tests.sandbox.conftest import Receiver, wait_for

SECRET = "whsec_test_secret"
Client = stripe.StripeClient


def params(**extra: Any) -> Any:
    item = {
        "price_data": {"currency": "cny", "unit_amount": 12345, "product_data": {"name": "May"}},
        "quantity": 1,
    }
    return {
        "mode": "payment",
        "line_items": [item],
        "client_reference_id": "pay-1",
        "metadata": {"payment": "pay-1"},
        "payment_intent_data": {"metadata": {"attempt": "att-1"}, "application_fee_amount": 100},
        "success_url": "http://app.example/done?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://app.example/cancelled",
        **extra,
    }


def on(account: str, **extra: Any) -> Any:
    return {"stripe_account": account, **extra}


def create(api: Any, account: str, **extra: Any) -> Any:
    return api.v1.checkout.sessions.create(params(**extra), on(account))


def press(browser: httpx.Client, session: Any, act: str) -> httpx.Response:
    return browser.post(f"/stripe/pay/{session.id}", data={"act": act})


def paid(api: Any, browser: httpx.Client, account: str) -> Any:
    session = create(api, account)
    press(browser, session, "card")
    return api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}, on(account))


@pytest.fixture
def endpoint(control: httpx.Client, receiver: Receiver) -> Receiver:
    body = {"url": receiver.url + "/stripe", "secret": SECRET, "connect": True}
    control.post("/stripe/endpoints", json=body).raise_for_status()
    return receiver


def events(received: Receiver) -> list[Any]:
    return [
        stripe.Webhook.construct_event(r.body, r.headers["stripe-signature"], SECRET)
        for r in received.received
    ]


def test_checkout_paid_by_card(api: Any, browser: httpx.Client, account: str, endpoint: Receiver) -> None:
    session = create(api, account)
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert "CNY 123.45" in browser.get(session.url).text
    done = press(browser, session, "card")
    assert done.headers["location"] == f"http://app.example/done?s={session.id}"
    expand = {"expand": ["payment_intent.latest_charge.balance_transaction", "line_items"]}
    found = api.v1.checkout.sessions.retrieve(session.id, expand, on(account))
    assert (found.status, found.payment_status, found.client_reference_id) == ("complete", "paid", "pay-1")
    assert found.line_items.data[0].description == "May"
    intent = found.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata["attempt"]) == (
        "succeeded",
        12345,
        "att-1",
    )
    transaction = intent.latest_charge.balance_transaction
    assert (transaction.amount, transaction.fee, transaction.net) == (12345, 388 + 100, 12345 - 488)
    endpoint.wait(4)
    got = events(endpoint)
    kinds = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert [e.type for e in got] == kinds
    assert {e.account for e in got} == {account}
    assert {e.api_version for e in got} == {"2026-10-28.endive"}
    assert got[-1].data.object.metadata["payment"] == "pay-1"


def test_a_wrong_secret_does_not_verify(
    api: Any, browser: httpx.Client, account: str, endpoint: Receiver
) -> None:
    paid(api, browser, account)
    first = endpoint.wait(1)[0]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(first.body, first.headers["stripe-signature"], "whsec_other")


@pytest.mark.filterwarnings("ignore:Use 'content:DeprecationWarning")  # the SDK's own
async def test_the_asynchronous_sdk_works_too(sandbox: Any, account: str) -> None:
    api = Client("sk_test_x", base_addresses={"api": sandbox.stripe_base}, http_client=stripe.HTTPXClient())
    session = await api.v1.checkout.sessions.create_async(params(), on(account))
    assert (await api.v1.checkout.sessions.retrieve_async(session.id, None, on(account))).id == session.id


def test_declined_then_paid(api: Any, browser: httpx.Client, account: str) -> None:
    session = create(api, account)
    assert "declined" in press(browser, session, "declined").text
    expand = {"expand": ["payment_intent"]}
    intent = api.v1.checkout.sessions.retrieve(session.id, expand, on(account)).payment_intent
    assert (intent.status, intent.last_payment_error.code) == ("requires_payment_method", "card_declined")
    press(browser, session, "card")
    again = api.v1.checkout.sessions.retrieve(session.id, expand, on(account))
    assert (again.payment_intent.id, again.payment_status) == (intent.id, "paid")


@pytest.mark.parametrize(("act", "status"), [("alipay", "succeeded"), ("alipay_fails", "failed")])
def test_a_delayed_payment(
    *, api: Any, browser: httpx.Client, account: str, endpoint: Receiver, act: str, status: str
) -> None:
    session = create(api, account)
    press(browser, session, act)
    found = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}, on(account))
    assert (found.status, found.payment_status, found.payment_intent.status) == (
        "complete",
        "unpaid",
        "processing",
    )
    wait_for(lambda: [e for e in events(endpoint) if e.type == f"checkout.session.async_payment_{status}"])
    assert api.v1.checkout.sessions.retrieve(session.id, None, on(account)).payment_status == (
        "paid" if status == "succeeded" else "unpaid"
    )


def test_cancel_and_expire(api: Any, browser: httpx.Client, account: str, endpoint: Receiver) -> None:
    session = create(api, account)
    assert press(browser, session, "cancel").headers["location"] == "http://app.example/cancelled"
    assert api.v1.checkout.sessions.expire(session.id, None, on(account)).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        api.v1.checkout.sessions.expire(session.id, None, on(account))
    press(browser, session, "card")
    assert api.v1.checkout.sessions.retrieve(session.id, None, on(account)).payment_status == "unpaid"
    wait_for(lambda: [e for e in events(endpoint) if e.type == "checkout.session.expired"])


def test_a_session_expires_by_the_clock(api: Any, control: httpx.Client, account: str) -> None:
    now = control.get("/state").json()["clock"]
    assert now["offset_seconds"] == 0
    session = create(api, account)
    control.post("/clock", json={"advance_seconds": 24 * 3600 + 1})
    assert api.v1.checkout.sessions.retrieve(session.id, None, on(account)).status == "expired"


def test_the_intent_of_an_open_session_cannot_be_cancelled(
    api: Any, browser: httpx.Client, account: str
) -> None:
    session = create(api, account)
    press(browser, session, "declined")
    key = api.v1.checkout.sessions.retrieve(session.id, None, on(account)).payment_intent
    with pytest.raises(stripe.InvalidRequestError, match="Checkout Session"):
        api.v1.payment_intents.cancel(key, None, on(account))
    api.v1.checkout.sessions.expire(session.id, None, on(account))
    assert api.v1.payment_intents.retrieve(key, None, on(account)).status == "canceled"


def test_an_intent_is_cancelled(api: Any, account: str) -> None:
    intent = api.v1.payment_intents.create({"amount": 500, "currency": "cny"}, on(account))
    assert api.v1.payment_intents.cancel(intent.id, None, on(account)).status == "canceled"
    assert [i.id for i in api.v1.payment_intents.list(None, on(account)).data] == [intent.id]


def test_the_same_key_replays_and_other_parameters_are_refused(api: Any, account: str) -> None:
    key = on(account, idempotency_key="k1")
    first = api.v1.checkout.sessions.create(params(), key)
    again = api.v1.checkout.sessions.create(params(), key)
    assert again.id == first.id
    assert again.last_response.headers["idempotent-replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        api.v1.checkout.sessions.create(params(client_reference_id="other"), key)
    assert len(api.v1.checkout.sessions.list(None, on(account)).data) == 1


@pytest.mark.parametrize(("kind", "made"), [("error_before", 0), ("error_after", 1)])
def test_a_500_is_replayed_too(
    *, api: Any, control: httpx.Client, account: str, kind: str, made: int
) -> None:
    fault = {"surface": "stripe", "operation": "checkout.sessions.create", "kind": kind, "times": 1}
    control.post("/faults", json=fault)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as caught:
            api.v1.checkout.sessions.create(params(), on(account, idempotency_key="k2"))
        assert caught.value.http_status == 500
    assert len(api.v1.checkout.sessions.list(None, on(account)).data) == made
    assert api.v1.checkout.sessions.create(params(), on(account, idempotency_key="k3")).id


def test_refused_parameters_do_not_burn_the_key(api: Any, account: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.checkout.sessions.create(params(line_items=[]), on(account, idempotency_key="k4"))
    assert (caught.value.code, caught.value.param) == ("parameter_missing", "line_items")
    assert api.v1.checkout.sessions.create(params(), on(account, idempotency_key="k4")).id


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"mode": "subscription"}, "mode"),
        ({"success_url": ""}, "success_url"),
        ({"expires_at": 5}, "expires_at"),
        ({"metadata": {"k": "v" * 501}}, "metadata"),
        (
            {"payment_intent_data": {"application_fee_amount": 99999}},
            "payment_intent_data[application_fee_amount]",
        ),
    ],
)
def test_wrong_parameters(api: Any, account: str, extra: dict[str, Any], param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        create(api, account, **extra)
    assert caught.value.param == param


def test_accounts_are_walls(api: Any, browser: httpx.Client, account: str) -> None:
    other = api.v1.accounts.create({"country": "CN"})
    session = create(api, account)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.checkout.sessions.retrieve(session.id, None, on(other.id))
    assert caught.value.http_status == 404
    with pytest.raises(stripe.PermissionError):
        create(api, "acct_unknown")


def test_a_wrong_key(sandbox: Any) -> None:
    api = Client("sk_live_real", base_addresses={"api": sandbox.stripe_base}, max_network_retries=0)
    with pytest.raises(stripe.AuthenticationError):
        api.v1.accounts.list()


def test_an_account_that_may_not_charge(api: Any, control: httpx.Client, browser: httpx.Client) -> None:
    made = api.v1.accounts.create({"country": "CN", "metadata": {"sandbox_restricted": "1"}})
    assert not made.charges_enabled
    with pytest.raises(stripe.InvalidRequestError):
        create(api, made.id)
    link = api.v1.account_links.create(
        {"account": made.id, "type": "account_onboarding", "return_url": "http://app.example/back"}
    )
    assert browser.post(link.url).headers["location"] == "http://app.example/back"
    assert api.v1.accounts.retrieve(made.id).charges_enabled
    control.post(f"/stripe/accounts/{made.id}", json={"charges_enabled": False})
    assert not api.v1.accounts.retrieve(made.id).charges_enabled


def test_refunds_never_exceed_the_charge(api: Any, browser: httpx.Client, account: str) -> None:
    intent = paid(api, browser, account).payment_intent.id
    part = {"payment_intent": intent, "amount": 345, "metadata": {"refund": "r1"}}
    first = api.v1.refunds.create(part, on(account, idempotency_key="r1"))
    assert (first.status, first.amount) == ("succeeded", 345)
    assert api.v1.refunds.create(part, on(account, idempotency_key="r1")).id == first.id
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as caught:
        api.v1.refunds.create({"payment_intent": intent, "amount": 12001}, on(account))
    assert caught.value.param == "amount"
    api.v1.refunds.create({"payment_intent": intent}, on(account))
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.refunds.create({"payment_intent": intent}, on(account))
    assert caught.value.code == "charge_already_refunded"
    found = api.v1.refunds.list({"payment_intent": intent}, on(account)).data
    assert [r.amount for r in found] == [12000, 345]
    charge = api.v1.charges.retrieve(first.charge, {"expand": ["refunds"]}, on(account))
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 12345, 2)


def test_the_application_fee_comes_back_only_when_asked(
    api: Any, browser: httpx.Client, account: str
) -> None:
    intent = paid(api, browser, account).payment_intent.id
    api.v1.refunds.create({"payment_intent": intent, "amount": 6000}, on(account))
    assert api.v1.application_fees.list().data[0].amount_refunded == 0
    rest = {"payment_intent": intent, "refund_application_fee": True, "expand": ["balance_transaction"]}
    refund = api.v1.refunds.create(rest, on(account))
    fee = api.v1.application_fees.list().data[0]
    assert fee.amount_refunded == 52
    assert (refund.balance_transaction.fee, refund.balance_transaction.net) == (-52, -6345 + 52)


def test_a_pending_refund_settles_or_fails(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str, endpoint: Receiver
) -> None:
    intent = paid(api, browser, account).payment_intent.id
    fault = {
        "surface": "stripe",
        "operation": "refunds",
        "kind": "refund_pending",
        "times": 2,
        "seconds": 3600,
    }
    control.post("/faults", json=fault)
    one, two = (
        api.v1.refunds.create({"payment_intent": intent, "amount": amount}, on(account))
        for amount in (100, 200)
    )
    assert (one.status, two.status) == ("pending", "pending")
    control.post(f"/stripe/refunds/{one.id}", json={"status": "failed"}).raise_for_status()
    control.post("/clock", json={"advance_seconds": 3700})
    assert api.v1.refunds.retrieve(one.id, None, on(account)).status == "failed"
    assert api.v1.refunds.retrieve(two.id, None, on(account)).status == "succeeded"
    charge = api.v1.charges.retrieve(one.charge, None, on(account))
    assert charge.amount_refunded == 200
    wait_for(lambda: [e for e in events(endpoint) if e.type == "refund.failed"])


def test_payouts_list_exactly_their_transactions(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str
) -> None:
    first = paid(api, browser, account)
    api.v1.refunds.create({"payment_intent": first.payment_intent.id, "amount": 1000}, on(account))
    made = control.post("/stripe/payouts", json={"account": account}).json()
    later = paid(api, browser, account)
    listed = api.v1.balance_transactions.list({"payout": made["id"]}, on(account)).data
    assert sorted(t.type for t in listed) == ["charge", "payout", "refund"]
    assert sum(t.net for t in listed) == 0
    assert made["amount"] == 12345 - 488 - 1000
    assert later.payment_intent.latest_charge not in [t.source for t in listed]
    assert api.v1.payouts.retrieve(made["id"], None, on(account)).status == "paid"
    only = api.v1.balance_transactions.list({"type": "refund"}, on(account)).data
    assert [t.amount for t in only] == [-1000]
    assert control.post("/stripe/payouts", json={"account": account, "is_early": False}).status_code == 422


@pytest.mark.parametrize(("outcome", "back"), [("won", 12345 - 488), ("lost", -488 - 1500)])
def test_disputes(
    *,
    api: Any,
    browser: httpx.Client,
    control: httpx.Client,
    account: str,
    endpoint: Receiver,
    outcome: str,
    back: int,
) -> None:
    intent = paid(api, browser, account).payment_intent.id
    made = control.post("/stripe/disputes", json={"payment_intent": intent}).json()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        api.v1.refunds.create({"payment_intent": intent}, on(account))
    assert caught.value.code == "charge_disputed"
    evidence: Any = {"evidence": {"product_description": "a monthly charge"}}
    assert api.v1.disputes.update(made["id"], evidence, on(account)).status == "under_review"
    control.post(f"/stripe/disputes/{made['id']}", json={"status": outcome}).raise_for_status()
    assert api.v1.disputes.retrieve(made["id"], None, on(account)).status == outcome
    transactions = api.v1.balance_transactions.list({"limit": 100}, on(account)).data
    assert sum(t.net for t in transactions) == back
    wait_for(lambda: [e for e in events(endpoint) if e.type == "charge.dispute.closed"])


def test_lists_page_by_cursor(api: Any, account: str) -> None:
    made = [create(api, account).id for _ in range(5)][::-1]
    first = api.v1.checkout.sessions.list({"limit": 2}, on(account))
    assert ([s.id for s in first.data], first.has_more) == (made[:2], True)
    assert [s.id for s in first.auto_paging_iter()] == made
    back = api.v1.checkout.sessions.list({"limit": 2, "ending_before": made[3]}, on(account))
    assert ([s.id for s in back.data], back.has_more) == (made[1:3], True)


def test_events_are_listed_by_type(api: Any, browser: httpx.Client, account: str) -> None:
    paid(api, browser, account)
    found = api.v1.events.list(
        {"types": ["charge.succeeded", "checkout.session.completed"]}, on(account)
    ).data
    assert [e.type for e in found] == ["checkout.session.completed", "charge.succeeded"]
    assert api.v1.events.list().data[0].type == "application_fee.created"


def test_platform_endpoints_do_not_hear_of_connected_accounts(
    api: Any, browser: httpx.Client, control: httpx.Client, receiver: Receiver, account: str
) -> None:
    body = {"url": receiver.url, "secret": SECRET, "connect": False, "events": ["*"]}
    control.post("/stripe/endpoints", json=body)
    paid(api, browser, account)
    receiver.wait(1)
    assert [json.loads(r.body)["type"] for r in receiver.received] == ["application_fee.created"]


def test_unknown_addresses_answer_in_stripes_shape(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        api.v1.coupons.list()
