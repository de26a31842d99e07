"""Seals for those who rely on them: the institution's chain, the bank's latest root, and what everybody may see."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute

from billing.bulk import files
from billing.bulk.files import Maker
from billing.ledger import asking
from billing.models import BankSeal, Seal
from billing.proof import verify_receipt
from billing.sealing import bundle, public_pages
from billing.sealing.proofs import KEYS_PATH, PROGRAM_PATH
from tenants.actor import Actor
from tenants.http import WRITES, bank_route, public_route, tenant_route
from tenants.models import Tenant
from tenants.navigation import Place, add_bank_places
from tenants.scope import row, rows, tenant_id
from tenants.sealing.keys import keys
from tenants.tasks import Progress
from ui.exports import export, wants_export
from ui.i18n import N_, t
from ui.render import redirect, respond
from ui.tables import Column, Page, TableQuery

add_bank_places(Place(N_("Seals"), "/seals", "bank.read", "shield", 60))
KIND = "ledger.bundle"


def short_hash(value: Any, row: Any) -> str:
    """Return the first digits of a hash, by which people tell two apart."""
    del row
    return f"{bytes(value).hex()[:16]}…" if value else ""


def full_hash(value: Any, row: Any) -> str:
    """Return a hash as it is compared."""
    del row
    return bytes(value).hex() if value else ""


COLUMNS = (
    Column("number", t("Seal"), format="number", is_main=True, align="start"),
    Column("sealed_at", t("Sealed"), format="datetime"),
    Column("entry_count", t("Entries"), format="number"),
    Column("hash", t("Hash"), format=short_hash),
)
FILED = (
    *COLUMNS[:-1],
    Column("hash", t("Hash"), format=full_hash),
    Column("root", t("Root"), format=full_hash),
)


async def seals(request: Request, actor: Actor) -> Response:
    """The institution's seals, the latest first, and taking its ledger out with its proof."""
    mine = Seal.filter(tenant_id=tenant_id())
    if wants_export(request):
        return await export(request, FILED, _each(mine), "seals")
    query = TableQuery.parse(request)
    found = await mine.order_by("-number").limit(query.limit).offset(query.offset)
    latest = await mine.order_by("-number").first()
    page = Page.of(query, found, latest.number if latest else 0)
    more = {"page": page, "columns": COLUMNS, "latest": latest, "program": PROGRAM_PATH}
    context = asking.context(actor, "/seals", **more, bank=actor.place["bank_slug"])
    return await respond(request, "billing/sealing/seals.html", context, block="list")


async def _each(found: Any) -> AsyncIterator[Seal]:
    last, most = 0, 1000
    while page := await found.filter(number__gt=last).order_by("number").limit(most):
        for seal in page:
            yield seal
        last = page[-1].number


async def take_out(request: Request, actor: Actor) -> Response:
    """Have the whole ledger put into one file with its proof."""
    total = await row(
        "select (select count(*) from billing_entry where tenant_id = $1)"
        " + (select count(*) from billing_bill_line where tenant_id = $1) n",
        tenant_id(),
    )
    task = await files.begin(actor, KIND, {}, total=total["n"] if total else 0)
    return redirect(request, f"{asking.root_of(actor)}/tasks/{task.id}")


async def _make(actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress) -> str:
    del asked
    tenant = await Tenant.get(id=actor.tenant_id)
    await bundle.write(tenant, path, progress.to)
    return f"ledger-{tenant.slug}.zip"


files.add_maker(Maker(KIND, "ledger.read", t("The ledger with its proof"), _make))

_INSTITUTIONS = """
select t.id, t.name, s.number, s.sealed_at, s.hash, s.entry_count
  from tenants_tenant t left join lateral (
    select number, sealed_at, hash, entry_count from billing_seal where tenant_id = t.id order by number desc limit 1
  ) s on true
 where t.bank_id = $1 order by s.sealed_at desc nulls last, t.name limit $2 offset $3
"""


def _institution_columns(root: str) -> tuple[Column, ...]:
    return (
        Column("name", t("Institution"), is_main=True, href=lambda each: f"{root}/tenants/{each['id']}"),
        Column("number", t("Latest seal"), format="number"),
        Column("sealed_at", t("Sealed"), format="datetime"),
        Column("hash", t("Hash"), format=short_hash),
    )


async def bank_seals(request: Request, actor: Actor) -> Response:
    """The bank's latest root, and the latest seal of each of its institutions."""
    assert actor.bank_id is not None  # noqa: S101 - the bank's door
    query = TableQuery.parse(request)
    found = await rows(_INSTITUTIONS, actor.bank_id, query.limit, query.offset)
    total = await Tenant.filter(bank_id=actor.bank_id).count()
    context = {
        "latest": await BankSeal.filter(bank_id=actor.bank_id).order_by("-number").first(),
        "page": Page.of(query, found, total),
        "columns": _institution_columns(f"/bank/{actor.place['slug']}"),
        "bank": actor.place["slug"],
    }
    return await respond(request, "billing/sealing/bank.html", context, block="list")


async def published_keys(request: Request) -> Response:
    """The public keys that seals are signed with: the current one first, then those before rotations."""
    del request
    current = keys().public
    listed = [
        {"key_id": name, "public_key": public.hex(), "algorithm": "Ed25519", "is_current": public == current}
        for name, public in keys().published.items()
    ]
    return JSONResponse({"keys": listed}, headers={"Cache-Control": "max-age=300"})


async def program(request: Request) -> Response:
    """The program that checks receipts and ledgers without us."""
    del request
    return FileResponse(
        Path(verify_receipt.__file__), media_type="text/x-python", filename="verify_receipt.py"
    )


ROUTES: list[BaseRoute] = [
    tenant_route("/ledger/seals", seals, permission="ledger.read", name="seals"),
    tenant_route(
        "/ledger/seals/files", take_out, permission="ledger.read", methods=WRITES, name="ledger_bundle"
    ),
    bank_route("/seals", bank_seals, permission="bank.read", name="bank_seals"),
    public_route(
        KEYS_PATH, published_keys, reason="whoever checks a receipt needs the key", name="seal_keys"
    ),
    public_route(PROGRAM_PATH, program, reason="anybody may check a receipt", name="seal_program"),
    *public_pages.ROUTES,
]
