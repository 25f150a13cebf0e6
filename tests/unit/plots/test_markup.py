"""SVG markup: the same for the same picture, at home in a page, readable without eyes."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from topolens.plots import filters, nulls, svg


@pytest.fixture
def text() -> str:
    return svg(nulls(0.7, {"Gaussian <nulls> & more": [0.1, 0.2]}, "bar", interval=[0.6, 0.8]), 'a "title" with <b>')


def test_is_well_formed_and_says_what_it_shows(text: str) -> None:
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == 'a "title" with <b>'
    assert (root.get("width"), root.get("viewBox").split()[2]) == ("461", "345.6")


def test_is_the_same_each_time() -> None:
    one, two = (svg(nulls(0.7, {"a": [0.1, 0.2]}, "bar"), "t") for _ in range(2))
    assert one == two
    assert "<metadata" not in one
    assert "date" not in one.lower()


def test_letters_are_text_in_the_fonts_of_the_page(text: str) -> None:
    assert ">Gaussian &lt;nulls&gt; &amp; more (2)</text>" in text
    assert "DejaVu" not in text
    assert "var(--sans, sans-serif)" in text


def test_colours_are_roles_a_page_can_set(text: str) -> None:
    assert "var(--accent, #0b6fa8)" in text
    assert not re.search(r": #(?!69727d|2f86bd)[0-9a-f]{6}", re.sub(r"var\([^)]*\)", "", text))


def test_ids_of_two_pictures_never_meet() -> None:
    rng = np.random.default_rng(0)
    pictures = [svg(filters(rng.standard_normal((4, 3, 3))), title) for title in ("a", "b")]
    ids = [set(re.findall(r' id="([^"]*)"', picture)) for picture in pictures]
    assert not ids[0] & ids[1]
    for picture, own in zip(pictures, ids, strict=True):
        assert set(re.findall(r'(?:url\(|href=")#([^")]+)', picture)) <= own


def test_numbers_in_words_are_left_as_they_are() -> None:
    text = svg(nulls(0.7, {"1.23456": [0.1], r"$\nope$": [0.2]}, "bar"), "t")
    assert ">1.23456 (1)</text>" in text
    assert r">$\nope$ (1)</text>" in text


def test_small_filters_stay_sharp_pixels() -> None:
    text = svg(filters(np.eye(3)[None]), "one filter")
    assert re.search(r'<image[^>]*width="3" height="3"', text)
    assert "image-rendering:pixelated" in text
