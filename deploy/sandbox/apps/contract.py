"""E-contract: drafts a contract from what the bank verified of the institution, and seals it when it is signed.

Signing asks the product for a sign-in of the strongest level, made now (``acr_values``, ``max_age``); what the id_token
says of it goes into the sealed PDF. The seal is an Ed25519 signature over the file that anybody can check here.
"""

import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deploy.sandbox.apps.kit import About, Kit, Person, signed_in, started
from deploy.sandbox.apps.paper import sheet

STRONGEST = "urn:scenario:loa:3"
FRESH = 300
ABOUT = About(
    name="contract",
    title="E-contract",
    title_zh="电子合同",
    scope="openid profile roles tenant enterprise",
    places=(
        ("/", "Contracts", "合同"),
        ("/new", "New contract", "新合同"),
        ("/check", "Check a seal", "验证签章"),
    ),
    schema="""
    create table if not exists contract (
      id integer primary key, installation text, title text, partner text, text text, at text, by text,
      signer text, signed_at text, evidence text, pdf blob, seal blob);
    create table if not exists seal_key (key blob);
    """,
)
CLAUSES = {
    "service": (
        (
            "Service agreement",
            "{party} (credit code {uscc}), represented by {head}, engages {partner} to provide the services described"
            " in the annex from {day} on. Either side may end this agreement with thirty days' notice.",
        ),
        (
            "服务合同",
            "{party}（统一社会信用代码 {uscc}，法定代表人 {head}）委托 {partner} 自 {day} 起提供附件所列服务。"
            "任何一方可提前三十日通知对方终止本合同。",
        ),
    ),
    "lease": (
        (
            "Lease",
            "{party} (credit code {uscc}), represented by {head}, lets the premises described in the annex to"
            " {partner} from {day} on. The rent is due on the first day of each month.",
        ),
        (
            "租赁合同",
            "{party}（统一社会信用代码 {uscc}，法定代表人 {head}）自 {day} 起将附件所列场地出租给 {partner}。"
            "租金于每月第一日支付。",
        ),
    ),
    "secrecy": (
        (
            "Confidentiality agreement",
            "{party} (credit code {uscc}), represented by {head}, and {partner} keep secret what they learn of each"
            " other from {day} on, for three years.",
        ),
        (
            "保密协议",
            "{party}（统一社会信用代码 {uscc}，法定代表人 {head}）与 {partner} 自 {day} 起对获知的"
            "对方信息保密，为期三年。",
        ),
    ),
}
"""Each kind: title and text, in English and in Chinese; a contract is kept in the language it was drafted in."""


async def launch(request: Request) -> Response:
    """Sign in: the launch value says where we were opened."""
    kit: Kit = request.app.state.kit
    given = request.query_params
    if "iss" not in given:
        return kit.say(
            request, 200, "Open this app from your institution's page.", "请从机构的页面打开本应用。"
        )
    purpose = f"go:/{given.get('place', '')}"
    return await kit.begin(
        client=given.get("client_id", ""),
        launch=given.get("launch", ""),
        purpose=purpose,
        ui_locales=given.get("ui_locales", "en"),
    )


async def callback(request: Request) -> Response:
    """Come back from the product: signed in, or with the proof that a signature takes."""
    kit: Kit = request.app.state.kit
    found = await kit.finish(request)
    if found is None:
        return kit.say(
            request, 400, "The sign-in did not end well. Open the app again.", "登录未成功，请重新打开应用。"
        )
    person, claims, purpose = found
    act, _, rest = purpose.partition(":")
    target = f"/contracts/{rest}" if act == "sign" else rest
    if act == "sign" and not _sign(kit, person, claims, int(rest)):
        english, chinese = (
            "This was not signed: it takes your bank key, used just now.",
            "未签署：需要现场使用您的银行密钥。",
        )
        return kit.say(request, 403, english, chinese)
    return kit.remember(RedirectResponse(target, 303), person, str(claims.get("sid", "")))


@signed_in
async def contracts(request: Request, kit: Kit, person: Person) -> Response:
    """List the institution's contracts."""
    found = kit.db.execute(
        "select id, title, partner, at, by, signer, signed_at from contract where installation = ? order by id desc",
        (person.installation,),
    ).fetchall()
    return kit.page(request, "contracts.html", person=person, contracts=found)


@signed_in
async def new(request: Request, kit: Kit, person: Person) -> Response:
    """Show what a new contract needs; who we are is known."""
    facts = kit.facts(person.installation)
    at = _language(kit, request, person)
    kinds = {key: words[at][0] for key, words in CLAUSES.items()}
    return kit.page(request, "contract_new.html", person=person, facts=facts, kinds=kinds)


@signed_in
async def draft(request: Request, kit: Kit, person: Person) -> Response:
    """Write the draft."""
    form = await request.form()
    kind, partner = str(form.get("kind", "")), str(form.get("partner", "")).strip()[:200]
    if kind not in CLAUSES or not partner:
        return kit.say(request, 422, "Choose a kind, and say with whom.", "请选择类型并填写对方。")
    title, words = CLAUSES[kind][_language(kit, request, person)]
    made = kit.db.execute(
        "insert into contract (installation, title, partner, text, at, by) values (?, ?, ?, ?, ?, ?) returning id",
        (person.installation, title, partner, _filled(kit, person, words, partner), _now(), person.name),
    ).fetchone()
    return RedirectResponse(f"/contracts/{made['id']}", 303)


def _language(kit: Kit, request: Request, person: Person) -> int:
    """Return which of a clause's two texts this person reads."""
    return int(kit.speaks_chinese(request, person))


