"""The payer's first page on a small old phone and a slow line: all that it loads, as it goes over the wire."""

import re

import pytest

from tenants.scope import Scope, open_scope, raw
from tests import make
from tests.scenarios.education import world
from tests.scenarios.education.world import pupil

MOST, STATEMENTS = 50 * 1024, 8
FAMILY = {"guardian": "Tan Mei", "email": "mei@mail.example"}
NEEDED = re.compile(r'<link[^>]*rel="(?:stylesheet|icon)"[^>]*>|<img[^>]*>|<script[^>]*src=[^>]*>')
ADDRESS = re.compile(r'(?:href|src)="([^"]+)"')


async def weight(client, path: str) -> tuple[int, int]:
    """Bytes over the wire of a page with all that it needs, and of the page without scripts."""
    headers = {"Accept-Encoding": "gzip"}
    page = await client.get(path, headers=headers)
    assert page.status_code == 200
    total = bare = page.num_bytes_downloaded
    for tag in NEEDED.findall(page.text):
        found = await client.get(ADDRESS.search(tag).group(1), headers=headers)
        assert found.status_code == 200, tag
        total += found.num_bytes_downloaded
        bare += 0 if tag.startswith("<script") else found.num_bytes_downloaded
    return total, bare


async def asked(client, path: str) -> list[str]:
    """The statements of a page, however many children it is about."""
    found: list[str] = []

    def note(record) -> None:
        found.append(" ".join(record.query.split())[:80])

    async with open_scope(Scope()):
        connection = raw()
    connection.add_query_logger(note)
    try:
        assert (await client.get(path)).status_code == 200
    finally:
        connection.remove_query_logger(note)
    return [one for one in found if not one.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]


@pytest.mark.parametrize("path", ["/my", "/my/school"])
async def test_the_first_page_of_a_parent_of_three_is_small(client, db, bank, path):
    tenant, staff = await world.school(bank)
    await world.account_to_be_paid_to(tenant)
    rows_ = [pupil(f"A{n}", f"Child {n}", grade=str(n), class_title=f"{n}A", **FAMILY) for n in (1, 2, 3)]
    await world.bring_in(tenant, staff, world.table(*rows_))
    await world.charge(tenant, staff, "tuition", "books")
    for n in range(4):
        await world.offer(tenant, staff, titles={"en": f"Trip {n}"})
    parent = await world.parent(tenant, "A1", "A2", "A3", name="Tan Mei Ling")
    await make.sign_in(client, parent.person_id)
    total, bare = await weight(client, path)
    assert bare < total < MOST, f"{total} bytes, {bare} without scripts"
    of_three = await asked(client, path)
    only = await world.parent(tenant, "A1", name="Tan Wei")
    await make.sign_in(client, only.person_id)
    await client.get(path)  # the first page notes the language that is read in
    assert len(await asked(client, path)) == len(of_three) <= STATEMENTS, "\n".join(of_three)
