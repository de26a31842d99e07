"""Verification finds a cent; a receipt's file is checked by itself."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from billing.payments.numbers import LENGTH, receipt_number
from billing.receipts.documents import Issuer, ReceiptDocument, ReceiptLine
from billing.receipts.pdf import render_receipt
from deploy import verify
from deploy.cli import app
from deploy.errors import OperatorError
from tenants.codes import group_code, new_code


@pytest.fixture
def document() -> ReceiptDocument:
    code = group_code(new_code(16))
    return ReceiptDocument(
        issuer=Issuer(name="Tengah Town"),
        number=receipt_number(f"P261105-{group_code(new_code(LENGTH), 5)}"),
        payer="林慧敏",
        paid_at=datetime(2026, 11, 5, 3, tzinfo=UTC),
        zone="Asia/Singapore",
        currency="SGD",
        lines=(
            ReceiptLine(item="Service charge", amount_minor=6350),
            ReceiptLine(item="Penalty", amount_minor=400),
        ),
        total_minor=6750,
        channel="Cash",
        verify_url=f"https://cloud.example/verify/{code}",
        verification_code=code,
    )


def _written(folder: Path, kept: dict[str, Any]) -> Path:
    path = folder / "receipt.json"
    path.write_text(json.dumps(kept))
    return path


def test_one_cent_on_one_line_is_found(told) -> None:
    bills = told["tampered"]["bills"]
    assert (bills["is_right"], bills["differences"]) == (False, 1)
    assert bills["shown"][0]["billed"] == bills["shown"][0]["recomputed"] + 1
    assert bills["lines"] == told["bills"]["lines"]


def test_one_cent_in_the_journal_is_found(told) -> None:
    ledger = told["tampered"]["ledger"]
    assert ledger["is_right"] is False
    assert ledger["balance"] == {"SGD": -1}
    assert {fault["tenant"] for fault in ledger["shown"]} == {"tengah"}
    assert any("entry does not balance" in fault["check"] for fault in ledger["shown"])


def test_a_seeded_receipt_is_right(told, tmp_path: Path) -> None:
    assert verify.receipt(_written(tmp_path, told["receipt"]))["is_right"] is True


def test_a_receipt_says_what_was_checked_and_what_it_cannot_prove(document, tmp_path: Path) -> None:
    found = verify.receipt(_written(tmp_path, document.as_json()))
    assert found["is_right"] is True
    assert found["wrong"] == []
    assert len(found["checked"]) == 5
    assert found["is_proven"] == f"not by itself; ask {document.verify_url}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("total_minor", 6751),
        ("number", "R261105-7K3M9-QXR2C"),
        ("verification_code", "0000-0000-0000-0001"),
        ("verify_url", "https://cloud.example/verify/0000-0000-0000-0000"),
        ("refunded_minor", 9000),
    ],
)
def test_what_was_altered_is_found(document, tmp_path: Path, name: str, value: object) -> None:
    found = verify.receipt(_written(tmp_path, {**document.as_json(), name: value}))
    assert found["is_right"] is False
    assert found["wrong"]


def test_a_pdf_is_known_by_the_address_on_it(document, tmp_path: Path) -> None:
    path = tmp_path / "receipt.pdf"
    path.write_bytes(render_receipt(document, "en"))
    found = verify.receipt(path)
    assert (found["is_right"], found["verify_url"]) == (True, document.verify_url)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"not json", b"%PDF-1.7 nothing", b'{"lines": 3}'])
def test_what_is_no_receipt_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(OperatorError):
        verify.receipt(path)


def test_the_command_ends_with_one_where_anything_differs(document, tmp_path: Path) -> None:
    good = CliRunner().invoke(app, ["verify", "receipt", str(_written(tmp_path, document.as_json()))])
    assert (good.exit_code, json.loads(good.stdout)["is_right"]) == (0, True)
    bad = CliRunner().invoke(
        app, ["verify", "receipt", str(_written(tmp_path, {**document.as_json(), "total_minor": 1}))]
    )
    assert (bad.exit_code, json.loads(bad.stdout)["is_right"]) == (1, False)
    gone = CliRunner().invoke(app, ["verify", "receipt", str(tmp_path / "gone.json")])
    assert gone.exit_code == 1
    assert "cannot be read" in gone.stderr
