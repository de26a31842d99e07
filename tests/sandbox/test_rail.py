import csv
import io
import json
import re
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from deploy.sandbox.signing import mac, rail_headers, rail_verified
from tests.sandbox.conftest import Receiver, wait_for

SECRET = "rail-secret"


@dataclass
class Merchant:
    """A merchant's side of the rail: signs every call."""

    http: httpx.Client
    id: str = "mch_seaview"

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        text = json.dumps(body)
        return self.http.post(path, content=text, headers=headers or rail_headers(text, SECRET, self.id))

    def get(self, path: str, **params: str) -> httpx.Response:
        return self.http.get(path, params=params, headers=rail_headers("", SECRET, self.id))


@pytest.fixture
def merchant(browser: httpx.Client, control: httpx.Client) -> Merchant:
    body = {
        "id": "mch_seaview",
        "name": "Seaview Property",
        "secret": SECRET,
        "currency": "CNY",
        "fee_bps": 38,
    }
    control.post("/merchants", json=body).raise_for_status()
    return Merchant(browser)


def terms(**extra: Any) -> dict[str, Any]:
    return {
        "merchant_order_no": "att-1",
        "amount_minor": 12345,
        "currency": "CNY",
        "description": "物业费 May",
        "return_url": "http://app.example/back",
        **extra,
    }


def press(browser: httpx.Client, order: dict[str, Any], act: str = "pay") -> httpx.Response:
    return browser.post(order["cashier_url"], data={"act": act})


def test_an_order_is_paid_and_announced(
    merchant: Merchant, browser: httpx.Client, receiver: Receiver
) -> None:
    made = merchant.post("/rail/orders", terms(notify_url=receiver.url + "/notify"))
    order = made.json()
    assert (made.status_code, order["status"]) == (201, "pending")
    shown = browser.get(order["code_url"], follow_redirects=True)
    assert "Seaview Property" in shown.text
    assert "CNY 123.45" in shown.text
    assert press(browser, order).headers["location"] == "http://app.example/back"
    got = receiver.wait(1)[0]
    parts = {k: got.headers[f"rail-{k}"] for k in ("timestamp", "nonce", "signature")}
    assert rail_verified(got.body.decode(), SECRET, **parts)
    assert parts["signature"] == mac(SECRET, f"{parts['timestamp']}.{parts['nonce']}.{got.body.decode()}")
    told = json.loads(got.body)
    assert (told["event_type"], told["data"]["merchant_order_no"]) == ("order.succeeded", "att-1")
    for asked in (
        merchant.get("/rail/orders", merchant_order_no="att-1"),
        merchant.get(f"/rail/orders/{order['order_id']}"),
    ):
        assert asked.json() == told["data"]
        assert asked.json()["status"] == "succeeded"


def test_the_same_order_again_and_other_terms(merchant: Merchant) -> None:
    first = merchant.post("/rail/orders", terms()).json()
    again = merchant.post("/rail/orders", terms())
    assert (again.status_code, again.json()) == (200, first)
    other = merchant.post("/rail/orders", terms(amount_minor=1))
    assert (other.status_code, other.json()["error"]) == (409, "order_differs")


def test_forged_old_and_replayed_calls_are_refused(merchant: Merchant, control: httpx.Client) -> None:
    text = json.dumps(terms())
    good = rail_headers(text, SECRET, merchant.id)
    assert merchant.post("/rail/orders", terms(amount_minor=1), good).status_code == 401
    assert merchant.post("/rail/orders", terms(), rail_headers(text, "other", merchant.id)).status_code == 401
    assert merchant.post("/rail/orders", terms(), rail_headers(text, SECRET, "nobody")).status_code == 401
    old = str(int(time.time()) - 301)
    stale = good | {
        "Rail-Timestamp": old,
        "Rail-Signature": mac(SECRET, f"{old}.{good['Rail-Nonce']}.{text}"),
    }
    assert merchant.post("/rail/orders", terms(), stale).status_code == 401
    assert merchant.post("/rail/orders", terms(), good).status_code == 201
    assert merchant.post("/rail/orders", terms(), good).json()["error"] == "replayed_nonce"


@pytest.mark.parametrize(
    "extra",
    [
        {"amount_minor": 0},
        {"amount_minor": -5},
        {"amount_minor": 1.5},
        {"amount_minor": True},
        {"currency": "USD"},
        {"description": ""},
        {"expire_at": "2020-01-01T00:00:00Z"},
        {"expire_at": "tomorrow"},
    ],
)
def test_wrong_orders(merchant: Merchant, extra: dict[str, Any]) -> None:
    assert merchant.post("/rail/orders", terms(**extra)).status_code == 422


