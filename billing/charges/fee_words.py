"""Versions of a rule as people read them."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from billing.charges.fees import Document
from billing.charges.rule_form import RuleForm
from billing.models import FeeItem, FeeRule
from billing.rules import parse
from billing.rules.sentences import sentence
from billing.rules.tables import describe_table
from billing.rules.words import name_words
from ui.formats import listed
from ui.i18n import gettext

LONGEST_RULE = 140
"""Characters of a sentence that are still read; a longer one is cut in lists and left to its table elsewhere."""


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule as it is read: its sentences, and its table as a grid of words."""

    rule: FeeRule
    sentences: list[str]
    table: dict[str, Any] | None

    @property
    def shown(self) -> list[str]:
        """The sentences without the first where it only says a long table in words, beside the table itself."""
        is_wall = self.table is not None and len(self.sentences[0]) > LONGEST_RULE
        return self.sentences[1:] if is_wall else self.sentences


def read_rule(item: FeeItem, rule: FeeRule | None) -> ReadRule | None:
    """Return a version as people read it."""
    if rule is None:
        return None
    said, table = read_document(item, parse(rule.document))
    return ReadRule(rule, said, table)


def read_document(item: FeeItem, document: Document) -> tuple[list[str], dict[str, Any] | None]:
    """Return a document's sentences, and its table as a grid of words."""
    return [str(text) for text in sentence(document)], _grid(item, document)


def _grid(item: FeeItem, document: Document) -> dict[str, Any] | None:
    grid = describe_table(document)
    if grid is None:
        return None
    across, word = grid.column_name, RuleForm(item, "", {}).word
    heads = [word(across, key) for key in grid.column_keys] if across else [gettext("Amount")]
    rows = [
        (listed(word(n, k) for n, k in zip(grid.row_names, keys, strict=True)), cells)
        for keys, cells in zip(grid.row_keys, grid.cells, strict=True)
    ]
    corner = listed(str(name_words(name)) for name in grid.row_names)
    return {"corner": corner[:1].upper() + corner[1:], "heads": heads, "rows": rows}


def root_of(request: Request) -> str:
    """Return the console's address."""
    return f"/t/{request.path_params['tenant']}"
