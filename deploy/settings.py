"""What the operator decides: one typed, frozen object, read once from the environment.

Every setting ``X`` may instead be given as ``X_FILE``, the path of a file that holds the value, so that a
secret need not stand in a process list. Whatever is wrong is reported at once, in sentences.
"""

import hashlib
import hmac
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ModelWrapValidatorHandler, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from deploy import places
from deploy.errors import OperatorError

HIGHEST_PORT = 65535
Port = Annotated[int, Field(ge=1, le=HIGHEST_PORT)]
Environment = Literal["demo", "production", "test"]
Values = dict[str, Any]

ABSENT = SecretStr("")
MEGABYTE = 1_000_000
DEMO_APPS = ("contract", "invoice", "people", "practice", "visits")
"""The apps of ``deploy.sandbox.apps``."""
SHORTEST_SECRET = 32
SEAL_KEY = re.compile("[0-9a-fA-F]{64}")
STRIPE_ITSELF = "https://api.stripe.com"
SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "database_owner_url": ("postgresql", "postgres"),
    "database_superuser_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
    "public_url": ("http", "https"),
    "sandbox_url": ("http", "https"),
    "stripe_api_base": ("http", "https"),
    "rail_url": ("http", "https"),
    "sms_url": ("http", "https"),
    "smtp_url": ("smtp", "smtps"),
}
NEEDED_IN_PRODUCTION = {
    "database_url": "the application role's PostgreSQL address",
    "redis_url": "the Redis address",
    "public_url": "the address that people type",
    "secret_key": "a random text of at least 32 characters",
    "smtp_url": "the mail server",
}


