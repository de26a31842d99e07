"""The gate's page: one field, who is expected, who came; it goes on without network and sends what it scanned later."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from scenarios.community.common import estate_route, root_of, tenant_of
from scenarios.community.visitors import scanning
from scenarios.community.visitors.scanning import REASONS, Asked, Told
from tenants.actor import Actor
from tenants.gates.judging import CONFLICT, OFFLINE, ONLINE
from tenants.gates.keeping import CAMERA, worker
from tenants.http import WRITES
from tenants.scope import rows
from ui.errors import Invalid
from ui.formats import since_text, until_text
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t
from ui.render import respond
from ui.shell import Tone
from ui.tables import Column

MOST_SCANS = 500
_NONCE_MAX = 60
_CODE_MAX = 200
_TODAY = """
select p.id, p.name, p.plate, p.valid_from, p.valid_until, p.uses, p.used, a.number from community_visitor_pass p
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where p.tenant_id = $1 and p.revoked_at is null and p.valid_until >= now() and p.valid_from < now() + interval '1 day'
 order by p.valid_from limit 200
"""
_CAME = """
select u.id, u.pass_id, coalesce(u.scanned_at, u.created_at) at, u.mode, p.name, a.number, u.by_name
  from community_pass_use u
  join community_visitor_pass p on p.tenant_id = $1 and p.id = u.pass_id
  join tenants_account a on a.tenant_id = $1 and a.id = p.account_id
 where u.tenant_id = $1 and u.has_let_in order by u.created_at desc limit 20
"""


class GateForm(BaseModel):
    """What somebody shows at the gate, for browsers without script."""

    code: str = Field(title=N_("Code or plate"), max_length=_CODE_MAX)
    nonce: str = Field("", title=N_("Number of this try"), max_length=_NONCE_MAX)


EXPECTED = (
    Column("name", t("Who is let in"), is_main=True),
    Column("plate", t("Plate"), format="code"),
    Column("number", t("Unit")),
    Column("valid_from", t("From"), value=lambda one: since_text(one["valid_from"])),
    Column("valid_until", t("Until"), value=lambda one: until_text(one["valid_until"])),
    Column("left", t("Times left"), format="number", value=lambda one: one["uses"] - one["used"]),
)
WORDS = {"accepted": t("Let in"), CONFLICT: t("Look at this one")}
TONES: dict[str, Tone] = {"accepted": "success", CONFLICT: "danger"}
MODES = {ONLINE: t("With network"), OFFLINE: t("Without network")}
CAME = (
    Column("at", t("Let in at"), format="datetime", is_main=True),
    Column("name", t("Who is let in")),
    Column("number", t("Unit")),
    Column("mode", t("How it was checked"), value=lambda one: MODES[one["mode"]]),
    Column("verdict", t("State"), format="badge", tones=TONES, words=WORDS),
    Column("by_name", t("By")),
)


async def gate(request: Request, actor: Actor) -> Response:
    """Show the gate: one field, who is expected, who came."""
    return await _gate(request, actor, _blank(), None)


def _blank() -> Form[GateForm]:
    return Form.blank(GateForm, {"nonce": str(uuid4())})


async def _gate(request: Request, actor: Actor, form: Form[GateForm], told: Told | None) -> Response:
    tenant_id = tenant_of(actor)
    context = {
        "root": root_of(actor),
        "form": form,
        "told": told,
        "reasons": REASONS,
        "words": {key: gettext(text) for key, text in REASONS.items()},
        "expected": await rows(_TODAY, tenant_id),
        "expected_columns": EXPECTED,
        "came": await _came(tenant_id),
        "came_columns": CAME,
    }
    status = 422 if form.errors else 200
    return await respond(request, "community/visitors/gate.html", context, status=status, headers=CAMERA)


async def _came(tenant_id: UUID) -> list[dict[str, Any]]:
    found = await rows(_CAME, tenant_id)
    verdicts = await scanning.verdicts_of(tenant_id, [one["pass_id"] for one in found])
    return [{**dict(one), "verdict": verdicts[one["id"]].verdict} for one in found]


async def typed(request: Request, actor: Actor) -> Response:
    """Let somebody in who shows a code or comes by a plate, or say why not."""
    form = await bind(request, GateForm)
    if not form.is_valid:
        return await _gate(request, actor, form, None)
    assert actor.person_id is not None  # noqa: S101 - staff are persons
    asked = Asked(form.ok.nonce or str(uuid4()), form.ok.code, actor.person_id)
    told = await scanning.scan(actor, asked)
    return await _gate(request, actor, _blank(), told)


async def scans(request: Request, actor: Actor) -> Response:
    """Judge or merge scans that the page sends; each is answered for good, in the order sent."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    sent = body.get("scans") if isinstance(body, dict) else None
    if not isinstance(sent, list) or not 0 < len(sent) <= MOST_SCANS:
        raise Invalid("scans.body", t("Send between one and {n} scans.", n=MOST_SCANS))
    device = _id(body.get("device")) or actor.person_id
    assert device is not None  # noqa: S101 - staff are persons
    told = [await scanning.scan(actor, _asked(one, device)) for one in sent]
    return JSONResponse({"told": [asdict(one) for one in told]}, headers={"Cache-Control": "no-store"})


def _asked(one: Any, device: UUID) -> Asked:
    """Read one scan; what is missing or of another kind is as if nobody had been let in."""
    facts = one if isinstance(one, dict) else {}
    nonce = str(facts.get("nonce", ""))[:_NONCE_MAX]
    if not nonce:
        raise Invalid("scans.nonce", t("Each scan needs a nonce of its own."))
    mode = OFFLINE if facts.get("mode") == OFFLINE else ONLINE
    return Asked(
        nonce=nonce,
        code=str(facts.get("code", ""))[:_CODE_MAX],
        device_id=device,
        mode=mode,
        scanned_at=_moment(facts.get("scanned_at")),
        has_let_in=mode == OFFLINE and facts.get("has_let_in") is True,
        reason=str(facts.get("reason", "")) if facts.get("reason") in REASONS else "",
        pass_id=_id(facts.get("ticket")),
    )


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _id(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


async def expected(request: Request, actor: Actor) -> Response:
    """Send what the page takes along for when there is no network."""
    del request
    return JSONResponse(await scanning.list_for(actor), headers={"Cache-Control": "no-store"})


async def script(request: Request, actor: Actor) -> Response:
    """Send the script that keeps the page for when there is no network."""
    del request
    return worker(f"{root_of(actor)}/gate", ["community/gate-core.js"])


ROUTES: list[BaseRoute] = [
    estate_route("/gate", gate, permission="gate.work", name="gate"),
    estate_route("/gate", typed, permission="gate.work", methods=WRITES, name="gate_typed"),
    estate_route("/gate/scans", scans, permission="gate.work", methods=WRITES, name="gate_scans"),
    estate_route("/gate/passes.json", expected, permission="gate.work", name="gate_passes"),
    estate_route("/gate/worker.js", script, permission="gate.work", name="gate_worker"),
]
