"""What the roster tells, as data: resources with the statements that make their documents, and ways through others.

``$1`` is the tenant. A document is the standard's JSON; references to others get their addresses afterwards. What is
over is told as ``tobedeleted``, so that a consumer who asks for changes since a moment learns of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scenarios.education.oneroster.entry import CORE, DEMOGRAPHICS, WHOLE

_MOMENT = """to_char({0} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
_ROW = (
    "'sourcedId', t.sourced_id, 'status', case when t.closed_on is null then 'active' else 'tobedeleted' end,"
    f" 'dateLastModified', {_MOMENT.format('t.updated_at')}"
)
_SCHOOL = """coalesce((select o.sourced_id from education_org o where o.tenant_id = $1 and o.kind = 'school'
  and o.closed_on is null order by o.created_at, o.id limit 1), 'local:school')"""
"""The school of a roster that names none: its first, or the institution itself."""
_GRADES = """(select jsonb_agg(case when g ~ '^[0-9]$' then '0' || g else g end)
  from unnest(string_to_array(nullif({0}, ''), ',')) g)"""


def _ref(sourced_id: str, kind: str) -> str:
    made = f"jsonb_build_object('sourcedId', {sourced_id}, 'type', '{kind}')"
    return f"case when {sourced_id} is not null then {made} end"


def _refs(query: str, kind: str) -> str:
    return (
        f"(select jsonb_agg(jsonb_build_object('sourcedId', s.sourced_id, 'type', '{kind}') order by s.sourced_id)"
        f" from ({query}) s)"
    )


_ORGS = f"""
select t.sourced_id, jsonb_build_object({
    _ROW
}, 'name', t.name, 'type', t.kind, 'identifier', nullif(t.identifier, ''),
    'parent', {_ref("p.sourced_id", "org")}, 'children', {
    _refs("select c.sourced_id from education_org c where c.tenant_id = $1 and c.parent_id = t.id", "org")
}) doc
  from education_org t left join education_org p on p.tenant_id = $1 and p.id = t.parent_id
 where t.tenant_id = $1 and {{extra}}
union all
select t.sourced_id, jsonb_build_object({_ROW}, 'name', t.name, 'type', t.kind) doc
  from (select 'local:school' sourced_id, null::date closed_on, created_at updated_at, name, 'school' kind
          from tenants_tenant where id = $1 and not exists (
            select 1 from education_org where tenant_id = $1 and kind = 'school' and closed_on is null)) t
 where {{extra}}
"""
_SESSIONS = f"""
select t.sourced_id, jsonb_build_object({_ROW}, 'title', t.title, 'type', t.kind, 'startDate', t.starts_on,
    'endDate', t.ends_on, 'schoolYear', nullif(t.school_year, 0)::text,
    'parent', {_ref("p.sourced_id", "academicSession")}, 'children', {
    _refs(
        "select c.sourced_id from education_session c where c.tenant_id = $1 and c.parent_id = t.id",
        "academicSession",
    )
}) doc
  from education_session t left join education_session p on p.tenant_id = $1 and p.id = t.parent_id
 where t.tenant_id = $1 and {{extra}}
"""
_COURSES = f"""
select t.sourced_id, jsonb_build_object({_ROW}, 'title', t.title, 'courseCode', nullif(t.code, ''),
    'grades', {_GRADES.format("t.grades")}, 'org', {_ref(_SCHOOL, "org")}) doc
  from education_course t where t.tenant_id = $1 and {{extra}}
"""
_TERMS = """select s.sourced_id from education_class_session x
  join education_session s on s.tenant_id = $1 and s.id = x.session_id where x.tenant_id = $1 and x.class_id = t.id"""
_CLASSES = f"""
select t.sourced_id, jsonb_build_object({
    _ROW
}, 'title', t.title, 'classCode', nullif(t.code, ''), 'classType', t.kind,
    'location', nullif(t.location, ''), 'grades', {_GRADES.format("t.grades")}, 'course', {
    _ref("c.sourced_id", "course")
}, 'school', {_ref(f"coalesce(o.sourced_id, {_SCHOOL})", "org")}, 'terms', {
    _refs(_TERMS, "academicSession")
}) doc
  from education_class t
  left join education_course c on c.tenant_id = $1 and c.id = t.course_id
  left join education_org o on o.tenant_id = $1 and o.id = t.org_id
 where t.tenant_id = $1 and {{extra}}
"""
_ENROLMENTS = f"""
select t.sourced_id, jsonb_build_object({_ROW}, 'role', t.role, 'primary', t.is_primary::text,
    'beginDate', t.begins_on, 'endDate', t.ends_on, 'user', {_ref("u.sourced_id", "user")}, 'class', {
    _ref("c.sourced_id", "class")
}, 'school', {_ref(f"coalesce(o.sourced_id, {_SCHOOL})", "org")}) doc
  from education_enrolment t
  join education_user u on u.tenant_id = $1 and u.id = t.user_id
  join education_class c on c.tenant_id = $1 and c.id = t.class_id
  left join education_org o on o.tenant_id = $1 and o.id = c.org_id
 where t.tenant_id = $1 and {{extra}}
"""
_IS = """exists (select 1 from education_role r where r.tenant_id = $1 and r.user_id = t.id and r.role = '{0}')
  or (not exists (select 1 from education_role r where r.tenant_id = $1 and r.user_id = t.id) and {1})"""
_IS_STUDENT = f"({_IS.format('student', 't.account_id is not null')})"
_TEACHES = """exists (select 1 from education_enrolment e where e.tenant_id = $1 and e.user_id = t.id
   and e.role = 'teacher')"""
_IS_TEACHER = f"({_IS.format('teacher', _TEACHES)})"
_ROLES = f"""
coalesce((select jsonb_agg(jsonb_strip_nulls(jsonb_build_object('roleType', r.kind, 'role', r.role,
            'beginDate', r.begins_on, 'endDate', r.ends_on,
            'org', {_ref(f"coalesce(o.sourced_id, {_SCHOOL})", "org")})) order by r.kind, r.sourced_id)
   from education_role r left join education_org o on o.tenant_id = $1 and o.id = r.org_id
  where r.tenant_id = $1 and r.user_id = t.id),
  jsonb_build_array(jsonb_build_object('roleType', 'primary',
    'role', case when t.account_id is not null then 'student' else 'teacher' end, 'org', {_ref(_SCHOOL, "org")})))
"""
_AGENTS = """select g.sourced_id from education_agent a join education_user g on g.tenant_id = $1 and g.id = a.agent_id
  where a.tenant_id = $1 and a.user_id = t.id and a.closed_on is null"""
_GIVEN = "coalesce(nullif(t.given_name, ''), nullif(substring(t.name from '^\\S+\\s+(.*)$'), ''), t.name)"
_FAMILY = "coalesce(nullif(t.family_name, ''), substring(t.name from '^\\S+'))"
_USERS = f"""
select t.sourced_id, jsonb_build_object({_ROW}, 'username', coalesce(nullif(t.username, ''), t.sourced_id),
    'enabledUser', t.is_enabled::text, 'givenName', {_GIVEN}, 'middleName', nullif(t.middle_name, ''),
    'familyName', {_FAMILY}, 'identifier', nullif(t.number, ''), 'email', nullif(t.email, ''),
    'phone', nullif(t.phone, ''), 'grades', {_GRADES.format("t.grade")}, 'roles', {_ROLES},
    'primaryOrg', {_ref(_SCHOOL, "org")}, 'agents', {_refs(_AGENTS, "user")}) doc
  from education_user t where t.tenant_id = $1 and {{extra}}
"""
_AGREED = """coalesce((select k.is_given from education_consent k where k.tenant_id = $1 and k.account_id = t.account_id
   and k.purpose = 'demographics' order by k.created_at desc, k.id desc limit 1), false)"""
_DEMOGRAPHICS = f"""
select t.sourced_id, jsonb_build_object({_ROW}, 'birthDate', t.born_on) doc
  from education_user t
 where t.tenant_id = $1 and t.born_on is not null and t.account_id is not null and {_AGREED} and {{extra}}
"""
"""Of pupils whose guardian has agreed, whatever their age; nothing is told of anybody else."""
ROSTER = (CORE, WHOLE)


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of document.

    ``key`` names a list in an answer, ``one`` a single document; ``names`` its fields, ``parts`` those inside of some.
    """

    key: str
    one: str
    sql: str
    names: tuple[str, ...]
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extra: str = "true"
    scopes: tuple[str, ...] = ROSTER


_ALWAYS = ("sourcedId", "status", "dateLastModified")
_REF = ("sourcedId", "type", "href")
_USER = Resource(
    "users",
    "user",
    _USERS,
    (
        *_ALWAYS, "username", "enabledUser", "givenName", "middleName", "familyName", "identifier", "email", "phone",
        "grades", "roles", "primaryOrg", "agents",
    ),
    {"roles": ("role", "roleType", "beginDate", "endDate"), "primaryOrg": _REF, "agents": _REF},
)  # fmt: skip
_SESSION = Resource(
    "academicSessions",
    "academicSession",
    _SESSIONS,
    (*_ALWAYS, "title", "type", "startDate", "endDate", "schoolYear", "parent", "children"),
    {"parent": _REF, "children": _REF},
)
_ORG = Resource(
    "orgs",
    "org",
    _ORGS,
    (*_ALWAYS, "name", "type", "identifier", "parent", "children"),
    {"parent": _REF, "children": _REF},
)


def _only(of: Resource, extra: str) -> Resource:
    return Resource(of.key, of.one, of.sql, of.names, of.parts, extra, of.scopes)


RESOURCES: Mapping[str, Resource] = {
    "orgs": _ORG,
    "schools": _only(_ORG, "t.kind = 'school'"),
    "academicSessions": _SESSION,
    "terms": _only(_SESSION, "t.kind = 'term'"),
    "gradingPeriods": _only(_SESSION, "t.kind = 'gradingPeriod'"),
    "courses": Resource(
        "courses", "course", _COURSES, (*_ALWAYS, "title", "courseCode", "grades", "org"), {"org": _REF}
    ),
    "classes": Resource(
        "classes",
        "class",
        _CLASSES,
        (*_ALWAYS, "title", "classCode", "classType", "location", "grades", "course", "school", "terms"),
        {"course": _REF, "school": _REF, "terms": _REF},
    ),
    "enrollments": Resource(
        "enrollments",
        "enrollment",
        _ENROLMENTS,
        (*_ALWAYS, "role", "primary", "beginDate", "endDate", "user", "class", "school"),
        {"user": _REF, "class": _REF, "school": _REF},
    ),
    "users": _USER,
    "students": _only(_USER, _IS_STUDENT),
    "teachers": _only(_USER, _IS_TEACHER),
    "demographics": Resource(
        "demographics",
        "demographics",
        _DEMOGRAPHICS,
        (*_ALWAYS, "birthDate"),
        scopes=(DEMOGRAPHICS,),
    ),
}
PATHS: Mapping[str, str] = {
    "org": "orgs", "academicSession": "academicSessions", "course": "courses", "class": "classes", "user": "users",
}  # fmt: skip
"""Where the document of a reference is read, by its type."""
_MEMBER = (
    "exists (select 1 from education_enrolment e join education_class c on c.tenant_id = $1 and c.id = e.class_id"
    " where e.tenant_id = $1 and e.user_id = t.id and e.role = '{0}' and c.sourced_id = $2)"
)
_HAS = (
    "exists (select 1 from education_enrolment e join education_user u on u.tenant_id = $1 and u.id = e.user_id"
    " where e.tenant_id = $1 and e.class_id = t.id and u.sourced_id = $2{0})"
)
_AT = (
    f"(exists (select 1 from education_org o where o.tenant_id = $1 and o.id = t.org_id and o.sourced_id = $2)"
    f" or (t.org_id is null and $2 = {_SCHOOL}))"
)
_OF_COURSE = (
    "exists (select 1 from education_course c"
    " where c.tenant_id = $1 and c.id = t.course_id and c.sourced_id = $2)"
)
_IN_TERM = (
    "exists (select 1 from education_class_session x"
    " join education_session s on s.tenant_id = $1 and s.id = x.session_id"
    " where x.tenant_id = $1 and x.class_id = t.id and s.sourced_id = $2)"
)
_OF_TERM = (
    "exists (select 1 from education_session p"
    " where p.tenant_id = $1 and p.id = t.parent_id and p.sourced_id = $2)"
)
_OF_CLASS = (
    "exists (select 1 from education_class c"
    " where c.tenant_id = $1 and c.id = t.class_id and c.sourced_id = $2)"
)
NESTED: Sequence[tuple[str, str, str]] = (
    ("schools", "classes", _AT),
    ("classes", "students", _MEMBER.format("student")),
    ("classes", "teachers", _MEMBER.format("teacher")),
    ("classes", "enrollments", _OF_CLASS),
    ("students", "classes", _HAS.format(" and e.role = 'student'")),
    ("teachers", "classes", _HAS.format(" and e.role = 'teacher'")),
    ("users", "classes", _HAS.format("")),
    ("courses", "classes", _OF_COURSE),
    ("terms", "classes", _IN_TERM),
    ("terms", "gradingPeriods", _OF_TERM),
)
"""Lists through another document (``$2``): whose, what, and which of them."""
