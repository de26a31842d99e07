"""LTI 1.3 for an app of the kit, by PyLTI1p3: its parts for Starlette, with the kit's storage behind them.

PyLTI1p3 is not asynchronous, so everything of it that calls the product runs in a thread.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.cookie import CookieService
from pylti1p3.deep_link import DeepLink
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.deployment import Deployment
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.lineitem import LineItem
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.names_roles import NamesRolesProvisioningService
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.registration import Registration
from pylti1p3.request import Request as LtiRequest
from pylti1p3.service_connector import ServiceConnector
from pylti1p3.session import SessionService
from pylti1p3.tool_config.dict import TIssConf, ToolConfDict
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deploy.sandbox.apps.kit import Kit, Person

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
PICKING = "https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings"
SCHEMA = "create table if not exists lti_nonce (nonce text primary key, at integer);"
SECONDS = 10
REFUSED = (LtiException, OIDCException)
"""What PyLTI1p3 raises for a launch that is not right."""
UNREACHED = (LtiException, requests.RequestException)
"""What asking the product may raise; none of it keeps a page from being shown."""
_HALF_AN_HOUR = 1800
T = TypeVar("T")


class _Asked(LtiRequest):
    """A request with its parameters, read before PyLTI1p3 asks for them."""

    def __init__(self, request: Request, given: Mapping[str, str]) -> None:
        super().__init__()
        self.given, self.cookies = given, request.cookies
        self.kept: dict[str, Any] = {}

    @property
    def session(self) -> dict[str, Any]:
        """Return what PyLTI1p3 keeps while it answers; what outlives that is the kit's."""
        return self.kept

    def is_secure(self) -> bool:
        """Nothing here asks."""
        return False

    def get_param(self, key: str) -> str:
        """Return a parameter, wherever it stood."""
        return self.given.get(key, "")


class _Cookies(CookieService):
    """The cookie that ties the product's answer to the browser that has asked."""

    def __init__(self, asked: _Asked, *, is_secure: bool) -> None:
        self.asked, self.is_secure = asked, is_secure
        self.fresh: dict[str, tuple[str, int]] = {}

    def get_cookie(self, name: str) -> str | None:
        return self.asked.cookies.get(f"lti-{name}")

    def set_cookie(self, name: str, value: str | int, exp: int | None = 3600) -> None:
        self.fresh[f"lti-{name}"] = (str(value), exp or 0)

    def put(self, answer: Response) -> Response:
        """Give the browser what was set; where that is allowed, a form from another site may bring it back."""
        site: Literal["none", "lax"] = "none" if self.is_secure else "lax"
        for name, (value, seconds) in self.fresh.items():
            answer.set_cookie(
                name, value, max_age=seconds, httponly=True, secure=self.is_secure, samesite=site
            )
        return answer


class _Nonces(SessionService):
    """Nonces, each good once; nothing else of a launch is kept by PyLTI1p3."""

    def __init__(self, asked: _Asked, kit: Kit) -> None:
        super().__init__(asked)
        self.kit = kit

    def save_nonce(self, nonce: str) -> None:
        now = int(time.time())
        self.kit.db.execute("delete from lti_nonce where at < ?", (now - _HALF_AN_HOUR,))
        self.kit.db.execute("insert into lti_nonce values (?, ?)", (nonce, now))

    def check_nonce(self, nonce: str) -> bool:
        return self.kit.db.execute("delete from lti_nonce where nonce = ?", (nonce,)).rowcount == 1


class _Away(Redirect[Response]):
    def __init__(self, url: str, cookies: _Cookies) -> None:
        super().__init__()
        self.url, self.cookies = url, cookies

    def do_redirect(self) -> Response:
        return self.cookies.put(RedirectResponse(self.url, 303))

    def do_js_redirect(self) -> Response:
        return self.do_redirect()

    def set_redirect_url(self, location: str) -> None:
        self.url = location

    def get_redirect_url(self) -> str:
        return self.url


class _Login(OIDCLogin[_Asked, "_Config", _Nonces, _Cookies, Response]):
    def get_redirect(self, url: str) -> _Away:
        return _Away(url, self._cookie_service)


class _Launch(MessageLaunch[_Asked, "_Config", _Nonces, _Cookies]):
    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)


