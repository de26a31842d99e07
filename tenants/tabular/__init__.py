"""Reading what people upload as a table: CSV or XLSX in, typed rows with precise problems out.

``open_table`` reads, ``match_columns`` finds which column is which field, ``convert_rows`` turns cells into
values, ``rejected_csv`` gives back the rows that were refused with the reason beside each. No database here.
"""

from tenants.tabular.columns import Columns, Field, choose_columns, known_names, match_columns
from tenants.tabular.convert import ConvertedRow, Problem, convert_rows
from tenants.tabular.kinds import Kind, choice, day, decimal, email, integer, month, phone, text, yes_no
from tenants.tabular.rejected import rejected_csv, rejected_xlsx
from tenants.tabular.source import Limits, Mark, Row, TableError
from tenants.tabular.table import Table, open_table

__all__ = [
    "Columns",
    "ConvertedRow",
    "Field",
    "Kind",
    "Limits",
    "Mark",
    "Problem",
    "Row",
    "Table",
    "TableError",
    "choice",
    "choose_columns",
    "convert_rows",
    "day",
    "decimal",
    "email",
    "integer",
    "known_names",
    "match_columns",
    "month",
    "open_table",
    "phone",
    "rejected_csv",
    "rejected_xlsx",
    "text",
    "yes_no",
]
