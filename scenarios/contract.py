"""What a scenario is: one value that says everything the rest of the house needs to run it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.routing import BaseRoute

from billing.catalogue import FeeTemplate
from tenants.actor import Actor
from tenants.kinds import ScenarioKinds
from tenants.models import Tenant
from tenants.navigation import Place
from tenants.permissions import Rights


@dataclass(frozen=True, slots=True)
class Scenario:
    """One industry cloud.

    ``kinds`` teaches the rooms below its accounts and imports, ``fee_templates`` its first fees, ``rights`` its
    permissions and roles, ``places`` and ``routes`` its own pages. ``provision(actor, tenant)`` adds what is its own
    to a tenant that is being approved, in the approval's transaction and the tenant's scope. ``sample(actor, tenant)``
    puts a few made-up people there in the same way, where the tenant is a vendor's sandbox and has one member.
    ``example_rows`` say, by table, what a row needs besides its types where the database asks for more: the proof of
    isolation makes a row of each. ``secrets`` say, by ``table.column``, for what each encrypted field is encrypted, so
    that all can be put under a new key; a column of the row stands in braces.
    """

    kinds: ScenarioKinds
    fee_templates: Sequence[FeeTemplate]
    places: Sequence[Place]
    routes: Sequence[BaseRoute]
    provision: Callable[[Actor, Tenant], Awaitable[None]] | None = None
    sample: Callable[[Actor, Tenant], Awaitable[None]] | None = None
    rights: Rights = field(default_factory=Rights)
    example_rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The scenario's name in tables and addresses."""
        return self.kinds.key
