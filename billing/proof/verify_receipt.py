#!/usr/bin/env python3
"""Check a receipt or an exported ledger of Scenario Cloud, offline, with Python 3.10 or later and nothing else.

    python verify_receipt.py receipt.json [--key HEX] [--root HEX]
    python verify_receipt.py ledger.zip   [--key HEX] [--root HEX]

``--key`` is the public key that you trust (64 hexadecimal digits), as published at
``/.well-known/scenario-cloud-seals.json``; without it the file's own is used and named. ``--root`` is the hash of a
seal that you have seen published: it has to be in the file. Ends with 0 when all is right, 1 when
something is wrong and 2 when the file cannot be read. Formats are described byte by byte at ``/docs/billing-ledger``.

This file is written apart from the product on purpose, down to its arithmetic: it shares no code with what it checks.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Finding = tuple[str, str]
"""What is wrong, and with which row."""
RECEIPT, LEDGER = "scenario-cloud.receipt.v1", "scenario-cloud.ledger.v1"
POSTING = ("id", "ledger", "currency", "amount_minor", "account_id", "bill_id", "created_at")
KEY_BYTES, HOUR = 32, 3_600_000_000
NOTHING = "00" * 32


# --- Ed25519 (RFC 8032, section 5.1.7), in integers --------------------------------------------------------------

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_1 = pow(2, (_P - 1) // 4, _P)
_Point = tuple[int, int, int, int]


def _add(a: _Point, b: _Point) -> _Point:
    e = (a[1] - a[0]) * (b[1] - b[0]) % _P
    f = (a[1] + a[0]) * (b[1] + b[0]) % _P
    g, h = 2 * a[3] * b[3] * _D % _P, 2 * a[2] * b[2] % _P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(n: int, point: _Point) -> _Point:
    found: _Point = (0, 1, 1, 0)
    while n:
        if n & 1:
            found = _add(found, point)
        point, n = _add(point, point), n >> 1
    return found


def _x_of(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT_OF_MINUS_1 % _P
    if y >= _P or (x * x - square) % _P or (x == 0 and sign):
        return None
    return x if x & 1 == sign else _P - x


def _point(encoded: bytes) -> _Point | None:
    number = int.from_bytes(encoded, "little")
    y = number & (1 << 255) - 1
    x = _x_of(y, number >> 255)
    return None if x is None else (x, y, 1, x * y % _P)


def _encoded(point: _Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, _P - 2, _P) % _P
_BASE = _point(_BASE_Y.to_bytes(32, "little"))


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Tell whether this is the Ed25519 signature of ``message`` by the owner of ``public``."""
    if len(signature) != 2 * KEY_BYTES or len(public) != KEY_BYTES or _BASE is None:
        return False
    key, s = _point(public), int.from_bytes(signature[32:], "little")
    if key is None or s >= _L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % _L
    minus_key: _Point = (_P - key[0], key[1], key[2], _P - key[3])
    return _encoded(_add(_times(s, _BASE), _times(h, minus_key))) == signature[:32]


# --- Hashes and trees (RFC 6962, section 2.1) --------------------------------------------------------------------


def _sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def leaf_of(entry: Json) -> bytes:
    """Return the leaf hash of an entry with all its postings and receipts."""
    postings = [[p[name] for name in POSTING] for p in sorted(entry["postings"], key=lambda p: str(p["id"]))]
    receipts = [
        [r["id"], r["number"], r["sha256"]] for r in sorted(entry["receipts"], key=lambda r: str(r["id"]))
    ]
    head = [entry[name] for name in ("tenant", "id", "kind", "source_id", "occurred_at", "created_at")]
    return _sha256(b"\x00", _canonical(["scenario-cloud.entry.v1", *head, postings, receipts]))


def root_of(leaves: list[bytes]) -> bytes:
    """Return the root of a tree, built from below: two by two, and what is left over goes up as it is."""
    if not leaves:
        return _sha256(b"")
    while len(leaves) > 1:
        pairs = [_sha256(b"\x01", a, b) for a, b in zip(leaves[::2], leaves[1::2], strict=False)]
        leaves = pairs + leaves[len(pairs) * 2 :]
    return leaves[0]


