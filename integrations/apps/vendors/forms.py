"""What a vendor types about itself and its apps, checked where it is typed."""

import re
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator
from starlette.datastructures import UploadFile

from integrations.apps.scopes import SCOPES
from tenants import kinds
from tenants.onboarding.forms import Email
from tenants.runtime import runtime
from ui.fields import FieldError, Upload
from ui.i18n import N_, t

MOST_URIS = 10
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,58}[a-z0-9])")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
NEEDS: dict[str, str] = {
    "contracts": N_("Sign and keep contracts"),
    "invoices": N_("Issue invoices"),
    "staff": N_("Look after staff"),
    "operations": N_("Repairs and daily work"),
    "learning": N_("Teach and learn"),
    "care": N_("Care for patients"),
    "guests": N_("Look after guests"),
    "accounting": N_("Keep the books elsewhere"),
    "messages": N_("Reach people"),
}
"""What an institution may be looking for in the catalogue."""
PROFILES: dict[str, str] = {
    "basic": N_("Basic: a secret or a public client, with PKCE"),
    "strict": N_("Strict: signs with its own key, pushes its requests"),
    "fapi2": N_("FAPI 2.0: as strict, and tokens are bound to its key"),
}
AUTH_METHODS: dict[str, str] = {
    "client_secret_basic": N_("A secret"),
    "private_key_jwt": N_("A key of its own"),
    "none": N_("None: it runs on people's devices"),
}
PROTOCOLS: dict[str, str] = {"lti": N_("LTI 1.3"), "smart": N_("SMART App Launch"), "scim": N_("SCIM 2.0")}


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text):
        raise FieldError(t("Use 3 to 60 small letters, digits and hyphens."))
    return text


