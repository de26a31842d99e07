"""Line items, scores and results at a record that a tool works in (Assignment and Grade Services 2.0)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from integrations.apps.clients import Granted
from integrations.apps.placing import marks
from integrations.apps.placing.models import Mark, MarkColumn, PlacedItem
from integrations.apps.placing.records import RecordKind
from integrations.provider import id_tokens, subjects
from integrations.provider.lti import contexts, line_items
from integrations.provider.lti.roster import REASON, limit_of
from integrations.provider.lti.tokens import NEVER_KEPT, nothing, refused, tool_of
from integrations.provider.lti.words import (
    LINE_ITEM,
    LINE_ITEMS,
    READ_ITEMS,
    READ_RESULTS,
    RESULTS,
    WRITE_ITEMS,
    WRITE_SCORES,
    record_url,
)
from tenants.http import READS, public_route
from tenants.ids import new_id
from tenants.scope import execute, open_scope, tenant_scope

ACTIVITY = frozenset({"Initialized", "Started", "InProgress", "Submitted", "Completed"})
GRADING = frozenset({"FullyGraded", "Pending", "PendingManual", "Failed", "NotReady"})
MOST_COLUMNS = 200
CREATED, GONE, LATE = 201, 204, 409
_KEEP = """
insert into integrations_mark (tenant_id, id, column_id, member_id, given, out_of, comment, progress, grading, said_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (tenant_id, column_id, member_id) do update set given = excluded.given, out_of = excluded.out_of,
   comment = excluded.comment, progress = excluded.progress, grading = excluded.grading, said_at = excluded.said_at
 where integrations_mark.said_at < excluded.said_at
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A tool at one record, in the tenant's open scope; ``here`` is where the record's line items are."""

    granted: Granted
    kind: RecordKind
    record_id: UUID
    here: str

    def columns(self) -> Any:
        """Return the tool's own columns at this record."""
        return MarkColumn.filter(
            tenant_id=self.granted.tenant_id,
            installation_id=self.granted.installation_id,
            record_kind=self.kind.key,
            record_id=self.record_id,
        )


Answer = Callable[[Request, Place], Awaitable[Response]]


def _tool(*wanted: str) -> Callable[[Answer], Callable[[Request], Awaitable[Response]]]:
    """Return a handler for a tool with one of these scopes, at a record that it works in."""

    def around(answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        @wraps(answer)
        async def handle(request: Request) -> Response:
            try:
                granted = (await tool_of(request, agreed="grades", wanted=wanted)).granted
                async with open_scope(tenant_scope(granted.tenant_id)):
                    kind, record_id = await contexts.of_path(request, granted)
                    root = record_url(
                        id_tokens.issuer(), granted.tenant_id, granted.installation_id, kind.key, record_id
                    )
                    return await answer(request, Place(granted, kind, record_id, f"{root}/lineitems"))
            except OAuth2Error as error:
                return refused(error)

        return handle

    return around


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not JSON.") from None


def _said(body: Any, kind: str, status: int = 200) -> Response:
    return JSONResponse(body, status, NEVER_KEPT, kind)


@_tool(WRITE_ITEMS, READ_ITEMS)
async def listed(request: Request, place: Place) -> Response:
    """List the tool's line items here."""
    found = await place.columns().order_by("created_at", "id").limit(MOST_COLUMNS)
    fitting = [one for one in found if line_items.matches(one, request.query_params)]
    start = _start(request, fitting)
    shown = fitting[start : start + limit_of(request)]
    response = _said([line_items.shown(one, place.here) for one in shown], LINE_ITEMS)
    if shown and shown[-1] is not fitting[-1]:
        query = request.url.include_query_params(after=str(shown[-1].id)).query
        response.headers["Link"] = f'<{place.here}?{query}>; rel="next"'
    return response


def _start(request: Request, found: list[MarkColumn]) -> int:
    after = request.query_params.get("after", "")
    return next((n + 1 for n, one in enumerate(found) if str(one.id) == after), 0)


@_tool(WRITE_ITEMS)
async def created(request: Request, place: Place) -> Response:
    """Make a line item."""
    given = line_items.read(await _json(request))
    await _check_item(given, place)
    if await place.columns().count() >= MOST_COLUMNS:
        raise InvalidRequestError("There are too many line items here.")
    where = (place.kind.key, place.record_id)
    made = await line_items.make(place.granted.installation_id, place.granted.vendor_id, where, given)
    response = _said(line_items.shown(made, place.here), LINE_ITEM, CREATED)
    response.headers["Location"] = f"{place.here}/{made.id}"
    return response


async def _check_item(given: line_items.LineItem, place: Place) -> None:
    """Refuse a line item of a thing that is not the tool's own at this record."""
    if given.item_id is not None and not await PlacedItem.exists(
        tenant_id=place.granted.tenant_id,
        id=given.item_id,
        installation_id=place.granted.installation_id,
        record_id=place.record_id,
    ):
        raise InvalidRequestError("The resourceLinkId is none of ours.")


async def _column(request: Request, place: Place) -> MarkColumn:
    try:
        found = await place.columns().get_or_none(id=UUID(request.path_params["item"]))
    except ValueError:
        found = None
    if found is None:
        raise nothing()
    return found  # type: ignore[no-any-return]


@_tool(WRITE_ITEMS, READ_ITEMS)
async def one(request: Request, place: Place) -> Response:
    """Tell one line item."""
    return _said(line_items.shown(await _column(request, place), place.here), LINE_ITEM)


@_tool(WRITE_ITEMS)
async def replaced(request: Request, place: Place) -> Response:
    """Change a line item; what it belongs to stays."""
    found, given = await _column(request, place), line_items.read(await _json(request))
    await _check_item(given, place)
    for name in ("label", "out_of", "item_id", "resource_id", "tag", "starts_at", "ends_at"):
        setattr(found, name, getattr(given, name))
    await found.save()
    return _said(line_items.shown(found, place.here), LINE_ITEM)


@_tool(WRITE_ITEMS)
async def removed(request: Request, place: Place) -> Response:
    """Take a line item away, with its marks."""
    found = await _column(request, place)
    await Mark.filter(tenant_id=found.tenant_id, column_id=found.id).delete()
    await found.delete()
    return Response(status_code=GONE, headers=NEVER_KEPT)


@_tool(WRITE_SCORES)
async def scored(request: Request, place: Place) -> Response:
    """Take a score; an older one than we have is refused, so that two on their way end as they began."""
    column, given = await _column(request, place), await _json(request)
    if not isinstance(given, dict):
        raise InvalidRequestError("A score is an object.")
    member = await _learner(place, str(given.get("userId") or ""))
    score, most = (line_items.number(given.get(name), name) for name in ("scoreGiven", "scoreMaximum"))
    at = line_items.moment(given.get("timestamp"), "timestamp")
    progress, grading = str(given.get("activityProgress")), str(given.get("gradingProgress"))
    if at is None or progress not in ACTIVITY or grading not in GRADING:
        raise InvalidRequestError("A score has timestamp, activityProgress and gradingProgress.")
    if score is not None and not most:
        raise InvalidRequestError("A scoreGiven takes a scoreMaximum above 0.")
    comment = str(given.get("comment") or "")[:2000]
    facts = (column.id, member, score, most, comment, progress, grading, at)
    if not await execute(_KEEP, place.granted.tenant_id, new_id(), *facts):
        return _said({"error": "A newer score is there."}, "application/json", LATE)
    return Response(status_code=GONE, headers=NEVER_KEPT)


async def _learner(place: Place, subject: str) -> UUID:
    """Return the account of a learner of this record whom the tool knows by this subject."""
    for member, known in await _learners(place):
        if known == subject:
            return member
    raise nothing()


async def _learners(place: Place) -> list[tuple[UUID, str]]:
    granted = place.granted
    return [
        (one.id, await subjects.subject(str(granted.vendor_id), granted.tenant_id, one.id))
        for one in await place.kind.members(place.record_id)
        if one.is_learner
    ]


@_tool(READ_RESULTS)
async def results(request: Request, place: Place) -> Response:
    """Tell the marks of a line item as they count here."""
    column, wanted = await _column(request, place), request.query_params.get("user_id", "")
    known = {member: subject for member, subject in await _learners(place) if not wanted or subject == wanted}
    found = await Mark.filter(tenant_id=column.tenant_id, column_id=column.id, member_id__in=list(known))
    here = f"{place.here}/{column.id}"
    told = [_result(mark, column, known[mark.member_id], here) for mark in found]
    return _said(told[: limit_of(request)], RESULTS)


def _result(mark: Mark, column: MarkColumn, subject: str, here: str) -> dict[str, Any]:
    scaled = marks.result(mark, column)
    told: dict[str, Any] = {"id": f"{here}/results/{mark.id}", "userId": subject, "scoreOf": here}
    if scaled is not None:
        told |= {"resultScore": line_items.plain(scaled), "resultMaximum": line_items.plain(column.out_of)}
    return told | ({"comment": mark.comment} if mark.comment else {})


ITEMS = "/lti/{tenant}/{installation}/{kind}/{record}/lineitems"
_ROUTES = (
    (ITEMS, listed, READS),
    (ITEMS, created, ("POST",)),
    (ITEMS + "/{item}", one, READS),
    (ITEMS + "/{item}", replaced, ("PUT",)),
    (ITEMS + "/{item}", removed, ("DELETE",)),
    (ITEMS + "/{item}/scores", scored, ("POST",)),
    (ITEMS + "/{item}/results", results, READS),
)
ROUTES: list[BaseRoute] = [
    public_route(path, handler, reason=REASON, methods=methods, name=f"lti_grades_{n}")
    for n, (path, handler, methods) in enumerate(_ROUTES)
]
