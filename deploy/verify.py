"""Recomputing what was charged and booked, from the rows themselves: ``cloud verify bills|ledger|receipt``."""

import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from billing import ledger as journal
from billing.models import FeeRule
from billing.proof import verify_receipt
from billing.receipts.documents import ReceiptDocument
from billing.receipts.service import CODE_LENGTH
from billing.rules import Document, Facts, Outcome, evaluate, parse
from billing.sealing import bundle
from billing.sealing.checking import check_bank_chain, check_seals
from deploy import composition
from deploy.database import connected
from deploy.errors import OperatorError
from deploy.settings import Settings
from scenarios import registry
from tenants.codes import is_code, normalise_code
from tenants.models import Bank, Tenant
from tenants.scope import Scope, bank_scope, open_scope, rows, tenant_scope

BATCH = 5_000
SHOWN = 20
"""Differences and faults that are listed; all are counted."""
NUMBER = re.compile(r"R\d{6}-(.+)")
_NUMBER_LENGTH = 10
_URI = re.compile(rb"/URI \(([^)]*/verify/[^)]+)\)")
_MOST_BYTES = 20_000_000

_LINES = """
select l.id, b.number, l.fee_rule_id, l.inputs, l.amount_minor, l.currency
  from billing_bill_line l join billing_bill b on b.tenant_id = l.tenant_id and b.id = l.bill_id
 where l.tenant_id = $1 and b.status <> 'draft' and l.id > $2 order by l.id limit $3
"""


async def bills(settings: Settings) -> dict[str, Any]:
    """Work out every line of every issued bill again, from the inputs and the version of the rule that it keeps.

    Returns ``is_right``, how many lines there are, how many have no rule to be worked out by, and the differences.
    """
    counts, differences = Counter[str](), list[dict[str, Any]]()
    async for tenant in _tenants(settings):
        counts["tenants"] += 1
        await bills_of(tenant, counts, differences)
    kept = {name: counts[name] for name in ("tenants", "lines", "without_rule", "differences")}
    return {"is_right": not differences, **kept, "shown": differences[:SHOWN]}


async def bills_of(tenant: Tenant, counts: Counter[str], differences: list[dict[str, Any]]) -> None:
    """Work out one institution's lines again: count them, and add what differs."""
    proof = _Proof(await _documents(tenant.id))
    async for line in _lines(tenant.id):
        counts["lines"] += 1
        found = proof.of(line)
        if found is None:
            counts["without_rule"] += 1
        elif found != line["amount_minor"]:
            counts["differences"] += 1
            differences.append(_difference(tenant, line, found))


class _Proof:
    """What lines come to. Thousands of flats are alike, so that each input is worked out once."""

    def __init__(self, documents: Mapping[UUID, Document]) -> None:
        self._documents, self._known = documents, dict[tuple[UUID, str], int | str]()

    def of(self, line: Any) -> int | str | None:
        """Return the amount in minor units, the code of an exception, or ``None`` without a rule."""
        document = self._documents.get(line["fee_rule_id"])
        if document is None:
            return None
        key = line["fee_rule_id"], line["inputs"]
        if key not in self._known:
            outcome = evaluate(document, Facts.from_inputs(json.loads(line["inputs"])))
            self._known[key] = outcome.amount_minor if isinstance(outcome, Outcome) else str(outcome)
        return self._known[key]


def _difference(tenant: Tenant, line: Any, found: int | str) -> dict[str, Any]:
    shown = {"tenant": tenant.slug, "bill": line["number"], "line": str(line["id"])}
    return shown | {"currency": line["currency"], "billed": line["amount_minor"], "recomputed": found}


async def _documents(tenant_id: UUID) -> dict[UUID, Document]:
    async with open_scope(tenant_scope(tenant_id)):
        rules = await FeeRule.filter(tenant_id=tenant_id).exclude(status="draft")
    return {rule.id: parse(rule.document) for rule in rules}


async def _lines(tenant_id: UUID) -> AsyncIterator[Any]:
    """Yield the lines of issued bills, a batch to a transaction, so that nobody waits for us."""
    last = UUID(int=0)
    while True:
        async with open_scope(tenant_scope(tenant_id)):
            found = await rows(_LINES, tenant_id, last, BATCH)
        for line in found:
            yield line
        if len(found) < BATCH:
            return
        last = found[-1]["id"]


async def ledger(settings: Settings) -> dict[str, Any]:
    """Hold every tenant's journal beside its bills, payments, refunds and seals, and every bank's chain of seals.

    Returns ``is_right``, the faults, the sum of all balances by currency, which is zero, and how much is sealed:
    ``waiting`` entries are too young to be, ``late`` ones were sealed over an hour after they say they were written.
    """
    faults, count, sums, sealed = list[dict[str, Any]](), 0, Counter[str](), Counter[str]()
    banks = set[UUID]()
    async for tenant in _tenants(settings):
        count += 1
        async with open_scope(tenant_scope(tenant.id)):
            found = await journal.verify_ledger(tenant.id)
            for balance in await journal.trial_balance(tenant.id):
                sums[balance.currency] += balance.balance_minor
        seals = await check_seals(tenant.id)
        for name in ("seals", "entries", "waiting", "late"):
            sealed[name] += getattr(seals, name)
        faults += [_fault(tenant.slug, fault) for fault in (*found, *seals.faults)]
        if tenant.bank_id not in banks:
            banks.add(tenant.bank_id)
            faults += await _of_bank(tenant.bank_id)
    is_right = not faults and not any(sums.values())
    counted = {"tenants": count, "faults": len(faults), "balance": dict(sums), "sealed": dict(sealed)}
    return {"is_right": is_right, **counted, "shown": faults[:SHOWN]}


