"""Many people, each with a session in a browser and a patient of their own, made at once."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from scenarios.hospital import documents, patients
from tenants import sessions
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import open_scope, person_scope, raw
from tests.scenarios.hospital.house import House


@dataclass(frozen=True)
class One:
    person_id: UUID
    account_id: UUID
    token: str


async def gather(house: House, count: int, *, has_browser: bool = True) -> list[One]:
    """Return so many people; each is the patient of an account of their own."""
    found = [One(new_id(), new_id(), "") for _ in range(count)]
    names = [f"Person {one.account_id.hex[-10:]}" for one in found]
    async with house.scope():
        await raw().executemany(
            "insert into tenants_account (tenant_id, id, scenario, kind, number, name, sort_key, attributes)"
            " values ($1, $2, 'hospital', 'patient', $3, $3, $3, '{}')",
            [(house.id, one.account_id, name) for one, name in zip(found, names, strict=True)],
        )
        await raw().executemany(
            "insert into tenants_holder (tenant_id, account_id, person_id, relation, name, confirmed_at)"
            " values ($1, $2, $3, 'self', $4, now())",
            [(house.id, one.account_id, one.person_id, name) for one, name in zip(found, names, strict=True)],
        )
        sealed, phone = documents.sealed("E1"), runtime().encrypt(patients.PHONE, "1")
        await raw().executemany(
            "insert into hospital_patient (tenant_id, account_id, sex, born_on, document_kind, document_hash, document,"
            " document_mask, phone, agreed_at) values ($1, $2, 'other', $3, 'passport', $4, $5, 'x', $6, now())",
            [
                (house.id, one.account_id, date(1990, 1, 1), one.account_id.bytes, sealed, phone)
                for one in found
            ],
        )
    if not has_browser:
        return found
    tokens = []
    for start in range(0, count, 50):
        part = list(zip(found[start : start + 50], names[start : start + 50], strict=True))
        tokens += await asyncio.gather(*(_browser(one.person_id, name) for one, name in part))
    return [One(one.person_id, one.account_id, token) for one, token in zip(found, tokens, strict=True)]


async def _browser(person_id: UUID, name: str) -> str:
    async with open_scope(person_scope(person_id)):
        await raw().execute("insert into tenants_person (id, name) values ($1, $2)", person_id, name)
        return await sessions.start(
            sessions.SignedIn(person_id=person_id, method="bank", level=3, auth_time=datetime.now(UTC))
        )
