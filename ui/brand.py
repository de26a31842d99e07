"""One accent colour from the bank's brand, with the shades that keep text readable (WCAG 2.2: 4.5 to 1)."""

import colorsys
import re
from collections.abc import Callable
from dataclasses import dataclass

DEFAULT = "1d4f91"
AA = 4.5
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
_LIGHT, _DARK = (246, 248, 250), (27, 31, 38)
_STEPS = 60
Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Accent:
    """Colours as ``#rrggbb``: a filled surface, the same when pointed at, text on it, and text in the accent.

    The ``dark_`` ones are for dark surfaces.
    """

    fill: str
    hover: str
    on: str
    ink: str
    soft: str
    dark_fill: str
    dark_hover: str
    dark_on: str
    dark_ink: str
    dark_soft: str


def brand_accent(value: str) -> Accent:
    """Return the accessible shades of a brand colour; what is no colour gives the house's blue."""
    found = _HEX.fullmatch(value.strip())
    base = _parse(found[1] if found else DEFAULT)
    white = (255, 255, 255)
    fill = _until(base, _darker, lambda c: contrast(c, white) >= AA)
    ink = _until(base, _darker, lambda c: contrast(c, _mix(c, _LIGHT, 0.12)) >= AA)
    dark_ink = _until(base, _lighter, lambda c: contrast(c, _mix(c, _DARK, 0.22)) >= AA)
    dark_fill = _until(base, _lighter, lambda c: contrast(c, _DARK) >= AA)
    return Accent(
        fill=_hex(fill), hover=_hex(_darker(_darker(_darker(fill)))), on="#ffffff", ink=_hex(ink),
        soft=_hex(_mix(ink, _LIGHT, 0.12)), dark_fill=_hex(dark_fill),
        dark_hover=_hex(_lighter(_lighter(_lighter(dark_fill)))), dark_on="#11151c", dark_ink=_hex(dark_ink),
        dark_soft=_hex(_mix(dark_ink, _DARK, 0.22)),
    )  # fmt: skip


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def stylesheet(value: str) -> str:
    """Return the rules that set the accent of a brand; outside all layers, so that they win."""
    a = brand_accent(value)
    light = f"--accent:{a.fill};--accent-hover:{a.hover};--on-accent:{a.on};--accent-ink:{a.ink};--accent-soft:{a.soft}"
    dark = (
        f"--accent:{a.dark_fill};--accent-hover:{a.dark_hover};--on-accent:{a.dark_on};"
        f"--accent-ink:{a.dark_ink};--accent-soft:{a.dark_soft}"
    )
    return (
        f":root{{{light}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{{dark}}}}}\n"
    )


def _until(colour: Rgb, step: Callable[[Rgb], Rgb], is_enough: Callable[[Rgb], bool]) -> Rgb:
    for _ in range(_STEPS):
        if is_enough(colour):
            break
        colour = step(colour)
    return colour


def _mix(one: Rgb, other: Rgb, share: float) -> Rgb:
    r, g, b = (round(a * share + c * (1 - share)) for a, c in zip(one, other, strict=True))
    return r, g, b


def _darker(colour: Rgb) -> Rgb:
    return _shifted(colour, -0.02)


def _lighter(colour: Rgb) -> Rgb:
    return _shifted(colour, 0.02)


def _shifted(colour: Rgb, by: float) -> Rgb:
    """Return the colour lighter or darker, its hue and saturation kept."""
    hue, light, saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    r, g, b = colorsys.hls_to_rgb(hue, min(max(light + by, 0.0), 1.0), saturation)
    return round(r * 255), round(g * 255), round(b * 255)


def _luminance(colour: Rgb) -> float:
    r, g, b = (_linear(part / 255) for part in colour)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - sRGB


def _parse(digits: str) -> Rgb:
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
