"""Files as managers upload them, and the way through the import pages."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx2
import xlsxwriter

from tenants.models import Import
from tenants.scope import open_scope, tenant_scope
from tests.jobs import run_due
from tests.page import inspect, text_of

HEADER = (
    "Building",
    "Street",
    "Door",
    "Flat type",
    "Rate",
    "Area (m²)",
    "Holder",
    "Relation",
    "E-mail",
    "Since",
)
FLAT = (
    "12A",
    "Bedok Sth Ave 2",
    "#03-105",
    "4-room",
    "reduced",
    "90",
    "Ann Tan",
    "owner",
    "ann@example.com",
    "",
)


def csv_of(*rows: Any, header: tuple[str, ...] = HEADER) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode()


def xlsx_of(*rows: Any, header: tuple[str, ...] = HEADER) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([header, *rows]):
            for column, cell in enumerate(row):
                if str(cell).startswith("=") and isinstance(cell, str):
                    sheet.write_formula(number, column, cell, value="90")
                else:
                    sheet.write(number, column, cell)
    return out.getvalue()


def flat(**given: Any) -> tuple[Any, ...]:
    names = ("building", "street", "door", "type", "rate", "area", "holder", "relation", "email", "since")
    values = dict(zip(names, FLAT, strict=True)) | given
    return tuple(values[name] for name in names)


def alerts(html: str) -> list[str]:
    """What a page complains of."""
    return [
        text_of(e)
        for e in inspect(html).iter()
        if "alert" in (e.get("class") or "") or e.get("role") == "alert"
    ]


class Desk:
    """A manager at the import pages."""

    def __init__(self, client: httpx2.AsyncClient, tenant: Any, kind: str = "community_units") -> None:
        self.client, self.tenant, self.kind = client, tenant, kind
        self.root = f"/t/{tenant.slug}/imports"

    async def upload(self, content: bytes, name: str = "units.csv", **data: Any) -> httpx2.Response:
        return await self.client.post(
            self.root, data={"kind": self.kind} | data, files={"file": (name, content, "")}
        )

    async def get(self, path: str, status: int = 200) -> httpx2.Response:
        answer = await self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:400])
        if answer.headers.get("content-type", "").startswith("text/html"):
            inspect(answer.text)
        return answer

    async def check(self, content: bytes, name: str = "units.csv", **chosen: str) -> Import:
        """Upload, confirm the proposed columns, run the dry run and return the import."""
        answer = await self.upload(content, name)
        assert answer.status_code == 303, alerts(answer.text)
        columns = answer.headers["location"]
        page = inspect((await self.get(columns)).text)
        selects: dict[str | None, str | None] = {
            s.get("name"): self._selected(s) for s in page.iter("select")
        }
        form = selects | chosen
        form["sheet"] = next(e.get("value") for e in page.iter("input") if e.get("name") == "sheet")
        answer = await self.client.post(columns, data=form)
        assert answer.status_code == 303, alerts(answer.text)
        await self.get(answer.headers["location"])
        await run_due(self.tenant.id)
        return await self.find(columns.split("/")[-2])

    @staticmethod
    def _selected(select: Any) -> str:
        return next((o.get("value") for o in select.iter("option") if o.get("selected") is not None), "")

    async def find(self, import_id: str | UUID) -> Import:
        async with open_scope(tenant_scope(self.tenant.id)):
            return await Import.get(tenant_id=self.tenant.id, id=import_id)

    async def apply(self, found: Import) -> Import:
        answer = await self.client.post(f"{self.root}/{found.id}/application")
        assert answer.status_code == 303, alerts(answer.text)
        await run_due(self.tenant.id)
        return await self.find(found.id)

    async def bring_in(self, content: bytes, name: str = "units.csv") -> Import:
        return await self.apply(await self.check(content, name))
