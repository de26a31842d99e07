"""Many receipts or bills at once: one PDF while that is of a handy size, or a ZIP with a PDF for each.

A ZIP is written document by document, so that its memory stays the same however many there are; one PDF is held in
memory until it is finished and therefore has a limit.
"""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from billing.bulk import files
from billing.bulk.files import Maker
from billing.charges.printing import documents_of
from billing.models import Bill, Payment, Receipt
from billing.receipts import bill as bill_paper
from billing.receipts import receipt as receipt_paper
from billing.receipts.documents import BillDocument, ReceiptDocument
from billing.receipts.letterhead import letterhead_for, under
from billing.receipts.paper import Paper
from billing.receipts.pdf import render_bill, render_receipt
from billing.receipts.service import document_of
from tenants.actor import Actor
from tenants.models import Task
from tenants.tasks import Progress
from ui.errors import Invalid
from ui.i18n import LOCALES, t, use_locale

RECEIPTS, BILLS = "receipts.file", "bills.file"
MOST = {"pdf": 3000, "zip": 50_000}
"""Documents in one file."""
FORMATS = (
    ("pdf", t("One PDF"), t("For printing. Up to {n} documents.", n=MOST["pdf"])),
    ("zip", t("A ZIP with one PDF for each"), t("For filing. Up to {n} documents.", n=MOST["zip"])),
)
BATCH = 100

Document = ReceiptDocument | BillDocument
Named = tuple[str, Document]


async def begin_receipts(actor: Actor, ids: Sequence[UUID], *, kind: str, locale: str) -> Task:
    """Have receipts put into one file in the background.

    Raises:
        Invalid: there are none, or more than one file takes.
    """
    asked = {"ids": [str(each) for each in ids], "kind": kind, "locale": _known(locale)}
    return await files.begin(actor, RECEIPTS, asked, total=_checked(len(ids), kind))


async def begin_bills(actor: Actor, run_id: UUID, *, place: str, kind: str, locale: str) -> Task:
    """Have the issued bills of a run (of one place, where named) put into one file in the background.

    Raises:
        Invalid: there are none, or more than one file takes.
    """
    total = _checked(await _of_run(actor, run_id, place).count(), kind)
    asked = {"run": str(run_id), "place": place, "kind": kind, "locale": _known(locale)}
    return await files.begin(actor, BILLS, asked, total=total, subject_id=run_id)


def _checked(count: int, kind: str) -> int:
    if kind not in MOST:
        text = t("Choose one PDF, or a ZIP with one PDF for each.")
        raise Invalid("papers.kind", text, fields={"format": text})
    if not count:
        text = t("Nothing matches. Choose other days or another place.")
        raise Invalid("papers.none", text, fields={"": text})
    if count > MOST[kind]:
        text = t("{n} are too many for one file, which takes {most}.", n=count, most=MOST[kind])
        raise Invalid("papers.too_many", text, fields={"format": text})
    return count


def _known(locale: str) -> str:
    if locale not in LOCALES:
        text = t("Choose one of the options.")
        raise Invalid("papers.locale", text, fields={"locale": text})
    return locale


def _of_run(actor: Actor, run_id: UUID, place: str) -> Any:
    found = Bill.filter(tenant_id=actor.tenant_id, run_id=run_id).exclude(status__in=["draft", "void"])
    return found.filter(place=place) if place else found


async def _make_receipts(actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress) -> str:
    documents = _receipts(actor, [UUID(each) for each in asked["ids"]], asked["locale"])
    await _put(path, asked, documents, progress)
    return f"receipts.{asked['kind']}"


async def _receipts(actor: Actor, ids: Sequence[UUID], locale: str) -> AsyncIterator[Named]:
    assert actor.tenant_id is not None  # noqa: S101 - a job has its tenant
    head = await letterhead_for(actor.tenant_id)
    for start in range(0, len(ids), BATCH):
        found = {
            r.id: r
            for r in await Receipt.filter(tenant_id=actor.tenant_id, id__in=ids[start : start + BATCH])
        }
        paid = {
            p.id: p.refunded_minor
            for p in await Payment.filter(
                tenant_id=actor.tenant_id, id__in=[r.payment_id for r in found.values()]
            )
        }
        for receipt in (found[each] for each in ids[start : start + BATCH] if each in found):
            refunded = paid[receipt.payment_id]
            document = document_of(receipt, refunded_minor=refunded, locale=locale)
            yield receipt.number, under(head, document, locale)


async def _make_bills(actor: Actor, path: Path, asked: Mapping[str, Any], progress: Progress) -> str:
    run = _of_run(actor, UUID(asked["run"]), asked["place"])
    ids = list(await run.order_by("number").values_list("id", flat=True))
    await _put(path, asked, _bills(actor, ids, asked["locale"]), progress)
    return f"bills.{asked['kind']}"


async def _bills(actor: Actor, ids: Sequence[UUID], locale: str) -> AsyncIterator[Named]:
    assert actor.tenant_id is not None  # noqa: S101 - a job has its tenant
    for start in range(0, len(ids), BATCH):
        for document in await documents_of(actor.tenant_id, ids[start : start + BATCH], locale):
            yield document.number, document


async def _put(
    path: Path, asked: Mapping[str, Any], documents: AsyncIterator[Named], progress: Progress
) -> None:
    writer = _Zip(path, asked["locale"]) if asked["kind"] == "zip" else _OnePdf(path, asked["locale"])
    done = 0
    try:
        async for number, document in documents:
            await asyncio.to_thread(writer.add, number, document)
            done += 1
            await progress.to(done)
    finally:
        await asyncio.to_thread(writer.close)


class _Zip:
    """A ZIP that takes one PDF after another."""

    def __init__(self, path: Path, locale: str) -> None:
        self._zip, self._locale = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED), locale

    def add(self, number: str, document: Document) -> None:
        """Draw and write one document."""
        if isinstance(document, BillDocument):
            content = render_bill(document, self._locale)
        else:
            content = render_receipt(document, self._locale)
        self._zip.writestr(f"{number}.pdf", content)

    def close(self) -> None:
        """Finish the file."""
        self._zip.close()


class _OnePdf:
    """One PDF that takes one document after another, each from its own page 1."""

    def __init__(self, path: Path, locale: str) -> None:
        self._path, self._locale = path, locale
        self._paper: Paper | None = None

    def add(self, number: str, document: Document) -> None:
        """Draw one document."""
        with use_locale(self._locale):
            self._paper = self._paper or Paper(number, document.issuer.name)
            if isinstance(document, BillDocument):
                bill_paper.draw(self._paper, document)
            else:
                receipt_paper.draw(self._paper, document)

    def close(self) -> None:
        """Write the file."""
        if self._paper is not None:
            self._path.write_bytes(self._paper.finish())


files.add_maker(Maker(RECEIPTS, "payments.read", t("Receipts"), _make_receipts))
files.add_maker(
    Maker(
        BILLS,
        "bills.read",
        t("Bills"),
        _make_bills,
        t("Keep the file to yourself: it holds codes that open bills."),
    )
)
