"""What happens with an authorization request: to the bank first, a choice, a question, or straight in.

The needed level is the highest of what the installation asks and what the request asks. A sign-in is *fresh* when it
is newer than the request, so that ``prompt=login`` cannot go round: after two ways to the bank the app is told that
it did not help.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from authlib.oauth2.rfc6749 import AccessDeniedError, InvalidRequestError
from joserfc import jwt
from joserfc.errors import JoseError

from integrations.apps import clients
from integrations.provider import keys, smart, subjects
from integrations.provider.admission import Place
from integrations.provider.errors import (
    InteractionRequiredError,
    LoginRequiredError,
    UnmetAuthenticationError,
)
from integrations.provider.launches import launched_in
from integrations.provider.relying import App
from integrations.provider.requests import Kept, Wish
from integrations.sign_in.levels import ACR, STRONG
from integrations.sign_in.tokens import SKEW
from tenants.actor import Actor
from tenants.levels import worth
from tenants.runtime import runtime
from tenants.scope import open_scope, person_scope, rows

MOST_TRIPS = 2
MOST_PLACES = 200
_TENANTS = (
    "select distinct t.id, t.short_name from tenants_membership m join tenants_tenant t on t.id = m.tenant_id"
    " where m.person_id = $1 and m.ended_at is null order by t.short_name limit $2"
)


@dataclass(frozen=True, slots=True)
class Visit:
    """One person, or nobody yet, with one request of one app."""

    app: App
    kept: Kept
    wish: Wish
    actor: Actor | None

    @property
    def notes(self) -> dict[str, str]:
        """What this very person has chosen before."""
        found = dict(self.kept.notes)
        is_theirs = self.actor is not None and found.get("person") == str(self.actor.person_id)
        return found if is_theirs else {}


@dataclass(frozen=True, slots=True)
class ToBank:
    """Sign in; ``level`` above 0 proves the signed-in person anew, 0 is for whoever comes."""

    level: int = 0


@dataclass(frozen=True, slots=True)
class Choose:
    """Ask in which institution."""

    places: Sequence[Place]


@dataclass(frozen=True, slots=True)
class Ask:
    """Show what is shared and ask whether to go on."""

    place: Place


@dataclass(frozen=True, slots=True)
class Admit:
    """Let the person in; the sign-in is worth ``level``."""

    place: Place
    level: int


Step = ToBank | Choose | Ask | Admit


async def decide(visit: Visit) -> Step:
    """Return the next step.

    Raises:
        OAuth2Error: what the app is told instead.
    """
    if visit.actor is None:
        return _to_bank(visit, 0)
    if visit.notes.get("answer") == "no":
        raise AccessDeniedError
    places = await places_of(visit)
    if not places:
        raise AccessDeniedError("The app is not open to this person in any institution.")
    places = await _hinted(visit, places)
    if not places:
        return _other_person(visit)
    place = _chosen(visit, places)
    if place is None:
        if visit.wish.is_silent:
            raise InteractionRequiredError
        return Choose(places)
    return _sign_in(visit, place) or _consent(visit, place) or Admit(place, _worth(visit.actor))


async def places_of(visit: Visit) -> list[Place]:
    """Return where the person may open the app now; a launch from our pages is for one place.

    Raises:
        InvalidRequestError: for a launch that is not good.
    """
    actor, client = visit.actor, visit.app.client
    assert actor is not None and actor.person_id is not None  # noqa: S101, PT018 - signed in
    async with open_scope(person_scope(actor.person_id)):
        tenants = await rows(_TENANTS, actor.person_id, MOST_PLACES)
    ids = [tenant["id"] for tenant in tenants]
    allowed = await clients.granted_in(client.client_id, ids, person_id=actor.person_id) if ids else {}
    found = []
    for tenant in tenants:
        granted = allowed.get(tenant["id"])
        is_meant = smart.is_meant(client, visit.kept.asked.payload.data, tenant["id"])
        if granted and granted.person_roles and is_meant:
            subject = await subjects.subject(client.sector, tenant["id"], actor.person_id)
            found.append(Place(tenant["id"], tenant["short_name"], subject, granted))
    if value := visit.kept.asked.payload.data.get("launch", ""):
        found = await launched_in(value, found, actor.person_id)
        if not found:
            raise InvalidRequestError("The launch was used, or is too old.")
    return found


async def _hinted(visit: Visit, places: list[Place]) -> list[Place]:
    """Keep the places where the person is the one that the app means."""
    wanted = {visit.wish.subject} - {""}
    if hint := visit.kept.asked.payload.data.get("id_token_hint"):
        subject = await hinted_subject(hint, visit.app.client_id)
        if subject is None and visit.wish.is_silent:
            raise LoginRequiredError
        wanted |= {subject} if subject else set()
    return [place for place in places if wanted <= {place.subject}]


async def hinted_subject(hint: str, client_id: str) -> str | None:
    """Return whom an id_token of ours is about; ``None`` when it is not ours, or another app's, however old."""
    try:
        token = jwt.decode(hint, (await keys.ring()).verifying(), algorithms=list(keys.ALGORITHMS))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    claims = token.claims if token.header.get("typ") == "JWT" else {}
    is_ours = claims.get("iss") == runtime().public_url and claims.get("aud") == client_id
    return str(claims.get("sub")) if is_ours else None


