"""Connected accounts and their onboarding."""

from starlette.requests import Request
from starlette.responses import Response

from deploy.sandbox.pages import go, page
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.stripe_api.events import emit
from deploy.sandbox.stripe_api.http import PLATFORM, Call, StripeError, missing
from deploy.sandbox.stripe_api.objects import expanded, listing, metadata, put, save
from deploy.sandbox.world import World, new_id, world_of

RESTRICTED = "sandbox_restricted"


def create(call: Call) -> Doc:
    """A connected account; able to take charges at once unless its metadata holds `sandbox_restricted`."""
    _platform_only(call)
    tags = metadata(call.params.get("metadata"))
    account = _account(call, tags)
    _enable(account, is_on=RESTRICTED not in tags)
    put(call.world, PLATFORM, account)
    return expanded(call, account)


def _account(call: Call, tags: dict[str, str]) -> Doc:
    country = call.text("country") or "CN"
    profile = call.params.get("business_profile") or {}
    key = new_id("acct_", 16)
    return {
        "id": key,
        "object": "account",
        "business_profile": {"name": None, "mcc": None, "url": None, "support_email": None, **profile},
        "business_type": call.text("business_type"),
        "capabilities": {},
        "charges_enabled": False,
        "controller": {"type": "application", **(call.params.get("controller") or {})},
        "country": country.upper(),
        "created": call.world.clock.seconds(),
        "default_currency": (
            call.text("default_currency") or _CURRENCIES.get(country.upper(), "usd")
        ).lower(),
        "details_submitted": False,
        "email": call.text("email"),
        "external_accounts": _empty_list(f"/v1/accounts/{key}/external_accounts"),
        "metadata": tags,
        "payouts_enabled": False,
        "requirements": {},
        "settings": {"dashboard": {"display_name": profile.get("name"), "timezone": "Etc/UTC"}},
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": call.text("type") or "none",
    }


_CURRENCIES = {
    "CN": "cny",
    "HK": "hkd",
    "SG": "sgd",
    "GB": "gbp",
    "DE": "eur",
    "FR": "eur",
    "US": "usd",
    "JP": "jpy",
}


def _empty_list(url: str) -> Doc:
    return {"object": "list", "data": [], "has_more": False, "url": url}


def _enable(account: Doc, *, is_on: bool) -> None:
    due = [] if is_on else ["business_profile.url", "external_account", "tos_acceptance.date"]
    account |= {"charges_enabled": is_on, "payouts_enabled": is_on, "details_submitted": is_on}
    state = "active" if is_on else "inactive"
    account["capabilities"] = {"card_payments": state, "transfers": state}
    account["requirements"] = {
        "currently_due": due,
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
        "errors": [],
        "current_deadline": None,
        "disabled_reason": None if is_on else "requirements.past_due",
    }


def switch(world: World, key: str, *, is_on: bool) -> Doc:
    """Allow or forbid charges, as Stripe does when its checks pass or fail. Raises StripeError."""
    account = world.store.get("acct", key)
    if account is None:
        raise missing("account", key)
    _enable(account, is_on=is_on)
    save(world, account)
    emit(world, key, "account.updated", account)
    return account


def retrieve(call: Call) -> Doc:
    """An account by id, or the one that the call is made on."""
    key = call.path.get("id") or call.account
    account = call.world.store.get("acct", key)
    if account is None and key == PLATFORM:
        return {"id": PLATFORM, "object": "account", "charges_enabled": True, "payouts_enabled": True}
    if account is None or call.account not in (PLATFORM, key):
        text = f"The provided key does not have access to account '{key}' (or that account does not exist)."
        raise StripeError(text, status=403, code="account_invalid")
    return expanded(call, account)


def update(call: Call) -> Doc:
    """Change metadata, e-mail or business profile."""
    account = retrieve(call)
    account["metadata"] |= metadata(call.params.get("metadata"))
    account["business_profile"] |= call.params.get("business_profile") or {}
    account["email"] = call.text("email") or account["email"]
    save(call.world, account)
    emit(call.world, account["id"], "account.updated", account)
    return account


def list_accounts(call: Call) -> Doc:
    """Connected accounts, newest first."""
    _platform_only(call)
    return listing(call, "acct", "/v1/accounts")


def create_link(call: Call) -> Doc:
    """The way to the hosted onboarding of an account."""
    key = call.text("account", required=True) or ""
    if call.world.store.get("acct", key) is None:
        raise missing("account", key, "account")
    token, now = new_id("", 24), call.world.clock.seconds()
    kept = {"account": key, "return_url": call.text("return_url"), "expires": now + 300}
    call.world.store.put("stripe.link", Row(token, kept))
    url = call.world.url(f"/stripe/onboard/{token}")
    return {"object": "account_link", "created": now, "expires_at": now + 300, "url": url}


def _platform_only(call: Call) -> None:
    if call.account != PLATFORM:
        raise StripeError("Only the platform may do this.", status=403, code="account_invalid")


async def onboard(request: Request) -> Response:
    """Stripe's onboarding pages, in one click."""
    world = world_of(request)
    link = world.store.get("stripe.link", request.path_params["token"])
    if link is None or link["expires"] < world.clock.seconds():
        text = "Ask for a new link where you came from."
        return page(request, "message.html", 404, title="This link has expired", text=text)
    if request.method == "POST":
        switch(world, link["account"], is_on=True)
        return go(link["return_url"] or "/")
    return page(request, "onboard.html", account=world.store.get("acct", link["account"]))
