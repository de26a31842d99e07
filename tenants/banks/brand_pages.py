"""A bank's brand: its names, its colour and its logo, as they are set and as everybody gets them."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from tenants.actor import Actor
from tenants.banks import structure
from tenants.banks.logo import ENDINGS, LIMITS, logo_named, logo_of, remove_logo, set_logo
from tenants.http import WRITES, bank_route, public_route
from tenants.scope import Scope, open_scope
from ui.brand import brand_accent
from ui.errors import Invalid
from ui.fields import FieldError, Upload
from ui.forms import Form, bind
from ui.i18n import N_, t
from ui.render import redirect, respond

_HEX = re.compile(r"#[0-9a-f]{6}")


def _colour(text: str) -> str:
    plain = "#" + text.strip().lower().lstrip("#")
    if not _HEX.fullmatch(plain):
        raise FieldError(t("Enter a colour like #0b5d7a."))
    return plain


class BrandForm(BaseModel):
    """The bank's names and colour."""

    name: str = Field(title=N_("Name in Chinese"), max_length=200)
    name_en: str = Field(title=N_("Name in English"), max_length=200)
    accent: Annotated[str, AfterValidator(_colour)] = Field(title=N_("Colour"))


class LogoForm(BaseModel):
    """A picture with the bank's logo."""

    file: Annotated[UploadFile, Upload(most_bytes=LIMITS.size, endings=ENDINGS)] = Field(
        title=N_("Picture with the logo")
    )


async def brand_form(request: Request, actor: Actor) -> Response:
    """Show the bank's names, colour and logo."""
    return await _brand(request, actor)


async def set_brand(request: Request, actor: Actor) -> Response:
    """Keep the bank's names and colour."""
    form = await bind(request, BrandForm)
    if form.is_valid:
        await structure.brand(actor, **form.ok.model_dump())
        return redirect(request, _door(actor), flash=t("The brand is changed."))
    return await _brand(request, actor, form=form, status=422)


async def upload(request: Request, actor: Actor) -> Response:
    """Take a new logo."""
    form = await bind(request, LogoForm)
    if form.is_valid:
        file = form.ok.file
        try:
            await set_logo(
                actor, filename=file.filename or "", content_type=file.content_type or "", content=file.file
            )
        except Invalid as error:
            form.fail("file", error.message)
        else:
            return redirect(request, _door(actor), flash=t("The logo is shown from now on."))
    return await _brand(request, actor, logo_form=form, status=422)


async def remove(request: Request, actor: Actor) -> Response:
    """Show no logo any more."""
    await remove_logo(actor)
    return redirect(request, _door(actor), flash=t("The logo is taken away."))


async def _brand(
    request: Request,
    actor: Actor,
    form: Form[BrandForm] | None = None,
    logo_form: Form[LogoForm] | None = None,
    status: int = 200,
) -> Response:
    values = {name: actor.place[name] for name in BrandForm.model_fields}
    form = form or Form.blank(BrandForm, values)
    wanted = str(form.value("accent")) or str(actor.place["accent"])
    shades = brand_accent(wanted)
    context = {
        "form": form,
        "logo_form": logo_form or Form.blank(LogoForm),
        "logo": logo_of(actor.place),
        "wanted": wanted.lower(),
        "fill": shades.fill,
        "is_kept": shades.fill.lower() == wanted.lower(),
        "endings": ",".join(ENDINGS),
        "root": f"/bank/{actor.place['slug']}",
    }
    return await respond(request, "tenants/banks/brand.html", context, status=status)


def _door(actor: Actor) -> str:
    return f"/bank/{actor.place['slug']}/brand"


async def logo(request: Request) -> Response:
    """Send a bank's logo; its address is that of one picture, so it may be kept for ever."""
    async with open_scope(Scope()):
        content = await logo_named(request.path_params["bank"], request.path_params["name"])
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(content, media_type="image/png", headers=headers)


WRITE = "policy.write"
ROUTES: list[BaseRoute] = [
    bank_route("/brand", brand_form, permission=WRITE, name="bank_brand"),
    bank_route("/brand", set_brand, permission=WRITE, methods=WRITES, name="bank_brand_set"),
    bank_route("/brand/logo", upload, permission=WRITE, methods=WRITES, name="bank_logo_set"),
    bank_route("/brand/logo/removal", remove, permission=WRITE, methods=WRITES, name="bank_logo_remove"),
    public_route(
        "/logos/{bank}/{name}.png", logo, reason="A bank's logo is as public as its name.", name="logo"
    ),
]
