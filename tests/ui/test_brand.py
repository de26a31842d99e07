import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.brand import AA, DEFAULT, _parse, brand_accent, contrast, stylesheet

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"{value:06x}")


def ratio(one: str, other: str) -> float:
    return contrast(_parse(one[1:]), _parse(other[1:]))


@given(colours)
def test_any_brand_stays_readable(colour: str) -> None:
    a = brand_accent(colour)
    assert ratio(a.on, a.fill) >= AA
    assert ratio(a.on, a.hover) >= AA
    assert ratio(a.ink, "#ffffff") >= AA
    assert ratio(a.ink, a.soft) >= AA * 0.98  # the soft ground is mixed from the ink and rounded
    assert ratio(a.dark_on, a.dark_fill) >= AA
    assert ratio(a.dark_on, a.dark_hover) >= AA
    assert ratio(a.dark_ink, a.dark_soft) >= AA * 0.98


@pytest.mark.parametrize("colour", ["", "red", "12345", "#12345g", "}body{"])
def test_what_is_no_colour_is_the_house_blue(colour: str) -> None:
    assert brand_accent(colour) == brand_accent(DEFAULT)
    assert stylesheet(colour) == stylesheet(DEFAULT)


def test_a_good_colour_is_kept_as_it_is() -> None:
    assert brand_accent("#C8102E").fill == "#c8102e"


def test_contrast_is_that_of_the_guidelines() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)
