"""The security scorecard: what we measure of a version by ourselves before anybody reviews it."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from integrations.apps.models import App, AppVersion
from integrations.apps.vendors.forms import VersionForm, is_safe
from integrations.apps.webhooks.signing import headers, new_secret
from integrations.provider import front
from tenants import texts
from tenants.ids import new_id
from tenants.outbound import Answer, OutboundError, call
from tenants.runtime import runtime
from ui.i18n import N_, Text, t

SECONDS = 5.0
REFUSALS = {400, 401, 403}
NO_ADDRESS = t("There is no address.")
CHECKS: dict[str, tuple[str, bool]] = {
    "texts": (N_("Described in both languages, with reasons for all it asks"), True),
    "redirects": (N_("Addresses to come back to are whole, exact and encrypted"), True),
    "tls": (N_("Answers over an encrypted connection with a valid certificate"), True),
    "health": (N_("Its health address answers"), True),
    "headers": (N_("Its pages forbid guessing of content, and foreign frames"), True),
    "frames": (N_("Its pages may be framed by us and nobody else"), True),
    "cookies": (N_("Cookies that it sets inside our page are kept for that page alone"), True),
    "wrong_signature": (N_("A webhook with a wrong signature is refused"), True),
    "right_signature": (N_("A webhook with the right signature is taken"), True),
    "uninstall": (N_("Being uninstalled is answered"), True),
    "deletion": (N_("Deleting what it knows is confirmed"), True),
    "logout": (N_("A forged logout token is refused"), True),
    "front_logout": (N_("Its address for signing out in the browser may be framed by us"), True),
    "scim": (N_("Who works somewhere is taken only with a token of ours"), True),
    "keys": (N_("Its public keys can be read, and are public only"), True),
    "privacy": (N_("There is a privacy policy and a support address"), False),
}
"""Each check: what it says, and whether a version can be listed without it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``note`` is what was seen, for people who can mend it: kept words (``tenants.texts``)."""

    check: str
    is_met: bool
    is_needed: bool
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


Said = Text | str
Check = Callable[[App, AppVersion], Awaitable[Said]]
MOST = 300
"""Characters of what an app says that are kept."""


class _Missed(Exception):
    """A check did not hold; the text says what was seen."""

    def __init__(self, text: Said) -> None:
        super().__init__(text)
        self.text = text


async def measure(app: App, version: AppVersion) -> list[Finding]:
    """Make every check that concerns this version, calling the app where needed. Opens no transaction."""
    return [await _finding(key, app, version) for key in CHECKS if _concerns(key, version)]


def _concerns(key: str, version: AppVersion) -> bool:
    needs = {
        "frames": bool(version.frame_origins),
        "cookies": bool(version.frame_origins),
        "logout": bool(version.backchannel_logout_uri),
        "front_logout": bool(version.frontchannel_logout_uri),
        "scim": "scim" in version.protocols,
        "keys": version.auth_method == "private_key_jwt",
    }
    return needs.get(key, True)


async def _finding(key: str, app: App, version: AppVersion) -> Finding:
    is_needed = CHECKS[key][1]
    try:
        return Finding(key, is_met=True, is_needed=is_needed, note=_kept(await _BY_KEY[key](app, version)))
    except (_Missed, OutboundError) as error:
        return Finding(key, is_met=False, is_needed=is_needed, note=_kept(error.text))


def _kept(said: Said) -> str:
    return texts.dumps(said) if isinstance(said, Text) else said[:MOST]


async def _texts(app: App, version: AppVersion) -> Said:
    del app
    for locale, words in version.texts.items():
        for word, text in words.items():
            if not text:
                raise _Missed(t("{what}: missing.", what=_title(word, locale)))
    if not version.scenarios or not version.needs:
        raise _Missed(t("It is not said for which industries it is, or what it helps with."))
    return t("Things asked for: {n}.", n=len(version.scopes) - 1)


def _title(word: str, locale: str) -> Text:
    field = VersionForm.model_fields[f"{word}_{locale[:2]}"]
    return t(field.title or word)


async def _redirects(app: App, version: AppVersion) -> Said:
    del app
    uris = [*version.redirect_uris, *version.post_logout_redirect_uris, version.launch_uri]
    wrong = [uri for uri in uris if not is_safe(uri)]
    if wrong or not version.redirect_uris:
        raise _Missed(", ".join(wrong) or NO_ADDRESS)
    return t("Addresses: {n}.", n=len(version.redirect_uris))


async def _tls(app: App, version: AppVersion) -> Said:
    del app
    await _get(version.launch_uri)
    if not version.launch_uri.startswith("https://"):
        return t("An app of this machine, not encrypted: good for a demonstration.")
    return str(urlsplit(version.launch_uri).hostname)


async def _health(app: App, version: AppVersion) -> str:
    del app
    answer = (await _get(version.health_uri)).expected()
    return str(answer.status)


async def _headers(app: App, version: AppVersion) -> str:
    del app
    found = (await _get(version.launch_uri)).headers
    if found.get("x-content-type-options", "").lower() != "nosniff":
        raise _Missed("X-Content-Type-Options: nosniff")
    if not _ancestors(found) and "x-frame-options" not in found:
        raise _Missed("Content-Security-Policy: frame-ancestors")
    return "nosniff, frame-ancestors"


async def _frames(app: App, version: AppVersion) -> str:
    del app
    return _framed((await _get(version.launch_uri)).headers)


async def _cookies(app: App, version: AppVersion) -> str:
    """A cookie for frames that is not ``Partitioned`` is one that browsers block as a third party's."""
    del app
    kept = (await _get(version.launch_uri)).headers.get("set-cookie", "").lower().replace(" ", "")
    crossing, partitioned = kept.count("samesite=none"), kept.count(";partitioned")
    if crossing > partitioned:
        raise _Missed("SameSite=None; Secure; Partitioned")
    return "Partitioned" if partitioned else ""


