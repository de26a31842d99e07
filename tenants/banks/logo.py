"""A bank's logo: drawn anew when it comes, kept like documents, open to everybody at an address that never changes.

What was uploaded is never what is sent: the picture is decoded and written again as a PNG, so that nothing rides along
in it. SVG is refused, since it is a program as much as a picture.
"""

import asyncio
import io
from collections.abc import Mapping
from typing import IO, Any

from PIL import Image, UnidentifiedImageError

from tenants import audit
from tenants.actor import Actor
from tenants.banks.reach import bank_of
from tenants.file_kinds import FileRefused, Kind
from tenants.files import FileLimits, storage
from tenants.models import Bank
from ui.errors import NotFound
from ui.i18n import t

LIMITS = FileLimits(size=500_000, pixels=4_000_000, kinds=frozenset({Kind.PNG, Kind.JPEG}))
ENDINGS = (".png", ".jpg", ".jpeg")
WIDEST, TALLEST = 800, 240
"""Pixels that are kept: three times what a page shows, for dense screens and paper."""
_TAIL = 40


def logo_url(slug: str, key: str) -> str:
    """Return the address of a bank's logo; empty when it has none. Another picture has another address."""
    return f"/logos/{slug}/{key[-_TAIL:]}.png" if key else ""


def logo_of(place: Mapping[str, Any]) -> str:
    """Return the logo's address from what an actor knows of a place: a bank, or an institution with its bank."""
    if "bank_logo" in place:
        return logo_url(place["bank_slug"], place["bank_logo"] or "")
    return logo_url(str(place.get("slug", "")), str(place.get("logo_key") or ""))


async def set_logo(actor: Actor, *, filename: str, content_type: str, content: IO[bytes]) -> Bank:
    """Check a picture, draw it anew and show it as the bank's logo from now on.

    Raises:
        FileRefused: it is too large, no PNG or JPEG, or cannot be read.
    """
    actor.require("policy.write")
    actor.require_fresh()
    found = await Bank.get(id=bank_of(actor))
    key = await asyncio.to_thread(_keep, found.id.hex, filename, content_type, content)
    return await _change(actor, found, key)


async def remove_logo(actor: Actor) -> Bank:
    """Show the bank's name alone again; papers that are printed from now on carry no logo."""
    actor.require("policy.write")
    actor.require_fresh()
    return await _change(actor, await Bank.get(id=bank_of(actor)), "")


async def _change(actor: Actor, found: Bank, key: str) -> Bank:
    before, found.logo_key = found.logo_key, key
    await Bank.filter(id=found.id).update(logo_key=key)
    await audit.record(
        actor,
        "bank.logo_changed",
        subject_kind="bank",
        subject_id=found.id,
        subject_label=found.name_en,
        before={"logo": before[-_TAIL:]},
        after={"logo": key[-_TAIL:]},
    )
    return found


def _keep(owner: str, filename: str, content_type: str, content: IO[bytes]) -> str:
    kept = storage().save(
        content, owner_key=owner, filename=filename, declared_type=content_type, limits=LIMITS
    )
    try:
        with storage().open(kept.key) as uploaded:
            drawn = _drawn(uploaded)
    finally:
        storage().delete(kept.key)
    return storage().save(drawn, owner_key=owner, filename="logo.png", limits=LIMITS).key


def _drawn(uploaded: IO[bytes]) -> bytes:
    """Return the picture as a PNG of our own making, small enough for every page."""
    out = io.BytesIO()
    try:
        with Image.open(uploaded) as picture:
            mode = "RGBA" if picture.has_transparency_data else "RGB"
            plain = picture.convert(mode)
        plain.thumbnail((WIDEST, TALLEST))
        plain.save(out, "PNG", optimize=True)
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError):
        raise FileRefused("file.damaged", t("The file is damaged and cannot be opened.")) from None
    return out.getvalue()


def read_logo(key: str) -> bytes:
    """Return the picture; nothing when the bank has none or it is gone. Blocking: call from a thread."""
    try:
        with storage().open(key) as kept:
            return kept.read()
    except FileNotFoundError:
        return b""


async def logo_named(slug: str, name: str) -> bytes:
    """Return the logo that a bank shows now, by the name in its address.

    Raises:
        NotFound: there is no such bank, or it shows another one by now.
    """
    found = await Bank.get_or_none(slug=slug)
    if (
        found is not None
        and found.logo_key[-_TAIL:] == name
        and (content := await asyncio.to_thread(read_logo, found.logo_key))
    ):
        return content
    raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
