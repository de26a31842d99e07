"""Tables of the money core."""

from billing.models.adjustments import Adjustment, AdjustmentPart, StandingAdjustment
from billing.models.agreements import (
    Answer,
    AnswerNote,
    Credit,
    CreditUse,
    Reminder,
    ReminderStop,
    Terms,
)
from billing.models.bank_terms import BankTermsVersion
from billing.models.charges import (
    Bill,
    BillException,
    BillLine,
    BillRun,
    FeeItem,
    FeeRule,
    SettlementAccount,
)
from billing.models.checkouts import Checkout
from billing.models.complaints import Complaint, ComplaintMessage, ComplaintTerms
from billing.models.disputes import Dispute, DisputeFile
from billing.models.holds import Hold
from billing.models.mandates import Debit, Mandate, Proxy, SavedCard, Transfer, VirtualAccount
from billing.models.oversight import (
    AppFigure,
    AppUse,
    BranchFigure,
    BranchStanding,
    DayFigure,
    NextAction,
    Standing,
)
from billing.models.pauses import ChargePause
from billing.models.payments import (
    Allocation,
    Attempt,
    DayClose,
    Entry,
    InboxEvent,
    Payment,
    PaymentPart,
    Posting,
    Receipt,
    Refund,
    Suspense,
)
from billing.models.plans import CreditNote, Instalment, InstalmentPlan, PlanBill
from billing.models.quantities import Quantity
from billing.models.reconciliation import (
    Break,
    MatchSuggestion,
    Payout,
    Statement,
    StatementLine,
    StatementSource,
)
from billing.models.rehearsals import Rehearsal, RehearsalLine
from billing.models.risk import (
    PayoutHold,
    RiskAlert,
    RiskHold,
    RiskRule,
    RiskTrial,
    RiskWatch,
)
from billing.models.runs import NumberSeries, RunSetting
from billing.models.seals import BankSeal, Period, Seal, SealedEntry
from billing.models.splits import Receiver, Share, ShareReturn, SplitRule
from billing.models.wallets import Wallet, WalletMovement, WalletTopUp
from billing.models.worklist import WorkOwner

__all__ = [
    "Adjustment",
    "AdjustmentPart",
    "Allocation",
    "Answer",
    "AnswerNote",
    "AppFigure",
    "AppUse",
    "Attempt",
    "BankSeal",
    "BankTermsVersion",
    "Bill",
    "BillException",
    "BillLine",
    "BillRun",
    "BranchFigure",
    "BranchStanding",
    "Break",
    "ChargePause",
    "Checkout",
    "Complaint",
    "ComplaintMessage",
    "ComplaintTerms",
    "Credit",
    "CreditNote",
    "CreditUse",
    "DayClose",
    "DayFigure",
    "Debit",
    "Dispute",
    "DisputeFile",
    "Entry",
    "FeeItem",
    "FeeRule",
    "Hold",
    "InboxEvent",
    "Instalment",
    "InstalmentPlan",
    "Mandate",
    "MatchSuggestion",
    "NextAction",
    "NumberSeries",
    "Payment",
    "PaymentPart",
    "Payout",
    "PayoutHold",
    "Period",
    "PlanBill",
    "Posting",
    "Proxy",
    "Quantity",
    "Receipt",
    "Receiver",
    "Refund",
    "Rehearsal",
    "RehearsalLine",
    "Reminder",
    "ReminderStop",
    "RiskAlert",
    "RiskHold",
    "RiskRule",
    "RiskTrial",
    "RiskWatch",
    "RunSetting",
    "SavedCard",
    "Seal",
    "SealedEntry",
    "SettlementAccount",
    "Share",
    "ShareReturn",
    "SplitRule",
    "Standing",
    "StandingAdjustment",
    "Statement",
    "StatementLine",
    "StatementSource",
    "Suspense",
    "Terms",
    "Transfer",
    "VirtualAccount",
    "Wallet",
    "WalletMovement",
    "WalletTopUp",
    "WorkOwner",
]