class SettingsError(OperatorError):
    """The settings do not hold together; ``problems`` are plain sentences, one for each thing wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _FromFiles(PydanticBaseSettingsSource):
    """Reads ``X_FILE`` for every setting ``X``; ``X`` itself wins when both are present."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        path = os.environ.get(f"{field_name.upper()}_FILE")
        return (_read(field_name, Path(path)) if path else None), field_name, False

    def __call__(self) -> Values:
        found = {name: self.get_field_value(f, name)[0] for name, f in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """The settings of one process. Addresses and keys that the demonstration needs have defaults.

    Without ``DATABASE_URL`` and ``REDIS_URL`` the addresses are those of the embedded servers in
    ``DATA_DIR``, which every process with the same folder works out alike. An empty text means "absent".

    Raises:
        SettingsError: with every problem found, not only the first.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    environment: Environment = "demo"
    data_dir: Path = Path()
    bind: str = "127.0.0.1"
    port: Port = 8000
    public_url: str = ""
    secret_key: SecretStr = ABSENT
    trusted_proxies: str = ""
    """Addresses or networks, comma separated, whose ``X-Forwarded-*`` headers are believed."""

    database_url: SecretStr = ABSENT
    database_owner_url: SecretStr = ABSENT
    database_superuser_url: SecretStr = ABSENT
    redis_url: SecretStr = ABSENT
    has_embedded_database: bool = False
    has_embedded_redis: bool = False

    sandbox_url: str = ""
    sandbox_port: int = Field(default=0, ge=0, le=HIGHEST_PORT)
    sandbox_smtp_port: int = Field(default=0, ge=0, le=HIGHEST_PORT)

    stripe_api_key: SecretStr = ABSENT
    stripe_api_base: str = ""
    stripe_webhook_secret: SecretStr = ABSENT
    smtp_url: SecretStr = ABSENT
    mail_from: str = "Scenario Cloud <no-reply@cloud.example>"
    sms_url: str = ""
    sms_key: SecretStr = ABSENT
    rail_url: str = ""
    rail_key: SecretStr = ABSENT
    bank_services_url: str = ""
    """Where the bank is asked about applicants: registry, lists, proofs of accounts; empty: people do it by hand."""
    likeness_url: str = ""
    """What compares faces at gates (``POST …/comparisons``); empty: keepers look with their own eyes."""
    field_key: SecretStr = ABSENT
    """Encrypts single fields (identity numbers, bank accounts); by default derived from ``SECRET_KEY``."""
    field_former_keys: SecretStr = ABSENT
    """Keys of the time before a rotation, comma separated; what they encrypted can still be read."""

    seal_key: SecretStr = ABSENT
    """The Ed25519 secret key that seals the ledger: 64 hexadecimal digits; by default derived from ``SECRET_KEY``."""
    seal_former_keys: str = ""
    """Public keys of the time before a rotation, 64 hexadecimal digits each, comma separated; they stay published."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    metrics_token: SecretStr = ABSENT
    metrics_port: int = Field(default=0, ge=0, le=HIGHEST_PORT)
    """Where a worker, which has no web server of its own, shows its metrics; 0: nowhere."""
    web_workers: int = Field(default=1, ge=1, le=64)
    upload_max_bytes: int = Field(default=20 * MEGABYTE, ge=1)
    upload_max_unpacked_bytes: int = Field(default=200 * MEGABYTE, ge=1)
    """What a compressed upload (XLSX) may grow to."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then ``X_FILE``."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _FromFiles(settings_cls)

    @model_validator(mode="wrap")
    @classmethod
    def _check(cls, given: Values, handler: ModelWrapValidatorHandler[Self]) -> Self:
        stated = {name: value for name, value in given.items() if value not in (None, "", ABSENT)}
        values = _with_defaults(stated)
        problems = _contradictions(stated, environment=str(values["environment"]))
        try:
            settings = handler(values)
        except ValidationError as error:
            problems = [_sentence(detail) for detail in error.errors()] + problems
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def files_dir(self) -> Path:
        """Where uploads are kept, outside of anything that is served."""
        return self.data_dir / "files"

    def seal_keys(self) -> tuple[bytes, list[bytes]]:
        """Return the secret key that seals and the public keys of former ones."""
        secret = self.seal_key.get_secret_value() or self.secret("seal")
        return bytes.fromhex(secret), [bytes.fromhex(key) for key in _listed(self.seal_former_keys)]

    def field_keys(self) -> tuple[str, ...]:
        """Return the key that encrypts fields, then the former ones that still decrypt."""
        former = _listed(self.field_former_keys.get_secret_value())
        return (self.field_key.get_secret_value() or self.secret_key.get_secret_value(), *former)

    @property
    def app_urls(self) -> dict[str, str]:
        """Where the demonstration's apps are, by name: right above the sandbox. Without a sandbox there are none."""
        if not self.sandbox_port:
            return {}
        return {
            name: f"http://127.0.0.1:{self.sandbox_port + n}" for n, name in enumerate(DEMO_APPS, start=11)
        }

    def secret(self, purpose: str) -> str:
        """Return a key of its own for one purpose, derived from ``SECRET_KEY``: no two uses share one."""
        return _derive(self.secret_key.get_secret_value(), purpose)

    def environ(self) -> dict[str, str]:
        """Return the environment that gives a child process exactly these settings.

        Addresses of embedded servers stay out: the child works them out from ``DATA_DIR``.
        """
        embedded = ("database_",) * self.has_embedded_database + ("redis_",) * self.has_embedded_redis
        names = [n for n in type(self).model_fields if not n.startswith(("has_", *embedded))]
        texts = {name.upper(): _text(getattr(self, name)) for name in names}
        return {name: text for name, text in texts.items() if text}


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SettingsError([f"{name.upper()}_FILE: the file {path} cannot be read ({reason})."]) from None


def _with_defaults(stated: Values) -> Values:
    """Fill in what follows from the rest; values are still as they were typed."""
    values = {"environment": "demo", "port": 8000, **stated}
    values["data_dir"] = Path(values.get("data_dir") or places.default_data_dir()).expanduser().resolve()
    if values["environment"] == "production":
        values.setdefault("stripe_api_base", STRIPE_ITSELF)
        return values
    values.setdefault("secret_key", places.kept_secret(values["data_dir"]))
    values.setdefault("log_format", "console")
    values.setdefault("public_url", f"http://localhost:{values['port']}")
    return _with_sandbox(_with_embedded(values))


def _with_embedded(values: Values) -> Values:
    folder = values["data_dir"]
    if "database_url" not in values:
        values |= {
            "has_embedded_database": True,
            "database_url": places.postgres_url(folder, places.APPLICATION_ROLE),
            "database_owner_url": places.postgres_url(folder, places.OWNER_ROLE),
            "database_superuser_url": places.postgres_url(folder, places.SUPERUSER_ROLE, "postgres"),
        }
    if "redis_url" not in values:
        values |= {"has_embedded_redis": True, "redis_url": places.redis_url(folder)}
    return values


def _with_sandbox(values: Values) -> Values:
    """Point the outside world at the sandbox, except where a real one is named.

    The sandbox is addressed by number and the product by name, so that browsers take them for two sites.
    """
    port = _usable_port(values["port"])
    values.setdefault("sandbox_port", port + 100)
    values.setdefault("sandbox_smtp_port", port + 125)
    sandbox = values.setdefault("sandbox_url", f"http://127.0.0.1:{values['sandbox_port']}")
    values.setdefault("stripe_api_base", STRIPE_ITSELF if "stripe_api_key" in values else sandbox)
    key = _text(values["secret_key"])
    for name, prefix in (("stripe_api_key", "sk_test_"), ("stripe_webhook_secret", "whsec_")):
        values.setdefault(name, prefix + _derive(key, name))
    values.setdefault("rail_key", _derive(key, "rail_key"))
    values.setdefault("sms_key", "sandbox-sms-key")
    values.setdefault("rail_url", f"{sandbox}/rail")
    values.setdefault("bank_services_url", f"{sandbox}/bank-services")
    values.setdefault("likeness_url", f"{sandbox}/faces")
    values.setdefault("smtp_url", f"smtp://127.0.0.1:{values['sandbox_smtp_port']}")
    values.setdefault("sms_url", f"{sandbox}/sms")
    return values


def _contradictions(stated: Values, *, environment: str) -> list[str]:
    is_production = environment == "production"
    problems = _missing(stated) if is_production else []
    problems += [p for name in SCHEMES if name in stated for p in _address(name, _text(stated[name]))]
    if "secret_key" in stated and len(_text(stated["secret_key"])) < SHORTEST_SECRET:
        problems.append(f"SECRET_KEY is too short: it needs at least {SHORTEST_SECRET} characters.")
    problems += _seal_keys(stated)
    if is_production and _text(stated.get("public_url", "")).startswith("http:"):
        problems.append("PUBLIC_URL has to begin with https:// in production.")
    if ("stripe_api_key" in stated) != (
        "stripe_webhook_secret" in stated
    ) and "stripe_api_base" not in stated:
        problems.append("STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET have to be set together.")
    return problems


def _seal_keys(stated: Values) -> list[str]:
    given = [("SEAL_KEY", _text(stated["seal_key"]))] if "seal_key" in stated else []
    given += [("SEAL_FORMER_KEYS", key) for key in _listed(_text(stated.get("seal_former_keys", "")))]
    return [f"{name} has to be 64 hexadecimal digits." for name, key in given if not SEAL_KEY.fullmatch(key)]


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _missing(values: Values) -> list[str]:
    return [
        f"{name.upper()} is missing: it is {what}, and production has no default for it."
        for name, what in NEEDED_IN_PRODUCTION.items()
        if name not in values
    ]


def _address(name: str, text: str) -> list[str]:
    """Say what is wrong with an address, without repeating it: it may hold a password."""
    wanted = " or ".join(f"{scheme}://" for scheme in SCHEMES[name])
    try:
        parts = urlsplit(text)
        has_port = parts.port is None or parts.port > 0
    except ValueError:
        return [f"{name.upper()} is not an address: it has to look like {wanted}host:port."]
    if parts.scheme not in SCHEMES[name] or not has_port:
        return [f"{name.upper()} has to begin with {wanted}."]
    if name == "public_url" and (parts.path.strip("/") or parts.query or not parts.hostname):
        return ["PUBLIC_URL has to be an address without a path, such as https://cloud.example."]
    return []


def _sentence(detail: ErrorDetails) -> str:
    """Pydantic's finding as a sentence; the value itself is left out, for it may be a secret."""
    name = str(detail["loc"][0]).upper() if detail["loc"] else "A setting"
    message = detail["msg"].removeprefix("Input ").removeprefix("should ").rstrip(".")
    return f"{name} should {message}."


def _usable_port(value: object) -> int:
    """The port from which the sandbox's follow; where it is none, the field itself says so."""
    text = str(value)
    port = int(text) if text.isascii() and text.isdigit() else 0
    return port if 0 < port <= HIGHEST_PORT - 200 else 8000


def _text(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def _derive(key: str, purpose: str) -> str:
    return hmac.new(key.encode(), f"scenario-cloud:{purpose}".encode(), hashlib.sha256).hexdigest()
