"""The floor of ``bench pages``: the same rows by bare Starlette, asyncpg and Jinja, without walls, people or words."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from deploy.bench.pair import DATABASE

PERSON = "BENCH_PERSON"
_BILLS = """
select t.short_name, b.id, b.number, b.account_number, b.account_name, b.period, b.due_on, b.currency,
       b.total_minor - b.paid_minor - b.adjusted_minor left_minor
  from tenants_holder h
  join tenants_tenant t on t.id = h.tenant_id
  join billing_bill b on b.tenant_id = h.tenant_id and b.account_id = h.account_id
   and b.status in ('issued', 'part_paid')
 where h.person_id = $1 and h.confirmed_at is not null order by t.short_name, b.account_number, b.due_on
"""
_PAGE = Environment(autoescape=True).from_string("""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>To pay</title></head><body><h1>To pay</h1>
<p>{{ "%.2f" % (bills | sum(attribute="left_minor") / 100) }}</p><form method="post"><ul>
{% for bill in bills %}<li><input type="checkbox" id="{{ bill.id }}" name="bill" value="{{ bill.id }}">
<label for="{{ bill.id }}">{{ bill.short_name }} {{ bill.account_number }} {{ bill.account_name }} {{ bill.period }}
</label> <a href="/my/bills/{{ bill.id }}">{{ bill.currency }} {{ "%.2f" % (bill.left_minor / 100) }}</a>
{{ bill.number }} {{ bill.due_on }}</li>
{% endfor %}</ul><button>Pay</button></form></body></html>""")


async def page(request: Request) -> HTMLResponse:
    """Everything one person owes."""
    pool: asyncpg.Pool = request.app.state.pool
    bills: list[Any] = await pool.fetch(_BILLS, request.app.state.person)
    return HTMLResponse(_PAGE.render(bills=bills))


@asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    app.state.person = UUID(os.environ[PERSON])
    async with asyncpg.create_pool(os.environ[DATABASE], min_size=1, max_size=10) as pool:
        app.state.pool = pool
        yield


app = Starlette(routes=[Route("/my", page)], lifespan=_lifespan)
