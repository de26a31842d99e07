"""Gates for staff: gates and their devices, what was scanned, conflicts to look at, annulling a scan."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.charges.fee_pages import root_of
from billing.names import localized
from scenarios.tourism.gates import scan_list
from scenarios.tourism.gates.scanning import REASONS, judge_again
from scenarios.tourism.models import Device, Gate, Product, Redemption, Site
from scenarios.tourism.planning.pages import require_here
from scenarios.tourism.planning.services import site_of
from scenarios.tourism.words import DIRECTION_WORDS, MODE_WORDS, VERDICT_TONES, VERDICT_WORDS, WAY_WORDS
from tenants import audit
from tenants.actor import Actor
from tenants.codes import hash_token, new_token
from tenants.gates.judging import ANNULLED, CONFLICT
from tenants.http import WRITES, path_id, tenant_route
from tenants.runtime import runtime
from ui.errors import Conflict, Invalid, NotFound
from ui.exports import export, wants_export
from ui.forms import Form, bind
from ui.i18n import N_, gettext, t, texts
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

MOST_GATES = 200


class GateForm(BaseModel):
    """A gate."""

    name: str = Field(title=N_("Name"), max_length=60)
    way: str = Field("both", title=N_("Which way"), pattern="^(both|entry|exit)$")
    products: list[str] = Field(default_factory=list, title=N_("Lets in only"))
    is_open: bool = Field(False, title=N_("Open"))


class DeviceForm(BaseModel):
    """A device that is added to a gate."""

    device: str = Field(title=N_("Name of the device"), max_length=60)


class Settling(BaseModel):
    """Why a scan is annulled."""

    reason: str = Field(title=N_("Reason"), max_length=200)


async def gates(request: Request, actor: Actor) -> Response:
    """List the gates of all sites, with their devices and how many conflicts wait."""
    require_here(actor)
    sites = await Site.filter(tenant_id=actor.tenant_id).order_by("word")
    found = await Gate.filter(tenant_id=actor.tenant_id).order_by("name").limit(MOST_GATES)
    devices = await Device.filter(tenant_id=actor.tenant_id, revoked_at=None).order_by("name")
    context = {
        "sites": sites,
        "gates": found,
        "devices": devices,
        "ways": WAY_WORDS,
        "conflicts": await Redemption.filter(
            tenant_id=actor.tenant_id, verdict=CONFLICT, settled_at=None
        ).count(),
        "root": root_of(request),
        "may_write": actor.may("gates.write"),
    }
    return await respond(request, "tourism/gates/gates.html", context)


async def gate_of(actor: Actor, gate_id: UUID) -> Gate:
    """Return a gate of the actor's institution.

    Raises:
        NotFound: there is none.
    """
    found = await Gate.get_or_none(tenant_id=actor.tenant_id, id=gate_id)
    if found is None:
        raise NotFound("gate.not_found", t("There is no such gate."))
    return found


async def new_gate(request: Request, actor: Actor) -> Response:
    """Show the form of a new gate."""
    site = await site_of(actor, path_id(request))
    return await _gate(request, site, None, Form.blank(GateForm, {"is_open": True, "way": "both"}))


async def add_gate(request: Request, actor: Actor) -> Response:
    """Add a gate."""
    site = await site_of(actor, path_id(request))
    form = await bind(request, GateForm)
    if not form.is_valid:
        return await _gate(request, site, None, form, status=422)
    made = await Gate.create(tenant_id=site.tenant_id, site_id=site.id, **form.ok.model_dump())
    await _record(actor, "gate.added", "gate", made.id, made.name, form.ok.model_dump())
    return redirect(request, f"{root_of(request)}/gates/{made.id}", flash=t("The gate is added."))


async def gate(request: Request, actor: Actor) -> Response:
    """Show a gate with its devices."""
    found = await gate_of(actor, path_id(request))
    values = {name: getattr(found, name) for name in GateForm.model_fields}
    return await _page(request, actor, found, Form.blank(GateForm, values), Form.blank(DeviceForm))


async def _page(  # noqa: PLR0917 - the parts of one page
    request: Request,
    actor: Actor,
    found: Gate,
    form: Form[GateForm],
    adding: Form[DeviceForm],
    key: str = "",
    status: int = 200,
) -> Response:
    site = await site_of(actor, found.site_id)
    context = {
        **await _choices(site),
        "site": site,
        "gate": found,
        "form": form,
        "adding": adding,
        "link": f"{runtime().public_url.rstrip('/')}/gate/devices/{key}" if key else "",
        "devices": await Device.filter(tenant_id=found.tenant_id, gate_id=found.id).order_by("-created_at"),
        "root": root_of(request),
        "may_write": actor.may("gates.write"),
    }
    return await respond(request, "tourism/gates/gate.html", context, status=status)


async def _choices(site: Site) -> dict[str, Any]:
    products = await Product.filter(tenant_id=site.tenant_id, site_id=site.id).order_by("position", "key")
    return {
        "ways": [(key, gettext(text)) for key, text in WAY_WORDS.items()],
        "products": [(str(one.id), localized(one.names)) for one in products if one.kind != "combo"],
    }


async def _gate(
    request: Request, site: Site, found: Gate | None, form: Form[GateForm], status: int = 200
) -> Response:
    context = {
        **await _choices(site),
        "site": site,
        "gate": found,
        "form": form,
        "root": root_of(request),
    }
    return await respond(request, "tourism/gates/gate_new.html", context, status=status)


async def change_gate(request: Request, actor: Actor) -> Response:
    """Change a gate; its devices hear of it with their next list."""
    found = await gate_of(actor, path_id(request))
    form = await bind(request, GateForm)
    if not form.is_valid:
        return await _page(request, actor, found, form, Form.blank(DeviceForm), status=422)
    found.update_from_dict(form.ok.model_dump())
    await found.save()
    await _record(actor, "gate.changed", "gate", found.id, found.name, form.ok.model_dump())
    return redirect(request, f"{root_of(request)}/gates/{found.id}", flash=t("The gate is changed."))


async def add_device(request: Request, actor: Actor) -> Response:
    """Add a device and show its link, once: only its hash is kept."""
    actor.require_fresh()
    found = await gate_of(actor, path_id(request))
    values = {name: getattr(found, name) for name in GateForm.model_fields}
    form, adding = Form.blank(GateForm, values), await bind(request, DeviceForm)
    if not adding.is_valid:
        return await _page(request, actor, found, form, adding, status=422)
    key = new_token()
    made = await Device.create(
        tenant_id=found.tenant_id,
        gate_id=found.id,
        name=adding.ok.device,
        key_hash=hash_token(key),
        added_by_name=actor.name[:100],
    )
    await _record(actor, "device.added", "device", made.id, made.name, {"gate": found.name})
    return await _page(request, actor, found, form, Form.blank(DeviceForm), key)


async def revoke(request: Request, actor: Actor) -> Response:
    """Revoke a device that was lost; it can no longer send or fetch anything."""
    device = await Device.get_or_none(tenant_id=actor.tenant_id, id=path_id(request))
    if device is None:
        raise NotFound("device.not_found", t("There is no such device."))
    device.revoked_at = device.revoked_at or datetime.now(UTC)
    await device.save(update_fields=["revoked_at"])
    await _record(actor, "device.revoked", "device", device.id, device.name, {})
    return redirect(request, f"{root_of(request)}/gates/{device.gate_id}", flash=t("The device is revoked."))


def _columns(root: str) -> tuple[Column, ...]:
    return (
        Column("scanned_at", t("Scanned"), format="datetime", sortable=True, is_main=True,
               href=lambda row: f"{root}/scans/{row['id']}"),
        Column("number", t("Ticket"), format="code"),
        Column("gate", t("Gate")),
        Column("direction", t("Direction"), words=texts(DIRECTION_WORDS)),
        Column("people", t("How many people"), format="number"),
        Column("verdict", t("Verdict"), format="badge", words=texts(VERDICT_WORDS), tones=VERDICT_TONES),
        Column("reason", t("Reason"), words=texts({key: word for key, word in REASONS.items() if key})),
        Column("mode", t("How"), words=texts(MODE_WORDS)),
    )  # fmt: skip


async def scans(request: Request, actor: Actor) -> Response:
    """List, search and download scans; conflicts first where they are asked for."""
    require_here(actor)
    root = root_of(request)
    columns = _columns(root)
    query = TableQuery.parse(request, columns=columns, filters=scan_list.FILTERS, default_sort="-scanned_at")
    if wants_export(request):
        return await export(request, columns, scan_list.everything(actor, query), "scans")
    found, total = await scan_list.page_of(actor, query)
    gates_ = await Gate.filter(tenant_id=actor.tenant_id).order_by("name").limit(MOST_GATES)
    context = {
        "page": Page.of(query, found, total),
        "columns": columns,
        "verdicts": [(key, gettext(text)) for key, text in VERDICT_WORDS.items()],
        "modes": [(key, gettext(text)) for key, text in MODE_WORDS.items()],
        "gates": [(str(one.id), one.name) for one in gates_],
        "root": root,
    }
    return await respond(request, "tourism/gates/scans.html", context, block="list")


async def scan(request: Request, actor: Actor) -> Response:
    """Show one scan beside all others of its ticket."""
    return await _scan(request, actor, await _scan_of(actor, path_id(request)), Form.blank(Settling))


async def _scan_of(actor: Actor, scan_id: UUID) -> Redemption:
    found = await Redemption.get_or_none(tenant_id=actor.tenant_id, id=scan_id)
    if found is None:
        raise NotFound("scan.not_found", t("There is no such scan."))
    return found


async def _scan(
    request: Request, actor: Actor, found: Redemption, form: Form[Settling], status: int = 200
) -> Response:
    context = {
        "scan": found,
        "form": form,
        "others": await scan_list.of_ticket(actor, found),
        "words": (VERDICT_WORDS, DIRECTION_WORDS, MODE_WORDS, REASONS),
        "tones": VERDICT_TONES,
        "may_annul": actor.may("gates.supervise") and found.verdict in {"accepted", CONFLICT},
        "root": root_of(request),
    }
    return await respond(request, "tourism/gates/scan.html", context, status=status)


async def annul(request: Request, actor: Actor) -> Response:
    """Annul a scan that should not have been: its ticket is judged again without it."""
    found = await _scan_of(actor, path_id(request))
    form = await bind(request, Settling)
    if not form.is_valid:
        return await _scan(request, actor, found, form, status=422)
    await annul_scan(actor, found.id, form.ok.reason)
    return redirect(request, f"{root_of(request)}/scans/{found.id}", flash=t("The scan is annulled."))


async def settle(request: Request, actor: Actor) -> Response:
    """Say that a conflict was looked at, and what was found."""
    found = await _scan_of(actor, path_id(request))
    form = await bind(request, Settling)
    if not form.is_valid:
        return await _scan(request, actor, found, form, status=422)
    if found.verdict != CONFLICT:
        raise Conflict("scan.no_conflict", t("This scan is no conflict."))
    await _note(actor, found, form.ok.reason)
    await _record(actor, "scan.settled", "scan", found.id, found.nonce, {"reason": form.ok.reason})
    return redirect(request, f"{root_of(request)}/scans?verdict=conflict", flash=t("Noted."))


async def annul_scan(actor: Actor, scan_id: UUID, reason: str) -> None:
    """Take a scan out of what its ticket's scans come to; it stays in the list with the reason.

    Raises:
        Conflict: it let nobody in, or is annulled already.
        Invalid: no reason.
    """
    actor.require("gates.supervise")
    if not reason.strip():
        text = t("Say why.")
        raise Invalid("scan.reason", text, fields={"reason": text})
    found = await Redemption.filter(tenant_id=actor.tenant_id, id=scan_id).get()
    if found.verdict not in {"accepted", CONFLICT}:
        raise Conflict("scan.not_annullable", t("Only a scan that let somebody in can be annulled."))
    found.verdict = ANNULLED
    await found.save(update_fields=["verdict"])
    await _note(actor, found, reason)
    if found.ticket_id:
        await judge_again(found.tenant_id, found.ticket_id)
    await _record(actor, "scan.annulled", "scan", found.id, found.nonce, {"reason": reason})


async def _note(actor: Actor, found: Redemption, reason: str) -> None:
    found.settled_by_name, found.settled_at, found.settled_reason = (
        actor.name[:100],
        datetime.now(UTC),
        reason,
    )
    await found.save(update_fields=["settled_by_name", "settled_at", "settled_reason"])


async def _record(  # noqa: PLR0917 - who did what to which
    actor: Actor, act: str, kind: str, row_id: UUID, label: str, after: Mapping[str, Any]
) -> None:
    await audit.record(
        actor, act, subject_kind=kind, subject_id=row_id, subject_label=label, after=dict(after)
    )


READ, WRITE, SUPERVISE = "gates.read", "gates.write", "gates.supervise"
ROUTES: list[BaseRoute] = [
    tenant_route("/gates", gates, permission=READ, name="tourism_gates"),
    tenant_route("/sites/{id}/gates/new", new_gate, permission=WRITE, name="tourism_gate_new"),
    tenant_route("/sites/{id}/gates", add_gate, permission=WRITE, methods=WRITES, name="tourism_gate_add"),
    tenant_route("/gates/{id}", gate, permission=READ, name="tourism_gate"),
    tenant_route("/gates/{id}", change_gate, permission=WRITE, methods=WRITES, name="tourism_gate_change"),
    tenant_route(
        "/gates/{id}/devices", add_device, permission=WRITE, methods=WRITES, name="tourism_device_add"
    ),
    tenant_route(
        "/gate-devices/{id}/revocation",
        revoke,
        permission=WRITE,
        methods=WRITES,
        name="tourism_device_revoke",
    ),
    tenant_route("/scans", scans, permission=READ, name="tourism_scans"),
    tenant_route("/scans/{id}", scan, permission=READ, name="tourism_scan"),
    tenant_route(
        "/scans/{id}/annulment", annul, permission=SUPERVISE, methods=WRITES, name="tourism_scan_annul"
    ),
    tenant_route(
        "/scans/{id}/settling", settle, permission=SUPERVISE, methods=WRITES, name="tourism_scan_settle"
    ),
]
