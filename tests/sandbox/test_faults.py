import json
import smtplib
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from deploy.sandbox.server import SandboxError, Server
from tests.asking import NOBODY
from tests.sandbox.conftest import Receiver, wait_for
from tests.sandbox.test_stripe import create, on, paid, params

Client = stripe.StripeClient


def fault(control: httpx.Client, **body: Any) -> None:
    control.post("/faults", json={"surface": "stripe", "times": 1, **body}).raise_for_status()


def impatient(sandbox: Server) -> Any:
    http = stripe.RequestsClient(timeout=0.3)
    return Client(
        "sk_test_x", base_addresses={"api": sandbox.stripe_base}, max_network_retries=0, http_client=http
    )


@pytest.mark.parametrize(("kind", "made"), [("timeout_before", 0), ("timeout_after", 1)])
def test_time_outs(
    *, sandbox: Server, api: Any, control: httpx.Client, account: str, kind: str, made: int
) -> None:
    fault(control, kind=kind, operation="checkout.sessions.create", seconds=0.8)
    with pytest.raises(stripe.APIConnectionError):
        impatient(sandbox).v1.checkout.sessions.create(params(), on(account, idempotency_key="t1"))
    time.sleep(0.8)
    assert len(api.v1.checkout.sessions.list(None, on(account)).data) == made
    again = api.v1.checkout.sessions.create(params(), on(account, idempotency_key="t1"))
    assert [s.id for s in api.v1.checkout.sessions.list(None, on(account)).data] == [again.id]


@pytest.mark.parametrize(("kind", "made"), [("drop_before", 0), ("drop_after", 1)])
def test_dropped_connections(api: Any, control: httpx.Client, account: str, kind: str, made: int) -> None:
    fault(control, kind=kind, operation="checkout.*")
    with pytest.raises(stripe.APIConnectionError):
        create(api, account)
    assert len(api.v1.checkout.sessions.list(None, on(account)).data) == made


def test_a_patient_caller_gets_its_answer_after_the_wait(
    api: Any, control: httpx.Client, account: str
) -> None:
    fault(control, kind="timeout_before", seconds=0.3)
    start = time.monotonic()
    assert create(api, account).status == "open"
    assert time.monotonic() - start >= 0.3


def hear(control: httpx.Client, receiver: Receiver) -> None:
    control.post("/stripe/endpoints", json={"url": receiver.url, "secret": "whsec_x", "connect": True})


def kinds(receiver: Receiver) -> list[str]:
    return [json.loads(r.body)["type"] for r in receiver.received]


def test_duplicates(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str, receiver: Receiver
) -> None:
    hear(control, receiver)
    fault(control, kind="webhook_duplicate", operation="checkout.session.completed", copies=2)
    paid(api, browser, account)
    receiver.wait(6)
    assert kinds(receiver).count("checkout.session.completed") == 3
    assert len({json.loads(r.body)["id"] for r in receiver.received}) == 4


def test_held_webhooks_are_released_in_reverse(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str, receiver: Receiver
) -> None:
    hear(control, receiver)
    fault(control, kind="webhook_hold", times=None)
    paid(api, browser, account)
    wait_for(lambda: control.get("/state").json()["held_webhooks"] == 4)
    assert receiver.received == []
    assert control.post("/webhooks/release", json={"order": "reverse"}).json() == {"released": 4}
    receiver.wait(4)
    assert kinds(receiver) == [
        "checkout.session.completed",
        "payment_intent.succeeded",
        "charge.succeeded",
        "payment_intent.created",
    ]


def test_a_shuffle_repeats_with_its_seed(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str, receiver: Receiver
) -> None:
    hear(control, receiver)
    fault(control, kind="webhook_hold", times=None)
    orders = []
    for seed in (7, 7, 8):
        paid(api, browser, account)
        before = len(receiver.received)
        control.post("/webhooks/release", json={"order": "shuffle", "seed": seed})
        receiver.wait(before + 4)
        orders.append(kinds(receiver)[before:])
    assert orders[0] == orders[1] != orders[2]


