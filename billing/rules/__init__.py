"""Fee rules: what an institution charges, as data that Python, SQL and people read alike. See README.md."""

from billing.rules.compile import CompiledSql, compile_sql
from billing.rules.documents import Charge, Document, LateFee, dump, json_schema, late_fee_of
from billing.rules.errors import RuleError, check, parse
from billing.rules.evaluate import evaluate
from billing.rules.facts import Facts, Period
from billing.rules.forms import SHAPES, Form, from_form, to_form
from billing.rules.outcome import Outcome, RuleException, Step
from billing.rules.schedule import days_late, due_date, late_after, months_in_arrears
from billing.rules.sentences import sentence
from billing.rules.sql_frame import Source
from billing.rules.tables import Grid, describe_table

__all__ = [
    "SHAPES",
    "Charge",
    "CompiledSql",
    "Document",
    "Facts",
    "Form",
    "Grid",
    "LateFee",
    "Outcome",
    "Period",
    "RuleError",
    "RuleException",
    "Source",
    "Step",
    "check",
    "compile_sql",
    "days_late",
    "describe_table",
    "due_date",
    "dump",
    "evaluate",
    "from_form",
    "json_schema",
    "late_after",
    "late_fee_of",
    "months_in_arrears",
    "parse",
    "sentence",
    "to_form",
]