def _filled(kit: Kit, person: Person, words: str, partner: str) -> str:
    facts = kit.facts(person.installation)
    return words.format(
        party=facts.get("enterprise_name") or facts.get("tenant_name") or "We",
        uscc=facts.get("enterprise_uscc", "–"),
        head=facts.get("enterprise_legal_representative", "–"),
        partner=partner,
        day=dt.datetime.now(dt.UTC).date().isoformat(),
    )


@signed_in
async def show(request: Request, kit: Kit, person: Person) -> Response:
    """Show one contract."""
    found = _find(kit, person, request.path_params["id"])
    if found is None:
        return kit.say(request, 404, "There is no such contract.", "没有这份合同。")
    evidence = json.loads(found["evidence"] or "{}")
    return kit.page(request, "contract.html", person=person, contract=found, evidence=evidence)


@signed_in
async def sign(request: Request, kit: Kit, person: Person) -> Response:
    """Ask the product for the strongest sign-in, made now; ``callback`` seals what it is for."""
    found = _find(kit, person, request.path_params["id"])
    if found is None or found["signed_at"]:
        return kit.say(request, 409, "This is signed already.", "这份合同已签署。")
    ours = kit.client_of(person.installation)
    return await kit.begin(client=ours, purpose=f"sign:{found['id']}", acr_values=STRONGEST, max_age="0")


@signed_in
async def download(request: Request, kit: Kit, person: Person) -> Response:
    """Send the sealed file."""
    found = _find(kit, person, request.path_params["id"])
    if found is None or not found["pdf"]:
        return kit.say(request, 404, "There is no sealed file yet.", "还没有签章文件。")
    name = f'attachment; filename="contract-{found["id"]}.pdf"'
    return Response(
        found["pdf"], media_type="application/pdf", headers=kit.headers() | {"Content-Disposition": name}
    )


async def check(request: Request) -> Response:
    """Say whether a file carries our seal and is unchanged; anybody may ask."""
    kit: Kit = request.app.state.kit
    if request.method == "GET":
        return kit.page(request, "check.html", said=None)
    file = (await request.form(max_part_size=5_000_000)).get("file")
    data = await file.read() if file and not isinstance(file, str) else b""
    return kit.page(request, "check.html", said=is_sealed(kit, data))


def is_sealed(kit: Kit, data: bytes) -> bool:
    """Tell whether we sealed exactly this file."""
    for found in kit.db.execute("select seal from contract where pdf = ?", (data,)):
        try:
            _key(kit).public_key().verify(found["seal"], data)
        except InvalidSignature:
            continue
        return True
    return False


def _sign(kit: Kit, person: Person, claims: dict[str, Any], number: int) -> bool:
    """Seal a contract for who has just proven themselves; ``False`` when the proof is not good enough."""
    is_strong = claims.get("acr") == STRONGEST and time.time() - int(claims.get("auth_time", 0)) <= FRESH
    found = _find(kit, person, number)
    if not is_strong or found is None or found["signed_at"]:
        return False
    evidence = {
        "sub": person.sub,
        "acr": claims["acr"],
        "auth_time": claims["auth_time"],
        "jti": claims.get("sid", ""),
    }
    at = _now()
    facts = [
        ("With", found["partner"]),
        ("Signed by", person.name),
        ("Signed at", at),
        ("Assurance", str(claims["acr"])),
        (
            "Bank sign-in at",
            dt.datetime.fromtimestamp(claims["auth_time"], dt.UTC).isoformat(timespec="seconds"),
        ),
    ]
    foot = f"Signed with the bank identity {person.sub}. Whether this file is unchanged: {kit.url}/check"
    pdf = sheet(found["title"], facts, text=found["text"], foot=foot)
    kit.db.execute(
        "update contract set signer = ?, signed_at = ?, evidence = ?, pdf = ?, seal = ?"
        " where id = ? and signed_at is null",
        (person.name, at, json.dumps(evidence), pdf, _key(kit).sign(pdf), number),
    )
    return True


def _key(kit: Kit) -> Ed25519PrivateKey:
    """Return the key that seals, made once."""
    with kit.together():
        kept = kit.db.execute("select key from seal_key").fetchone()
        if kept is None:
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            kit.db.execute("insert into seal_key values (?)", (raw,))
            return Ed25519PrivateKey.from_private_bytes(raw)
    return Ed25519PrivateKey.from_private_bytes(kept["key"])


def _find(kit: Kit, person: Person, number: int) -> Any:
    asked = "select * from contract where installation = ? and id = ?"
    return kit.db.execute(asked, (person.installation, number)).fetchone()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


async def heard(kit: Kit, event: str, installation: str, data: dict[str, Any]) -> None:
    """Forget what we have when an installation ends for good."""
    del data
    if event == "installation.deletion_due":
        kit.db.execute("delete from contract where installation = ?", (installation,))


def create(url: str, data: Path) -> Starlette:
    """Return the app that is reached at ``url`` and keeps its own database in ``data``."""
    one = "/contracts/{id:int}"
    pages = [
        Route("/launch", launch),
        Route("/callback", callback),
        Route("/", contracts),
        Route("/new", new),
        Route("/contracts", draft, methods=["POST"]),
        Route(one, show),
        Route(one + "/signing", sign, methods=["POST"]),
        Route(one + "/file", download),
        Route("/check", check, methods=["GET", "POST"]),
    ]
    return started(Kit(ABOUT, url, data), pages, heard)