class _Config(ToolConfDict):
    """One platform, with as many deployments as there are institutions that use us: its signature vouches for each."""

    def find_registration_by_params(
        self, iss: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Registration:
        try:
            found: Registration = super().find_registration_by_params(iss, client_id, *args, **kwargs)
        except Exception as error:  # PyLTI1p3 raises nothing narrower for a name that it does not know
            raise LtiException("This is no name of ours.") from error
        return found

    def find_deployment_by_params(
        self, iss: str, deployment_id: str, client_id: str, *args: Any, **kwargs: Any
    ) -> Deployment:
        del iss, client_id, args, kwargs
        return Deployment().set_deployment_id(deployment_id)


class _Line(requests.Session):
    """Calls that end, straight to the product whatever proxy this machine has."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        return super().request(*args, **{"timeout": SECONDS, **kwargs})


class Tool:
    """The app as a learning tool: its key, and its conversations with the product."""

    def __init__(self, kit: Kit) -> None:
        self.kit, self.file = kit, kit.file.with_suffix(".pem")
        self.key = _key(self.file)
        public = serialization.load_pem_private_key(self.key.encode(), None).public_key()
        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.public = public.public_bytes(*form).decode()
        self.http = _Line()

    def jwks(self) -> dict[str, Any]:
        """Return the public key, as the product reads it."""
        return {"keys": [dict(Registration.get_jwk(self.public))]}

    def config(self) -> _Config:
        """Return how the product is reached by each of the names that its console gave us."""
        keys = self.kit.keys()
        found = _Config({keys.issuer: [_platform(keys.issuer, client) for client in keys.clients]})
        for client in keys.clients:
            found.set_private_key(keys.issuer, self.key, client)
            found.set_public_key(keys.issuer, self.public, client)
        return found

    def registration(self, installation: str) -> Registration:
        """Return how we and the product know each other for one installation."""
        client = self.kit.client_of(installation)
        return self.config().find_registration_by_params(self.kit.keys().issuer, client)

    def login(self, request: Request) -> Response:
        """Send the browser back to the product to fetch the launch."""
        asked, cookies, nonces = self._parts(request, request.query_params)
        target = f"{self.kit.url}/start"
        answer: Response = _Login(asked, self.config(), nonces, cookies).redirect(target)
        return answer

    async def launched(self, request: Request) -> dict[str, Any]:
        """Return what the product says of a launch, checked.

        Raises:
            LtiException: when it is not from the product, not for us, too old, or used.
        """
        form = {name: str(value) for name, value in (await request.form()).items()}
        asked, cookies, nonces = self._parts(request, form)
        message = _Launch(asked, self.config(), nonces, cookies, requests_session=self.http)
        return dict(await asyncio.to_thread(message.get_launch_data))

    def _parts(self, request: Request, given: Mapping[str, str]) -> tuple[_Asked, _Cookies, _Nonces]:
        asked = _Asked(request, given)
        is_secure = self.kit.url.startswith(("https://", "http://127.0.0.1:"))
        return asked, _Cookies(asked, is_secure=is_secure), _Nonces(asked, self.kit)

    def picked(self, launch: Mapping[str, Any], resource: DeepLinkResource) -> str:
        """Return the signed answer that puts a resource where the teacher came from."""
        installation = launch[f"{CLAIM}deployment_id"]
        answer = DeepLink(self.registration(installation), installation, launch[PICKING])
        return str(answer.get_response_jwt([resource]))

    async def members(self, person: Person) -> Sequence[Mapping[str, Any]]:
        """Return who is in the class that this person has opened us at, as far as we may know."""
        if NRPS not in person.claims:
            return []
        return await self._ask(
            person, lambda line: NamesRolesProvisioningService(line, person.claims[NRPS]).get_members()
        )

    async def marks(self, person: Person) -> dict[str, tuple[float, float]]:
        """Return the marks for what this person has opened, by learner: given, and out of how many."""
        here = person.claims.get(AGS, {}).get("lineitem")
        if not here:
            return {}
        found = await self.grade(person, lambda grades: grades.get_grades(LineItem({"id": here})))
        return {
            str(one["userId"]): (one["resultScore"], one["resultMaximum"])
            for one in found
            if "resultScore" in one
        }

    async def grade(self, person: Person, ask: Callable[[AssignmentsGradesService], T]) -> T:
        """Do something with the marks of the class that this person has opened us at."""
        return await self._ask(person, lambda line: ask(AssignmentsGradesService(line, person.claims[AGS])))

    async def _ask(self, person: Person, ask: Callable[[ServiceConnector], T]) -> T:
        registration = self.registration(person.installation)
        return await asyncio.to_thread(lambda: ask(ServiceConnector(registration, self.http)))


def _platform(issuer: str, client: str) -> TIssConf:
    return {
        "client_id": client,
        "auth_login_url": f"{issuer}/oauth/authorize",
        "auth_token_url": f"{issuer}/oauth/token",
        "auth_audience": issuer,
        "key_set_url": f"{issuer}/oauth/jwks",
        "key_set": None,
        "deployment_ids": [],
    }


def _key(file: Path) -> str:
    """Return our private key, made at the first start."""
    if not file.exists():
        made = rsa.generate_private_key(65537, 2048)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
        file.touch(mode=0o600)
        file.write_bytes(made.private_bytes(*form, serialization.NoEncryption()))
    return file.read_text()