async def _of_bank(bank_id: UUID) -> list[dict[str, Any]]:
    async with open_scope(bank_scope(bank_id)):
        bank = await Bank.get(id=bank_id)
        _, found = await check_bank_chain(bank_id)
    return [_fault(bank.slug, fault) for fault in found]


def _fault(place: str, fault: journal.Fault) -> dict[str, Any]:
    sums = {"expected": fault.expected_minor, "found": fault.found_minor}
    return {"tenant": place, "check": fault.check, "subject": fault.subject, **sums}


async def _tenants(settings: Settings) -> AsyncIterator[Tenant]:
    """Yield every tenant of every bank, connected to the database meanwhile."""
    composition.compose(settings, registry.load())
    async with connected(settings.database_url.get_secret_value(), pool=2):
        async with open_scope(Scope()):
            banks = await Bank.all().order_by("slug")
        for bank in banks:
            async with open_scope(bank_scope(bank.id)):
                found = await Tenant.filter(bank_id=bank.id).order_by("slug")
            for tenant in found:
                yield tenant


async def export(settings: Settings, slug: str, path: Path) -> dict[str, Any]:
    """Write the ledger of one institution to ``path`` and return how much of everything it holds.

    Raises:
        OperatorError: there is no such institution.
    """
    async for tenant in _tenants(settings):
        if tenant.slug == slug:
            async with open_scope(tenant_scope(tenant.id)):
                return {"file": str(path), **await bundle.write(tenant, path)}
    raise OperatorError(f"There is no institution {slug}.")


def receipt(path: Path, key: str = "") -> dict[str, Any]:
    """Check a receipt's file by itself: its proof in full, a PDF by the address that is printed on it.

    A file with its proof is checked down to the signed seal, with the public ``key`` or else its own. The kept JSON
    without a proof, and a PDF, show what was mistyped or altered carelessly; whether we issued them is asked at
    ``verify_url``.

    Raises:
        OperatorError: it cannot be read, or is no receipt.
    """
    try:
        content = path.read_bytes()[:_MOST_BYTES]
    except OSError as error:
        raise OperatorError(f"{path} cannot be read ({error.strerror or type(error).__name__}).") from None
    facts, checks = _of_pdf(content) if content.startswith(b"%PDF") else _of_json(path, content, key)
    wrong = [words for words, is_right in checks if not is_right]
    proof = facts.pop("proof", f"not by itself; ask {facts['verify_url']}")
    return {
        "is_right": not wrong,
        **facts,
        "checked": [words for words, _ in checks],
        "wrong": wrong,
        "is_proven": proof,
    }


Checks = list[tuple[str, bool]]


def _of_proof(path: Path, file: dict[str, Any], key: str) -> tuple[dict[str, Any], Checks]:
    try:
        checks, document = verify_receipt.check_receipt(file, key), file["receipt"]["document"]
        public = file["seal"]["public_key"]
        facts = {name: document[name] for name in ("number", "verify_url", "total_minor", "currency")}
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        raise OperatorError(f"{path} is not a whole receipt with its proof.") from None
    is_right = all(holds for _, holds in checks)
    words = f"by the seal signed with {public}" if is_right else "no"
    return facts | {"proof": words}, [*checks, ("it reads as a receipt", _reads(document))]


def _of_json(path: Path, content: bytes, key: str) -> tuple[dict[str, Any], Checks]:
    try:
        kept = json.loads(content)
        if kept.get("format") == verify_receipt.RECEIPT:
            return _of_proof(path, kept, key)
        lines = [int(line["amount_minor"]) for line in kept["lines"]]
        total, code = int(kept["total_minor"]), str(kept["verification_code"])
        number, url = str(kept["number"]), str(kept["verify_url"])
    except (ValueError, TypeError, KeyError, AttributeError):
        raise OperatorError(f"{path} is neither a receipt's JSON nor its PDF.") from None
    checks = [("the lines add up to the total", sum(lines) == total), ("it reads as a receipt", _reads(kept))]
    facts = {"number": number, "verify_url": url, "total_minor": total}
    return facts, [*checks, *_number_checks(number), *_code_checks(code, url)]


def _reads(kept: Mapping[str, Any]) -> bool:
    plain = {**kept, "lines": [{k: v for k, v in line.items() if k != "names"} for line in kept["lines"]]}
    try:
        ReceiptDocument.from_json(plain)
    except (ValueError, TypeError, KeyError):
        return False
    return True


def _of_pdf(content: bytes) -> tuple[dict[str, Any], Checks]:
    found = _URI.search(content)
    if found is None:
        raise OperatorError("This PDF has no receipt's address on it.")
    url = found[1].decode("latin-1")
    return {"verify_url": url}, list(_code_checks(url.rsplit("/", 1)[-1], url))


def _number_checks(number: str) -> Iterator[tuple[str, bool]]:
    found = NUMBER.fullmatch(number)
    yield (
        "the number's check character is right",
        bool(found) and is_code(found[1] if found else "", _NUMBER_LENGTH),
    )


def _code_checks(code: str, url: str) -> Iterator[tuple[str, bool]]:
    yield "the verification code's check character is right", is_code(code, CODE_LENGTH)
    named = normalise_code(url.rsplit("/", 1)[-1])
    yield "the address names this code", named == normalise_code(code)
