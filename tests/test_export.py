"""Exports: each format has the question, the answer, how sure it is, and a list of sources; what documents say stays text."""

import io
import re
from dataclasses import replace

import docx
import pypdfium2 as pdfium
import pytest
from markdown_it import MarkdownIt

from assistant.answer import Answer, Segment
from assistant.chats import Turn
from assistant.export import CHANGED, Format, export, file_name, parts
from test_chats import answered, refused

EVIL = "A desk is <script>alert(1)</script> **bold** [link](https://evil/x) ![i](https://evil/y) `code` # no | table & 1) more."


def turn(answer: Answer | None, question: str = "What is a desk?") -> Turn:
    return Turn(4, 2, "2026-11-21T10:00:00+00:00", question, answer, ("Folder notes",))


def text_of(form: Format, data: bytes) -> str:
    """What a reader of the file sees, on one line."""
    if form == "md":
        said = re.sub(r"\\(.)", r"\1", data.decode())
    elif form == "docx":
        said = "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(data)).paragraphs)
    else:
        book = pdfium.PdfDocument(data)
        said = "\n".join(page.get_textpage().get_text_range() for page in book)
    return " ".join(said.split())


FORMATS: list[Format] = ["md", "docx", "pdf"]


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_holds_the_answer_and_its_sources(form: Format) -> None:
    said = text_of(form, export(form, "My chat", [turn(answered()), turn(refused("Who runs it?"), "Who runs it?")]))
    for expected in (
        "My chat", "What is a desk?", "Asked on 2026-11-21, only in: Folder notes", "In short: A desk is a team. [1]", "Confident: 1 quotation from 1 document",
        "Sources", "[1]", "Desks, 2026-01-02. File: notes/desk.md", "“A desk is a team.”", "A note.", "Who runs it?", "I could not find it.",
    ):
        assert expected in said, expected
    assert CHANGED not in said and "Searched for" not in said
    understood = replace(answered("and its size?"), standalone="How large is a desk?")
    assert "Searched for: How large is a desk?" in text_of(form, export(form, "My chat", [turn(understood)]))


@pytest.mark.parametrize("form", FORMATS)
def test_a_source_that_changed_since_says_so_and_a_damaged_answer_too(form: Format) -> None:
    digest = answered().citations[0].digest
    said = text_of(form, export(form, "My chat", [turn(answered()), turn(None)], {digest}))
    assert CHANGED in said
    assert "damaged" in said


@pytest.mark.parametrize("form", FORMATS)
def test_what_documents_and_people_say_stays_text(form: Format) -> None:
    said = text_of(form, export(form, EVIL, [turn(answered(EVIL, EVIL), EVIL)]))
    assert said.count(EVIL) >= 3


def test_markdown_reads_no_markup_into_what_is_quoted() -> None:
    lines = ["- not a list", "+ nor this", "12) nor this", "# no heading", "> no quote", "~~~", "| a | b |", "<b>no</b>", "\\`no\\`", "http://x.example <https://y.example>"]
    for line in lines:
        answer = answered(line, f"{line} is a desk. It is one.")
        answer = replace(answer, segments=answer.segments[1:])  # the line begins a paragraph
        html = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(
            export("md", line, [turn(answer, line)]).decode()
        )
        body = html.split("</h2>")[1].split("<h3>")[0]
        assert not re.search(r"<(?!/?(p|em)>)[a-z]", body), (line, body)


def test_markdown_keeps_entities_and_formulas_as_they_are_written() -> None:
    assert b"## \\&lt; costs \\$5\\$\n" in export("md", "t", [turn(answered(), "&lt; costs $5$")])


def test_a_line_break_begins_no_line_of_its_own() -> None:
    assert b"\n## What? \\# no heading\n" in export("md", "t", [turn(answered(), "What?\n# no heading")])


def test_a_refusal_is_not_called_sure() -> None:
    assert [part.kind for part in parts("t", [turn(refused("Who runs it?"))])] == ["title", "question", "note", "text"]


def test_items_and_rows_stand_on_lines_of_their_own() -> None:
    base = answered()
    citation = base.citations[0]
    steps = Answer("q", "q", "answered", (Segment("item", "A desk", 1, "1."), Segment("item", "is a team", 1, "2.")), base.citations)
    assert [(part.label, part.text) for part in parts("t", [turn(steps)]) if part.kind == "item"] == [("1.", "A desk [1]"), ("2.", "is a team [1]")]
    assert b"1. A desk \\[1\\]\n2. is a team \\[1\\]\n" in export("md", "t", [turn(steps)])
    said = (Segment("own", "The steps:"), Segment("item", "A desk", 1, "<b>"), Segment("own", "That is all."))
    assert [(part.kind, part.label, part.text) for part in parts("t", [turn(replace(base, segments=said))]) if part.kind in ("text", "item")] == [
        ("text", "", "The steps:"), ("item", "-", "A desk [1]"), ("text", "", "That is all."),
    ]
    assert b"The steps:\n\n- A desk \\[1\\]\n\nThat is all." in export("md", "t", [turn(replace(base, segments=said))])
    rows = Answer("q", "q", "answered", (Segment("row", citation.quote, 1),), base.citations)
    assert b"- A desk is a team. \\[1\\]" in export("md", "t", [turn(rows)])


def test_a_pdf_says_what_its_font_lacks_as_well_as_it_can() -> None:
    said = text_of("pdf", export("pdf", "Zürich pays £5 – or 日本語", [turn(answered())]))
    assert "Zürich pays £5 – or ???" in said


def test_the_same_answer_gives_the_same_pdf() -> None:
    assert export("pdf", "t", [turn(answered())]) == export("pdf", "t", [turn(answered())])


@pytest.mark.parametrize(("title", "name"), [
    ("What is KPO?", "what-is-kpo.md"),
    ("../../etc/passwd\r\nX: y", "etc-passwd-x-y.md"), ("日本語", "answer.md"), ("", "answer.md"), ("é" * 300, "e" * 60 + ".md"),
])
def test_a_file_name_is_plain(title: str, name: str) -> None:
    assert file_name(title, "md") == name
