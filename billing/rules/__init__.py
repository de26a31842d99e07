"""Fee rules: what an institution charges, as data that Python, SQL and people read alike. See README.md."""

from billing.rules.documents import Charge, Document, LateFee, dump, json_schema, late_fee_of
from billing.rules.errors import RuleError, check, parse
from billing.rules.evaluate import evaluate
from billing.rules.facts import Facts, Period
from billing.rules.outcome import Outcome, RuleException, Step
from billing.rules.schedule import days_late, due_date, late_after, months_in_arrears

__all__ = [
    "Charge",
    "Document",
    "Facts",
    "LateFee",
    "Outcome",
    "Period",
    "RuleError",
    "RuleException",
    "Step",
    "check",
    "days_late",
    "due_date",
    "dump",
    "evaluate",
    "json_schema",
    "late_after",
    "late_fee_of",
    "months_in_arrears",
    "parse",
]
