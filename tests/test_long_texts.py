"""Texts that repeat themselves are read, cut and checked in a time that goes with their length."""

import resource
from collections.abc import Callable
from multiprocessing import get_context

import pytest

from assistant.check import parsed
from corpus.cut import cut
from corpus.document import Block, Contents, Document
from corpus.readers import pdf, read
from corpus.terms import Term, harvest, split_name

LIMIT = 2  # seconds of work, not of waiting for a busy machine; each takes a fraction of that


def read_text(text: str) -> Contents:
    return read(text.encode(), "x.txt")


def join_lines(text: str) -> list[tuple[str, int]]:
    return pdf._joined([text.split("\n")])


def file_under(heading: str) -> list[Term]:
    blocks = (Block("heading", heading, 1), Block("prose", "KPO is the outsourcing of knowledge work."))
    document = Document.compose("s/x.md", Contents(blocks, "markdown", title="Work"))
    return harvest(document, cut(document, len, 256))


@pytest.mark.parametrize(
    ("take", "text"),
    [
        pytest.param(parsed, "KPO is the outsourcing of knowledge work. " + "[1] " * 600, id="markers after a sentence"),
        pytest.param(parsed, "KPO is work (see " + "[1] " * 600 + "and more.", id="markers in a bracket that stays open"),
        pytest.param(parsed, "As passages " + "[1] " * 600 + "say", id="markers that lead in"),
        pytest.param(read_text, "<!-- reviewed -->\n" * 200 + "KPO is work.", id="comments before a text"),
        pytest.param(read_text, "KPO is work.\n\nIt is paid.\n\n" * 6_000, id="paragraphs without a heading"),
        pytest.param(read_text, "Paid.\n\n" * 10_000 + "Work\n\n" * 10_000 + "Done.", id="headings after paragraphs"),
        pytest.param(join_lines, "the outsour\x00\ncing of work that is paid by the hour\n" * 20_000, id="words cut at the ends of lines"),
        pytest.param(file_under, "KPO " + "(" * 60_000, id="a heading of brackets"),
        pytest.param(split_name, "KPO " + "(" * 60_000, id="a name of brackets"),
        pytest.param(split_name, "word " * 30_000 + "(it)", id="a name of many words"),
    ],
)
def test_no_text_of_repeats_takes_longer_than_two_seconds(take: Callable[[str], object], text: str) -> None:
    def work() -> None:  # the system ends it, even in the middle of a regular expression
        resource.setrlimit(resource.RLIMIT_CPU, (LIMIT, resource.RLIM_INFINITY))
        take(text)

    taking = get_context("fork").Process(target=work)
    taking.start()
    taking.join()
    assert taking.exitcode == 0
