"""Sensitive fields under the newest key: ``cloud rotate``.

``FIELD_KEY`` encrypts, ``FIELD_FORMER_KEYS`` still decrypt. A rotation reads every ciphertext there is, batch by batch,
each in a transaction of its own, and writes what is not under the newest key under it. It can be stopped at any moment
and begun again: what is renewed is known by its key alone. Once it says that nothing is left, former keys can go.

Ciphertexts are found by looking, not by a list: every binary column is looked at. A column that holds some and whose
purpose is not known here ends the rotation with an error, so that no field is ever forgotten.
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from string import Formatter
from typing import Any
from uuid import UUID

from billing.payments.orders import NUMBER as SETTLEMENT
from billing.payments.orders import SECRET as RAIL_SECRET
from deploy import composition
from deploy.database import connected
from deploy.settings import Settings
from integrations.provider.keys import PURPOSE as PROVIDER_KEY
from integrations.sign_in.provider import PURPOSE as SIGN_IN
from scenarios import registry
from tenants.models import Bank, Tenant
from tenants.onboarding.accounts import PURPOSE as APPLICATION
from tenants.onboarding.people import NUMBER as IDENTITY
from tenants.runtime import Runtime, runtime
from tenants.scope import (
    Scope,
    bank_scope,
    execute,
    open_scope,
    queue_scope,
    rows,
    tenant_scope,
    vendor_scope,
)

BATCH = 500
MARK = b"gAAAA"
"""What every ciphertext begins with (Fernet, version 0x80)."""
PURPOSES: Mapping[str, str] = {
    "tenants_application.account_secret": APPLICATION,
    "tenants_application_person.id_number": IDENTITY,
    "billing_settlement_account.account_number": SETTLEMENT,
    "billing_settlement_account.rail_secret": RAIL_SECRET,
    "integrations_bank_provider.client_secret": SIGN_IN,
    "integrations_app.webhook_secret": "app-webhook",
    "integrations_provider_key.secret": PROVIDER_KEY,
}
"""For what each field is encrypted; a key is derived for each purpose. Industries name their own."""
_COLUMNS = """
select c.table_name as table, c.column_name as column,
       array(select column_name::text from information_schema.columns k where k.table_schema = 'public'
         and k.table_name = c.table_name and k.column_name in ('tenant_id', 'bank_id', 'vendor_id')) as owners
  from information_schema.columns c
 where c.table_schema = 'public' and c.data_type = 'bytea' and c.table_name <> 'tortoise_migrations' order by 1, 2
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A scope to look in, and the column by which rows of it are told."""

    kind: str
    scope: Scope
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One binary column."""

    table: str
    column: str
    owner: str

    @property
    def name(self) -> str:
        """Its name in reports."""
        return f"{self.table}.{self.column}"

    @property
    def purpose(self) -> str | None:
        """For what it is encrypted; a column of the row stands in braces where each has a key of its own."""
        ours = (one.secrets for one in registry.load())
        return next((found[self.name] for found in ours if self.name in found), PURPOSES.get(self.name))

    @property
    def part(self) -> str:
        """The column that its purpose names, as text."""
        named = [name for _, name, _, _ in Formatter().parse(self.purpose or "") if name]
        return f"t.{named[0]}::text" if named else "''"


async def rotate(settings: Settings) -> dict[str, Any]:
    """Renew everything that is not under the newest key; return how much of which field, and what could not be read."""
    composition.compose(settings, registry.load())
    async with connected(settings.database_url.get_secret_value(), pool=2):
        return await renew_all()


async def renew_all() -> dict[str, Any]:
    """Do it over the connection that is open; ``is_right`` once nothing is left under a former key."""
    counts: dict[str, Counter[str]] = {}
    async with open_scope(Scope()):
        columns = [
            Field(one["table"], one["column"], next(iter(one["owners"]), "")) for one in await rows(_COLUMNS)
        ]
    async for place in _places():
        for field in columns:
            if _is_in(field, place):
                await _renew(field, place, counts.setdefault(field.name, Counter()))
    found = {name: dict(count) for name, count in counts.items() if count.total()}
    left = sum(count["unreadable"] + count["unknown"] for count in counts.values())
    return {"is_right": not left, "left": left, "fields": found}


def _is_in(field: Field, place: Place) -> bool:
    owner = {"tenant": "tenant_id", "bank": "bank_id", "vendor": "vendor_id", "queue": ""}[place.kind]
    return field.owner == owner


async def _places() -> AsyncIterator[Place]:
    """Yield every scope in which there may be something: banks, their vendors and institutions, the issuer's own."""
    yield Place("queue", queue_scope())
    async with open_scope(Scope()):
        banks = await Bank.all().order_by("slug")
    for bank in banks:
        yield Place("bank", bank_scope(bank.id), bank.id)
        async with open_scope(bank_scope(bank.id)):
            vendors = await rows("select id from integrations_vendor where bank_id = $1", bank.id)
            tenants = await Tenant.filter(bank_id=bank.id).order_by("slug").only("id")
        for vendor in vendors:
            yield Place("vendor", vendor_scope(vendor["id"]), vendor["id"])
        for tenant in tenants:
            yield Place("tenant", tenant_scope(tenant.id), tenant.id)


async def _renew(field: Field, place: Place, count: Counter[str]) -> None:
    last: UUID | None = None
    while True:
        async with open_scope(place.scope):
            page = await _page(field, place, last)
            for row in page:
                count[await _renew_row(field, dict(row))] += 1
        if len(page) < BATCH:
            return
        last = page[-1]["id"]


async def _page(field: Field, place: Place, last: UUID | None) -> list[Any]:
    own = f"t.{field.owner} = $2 and" if field.owner else "$2::uuid is null and"
    return await rows(
        f"select t.id, t.{field.column} as kept, {field.part} as part from {field.table} t"
        f" where {own} ($1::uuid is null or t.id > $1) and substr(t.{field.column}, 1, 5) = $3 order by t.id limit $4",
        last,
        place.id,
        MARK,
        BATCH,
    )


async def _renew_row(field: Field, row: Mapping[str, Any]) -> str:
    """Renew one ciphertext unless somebody has just written another; return what became of it."""
    purpose = field.purpose
    if purpose is None:
        return "unknown"
    wanted, kept = _filled(purpose, row["part"]), bytes(row["kept"])
    if _is_newest(wanted, kept):
        return "already"
    try:
        fresh = runtime().renew(wanted, kept)
    except ValueError:
        return "unreadable"
    changed = await execute(
        f"update {field.table} set {field.column} = $3 where id = $1 and {field.column} = $2",
        row["id"],
        kept,
        fresh,
    )
    return "renewed" if changed else "changed_meanwhile"


def _filled(purpose: str, part: str) -> str:
    return "".join(said + (part if name else "") for said, name, _, _ in Formatter().parse(purpose))


def _is_newest(purpose: str, token: bytes) -> bool:
    newest: Runtime = replace(runtime(), field_keys=runtime().field_keys[:1])
    try:
        newest.decrypt(purpose, token)
    except ValueError:
        return False
    return True
