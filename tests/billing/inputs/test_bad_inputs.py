"""Every bad input of a money form has its own sentence, at its field, in both languages; nothing typed is lost.

Each form is sent as it would be taken, but for one field.
"""

import re
from typing import Any

from tests import make
from tests.billing.inputs.cases import CASES, Cases
from tests.billing.inputs.forms import Form, forms, town
from tests.billing.inputs.rare import RARE, more, rare_forms
from tests.page import inspect

_SAID = re.compile(r'id="([^"]*)-error"><svg.*?<span class="sr">[^<]*</span> (.*?)</span></p>', re.DOTALL)
_WHOLE = re.compile(r'<div class="errors".*?</div>', re.DOTALL)
_BILL = re.compile(r"B\d{6}")
CHOSEN = re.compile(r"[a-z]{3,}|[0-9-]{36}")
"""What no person types: a tampered choice, which no radio or list can show again."""


def said_at(page: str, name: str) -> str:
    """The sentence at a field; of a whole form where it is about none."""
    at_fields = dict(_SAID.findall(page))
    whole = _WHOLE.search(page)
    named = (text for key, text in at_fields.items() if key == name or key.startswith(f"{name}-"))
    found = next(named, "") or re.sub(r"<[^>]+>", " ", whole[0] if whole else "")
    return _BILL.sub("B000002", re.sub(r"\s+", " ", found).strip())


async def test_each_bad_input_is_answered_at_its_field_and_nothing_typed_is_lost(db, bank, client, outside):
    at: Any = await town(bank)
    await look(client, at, forms(at), CASES)


async def test_what_is_rarely_typed_is_answered_as_well(db, bank, client, outside):
    at: Any = await more(await town(bank), bank)
    await look(client, at, rare_forms(at), RARE)


async def look(client: Any, at: Any, of_all: dict[str, Form], every: Cases) -> None:
    """Type each bad input into its form, in both languages."""
    assert every.keys() == of_all.keys(), "each form has its bad inputs"
    for name, form in of_all.items():
        await make.sign_in(client, at.person.id if form.role == "payer" else at.staff[form.role].person_id)
        for field, cases in every[name].items():
            real = f"amount-{at.owed.id}" if field == "AMOUNT" else field
            for bad, *sentences in cases:
                for language, sentence in zip(("en", "zh-CN"), sentences, strict=True):
                    await check(client, form, (real, bad), (language, sentence))


async def check(client: Any, form: Form, typed: tuple[str, str], said: tuple[str, str]) -> None:
    """Send the form with one field typed otherwise, and look at what comes back."""
    (field, bad), (language, sentence) = typed, said
    sent, where = {**form.body, field: bad}, (form.path, field, bad[:20], language)
    answer = await client.post(form.path, data=sent, headers={"Accept-Language": language})
    assert answer.status_code == 422, where
    assert sentence in said_at(answer.text, field), (where, said_at(answer.text, field))
    lost = [
        key
        for key, value in sent.items()
        if key not in {"key", "seen", "q"}
        and value not in answer.text
        and not (key == field and CHOSEN.fullmatch(value))
    ]
    assert lost == [], where
    if language == "en":
        inspect(answer.text)
