"""Nothing reaches an app without a recorded consent: everything that one receives is read, word by word.

Each fact about the person and the institution is a word that occurs nowhere else. An app then goes every way there
is: it is opened, signs the person in, asks userinfo, introspection and the whole API, is told of events. Whatever word
it has seen must be in the last consent that is written down; and with everything agreed to, every word is seen, so that
the test can fail.
"""

import base64
import hashlib
import json
import random
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from integrations.apps.models import App
from integrations.apps.resources import RESOURCES
from integrations.apps.scopes import SCOPES, claims_of, required_claims
from integrations.apps.tenant_models import AppConsent, Installation
from integrations.apps.webhooks import messages
from tenants import throttle
from tenants.jobs import publish
from tenants.models import Account, Membership, Person, Tenant
from tenants.outbound import Answer
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import apps, make
from tests.billing import town as towns
from tests.billing.desk.test_desk import take
from tests.jobs import run_due
from tests.page import inspect

ALWAYS = frozenset({"openid", "offline_access"})
"""What lets an app sign people in and call by itself; neither names anybody."""


@dataclass
class World:
    """One institution whose every fact is a word of its own, and what each word takes."""

    town: towns.Town
    chief: Any
    cashier: Any
    words: dict[str, set[str]]
    """The word → the scopes or claims that each let it be told."""
    never: set[str]
    """What no app may ever see: our own numbers of persons and sessions."""


@pytest_asyncio.fixture(loop_scope="session")
async def world(db, bank, client) -> World:
    throttle.forget()
    town = await towns.found(bank)
    facts = {"short_name": "Wshortname", "name": "Wlegalname", "legal_representative": "Wlegalrep"}
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=town.tenant.id).update(**facts, timezone="Pacific/Chatham")
    chief = await make.staff(town.tenant, name="Wdirname")
    cashier = await make.staff(town.tenant, "cashier", "Cai Shi")
    async with open_scope(person_scope(chief.person_id)):
        told = {
            "name": "Wpersonname",
            "email": "wpersonemail@x.example",
            "phone": "+6590017001",
            "locale": "zh_CN",
        }
        await Person.filter(id=chief.person_id).update(**told)
    async with open_scope(tenant_scope(town.tenant.id)):
        await Membership.filter(tenant_id=town.tenant.id, person_id=chief.person_id).update(
            email="wdirmail@x.example"
        )
        await Account.filter(tenant_id=town.tenant.id, id=town.flat.id).update(
            name="Waccountname", place="Wplace"
        )
    words = {
        "Wpersonname": {"name"},
        "wpersonemail@x.example": {"email"},
        "+6590017001": {"phone_number"},
        "zh-CN": {"locale"},
        "Wshortname": {"tenant_name"},
        "Wlegalname": {"enterprise_name"},
        "Wlegalrep": {"enterprise_legal_representative"},
        town.tenant.uscc: {"enterprise_uscc"},
        str(town.tenant.id): {"tenant"},
        "Pacific/Chatham": {"tenant_locale"},
        "Wdirname": {"people"},
        "wdirmail@x.example": {"people"},
        '"administrator"': {"roles", "people"},
        "Waccountname": {"accounts"},
        "Wplace": {"accounts"},
        "01-101": {"accounts"},
        town.bill.number: {"bills"},
    }
    return World(
        town, chief, cashier, words, {str(chief.person_id), str(town.ann.id), "Ann Tan", "ann@example.com"}
    )


