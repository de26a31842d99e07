"""Every kind of entry and every ledger account that the code books has a name in both languages."""

import ast
import re
from pathlib import Path

import pytest

from billing.ledger.accounts import KINDS, LEDGERS, is_known_ledger, kind_name, ledger_name, nature_of
from billing.wallets.kinds import MOVES
from ui.i18n import use_locale

ROOT = Path(__file__).parents[3]
PACKAGES = ("billing", "scenarios", "deploy/seed")
BY_DATA = {"billing/wallets/moving.py": {move.entry for move in MOVES.values()}}
"""Modules that take the kind from a table, with what the table holds."""
_INSERT = re.compile(r"insert into billing_entry\b", re.IGNORECASE)
_LITERAL = re.compile(r"'([a-z_]+\.[a-z_]+)'")


def booked_kinds(source):
    """Return the kinds of entry that a module books, each with its line; a kind that is worked out is ``None``."""
    found: list = []
    if "post(" not in source and not _INSERT.search(source):
        return found
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _is_post(node.func) and len(node.args) > 1:
            kind = node.args[1]
            found.append((node.lineno, kind.value if isinstance(kind, ast.Constant) else None))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _INSERT.search(node.value):
            found += [(node.lineno, kind) for kind in _LITERAL.findall(node.value)]
    return found


def _is_post(func):
    if isinstance(func, ast.Attribute):
        return func.attr == "post" and getattr(func.value, "id", "") in {"ledger", "journal"}
    return isinstance(func, ast.Name) and func.id == "post"


def test_nothing_is_booked_without_a_name():
    found = {
        (str(path.relative_to(ROOT)), line, kind)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for line, kind in booked_kinds(path.read_text())
    }
    assert {kind for _, _, kind in found} >= {"bill.issued", "bill.voided", "payment.succeeded"}
    worked_out = {path for path, _, kind in found if kind is None}
    assert worked_out <= set(BY_DATA), (
        "book it under a kind that can be read here, or name its table of kinds"
    )
    named = {kind for _, _, kind in found if kind is not None} | set().union(*BY_DATA.values())
    assert named <= set(KINDS), "name it in billing/ledger/accounts.py"


def test_the_search_finds_what_it_is_for():
    assert booked_kinds('await ledger.post(tenant, "tip.given", tip.id, sides)') == [(1, "tip.given")]
    assert booked_kinds("await post(tenant, kind, tip.id, sides)") == [(1, None)]
    assert booked_kinds("X = \"insert into billing_entry (kind) values ('tip.taken')\"") == [(1, "tip.taken")]


@pytest.mark.parametrize("name", [*(k.name for k in KINDS.values()), *(x.name for x in LEDGERS)], ids=str)
def test_names_are_there_in_both_languages(name):
    with use_locale("en"):
        english = name.message
    with use_locale("zh_CN"):
        assert str(type(name)(name.message, {"name": "x"})) != english.replace("{name}", "x")


def test_families_are_named_after_what_they_hold():
    with use_locale("en"):
        assert str(kind_name("bill.issued")) == "Bill issued"
        assert str(ledger_name("receivable")) == "Owed by accounts"
        assert str(ledger_name("income:estate", {"estate": "Estate fee"})) == "Income: Estate fee"
        assert str(ledger_name("clearing:counter")).startswith("Money held at: ")
    assert nature_of("clearing:bank") == "asset"
    assert [is_known_ledger(x) for x in ("receivable", "receivables", "income:", "income:x", "tips")] == [
        *(True, False, False, True, False),
    ]
