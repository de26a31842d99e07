"""Everybody at every door with somebody else's ids: in the path, in the query, in the body, in cursors and tokens."""

from collections.abc import AsyncIterator, Container, Iterable
from contextlib import asynccontextmanager
from uuid import UUID

import httpx2
from starlette.applications import Starlette
from starlette.routing import Route

from deploy.isolation.doors import AWAY, REFUSED, doors, has_ids, lists, method_of, path_of, permission_of
from deploy.isolation.report import Report, Section
from deploy.isolation.world import EVERYTHING, MARKER, World, browser
from tenants.ids import new_id
from tenants.permissions import BANK_ROLES, TENANT_ROLES
from ui.i18n import N_

ANY: Container[str] = frozenset({*BANK_ROLES, *(spec.key for spec in TENANT_ROLES)})
FIELDS = (
    "id", "account_id", "account", "bill_id", "bill", "payment_id", "fee_item_id", "holder_id", "tenant_id", "bank_id",
    "person_id", "branch_id", "run_id", "import_id", "refund_id", "plan_id", "role_id", "to_branch", "into", "deputy",
)  # fmt: skip
"""Names under which bodies and queries carry ids; each is sent with a foreign one."""


async def walk(app: Starlette, world: World, report: Report) -> None:
    """Try every door as everybody."""
    await _staff_elsewhere(app, world, report)
    await _staff_at_home(app, world, report)
    await rights(app, world, report)
    await _clerks(app, world, report)
    await _payer(app, world, report)
    await _exports(app, world, report)
    await _bodies(app, world, report)
    await _nobody(app, world, report)


@asynccontextmanager
async def _as(app: Starlette, person: UUID | None) -> AsyncIterator[httpx2.AsyncClient]:
    client = await browser(app, person)
    try:
        yield client
    finally:
        await client.aclose()


async def _try(  # noqa: PLR0917 - who tries what, and what may come of it
    client: httpx2.AsyncClient, section: Section, who: str, method: str, path: str, allowed: Iterable[int]
) -> None:
    answer = await client.request(method, path)
    is_wrong = answer.status_code not in allowed or MARKER in answer.text
    section.note(
        answer.status_code, f"{who}: {method} {path} answered {answer.status_code}" if is_wrong else ""
    )


async def _staff_elsewhere(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Staff at another institution's address"),
        N_(
            "Every role of mine opens and sends every page of theirs, with the ids of their rows."
            " Only “not found” is right."
        ),
    )
    for role, person in world.staff.items():
        async with _as(app, person) as client:
            for route in doors(app, "tenant"):
                path = path_of(route, world.theirs.slug, ids=world.foreign)
                await _try(client, section, role, method_of(route), path, {404})


def _offered(world: World) -> dict[str, UUID | str]:
    return {"theirs": world.foreign, "nobody's": new_id(), "no id": "x-1"}


async def _staff_at_home(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Foreign ids at one's own address"),
        N_(
            "Somebody with every permission of mine opens and sends every page of mine that names a"
            " row, with the ids of"
            " their rows, with ids of nothing, and with what is no id. Only “not found” and “not allowed” are right."
        ),
    )
    async with _as(app, world.staff[EVERYTHING]) as client:
        for route in filter(has_ids, doors(app, "tenant")):
            for given in _offered(world).values():
                path = path_of(route, world.mine.slug, ids=given)
                await _try(client, section, EVERYTHING, method_of(route), path, REFUSED)


async def rights(app: Starlette, world: World, report: Report, roles: Container[str] = ANY) -> None:
    """Try every page of one's own place that one has no right to, as these roles."""
    section = report.section(
        N_("Without the right"),
        N_(
            "Every role of mine and of my bank at every page of their own place that takes a right"
            " which the role has not."
            " Only “not allowed” is right."
        ),
    )
    for role, person in world.staff.items():
        if role in roles:
            routes = [r for r in doors(app, "tenant") if permission_of(r) not in world.held[role]]
            await _refused(
                app,
                section,
                (role, person),
                [(method_of(r), path_of(r, world.mine.slug, ids=new_id())) for r in routes],
            )
    for role, person in world.clerks.items():
        if role not in roles:
            continue
        routes = [r for r in doors(app, "bank") if permission_of(r) not in BANK_ROLES[role].permissions]
        paths = [(method_of(r), path_of(r, bank=world.bank.slug, ids=new_id())) for r in routes]
        await _refused(app, section, (role, person), paths)


