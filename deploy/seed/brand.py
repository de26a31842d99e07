"""The logo of the demonstration's bank: a light over two waves, drawn here so that nothing has to be fetched."""

import io
import math

from PIL import Image, ImageDraw

from tenants.actor import Actor
from tenants.banks.logo import set_logo
from tenants.models import Bank

_SIDE, _DEEP, _LIGHT = 240, "#0b5d7a", "#f2b705"


async def show_logo(chief: Actor, bank: Bank) -> None:
    """Give the bank its logo, unless it has one."""
    if not bank.logo_key:
        await set_logo(chief, filename="logo.png", content_type="image/png", content=io.BytesIO(_drawn()))


def _drawn() -> bytes:
    picture = Image.new("RGBA", (_SIDE, _SIDE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, _SIDE - 1, _SIDE - 1), 48, fill=_DEEP)
    pen.ellipse((84, 38, 156, 110), fill=_LIGHT)
    for top in (140, 184):
        crest = [(x, top + 10 * math.sin(x / 22)) for x in range(28, 213, 4)]
        pen.line(crest, fill="white", width=16, joint="curve")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
