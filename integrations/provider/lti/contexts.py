"""LTI's contexts: the records of ours in which a tool works. It works where it was opened, and nowhere else."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request

from integrations.apps.clients import Granted
from integrations.apps.placing.models import PlacedItem
from integrations.apps.placing.records import KINDS, RecordKind
from integrations.provider import id_tokens
from integrations.provider.lti.tokens import nothing
from integrations.provider.lti.words import GRADE_SCOPES, GRADES, MEMBERSHIPS, record_url
from tenants.scope import value

_WAS_OPENED = """
select exists (select 1 from integrations_launch where tenant_id = $1 and installation_id = $2
                  and context -> 'record' = jsonb_build_object('kind', $3::text, 'id', $4::text))
    or exists (select 1 from integrations_placed_item where tenant_id = $1 and installation_id = $2
                  and record_kind = $3 and record_id = $4::uuid)
"""


async def of_path(request: Request, granted: Granted) -> tuple[RecordKind, UUID]:
    """Return the record of an address, in the tenant's open scope.

    Raises:
        NotFound: for a record in which this tool was never opened.
    """
    kind = KINDS.get(request.path_params["kind"])
    try:
        record_id = UUID(request.path_params["record"])
    except ValueError:
        raise nothing() from None
    given = (granted.tenant_id, granted.installation_id, request.path_params["kind"], str(record_id))
    if kind is None or kind.scope not in granted.scopes or not await value(_WAS_OPENED, *given):
        raise nothing()
    return kind, record_id


async def claims(granted: Granted, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message says of the record it is sent at, and of the services there."""
    record = context.get("record") or {}
    kind = KINDS.get(record.get("kind", ""))
    if kind is None:
        return {}
    here = record_url(id_tokens.issuer(), granted.tenant_id, granted.installation_id, kind.key, record["id"])
    told: dict[str, Any] = {
        MEMBERSHIPS: {"context_memberships_url": f"{here}/memberships", "service_versions": ["2.0"]}
    }
    if "grades" in granted.scopes:
        told[GRADES] = {"scope": list(GRADE_SCOPES), "lineitems": f"{here}/lineitems"}
    return told


def context_of(context: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return LTI's context claim for the record of a launch, if it was opened on one that tools work in."""
    record = context.get("record") or {}
    kind = KINDS.get(record.get("kind", ""))
    if kind is None:
        return None
    title = str((context.get("lti") or {}).get("title", ""))
    return {"id": record["id"], "label": title, "title": title, "type": [kind.context_type]}


async def item_of(context: Mapping[str, Any], tenant_id: UUID) -> PlacedItem | None:
    """Return the thing that a launch opened."""
    found = (context.get("lti") or {}).get("item")
    return await PlacedItem.get_or_none(tenant_id=tenant_id, id=UUID(found)) if found else None
