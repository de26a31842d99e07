"""Nothing reaches an app without a recorded consent by the ways beside the plain one: SCIM, LTI, SMART, signing out.

As in ``test_consent``: each fact is a word that occurs nowhere else, whatever word an app has received must be in the
consent that is written down, and with everything agreed to every word is received, so that the test can fail. The
number of an institution is in the addresses of LTI's services and of its FHIR server, so here it is no secret.
"""

import base64
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from integrations.apps.placing import records
from integrations.apps.placing.records import Member, Record, RecordKind
from integrations.apps.scim import push
from integrations.apps.scopes import SCOPES, claims_of, required_claims
from integrations.apps.tenant_models import AppConsent, Installation
from integrations.provider import ending, logout
from integrations.provider.lti.words import READ_MEMBERSHIPS
from tenants.ids import new_id
from tenants.jobs import enqueue
from tenants.models import Membership, Outbox, Person, Tenant
from tenants.outbound import Answer
from tenants.scope import bank_scope, open_scope, person_scope, tenant_scope
from tests import make
from tests.integrations.provider.conftest import HERE, Made, World, a_world, install, listed
from tests.integrations.provider.test_lti import launched, message_of
from tests.integrations.provider.test_lti_placing import service
from tests.jobs import run_due
from tests.page import inspect

LESSON, PATIENT = new_id(), new_id()
ALWAYS = frozenset({"openid", "offline_access"})
PERSON = {
    "Wpersonname": {"name"},
    "wpersonemail@x.example": {"email"},
    "+6590017001": {"phone_number"},
    "Wshortname": {"tenant_name"},
    "Wlegalname": {"enterprise_name"},
    "Wlegalrep": {"enterprise_legal_representative"},
    "Pacific/Chatham": {"tenant_locale"},
}
STAFF = {"Wdirname": {"people"}, "wdirmail@x.example": {"people"}, "cai@x.example": {"people"}}
RECORD = {"Wlearner": {"accounts"}, "Wlesson": {"accounts"}, str(LESSON): {"accounts"}}
TEACHER = {"Wteacher": {"people"}, "wteachermail@x.example": {"people"}}


@dataclass
class Stage:
    """An institution whose every fact is a word of its own, and all bytes that one app of it was given."""

    world: World
    made: Made
    installation: Installation
    got: list[str] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """Keep a text, and what is inside of the tokens in it."""
        self.got.append(text)
        for word in text.replace('"', " ").replace("=", " ").split():
            parts = word.split(".")
            if len(parts) == 3 and parts[0].startswith("ey"):
                self.got.append(base64.urlsafe_b64decode(parts[1] + "==").decode())

    @property
    def address(self) -> str:
        return f"/t/{self.world.tenant.slug}/apps/{self.installation.id}"

    async def opened(self, query: str = "") -> str:
        """Be opened by the member of staff in a page of the app's own; return the launch value."""
        answer = await self.world.client.get(f"{self.address}{query}")
        assert answer.status_code == 303, answer.text
        self.hear(answer.headers["location"])
        return parse_qs(urlsplit(answer.headers["location"]).query)["launch"][0]


Way = Callable[[Stage], Awaitable[None]]


async def by_scim(stage: Stage) -> None:
    """Be told who works there, and ask for it as a program."""
    tenant = stage.world.tenant
    async with open_scope(tenant_scope(tenant.id)):
        await enqueue("apps.scim", {"installation_id": str(stage.installation.id)})
    await run_due(tenant.id)
    form = {"installation": str(stage.installation.id)}
    answer = await stage.world.post("/api/v1/installation-tokens", form, stage.made.basic())
    bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    for kind in ("Users", "Groups", "ServiceProviderConfig", "Schemas"):
        stage.hear((await stage.world.get(f"/scim/v2/{stage.installation.id}/{kind}", bearer)).text)


