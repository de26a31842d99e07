"""The sandbox's own pages: templates, languages, and headers that forbid inline code."""

import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from deploy.sandbox.coins import major
from deploy.sandbox.texts import CHINESE, ENGLISH

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_ENV = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def language(request: Request) -> str:
    """`zh` or `en`: what `ui_locales` asks, else what the page remembers, else the browser's."""
    asked = request.query_params.get("ui_locales") or request.headers.get("accept-language", "")
    for tag in asked.replace(",", " ").split():
        code = tag.split(";")[0].split("-")[0].lower()
        if code in ("zh", "en"):
            return code
    return "en"


def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """Render a page in the reader's language."""
    lang = language(request)
    base = {"request": request, "lang": lang, "t": _translator(lang), "money": money, "linked": linked}
    other = "zh-CN" if lang == "en" else "en"
    base["other_language"] = "?" + str(_with(request.query_params, "ui_locales", other))
    html = _ENV.get_template(template).render({**base, **context})
    return HTMLResponse(html, status, {**_HEADERS, "Content-Language": "zh-CN" if lang == "zh" else "en"})


def go(url: str) -> Response:
    """Send the browser on after a form."""
    return RedirectResponse(url, 303, {"Cache-Control": "no-store"})


def with_query(url: str, **values: str | None) -> str:
    """The address with these parameters added; None is left out."""
    query = QueryParams([(k, v) for k, v in values.items() if v is not None])
    return url if not str(query) else f"{url}{'&' if '?' in url else '?'}{query}"


def money(amount_minor: int, currency: str) -> str:
    """Minor units as people read them: `CNY 1,234.50`."""
    code = currency.upper()
    return f"{code} {major(amount_minor, code):,}"


def linked(text: str) -> Markup:
    """Plain text with its web addresses made into links."""
    out = Markup("")
    for number, piece in enumerate(_split_addresses(text)):
        link = Markup('<a href="{0}">{0}</a>').format(piece)
        out += link if number % 2 else escape(piece)
    return out


def _split_addresses(text: str) -> list[str]:
    return re.split(r"(https?://[^\s<>\"'）)]+)", text)


def _translator(lang: str) -> Any:
    def translate(text: str, **values: Any) -> str:
        found = (CHINESE if lang == "zh" else ENGLISH).get(text, text)
        return found.format(**values) if values else found

    return translate


def _with(query: QueryParams, key: str, value: str) -> QueryParams:
    return QueryParams([(k, v) for k, v in query.multi_items() if k != key] + [(key, value)])
