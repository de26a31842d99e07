"""The pages where a person signs in: who, for which enterprise, and how strongly."""

from starlette.requests import Request
from starlette.responses import Response

from deploy.sandbox.oidc.authorize import Refused, Wish, browser_session, grant, refuse, wish_of
from deploy.sandbox.oidc.model import KINDS, Provider, provider_of
from deploy.sandbox.pages import go, page
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import new_id

_SHOWN = 48
_SHOWN_FILTERED = 60
_ORDINARY_LEVEL = 2


async def sign_in(request: Request) -> Response:
    """The step of the sign-in that is due, shown by GET and taken by POST."""
    provider = provider_of(request)
    kept = _interaction(request, provider)
    if provider is None or kept is None:
        text = "Go back to the application and sign in again."
        return page(request, "message.html", 404, title="This sign-in has ended", text=text)
    if request.method == "GET":
        return _show(request, provider, kept)
    form = {k: str(v) for k, v in (await request.form()).items()}
    return _take(request, provider, kept, form)


def _here(request: Request) -> str:
    return f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path


def _interaction(request: Request, provider: Provider | None) -> Doc | None:
    if provider is None:
        return None
    kept = provider.world.store.get("oidc.interaction", request.path_params["interaction"])
    return kept if kept is not None and kept["bank"] == provider.slug else None


def _show(request: Request, provider: Provider, kept: Doc) -> Response:
    customer = _chosen(provider, kept)
    if customer is None:
        return _people(request, provider, wish_of(kept))
    if "enterprise_id" not in kept:
        return page(request, "mandate.html", bank=provider.bank, customer=customer)
    return page(
        request,
        "stronger.html",
        bank=provider.bank,
        customer=customer,
        can=customer["level"] > _ORDINARY_LEVEL,
    )


def _people(request: Request, provider: Provider, wish: Wish) -> Response:
    words = request.query_params.get("q", "")
    limit = _SHOWN_FILTERED if words else _SHOWN
    store = provider.world.store
    groups = [
        {
            "kind": kind,
            "people": store.find("oidc.customer", f"{provider.slug}|{kind}", words=words, limit=limit),
            "count": store.count("oidc.customer", f"{provider.slug}|{kind}", words=words),
        }
        for kind in KINDS
    ]
    client = provider.client(wish.client_id)
    session = browser_session(request, provider)
    hinted = _hinted(provider, wish.login_hint or (session or {}).get("customer", ""))
    context: Doc = {"bank": provider.bank, "groups": groups, "q": words, "hinted": hinted}
    return page(request, "sign_in.html", client=client, needs_key=wish.level > _ORDINARY_LEVEL, **context)


def _hinted(provider: Provider, hint: str) -> Doc | None:
    if not hint:
        return None
    exact = provider.customer(hint)
    found = provider.world.store.find("oidc.customer", words=hint, limit=50)
    same = (c for c in found if hint in (c["email"], c["phone"]) and provider.customer(c["id"]) == c)
    return exact or next(same, None)


def _chosen(provider: Provider, kept: Doc) -> Doc | None:
    return provider.customer(kept["customer"]) if "customer" in kept else None


def _take(request: Request, provider: Provider, kept: Doc, form: dict[str, str]) -> Response:
    if form.get("act") == "cancel":
        return _end(request, provider, kept, Refused("access_denied", "The person did not sign in."))
    if form.get("act") == "restart":
        return _restart(request, provider, kept)
    if "customer" in form:
        customer = provider.customer(form["customer"])
        return go(_here(request)) if customer is None else _chose(request, provider, kept, customer)
    customer = _chosen(provider, kept)
    if customer is None:
        return go(_here(request))
    if "enterprise" in form and form["enterprise"] in [m["enterprise_id"] for m in customer["mandates"]]:
        kept["enterprise_id"] = form["enterprise"]
    elif form.get("act") == "key" and customer["level"] > _ORDINARY_LEVEL:
        kept["level"] = customer["level"]
    elif form.get("act") == "without_key":
        kept["level"] = min(customer["level"], _ORDINARY_LEVEL)
    return _advance(request, provider, kept, customer)


def _restart(request: Request, provider: Provider, kept: Doc) -> Response:
    for name in ("customer", "enterprise_id", "level"):
        kept.pop(name, None)
    provider.world.store.save("oidc.interaction", request.path_params["interaction"], kept)
    return go(_here(request))


def _chose(request: Request, provider: Provider, kept: Doc, customer: Doc) -> Response:
    mandates = customer["mandates"]
    kept["customer"] = customer["id"]
    kept.pop("enterprise_id", None)
    if len(mandates) < 2:  # noqa: PLR2004 - one mandate needs no choice
        kept["enterprise_id"] = mandates[0]["enterprise_id"] if mandates else None
    return _advance(request, provider, kept, customer)


def _advance(request: Request, provider: Provider, kept: Doc, customer: Doc) -> Response:
    wish = wish_of(kept)
    if "level" not in kept and wish.level <= _ORDINARY_LEVEL:
        kept["level"] = min(customer["level"], _ORDINARY_LEVEL)
    if "enterprise_id" not in kept or "level" not in kept:
        provider.world.store.save("oidc.interaction", request.path_params["interaction"], kept)
        return go(_here(request))
    if not wish.is_met_by(kept["level"]):
        text = "The person did not sign in as strongly as asked."
        return _end(request, provider, kept, Refused("unmet_authentication_requirements", text))
    return _end(request, provider, kept, None)


def _end(request: Request, provider: Provider, kept: Doc, refusal: Refused | None) -> Response:
    provider.world.store.delete("oidc.interaction", request.path_params["interaction"])
    wish = wish_of(kept)
    if refusal is not None:
        return refuse(provider, wish.redirect_uri, wish.state, refusal)
    session = _session(request, provider, kept)
    answer = grant(provider, wish, session)
    answer.set_cookie(
        provider.cookie, session["key"], path=f"/oidc/{provider.slug}", httponly=True, samesite="lax"
    )
    return answer


def _session(request: Request, provider: Provider, kept: Doc) -> Doc:
    """The same person and mandate keep their session and its sid; anybody else gets a new one."""
    customer = provider.customer(kept["customer"]) or {}
    old = browser_session(request, provider)
    same = old is not None and (old["customer"], old["enterprise_id"]) == (
        kept["customer"],
        kept["enterprise_id"],
    )
    base: Doc = (
        old if same and old is not None else {"key": new_id("", 43), "sid": new_id("", 22), "clients": []}
    )
    session = base | {
        "bank": provider.slug,
        "customer": kept["customer"],
        "enterprise_id": kept["enterprise_id"],
        "hints": [customer[k] for k in ("id", "email", "phone") if customer.get(k)],
        "level": kept["level"],
        "auth_time": provider.now(),
    }
    parent, alt = f"{provider.slug}|{kept['customer']}", session["sid"]
    return provider.world.store.put("oidc.session", Row(session["key"], session, parent, alt))
