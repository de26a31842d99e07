"""Forms that are filled in once a month or once a year: rules put into force, runs decided about, files asked for."""

from datetime import date
from typing import Any

from billing.models import (
    Bill,
    BillException,
    BillLine,
    BillRun,
    FeeItem,
    FeeRule,
    NextAction,
    StatementSource,
)
from billing.rules import builders, dump
from billing.splits import rules
from billing.splits.documents import SplitDocument
from tenants.scope import bank_scope, open_scope
from tests import make
from tests.billing.inputs.cases import Cases
from tests.billing.inputs.forms import Form
from tests.billing.payments import world

_NAME = ("x" * 501, "Use at most 60 characters.", "最多填写 60 个字符。")
_BLANK = ("", "Fill this in.", "请填写此项。")
_OPTIONS = "Choose one of the options.", "请从选项中选择。"
_WORD = (
    "Say in a word why it is right, in at most 500 characters.",
    "请用一句话说明为何无误，最多 500 个字符。",
)
_FILE = ("Choose one PDF, or a ZIP with one PDF for each.", "请选择一个 PDF，或每份一个 PDF 的 ZIP。")
_PERCENT = (
    "Enter a percentage from 0 to 20 with at most two decimals, like 0.60.",
    "请输入 0 至 20 的百分比，最多两位小数，例如 0.60。",
)
_LEDGER = (
    "There is no such ledger account. Choose one from the list, or all of them.",
    "没有这个会计科目。请从列表中选择，或选择全部。",
)
_DAY = ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。")
_DECISION: dict[str, list[tuple[str, str, str]]] = {
    "decision": [_BLANK, ("maybe", "Choose what to do.", "请选择如何处理。")],
    "note": [("", *_WORD), ("x" * 501, *_WORD)],
}
RARE: Cases = {
    "fee name": {"name_en": [_BLANK, _NAME], "name_zh": [_NAME]},
    "fee in force": {
        "effective_from": [
            _BLANK,
            ("soon", "Enter a month like 2026-03.", "请填写月份，例如 2026-03。"),
            ("1990-01", "Choose a month within two years of now.", "请选择前后两年内的月份。"),
            (
                f"{make.today():%Y-%m}",
                f"A version is set from {make.today():%B %Y} on. Choose a later month.",
                f"已有版本自{make.today().year}年{make.today().month}月起生效。请选择更晚的月份。",
            ),
        ]
    },
    "fees started": {
        "effective_from": [_BLANK, ("soon", "Enter a month like 2026-03.", "请填写月份，例如 2026-03。")],
        "fees": [("", "Choose at least one fee.", "请至少选择一个收费项目。"), ("x", *_OPTIONS)],
    },
    "split in force": {
        "effective_from": [
            _BLANK,
            _DAY,
            (
                "2020-01-01",
                "Choose today or a later day: what was paid before is shared already.",
                "请选择今天或以后的日期：此前的付款已经分账。",
            ),
        ]
    },
    "odd account": _DECISION,
    "odd accounts": {
        "code": [
            ("", "Choose a reason.", "请选择原因。"),
            ("moon", "Choose a reason.", "请选择原因。"),
        ],
        **_DECISION,
    },
    "printing": {
        "place": [
            (
                "moon",
                "Nothing matches. Choose other days or another place.",
                "没有符合条件的内容，请选择其他日期或地点。",
            )
        ],
        "format": [("doc", *_FILE)],
        "locale": [("french", *_OPTIONS)],
    },
    "receipts": {"format": [("doc", *_FILE)], "locale": [("french", *_OPTIONS)]},
    "journal": {
        "from": [_BLANK, _DAY],
        "until": [
            _BLANK,
            _DAY,
            ("2020-01-01", "The last day cannot be before the first.", "最后一天不能早于起始日。"),
        ],
        "kind": [("moon", *_OPTIONS)],
        "ledger": [("moon", *_LEDGER)],
        "format": [("doc", *_OPTIONS)],
    },
    "merchant": {
        "merchant": [_BLANK, _NAME],
        "secret": [_BLANK, ("x" * 501, "Use at most 200 characters.", "最多填写 200 个字符。")],
    },
    "declining": {
        "line": [
            ("", "Choose the charge.", "请选择收费项目。"),
            ("x", *_OPTIONS),
            (
                "00000000-0000-0000-0000-000000000000",
                "There is no such charge on this bill.",
                "此账单上没有该项收费。",
            ),
        ]
    },
    "agreed fee": {
        "percent": [("ten", *_PERCENT), ("-1", *_PERCENT), ("21", *_PERCENT), ("1.234", *_PERCENT)],
        "fixed": [
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("-5", "The amount cannot be negative.", "金额不能为负数。"),
            ("1.234", "SGD amounts have at most 2 decimals.", "SGD 金额最多保留 2 位小数。"),
            ("9" * 20, "This amount is too large.", "金额过大。"),
        ],
    },
    "suggestion": {
        "status": [
            ("", "Choose what to do.", "请选择如何处理。"),
            ("maybe", "Choose what to do.", "请选择如何处理。"),
        ],
        "note": [("x" * 501, "Use at most 300 characters.", "最多填写 300 个字符。")],
    },
}


