"""Statements that people upload: recognised, looked at before anything is written, then read in the background."""

import asyncio
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO, Any
from uuid import UUID

from billing.models import SettlementAccount, Statement, StatementSource
from billing.reconciliation import accounts, intake, keeping
from billing.reconciliation.sources.camt import Camt
from billing.reconciliation.sources.contract import Document, Expected, Head, Line, Parser
from billing.reconciliation.sources.rail import FUND_TITLE, TRADE_TITLE, RailFunds, RailTrades, encoding_of
from billing.reconciliation.sources.stripe_balance import StripeBalance
from billing.reconciliation.sources.table import FIELDS, TableFile, TableSettings, TableStatement, read_table
from tenants import tasks
from tenants.actor import Actor
from tenants.file_kinds import clean_filename
from tenants.ids import new_id
from tenants.runtime import runtime
from tenants.scope import open_scope
from tenants.tabular import Limits, match_columns
from ui.errors import Invalid
from ui.i18n import N_, Text, t

READ_JOB = "billing.read_statement"
FIRST = 10
TABLES = (".csv", ".xlsx", ".txt", ".tsv")
tasks.name_kind("statement.read", N_("Reading the statement"))


@dataclass(slots=True)
class Preview:
    """What a file holds, before anything of it is written."""

    head: Head | None = None
    lines: int = 0
    in_minor: int = 0
    out_minor: int = 0
    fee_minor: int = 0
    first: list[Line] = field(default_factory=list)
    problems: list[tuple[int, Text]] = field(default_factory=list)
    refusal: Text | None = None
    known: Statement | None = None


async def upload(actor: Actor, content: bytes) -> str:
    """Keep an uploaded file and return its key.

    Raises:
        Invalid: it is empty or too large.
    """
    actor.require("reconciliation.work")
    most = runtime().upload_max_bytes
    if not content or len(content) > most:
        text = t("Choose a file that is not empty and not too large.")
        raise Invalid("statement.size", text, fields={"file": text})
    assert actor.tenant_id is not None  # noqa: S101 - staff are inside a tenant
    return await asyncio.to_thread(keeping.keep, actor.tenant_id, io.BytesIO(content))


async def content_of(actor: Actor, key: str) -> bytes:
    """Return an uploaded file of the actor's tenant; ``Invalid`` when it is not there (any more)."""
    assert actor.tenant_id is not None  # noqa: S101 - staff are inside a tenant
    try:
        return await asyncio.to_thread(keeping.read_whole, actor.tenant_id, key)
    except FileNotFoundError:
        text = t("Upload the file again.")
        raise Invalid("statement.gone", text, fields={"file": text}) from None


def recognise(content: bytes, filename: str) -> str:
    """Return what a file is by its first bytes: ``rail_trade``, ``rail_fund``, ``camt``, ``stripe`` or ``table``."""
    start = content[:64]
    if encoding_of(start, (TRADE_TITLE,)):
        return RailTrades.key
    if encoding_of(start, (FUND_TITLE,)):
        return RailFunds.key
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return Camt.key
    return StripeBalance.key if filename.endswith(".jsonl") else TableStatement.key


def parser_of(kind: str, filename: str, settings: Mapping[str, Any]) -> Parser:
    """Return the parser of a kind; a table's is made with its mapping."""
    if kind == TableStatement.key:
        own = TableSettings(
            settings["columns"], settings.get("channel", "account"), settings.get("sheet", "")
        )
        return TableStatement(filename, own, limits())
    return {p.key: p for p in (RailTrades(), RailFunds(), Camt(), StripeBalance())}[kind]


def limits() -> Limits:
    """Return how much of a table is read."""
    return Limits(size=runtime().upload_max_bytes, unpacked=runtime().upload_max_unpacked_bytes)


async def mapping_of(
    account: SettlementAccount, content: bytes, filename: str
) -> tuple[list[str], dict[str, str]]:
    """Return a table's columns, and which is proposed for each field: as last time here, else by its name.

    Raises:
        Invalid: the file is no table.
    """
    table = await asyncio.to_thread(read_table, content, filename, limits=limits())
    found = match_columns(table.header, FIELDS)
    proposed = {key: table.header[place] for key, place in found.places.items()}
    source = await _table_source(account)
    remembered = dict(source.settings.get("columns", {})) if source else {}
    usable = {key: name for key, name in remembered.items() if name in table.header}
    return table.header, {**proposed, **usable} if len(usable) == len(remembered) else proposed


