"""Every wrong file that brings money in has its own sentence, in both languages, on the page that took it."""

import ast
import re
from pathlib import Path

from billing.plans import importing
from billing.reconciliation import sources
from tests import make
from tests.billing.inputs import papers
from tests.billing.reconciliation.papers import books
from tests.page import inspect, text_of
from tests.tenants.imports.uploads import Desk

LANGUAGES = ("en", "zh-CN")
NOT_TO_BE_SHOWN = {
    "This is not the bank's file: its first row is not “{title}”.",
    "The document is too large.",
    "The file has more than {n} rows.",
    "Its quotation marks do not match.",
}
"""They need a hundred megabytes, a reader stricter than Python's, or a file that its first row has not told before."""


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", text_of(inspect(page)).replace("\xa0", " "))


def sentences() -> set[str]:
    """What the parsers of statements can say, taken from their source: whole sentences in English."""
    found: set[str] = set()
    for path in Path(sources.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t":
                found.update(str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant))
    return {one for one in found if one.endswith((".", "{names}"))}


def as_pattern(sentence: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\{\w+\}", sentence)), re.DOTALL)


async def test_each_wrong_statement_is_refused_with_its_reason(db, bank, client):
    own = await books(bank)
    await make.sign_in(client, (await make.staff(own.tenant, "finance")).person_id)
    url, said = f"/t/{own.tenant.slug}/reconciliation/upload", ""
    for name, content, *expected in papers.files(own.account.stripe_account):
        for language, sentence in zip(LANGUAGES, expected, strict=True):
            answer = await client.post(
                url,
                data={"account": str(own.account.id)},
                files={"file": (name, content, "")},
                headers={"Accept-Language": language},
            )
            page = plain(answer.text)
            assert answer.status_code in {200, 422}, (name, sentence)
            assert sentence in page, (name, sentence, page[:1500])
            assert "Read it in" not in page, (name, sentence)
            said += page
    unsaid = {one for one in sentences() if not as_pattern(one).search(said)}
    assert unsaid == NOT_TO_BE_SHOWN, "each refusal of a parser has a wrong file here"


async def test_no_file_and_a_lost_file_are_said(db, bank, client):
    own = await books(bank)
    await make.sign_in(client, (await make.staff(own.tenant, "finance")).person_id)
    root = f"/t/{own.tenant.slug}/reconciliation"
    account = {"account": str(own.account.id)}
    for path, files, *expected in (
        (
            "upload",
            {"file": ("x.csv", b"", "")},
            "Choose a file that is not empty and not too large.",
            "请选择非空且不过大的文件。",
        ),
        ("statements", None, "Upload the file again.", "请重新上传文件。"),
    ):
        for language, sentence in zip(LANGUAGES, expected, strict=True):
            answer = await client.post(
                f"{root}/{path}", data=account, files=files, headers={"Accept-Language": language}
            )
            assert (answer.status_code, sentence in plain(answer.text)) == (422, True), (path, language)


async def test_each_wrong_row_of_a_table_is_named_with_its_reason(db, bank, client):
    tenant = await make.tenant(bank)
    account = await make.account(tenant)
    await make.sign_in(client, (await make.staff(tenant, "administrator")).person_id)
    importing.register()
    for kind, (header, cases) in papers.TABLES.items():
        rows = [row.format(account=account.number) for row, *_ in cases]
        found = await Desk(client, tenant, kind).check("\n".join([header, *rows]).encode(), "t.csv")
        assert (found.counts["good"], found.counts["refused"]) == (0, len(rows)), kind
        for place, language in enumerate(LANGUAGES, start=1):
            shown = await client.get(
                f"/t/{tenant.slug}/imports/{found.id}", headers={"Accept-Language": language}
            )
            page = plain(shown.text)
            unsaid = [case[0] for case in cases if case[place] not in page]
            assert unsaid == [], (kind, language, page[:3000])