def is_safe(url: str) -> bool:
    """Tell whether an address is encrypted, or one of the sandbox of this machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or port == 0 or parts.fragment or "*" in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.netloc in runtime().private_hosts)


def check_url(text: str) -> str:
    """Return an address that can be registered; a validator for forms."""
    if not is_safe(text):
        raise FieldError(t("Enter a whole address that begins with https://, without * and #."))
    return text


def _origin(text: str) -> str:
    parts = urlsplit(check_url(text))
    if parts.path not in {"", "/"} or parts.query:
        raise FieldError(t("Enter origins alone, like https://app.example."))
    return f"{parts.scheme}://{parts.netloc}"


def _lines(check: Callable[[str], str]) -> Callable[[object], object]:
    def read(value: object) -> object:
        typed = "\n".join(str(one) for one in value) if isinstance(value, list) else str(value)
        found = [check(line) for line in dict.fromkeys(typed.split())]
        if len(found) > MOST_URIS:
            raise FieldError(t("At most {n} addresses can be kept.", n=MOST_URIS))
        return found

    return read


Url = Annotated[str, Field(max_length=500), AfterValidator(lambda text: check_url(text) if text else text)]
Urls = Annotated[list[str], BeforeValidator(_lines(check_url))]
Origins = Annotated[list[str], BeforeValidator(_lines(_origin))]


class ContactForm(BaseModel):
    """How a vendor is reached."""

    website: Annotated[str, AfterValidator(check_url)] = Field(title=N_("Website"), max_length=300)
    contact_email: Email = Field(title=N_("Contact's e-mail"))
    contact_phone: str = Field("", title=N_("Contact's phone"), max_length=40)
    about: str = Field("", title=N_("What the company does"), max_length=2000)


class RegisterForm(ContactForm):
    """A company that wants to offer apps."""

    slug: Annotated[str, AfterValidator(_slug)] = Field(title=N_("Name in addresses"), max_length=60)


class NewAppForm(BaseModel):
    """A new app, before anything is known of it."""

    name: str = Field(title=N_("Name of the app"), max_length=100)
    slug: Annotated[str, AfterValidator(_slug)] = Field(title=N_("Name in addresses"), max_length=60)


class Ask(BaseModel):
    """One scope with its reason in both languages; blank means that it is not asked for."""

    scope: str
    en: str = Field("", title=N_("Reason in English"), max_length=300)
    zh: str = Field("", title=N_("Reason in Chinese"), max_length=300)


class PlaceLine(BaseModel):
    """A place inside the app that can be opened directly."""

    key: str = Field("", title=N_("Key"), max_length=40)
    en: str = Field("", title=N_("Name in English"), max_length=60)
    zh: str = Field("", title=N_("Name in Chinese"), max_length=60)


class VersionForm(BaseModel):
    """One version of an app as its vendor describes it."""

    name_en: str = Field(title=N_("Name in English"), max_length=60)
    name_zh: str = Field(title=N_("Name in Chinese"), max_length=60)
    summary_en: str = Field(title=N_("One line in English"), max_length=140)
    summary_zh: str = Field(title=N_("One line in Chinese"), max_length=140)
    about_en: str = Field(title=N_("Description in English"), max_length=4000)
    about_zh: str = Field(title=N_("Description in Chinese"), max_length=4000)
    price_en: str = Field(title=N_("Price in English"), max_length=200)
    price_zh: str = Field(title=N_("Price in Chinese"), max_length=200)
    icon: Annotated[UploadFile, Upload(most_bytes=200_000, endings=(".png",))] | None = Field(
        None, title=N_("Icon")
    )
    scenarios: list[str] = Field([], title=N_("Industries"))
    needs: list[str] = Field([], title=N_("What it helps with"))
    asks: list[Ask] = Field(default_factory=list)
    places: list[PlaceLine] = Field(default_factory=list)
    launch_uri: Url = Field("", title=N_("Where it is opened"))
    redirect_uris: Urls = Field([], title=N_("Where people come back to after signing in"))
    post_logout_redirect_uris: Urls = Field([], title=N_("Where people come back to after signing out"))
    backchannel_logout_uri: Url = Field("", title=N_("Where logout tokens go"))
    frontchannel_logout_uri: Url = Field("", title=N_("What our signed-out page opens in a frame"))
    frame_origins: Origins = Field([], title=N_("Origins that are shown inside our pages"))
    webhook_uri: Url = Field("", title=N_("Where webhooks go"))
    scim_uri: Url = Field("", title=N_("Where staff are kept in step (SCIM 2.0)"))
    health_uri: Url = Field("", title=N_("Health address"))
    privacy_uri: Url = Field("", title=N_("Privacy policy"))
    support_email: str = Field("", title=N_("Support e-mail"), max_length=200)
    profile: Literal["basic", "strict", "fapi2"] = Field("basic", title=N_("Security profile"))
    auth_method: Literal["client_secret_basic", "private_key_jwt", "none"] = Field(
        "client_secret_basic", title=N_("How it proves itself")
    )
    jwks_uri: Url = Field("", title=N_("Address of its public keys"))
    min_level: int = Field(1, title=N_("Level of sign-in it needs"), ge=1, le=3)
    protocols: list[str] = Field([], title=N_("Further protocols"))
    revision: int = 1

    @model_validator(mode="after")
    def _known(self) -> "VersionForm":
        for value, allowed in (
            (self.scenarios, kinds.SCENARIOS),
            (self.needs, NEEDS),
            (self.protocols, PROTOCOLS),
            ([ask.scope for ask in self.asks], SCOPES),
        ):
            if set(value) - set(allowed):
                raise FieldError(t("Choose one of the options."))
        return self


def asked(form: VersionForm) -> dict[str, dict[str, str]]:
    """Return what is asked for: scope → reasons by language. Recognising people goes without asking.

    Raises:
        FieldError: when a reason is there in one language alone.
    """
    found = {"openid": {"en": "", "zh_CN": ""}}
    for ask in form.asks:
        if bool(ask.en.strip()) != bool(ask.zh.strip()):
            raise FieldError(t("Give the reason in both languages."))
        if ask.en.strip():
            found[ask.scope] = {"en": ask.en.strip(), "zh_CN": ask.zh.strip()}
    return found


def named_places(form: VersionForm) -> dict[str, dict[str, str]]:
    """Return the places that can be opened directly: key → names by language."""
    found = {}
    for line in form.places:
        if not line.key:
            continue
        if not _KEY.fullmatch(line.key) or not line.en or not line.zh:
            raise FieldError(t("A place needs a key of small letters and its name in both languages."))
        found[line.key] = {"en": line.en, "zh_CN": line.zh}
    return found