def _other_person(visit: Visit) -> Step:
    """Somebody else is signed in than the app means: let the right one sign in, once."""
    if visit.wish.is_silent or visit.kept.trips:
        raise LoginRequiredError
    return ToBank()


def _chosen(visit: Visit, places: list[Place]) -> Place | None:
    """Return the place, if there is nothing left to choose."""
    named = [place for place in places if str(place.tenant_id) == visit.notes.get("tenant")]
    if named:
        return named[0]
    return places[0] if len(places) == 1 else None


def _sign_in(visit: Visit, place: Place) -> Step | None:
    """Return the way to the bank, when the sign-in is too old or too weak."""
    needed = max(place.granted.min_level, _asked_level(visit.wish))
    assert visit.actor is not None  # noqa: S101 - signed in
    if _worth(visit.actor) >= needed and not _is_stale(visit):
        return None
    if visit.actor.method != "bank":
        return _to_bank(visit, 0)
    return _to_bank(visit, max(needed, STRONG))


def _to_bank(visit: Visit, level: int) -> Step:
    if visit.wish.is_silent:
        raise LoginRequiredError
    if visit.kept.trips >= MOST_TRIPS:
        raise UnmetAuthenticationError("The person could not sign in as this app, or its request, asks.")
    return ToBank(level)


def _worth(actor: Actor) -> int:
    return worth(actor.level, actor.auth_time)


def _asked_level(wish: Wish) -> int:
    """Return the least of the levels asked for; values that we do not know ask for nothing."""
    return min((ACR[acr] for acr in wish.acr_values if acr in ACR), default=0)


def _is_stale(visit: Visit) -> bool:
    """Tell whether the request wants a newer sign-in than there is."""
    if "login" in visit.wish.prompt:
        return not _is_fresh(visit)
    if visit.wish.max_age is None:
        return False
    assert visit.actor is not None and visit.actor.auth_time is not None  # noqa: S101, PT018 - signed in
    age = datetime.now(UTC) - visit.actor.auth_time
    return age > timedelta(seconds=visit.wish.max_age) and not _is_fresh(visit)


def _is_fresh(visit: Visit) -> bool:
    """Tell whether the person signed in since the request began, by a clock of the bank's that may be a little slow."""
    assert visit.actor is not None and visit.actor.auth_time is not None  # noqa: S101, PT018 - signed in
    at, begun = visit.actor.auth_time, visit.kept.started_at
    has_been_away = visit.kept.trips > 0 and int(at.timestamp()) != visit.kept.notes.get("seen")
    return at >= begun or (has_been_away and at >= begun - timedelta(seconds=SKEW))


def _consent(visit: Visit, place: Place) -> Step | None:
    """The tenant has agreed for its staff; an app that wants its people to see it gets them asked."""
    is_asked = "consent" in visit.wish.prompt and visit.notes.get("answer") != "yes"
    return Ask(place) if is_asked else None
