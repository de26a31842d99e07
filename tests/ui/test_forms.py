import io
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.datastructures import Headers, UploadFile

from ui.errors import Invalid
from ui.fields import Amount, Day, FieldError, MinorAmount, Month, Upload
from ui.forms import Form, bind_values
from ui.i18n import N_, t, use_locale

SGD = {"currency": "SGD"}


class Line(BaseModel):
    name: str = Field(title=N_("Name"))
    amount_minor: Amount
    is_open: bool = False


class Place(BaseModel):
    city: str
    code: str | None = None


class Bill(BaseModel):
    title: str = Field(title=N_("Name"), min_length=2)
    note: str | None = None
    is_paid: bool = True
    tags: list[str] = []
    place: Place | None = None
    lines: list[Line] = []


def test_what_was_typed_becomes_a_model() -> None:
    form = bind_values(
        {"title": [" B\x00ill "], "note": [""], "is_paid": ["1"], "tags": ["a", "", "b"]}, Bill
    )
    assert form.is_valid
    assert form.ok == Bill(title="Bill", note=None, is_paid=True, tags=["a", "b"])


def test_an_absent_box_is_false_even_where_the_model_says_true() -> None:
    assert bind_values({"title": ["Bill"]}, Bill).ok.is_paid is False


def test_rows_and_parts_are_nested() -> None:
    values = {
        "title": ["Bill"], "place-city": ["Town"], "lines-0-name": ["A"], "lines-0-amount_minor": ["1.50"],
        "lines-2-name": ["C"], "lines-2-amount_minor": ["2"], "lines-2-is_open": ["on"],
        "lines-1-name": [""], "lines-1-amount_minor": [" "],
    }  # fmt: skip
    bill = bind_values(values, Bill, context=SGD).ok
    assert bill.place == Place(city="Town")
    assert [(line.name, line.amount_minor, line.is_open) for line in bill.lines] == [
        ("A", 150, False),
        ("C", 200, True),
    ]


def test_an_error_in_a_row_is_named_as_it_was_sent_though_blank_rows_are_left_out() -> None:
    values = {
        "title": ["Bill"],
        "lines-0-name": [""],
        "lines-3-name": ["C"],
        "lines-3-amount_minor": ["1.234"],
    }
    form = bind_values(values, Bill, context=SGD)
    assert list(form.errors) == ["lines-3-amount_minor"]
    assert form.rows("lines", spare=1) == ["lines-0", "lines-1", "lines-2", "lines-3", "lines-4"]


def test_nothing_typed_is_lost_when_something_is_wrong() -> None:
    form = bind_values({"title": ["x"], "note": ["  keep me "], "tags": ["a"]}, Bill)
    assert not form.is_valid
    assert (form.value("title"), form.value("note"), form.chosen("tags")) == ("x", "  keep me ", ["a"])
    with pytest.raises(Invalid) as refused:
        form.ok  # noqa: B018
    assert refused.value.fields.keys() == {"title"}


def test_errors_are_plain_words_in_both_languages() -> None:
    form = bind_values({"title": ["x"]}, Bill)
    assert str(form.errors["title"]) == "Use at least 2 characters."
    with use_locale("zh_CN"):
        assert str(form.errors["title"]) == "至少填写 2 个字符。"
        assert form.label("title") == "名称"
    assert str(bind_values({}, Bill).errors["title"]) == "Fill this in."


class Kinds(BaseModel):
    whole: int = 0
    part: Decimal = Field(Decimal(0), max_digits=6, decimal_places=2, gt=Decimal(-1), le=Decimal(50))
    day: Day | None = None
    month: Month | None = None
    kind: Literal["a", "b"] = "a"


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("whole", "1.5", "Enter a whole number."),
        ("whole", "x", "Enter a whole number."),
        ("part", "x", "Enter a number."),
        ("part", "1.234", "Use at most 2 decimals."),
        ("part", "-2", "Enter a number above -1."),
        ("part", "51", "Enter 50 or less."),
        ("part", "NaN", "Enter a number."),
        ("day", "2026-02-30", "Enter a day like 2026-03-31."),
        ("day", "31.3.2026", "Enter a day like 2026-03-31."),
        ("month", "2026-13", "Enter a month like 2026-03."),
        ("kind", "c", "Choose one of the options."),
    ],
)
def test_each_kind_of_mistake_has_its_sentence(name: str, typed: str, words: str) -> None:
    form = bind_values({name: [typed]}, Kinds)
    assert {key: str(text) for key, text in form.errors.items()} == {name: words}


@pytest.mark.parametrize("typed", ["2026-03-05", "2026/3/5", "2026年3月5日", "２０２６-０３-０５"])
def test_days_are_read_as_people_write_them(typed: str) -> None:
    assert bind_values({"day": [typed]}, Kinds).ok.day == date(2026, 3, 5)


