"""Texts that repeat themselves are read, cut and checked in a time that goes with their length."""

from collections.abc import Callable
from multiprocessing import get_context

import pytest

from assistant.check import parsed
from corpus.document import Draft
from corpus.readers import read

LIMIT = 2.0  # seconds; each takes a fraction of that


def read_text(text: str) -> Draft:
    return read(text.encode(), "x.txt")


@pytest.mark.parametrize(
    ("take", "text"),
    [
        pytest.param(parsed, "KPO is the outsourcing of knowledge work. " + "[1] " * 600, id="markers after a sentence"),
        pytest.param(parsed, "KPO is work (see " + "[1] " * 600 + "and more.", id="markers in a bracket that stays open"),
        pytest.param(parsed, "As passages " + "[1] " * 600 + "say", id="markers that lead in"),
        pytest.param(read_text, "<!-- reviewed -->\n" * 200 + "KPO is work.", id="comments before a text"),
        pytest.param(read_text, "KPO is work.\n\nIt is paid.\n\n" * 10_000, id="paragraphs without a heading"),
        pytest.param(read_text, "Paid.\n\n" * 15_000 + "Work\n\n" * 15_000 + "Done.", id="headings after paragraphs"),
    ],
)
def test_no_text_of_repeats_takes_longer_than_two_seconds(take: Callable[[str], object], text: str) -> None:
    taking = get_context("fork").Process(target=take, args=(text,))  # a process can be ended in the middle of a regular expression
    taking.start()
    taking.join(LIMIT)
    in_time = not taking.is_alive()
    taking.kill()
    taking.join()
    assert in_time and taking.exitcode == 0