def test_a_delayed_webhook_and_one_sent_again(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str, receiver: Receiver
) -> None:
    hear(control, receiver)
    fault(control, kind="webhook_delay", operation="payment_intent.created", seconds=0.5)
    paid(api, browser, account)
    receiver.wait(4)
    assert kinds(receiver)[-1] == "payment_intent.created"
    hook = wait_for(lambda: control.get("/webhooks", params={"state": "sent"}).json()["webhooks"])[0]
    control.post(f"/webhooks/{hook['id']}/resend").raise_for_status()
    receiver.wait(5)
    assert "whsec_x" not in json.dumps(hook)


def test_late_success_after_expiry(
    api: Any, browser: httpx.Client, control: httpx.Client, account: str
) -> None:
    fault(control, kind="late_success", operation="checkout", seconds=60)
    session = create(api, account)
    browser.post(f"/stripe/pay/{session.id}", data={"act": "card"})
    found = api.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]}, on(account))
    assert (found.status, found.payment_intent.status) == ("expired", "processing")
    control.post("/clock", json={"advance_seconds": 61})
    assert api.v1.payment_intents.retrieve(found.payment_intent.id, None, on(account)).status == "succeeded"


def test_success_is_forced_on_an_expired_session(api: Any, control: httpx.Client, account: str) -> None:
    session = create(api, account)
    api.v1.checkout.sessions.expire(session.id, None, on(account))
    forced = control.post(f"/stripe/sessions/{session.id}", json={"act": "pay"}).json()
    assert api.v1.payment_intents.retrieve(forced["payment_intent"], None, on(account)).status == "succeeded"


def test_faults_stay_until_cleared(api: Any, control: httpx.Client, account: str) -> None:
    fault(control, kind="error_before", operation="checkout.sessions.list", times=None, status=503)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            api.v1.checkout.sessions.list(None, on(account))
    control.delete("/faults")
    assert api.v1.checkout.sessions.list(None, on(account)).data == []


@pytest.mark.parametrize(
    "body",
    [
        {"surface": "moon", "kind": "drop_before"},
        {"surface": "rail", "kind": "x"},
        {"surface": "rail"},
        {"typo": 1},
        {"surface": "rail", "kind": "drop_after", "times": 0},
        {"surface": "rail", "kind": "drop_after", "seconds": "ten"},
    ],
)
def test_wrong_faults_are_refused(control: httpx.Client, body: dict[str, Any]) -> None:
    assert control.post("/faults", json=body).status_code == 422


def test_oidc_faults(browser: httpx.Client, control: httpx.Client) -> None:
    fault(control, surface="oidc", kind="error_before", operation="jwks", status=502)
    assert browser.get("/oidc/harbour/jwks").status_code == 502
    assert browser.get("/oidc/harbour/jwks").status_code == 200


def test_other_sites_cannot_work_the_switches(control: httpx.Client) -> None:
    for site in ("cross-site", "same-site"):
        assert control.post("/reset", headers={"Sec-Fetch-Site": site}).status_code == 403


def test_the_control_page(browser: httpx.Client, control: httpx.Client) -> None:
    form = {
        "act": "fault",
        "surface": "rail",
        "kind": "drop_after",
        "operation": "*",
        "times": "2",
        "seconds": "1",
    }
    assert browser.post("/control", data=form).status_code == 303
    assert "drop_after" in browser.get("/control").text
    assert control.get("/faults").json()["faults"][0]["times"] == 2
    assert browser.post("/control", data={**form, "times": "many"}).status_code == 422
    assert "控制台" in browser.get("/control", headers={"Accept-Language": "zh-CN"}).text


def letter(to: str, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "no-reply@cloud.example", to, subject
    message.set_content("您好\nOpen http://app.example/i/abc?x=1 now")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="收据.pdf")
    return message


