"""Answers and sources as HTML: what documents say is text there, whatever it looks like."""

import re
from dataclasses import replace
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Segment
from assistant.web.markup import answer_html, clean, source_html
from corpus.cut import cut
from corpus.document import Block, Document, Draft, Passage

EVIL = "<script>alert(1)</script> <img src=x onerror=alert(2)> **bold** [1] [link](https://evil.example) `code` & \"quotes\" 'q'"
TAG = re.compile(r"<(/?[a-z0-9]+)([^>]*)>")


def made(text: str) -> tuple[Document, Passage]:
    document = Document.compose("notes/evil.md", Draft((Block("heading", EVIL, 1), Block("prose", text)), "markdown", title=EVIL))
    return document, cut(document, lambda said: len(said.split()), 10_000)[0]


def answer_of(text: str, kind: str = "quote", **changed: object) -> Answer:
    document, passage = made(text)
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    segments = (Segment(kind, citation.quote, 1),)  # type: ignore[arg-type]
    given = {"segments": segments, "citations": (citation,), "confidence": 0.9, **changed}
    return Answer("q", "q", "answered", **given)  # type: ignore[arg-type]


def tags(html: str) -> set[str]:
    return {name.strip("/") for name, _ in TAG.findall(html)}


def test_what_a_document_says_is_text() -> None:
    html = answer_html(answer_of(EVIL), "1")
    assert tags(html) == {"p", "a"}
    assert EVIL in unescape(re.sub(r"<[^>]*>", "", html))
    assert re.findall(r'href="([^"]*)"', html) == ["#cite-1-1"]


def test_an_answer_is_one_html_block_in_which_no_markdown_is_read() -> None:
    html = answer_html(answer_of("one\n\n# two\n\n- **three**"), "1")
    assert "\n" not in html
    assert html.startswith("<p>")


@given(st.text(max_size=80).filter(str.strip))
def test_no_text_makes_another_tag_or_link(text: str) -> None:
    document, passage = made(f"x{text}x".replace("\r", " "))
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    for html in (answer_html(answer_of(f"x{text}x"), "1"), source_html(citation, document, passage)):
        assert tags(html) <= {"p", "a", "section", "h3", "blockquote", "br", "mark", "dl", "dt", "dd"}
        assert all(link == "#cite-1-1" for link in re.findall(r'href="([^"]*)"', html))


def test_a_table_has_its_header_row_and_a_marker_in_every_row() -> None:
    document, passage = made("KPO | <b>knowledge</b>")
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    segments = (Segment("own", "Term | <i>Meaning</i>"), Segment("row", citation.quote, 1))
    html = answer_html(Answer("q", "q", "answered", segments, (citation,), confidence=0.9), "7")
    assert "<th>Term</th><th>&lt;i&gt;Meaning&lt;/i&gt;</th>" in html
    assert "<td>KPO</td><td>&lt;b&gt;knowledge&lt;/b&gt; <a " in html
    assert 'href="#cite-7-1"' in html


def test_a_list_keeps_its_numbers() -> None:
    answer = answer_of("Research.")
    numbered = replace(answer, segments=(Segment("item", "Research.", 1, "3."),))
    assert '<ol><li value="3">Research.' in answer_html(numbered, "1")
    assert "<ul><li>Research." in answer_html(replace(answer, segments=(Segment("item", "Research.", 1, "-"),)), "1")


def test_a_refusal_says_what_was_searched_and_offers_topics_as_text() -> None:
    refusal = Answer(
        "q", "<b>s</b>", "refused", (Segment("own", "Nothing."),), nearest=(EVIL,), searched=("<i>",), corrections=(("<u>", "x"),)
    )
    html = answer_html(refusal, "1")
    assert tags(html) == {"p", "ul", "li"}
    assert "Searched for: &lt;i&gt;." in html
    assert EVIL in unescape(html)
    assert "read “&lt;u&gt;” as “x”; searched for “&lt;b&gt;s&lt;/b&gt;”" in html


def test_the_panel_marks_the_quote_within_its_surroundings() -> None:
    document, passage = made("One is first. Two is <b>second</b>. Three is third.")
    start = document.text.index("Two")
    citation = Citation.of(1, document, passage, start, start + len("Two is <b>second</b>."), 1.0)
    html = source_html(citation, document, passage)
    assert "One is first. <mark>Two is &lt;b&gt;second&lt;/b&gt;.</mark> Three is third." in html


def test_a_source_that_changed_or_went_shows_the_quote_as_it_stood_and_marks_nothing() -> None:
    document, passage = made("One is first.")
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    changed, other = made("One was first, once.")
    for found in ((None, None), (changed, other), (changed, None)):
        html = source_html(citation, *found)
        assert "has changed or been removed" in html
        assert "<blockquote>One is first.</blockquote>" in html
        assert "<mark>" not in html


def test_only_links_within_the_page_survive() -> None:
    links = '<a href="https://evil.example">a</a><a href="#cite-1-1" onclick="x()">b</a><a href="//e">c</a>'
    html = clean(links + '<img src="x"><iframe></iframe>')
    assert html == '<a>a</a><a href="#cite-1-1">b</a><a>c</a>'
