"""Files that are too large, dangerous or no table: each refused early, in a sentence, with nothing kept."""

import io
import zipfile

import pytest

from tenants.models import Import
from tenants.scope import open_scope, tenant_scope
from tests.page import inspect
from tests.tenants.imports.uploads import HEADER, csv_of, flat, xlsx_of


def bomb() -> bytes:
    """A workbook whose one sheet unpacks to 400 MB."""
    out = io.BytesIO(xlsx_of(flat()))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * 400_000_000, compresslevel=1)
    return out.getvalue()


def quoted() -> bytes:
    return csv_of(*(flat(door=f"03-{n}") for n in range(20))) + b'12A,"never closed\r\n'


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "units.csv", "The file is empty"),
        (b"%PDF-1.7 nothing", "units.csv", "content is something else"),
        (b"PK\x03\x04 no workbook", "units.xlsx", ""),
        (csv_of(flat()), "units.xlsx", ""),
        (csv_of(flat(), header=("Building", *HEADER[:-1])), "units.csv", "Columns with the same name"),
        (b"caf\xe9,\xff\xfe\x00", "units.csv", ""),
        (csv_of(flat()), "units.pdf", "Choose a file of one of these kinds"),
    ],
    ids=["empty", "pdf", "no workbook", "csv as xlsx", "twice", "encoding", "ending"],
)
async def test_what_is_no_table_is_refused_at_the_field(desk, content, name, words):
    answer = await desk.upload(content, name)
    assert answer.status_code == 422
    page = inspect(answer.text)
    assert words in answer.text
    assert any(e.get("id") == "file-error" for e in page.iter("p"))
    assert await kept(desk) == 0


async def kept(desk) -> int:
    async with open_scope(tenant_scope(desk.tenant.id)):
        return await Import.all().count()


async def test_a_bomb_is_not_unpacked(desk):
    answer = await desk.upload(bomb(), "units.xlsx")
    assert answer.status_code == 422
    inspect(answer.text)
    assert await kept(desk) == 0


async def test_a_hundred_megabytes_are_refused_before_they_are_read(desk):
    read = 0

    async def body():
        nonlocal read
        for _ in range(100):
            read += 1_000_000
            yield b"x" * 1_000_000

    head = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": "100000000"}
    answer = await desk.client.post(desk.root, content=body(), headers=head)
    assert answer.status_code == 413
    inspect(answer.text)
    assert "larger than" in answer.text
    assert read < 100_000_000


async def test_a_file_that_breaks_off_is_refused_with_its_row(desk):
    found = await desk.check(quoted())
    assert found.state == "refused"
    page = await desk.get(f"{desk.root}/{found.id}")
    assert "Row 22 opens a quotation mark that is never closed" in page.text
    assert (await desk.get(f"/t/{desk.tenant.slug}/tasks/{found.task_id}")).status_code == 200
    again = await desk.client.get(f"{desk.root}/{found.id}/columns")
    assert again.status_code == 200
