"""Banks, their customers and the clients that may sign them in; what is built in, and what is registered."""

import time
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey
from starlette.requests import Request

from deploy.sandbox.store import Doc, Row, Store
from deploy.sandbox.world import World, new_id, world_of

KINDS = ("staff", "company", "personal")
LEVELS = {1: "urn:scenario:loa:1", 2: "urn:scenario:loa:2", 3: "urn:scenario:loa:3"}
ACRS = {name: level for level, name in LEVELS.items()}
_CUSTOMER_DEFAULTS: Doc = {
    "email": None,
    "phone": None,
    "level": 3,
    "document_level": 2,
    "mandates": [],
    "staff_id": None,
    "note": "",
}
_CLIENT_DEFAULTS: Doc = {
    "name": "",
    "redirect_uris": [],
    "post_logout_redirect_uris": [],
    "backchannel_logout_uri": None,
    "frontchannel_logout_uri": None,
}


@dataclass(frozen=True, slots=True)
class Provider:
    """One bank's issuer."""

    world: World
    bank: Doc

    @property
    def slug(self) -> str:
        """The bank's name in addresses."""
        return str(self.bank["slug"])

    @property
    def issuer(self) -> str:
        """The issuer identifier, also the prefix of every endpoint."""
        return self.world.url(f"/oidc/{self.slug}")

    @property
    def cookie(self) -> str:
        """The name of the browser session's cookie."""
        return f"sandbox_{self.slug}"

    @staticmethod
    def now() -> int:
        """Whole seconds since 1970 by real time: whoever checks a token has no other clock than that."""
        return int(time.time())

    def customer(self, customer_id: str) -> Doc | None:
        """A customer of this bank."""
        return self.world.store.get("oidc.customer", f"{self.slug}|{customer_id}")

    def client(self, client_id: str) -> Doc | None:
        """A client of this bank."""
        return self.world.store.get("oidc.client", f"{self.slug}|{client_id}")

    def signing_keys(self) -> list[ECKey]:
        """Signing keys, the current one last."""
        found = self.world.store.find("oidc.key", self.slug)
        return [ECKey.import_key(doc) for doc in found] or [self.new_key()]

    def new_key(self) -> ECKey:
        """Make a key and sign with it from now on."""
        key = ECKey.generate_key("P-256", private=True)
        kid = new_id("", 12)
        doc = {**key.as_dict(private=True), "kid": kid, "use": "sig", "alg": "ES256"}
        self.world.store.put("oidc.key", Row(kid, doc, self.slug))
        return ECKey.import_key(doc)


def provider_of(request: Request) -> Provider | None:
    """The bank that the address names, if there is one."""
    world = world_of(request)
    bank = world.store.get("oidc.bank", request.path_params["bank"])
    return None if bank is None else Provider(world, bank)


def put_bank(store: Store, body: Doc) -> Doc:
    """Add or change a bank: `slug`, `name`, `name_zh`. Raises ValueError."""
    bank = _checked({"name": body.get("slug"), "name_zh": body.get("name")}, body, {"slug"})
    if not str(bank["slug"]).replace("-", "").isalnum():
        raise ValueError("slug holds letters, digits and hyphens only")
    return store.put("oidc.bank", Row(bank["slug"], bank))


def put_customers(store: Store, bank: str, bodies: list[Doc]) -> int:
    """Add or change customers, thousands at a time. Raises ValueError, and then none is changed."""
    _known_bank(store, bank)
    rows = [_customer_row(bank, body) for body in bodies]
    store.put_many("oidc.customer", rows)
    return len(rows)


def put_clients(store: Store, bank: str, bodies: list[Doc]) -> int:
    """Add or change clients. Raises ValueError, and then none is changed."""
    _known_bank(store, bank)
    docs = [_checked(_CLIENT_DEFAULTS, body, {"client_id", "client_secret"}) for body in bodies]
    store.put_many("oidc.client", [Row(f"{bank}|{doc['client_id']}", doc, bank) for doc in docs])
    return len(docs)