class Ear:
    """An app that keeps every byte it is given, whichever way it came."""

    def __init__(self, client, world: World, listed: App, installation: Installation) -> None:
        self.client, self.world, self.listed, self.installation = client, world, listed, installation
        self.got: list[str] = []

    def hear(self, text: str) -> None:
        """Keep a text, and what is inside of the tokens in it."""
        self.got.append(text)
        for word in text.replace('"', " ").split():
            parts = word.split(".")
            if len(parts) == 3 and parts[0].startswith("ey"):
                self.got.append(base64.urlsafe_b64decode(parts[1] + "==").decode())

    async def be_opened(self) -> str:
        """Be opened from our page on a bill; return the launch value."""
        place, bill = self.world.town.tenant.slug, self.world.town.bill.id
        page = await self.client.get(
            f"/t/{place}/apps/{self.installation.id}?record_kind=bill&record_id={bill}"
        )
        (frame,) = inspect(page.text).iter("iframe")
        self.hear(frame.get("src") or "")
        token = await self.client.post(f"/t/{place}/apps/{self.installation.id}/session-tokens")
        self.hear(token.text)
        return parse_qs(urlsplit(frame.get("src") or "").query)["launch"][0]

    async def sign_in(self, launch: str) -> str:
        """Sign the person in, asking for everything there is; return the access token."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)
        digest = hashlib.sha256(verifier.encode()).digest()
        back = "https://app.example/callback"
        every = dict.fromkeys(claims_of(SCOPES))
        asked = {
            "response_type": "code",
            "client_id": self.listed.client_id,
            "redirect_uri": back,
            "scope": " ".join(SCOPES),
            "state": state,
            "nonce": state,
            "launch": launch,
            "claims": json.dumps({"id_token": every, "userinfo": every}),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        answer = await self.client.get("/oauth/authorize", params=asked)
        for _ in range(3):
            if answer.headers.get("location", "").startswith(back):
                break
            answer = await self.client.get(answer.headers["location"])
        self.hear(answer.headers["location"])
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        answer = await self.client.post("/oauth/token", data=form, headers=self.basic)
        assert answer.status_code == 200, answer.text
        self.hear(answer.text)
        return str(answer.json()["access_token"])

    @property
    def basic(self) -> dict[str, str]:
        pair = f"{self.listed.client_id}:{apps.SECRET}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    async def read(self, token: str) -> None:
        """Ask userinfo, introspection and every address of the API, with this token."""
        bearer = {"Authorization": f"Bearer {token}", "Accept": "*/*"}
        town = self.world.town
        paths = [
            "/oauth/userinfo",
            "/api/v1/tenant",
            "/api/v1/openapi.json",
            *(f"/api/v1/{n}" for n in RESOURCES),
        ]
        paths += [f"/api/v1/bills/{town.bill.id}", f"/api/v1/accounts/{town.flat.id}"]
        paths += [f"/api/v1/people/{self.world.chief.person_id}"]
        for path in paths:
            self.hear((await self.client.get(path, headers=bearer)).text)
        self.hear(
            (await self.client.post("/oauth/introspect", data={"token": token}, headers=self.basic)).text
        )

    async def alone(self) -> str:
        """Return a token of the installation."""
        given = {"installation": str(self.installation.id)}
        answer = await self.client.post("/api/v1/installation-tokens", data=given, headers=self.basic)
        return str(answer.json()["access_token"])


async def received(client, world: World, ear: Ear, monkeypatch) -> str:
    """Let an app hear and ask everything, and return it as one text."""

    async def call(method: str, url: str, *, headers: Any = None, content: bytes = b"", **_: Any) -> Answer:
        ear.hear(f"{json.dumps(dict(headers or {}))} {content.decode()}")
        return Answer(200, {}, b"{}")

    monkeypatch.setattr(messages, "call", call)
    await make.sign_in(client, world.chief.person_id)
    await ear.read(await ear.sign_in(await ear.be_opened()))
    await ear.read(await ear.alone())
    tenant = world.town.tenant
    async with open_scope(tenant_scope(tenant.id)):
        here = await Membership.get(tenant_id=tenant.id, person_id=world.chief.person_id)
        await messages.tell(
            ear.installation, "installation.changed", {"scopes": ear.installation.scopes}, cause="x"
        )
        for event in ("membership.created", "membership.ended"):
            await publish(event, {"membership_id": str(here.id)})
        await publish("bills.issued", {"bill_id": str(world.town.bill.id), "period": "2026-07-01"})
    await make.sign_in(client, world.cashier.person_id)
    await take(client, world.town)
    await run_due(tenant.id)
    return "\n".join(ear.got)


async def agreed(world: World, bank, scopes: set[str], claims: set[str]) -> tuple[App, Installation]:
    """An app that asks for everything, of a vendor of its own, installed with just this."""
    listed = await apps.listed(
        await apps.vendor(bank), scopes={key: {"en": key, "zh_CN": key} for key in SCOPES}
    )
    ordered = tuple(key for key in SCOPES if key in scopes | ALWAYS)
    made = await apps.install(
        world.town.tenant, listed, scopes=ordered, claims=sorted(claims), by=world.chief
    )
    return listed, made


def some(seed: int) -> tuple[set[str], set[str]]:
    """Draw a set of scopes, and of the claims in it that can be left out."""
    chance = random.Random(seed)  # noqa: S311 - the same sets each time
    scopes = {key for key in SCOPES if chance.random() < 0.5} | ALWAYS
    optional = {key for key in claims_of(scopes) if chance.random() < 0.5}
    return scopes, optional | required_claims(scopes)


@pytest.mark.parametrize("seed", range(4))
async def test_every_word_that_an_app_receives_was_agreed_to(client, world, bank, monkeypatch, seed):
    scopes, claims = some(seed)
    listed, made = await agreed(world, bank, scopes, claims)
    text = await received(client, world, Ear(client, world, listed, made), monkeypatch)
    async with open_scope(tenant_scope(world.town.tenant.id)):
        consent = await AppConsent.filter(installation_id=made.id).order_by("-created_at").first()
    recorded = {*consent.scopes, *consent.claims}
    leaked = [word for word, needs in world.words.items() if word in text and not needs & recorded]
    assert leaked == [], (sorted(scopes), sorted(claims))
    assert [word for word in world.never if word in text] == []


async def test_with_everything_agreed_to_every_word_is_received_so_that_the_test_above_can_fail(
    client, world, bank, monkeypatch
):
    client.headers["Accept-Language"] = "zh-CN"  # the language that somebody reads in is the one that is told
    listed, made = await agreed(world, bank, set(SCOPES), set(claims_of(SCOPES)))
    text = await received(client, world, Ear(client, world, listed, made), monkeypatch)
    assert [word for word in world.words if word not in text] == []
    assert [
        text[max(text.index(word) - 200, 0) : text.index(word) + 60] for word in world.never if word in text
    ] == []


async def test_two_vendors_know_the_same_person_by_different_numbers(client, world, bank, monkeypatch):
    texts = []
    for _ in range(2):
        listed, made = await agreed(world, bank, {"people"}, set())
        ear = Ear(client, world, listed, made)
        await ear.read(await ear.alone())
        texts.append("".join(ear.got))
    known = [{one["id"] for one in json.loads(_people_in(text))["data"]} for text in texts]
    assert len(known[0]) == len(known[1]) >= 2
    assert known[0] & known[1] == set()


def _people_in(text: str) -> str:
    start = text.index('{"data":[{"id"')
    return text[start : text.index("}", text.index("next_cursor", start)) + 1]
