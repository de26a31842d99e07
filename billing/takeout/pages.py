"""Taking everything along: made in the background, its fingerprint in the trail for whoever closes the institution."""

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.bulk import files
from billing.bulk.files import Maker
from billing.takeout import writing
from tenants import audit
from tenants.actor import Actor
from tenants.http import WRITES, tenant_route
from tenants.models import Tenant
from tenants.navigation import Place, add_tenant_places
from tenants.scope import rows
from tenants.tasks import Progress
from ui.i18n import N_, t
from ui.render import redirect, respond

KIND, RIGHT = "takeout", "settings.write"
add_tenant_places(Place(N_("Take everything along"), "/takeout", RIGHT, "download", 94))
_MADE = (
    "select created_at, person_name, after->>'sha256' sha256, (after->>'rows')::int count from tenants_audit"
    " where tenant_id = $1 and act = 'tenant.taken_out' order by created_at desc limit 10"
)


async def show(request: Request, actor: Actor) -> Response:
    """Show what was taken along so far, and the way to do it."""
    context = {"made": await rows(_MADE, actor.tenant_id), "root": f"/t/{actor.place['slug']}"}
    return await respond(request, "billing/takeout/takeout.html", context)


async def begin(request: Request, actor: Actor) -> Response:
    """Have the file made."""
    actor.require_fresh()
    total = await writing.estimate(await Tenant.get(id=actor.tenant_id))
    asked = {"by": str(actor.person_id or ""), "name": actor.name}
    task = await files.begin(actor, KIND, asked, total=total)
    return redirect(request, f"/t/{actor.place['slug']}/tasks/{task.id}")


async def _make(actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress) -> str:
    tenant = await Tenant.get(id=actor.tenant_id)
    manifest = await writing.write(tenant, path, progress.to)
    digest = hashlib.sha256(await asyncio.to_thread(path.read_bytes)).hexdigest()
    await audit.record(
        Actor(kind="system", name=str(asked["name"]), tenant_id=tenant.id),
        "tenant.taken_out",
        subject_kind="tenant",
        subject_id=tenant.id,
        subject_label=tenant.name,
        after={"sha256": digest, "rows": manifest["rows"]},
        bank_id=tenant.bank_id,
    )
    return f"{tenant.slug}.zip"


files.add_maker(Maker(KIND, RIGHT, t("Everything, with a manifest"), _make))
ROUTES: list[BaseRoute] = [
    tenant_route("/takeout", show, permission=RIGHT, name="takeout"),
    tenant_route("/takeout", begin, permission=RIGHT, methods=WRITES, name="takeout_begin"),
]
