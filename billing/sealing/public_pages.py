"""What everybody may see of seals: every bank's chain of hashes, and whether a hash is one of them."""

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from billing.models import BankSeal
from billing.sealing.proofs import KEYS_PATH, PROGRAM_PATH
from tenants import throttle
from tenants.http import client_ip, public_route
from tenants.models import Bank
from tenants.scope import NOTHING, open_scope
from tenants.sealing.keys import keys
from ui.errors import NotFound
from ui.i18n import current_locale, t
from ui.render import respond
from ui.tables import Column, Page, TableQuery

REASON = "what is published can be compared by anybody"
TRIES = ("120/10 minutes",)
_HASH = re.compile("[0-9a-f]{64}")


def _hex(value: bytes, row: BankSeal) -> str:
    del row
    return bytes(value).hex()


COLUMNS = (
    Column("number", t("Number"), format="number", is_main=True, align="start"),
    Column("sealed_at", t("Published"), format="datetime"),
    Column("hash", t("Root of the bank"), format=_hex),
    Column("seal_hash", t("Seal"), format=_hex),
)


async def banks(request: Request) -> Response:
    """Every bank with its latest root."""
    async with open_scope(NOTHING):
        found = [(bank, await _latest(bank)) for bank in await Bank.all().order_by("slug")]
    context = {"banks": [(_name(bank), bank.slug, latest) for bank, latest in found], **_shared()}
    return await respond(request, "billing/sealing/public.html", context)


async def chain(request: Request) -> Response:
    """A bank's chain, the latest first; or the link with the hash that was asked for."""
    await throttle.spend("seals", client_ip(request), TRIES)
    asked = request.query_params.get("q", "").strip().lower()
    async with open_scope(NOTHING):
        bank = await Bank.get_or_none(slug=request.path_params["bank"])
        if bank is None:
            raise NotFound("page.not_found", t("There is no such page."))
        query, latest = TableQuery.parse(request), await _latest(bank)
        found = await (_with_hash(bank, asked) if asked else _page(bank, query))
    page = Page.of(query, found, latest.number if latest and not asked else len(found))
    more = {"asked": asked, "latest": latest, "name": _name(bank)}
    context = {"page": page, "columns": COLUMNS, "slug": bank.slug, **more, **_shared()}
    return await respond(request, "billing/sealing/chain.html", context, block="list")


async def _page(bank: Bank, query: TableQuery) -> list[BankSeal]:
    links = BankSeal.filter(bank_id=bank.id).order_by("-number")
    return await links.limit(query.limit).offset(query.offset)


async def _with_hash(bank: Bank, asked: str) -> list[BankSeal]:
    """Return the link whose seal has this hash; the latest root is found too, for that is what people note down."""
    if not _HASH.fullmatch(asked):
        return []
    hashed = bytes.fromhex(asked)
    found = await BankSeal.filter(bank_id=bank.id, seal_hash=hashed)
    return found or await BankSeal.filter(bank_id=bank.id, hash=hashed)


async def _latest(bank: Bank) -> BankSeal | None:
    return await BankSeal.filter(bank_id=bank.id).order_by("-number").first()


def _name(bank: Bank) -> str:
    return bank.name if current_locale() == "zh_CN" else bank.name_en


def _shared() -> dict[str, str]:
    return {"keys_path": KEYS_PATH, "program_path": PROGRAM_PATH, "public_key": keys().public.hex()}


ROUTES: list[BaseRoute] = [
    public_route("/seals", banks, reason=REASON, name="public_seals"),
    public_route("/seals/{bank}", chain, reason=REASON, name="public_chain"),
]
