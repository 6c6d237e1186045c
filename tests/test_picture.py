"""The picture of a PDF's page: the quotation's words are marked where all of them stand, once; else nothing is."""

import io

import pytest
from PIL import Image

from corpus.errors import CorpusError
from corpus.picture import find, lines, picture
from samples import pdf

PAGES = [["The first page speaks of desks.", "A desk is a team of four ana-", "lysts who review contracts."], ["The second page repeats. It repeats."]]


def yellow(png: bytes) -> int:
    """How many pixels have the colour of the marker."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    return sum(n for n, (r, g, b) in image.getcolors(2**24) or [] if r > 200 and g > 180 and b < 190 and r - b > 50)


def test_the_words_are_marked_across_lines_and_hyphens() -> None:
    drawn = picture(pdf(PAGES), 1, "A desk is a team of four analysts who review contracts.")
    assert (drawn.page, drawn.marked) == (1, True)
    assert yellow(drawn.png) > 1_000
    assert Image.open(io.BytesIO(drawn.png)).width == 1_000


def test_a_quotation_on_the_next_page_is_found_there() -> None:
    drawn = picture(pdf(PAGES), 1, "The second page repeats.")
    assert (drawn.page, drawn.marked) == (2, True)


@pytest.mark.parametrize("quote", ["", "A desk is a team of five analysts.", "repeats", "—"])
def test_nothing_is_marked_rather_than_the_wrong_words(quote: str) -> None:
    drawn = picture(pdf(PAGES), 1, quote)
    assert (drawn.page, drawn.marked) == (1, False)
    assert yellow(drawn.png) == 0


@pytest.mark.parametrize(("data", "page"), [(b"%PDF-1.4 nonsense", 1), (b"", 1), (pdf(PAGES), 3), (pdf(PAGES, password="x"), 1)])
def test_a_page_that_cannot_be_drawn_is_an_error_with_a_remedy(data: bytes, page: int) -> None:
    with pytest.raises(CorpusError, match="cannot be drawn"):
        picture(data, page)


def test_letters_alone_are_compared() -> None:
    assert find("On- going ﬁrst  “Steps”", "ongoing first steps") == (0, 21)
    assert find("one two one", "one") is None
    assert find("one", "  ") is None


def test_boxes_of_one_line_become_one() -> None:
    assert lines([(0, 0, 5, 10), (5, 1, 9, 10), (0, -20, 5, -10)]) == [(0, 0, 9, 10), (0, -20, 5, -10)]
    assert lines([]) == []
