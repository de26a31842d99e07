"""Statements of the settlement account itself, as ISO 20022: what the rail and Stripe paid in, and other entries.

camt.053 of a day that is over, camt.052 of the running one, camt.054 for its credits; versions 2 to 8.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from xml.sax.saxutils import escape

from starlette.responses import Response

from deploy.sandbox.coins import major
from deploy.sandbox.rail import paper_faults
from deploy.sandbox.rail.api import Call, RailError
from deploy.sandbox.rail.days import today, zoned
from deploy.sandbox.rail.statements import file_headers, payout_of
from deploy.sandbox.store import Doc, Row
from deploy.sandbox.world import World, new_id

_OPENING = 1_000_000
_MESSAGES = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
_ACCOUNT, _ENTRY = "bank.account", "bank.entry"


@dataclass(frozen=True, slots=True)
class Entry:
    """One booked entry; positive is a credit."""

    amount_minor: int
    currency: str
    reference: str
    text: str
    key: str


def link(world: World, body: Doc) -> Doc:
    """Have a Stripe account pay out to a bank account: `{account_number, stripe_account}`."""
    number = _plain(str(body["account_number"]))
    return world.store.put(
        _ACCOUNT, Row(number, {"number": number, "stripe_account": str(body["stripe_account"])})
    )


def add_entry(world: World, body: Doc) -> Doc:
    """Book something else on an account: `{account_number, day, amount_minor, currency, reference?, text?}`."""
    entry: Doc = {
        "id": new_id("be_", 12),
        "day": date.fromisoformat(str(body["day"])).isoformat(),
        "amount_minor": int(body["amount_minor"]),
        "currency": str(body["currency"]),
        "reference": str(body.get("reference", "")),
        "text": str(body.get("text", "")),
    }
    return world.store.put(_ENTRY, Row(entry["id"], entry, _plain(str(body["account_number"]))))


def statement(call: Call) -> Response:
    """The account's statement of one day. `?message=052|053|054`, `&version=2..8`; the caller is its merchant."""
    number = _plain(call.path["account"])
    if number != _plain(call.merchant["account_number"]):
        raise RailError(404, "account_not_found", "There is no such account of this merchant")
    try:
        day, version = date.fromisoformat(call.path["day"]), int(call.query.get("version", "8"))
        root, part = _MESSAGES[call.query.get("message", "053")]
    except (ValueError, KeyError) as error:
        raise RailError(422, "invalid_field", "The day is YYYY-MM-DD; message 052, 053 or 054") from error
    message = call.query.get("message", "053")
    if message == "053" and day >= today(call.world):
        raise RailError(409, "day_not_over", "The statement of a day is ready once it is over")
    entries = entries_of(call.world, number, day)
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version:02d}"
    content = _document(space, root, part, _body(call.merchant, number, day, entries, version)).encode()
    name = f"camt{message}-{number[-4:]}-{day}.xml"
    return Response(content, media_type="application/xml", headers=file_headers(name, content))


def entries_of(world: World, number: str, day: date) -> list[Entry]:
    """What was booked on an account on a day."""
    found = []
    for merchant in world.store.find("rail.merchant"):
        if _plain(merchant["account_number"]) == number:
            found += _payouts(world, merchant, day)
    account = world.store.get(_ACCOUNT, number)
    found += _stripe(world, account["stripe_account"], day) if account else []
    others = [entry for entry in world.store.find(_ENTRY, number) if entry["day"] == day.isoformat()]
    return found + [
        Entry(each["amount_minor"], each["currency"], each["reference"], each["text"], each["id"])
        for each in others
    ]


def _payouts(world: World, merchant: Doc, day: date) -> list[Entry]:
    before = day - timedelta(days=1)
    reference, net = payout_of(world, merchant, before)
    if not net:
        return []
    told = paper_faults.credits_of(world, merchant["id"], before, net, merchant["currency"])
    return [
        Entry(amount, currency, reference, f"QR settlement {before}", f"{reference}-{n}")
        for n, (amount, currency) in enumerate(told)
    ]


def _stripe(world: World, account: str, day: date) -> list[Entry]:
    found = []
    for payout in world.store.find("po", account):
        arrives = zoned(datetime.fromtimestamp(payout["arrival_date"], UTC)).date()
        if payout["status"] == "paid" and arrives == day:
            trace = payout["trace_id"]["value"]
            text = f"STRIPE PAYOUT {trace}"
            found.append(Entry(payout["amount"], payout["currency"].upper(), trace, text, payout["id"]))
    return found


def _document(space: str, root: str, part: str, body: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{space}">\n<{root}>\n'
        f"<GrpHdr><MsgId>HRB{zlib.crc32(body.encode()):010d}</MsgId></GrpHdr>\n<{part}>\n{body}</{part}>\n</{root}>\n</Document>\n"
    )


def _body(merchant: Doc, number: str, day: date, entries: list[Entry], version: int) -> str:
    currency = merchant["currency"]
    closing = _OPENING + sum(entry.amount_minor for entry in entries if entry.currency == currency)
    return "".join([
        f"<Id>{number[-4:]}-{day}</Id>\n<Acct><Id><Othr><Id>{escape(number)}</Id></Othr></Id>",
        f"<Ccy>{currency}</Ccy></Acct>\n",
        _balance("OPBD", _OPENING, currency, day),
        _balance("CLBD", closing, currency, day),
        *(_entry(entry, day, version) for entry in entries),
    ])  # fmt: skip


def _balance(kind: str, amount: int, currency: str, day: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(amount, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _amount(amount: int, currency: str) -> str:
    way = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{major(abs(amount), currency)}</Amt><CdtDbtInd>{way}</CdtDbtInd>'


def _entry(entry: Entry, day: date, version: int) -> str:
    status = "<Cd>BOOK</Cd>" if version >= 8 else "BOOK"  # noqa: PLR2004 - from then on a code of its own
    return (
        f"<Ntry>{_amount(entry.amount_minor, entry.currency)}<Sts>{status}</Sts><BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<AcctSvcrRef>{escape(entry.key)}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>"
        f"{escape(entry.reference) or 'NOTPROVIDED'}</EndToEndId></Refs><RmtInf><Ustrd>{escape(entry.text)}</Ustrd>"
        "</RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def _plain(number: str) -> str:
    return "".join(number.split())