async def _refused(
    app: Starlette, section: Section, who: tuple[str, UUID], paths: Iterable[tuple[str, str]]
) -> None:
    role, person = who
    async with _as(app, person) as client:
        for method, path in paths:
            await _try(client, section, role, method, path, {403})


async def _clerks(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Bank staff"),
        N_(
            "Every role of my bank at every page of every institution, at every page of the other"
            " bank, and with the other"
            " bank's institution, branch and people as ids at its own pages."
        ),
    )
    for role, person in world.clerks.items():
        async with _as(app, person) as client:
            for route in doors(app, "tenant"):
                for slug in (world.mine.slug, world.theirs.slug):
                    await _try(
                        client, section, role, method_of(route), path_of(route, slug, ids=new_id()), {404}
                    )
            for route in doors(app, "bank"):
                path = path_of(route, bank=world.other_bank.slug, ids=new_id())
                await _try(client, section, role, method_of(route), path, {404})
            await _foreign_at_bank(client, section, role, world, filter(has_ids, doors(app, "bank")))


async def _foreign_at_bank(
    client: httpx2.AsyncClient, section: Section, role: str, world: World, routes: Iterable[Route]
) -> None:
    for route in routes:
        for given in (world.theirs.id, world.theirs.branch_id, world.foreign):
            path = path_of(route, bank=world.bank.slug, ids=given)
            await _try(client, section, role, method_of(route), path, REFUSED)


async def _payer(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("A payer"),
        N_("Somebody who pays at mine, at every page of payers and every page of staff, with foreign ids."),
    )
    async with _as(app, world.payer) as client:
        for route in filter(has_ids, doors(app, "person")):
            for given in _offered(world).values():
                path = path_of(route, world.theirs.slug, ids=given)
                await _try(client, section, "payer", method_of(route), path, REFUSED)
        for route in doors(app, "tenant", "bank"):
            path = path_of(route, world.theirs.slug, world.bank.slug, ids=world.foreign)
            await _try(client, section, "payer", method_of(route), path, {404})


async def _exports(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Lists, searches and files"),
        N_(
            "Every list of mine, its search for “Zanzibar Foreign Holdings”, its CSV and XLSX file,"
            " and its pages far beyond the end. What"
            " is written in their rows must be in none of them."
        ),
    )
    async with _as(app, world.staff[EVERYTHING]) as client:
        for route in lists(doors(app, "tenant")):
            for asked in (
                "",
                f"?q={MARKER[:8]}",
                "?export=csv",
                "?export=xlsx",
                "?page=9999",
                f"?after={world.foreign}",
            ):
                answer = await client.get(path_of(route, world.mine.slug) + asked)
                has_leaked = MARKER.encode() in answer.content.replace(f'value="{MARKER[:8]}"'.encode(), b"")
                section.note(answer.status_code, f"{route.path}{asked} shows theirs" if has_leaked else "")


async def _bodies(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Bodies, queries and cursors"),
        N_(
            "Every form of mine is sent with foreign ids in every field that can name a row. Whatever the answer is,"
            " nothing of theirs may be in it; that nothing of theirs has changed is counted in the database afterwards."
        ),
    )
    body = dict.fromkeys(FIELDS, str(world.foreign))
    async with _as(app, world.staff[EVERYTHING]) as client:
        for route in doors(app, "tenant"):
            if has_ids(route):
                continue
            path = path_of(route, world.mine.slug)
            answer = (
                await client.post(path, data=body)
                if method_of(route) == "POST"
                else await client.get(path, params=body)
            )
            section.note(answer.status_code, f"{route.path} shows theirs" if MARKER in answer.text else "")


async def _nobody(app: Starlette, world: World, report: Report) -> None:
    section = report.section(
        N_("Somebody who is not signed in"),
        N_("A browser that is not signed in, and one with a made-up token, at every door."),
    )
    async with _as(app, None) as client:
        for token in ("", "made-up-token"):
            if token:
                from tenants import sessions  # noqa: PLC0415 - its cookie's name

                client.cookies.set(sessions.COOKIE, token, domain=client.base_url.host)
            for route in doors(app, "tenant", "bank", "person"):
                path = path_of(route, world.mine.slug, world.bank.slug, ids=world.foreign)
                await _try(client, section, "nobody", method_of(route), path, AWAY)