def _framed(headers: Mapping[str, str]) -> str:
    allowed = _ancestors(headers)
    if runtime().public_url not in allowed or "*" in allowed:
        raise _Missed(f"frame-ancestors {' '.join(allowed) or '-'}")
    return "frame-ancestors " + " ".join(allowed)


def _ancestors(found: Mapping[str, str]) -> list[str]:
    policy = found.get("content-security-policy", "")
    rules = [rule.split() for rule in policy.split(";")]
    return next((rule[1:] for rule in rules if rule and rule[0] == "frame-ancestors"), [])


async def _wrong_signature(app: App, version: AppVersion) -> str:
    del app
    answer = await _hook(version, new_secret(), "app.check", {})
    if answer.status not in REFUSALS:
        raise _Missed(_instead(answer, 401))
    return str(answer.status)


async def _right_signature(app: App, version: AppVersion) -> str:
    return str((await _hook(version, secret_of(app), "app.check", {})).expected().status)


async def _uninstall(app: App, version: AppVersion) -> str:
    facts = {"installation": str(new_id())}
    return str((await _hook(version, secret_of(app), "installation.uninstalled", facts)).expected().status)


async def _deletion(app: App, version: AppVersion) -> str:
    facts = {"installation": str(new_id())}
    answer = (await _hook(version, secret_of(app), "installation.deletion_due", facts)).expected()
    if answer.json().get("deleted") is not True:
        raise _Missed(t("It does not answer {wanted}.", wanted='{"deleted": true}'))
    return str(answer.status)


async def _logout(app: App, version: AppVersion) -> str:
    del app
    answer = await call(
        "POST", version.backchannel_logout_uri, form={"logout_token": "e30.e30.forged"}, seconds=SECONDS
    )
    if answer.status not in REFUSALS:
        raise _Missed(_instead(answer, 400))
    return str(answer.status)


async def _front_logout(app: App, version: AppVersion) -> str:
    """Open it as our signed-out page does, for a session that nobody has."""
    del app
    address = front.named(version.frontchannel_logout_uri, "nobody")
    return _framed((await _get(address)).expected().headers)


async def _scim(app: App, version: AppVersion) -> str:
    """Ask for users with a token that nobody signed: an app that keeps staff has to refuse it."""
    del app
    if not version.scim_uri:
        raise _Missed(NO_ADDRESS)
    url = f"{version.scim_uri.rstrip('/')}/Users"
    answer = await call("GET", url, headers={"Authorization": "Bearer e30.e30.forged"}, seconds=SECONDS)
    if answer.status not in REFUSALS:
        raise _Missed(_instead(answer, 401))
    return str(answer.status)


async def _keys(app: App, version: AppVersion) -> Said:
    del app
    keys = (await _get(version.jwks_uri)).expected().json().get("keys")
    if not isinstance(keys, list) or not keys:
        raise _Missed(t("There are no keys."))
    if any("d" in key or key.get("kty") == "oct" for key in keys):
        raise _Missed(t("A private key is published."))
    return t("Keys: {n}.", n=len(keys))


async def _privacy(app: App, version: AppVersion) -> str:
    del app
    if "@" not in version.support_email:
        raise _Missed(t("There is no support e-mail address."))
    return str((await _get(version.privacy_uri)).expected().status)


def _instead(answer: Answer, wanted: int) -> Text:
    return t("It answered {status} instead of {wanted}.", status=answer.status, wanted=wanted)


async def _get(url: str) -> Answer:
    if not url:
        raise _Missed(NO_ADDRESS)
    return await call("GET", url, seconds=SECONDS)


async def _hook(version: AppVersion, secret: str, event: str, data: Mapping[str, str]) -> Answer:
    if not version.webhook_uri:
        raise _Missed(NO_ADDRESS)
    moment = int(time.time())
    body = json.dumps({"type": event, "timestamp": moment, "is_check": True, "data": dict(data)}).encode()
    signed = headers(secret, f"msg_{new_id()}", moment, body) | {"Content-Type": "application/json"}
    return await call("POST", version.webhook_uri, headers=signed, content=body, seconds=SECONDS)


def secret_of(app: App) -> str:
    """Return the secret that this app's webhooks are signed with."""
    return runtime().decrypt("app-webhook", app.webhook_secret)


_BY_KEY: dict[str, Check] = {
    "texts": _texts,
    "redirects": _redirects,
    "tls": _tls,
    "health": _health,
    "headers": _headers,
    "frames": _frames,
    "cookies": _cookies,
    "wrong_signature": _wrong_signature,
    "right_signature": _right_signature,
    "uninstall": _uninstall,
    "deletion": _deletion,
    "logout": _logout,
    "front_logout": _front_logout,
    "scim": _scim,
    "keys": _keys,
    "privacy": _privacy,
}