def test_mail_is_kept_and_shown(sandbox: Server, browser: httpx.Client, control: httpx.Client) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as smtp:
        smtp.send_message(letter("mei@example.com", "第一封"))
        smtp.send_message(letter("lin@example.com", "Second"))
    assert [m["subject"] for m in control.get("/mail").json()["messages"]] == ["Second", "第一封"]
    found = control.get("/mail", params={"to": "mei@"}).json()["messages"]
    assert [(m["to"], m["attachments"][0]["name"]) for m in found] == [(["mei@example.com"], "收据.pdf")]
    page = browser.get(f"/mail/{found[0]['id']}").text
    assert '<a href="http://app.example/i/abc?x=1">' in page
    assert "您好" in page
    assert "Second" not in browser.get("/mail", params={"to": "mei"}).text


def test_text_messages(browser: httpx.Client, control: httpx.Client) -> None:
    body, key = {"to": "+8613900000001", "text": "Code 123456"}, {"Authorization": "Bearer sandbox-sms-key"}
    assert browser.post("/sms/messages", json=body).status_code == 401
    assert browser.post("/sms/messages", json={"to": ""}, headers=key).status_code == 422
    assert browser.post("/sms/messages", json=body, headers=key).status_code == 201
    assert control.get("/sms", params={"to": "139"}).json()["messages"][0]["text"] == "Code 123456"
    assert "Code 123456" in browser.get("/mail").text
    control.delete("/mail")
    assert control.get("/sms").json()["messages"] == []


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with server, httpx.Client(base_url=server.url, verify=NOBODY, trust_env=False) as client:
        keys = client.get("/oidc/harbour/jwks").json()
        client.post("/control/faults", json={"surface": "stripe", "kind": "webhook_hold"}).raise_for_status()
        client.post("/control/clock", json={"offset_seconds": 1000})
        api = Client("sk_test_x", base_addresses={"api": server.url})
        session = create(api, api.v1.accounts.create({"country": "CN"}).id)
    with server, httpx.Client(base_url=server.url, verify=NOBODY, trust_env=False) as client:
        assert client.get("/oidc/harbour/jwks").json() == keys
        state = client.get("/control/state").json()
        assert (state["clock"]["offset_seconds"], state["faults"][0]["kind"]) == (1000, "webhook_hold")
        assert client.get(f"/stripe/pay/{session.id}").status_code == 200
        client.post("/control/clock", json={"advance_seconds": 90000})
        assert "has expired" in client.get(f"/stripe/pay/{session.id}").text


def test_it_starts_and_refuses_a_taken_port(sandbox: Server, capfd: pytest.CaptureFixture[str]) -> None:
    second = Server()
    second.port = sandbox.port
    with pytest.raises(SandboxError):
        second.start()
    assert f"Port {sandbox.port}" in capfd.readouterr().err
    second.port = Server().port
    second.url = f"http://127.0.0.1:{second.port}"
    with second:
        assert second.url


def test_a_fault_about_one_thing_leaves_the_others_alone(
    api: Any, control: httpx.Client, account: str
) -> None:
    mine, other = create(api, account), create(api, account)
    fault(control, kind="drop_before", operation="checkout.*", about=mine.id, times=None)
    assert api.v1.checkout.sessions.retrieve(other.id, None, on(account)).id == other.id
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            api.v1.checkout.sessions.retrieve(mine.id, None, on(account))


def test_a_session_is_on_its_way_until_its_time(api: Any, control: httpx.Client, account: str) -> None:
    made = create(api, account)
    act = {"act": "process", "seconds": 600}
    control.post(f"/stripe/sessions/{made.id}", json=act).raise_for_status()
    assert control.post(f"/stripe/sessions/{made.id}", json=act).status_code == 422
    session = api.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]}, on(account))
    assert (session.status, session.payment_intent.status) == ("complete", "processing")
    control.post("/clock", json={"advance_seconds": 601}).raise_for_status()
    paid_now = wait_for(
        lambda: api.v1.checkout.sessions.retrieve(made.id, None, on(account)).payment_status == "paid"
    )
    assert paid_now