async def by_lti(stage: Stage) -> None:
    """Be launched at a lesson as a learning tool, and ask for its names and everybody's."""
    value = await stage.opened(f"?record_kind=lesson&record_id={LESSON}")
    hint = {"login_hint": value, "lti_message_hint": value}
    answer = await launched(stage.world, client_id=stage.made.client_id, **hint)
    stage.hear(str(await message_of(stage.world, answer)))
    form = {"grant_type": "client_credentials", "scope": READ_MEMBERSHIPS} | stage.made.assertion()
    given = await stage.world.post("/oauth/token", form)
    if given.status_code != 200:
        return
    bearer = await service(stage.world, READ_MEMBERSHIPS, made=stage.made)
    root = f"/lti/{stage.world.tenant.id}/{stage.installation.id}"
    for path in (f"{root}/memberships", f"{root}/lesson/{LESSON}/memberships"):
        stage.hear((await stage.world.get(path, bearer)).text)


async def by_smart(stage: Stage) -> None:
    """Be launched on a patient, sign in, refresh, ask who it is."""
    value = await stage.opened(f"?record_kind=account&record_id={PATIENT}")
    wish = {"launch": value, "scope": " ".join(["launch patient/*.rs", *SCOPES]), "aud": HERE}
    tokens = await stage.world.tokens(stage.made, **wish)
    stage.hear(str(tokens))
    fresh = await stage.world.refresh(tokens["refresh_token"], stage.made)
    stage.hear(fresh.text)
    stage.hear((await stage.world.userinfo(fresh.json()["access_token"])).text)
    stage.hear(str(await stage.world.introspect(fresh.json()["access_token"], stage.made)))


async def by_leaving(stage: Stage) -> None:
    """Sign somebody in, and hear how it ends: by the logout token and by the frame on our page."""
    stage.hear(str(await stage.world.tokens(stage.made, scope=" ".join(SCOPES))))
    page = await stage.world.client.post("/sign-out")
    (frame,) = inspect(page.text).iter("iframe")
    stage.hear(str(frame.get("src")))
    async with open_scope(tenant_scope(stage.world.tenant.id)):
        assert await Outbox.filter(job=ending.JOB, done_at=None).count() == 1
    await run_due(stage.world.tenant.id)
    assert (
        "logout+jwt" in base64.urlsafe_b64decode(stage.got[-2].split(".")[0].split("=")[-1] + "==").decode()
    )


TOOL = {"auth_method": "private_key_jwt", "launch_uri": "https://app.example/login"}
OPEN = {"launch_uri": "https://app.example/login"}
WAYS: dict[str, tuple[Way, dict[str, Any], dict[str, set[str]]]] = {
    "scim": (by_scim, {"protocols": ["scim"], "scim_uri": "https://app.example/scim"}, STAFF),
    "lti": (by_lti, {"protocols": ["lti"], **TOOL}, PERSON | STAFF | RECORD | TEACHER),
    "smart": (by_smart, {"protocols": ["smart"], **OPEN}, PERSON | {str(PATIENT): {"accounts"}}),
    "leaving": (by_leaving, {"frontchannel_logout_uri": "https://app.example/gone"}, {}),
}
NEVER_BY = {"lti": {"+6590017001", "Wshortname", "Wlegalname", "Wlegalrep", "Pacific/Chatham"}}
"""What a protocol has no word for at a record, although it may be agreed to."""