def _customer_row(bank: str, body: Doc) -> Row:
    doc = _checked(_CUSTOMER_DEFAULTS, body, {"id", "kind", "name"})
    if doc["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if doc["level"] not in LEVELS:
        raise ValueError("level is 1, 2 or 3")
    if doc["kind"] == "company" and not doc["mandates"]:
        raise ValueError(f"customer {doc['id']}: a company customer has at least one mandate")
    mandates = [_mandate(mandate) for mandate in doc["mandates"]]
    words = [doc["id"], doc["name"], doc["email"], doc["phone"], doc["note"], doc["staff_id"]]
    words += [
        word for m in mandates for word in (m["enterprise_name"], m["enterprise_uscc"], m["operator_role"])
    ]
    text = " ".join(str(word) for word in words if word)
    return Row(f"{bank}|{doc['id']}", {**doc, "mandates": mandates}, f"{bank}|{doc['kind']}", words=text)


def _mandate(body: Doc) -> Doc:
    required = {"enterprise_id", "enterprise_name", "enterprise_uscc", "operator_role"}
    mandate = _checked({"enterprise_legal_representative": None}, body, required)
    if mandate["operator_role"] not in ("maker", "authoriser"):
        raise ValueError("operator_role is maker or authoriser")
    return mandate


def _checked(defaults: Doc, body: Any, required: set[str]) -> Doc:
    if not isinstance(body, dict):
        raise ValueError("an object is expected")  # noqa: TRY004 - one kind of error for every bad body
    missing = required - {key for key, value in body.items() if value}
    unknown = set(body) - required - set(defaults)
    if missing or unknown:
        raise ValueError(f"missing: {sorted(missing)}, unknown: {sorted(unknown)}")
    return {**defaults, **body}


def _known_bank(store: Store, bank: str) -> None:
    if store.get("oidc.bank", bank) is None:
        raise ValueError(f"there is no bank {bank!r}")


def seed(store: Store) -> None:
    """Put the built-in bank, client and people, unless a former run already did."""
    if store.count("oidc.bank"):
        return
    put_bank(store, {"slug": "harbour", "name": "Harbour Bank", "name_zh": "海港银行"})
    put_clients(store, "harbour", [_BUILT_IN_CLIENT])
    put_customers(store, "harbour", _BUILT_IN_CUSTOMERS)


_BUILT_IN_CLIENT: Doc = {
    "client_id": "scenario-cloud",
    "client_secret": "sandbox-client-secret",
    "name": "Scenario Cloud",
    "redirect_uris": ["http://127.0.0.1:8000/sign-in/callback", "http://localhost:8000/sign-in/callback"],
    "post_logout_redirect_uris": ["http://127.0.0.1:8000/", "http://localhost:8000/"],
    "backchannel_logout_uri": "http://127.0.0.1:8000/sign-in/backchannel-logout",
}
_ENTERPRISE: Doc = {
    "enterprise_id": "ent-1001",
    "enterprise_name": "Seaview Property Management Co., Ltd.",
    "enterprise_uscc": "91350100M000100Y43",
    "enterprise_legal_representative": "Lin Guoqiang",
}
_BUILT_IN_CUSTOMERS: list[Doc] = [
    {
        "id": "staff-wen",
        "kind": "staff",
        "name": "Wen Rui",
        "email": "wen.rui@harbour.example",
        "staff_id": "H0107",
    },
    {
        "id": "staff-zhao",
        "kind": "staff",
        "name": "Zhao Min",
        "email": "zhao.min@harbour.example",
        "staff_id": "H0211",
    },
    {
        "id": "op-chen",
        "kind": "company",
        "name": "Chen Jie",
        "email": "chen.jie@seaview.example",
        "phone": "+8613800000001",
        "mandates": [{**_ENTERPRISE, "operator_role": "authoriser"}],
    },
    {
        "id": "p-tan",
        "kind": "personal",
        "name": "Tan Mei Ling",
        "email": "tan.meiling@mail.example",
        "phone": "+8613900000001",
        "level": 2,
    },
]
