"""Practice: ten sums that a teacher puts into a class, that children do at home or at school, and a mark for it.

A learning tool (LTI 1.3, by PyLTI1p3): it is told the class, who opens it in which role, and names where families have
agreed. What it gives back is a child's best mark.
"""

import asyncio
import datetime as dt
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pylti1p3.assignments_grades import AssignmentsGradesService
from pylti1p3.deep_link_resource import DeepLinkResource
from pylti1p3.grade import Grade
from pylti1p3.lineitem import LineItem
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deploy.sandbox.apps import lti
from deploy.sandbox.apps.exercises import COUNT, EXERCISES, Exercise
from deploy.sandbox.apps.kit import About, Kit, NotReadyError, Person, signed_in, started
from deploy.sandbox.apps.lti import CLAIM, Tool

ABOUT = About(
    name="practice",
    title="Practice",
    title_zh="练习",
    scope="openid profile roles tenant accounts grades",
    places=(),
    schema=lti.SCHEMA
    + """
    create table if not exists attempt (
      id integer primary key, installation text, class text, item text, exercise text, learner text, seed integer,
      right integer, is_told integer default 0, at text, begun_at text);
    create index if not exists attempt_of on attempt (installation, item, learner);
    """,
)
_BEST = "select max(right) best, count(right) goes from attempt where installation = ? and item = ? and learner = ?"
_OPEN = (
    "select * from attempt where id = ? and installation = ? and item = ? and learner = ? and right is null"
)
_UNTOLD = (
    "select 1 from attempt where installation = ? and item = ? and learner = ? and right >= 0 and not is_told"
)


def _has(person: Person, word: str) -> bool:
    return any(str(role).endswith(f"membership#{word}") for role in person.claims.get("lti_roles", ()))


def _exercise(person: Person) -> Exercise | None:
    return EXERCISES.get(str(person.claims.get("exercise")))


def _key(person: Person) -> tuple[str, str, str]:
    return person.installation, str(person.claims.get("item")), person.sub


async def launch(request: Request) -> Response:
    """Begin: the product says that somebody wants to open us, we ask it who and where."""
    kit, tool = request.app.state.kit, request.app.state.tool
    try:
        return tool.login(request)  # type: ignore[no-any-return]
    except (*lti.REFUSED, NotReadyError):
        return kit.say(request, 400, "Please open it from your class.", "请从班级打开。")  # type: ignore[no-any-return]


async def start(request: Request) -> Response:
    """Take the launch, remember who it is, and show what it is for."""
    kit, tool = request.app.state.kit, request.app.state.tool
    try:
        told = await tool.launched(request)
    except lti.REFUSED:
        return kit.say(request, 400, "Please open it again.", "请重新打开。")  # type: ignore[no-any-return]
    person = _person(told)
    kit.meet(person.installation, str(told["aud"]))
    kit.know(person.installation, {"class": person.claims["class"]})
    if told[f"{CLAIM}message_type"] == "LtiDeepLinkingRequest":
        return await _picking(request, kit, tool, person, told)
    return kit.remember(RedirectResponse("/", 303), person)  # type: ignore[no-any-return]


def _person(told: Mapping[str, Any]) -> Person:
    """Return who has opened us, with what we were told of where."""
    custom, context = told.get(f"{CLAIM}custom", {}), told.get(f"{CLAIM}context", {})
    claims = {
        "name": told.get("name", ""),
        "locale": told.get("locale", ""),
        "lti_roles": told[f"{CLAIM}roles"],
        "class": context.get("title", ""),
        "class_id": context.get("id", ""),
        "item": told.get(f"{CLAIM}resource_link", {}).get("id", ""),
        "exercise": custom.get("exercise", ""),
        "learners": told.get(f"{CLAIM}role_scope_mentor", []),
        **{name: told[name] for name in (lti.AGS, lti.NRPS) if name in told},
    }
    return Person(told["sub"], told[f"{CLAIM}deployment_id"], claims)


async def _picking(
    request: Request, kit: Kit, tool: Tool, person: Person, told: Mapping[str, Any]
) -> Response:
    """Offer the exercises: each is a form that takes its signed answer back to the product."""
    found = [
        (one, await asyncio.to_thread(tool.picked, told, _resource(kit, one))) for one in EXERCISES.values()
    ]
    url = told[lti.PICKING]["deep_link_return_url"]
    return kit.page(request, "practice_pick.html", person=person, found=found, url=url)


def _resource(kit: Kit, one: Exercise) -> DeepLinkResource:
    title = one.title
    made = DeepLinkResource().set_title(title).set_url(f"{kit.url}/start")
    line = LineItem().set_label(title).set_score_maximum(COUNT).set_tag(one.key)
    return made.set_custom_params({"exercise": one.key}).set_lineitem(line)


