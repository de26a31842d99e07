"""Which patient of the hospital's own system a patient of ours is: asked by document, outside of any transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from scenarios.hospital.his.connecting import his_of
from scenarios.hospital.his.contract import HisRefused, HisSilent, KnownPatient
from tenants.models import Account
from tenants.scope import open_scope, rows, tenant_scope, value

_NUMBER = "select nullif(his_number, '') from hospital_patient where tenant_id = $1 and account_id = $2"
_OURS = """
select p.his_number number, p.account_id from hospital_patient p
 where p.tenant_id = $1 and p.his_number <> '' and p.his_number = any ($2)
"""


@dataclass(frozen=True, slots=True)
class Told:
    """What the system says of a document: ``patient`` is none for somebody new, ``is_silent`` when it says nothing."""

    patient: KnownPatient | None = None
    is_silent: bool = False


async def ask(tenant_id: UUID, document_kind: str, document_number: str) -> Told:
    """Ask the system who has this document. Without a system, or while it is silent, nobody is waited for."""
    async with open_scope(tenant_scope(tenant_id)):
        his = await his_of(tenant_id)
    if his is None or not document_number:
        return Told()
    try:
        found = await his.patients(document_kind, document_number)
    except (HisSilent, HisRefused):
        return Told(is_silent=True)
    return Told(found[0] if len(found) == 1 else None)


async def number_of(account: Account) -> str:
    """Return what the system calls a patient by: its own number once it is known, else ours; in the open scope."""
    return str(await value(_NUMBER, account.tenant_id, account.id) or account.number)


async def accounts_by_number(tenant_id: UUID, numbers: Iterable[str]) -> dict[str, Account]:
    """Return the patients whom the system calls by these numbers, in the open scope."""
    wanted = list(numbers)
    linked = {one["account_id"]: one["number"] for one in await rows(_OURS, tenant_id, wanted)}
    own = await Account.filter(tenant_id=tenant_id, number__in=wanted)
    return {one.number: one for one in own} | {
        linked[one.id]: one for one in await Account.filter(tenant_id=tenant_id, id__in=list(linked))
    }
