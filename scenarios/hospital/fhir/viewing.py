"""Each patient whose data an app is given stands in the trail: who, whom, when, which kind. What was told does not."""

from collections.abc import Sequence

from scenarios.hospital.fhir.entry import Caller
from scenarios.hospital.fhir.kinds import Kind, Row
from tenants import audit
from tenants.scope import rows

TOLD = "patient.told"
_NUMBERS = "select id, number from tenants_account where tenant_id = $1 and id = any ($2) order by id"


async def note(caller: Caller, kind: Kind, found: Sequence[Row]) -> None:
    """Write down whose data these rows are, in the transaction that reads them."""
    whose = {one["patient_id"] for one in found} if kind.of_patients else set()
    if not whose:
        return
    numbers = await rows(_NUMBERS, caller.server.tenant_id, list(whose))
    subjects = {one["id"]: one["number"] for one in numbers}
    await audit.record_each(
        caller.actor, TOLD, subject_kind="patient", subjects=subjects, after={"resource": kind.name}
    )
