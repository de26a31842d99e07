"""Who calls a FHIR server with the token of a SMART launch, and which patient it was launched on.

For industries that hold the resources. Whatever has ended (the session, the installation, the role, the consent) has
ended here too, since every call looks afresh.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from authlib.oauth2.rfc6749 import OAuth2Error
from starlette.requests import Request

from integrations.provider import smart
from integrations.provider.access import Entry, InsufficientScopeError, access, refusal
from tenants.scope import Scope, open_scope
from ui.errors import AppError, NotFound
from ui.i18n import t


class BearerError(AppError):
    """The token is missing, has ended (401), or does not open this (403); ``headers`` say so to programs."""

    status = 401


@dataclass(frozen=True, slots=True)
class Launched:
    """A tool at work: for whom, in which institution, on which patient, and what it may do there.

    ``patient_id`` is the account that it was opened on; ``None`` where it was opened on nobody in particular, and
    then no patient's record is open to it.
    """

    tenant_id: UUID
    installation_id: UUID
    person_id: UUID
    client_id: str
    patient_id: UUID | None
    scopes: frozenset[str]

    def may(self, resource: str, act: str) -> bool:
        """Tell whether it may read (``r``) or search (``s``) this kind of resource of its patient."""
        return self.patient_id is not None and smart.may(self.scopes, resource, act)

    def require(self, resource: str, act: str) -> UUID:
        """Return the one patient of whom this kind of resource may be read or searched.

        Raises:
            BearerError: 403, when the scopes do not open it, or no patient was launched on.
        """
        if self.patient_id is None or not self.may(resource, act):
            raise _insufficient(f"patient/{resource}.{act}")
        return self.patient_id


@asynccontextmanager
async def launched(request: Request, tenant_id: UUID) -> AsyncIterator[Launched]:
    """Open the institution's scope for whoever shows a token of a SMART launch there.

    The transaction sees all of the tenant: hold every read to ``require``'s patient.

    Raises:
        BearerError: 401 without a good token, 403 where the tenant did not agree to records.
        NotFound: when the token is of another institution.
    """
    async with open_scope(Scope()):
        entry = await _entry(request)
        if entry.granted.tenant_id != tenant_id:
            raise NotFound("page.not_found", t("There is no such page, or it is not yours to see."))
        if smart.RECORDS not in entry.granted.scopes:
            raise _insufficient(smart.EVERY[0])
        yield _launched(entry)


async def _entry(request: Request) -> Entry:
    try:
        return await access(request)
    except InsufficientScopeError as error:
        raise _insufficient("") from error
    except OAuth2Error as error:
        words = t("This token is not good: it has ended, or was never given.")
        raise BearerError("bearer.token", words, headers=refusal(error)) from error


def _launched(entry: Entry) -> Launched:
    grant = entry.token.grant
    beside = grant.context.get("beside")
    patient = str(beside.get("patient") or "") if isinstance(beside, dict) else ""
    return Launched(
        tenant_id=grant.tenant_id,
        installation_id=grant.installation_id,
        person_id=grant.person_id,
        client_id=grant.client_id,
        patient_id=UUID(patient) if patient else None,
        scopes=frozenset(entry.token.scope.split()),
    )


def _insufficient(wanted: str) -> BearerError:
    return BearerError(
        "bearer.scope",
        t("This was not agreed to. It takes the scope {scope}.", scope=wanted),
        status=403,
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'},
    )