def test_months_are_their_first_day() -> None:
    assert bind_values({"month": ["2026-03"]}, Kinds).ok.month == date(2026, 3, 1)


class Money(BaseModel):
    currency: Literal["SGD", "JPY"] = "SGD"
    price_minor: Annotated[int, MinorAmount(currency_field="currency")]
    change_minor: Annotated[int, MinorAmount("KWD", allow_zero=True, allow_negative=True)] = 0
    capped_minor: Annotated[int, MinorAmount("SGD", most_minor=1000)] = 1


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"price_minor": ["12.34"]}, {}),
        ({"price_minor": ["12.34"], "currency": ["JPY"]}, {"price_minor": "JPY amounts have no decimals."}),
        ({"price_minor": ["0"]}, {"price_minor": "The amount must be more than zero."}),
        ({"price_minor": ["-1"]}, {"price_minor": "The amount cannot be negative."}),
        ({"price_minor": ["1"], "change_minor": ["-0.001"]}, {}),
        ({"price_minor": ["1"], "change_minor": ["0"]}, {}),
        (
            {"price_minor": ["1"], "capped_minor": ["10.01"]},
            {"capped_minor": "The amount can be at most SGD\u00a010.00."},
        ),
    ],
)
def test_amounts_obey_their_currency_and_sign(values: dict[str, list[str]], errors: dict[str, str]) -> None:
    form = bind_values(values, Money)
    assert {name: str(text) for name, text in form.errors.items()} == errors


def test_an_amount_without_a_currency_asks_for_one() -> None:
    form = bind_values({"title": ["Bill"], "lines-0-name": ["A"], "lines-0-amount_minor": ["1"]}, Bill)
    assert str(form.errors["lines-0-amount_minor"]) == "Choose the currency first."


def test_amounts_from_programs_are_minor_units_already() -> None:
    assert Money(price_minor=5).price_minor == 5
    with pytest.raises(ValueError, match="Enter an amount"):
        Money.model_validate({"price_minor": 1.5})


class Period(BaseModel):
    start: Day
    end: Day

    @model_validator(mode="after")
    def ends_later(self) -> "Period":
        if self.end < self.start:
            raise FieldError(t("The amount cannot be negative."))
        return self


def test_an_error_of_the_whole_form_and_of_a_service() -> None:
    form = bind_values({"start": ["2026-02-01"], "end": ["2026-01-01"]}, Period)
    assert list(form.errors) == [""]
    form = bind_values({"start": ["2026-01-01"], "end": ["2026-01-02"]}, Period)
    form.fail_with(Invalid("x", t("Whole"), fields={"end": t("Too late")}))
    form.fail("end", t("second"))
    assert not form.is_valid
    assert str(form.errors["end"]) == "Too late"
    form.fail_with(Invalid("x", t("Whole")))
    assert str(form.errors[""]) == "Whole"


class Papers(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    paper: Annotated[UploadFile, Upload(most_bytes=10, endings=(".pdf",))]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pdf", b"1234", ""),
        ("A.PDF", b"1234", ""),
        ("a.pdf", b"", "The file is empty."),
        ("a.pdf", b"x" * 11, "The file is larger than 10 B."),
        ("a.exe", b"x", "Choose a file of one of these kinds: .pdf."),
        ("", b"", "Fill this in."),
    ],
)
def test_files_are_checked_for_size_and_kind(name: str, content: bytes, words: str) -> None:
    file = UploadFile(io.BytesIO(content), size=len(content), filename=name, headers=Headers())
    form = bind_values({"paper": [file]}, Papers)
    assert str(form.errors.get("paper", "")) == words
    assert form.value("paper") == ""


def test_a_blank_form_shows_what_it_was_given() -> None:
    form = Form.blank(Bill, Bill(title="Bill", tags=["a"], place=Place(city="Town"), lines=[]))
    assert (form.value("title"), form.value("place-city"), form.is_ticked("is_paid")) == (
        "Bill",
        "Town",
        True,
    )
    assert form.chosen("tags") == ["a"]
    assert form.rows("lines") == ["lines-0"]
    assert form.is_required("title")
    assert not form.is_required("note")
    assert not form.is_valid


names = st.text("abclinestx-0123456789", min_size=1, max_size=20) | st.sampled_from(
    ["lines-0-name", "lines-99999999-name", "lines-x", "place-city-x", "title", "title-0", "lines", "place"]
)


@given(st.dictionaries(names, st.lists(st.text(max_size=5), min_size=1, max_size=3), max_size=8))
def test_no_body_makes_the_binder_fail(values: dict[str, list[str]]) -> None:
    form = bind_values(values, Bill, context=SGD)
    assert form.is_valid is (not form.errors)
    form.rows("lines")