async def more(at: Any, bank: Any) -> Any:
    """The town with what these forms are about."""
    at.bank_slug = bank.slug
    at.staff["relationship_manager"] = await make.bank_staff(bank, "relationship_manager")
    at.chosen = await world.bill(at, 1000, 300)
    async with at.scope():
        await _runs(at)
        await _rules(at)
        at.source = await StatementSource.create(
            tenant_id=at.id, settlement_account_id=at.settlement.id, kind="rail", settings={}
        )
        at.extra = await BillLine.get(tenant_id=at.id, bill_id=at.chosen.id, position=1)
        await FeeItem.filter(tenant_id=at.id, id=at.extra.fee_item_id).update(is_voluntary=True)
    async with open_scope(bank_scope(bank.id)):
        at.action = await NextAction.create(
            bank_id=bank.id, branch_id=bank.branch_id, tenant_id=at.id, key="idle", facts={"days": 40}
        )
    return at


async def _runs(at: Any) -> None:
    """A draft with an odd account, and a run that is issued."""
    facts: dict[str, Any] = {
        "tenant_id": at.id,
        "scenario": "community",
        "due_on": date(2026, 4, 1),
        "currency": "SGD",
        "fee_items": [str(at.fee.id)],
        "summary": {},
    }
    at.draft = await BillRun.create(status="drafted", period=date(2026, 3, 1), **facts)
    at.issued = await BillRun.create(status="issued", period=date(2026, 2, 1), **facts)
    at.odd = await BillException.create(
        tenant_id=at.id,
        run_id=at.draft.id,
        account_id=at.account.id,
        account_number=at.account.number,
        code="no_holder",
        detail={},
    )
    await Bill.filter(tenant_id=at.id, id=at.chosen.id).update(run_id=at.issued.id)


async def _rules(at: Any) -> None:
    """A fee with a rule in force and a draft, and a draft of how its proceeds are shared."""
    document = dump(builders.charge("SGD", builders.fixed("12.00")))
    facts: dict[str, Any] = {"tenant_id": at.id, "fee_item_id": at.fee.id, "document": document}
    start = make.today().replace(day=1)
    await FeeRule.create(version=1, effective_from=start, status="active", **facts)
    await FeeRule.create(version=2, effective_from=start, status="draft", **facts)
    part = {"receiver": at.receiver.id, "kind": "percent", "rate": 3000}
    at.split = await rules.draft(
        at.staff["finance"],
        fee_item_id=at.fee.id,
        document=SplitDocument.model_validate({"parts": [part]}),
    )


def rare_forms(at: Any) -> dict[str, Form]:
    """Every form with a body that is right."""
    staff = at.root
    fee, decision = f"{staff}/fees/{at.fee.id}", {"decision": "accepted", "note": "He has moved in"}
    return {
        "fee name": Form("administrator", f"{fee}/names", {"name_en": "Pool", "name_zh": "泳池"}),
        "fee in force": Form("administrator", f"{fee}/activation", {"effective_from": "2030-01"}),
        "fees started": Form(
            "administrator", f"{staff}/fees/start", {"effective_from": "2030-01", "fees": str(at.fee.id)}
        ),
        "split in force": Form(
            "administrator",
            f"{staff}/splits/rules/{at.split.id}/activation",
            {"effective_from": "2099-01-01"},
        ),
        "odd account": Form("finance", f"{staff}/runs/{at.draft.id}/exceptions/{at.odd.id}", decision),
        "odd accounts": Form(
            "finance", f"{staff}/runs/{at.draft.id}/decisions", {"code": "no_holder", **decision}
        ),
        "printing": Form(
            "finance", f"{staff}/runs/{at.issued.id}/printing", {"format": "pdf", "locale": "zh_CN"}
        ),
        "receipts": Form("finance", f"{staff}/payments/receipts/files", {"format": "pdf", "locale": "zh_CN"}),
        "journal": Form(
            "finance",
            f"{staff}/ledger/journal/files",
            {"from": "2026-01-01", "until": "2026-01-31", "kind": "bill.issued"},
        ),
        "merchant": Form(
            "administrator",
            f"{staff}/settings/accounts/{at.settlement.id}/merchant",
            {"merchant": "mch_9", "secret": "a key of theirs"},
        ),
        "declining": Form("payer", f"/my/bills/{at.chosen.id}/declines", {"line": str(at.extra.id)}),
        "agreed fee": Form(
            "finance",
            f"{staff}/reconciliation/sources/{at.source.id}/terms",
            {"percent": "0.60", "fixed": "0.10"},
        ),
        "suggestion": Form(
            "relationship_manager",
            f"/bank/{at.bank_slug}/actions/{at.action.id}/closing",
            {"status": "done", "note": "They called back"},
        ),
    }
