"""A receipt as PDF, in Chinese and English with both faces embedded: how long it takes and how large it is.

The floor is the same number of texts on a bare page of the same library, in a face that every reader has and that holds
no Chinese; what is above it is the typeface, the amount in words, the wrapping and the QR code.
"""

import resource
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

from fpdf import FPDF

from billing.receipts.documents import Issuer, ReceiptDocument, ReceiptLine
from billing.receipts.pdf import render_receipt

DEFAULTS: Mapping[str, int] = {"receipts": 300, "lines": 6}
MOST_MS, MOST_BYTES = 50, 100_000
_TEXTS = 30
"""Texts of a receipt besides its lines."""
_FEES = (
    "Service and conservancy charge",
    "物业服务费",
    "Late-payment penalty",
    "生活用水费",
    "Season parking",
    "公摊电费",
)


async def measure(options: Mapping[str, int]) -> dict[str, Any]:
    """Draw receipts in turn in both languages and return milliseconds and bytes of one, beside the floor's."""
    documents = [_document(number, options["lines"]) for number in range(options["receipts"])]
    for locale in ("en", "zh_CN"):
        render_receipt(documents[0], locale)  # the faces are parsed once for each process
    floor, _ = _timed(lambda _: _bare(options["lines"]), len(documents))
    taken, sizes = _timed(
        lambda number: render_receipt(documents[number], ("en", "zh_CN")[number % 2]), len(documents)
    )
    figure, bare = median(taken), median(floor)
    slowest = quantiles(taken, n=100)[98]
    return {
        "unit": "ms of processor time for each receipt",
        "figure": round(figure, 2),
        "floor": round(bare, 2),
        "ratio": round(figure / bare, 2),
        "p99_ms": round(slowest, 2),
        "bytes": max(sizes),
        "aim": MOST_MS,
        "most_bytes": MOST_BYTES,
        "is_met": slowest < MOST_MS and max(sizes) < MOST_BYTES,
        "receipts": len(documents),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _timed(draw: Callable[[int], bytes], count: int) -> tuple[list[float], list[int]]:
    taken, sizes = [], []
    for number in range(count):
        start = time.process_time()
        sizes.append(len(draw(number)))
        taken.append((time.process_time() - start) * 1000)
    return taken, sizes


def _bare(lines: int) -> bytes:
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(auto=False)
    pdf.add_page()
    pdf.set_font("helvetica", size=9)
    for number in range(_TEXTS + 4 * lines):
        pdf.text(18, 10 + number * 4, "Service and conservancy charge 1,234.50")
    return bytes(pdf.output())


def _document(number: int, lines: int) -> ReceiptDocument:
    amounts = [1_000 + 37 * number + place for place in range(lines)]
    return ReceiptDocument(
        issuer=Issuer(
            name="Tengah Town Management 登加镇物业服务有限公司",
            credit_code="91350100M000100Y43",
            phone="+65 6000 0000",
            bank_name="Harbour Bank 海港银行",
        ),
        number=f"R202611-{number:09d}X",
        payer="林慧敏 Lim Hui Min",
        paid_at=datetime(2026, 11, 22, 9, 14, tzinfo=UTC),
        zone="Asia/Singapore",
        currency=("SGD", "CNY")[number % 2],
        lines=tuple(
            ReceiptLine(
                item=_FEES[place % len(_FEES)],
                period="November 2026",
                account=f"{number % 400 + 1}A Plantation Crescent #{place + 1:02d}-{number % 90:02d}",
                amount_minor=amount,
            )
            for place, amount in enumerate(amounts)
        ),
        total_minor=sum(amounts),
        channel="银行二维码",
        reference=f"pi_{number:024d}",
        verify_url=f"https://cloud.example/verify/7K3M-9QXR-{number:04d}-ABCD",
        verification_code=f"7K3M-9QXR-{number:04d}-ABCD",
    )