async def _table_source(account: SettlementAccount) -> StatementSource | None:
    return await StatementSource.get_or_none(
        tenant_id=account.tenant_id, settlement_account_id=account.id, kind="table"
    )


async def remember(account: SettlementAccount, settings: Mapping[str, Any]) -> None:
    """Keep the mapping for the next table of this account."""
    source = await _table_source(account)
    if source is None:
        await StatementSource.create(
            id=new_id(), tenant_id=account.tenant_id, settlement_account_id=account.id, kind="table",
            settings=dict(settings), is_automatic=False,
        )  # fmt: skip
    else:
        source.settings = dict(settings)
        await source.save(update_fields=["settings"])


async def preview(
    actor: Actor, account: SettlementAccount, content: bytes, filename: str, settings: Mapping[str, Any]
) -> Preview:
    """Read a file to its end without writing anything, and return what it holds or why it is refused."""
    actor.require("reconciliation.work")
    kind, expected = recognise(content, filename), await accounts.expected_of(account)
    found = Preview()
    file = io.BytesIO(content)
    found.known = await Statement.get_or_none(
        tenant_id=account.tenant_id, settlement_account_id=account.id, sha256=intake.digest(file)
    )
    await asyncio.to_thread(_look, found, parser_of(kind, filename, settings), file, expected)
    return found


def _look(found: Preview, parser: Parser, file: IO[bytes], expected: Expected) -> None:
    document: Document | None = None
    try:
        document = parser.open(file, expected)
        for line in document.lines():
            _count(found, line, expected.currency)
    except Invalid as error:
        found.refusal = error.message
    if document is not None:
        found.head = document.head
        found.problems = list(document.problems) if isinstance(document, TableFile) else []


def _count(found: Preview, line: Line, currency: str) -> None:
    found.lines += 1
    if len(found.first) < FIRST:
        found.first.append(line)
    if line.currency == currency and line.kind != "payout":
        found.in_minor += max(line.amount_minor, 0)
        found.out_minor += max(-line.amount_minor, 0)
        found.fee_minor += line.fee_minor


async def begin(
    actor: Actor, account: SettlementAccount, key: str, filename: str, settings: Mapping[str, Any]
) -> UUID:
    """Have an uploaded file read in the background and return the task that shows it."""
    actor.require("reconciliation.work")
    content = await content_of(actor, key)
    kind = recognise(content, filename)
    if kind == TableStatement.key:
        await remember(account, settings)
    payload = {
        "account_id": str(account.id),
        "key": key,
        "filename": clean_filename(filename),
        "kind": kind,
        "settings": dict(settings),
        "person": {"id": str(actor.person_id), "name": actor.name},
        "root": f"/t/{actor.place['slug']}/reconciliation",
    }
    task = await tasks.start(
        actor, kind="statement.read", subject_id=account.id, job=READ_JOB, payload=payload
    )
    return task.id


async def read(actor: Actor, payload: dict[str, Any]) -> None:
    """Take an uploaded file in, as the job of ``begin``; a refusal ends the task with its reason."""
    task_id, root = UUID(payload["task_id"]), payload["root"]
    account = await accounts.account(actor, UUID(payload["account_id"]))
    async with tasks.shown(task_id):
        content = await content_of(actor, payload["key"])
        parser = parser_of(payload["kind"], payload["filename"], payload["settings"])
        try:
            done = await _take(actor, account, parser, content, payload)
        except Invalid as error:
            await tasks.fail(task_id, error.message, url=f"{root}/upload?account={account.id}")
            return
    await tasks.finish(
        task_id,
        url=f"{root}/statements/{done.statement.id}",
        result={"breaks": done.breaks, "is_new": done.is_new},
    )


async def _take(
    actor: Actor, account: SettlementAccount, parser: Parser, content: bytes, payload: dict[str, Any]
) -> intake.Taken:
    who = Actor(
        kind="system",
        name=payload["person"]["name"],
        person_id=UUID(payload["person"]["id"]),
        tenant_id=actor.tenant_id,
    )
    async with open_scope(actor.scope()):
        return await intake.take_in(
            who,
            account,
            parser,
            io.BytesIO(content),
            filename=payload["filename"],
            storage_key=payload["key"],
        )