def test_another_merchant_sees_nothing(merchant: Merchant, control: httpx.Client) -> None:
    order = merchant.post("/rail/orders", terms()).json()
    control.post("/merchants", json={"id": "mch_other", "name": "Other", "secret": SECRET})
    other = Merchant(merchant.http, "mch_other")
    assert other.get(f"/rail/orders/{order['order_id']}").status_code == 404
    assert other.get("/rail/orders", merchant_order_no="att-1").status_code == 404
    assert (
        other.post(
            "/rail/refunds", {"order_id": order["order_id"], "merchant_refund_no": "r", "amount_minor": 1}
        ).status_code
        == 404
    )


def test_close_decline_and_expiry(merchant: Merchant, browser: httpx.Client, control: httpx.Client) -> None:
    closed = merchant.post("/rail/orders", terms()).json()
    assert merchant.post(f"/rail/orders/{closed['order_id']}/close", {}).json()["status"] == "closed"
    press(browser, closed)
    assert merchant.get(f"/rail/orders/{closed['order_id']}").json()["status"] == "closed"
    declined = merchant.post("/rail/orders", terms(merchant_order_no="att-2")).json()
    press(browser, declined, "decline")
    assert merchant.get(f"/rail/orders/{declined['order_id']}").json()["status"] == "failed"
    late = merchant.post("/rail/orders", terms(merchant_order_no="att-3")).json()
    control.post("/clock", json={"advance_seconds": 7300})
    assert merchant.get(f"/rail/orders/{late['order_id']}").json()["status"] == "expired"


def test_a_paid_order_cannot_be_closed(merchant: Merchant, browser: httpx.Client) -> None:
    order = merchant.post("/rail/orders", terms()).json()
    press(browser, order)
    assert merchant.post(f"/rail/orders/{order['order_id']}/close", {}).status_code == 409


def test_late_success(merchant: Merchant, browser: httpx.Client, control: httpx.Client) -> None:
    fault = {"surface": "rail", "operation": "order", "kind": "late_success", "seconds": 60, "times": 1}
    control.post("/faults", json=fault)
    order = merchant.post("/rail/orders", terms()).json()
    press(browser, order)
    assert merchant.get(f"/rail/orders/{order['order_id']}").json()["status"] == "expired"
    control.post("/clock", json={"advance_seconds": 61})
    assert merchant.get(f"/rail/orders/{order['order_id']}").json()["status"] == "succeeded"


def paid(merchant: Merchant, browser: httpx.Client, number: str = "att-1", **extra: Any) -> dict[str, Any]:
    order: dict[str, Any] = merchant.post("/rail/orders", terms(merchant_order_no=number, **extra)).json()
    press(browser, order)
    return order


def test_refunds(merchant: Merchant, browser: httpx.Client) -> None:
    order = paid(merchant, browser)
    part = {"order_id": order["order_id"], "merchant_refund_no": "r1", "amount_minor": 345}
    first = merchant.post("/rail/refunds", part)
    assert (first.status_code, first.json()["status"]) == (201, "succeeded")
    assert merchant.post("/rail/refunds", part).json() == first.json()
    assert merchant.post("/rail/refunds", {**part, "amount_minor": 1}).status_code == 409
    over = merchant.post("/rail/refunds", {**part, "merchant_refund_no": "r2", "amount_minor": 12001})
    assert over.json()["error"] == "refund_exceeds_payment"
    rest = {"merchant_order_no": "att-1", "merchant_refund_no": "r3", "amount_minor": 12000}
    assert merchant.post("/rail/refunds", rest).status_code == 201
    assert merchant.get("/rail/refunds", merchant_refund_no="r3").json()["amount_minor"] == 12000
    assert merchant.get(f"/rail/refunds/{first.json()['refund_id']}").json() == first.json()
    assert merchant.get("/rail/orders", merchant_order_no="att-1").json()["refunded_minor"] == 12345