@signed_in
async def home(request: Request, kit: Kit, person: Person) -> Response:
    """Show a learner their sums, a teacher the class, whoever looks on their child's results."""
    exercise = _exercise(person)
    if exercise is None:
        return kit.say(request, 200, "Open it from your class.", "请从班级打开。")
    if _has(person, "Learner"):
        return await _sums(request, kit, person, exercise)
    lines = await _class(request, person)
    return kit.page(request, "practice_class.html", person=person, exercise=exercise, lines=lines)


async def _class(request: Request, person: Person) -> list[dict[str, Any]]:
    """Return the learners whom this person may see with their marks; nobody while the product does not answer."""
    tool: Tool = request.app.state.tool
    try:
        marks = await tool.marks(person)
        members = await tool.members(person)
    except lti.UNREACHED:
        return []
    seen = set(person.claims["learners"]) if _has(person, "Mentor") else None
    learners = [dict(one) for one in members if any(role.endswith("#Learner") for role in one["roles"])]
    return [
        one | {"mark": marks.get(str(one["user_id"]))}
        for one in learners
        if seen is None or one["user_id"] in seen
    ]


def _shown(kit: Kit, person: Person) -> dict[str, Any]:
    """Return what every page of sums shows: whose it is, what they practise, their best so far."""
    found = dict(kit.db.execute(_BEST, _key(person)).fetchone())
    return found | {"person": person, "exercise": _exercise(person)}


async def _sums(request: Request, kit: Kit, person: Person, exercise: Exercise) -> Response:
    seed = secrets.randbelow(2**31)
    made = kit.db.execute(
        "insert into attempt (installation, item, learner, class, exercise, seed, begun_at)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (*_key(person), str(person.claims["class_id"]), exercise.key, seed, _now()),
    )
    if kit.db.execute(_UNTOLD, _key(person)).fetchone():
        await _tell(request, kit, person)
    context = {"sums": exercise.sums(seed), "attempt": made.lastrowid, "most": COUNT}
    return kit.page(request, "practice.html", 200, **_shown(kit, person), **context)


@signed_in
async def answer(request: Request, kit: Kit, person: Person) -> Response:
    """Mark one go, once, and tell the class's book of marks the best so far."""
    form = await request.form()
    given = (request.path_params["id"], *_key(person))
    found = kit.db.execute(_OPEN, given).fetchone()
    if found is None or not _has(person, "Learner"):
        return RedirectResponse("/", 303)
    exercise = EXERCISES[found["exercise"]]
    marked = [
        (asked, str(form.get(f"sum-{n}") or "").strip()[:6], right)
        for n, (asked, right) in enumerate(exercise.sums(found["seed"]))
    ]
    count = sum(said == str(right) for _, said, right in marked)
    kit.db.execute("update attempt set right = ?, at = ? where id = ?", (count, _now(), found["id"]))
    is_told = await _tell(request, kit, person)
    context = {"marked": marked, "right": count, "is_told": is_told, "most": COUNT}
    return kit.page(request, "practice_marked.html", 200, **_shown(kit, person), **context)


async def _tell(request: Request, kit: Kit, person: Person) -> bool:
    """Give the best mark to the product; what could not be told is told when the child comes again."""
    tool: Tool = request.app.state.tool
    if lti.AGS not in person.claims:
        return False
    best = int(_shown(kit, person)["best"])
    grade = Grade().set_score_given(best).set_score_maximum(COUNT).set_user_id(person.sub)
    grade.set_timestamp(_now()).set_activity_progress("Completed").set_grading_progress("FullyGraded")

    def put(grades: AssignmentsGradesService) -> None:
        grades.put_grade(grade)

    try:
        await tool.grade(person, put)
    except lti.UNREACHED:
        return False
    kit.db.execute(
        "update attempt set is_told = 1 where installation = ? and item = ? and learner = ? and right >= 0",
        _key(person),
    )
    return True


async def jwks(request: Request) -> Response:
    """Publish our key."""
    return JSONResponse(request.app.state.tool.jwks())


async def heard(kit: Kit, event: str, installation: str, data: dict[str, Any]) -> None:
    """Forget what we have when an installation ends for good."""
    del data
    if event == "installation.deletion_due":
        kit.db.execute("delete from attempt where installation = ?", (installation,))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()


def create(url: str, data: Path) -> Starlette:
    """Return the app that is reached at ``url`` and keeps its own database in ``data``."""
    kit = Kit(ABOUT, url, data)
    pages = [
        Route("/launch", launch),
        Route("/start", start, methods=["POST"]),
        Route("/jwks", jwks),
        Route("/", home),
        Route("/attempts/{id:int}", answer, methods=["POST"]),
    ]
    app = started(kit, pages, heard)
    app.state.tool = Tool(kit)
    return app