def root_along(leaf: bytes, position: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root that a path leads to (RFC 9162, section 2.1.3.2), or nothing where it does not fit."""
    if not 0 <= position < size:
        return None
    at, last, found = position, size - 1, leaf
    for beside in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = _sha256(b"\x01", beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _sha256(b"\x01", found, beside)
        at, last = at >> 1, last >> 1
    return found if last == 0 else None


def _seal_bytes(tenant: str, seal: Json) -> bytes:
    facts = [seal[name] for name in ("number", "sealed_at", "entry_count", "root", "previous")]
    return _canonical(["scenario-cloud.seal.v1", tenant, *facts])


def check_seal(tenant: str, seal: Json, public: str) -> list[Finding]:
    """Check a seal's own hash and its signature."""
    name, content = f"seal {seal['number']}", _seal_bytes(tenant, seal)
    wrong = (
        [] if hashlib.sha256(content).hexdigest() == seal["hash"] else [("the seal's hash is wrong", name)]
    )
    if not is_signed(content, bytes.fromhex(seal["signature"]), bytes.fromhex(public)):
        wrong.append(("the seal's signature is wrong", name))
    return wrong


# --- Receipts ----------------------------------------------------------------------------------------------------


def check_receipt(proof: Json, key: str = "", root: str = "") -> list[tuple[str, bool]]:
    """Check a receipt's file by itself; return each sentence with whether it holds."""
    entry, seal, document = proof["entry"], proof["seal"], proof["receipt"]["document"]
    named = {"id": proof["receipt"]["id"], "number": document["number"]}
    named["sha256"] = hashlib.sha256(_canonical(document)).hexdigest()
    taken = [p for p in entry["postings"] if p["ledger"].startswith("clearing:")]
    path = [bytes.fromhex(step) for step in proof["proof"]["path"]]
    found = root_along(leaf_of(entry), proof["proof"]["position"], seal["entry_count"], path)
    wrong = {words for words, _ in check_seal(entry["tenant"], seal, key or seal["public_key"])}
    return [
        (
            "the lines add up to the total",
            sum(x["amount_minor"] for x in document["lines"]) == document["total_minor"],
        ),
        ("the receipt is the one that was booked with the payment", named in entry["receipts"]),
        (
            "the entry is of a payment, and balances",
            entry["kind"] == "payment.succeeded" and not _uneven(entry),
        ),
        (
            "the payment is of this amount and currency",
            [(sum(p["amount_minor"] for p in taken), {p["currency"] for p in taken})]
            == [(document["total_minor"], {document["currency"]})],
        ),
        ("the entry is in the seal", found is not None and found.hex() == seal["root"]),
        ("the seal's hash is right", "the seal's hash is wrong" not in wrong),
        ("the seal is signed with the key", "the seal's signature is wrong" not in wrong),
        *([("the seal is the published one", seal["hash"] == root)] if root else []),
    ]


def _uneven(entry: Json) -> bool:
    sums: dict[str, int] = {}
    for posting in entry["postings"]:
        sums[posting["currency"]] = sums.get(posting["currency"], 0) + posting["amount_minor"]
    return any(sums.values())


# --- Fee rules: an evaluator of its own --------------------------------------------------------------------------


class Unknown(Exception):
    """The rule says something that this file cannot work out; it is reported, never passed over."""


class NoAmount(Exception):
    """The rule gives this account no amount; the text is the reason's code."""


Facts = dict[str, Any]
_MEMBERS = {
    "charge": "format kind currency period proration amount eligible discounts rounding due late_fee",
    "late_fee": "format kind currency amount each after_days after_months cap at_most_once_months eligible rounding",
    "discount": "label take value of when",
    **dict.fromkeys(("attribute", "quantity", "balance", "line"), "name"),
    **dict.fromkeys(("ge", "gt", "le", "lt"), "of value"),
    "fixed": "amount",
    "rate": "rate per coefficients",
    "product": "factors",
    "sum": "parts",
    "percent": "percent of over",
    "bounds": "of minimum maximum",
    "higher": "among",
    "lower": "among",
    "excess": "of over",
    "tiers": "of tiers after",
    "blocks": "of size price",
    "table": "by rows default",
    "choose": "cases otherwise",
    "eq": "attribute value",
    "in": "attribute values",
    "known": "of",
    "and": "all",
    "or": "any",
    "not": "condition",
}
_WITHOUT_DECIMALS = re.compile(
    "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|VND|VUV|XAF|XOF|XPF",
)
_WITH_THREE = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")


def _places(currency: str) -> int:
    if _WITHOUT_DECIMALS.fullmatch(currency):
        return 0
    return 3 if _WITH_THREE.fullmatch(currency) else 2


def _require_known(piece: Json, kind: str) -> None:
    if kind not in _MEMBERS:
        raise Unknown(f"a part of kind {kind!r}")
    strange = set(piece) - set(_MEMBERS[kind].split()) - {"kind", "label"}
    if strange:
        raise Unknown(f"{sorted(strange)} of {kind!r}")


def recompute(document: Json, inputs: Facts) -> int:
    """Return what a rule comes to in minor units, from the inputs that a bill line keeps.

    Raises:
        NoAmount: the rule gives none.
        Unknown: it has a part that this file does not know.
    """
    _require_known(document, document["kind"])
    work = _Work(inputs, document["currency"])
    if document.get("eligible") and not work.holds(document["eligible"]):
        raise NoAmount("not_eligible")
    whole = document if document["kind"] == "charge" else {**document, "amount": _late(document)}
    full = max(work.value(whole["amount"]), Fraction(0))
    left = full
    for discount in whole.get("discounts") or ():
        left = max(left - work.discount(discount, full, left), Fraction(0))
    return work.rounded(left, whole)


def _late(rule: Json) -> Json:
    """Say a late fee in the parts that charges are made of."""
    zero, soon = {"kind": "fixed", "amount": "0"}, rule.get("at_most_once_months")
    days, months = ({"kind": "quantity", "name": n} for n in ("days_late", "months_in_arrears"))
    since = {"kind": "quantity", "name": "months_since_late_fee"}
    arrears, principal, charged = (
        {"kind": "balance", "name": n} for n in ("arrears", "principal", "late_fee_charged")
    )
    after_days, after_months = rule.get("after_days") or 0, rule.get("after_months") or 0
    nothing: list[Json] = [{"kind": "le", "of": arrears, "value": "0"}]
    nothing += [{"kind": "le", "of": days, "value": after_days}] if after_days else []
    nothing += [{"kind": "lt", "of": months, "value": after_months}] if after_months else []
    if soon:
        again: Json = {"kind": "lt", "of": since, "value": soon}
        nothing.append({"kind": "and", "all": [{"kind": "known", "of": since}, again]})
    amount, is_capped = rule["amount"], bool(rule.get("cap"))
    each = rule.get("each") or "time"
    if each != "time":
        of, first = (days, after_days) if each == "day" else (months, max(after_months, 1) - 1)
        units = {"kind": "excess", "of": of, "over": {"kind": "fixed", "amount": first}}
        amount = {"kind": "product", "factors": [amount, units]}
        amount = {"kind": "lower", "among": [amount, principal]} if is_capped else amount
        amount = {"kind": "excess", "of": amount, "over": charged}
    elif is_capped:
        rest = {"kind": "excess", "of": principal, "over": charged}
        amount = {"kind": "lower", "among": [amount, rest]}
    return {"kind": "choose", "cases": [{"when": w, "then": zero} for w in nothing], "otherwise": amount}


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Work:
    """One line's way through a rule."""

    def __init__(self, inputs: Facts, currency: str) -> None:
        self.inputs, self.unit = inputs, 10 ** _places(currency)

    def value(self, part: Json) -> Fraction:
        """Return the exact value of a part."""
        kind = part["kind"]
        _require_known(part, kind)
        if kind in ("attribute", "quantity", "balance", "line"):
            return self.fact(part)
        how: Callable[[Json], Fraction] = getattr(self, f"_{kind}", self._no_number)
        return how(part)

    def fact(self, part: Json) -> Fraction:
        """Return a number from the inputs."""
        kind, name = part["kind"], part["name"]
        found = self.inputs.get(name if kind == "attribute" else f"{kind}:{name}")
        if found is None or found == "":
            raise NoAmount(f"missing_{kind}:{name}")
        if kind in ("balance", "line"):
            return Fraction(int(found), self.unit)
        pattern = r"[0-9]{1,12}(\.[0-9]{1,6})?" if kind == "attribute" else r"[0-9]{1,12}(\.[0-9]+)?"
        if not re.fullmatch(pattern, _text(found), re.ASCII) or 10**6 % Fraction(_text(found)).denominator:
            raise NoAmount(f"bad_number:{name}")
        return Fraction(_text(found))

    def text(self, name: str) -> str:
        """Return an attribute as it is compared."""
        found = self.inputs.get(name)
        if found is None or found == "":
            raise NoAmount(f"missing_attribute:{name}")
        return _text(found)

    def _no_number(self, part: Json) -> Fraction:
        raise Unknown(f"{part['kind']!r} where a number is wanted")

    def _values(self, parts: Iterable[Json]) -> list[Fraction]:
        return [self.value(part) for part in parts]

    def _fixed(self, part: Json) -> Fraction:
        return Fraction(part["amount"])

    def _rate(self, part: Json) -> Fraction:
        found = Fraction(part["rate"])
        for factor in self._values([part["per"], *(part.get("coefficients") or ())]):
            found *= factor
        return found

    def _product(self, part: Json) -> Fraction:
        found = Fraction(1)
        for factor in self._values(part["factors"]):
            found *= factor
        return found

    def _sum(self, part: Json) -> Fraction:
        return sum(self._values(part["parts"]), Fraction(0))

    def _percent(self, part: Json) -> Fraction:
        return self.value(part["of"]) * Fraction(part["percent"]) / 100 / (part.get("over") or 1)

    def _bounds(self, part: Json) -> Fraction:
        found = self.value(part["of"])
        if part.get("minimum"):
            found = max(found, self.value(part["minimum"]))
        return min(found, self.value(part["maximum"])) if part.get("maximum") else found

    def _higher(self, part: Json) -> Fraction:
        return max(self._values(part["among"]))

    def _lower(self, part: Json) -> Fraction:
        return min(self._values(part["among"]))

    def _excess(self, part: Json) -> Fraction:
        of, over = self._values([part["of"], part["over"]])
        return max(of - over, Fraction(0))

    def _tiers(self, part: Json) -> Fraction:
        """Return the cost of everything used so far, less that of what had been used before."""
        used = max(self.value(part["of"]), Fraction(0))
        before = max(self.value(part["after"]), Fraction(0)) if part.get("after") else Fraction(0)
        return self._up_to(before + used, part) - self._up_to(before, part)

    def _up_to(self, units: Fraction, part: Json) -> Fraction:
        cost, floor = Fraction(0), Fraction(0)
        for tier in part["tiers"]:
            top = units if tier.get("up_to") is None else min(units, Fraction(tier["up_to"]))
            cost += max(top - floor, Fraction(0)) * Fraction(tier["rate"])
            floor = max(floor, top)
        return cost

    def _blocks(self, part: Json) -> Fraction:
        count = max(self.value(part["of"]), Fraction(0)) / Fraction(part["size"])
        return -(-count.numerator // count.denominator) * Fraction(part["price"])

    def _table(self, part: Json) -> Fraction:
        wanted = [self.text(name) for name in part["by"]]
        fits = [row for row in part["rows"] if [_text(key) for key in row["keys"]] == wanted]
        found = fits[0]["amount"] if fits else part.get("default")
        if found is None:
            raise NoAmount(("not_offered:" if fits else "no_row:") + ",".join(part["by"]))
        return Fraction(found)

    def _choose(self, part: Json) -> Fraction:
        for case in part["cases"]:
            if self.holds(case["when"]):
                return self.value(case["then"])
        if not part.get("otherwise"):
            raise NoAmount("no_case")
        return self.value(part["otherwise"])

    def holds(self, condition: Json) -> bool:
        """Tell whether a condition holds; what hangs on a missing fact alone is no amount."""
        kind = condition["kind"]
        _require_known(condition, kind)
        if kind in ("and", "or"):
            return self._joined(condition["all" if kind == "and" else "any"], kind == "or")
        if kind == "not":
            return not self.holds(condition["condition"])
        if kind == "known":
            of = condition["of"]
            name = of["name"] if of["kind"] == "attribute" else f"{of['kind']}:{of['name']}"
            return self.inputs.get(name) not in (None, "")
        if kind in ("eq", "in"):
            wanted = condition["values"] if kind == "in" else [condition["value"]]
            return self.text(condition["attribute"]) in [_text(value) for value in wanted]
        return self._compared(condition)

    def _joined(self, conditions: list[Json], decisive: bool) -> bool:
        missing: NoAmount | None = None
        for condition in conditions:
            try:
                if self.holds(condition) is decisive:
                    return decisive
            except NoAmount as fault:
                missing = missing or fault
        if missing:
            raise missing
        return not decisive

    def _compared(self, condition: Json) -> bool:
        kind, of = condition["kind"], condition["of"]
        if kind not in ("ge", "gt", "le", "lt"):
            raise Unknown(f"{kind!r} where a condition is wanted")
        left, right = self.value(of), Fraction(condition["value"])
        return {"ge": left >= right, "gt": left > right, "le": left <= right, "lt": left < right}[kind]

    def discount(self, discount: Json, full: Fraction, left: Fraction) -> Fraction:
        """Return what a discount takes off."""
        _require_known(discount, "discount")
        if discount.get("when") and not self.holds(discount["when"]):
            return Fraction(0)
        found = max(self.value(discount["value"]), Fraction(0))
        if discount["take"] == "amount":
            return found
        return (full if discount.get("of") == "full" else left) * found / 100

    def rounded(self, amount: Fraction, rule: Json) -> int:
        """Return the amount in minor units; by days, what is owed to the last day less what before the first."""
        if rule.get("proration") != "by_day":
            return self._round(amount, rule["rounding"])
        if not self.inputs.get("period:first") or not self.inputs.get("period:last"):
            raise NoAmount("missing_period")
        first, last = (date.fromisoformat(self.inputs[f"period:{end}"]) for end in ("first", "last"))
        days = (last - first).days + 1
        start, end = self.inputs.get("active:from"), self.inputs.get("active:to")
        before = _within(date.fromisoformat(start), first, days) if start else 0
        after = _within(date.fromisoformat(end) + timedelta(days=1), first, days) if end else days
        if after <= before:
            raise NoAmount("not_active")
        rounding = rule["rounding"]
        return self._round(amount * after / days, rounding) - (
            self._round(amount * before / days, rounding) if before else 0
        )

    def _round(self, amount: Fraction, rounding: Json) -> int:
        step = Fraction(rounding["step"]) * self.unit
        steps = amount * self.unit / step
        whole, rest = divmod(steps.numerator, steps.denominator)
        twice, mode = 2 * rest - steps.denominator, rounding.get("mode") or "half_up"
        is_up = {
            "up": rest > 0,
            "down": False,
            "half_up": twice >= 0,
            "half_even": twice > 0 or (twice == 0 and whole % 2 == 1),
        }[mode]
        minor = (whole + is_up) * step
        if minor >= 10**15:
            raise NoAmount("too_large")
        return int(minor)


def _within(day: date, first: date, days: int) -> int:
    return min(max((day - first).days, 0), days)


# --- An exported ledger ------------------------------------------------------------------------------------------


def check_ledger(bundle: zipfile.ZipFile, key: str = "", root: str = "") -> tuple[Json, list[Finding]]:
    """Check an exported ledger; return what there was of everything, and what is wrong with which row."""
    manifest = json.loads(bundle.read("manifest.json"))
    counts: Json = {"seals": 0, "entries": 0, "not_sealed_yet": 0, "lines": 0, "lines_without_rule": 0}
    findings: list[Finding] = []
    seals = {seal["number"]: seal for seal in _lines(bundle, "seals.jsonl")}
    findings += _check_chain(manifest, list(seals.values()), key, root)
    billed: dict[str, int] = {}
    counts["seals"] = len(seals)
    latest = max((seal["sealed_at"] for seal in seals.values()), default=0)
    for number, group in groupby(_lines(bundle, "entries.jsonl"), key=lambda entry: entry["seal"]):
        entries = list(group)
        counts["entries" if number is not None else "not_sealed_yet"] += len(entries)
        findings += _check_entries(number, entries, seals.pop(number, None), manifest["tenant"]["id"])
        findings += _overdue(entries, latest) if number is None else []
        billed.update(_billed(entries))
    findings += [("the seal's entries are missing", f"seal {number}") for number in seals]
    findings += _check_lines(bundle, counts, billed)
    return counts, findings


def _lines(bundle: zipfile.ZipFile, name: str) -> Iterator[Json]:
    with bundle.open(name) as file:
        for line in io.TextIOWrapper(file, "utf-8"):
            yield json.loads(line)


def _check_chain(manifest: Json, seals: list[Json], key: str, root: str) -> Iterator[Finding]:
    previous, number = NOTHING, 0
    for seal in seals:
        number += 1
        if seal["number"] != number:
            yield "a seal is missing or out of order", f"seal {number}"
            number = seal["number"]
        if seal["previous"] != previous:
            yield "the seal does not follow the one before", f"seal {number}"
        public = key or manifest["keys"].get(seal["key_id"], "")
        yield from check_seal(manifest["tenant"]["id"], seal, public)
        previous = seal["hash"]
    if root and root not in {seal["hash"] for seal in seals}:
        yield "the published seal is not in this ledger", root


def _check_entries(number: Any, entries: list[Json], seal: Json | None, tenant: str) -> Iterator[Finding]:
    leaves = [leaf_of(entry) for entry in entries]
    for entry, leaf in zip(entries, leaves, strict=False):
        name = f"entry {entry['id']} ({entry['kind']})"
        if _uneven(entry):
            yield "the entry does not balance", name
        if entry["tenant"] != tenant or (number is not None and entry["leaf"] != leaf.hex()):
            yield "the entry is not as it was sealed", name
    if number is None:
        return
    if seal is None:
        yield "the entries name a seal that is not there, or not in its order", f"seal {number}"
    elif root_of(leaves).hex() != seal["root"] or len(leaves) != seal["entry_count"]:
        yield "the entries are not those that were sealed", f"seal {number}"


def _overdue(entries: list[Json], latest: int) -> Iterator[Finding]:
    for entry in entries:
        if entry["created_at"] < latest - HOUR:
            yield "the entry is in no seal", f"entry {entry['id']} ({entry['kind']})"


def _billed(entries: list[Json]) -> Iterator[tuple[str, int]]:
    for entry in entries:
        if entry["kind"] == "bill.issued":
            owed = [p["amount_minor"] for p in entry["postings"] if p["ledger"] == "receivable"]
            yield entry["source_id"], sum(owed)


def _check_lines(bundle: zipfile.ZipFile, counts: Json, billed: dict[str, int]) -> Iterator[Finding]:
    rules = {rule["id"]: rule["document"] for rule in _lines(bundle, "rules.jsonl")}
    known: dict[tuple[str, str], Any] = {}
    for bill_id, group in groupby(_lines(bundle, "lines.jsonl"), key=lambda line: line["bill_id"]):
        total = 0
        for line in group:
            counts["lines"] += 1
            total += line["amount_minor"]
            if line["rule"] is None:
                counts["lines_without_rule"] += 1
                continue
            asked = (line["rule"], json.dumps(line["inputs"], sort_keys=True))
            if asked not in known:
                known[asked] = _worked_out(rules.get(line["rule"]), line["inputs"])
            if known[asked] != line["amount_minor"]:
                yield f"the line is {line['amount_minor']}, recomputed {known[asked]}", _name(line)
        if bill_id in billed and billed[bill_id] != total:
            yield f"the lines come to {total}, the entry to {billed[bill_id]}", f"bill {line['bill']}"


def _name(line: Json) -> str:
    return f"line {line['id']} of bill {line['bill']}"


def _worked_out(rule: Json | None, inputs: Json) -> Any:
    try:
        return "nothing: its rule is missing" if rule is None else recompute(rule, inputs)
    except NoAmount as fault:
        return f"nothing: {fault}"
    except Unknown as strange:
        return f"nothing: this file does not know {strange}"


# --- The command -------------------------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Check the file that is named, say what was found, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check a receipt or an exported ledger offline.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--key", default="", help="the public key you trust, 64 hexadecimal digits")
    parser.add_argument("--root", default="", help="the hash of a published seal that has to be in the file")
    given = parser.parse_args(arguments)
    try:
        if given.file.read_bytes()[:5] == b"%PDF-":
            _say(f"{given.file} is the paper. Take the file behind “Proof to keep” on the receipt's page.")
            return 2
        return _check(given.file, given.key.lower(), given.root.lower())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        _say(f"{given.file} cannot be checked: {type(error).__name__}: {error}")
        return 2


def _check(path: Path, key: str, root: str) -> int:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as bundle:
            return _say_ledger(*check_ledger(bundle, key, root))
    proof = json.loads(path.read_bytes())
    if proof.get("format") != RECEIPT:
        raise ValueError("it is no receipt of this format")
    return _say_receipt(proof, key, root)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def _say_receipt(proof: Json, key: str, root: str) -> int:
    checks = check_receipt(proof, key, root)
    for words, is_right in checks:
        _say(f"{'right' if is_right else 'WRONG'}: {words}")
    if not key:
        _say(f"It is signed with {proof['seal']['public_key']}: compare this with the published key.")
    is_genuine = all(is_right for _, is_right in checks)
    _say("This receipt is genuine." if is_genuine else "Do not rely on this receipt.")
    return 0 if is_genuine else 1


def _say_ledger(counts: Json, findings: list[Finding]) -> int:
    for words, row in findings:
        _say(f"WRONG: {row}: {words}")
    _say(json.dumps({**counts, "wrong": len(findings)}))
    _say("This ledger was changed." if findings else "This ledger is whole.")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