def test_a_slow_refund_that_fails_can_be_tried_again(
    merchant: Merchant, browser: httpx.Client, control: httpx.Client, receiver: Receiver
) -> None:
    for kind in ("refund_pending", "refund_fail"):
        control.post("/faults", json={"surface": "rail", "kind": kind, "times": 1, "seconds": 60})
    order = paid(merchant, browser)
    body = {
        "order_id": order["order_id"],
        "merchant_refund_no": "r1",
        "amount_minor": 12345,
        "notify_url": receiver.url,
    }
    assert merchant.post("/rail/refunds", body).json()["status"] == "processing"
    over = merchant.post("/rail/refunds", {**body, "merchant_refund_no": "r2", "amount_minor": 1})
    assert over.status_code == 409
    control.post("/clock", json={"advance_seconds": 61})
    assert json.loads(receiver.wait(1)[0].body)["event_type"] == "refund.failed"
    assert (
        merchant.post("/rail/refunds", {**body, "merchant_refund_no": "r3"}).json()["status"] == "succeeded"
    )


def test_an_unpaid_order_is_not_refunded(merchant: Merchant) -> None:
    order = merchant.post("/rail/orders", terms()).json()
    body = {"order_id": order["order_id"], "merchant_refund_no": "r1", "amount_minor": 1}
    assert merchant.post("/rail/refunds", body).json()["error"] == "order_not_paid"


def test_notifications_are_retried_until_200(
    merchant: Merchant, browser: httpx.Client, receiver: Receiver
) -> None:
    receiver.answers = [500, 204]
    paid(merchant, browser, notify_url=receiver.url)
    wait_for(lambda: len(receiver.received) == 3)
    assert len({r.body for r in receiver.received}) == 1
    assert len({r.headers["rail-nonce"] for r in receiver.received}) == 3


def test_a_micro_deposit_is_read_on_the_statement(merchant: Merchant, browser: httpx.Client) -> None:
    body = {"reference": "md-1", "account_number": "6222001", "account_name": "Seaview", "currency": "CNY"}
    sent = merchant.post("/rail/micro-deposits", body).json()
    assert "amount_minor" not in sent
    assert merchant.post("/rail/micro-deposits", body).json() == sent
    page = browser.get("/rail/accounts/6222001").text
    amount = int(re.findall(r'data-amount-minor="(\d+)"', page)[0])
    assert 1 <= amount <= 99
    path = f"/rail/micro-deposits/{sent['deposit_id']}"
    assert merchant.get(path).json()["status"] == "sent"
    assert merchant.post(f"{path}/verify", {"amount_minor": 100}).json()["is_match"] is False
    assert merchant.post(f"{path}/verify", {"amount_minor": amount}).json()["status"] == "verified"


def test_three_wrong_guesses_end_a_micro_deposit(merchant: Merchant) -> None:
    body = {"reference": "md-1", "account_number": "6222001", "account_name": "Seaview", "currency": "CNY"}
    path = f"/rail/micro-deposits/{merchant.post('/rail/micro-deposits', body).json()['deposit_id']}/verify"
    answers = [merchant.post(path, {"amount_minor": 100}).json()["status"] for _ in range(3)]
    assert answers == ["sent", "sent", "failed"]


@pytest.mark.parametrize(
    ("name", "codec"), [("gb18030", "gb18030"), ("utf-8", "utf-8"), ("utf-8-bom", "utf-8-sig")]
)
def test_the_day_statement(merchant: Merchant, browser: httpx.Client, name: str, codec: str) -> None:
    order = paid(merchant, browser)
    paid(merchant, browser, "att-2", amount_minor=100000)
    merchant.post(
        "/rail/refunds", {"order_id": order["order_id"], "merchant_refund_no": "r1", "amount_minor": 345}
    )
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600))
    answer = merchant.get(f"/rail/statements/{day}", encoding=name)
    rows = list(csv.reader(io.StringIO(answer.content.decode(codec))))
    assert rows[0] == ["#商户对账单", "mch_seaview", "Seaview Property", day, "CNY"]
    assert [(r[1], r[2], r[3], r[7], r[8]) for r in rows[2:5]] == [
        ("支付", "att-1", "", "123.45", "0.47"),
        ("支付", "att-2", "", "1000.00", "3.80"),
        ("退款", "att-1", "r1", "-3.45", "0.00"),
    ]
    assert rows[-1] == ["3", "2", "1123.45", "1", "-3.45", "4.27", "1115.73"]


def test_a_day_without_trades_has_zero_totals(merchant: Merchant) -> None:
    answer = merchant.get("/rail/statements/2020-02-29", encoding="utf-8")
    assert answer.text.splitlines()[-1] == "0,0,0.00,0,0.00,0.00,0.00"
    assert merchant.get("/rail/statements/2020-02-30").status_code == 422
    assert merchant.get("/rail/statements/2020-02-29", encoding="latin1").status_code == 422
