"""The law guard: arrears are no input to access, lifts, water, power, gas or heat (Civil Code, article 944).

No setting, rule, route, job, event or table may connect them. The sweeps below read the code and the catalogue
themselves, so that what is added later is swept, too; each has a control that shows that it would notice.
"""

import ast
import re
from pathlib import Path

import pytest
from starlette.routing import Route
from tortoise import Tortoise

from scenarios.community.models import Parcel, VisitorPass
from scenarios.community.visitors import codes, passes
from tenants import audit_words
from tenants.jobs import JOBS, SUBSCRIBERS
from tenants.permissions import TENANT_PERMISSIONS
from tests.scenarios.community.estate import month_back
from tests.scenarios.community.test_gate import show
from tests.scenarios.community.test_life import SOON, passed

ROOT = Path(__file__).parents[3]
ACCESS = ("scenarios/community/visitors",)
"""Rooms that decide who comes in or who gets what: they may know nothing of money."""
SUPPLY = ("scenarios/community/meters",)
"""What counts supply may say how much was used; nothing in it may act on a supply, or look at what is owed."""
MONEY = re.compile(
    r"billing_(bill|payment|allocation|plan|credit|debit)|\b(arrears|overdue|left_minor|paid_minor|unpaid)\b",
    re.IGNORECASE,
)
_WHAT = r"[ _-](the[ _-])?(supply|access|entry|water|power|gas|heat|lift)"
CUT_OFF = re.compile(
    rf"\b(cut[ _-]?off|shut[ _-]?off|turn[ _-]off|switch[ _-]off|stop|suspend|block|deny|limit|restrict){_WHAT}"
    rf"|disconnect(ion)?{_WHAT}|disconnect[ _-](the[ _-])?(meter|unit|account)"
    r"|停水|停电|停气|停暖|断水|断电|断供|限电|限水",
    re.IGNORECASE,
)
"""Words for taking a supply or a way in from somebody."""
ALLOWED = {"周一上午停水"}
"""A notice of the demonstration that tells everybody of works on the tanks."""


_BETWEEN_LITERALS = re.compile(r"""["']\s*[a-z]{0,2}["']""", re.IGNORECASE)
"""Where one literal goes on in the next, so that words are found which only the two of them make."""


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def code_of(path: Path) -> str:
    """A module without its docstrings, so that explanations may name what code must not."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [  # type: ignore[attr-defined]
                one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
            ]
    return ast.unparse(tree)


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def cut_off_in(path: Path) -> re.Match[str] | None:
    """Such words in a file; code is taken apart only where it, read as mere text, has any or could hide some."""
    text = path.read_text()
    if path.suffix == ".py":
        if "\\" not in text and not CUT_OFF.search(_BETWEEN_LITERALS.sub("", text)):
            return None
        text = code_of(path)
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    return CUT_OFF.search(text)


@pytest.mark.parametrize("path", sources(*ACCESS), ids=lambda path: path.name)
def test_what_lets_people_in_knows_no_money(path):
    assert not {name for name in imports_of(path) if name.startswith("billing")}, path
    assert not MONEY.search(code_of(path)), path


@pytest.mark.parametrize("path", sources(*SUPPLY), ids=lambda path: path.name)
def test_what_counts_supply_looks_at_nothing_that_is_owed(path):
    assert not MONEY.search(code_of(path)), path
    owed = {name for name in imports_of(path) if name.startswith(("billing.models.Bill", "billing.payments"))}
    assert not owed, path


def test_no_code_page_or_word_anywhere_cuts_anybody_off():
    texts = [
        path
        for folder in ("scenarios", "billing", "tenants", "integrations")
        for path in (ROOT / folder).rglob("*")
    ]
    for path in texts:
        if path.suffix not in {".py", ".html", ".po", ".js"}:
            continue
        found = cut_off_in(path)
        assert not found, (path, found)


def test_no_route_job_event_permission_or_act_cuts_anybody_off(app):
    names = [route.path + " " + str(route.name) for route in app.routes if isinstance(route, Route)]
    names += [*JOBS, *SUBSCRIBERS, *TENANT_PERMISSIONS, *TENANT_PERMISSIONS.values()]
    names += [*audit_words.acts(), *audit_words.acts().values()]
    assert len(names) > 300
    assert not [name for name in names if CUT_OFF.search(name)]


def test_no_column_could_hold_such_a_state(committed):
    columns = [
        f"{model._meta.db_table}.{name}"
        for model in Tortoise.apps["cloud"].values()
        for name in model._meta.fields_map
    ]
    assert len(columns) > 500
    assert not [name for name in columns if CUT_OFF.search(name)]
    for model in (VisitorPass, Parcel):
        assert not [name for name in model._meta.fields_map if name.endswith("_minor") or "bill" in name]


def test_the_sweep_would_notice(tmp_path):
    """A control for each sweep."""
    for code in (
        'A = "turn off"\\\n    f" power"',
        'A = ("cut off"\n    " water")',
        'A = "\\u505c\u6c34"',
        "def cut_off_water(): ...",
    ):
        (there := tmp_path / "code.py").write_text(code)
        assert cut_off_in(there), code
    (there := tmp_path / "code.py").write_text('"""Never cut off water."""')
    assert not cut_off_in(there)
    for words in (
        "cut_off_water",
        "disconnect the meter",
        "turn off power",
        "block access",
        "suspend_entry",
        "欠费停水",
    ):
        assert CUT_OFF.search(words), words
    for words in ("select 1 from billing_bill", "if overdue:", "account.arrears > 0"):
        assert MONEY.search(words), words
    assert not CUT_OFF.search("The lift stops between two floors.")


async def test_who_owes_and_who_does_not_come_in_alike(place):
    """The same gate, the same answer: months of arrears change nothing."""
    behind, paid = place.flats[0], place.flats[1]
    for back in (3, 2, 1):
        await place.bill(month_back(back))
    async with place.scope():
        from billing.models import Bill  # noqa: PLC0415

        await Bill.filter(tenant_id=place.tenant.id, account_id=paid.id).update(status="paid")
        owed = await Bill.filter(tenant_id=place.tenant.id, account_id=behind.id, status="issued").count()
        assert owed == 3
        made = [await passes.issue(place.chief, place.tenant.id, flat.id, SOON) for flat in (behind, paid)]
    told = [await show(place, codes.letters(one.id)) for one in made]
    assert [(one.verdict, one.used) for one in told] == [("accepted", 1), ("accepted", 1)]
    assert await passed(place)
