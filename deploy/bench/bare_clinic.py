"""The floor of the page in ``bench booking``: the same sessions by bare Starlette, asyncpg and Jinja.

Its two statements look up no more than is shown: the appointments of the department's fourteen days, and those of one
day's sessions, each by its index.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from deploy.bench.pair import DATABASE

TENANT, DEPARTMENT, DAY = "BENCH_TENANT", "BENCH_DEPARTMENT", "BENCH_DAY"
_DAYS = """
select s.day, sum((s.quotas->>'first')::int + (s.quotas->>'return')::int - coalesce(live.taken, 0)) left_over
  from hospital_session s
  left join (select session_id, count(*) taken from hospital_appointment
              where tenant_id = $1 and department_id = $2 and day between $3 and $3 + 13
                and status not in ('lapsed', 'cancelled', 'stopped', 'moved') group by session_id) live
    on live.session_id = s.id
 where s.tenant_id = $1 and s.department_id = $2 and s.day between $3 and $3 + 13 and s.status = 'planned'
 group by s.day order by s.day
"""
_SESSIONS = """
select s.id, s.place, s.starts_at, s.ends_at, s.quotas, d.name, d.title, live.taken
  from hospital_session s join hospital_doctor d on d.tenant_id = $1 and d.id = s.doctor_id
 cross join lateral (select count(*) taken from hospital_appointment x where x.tenant_id = $1 and x.session_id = s.id
                        and x.status not in ('lapsed', 'cancelled', 'stopped', 'moved')) live
 where s.tenant_id = $1 and s.department_id = $2 and s.day = $3 and s.status = 'planned' order by s.starts_at, d.name
"""
_PAGE = Environment(autoescape=True).from_string("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Department</title></head><body><h1>Department</h1><ul>
{% for one in days %}<li><a href="?day={{ one.day }}">{{ one.day }}</a> {{ one.left_over }} left</li>{% endfor %}
</ul><ul>{% for one in sessions %}<li><a href="/sessions/{{ one.id }}">{{ one.name }} {{ one.title }}</a>
{{ one.starts_at }} {{ one.ends_at }} {{ one.place }} {{ one.taken }} of {{ one.quotas }}</li>{% endfor %}
</ul></body></html>""")


async def page(request: Request) -> HTMLResponse:
    """A department's days, and the doctors of one of them."""
    pool: asyncpg.Pool = request.app.state.pool
    asked: list[Any] = request.app.state.asked
    days: list[Any] = await pool.fetch(_DAYS, *asked)
    sessions: list[Any] = await pool.fetch(_SESSIONS, *asked)
    return HTMLResponse(_PAGE.render(days=days, sessions=sessions))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    env = os.environ
    app.state.asked = [UUID(env[TENANT]), UUID(env[DEPARTMENT]), date.fromisoformat(env[DAY])]
    async with asyncpg.create_pool(env[DATABASE], min_size=1, max_size=10) as pool:
        app.state.pool = pool
        yield


app = Starlette(routes=[Route("/department", page)], lifespan=_lifespan)
