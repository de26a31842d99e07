"""Sensitive fields under the newest key: ``cloud rotate``.

``FIELD_KEY`` encrypts, ``FIELD_FORMER_KEYS`` still decrypt. A rotation reads every ciphertext there is, batch by batch,
each in a transaction of its own, and writes what is not under the newest key under it. It can be stopped at any moment
and begun again: what is renewed is known by its key alone. Once it says that nothing is left, former keys can go.

Ciphertexts are found by looking, not by a list: every binary column is looked at. A column that holds some and whose
purpose is not known here ends the rotation with an error, so that no field is ever forgotten.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from billing.payments.orders import SECRET as RAIL_SECRET
from billing.payments.settlement import NUMBER as SETTLEMENT
from deploy import composition
from deploy.database import connected
from deploy.settings import Settings
from integrations.provider.keys import PURPOSE as PROVIDER_KEY
from integrations.sign_in.provider import PURPOSE as SIGN_IN
from scenarios import registry
from scenarios.hospital import documents, places, screens
from scenarios.hospital.inpatient.listing import PURPOSE as STAY_CHARGE
from scenarios.hospital.orders.service import PURPOSE as CLINIC_ORDER
from scenarios.hospital.patients import PHONE
from scenarios.tourism.agencies.lists import PURPOSE as LISTS
from scenarios.tourism.orders import people as tourism
from scenarios.tourism.passes.services import PHOTOS
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
Purpose = str | Callable[[Mapping[str, Any]], str]


def _vote(row: Mapping[str, Any]) -> str:
    return f"vote:{row['vote_id']}"


PURPOSES: Mapping[str, Purpose] = {
    "tenants_application.account_secret": APPLICATION,
    "tenants_application_person.id_number": IDENTITY,
    "billing_settlement_account.account_number": SETTLEMENT,
    "billing_settlement_account.rail_secret": RAIL_SECRET,
    "integrations_bank_provider.client_secret": SIGN_IN,
    "integrations_app.webhook_secret": "app-webhook",
    "integrations_provider_key.secret": PROVIDER_KEY,
    "community_ballot.sealed": _vote,
    "hospital_patient.document": documents.PURPOSE,
    "hospital_patient.phone": PHONE,
    "hospital_department.screen": screens.PURPOSE,
    "hospital_order.what": CLINIC_ORDER,
    "hospital_stay_charge.what": STAY_CHARGE,
    "hospital_stay.place": places.PURPOSE,
    "tourism_order.name": tourism.NAMES,
    "tourism_order.contact": tourism.CONTACTS,
    "tourism_ticket.visitor": tourism.NAMES,
    "tourism_ticket.document": tourism.DOCUMENTS,
    "tourism_group_list.content": LISTS,
    "tourism_group_list.refused": LISTS,
    "tourism_block.appeal_contact": tourism.CONTACTS,
    "tourism_pass_holder.photo": PHOTOS,
    "tourism_transfer.contact": tourism.CONTACTS,
}
"""For what each field is encrypted; a key is derived for each purpose."""
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
        f"select t.id, t.{field.column} as kept, to_jsonb(t) ->> 'vote_id' as vote_id from {field.table} t"
        f" where {own} ($1::uuid is null or t.id > $1) and substr(t.{field.column}, 1, 5) = $3 order by t.id limit $4",
        last,
        place.id,
        MARK,
        BATCH,
    )


async def _renew_row(field: Field, row: Mapping[str, Any]) -> str:
    """Renew one ciphertext unless somebody has just written another; return what became of it."""
    purpose = PURPOSES.get(field.name)
    if purpose is None:
        return "unknown"
    wanted, kept = purpose if isinstance(purpose, str) else purpose(row), bytes(row["kept"])
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


def _is_newest(purpose: str, token: bytes) -> bool:
    newest: Runtime = replace(runtime(), field_keys=runtime().field_keys[:1])
    try:
        newest.decrypt(purpose, token)
    except ValueError:
        return False
    return True
