"""What every page of an estate needs: where it is, whether there is one, and what day it is there."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import wraps
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from billing.names import localized
from scenarios.community.kinds import SCENARIO_KEY
from tenants.actor import Actor
from tenants.http import READS, person_route, tenant_route
from tenants.scope import row, rows, value
from ui.errors import Invalid, NotFound
from ui.i18n import Text, t

MOST_EXPORTED = 20_000
LANGUAGES = ("en", "zh_CN")
"""What an estate may write its words in."""
_ZONE = """
select timezone from tenants_tenant
 where id = any ((select scope_tenants())::uuid[]) and $1 = any (scenarios) order by created_at limit 1
"""
Endpoint = Callable[[Request, Actor], Awaitable[Response]]


def root_of(actor: Actor) -> str:
    """Return where the institution's console begins."""
    return f"/t/{actor.place['slug']}"


def estate_route(
    path: str, endpoint: Endpoint, *, permission: str, name: str, methods: Sequence[str] = READS
) -> Route:
    """A page of staff that only an institution with this industry cloud has."""

    @wraps(endpoint)
    async def guarded(request: Request, actor: Actor) -> Response:
        if SCENARIO_KEY not in actor.place["scenarios"]:
            raise nothing()
        return await endpoint(request, actor)

    return tenant_route(path, guarded, permission=permission, name=name, methods=methods)


def resident_route(path: str, endpoint: Endpoint, *, name: str, methods: Sequence[str] = READS) -> Route:
    """A page of who lives or owns here, with times as the clock on the wall shows them."""

    @wraps(endpoint)
    async def at_home(request: Request, actor: Actor) -> Response:
        zone = await value(_ZONE, SCENARIO_KEY)
        request.state.shell = replace(request.state.shell, zone=zone or request.state.shell.zone)
        return await endpoint(request, actor)

    return person_route(path, at_home, name=name, methods=methods)


def nothing() -> NotFound:
    """Return what somebody is told who looks for what is not there, or not theirs."""
    return NotFound("page.not_found", t("There is no such page, or it is not yours to see."))


def tenant_of(actor: Actor) -> UUID:
    """Return the institution that the actor acts in."""
    assert actor.tenant_id is not None  # noqa: S101 - a door has led here
    return actor.tenant_id


def refused(code: str, field: str, text: Text) -> Invalid:
    """Return a refusal that is said at a form's field."""
    return Invalid(code, text, fields={field: text})


async def one_of(sql: str, *args: Any) -> dict[str, Any]:
    """Return the one row of a statement, or say that there is nothing of the kind."""
    found = await row(sql, *args)
    if found is None:
        raise nothing()
    return dict(found)


def spoken(words: Mapping[str, str]) -> dict[str, str]:
    """Return what was written in each language, without the languages in which nothing was."""
    return {key: text.strip() for key, text in words.items() if text.strip()}


def named(found: Iterable[Any], column: str = "names", name: str = "name") -> list[dict[str, Any]]:
    """Return rows with what they are called in the reader's language."""
    return [{**dict(one), name: localized(json.loads(one[column]))} for one in found]


async def buildings_of(tenant_id: UUID) -> list[tuple[str, str]]:
    """Return the buildings as a form offers them, in the order of the estate."""
    found = await rows(
        "select b.id, b.code from community_building b where b.tenant_id = $1"
        " order by (select min(a.sort_key) from community_unit u join tenants_account a"
        "            on a.tenant_id = $1 and a.id = u.account_id where u.tenant_id = $1 and u.building_id = b.id),"
        " b.code",
        tenant_id,
    )
    return [(str(one["id"]), one["code"]) for one in found]


async def unit_named(tenant_id: UUID, number: str) -> UUID | None:
    """Return the account whose number was typed, ``None`` for a blank; ``Invalid`` (field ``unit``) for no such one."""
    if not number.strip():
        return None
    found = await row(
        "select id from tenants_account where tenant_id = $1 and scenario = $2 and lower(number) = lower($3)",
        tenant_id,
        SCENARIO_KEY,
        number.strip(),
    )
    if found is None:
        text = t("There is no unit with this number.")
        raise Invalid("work.unit", text, fields={"unit": text})
    unit: UUID = found["id"]
    return unit