@pytest_asyncio.fixture(loop_scope="session")
async def world(db, bank, client, monkeypatch) -> World:
    found = await a_world(bank, client)
    facts = {"short_name": "Wshortname", "name": "Wlegalname", "legal_representative": "Wlegalrep"}
    async with open_scope(bank_scope(bank.id)):
        await Tenant.filter(id=found.tenant.id).update(**facts, timezone="Pacific/Chatham")
    told = {"name": "Wpersonname", "email": "wpersonemail@x.example", "phone": "+6590017001"}
    person = found.staff.person_id
    async with open_scope(person_scope(person)):
        await Person.filter(id=person).update(**told)
    clerk = await make.staff(found.tenant, "cashier", "Cai Shi")
    async with open_scope(tenant_scope(found.tenant.id)):
        await Membership.filter(person_id=person).update(name="Wdirname", email="wdirmail@x.example")
        await Membership.filter(person_id=clerk.person_id).update(email="cai@x.example")
    teacher = Member(new_id(), "Wteacher", "wteachermail@x.example", is_learner=False)
    shy = Member(new_id(), "Wnobody", "wnobody@x.example", is_named=False)

    async def find(_actor, record_id):
        return Record("Wlesson", f"/lessons/{record_id}")

    async def members(_record_id):
        return [teacher, Member(new_id(), "Wlearner", "wlearnermail@x.example"), shy]

    monkeypatch.setitem(records.KINDS, "lesson", RecordKind("lesson", "dashboard.read", find, members))
    return found


async def heard(way: str, world: World, scopes: set[str], claims: set[str], monkeypatch) -> Stage:
    """Let an app with this consent go its way, and return all that it was given."""
    go, facts, _ = WAYS[way]
    made = await listed(world.bank, **facts)
    ordered = [key for key in SCOPES if key in scopes | ALWAYS]
    installation = await install(made, world.tenant, scopes=ordered, claims=sorted(claims))
    async with open_scope(tenant_scope(world.tenant.id)):
        await AppConsent.create(
            tenant_id=world.tenant.id,
            installation_id=installation.id,
            version_id=installation.version_id,
            vendor_id=installation.vendor_id,
            scopes=ordered,
            claims=sorted(claims),
            reasons={},
            person_name="Wdirname",
            level=3,
        )
    stage = Stage(world, made, installation)

    async def call(
        _method: str, _url: str, *, headers: Any = None, content: Any = b"", form: Any = None, **_: Any
    ):
        stage.hear(f"{headers or ''} {(content or b'').decode()} {(form or {}).get('logout_token', '')}")
        return Answer(201, {}, b'{"id": "r1"}')

    monkeypatch.setattr(push, "call", call)
    monkeypatch.setattr(logout, "call", call)
    await go(stage)
    return stage


def never(world: World) -> set[str]:
    """What no app may ever see: our own numbers of persons, and whom nobody agreed to have named."""
    return {str(world.staff.person_id), "Wnobody", "wnobody@x.example", "wlearnermail@x.example"}


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("way", WAYS)
async def test_every_word_that_an_app_receives_was_agreed_to(world, monkeypatch, way, seed):
    chance = random.Random(seed)  # noqa: S311 - the same sets each time
    scopes = {key for key in SCOPES if chance.random() < 0.5} | ALWAYS
    claims = {key for key in claims_of(scopes) if chance.random() < 0.5} | required_claims(scopes)
    stage = await heard(way, world, scopes, claims, monkeypatch)
    async with open_scope(tenant_scope(world.tenant.id)):
        consent = (
            await AppConsent.filter(installation_id=stage.installation.id).order_by("-created_at").first()
        )
    text, recorded = "\n".join(stage.got), {*consent.scopes, *consent.claims}
    every = PERSON | STAFF | RECORD | TEACHER | {str(PATIENT): {"accounts"}}
    assert [word for word, needs in every.items() if word in text and not needs & recorded] == []
    assert [word for word in never(world) if word in text] == []


@pytest.mark.parametrize("way", WAYS)
async def test_with_everything_agreed_to_every_word_is_received_so_that_the_test_above_can_fail(
    world, monkeypatch, way
):
    stage = await heard(way, world, set(SCOPES), set(claims_of(SCOPES)), monkeypatch)
    text = "\n".join(stage.got)
    wanted = WAYS[way][2].keys() - NEVER_BY.get(way, set())
    assert [word for word in wanted if word not in text] == []
    assert [word for word in never(world) if word in text] == []
