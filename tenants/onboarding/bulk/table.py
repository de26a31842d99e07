"""The table of a bulk file: one institution a row, what each column takes, and rows as forms."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from tenants import kinds
from tenants.ids import new_id
from tenants.onboarding.applying import slug_of
from tenants.onboarding.checklist import INSTITUTION_KINDS
from tenants.onboarding.forms import ApplicationForm
from tenants.tabular import (
    ConvertedRow,
    Field,
    Limits,
    Row,
    choice,
    convert_rows,
    email,
    match_columns,
    open_table,
    phone,
    text,
)
from ui.errors import Invalid
from ui.formats import listed
from ui.forms import bind_values
from ui.i18n import N_, gettext, in_each_language, t, use_locale

MOST_ROWS = 20_000
Facts = dict[str, Any]
Problem = dict[str, str]
Judged = tuple[int, Facts, list[Problem]]
"""A row's number, its facts as the form wants them, and what is wrong with it in words, by language."""


def fields() -> tuple[Field, ...]:
    """Return the columns; the industry clouds are those that are installed."""
    clouds = {key: _named(scenario.name) for key, scenario in kinds.SCENARIOS.items()}
    forms = {key: _named(name) for key, name in INSTITUTION_KINDS.items()}
    return (
        Field("legal_name", N_("Legal name"), text(200), is_required=True),
        Field("short_name", N_("Short name, as payers know it"), text(60), is_required=True),
        Field("kind", N_("Kind of institution"), choice(forms), is_required=True),
        Field("uscc", N_("Unified social credit code"), text(24), is_required=True),
        Field("legal_representative", N_("Legal representative"), text(100), is_required=True),
        Field("scenario", N_("Industry cloud"), choice(clouds), is_required=True),
        Field("contact_name", N_("Contact person"), text(100), is_required=True),
        Field("contact_email", N_("Contact's e-mail"), email(), is_required=True),
        Field("contact_phone", N_("Contact's phone"), phone(), is_required=True),
        Field("settlement_bank_code", N_("Bank code of the settlement account"), text(20), is_required=True),
        Field(
            "settlement_account_number", N_("Number of the settlement account"), text(40), is_required=True
        ),
    )


def _named(name: str) -> list[str]:
    names = []
    for locale in ("en", "zh_CN"):
        with use_locale(locale):
            names.append(gettext(name))
    return names


def read(content: bytes, filename: str) -> tuple[Sequence[str], Iterator[Row], Any]:
    """Return a file's header, its rows and where the columns stand.

    Raises:
        Invalid: it is no table, or columns are missing, all of them named.
    """
    known = [name for field in fields() for name in field.names]
    table = open_table(content, filename, limits=Limits(rows=MOST_ROWS + 10), known=known)
    columns = match_columns(table.header, fields())
    missing = [field for field in fields() if field.is_required and field.key not in columns.places]
    if missing:
        names = listed(gettext(field.label) for field in missing)
        raise Invalid("bulk.columns", t("These columns are missing: {names}.", names=names))
    return table.header, table.rows(), columns


def judge(rows: Iterator[Row], columns: Any, branch_id: UUID, terms: Facts) -> Iterator[Judged]:
    """Yield every row with its facts and what is wrong with it, by the very form that one application uses."""
    seen: set[tuple[str, str]] = set()
    for row in convert_rows(rows, columns, fields()):
        facts, problems = _judged(row, branch_id, terms)
        key = (str(facts.get("uscc")), str(facts.get("scenario")))
        if problems:
            problems = in_languages(partial(_problems, row, branch_id, terms))
        elif key in seen:
            problems = in_languages(lambda: [gettext("The same institution stands in the file twice.")])
        seen.add(key)
        yield row.number, facts, problems


def in_languages(say: Callable[[], list[str]]) -> list[Problem]:
    """Return each sentence in every language: whoever reads the file later chooses."""
    told = in_each_language(say)
    return [dict(zip(told, sentences, strict=True)) for sentences in zip(*told.values(), strict=True)]


def _problems(row: ConvertedRow, branch_id: UUID, terms: Facts) -> list[str]:
    return _judged(row, branch_id, terms)[1]


def _judged(row: ConvertedRow, branch_id: UUID, terms: Facts) -> tuple[Facts, list[Any]]:
    """Return a row's facts and what is wrong with it, in the current language."""
    facts = {key: value for key, value in row.values.items() if value is not None}
    problems = [str(problem.sentence) for problem in row.problems if not problem.is_warning]
    return (facts, problems) if problems else _as_form(facts, branch_id, terms)


def _as_form(facts: Facts, branch_id: UUID, terms: Facts) -> tuple[Facts, list[str]]:
    whole = (
        facts
        | terms
        | {
            "branch_id": str(branch_id),
            "slug": slug_of(str(facts["short_name"])) or new_id().hex[-12:],
            "administrator_name": facts["contact_name"],
            "administrator_email": facts["contact_email"],
            "settlement_account_name": facts["legal_name"],
        }
    )
    form = bind_values({name: [str(value)] for name, value in whole.items()}, ApplicationForm)
    if form.is_valid:
        return form.ok.model_dump(mode="json"), []
    return whole, [f"{form.label(name)}: {text_}" for name, text_ in form.errors.items()]
