"""What is typed where, and what is said to it in English and in Chinese; ``AMOUNT`` is named after the bill."""

Cases = dict[str, dict[str, list[tuple[str, str, str]]]]
MONEY = [
    ("", "Fill this in.", "请填写此项。"),
    ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
    ("0", "The amount must be more than zero.", "金额必须大于零。"),
    ("-5", "The amount cannot be negative.", "金额不能为负数。"),
    ("1.234", "SGD amounts have at most 2 decimals.", "SGD 金额最多保留 2 位小数。"),
    ("9" * 20, "This amount is too large.", "金额过大。"),
]
CASES: Cases = {
    "fee": {
        "name_en": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 60 characters.", "最多填写 60 个字符。"),
        ],
        "kind": [("tax", "Choose whether it is a charge or a late fee.", "请选择是费用还是滞纳金。")],
        "account_kinds": [("pupil", "Choose who is charged.", "请选择向谁收费。")],
    },
    "run": {
        "period": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a month like 2026-03.", "请填写月份，例如 2026-03。"),
        ],
        "due_on": [
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
            (
                "2020-01-01",
                "Choose a due day within four months of the month billed.",
                "请选择计费月份起四个月内的到期日。",
            ),
        ],
        "items": [("", "Choose what to charge.", "请选择要收取的费用。")],
    },
    "single bill": {
        "due_on": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
            ("2020-01-01", "Choose a day from today on, within a year.", "请选择今天起一年内的日期。"),
        ],
        "reference": [("x" * 501, "Use at most 100 characters.", "最多填写 100 个字符。")],
        "lines-0-amount_minor": [
            ("", "Enter an amount above zero.", "请输入大于零的金额。"),
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("0", "The amount must be more than zero.", "金额必须大于零。"),
            ("-5", "The amount cannot be negative.", "金额不能为负数。"),
            ("1.234", "SGD amounts have at most 2 decimals.", "SGD 金额最多保留 2 位小数。"),
            ("99999999999999999999", "This amount is too large.", "金额过大。"),
        ],
        "lines-0-name": [("x" * 501, "Use at most 100 characters.", "最多填写 100 个字符。")],
    },
    "credit note": {
        "amount_minor": [
            *MONEY,
            (
                "50.01",
                "Enter an amount above zero and at most SGD 50.00: that much is left uncredited.",
                "请填写大于零且不超过 SGD 50.00 的金额：这是尚未贷记的部分。",
            ),
        ],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "voiding": {
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "plan": {
        "bills": [("", "Choose the bills to be paid in instalments.", "请选择要分期支付的账单。")],
        "first_on": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
            (
                "2020-01-01",
                "Choose a day from today on, within three months.",
                "请选择今天起三个月内的日期。",
            ),
        ],
        "count": [
            ("", "Fill this in.", "请填写此项。"),
            ("x", "Enter a whole number.", "请填写整数。"),
            ("1", "Choose between 2 and 60 instalments.", "请选择 2 至 60 期。"),
            ("61", "Choose between 2 and 60 instalments.", "请选择 2 至 60 期。"),
        ],
        "step": [("never", "Choose how far apart they are.", "请选择间隔。")],
        "remainder": [("middle", "Choose the first or the last instalment.", "请选择第一期或最后一期。")],
        "note": [("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。")],
    },
    "adjustment": {
        "kind": [("gift", "Choose what kind of adjustment it is.", "请选择减免的种类。")],
        "amount": [
            *MONEY,
            ("50.01", "At most SGD 50.00 can be let off in this way.", "以此方式最多可减免 SGD 50.00。"),
        ],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "standing": {
        "kind": [("gift", "Choose what kind of adjustment it is.", "请选择减免的种类。")],
        "percent": [
            ("", "Enter a percentage or an amount, not both.", "请输入百分比或金额，二者选一。"),
            ("ten", "Enter a percentage in figures, like 12.5.", "请用数字输入百分比，例如 12.5。"),
            ("0", "Enter a percentage above 0 and at most 100.", "请输入大于 0 且不超过 100 的百分比。"),
            ("101", "Enter a percentage above 0 and at most 100.", "请输入大于 0 且不超过 100 的百分比。"),
        ],
        "effective_from": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
        ],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "desk": {
        "AMOUNT": [
            ("", "Enter an amount for at least one bill.", "请至少为一张账单填写金额。"),
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("0", "Enter an amount for at least one bill.", "请至少为一张账单填写金额。"),
            ("-5", "The amount cannot be negative.", "金额不能为负数。"),
            ("1.234", "SGD amounts have at most 2 decimals.", "SGD 金额最多保留 2 位小数。"),
            ("99999999999999999999", "This amount is too large.", "金额过大。"),
            (
                "50.01",
                "Only SGD 50.00 is left to pay of bill B000002.",
                "账单 B000002 只剩 SGD 50.00 未付。",
            ),
        ],
        "method": [("shells", "Choose how the money was paid.", "请选择收款方式。")],
        "tendered": [
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("1.00", "This is less than the amount to be paid.", "少于应付金额。"),
        ],
    },
    "desk ahead": {
        "amount": [*MONEY],
        "method": [("shells", "Choose how the money was paid.", "请选择收款方式。")],
    },
    "day close": {
        "counted-cash": [
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
        ],
        "note": [("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。")],
    },
    "refund": {
        "amount": [*MONEY, ("9.01", "At most SGD 8.00 can be refunded.", "最多可退 SGD 8.00。")],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "suspense": {
        "bill": [
            ("", "Choose the bill.", "请选择账单。"),
            ("x", "Choose one of the options.", "请从选项中选择。"),
        ],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "suspense refund": {
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "dispute": {
        "decision": [
            ("", "Choose who bears the loss.", "请选择由谁承担损失。"),
            ("nobody", "Choose who bears the loss.", "请选择由谁承担损失。"),
        ],
        "reason": [
            ("", "Say why, in at most 500 characters.", "请说明原因，最多 500 个字符。"),
            ("x" * 501, "Say why, in at most 500 characters.", "请说明原因，最多 500 个字符。"),
        ],
    },
    "wallet taking": {
        "amount": [
            *MONEY,
            (
                "0.50",
                "Enter an amount from SGD 1.00 to SGD 50,000.00.",
                "请输入 SGD 1.00 至 SGD 50,000.00 之间的金额。",
            ),
            (
                "99999999.00",
                "Enter an amount from SGD 1.00 to SGD 50,000.00.",
                "请输入 SGD 1.00 至 SGD 50,000.00 之间的金额。",
            ),
        ],
        "method": [("shells", "Choose how the money was paid.", "请选择收款方式。")],
    },
    "wallet payout": {
        "amount": [*MONEY, ("9.00", "At most SGD 0.00 can be paid out.", "最多可退出 SGD 0.00。")],
        "reason": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 500 characters.", "最多填写 500 个字符。"),
        ],
    },
    "receiver": {
        "name": [
            ("", "Fill this in.", "请填写此项。"),
            ("Baker", "There is a receiver of this name already.", "已有同名的接收方。"),
            ("x" * 501, "Use at most 120 characters.", "最多填写 120 个字符。"),
        ],
        "kind": [("friend", "Choose what they are.", "请选择类别。")],
        "rail_merchant": [
            ("", "Fill this in.", "请填写此项。"),
            ("mch_1", "Another receiver has this account already.", "此账户已属于另一接收方。"),
            ("x" * 501, "Use at most 60 characters.", "最多填写 60 个字符。"),
        ],
    },
    "split rule": {
        "fee": [("x", "Choose a fee.", "请选择费用。")],
        "parts-0-receiver": [("", "Choose a receiver.", "请选择接收方。")],
        "parts-0-how": [("luck", "Choose how their part is reckoned.", "请选择其份额的计算方式。")],
        "parts-0-value": [
            (
                "",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
            (
                "ten",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
            (
                "0",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
            (
                "101",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
            (
                "1E999999",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
            (
                "1.234",
                "Enter a percentage above 0 and up to 100, with at most two decimals, like 12.5.",
                "请输入大于 0 且不超过 100 的百分比，最多两位小数，例如 12.5。",
            ),
        ],
    },
    "period": {
        "month": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a month like 2026-03.", "请填写月份，例如 2026-03。"),
            (
                "2099-01",
                "This month can be closed from an hour after its end. Choose an earlier one.",
                "月份结束一小时后才能结账，请选择更早的月份。",
            ),
        ],
    },
    "pay": {
        "AMOUNT": [
            ("", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("ten", "Enter an amount in figures, like 1,234.50.", "请用数字填写金额，例如 1,234.50。"),
            ("0", "Enter an amount above zero.", "请输入大于零的金额。"),
            ("-5", "The amount cannot be negative.", "金额不能为负数。"),
            ("1.234", "SGD amounts have at most 2 decimals.", "SGD 金额最多保留 2 位小数。"),
            ("99999999999999999999", "This amount is too large.", "金额过大。"),
            (
                "50.01",
                "Only SGD 50.00 is left to pay of bill B000002.",
                "账单 B000002 只剩 SGD 50.00 未付。",
            ),
        ],
        "channel": [
            ("", "Choose how to pay.", "请选择付款方式。"),
            ("shells", "Choose how to pay.", "请选择付款方式。"),
        ],
    },
    "promise": {
        "day": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
            ("2020-01-01", "Choose a day within the next 14 days.", "请选择今后 14 天内的日期。"),
            ("2099-01-01", "Choose a day within the next 14 days.", "请选择今后 14 天内的日期。"),
        ],
    },
    "objection": {
        "topic": [
            ("", "Choose what is wrong.", "请选择哪里不对。"),
            ("taste", "Choose what is wrong.", "请选择哪里不对。"),
        ],
        "text": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 5001, "Use at most 2000 characters.", "最多填写 2000 个字符。"),
        ],
    },
    "autopay": {
        "way": [
            ("", "Choose from what it is taken.", "请选择扣款来源。"),
            ("shells", "Choose from what it is taken.", "请选择扣款来源。"),
        ],
        "ceiling": [*MONEY],
        "schedule": [("never", "Choose when it is taken.", "请选择扣款时间。")],
        "day": [
            ("x", "Enter a whole number.", "请填写整数。"),
            ("29", "Enter 28 or less.", "请填写不大于 28 的数字。"),
        ],
    },
    "helper": {
        "name": [
            ("", "Fill this in.", "请填写此项。"),
            ("x" * 501, "Use at most 100 characters.", "最多填写 100 个字符。"),
        ],
        "bill_cap": [*MONEY],
        "month_cap": [
            *MONEY,
            (
                "49.00",
                "In a month it must be at least as much as for one bill.",
                "每月上限不得低于单张账单上限。",
            ),
        ],
        "until": [
            ("", "Fill this in.", "请填写此项。"),
            ("soon", "Enter a day like 2026-03-31.", "请填写日期，例如 2026-03-31。"),
            ("2020-01-01", "Choose a day from today to a year from now.", "请选择今天起一年内的日期。"),
            ("2099-01-01", "Choose a day from today to a year from now.", "请选择今天起一年内的日期。"),
        ],
    },
    "ahead": {
        "amount": [*MONEY],
        "channel": [
            ("", "Choose how to pay.", "请选择付款方式。"),
            ("shells", "Choose how to pay.", "请选择付款方式。"),
        ],
    },
    "top-up": {
        "amount": [
            *MONEY,
            (
                "0.50",
                "Enter an amount from SGD 1.00 to SGD 50,000.00.",
                "请输入 SGD 1.00 至 SGD 50,000.00 之间的金额。",
            ),
            (
                "99999999.00",
                "Enter an amount from SGD 1.00 to SGD 50,000.00.",
                "请输入 SGD 1.00 至 SGD 50,000.00 之间的金额。",
            ),
        ],
    },
}
