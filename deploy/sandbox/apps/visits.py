"""Visit summary: a SMART tool of a hospital. On a patient, it shows what is to come, what was, and what is owed.

It learns which patient beside its token, reads FHIR R4 at the server that it was launched by (``iss``), and keeps
nothing of it: each look asks anew, with a token that opens this one patient for a few minutes. Each patient has an
address of its own, so that two tabs never show each other's.
"""

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.sandbox.apps.kit import Kit, signed_in, started
from deploy.sandbox.apps.parts import About, Person

MOST = 10
ABOUT = About(
    name="visits",
    title="Visit summary",
    title_zh="就诊摘要",
    scope="openid profile tenant launch patient/Patient.r patient/Appointment.rs patient/Invoice.rs",
    places=(("/", "Summary", "就诊摘要"),),
    schema="create table if not exists opened (sub text, patient text, token text, server text, ends integer,"
    " primary key (sub, patient));",
)
STATES = {
    "booked": ("booked", "已预约"),
    "pending": ("waits for payment", "待付款"),
    "arrived": ("is here", "已到院"),
    "checked-in": ("called", "已叫号"),
    "fulfilled": ("seen", "已就诊"),
    "cancelled": ("cancelled", "已取消"),
    "noshow": ("did not come", "未到"),
}


class SmartKit(Kit):
    """A kit that keeps what stands beside the token (SMART App Launch 2.2): the patient, for as long as it is good."""

    async def _exchange(self, code: str, verifier: str, client: str) -> dict[str, Any]:
        tokens = await super()._exchange(code, verifier, client)
        claims, now = await self.opened(str(tokens.get("id_token", ""))), int(time.time())
        self.db.execute("delete from opened where ends < ?", (now,))
        if claims and tokens.get("patient"):
            facts = (claims["sub"], tokens["patient"], tokens["access_token"], "", now + tokens["expires_in"])
            self.db.execute("insert or replace into opened values (?, ?, ?, ?, ?)", facts)
        return tokens

    def at(self, person: Person, server: str) -> str:
        """Note by which server somebody was sent with the last patient, and return the patient."""
        found = self.db.execute(
            "update opened set server = ? where sub = ? and server = '' returning patient",
            (server, person.sub),
        ).fetchone()
        return str(found["patient"]) if found else ""

    def opened_on(self, person: Person, patient: str) -> Any:
        """Return server and token of a patient that somebody has open; nothing once it has ended."""
        return self.db.execute(
            "select * from opened where sub = ? and patient = ? and ends > ?",
            (person.sub, patient, int(time.time())),
        ).fetchone()

    async def fhir(self, server: str, token: str, path: str) -> dict[str, Any]:
        """Read from the hospital's FHIR server."""
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"}
        return dict((await self.http.get(f"{server}/{path}", headers=headers)).raise_for_status().json())


async def launch(request: Request) -> Response:
    """Begin where we were opened: at this FHIR server, on this patient."""
    kit: SmartKit = request.app.state.kit
    given = request.query_params
    server = given.get("iss", "")
    if not server.startswith(f"{kit.keys().issuer}/fhir/"):
        return kit.say(request, 400, "Open this at a patient.", "请在患者页面打开。")
    ours, value = given.get("client_id", ""), given.get("launch", "")
    return await kit.begin(client=ours, launch=value, purpose=server, aud=server)


async def callback(request: Request) -> Response:
    """Come back signed in."""
    kit: SmartKit = request.app.state.kit
    found = await kit.finish(request)
    if found is None:
        return kit.say(
            request, 400, "The sign-in did not end well. Open it again.", "登录未成功，请重新打开。"
        )
    person, claims, server = found
    patient = kit.at(person, server)
    target = RedirectResponse(f"/patients/{patient}" if patient else "/", 303)
    return kit.remember(target, person, str(claims.get("sid", "")))


@signed_in
async def summary(request: Request, kit: Kit, person: Person) -> Response:
    """Show one patient's visits and bills."""
    assert isinstance(kit, SmartKit)  # noqa: S101 - made below
    held = kit.opened_on(person, request.path_params.get("patient", ""))
    if held is None:
        return kit.say(request, 409, "Open this at a patient.", "请在患者页面打开。")

    async def read(path: str) -> dict[str, Any]:
        return await kit.fhir(held["server"], held["token"], path)

    patient = await read(f"Patient/{held['patient']}")
    visits = resources(await read(f"Appointment?_sort=-date&_count={MOST}"))
    bills = resources(await read(f"Invoice?_sort=-date&_count={MOST}&status=issued"))
    now = dt.datetime.now(dt.UTC).isoformat()
    context: dict[str, Any] = {
        "patient": patient,
        "coming": [visit(one) for one in visits[::-1] if one["end"] >= now and one["status"] != "cancelled"],
        "past": [visit(one) for one in visits if one["end"] < now or one["status"] == "cancelled"],
        "bills": bills,
    }
    return kit.page(request, "visits.html", person=person, states=STATES, **context)


def resources(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what a search has found."""
    return [one["resource"] for one in bundle.get("entry", [])]


def visit(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return an appointment as it is read."""
    names = {
        str(each["actor"].get("reference", "Location")).partition("/")[0]: each["actor"].get("display", "")
        for each in one["participant"]
    }
    return {
        "when": one["start"][:16].replace("T", " "),
        "what": one["serviceType"][0]["text"],
        "doctor": names.get("Practitioner", ""),
        "place": names.get("Location", ""),
        "status": one["status"],
    }


async def heard(kit: Kit, event: str, installation: str, data: dict[str, Any]) -> None:
    """Keep nothing, so that nothing is to be forgotten but what is open now."""
    del installation, data
    if event == "installation.deletion_due":
        kit.db.execute("delete from opened")


def create(url: str, data: Path) -> Starlette:
    """Return the app that is reached at ``url`` and keeps its own database in ``data``."""
    pages = [
        Route("/launch", launch),
        Route("/callback", callback),
        Route("/", summary),
        Route("/patients/{patient}", summary),
    ]
    return started(SmartKit(ABOUT, url, data), pages, heard)
