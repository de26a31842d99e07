import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import codes


def test_tokens_are_url_safe_long_and_never_repeat():
    tokens = {codes.new_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{27}", token) for token in tokens)


def test_a_token_is_stored_as_its_sha256():
    assert codes.hash_token("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_code_holds_no_character_that_is_misread():
    printed = "".join(codes.new_code() for _ in range(500))
    assert not set(printed) & set("ILOUV")


def test_what_a_person_types_is_read_as_what_was_printed():
    code = codes.new_code()
    printed = codes.group_code(code)
    assert re.fullmatch(r".{4}-.{4}", printed)
    assert codes.normalise_code(f"  {printed.lower()} ") == code
    assert codes.is_code(printed.replace("-", " "))


def test_letters_that_look_like_digits_are_read_as_digits():
    assert codes.normalise_code("oil-ABC") == "011ABC"


def test_full_width_typing_is_understood():
    assert codes.normalise_code("\uff17\uff2b\uff13\uff0d\uff2d") == "7K3M"


@given(st.integers(4, 30), st.data())
def test_every_single_mistake_and_neighbour_swap_is_seen(n, data):
    code = codes.new_code(n)
    place = data.draw(st.integers(0, n - 1))
    for char in codes.ALPHABET.replace(code[place], ""):
        assert not codes.is_code(code[:place] + char + code[place + 1 :], n)
    if place and code[place] != code[place - 1]:
        swapped = code[: place - 1] + code[place] + code[place - 1] + code[place + 1 :]
        assert not codes.is_code(swapped, n)


@pytest.mark.parametrize("typed", ["", "7K3M", "7K3M-9QX!", "7K3M-9QXR-2"])
def test_what_cannot_be_a_code_is_refused(typed):
    assert not codes.is_code(typed)


@pytest.mark.parametrize("n", [3, 31])
def test_lengths_the_check_cannot_guard_are_refused(n):
    with pytest.raises(ValueError, match="4 to 30"):
        codes.new_code(n)


def test_digits_keep_their_leading_zeros(monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda _: 42)
    assert codes.new_digits() == "000042"


def test_comparison_takes_text_and_bytes():
    assert codes.same("a\u4e2d", "a\u4e2d".encode())
    assert not codes.same("abc", "abd")
