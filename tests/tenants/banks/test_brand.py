"""A bank's logo: drawn anew, sent to everybody for ever, taken away again; and nothing that acts is ever kept."""

import io
from email import message_from_bytes, policy

import pytest
from PIL import Image, PngImagePlugin

from tenants import messages
from tenants.banks import logo
from tenants.file_kinds import FileRefused
from tenants.models import Audit, Bank
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.page import inspect
from ui.errors import Forbidden

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def picture(form="PNG", size=(1600, 400), **given) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#0b5d7a").save(out, form, **given)
    return out.getvalue()


def hiding() -> bytes:
    """A good picture with a comment and a page behind its end."""
    comment = PngImagePlugin.PngInfo()
    comment.add_text("Comment", "a secret place")
    return picture(pnginfo=comment) + b"<script>alert(1)</script>"


@pytest.fixture
async def chief(db, bank):
    return await make.bank_staff(bank, "administrator", "Lin Mei Hua")


async def put(actor, bank, content, name="logo.png", declared="image/png"):
    async with open_scope(bank_scope(bank.id)):
        return await logo.set_logo(actor, filename=name, content_type=declared, content=io.BytesIO(content))


async def test_what_is_sent_is_drawn_anew_and_small(client, bank, chief):
    made = await put(chief, bank, hiding())
    address = logo.logo_url(bank.slug, made.logo_key)
    answer = await client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"script" not in answer.content
    assert b"secret" not in answer.content
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.format == "PNG"
    assert shown.size == (800, 200)
    async with open_scope(bank_scope(bank.id)):
        again = await put(chief, bank, picture("JPEG"), "logo.JPG", "image/jpeg")
        assert await Audit.filter(bank_id=bank.id, act="bank.logo_changed").count() == 2
    assert again.logo_key != made.logo_key
    assert (await client.get(address)).status_code == 404
    assert (await client.get(logo.logo_url("nobody", again.logo_key))).status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "declared"),
    [
        (SVG, "logo.svg", "image/svg+xml"),
        (SVG, "logo.png", "image/png"),
        (picture("WEBP"), "logo.webp", "image/webp"),
        (b"\x89PNG\r\n\x1a\n" + picture()[8:60], "logo.png", "image/png"),
        (picture(size=(2100, 2100)), "logo.png", "image/png"),
        (picture() + b"x" * logo.LIMITS.size, "logo.png", "image/png"),
    ],
    ids=["svg", "svg as png", "webp", "cut off", "too many pixels", "too large"],
)
async def test_what_is_no_plain_picture_is_refused(bank, chief, content, name, declared):
    with pytest.raises(FileRefused):
        await put(chief, bank, content, name, declared)
    async with open_scope(bank_scope(bank.id)):
        assert (await Bank.get(id=bank.id)).logo_key == ""


@pytest.mark.parametrize("role", ["relationship_manager", "reviewer", "auditor"])
async def test_nobody_else_sets_it(bank, db, role):
    with pytest.raises(Forbidden):
        await put(await make.bank_staff(bank, role), bank, picture())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_the_page_takes_shows_and_removes_it(client, bank, chief, language):
    headers, door = {"Accept-Language": language}, f"/bank/{bank.slug}/brand"
    await make.sign_in(client, chief.person_id)
    inspect((await client.get(door, headers=headers)).text)
    wrong = await client.post(
        f"{door}/logo", files={"file": ("a.svg", SVG, "image/svg+xml")}, headers=headers
    )
    assert wrong.status_code == 422
    inspect(wrong.text)
    files = {"file": ("logo.png", picture(), "image/png")}
    assert (await client.post(f"{door}/logo", files=files)).status_code == 303
    page = await client.get(door, headers=headers)
    inspect(page.text)
    assert page.text.count(f"/logos/{bank.slug}/") == 2, "in the bar and on the page"
    assert ("海港银行的标志" if language == "zh-CN" else "Logo of Harbour Bank") in page.text
    tenant = await make.tenant(bank)
    worker = await make.staff(tenant)
    await make.sign_in(client, worker.person_id)
    assert f"/logos/{bank.slug}/" in (await client.get(f"/t/{tenant.slug}")).text
    await make.sign_in(client, chief.person_id)
    assert (await client.post(f"{door}/logo/removal")).status_code == 303
    assert "/logos/" not in (await client.get(door)).text


async def test_letters_carry_it_inside_and_stay_readable_without(bank, chief):
    made = await put(chief, bank, picture())
    head = messages.Letterhead("Harbour Bank", logo.read_logo(made.logo_key))
    body = "Dear <Ann>,\nsee https://cloud.test/pay/x"
    letter = messages.write("ann@example.com", "A bill", body, head)
    kept = message_from_bytes(letter.as_bytes(), policy=policy.default)
    assert kept.get_body(("plain",)).get_content().strip() == body
    html = kept.get_body(("html",)).get_content()
    assert "Dear &lt;Ann&gt;,<br>" in html
    assert '<a href="https://cloud.test/pay/x">' in html
    assert 'alt="Harbour Bank"' in html
    images = [part for part in kept.walk() if part.get_content_type() == "image/png"]
    assert f"cid:{images[0]['Content-ID'].strip('<>')}" in html
    assert images[0].get_content() == head.logo
    plain = messages.write("ann@example.com", "A bill", body, messages.Letterhead("Harbour Bank", b""))
    assert plain.get_content_type() == "text/plain"
