import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import uscc

BODIES = st.text(alphabet=uscc.ALPHABET, min_size=17, max_size=17)


def test_the_published_example_is_valid_and_its_common_wrong_form_is_not():
    assert uscc.reason_against("91350100M000100Y43") is None
    assert "mistyped or two are swapped" in str(uscc.reason_against("91350100M000100Y4Z".replace("Z", "5")))
    assert "letter Z" in str(uscc.reason_against("91350100M000100Y4Z"))


def test_every_place_uses_the_published_weight():
    published = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    for place, weight in enumerate(published):
        code = uscc.make("0" * place + "1" + "0" * (16 - place))
        assert uscc.ALPHABET.index(code[-1]) == 31 - weight


@given(BODIES)
def test_every_changed_character_and_every_swap_of_neighbours_is_refused(body):
    code = uscc.make(body)
    assert uscc.reason_against(code) is None
    for place, right in enumerate(code):
        for wrong in uscc.ALPHABET.replace(right, ""):
            assert uscc.reason_against(code[:place] + wrong + code[place + 1 :]) is not None
        if place and code[place - 1] != right:
            swapped = code[: place - 1] + right + code[place - 1] + code[place + 1 :]
            assert uscc.reason_against(swapped) is not None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("", "this has 0"),
        ("91350100M000100Y4", "this has 17"),
        ("91350100M000100Y430", "this has 19"),
        ("9135O100M000100Y43", "Character 5 is the letter O"),
        ("91350100M000100Y4?", "Character 18, \u201c?\u201d"),
        ("91350100m000100Y43", "Character 9"),
    ],
)
def test_the_reason_names_what_is_wrong(code, words):
    assert words in str(uscc.reason_against(code))


def test_typing_habits_are_forgiven_before_the_check():
    assert uscc.normalise(" 91350100 m000100\uff39\uff14\uff13\u3000") == "91350100M000100Y43"


@pytest.mark.parametrize("body", ["", "1" * 18, "I" * 17])
def test_a_seed_cannot_be_made_from_a_wrong_body(body):
    with pytest.raises(ValueError, match="not 17 characters"):
        uscc.make(body)
