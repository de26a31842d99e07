"""Every sandbox page in both languages: sound HTML, no inline code, nothing untranslated."""

import json
import re

import html5lib
import httpx
import pytest

from deploy.sandbox.bank_services import COLLECTION
from deploy.sandbox.pages import STATIC
from deploy.sandbox.signing import rail_headers
from deploy.sandbox.texts import CHINESE
from tests.sandbox.conftest import Receiver
from tests.sandbox.test_oidc import authorize, client, company, pick
from tests.sandbox.test_stripe import create

_ = client  # the fixture registers the client that `authorize` speaks for
TEMPLATES = STATIC.parent / "templates"


def check(page: httpx.Response, lang: str) -> None:
    assert page.status_code == 200
    tree = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(page.text)
    assert tree.get("lang") == lang
    assert len(tree.findall(".//title")) == len(tree.findall(".//h1")) == 1
    assert not re.search(r"<script|\sstyle=|\son\w+=", page.text)
    assert "'unsafe" not in page.headers["content-security-policy"]
    labelled = {label.get("for") for label in tree.iter("label")}
    inside = {id(field) for label in tree.iter("label") for field in label.iter()}
    for field in [*tree.iter("input"), *tree.iter("select")]:
        assert field.get("type") == "hidden" or id(field) in inside or field.get("id") in labelled


@pytest.fixture
def addresses(
    browser: httpx.Client, control: httpx.Client, api: object, account: str, receiver: Receiver
) -> list[str]:
    company(control)
    several, key = authorize(browser), authorize(browser, acr_values="urn:scenario:loa:3")
    pick(browser, several, customer="op-2")
    pick(browser, key, customer="staff-wen")
    control.post("/merchants", json={"id": "m1", "name": "Seaview", "secret": "s"})
    text = json.dumps({"merchant_order_no": "a", "amount_minor": 100, "currency": "CNY", "description": "d"})
    order = browser.post("/rail/orders", content=text, headers=rail_headers(text, "s", "m1")).json()
    control.post("/stripe/endpoints", json={"url": receiver.url})
    control.post("/faults", json={"surface": "stripe", "kind": "webhook_hold"})
    session, paid = create(api, account), create(api, account)
    control.post(f"/stripe/sessions/{paid.id}", json={"act": "pay"})
    steps = [begun.headers["location"] for begun in (authorize(browser), several, key)]
    pages = [
        "/",
        "/mail",
        "/control",
        "/rail/accounts/1",
        f"/stripe/pay/{session.id}",
        f"/stripe/pay/{paid.id}",
    ]
    return [*steps, *pages, order["cashier_url"]]


@pytest.mark.parametrize(("asked", "lang"), [("en", "en"), ("zh-CN", "zh-CN")])
def test_pages(browser: httpx.Client, addresses: list[str], asked: str, lang: str) -> None:
    for address in addresses:
        check(browser.get(address, headers={"Accept-Language": asked}), lang)


@pytest.mark.parametrize(
    ("asked", "lang", "currency", "amount"),
    [("en", "en", "SGD", "0.09"), ("zh-CN", "zh-CN", "JPY", "9"), ("en", "en", "KWD", "0.009")],
)
def test_money_to_the_banks_onboarding_account_is_sent_and_said(
    browser: httpx.Client, asked: str, lang: str, currency: str, amount: str
) -> None:
    sent = {
        "to": COLLECTION,
        "reference": f"AP{currency}",
        "payer_account": "1020099887",
        "currency": currency,
    }
    answer = browser.post(
        "/rail/transfer", data=sent | {"amount": amount}, headers={"Accept-Language": asked}
    )
    check(answer, lang)
    assert "rmt_" in answer.text
    bank = {"Authorization": "Bearer bank"}
    came = browser.get(f"/bank-services/remittances/AP{currency}", headers=bank).json()["remittances"]
    assert [(one["amount_minor"], one["currency"]) for one in came] == [(9, currency)]
    too_fine = browser.post(
        "/rail/transfer", data=sent | {"amount": f"{amount}1" if "." in amount else "9.5"}
    )
    assert too_fine.status_code == 422


def test_every_text_has_its_chinese() -> None:
    sources = [*TEMPLATES.glob("*.html"), *STATIC.parent.rglob("*.py")]
    found = {
        t for source in sources for t in re.findall(r"""\bt\(["']([^"']+)["'][,)]""", source.read_text())
    }
    assert len(found) > 60
    assert found - set(CHINESE) == set()


def test_every_message_page_has_its_chinese() -> None:
    """The apps beside it are programs of their own, with words of their own."""
    sources = [path for path in STATIC.parent.rglob("*.py") if "apps" not in path.parts]
    titles = [t for path in sources for t in re.findall(r'title="([^"]+)"', path.read_text())]
    assert len(titles) > 8
    assert set(titles) <= set(CHINESE)
