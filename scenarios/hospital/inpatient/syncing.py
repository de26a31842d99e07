"""Keeping up with the hospital's system: who lies where, what each day cost, who has left, what was decided again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from scenarios.hospital.his.contract import HisRefused, HisSilent
from scenarios.hospital.his.linking import accounts_by_number
from scenarios.hospital.his.wards import Admitted, Wards, wards_of
from scenarios.hospital.inpatient import admission, afterwards, deposits, listing
from scenarios.hospital.inpatient.states import LIVE
from scenarios.hospital.models import Stay
from scenarios.hospital.places import NOWHERE, Place, columns, opened, tidy
from tenants.actor import Actor
from tenants.models import Account
from tenants.scope import execute, open_scope, tenant_scope
from ui.errors import AppError, Conflict, NotFound

log = structlog.get_logger(__name__)
WATCHED = timedelta(days=60)
"""So long after somebody has gone home the insurer's new decisions are looked for."""
_VACATE = """
update hospital_stay set place = null, place_hash = null, ward_hash = null, bed_hash = null
 where tenant_id = $1 and id = any ($2::uuid[])
"""


async def keep_up(actor: Actor) -> bool:
    """Bring everything up to date; tell whether the system answered. Outside of any scope."""
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    async with open_scope(tenant_scope(actor.tenant_id)):
        his = await wards_of(actor.tenant_id)
    if his is None:
        return False
    try:
        listed = await his.admitted()
    except (HisSilent, HisRefused):
        return False
    async with open_scope(tenant_scope(actor.tenant_id)):
        await settle_in(actor, listed)
        stays = await Stay.filter(tenant_id=actor.tenant_id, status__in=LIVE).order_by("id")
    there = {one.id for one in listed}
    for stay in stays:
        await _keep_up_with(actor, his, stay, is_there=stay.his_id in there)
    await _look_again(actor)
    return True


async def settle_in(actor: Actor, listed: Sequence[Admitted]) -> None:
    """Begin stays that the system has and we have not, and put everybody into the bed that it names."""
    accounts = await accounts_by_number(_tenant(actor), [one.patient for one in listed])
    await _lead(actor, listed, accounts)
    for one in listed:
        account = accounts.get(one.patient)
        stays = await Stay.filter(tenant_id=actor.tenant_id, his_id=one.id).count()
        if account is None or stays:
            continue
        try:
            await admission.begin(
                actor,
                account.id,
                Place(tidy(one.ward), tidy(one.bed)),
                his_id=one.id,
                since=one.admitted_at,
            )
        except (Conflict, NotFound) as error:
            log.warning("stay.not_begun", stay=one.id, code=error.code)


async def _lead(actor: Actor, listed: Sequence[Admitted], accounts: dict[str, Account]) -> None:
    """Give stays of ours their number and bed there. Whoever moves leaves their bed first, so that two may swap."""
    moved = []
    for one in listed:
        account = accounts.get(one.patient)
        found = await Stay.filter(
            tenant_id=actor.tenant_id, account_id=account.id if account else None, status__in=LIVE
        ).first()
        if found is None or found.his_id not in {"", one.id}:
            continue
        place = Place(tidy(one.ward), tidy(one.bed))
        if (found.his_id, opened(found.place)) != (one.id, place):
            moved.append((found, one.id, place))
    await execute(_VACATE, actor.tenant_id, [stay.id for stay, _, _ in moved])
    for stay, his_id, place in moved:
        await _place(actor, stay, his_id, place)


async def _place(actor: Actor, stay: Stay, his_id: str, place: Place) -> None:
    wanted = columns(stay.tenant_id, place)["place_hash"]
    others = Stay.filter(tenant_id=stay.tenant_id, place_hash=wanted, status__in=LIVE, id__not=stay.id)
    if wanted and await others.exists():
        log.warning("stay.bed_taken", stay=str(stay.id))
        place = NOWHERE
    await admission.put(stay, place, his_id=his_id)
    await admission.note(actor, stay, "stay.moved")


async def _keep_up_with(actor: Actor, his: Wards, stay: Stay, *, is_there: bool) -> None:
    """Bring one stay up to date; what goes wrong with one does not keep the others waiting."""
    try:
        if (
            stay.his_id
            and not is_there
            and stay.status == "admitted"
            and (await his.stay(stay.his_id)).has_left
        ):
            async with open_scope(tenant_scope(stay.tenant_id)):
                await admission.step(
                    actor, await admission.locked(actor, stay.id), "leave", leaving_at=datetime.now(UTC)
                )
        await listing.bring_in(actor, stay)
        async with open_scope(tenant_scope(stay.tenant_id)):
            await deposits.remind(actor, stay.id)
    except (HisSilent, HisRefused, AppError) as error:
        log.warning("stay.not_kept_up", stay=str(stay.id), error=type(error).__name__)


async def _look_again(actor: Actor) -> None:
    """Ask for new decisions about those who went home lately."""
    since: Any = datetime.now(UTC) - WATCHED
    async with open_scope(tenant_scope(_tenant(actor))):
        gone = await Stay.filter(tenant_id=actor.tenant_id, status="discharged", ended_at__gte=since)
    for stay in gone:
        try:
            await afterwards.decide_again(actor, stay.id)
        except AppError as error:
            log.warning("stay.not_decided_again", stay=str(stay.id), code=error.code)


def _tenant(actor: Actor) -> Any:
    assert actor.tenant_id is not None  # noqa: S101 - jobs run inside a tenant
    return actor.tenant_id
