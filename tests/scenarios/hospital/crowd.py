"""Many patients, each wanted by somebody of their own or by one of a few who are signed in, made at once."""

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


async def gather(house: House, count: int, *, sign_ins: int = 0) -> list[One]:
    """Return so many patients; with ``sign_ins``, so many people in browsers share them, as families do."""
    people = [new_id() for _ in range(sign_ins or count)]
    found = [One(people[n % len(people)], new_id(), "") for n in range(count)]
    names = [f"Person {one.account_id.hex[-10:]}" for one in found]
    async with house.scope():
        await raw().executemany(
            "insert into tenants_account (tenant_id, id, scenario, kind, number, name, sort_key, attributes)"
            " values ($1, $2, 'hospital', 'patient', $3, $3, $3, '{}')",
            [(house.id, one.account_id, name) for one, name in zip(found, names, strict=True)],
        )
        await raw().executemany(
            "insert into tenants_holder (tenant_id, account_id, person_id, relation, name, confirmed_at)"
            " values ($1, $2, $3, 'parent', $4, now())",
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
    if not sign_ins:
        return found
    tokens = dict(zip(people, await asyncio.gather(*map(_browser, people)), strict=True))
    return [One(one.person_id, one.account_id, tokens[one.person_id]) for one in found]


async def _browser(person_id: UUID) -> str:
    name = f"Person {person_id.hex[-10:]}"
    async with open_scope(person_scope(person_id)):
        await raw().execute("insert into tenants_person (id, name) values ($1, $2)", person_id, name)
        return await sessions.start(
            sessions.SignedIn(person_id=person_id, method="bank", level=3, auth_time=datetime.now(UTC))
        )
