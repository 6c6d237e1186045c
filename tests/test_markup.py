"""Answers as HTML: what documents say is text there, whatever it looks like."""

import re
from dataclasses import replace
from datetime import date
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from assistant.answer import Answer, Citation, Segment
from assistant.ask import disputed, narrowed
from assistant.chats import Topic, Turn
from assistant.web.markup import busy_html, button, clean, failed_html, news, turn_html
from corpus.cut import cut
from corpus.document import Block, Contents, Document, Passage

EVIL = "<script>alert(1)</script> <img src=x onerror=alert(2)> **bold** [1] [link](https://evil.example) `code` & \"quotes\" 'q'"
TAG = re.compile(r"<(/?[a-z0-9]+)([^>]*)>")
OURS = {"article", "h2", "div", "p", "button", "span", "a", "details", "summary"}


def made(text: str) -> tuple[Document, Passage]:
    document = Document.compose("notes/evil.md", Contents((Block("heading", EVIL, 1), Block("prose", text)), "markdown", title=EVIL, date="2020-01-01"))
    return document, cut(document, lambda said: len(said.split()), 10_000)[0]


def answer_of(text: str, kind: str = "quote", **changed: object) -> Answer:
    document, passage = made(text)
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    segments = (Segment(kind, citation.quote, 1),)  # type: ignore[arg-type]
    given = {"segments": segments, "citations": (citation,), "confidence": 0.9, **changed}
    return Answer("q", "q", "answered", **given)  # type: ignore[arg-type]


def shown(answer: Answer | None, **turn: object) -> str:
    """The HTML of this answer, its documents unchanged."""
    digests = {citation.document: citation.digest for citation in answer.citations} if answer else {}
    given = {"narrowed": (), "topics": (), **turn}
    return turn_html(Turn(7, 2, "2026-11-21", "q", answer, **given), digests)  # type: ignore[arg-type]


def tags(html: str) -> set[str]:
    return {name.strip("/") for name, _ in TAG.findall(html)}


def visible(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def test_what_a_document_says_is_text() -> None:
    html = shown(answer_of(EVIL))
    assert tags(html) == OURS
    assert EVIL in visible(html)
    assert all(href.startswith("/export?turn=7&amp;form=") for href in re.findall(r'href="([^"]*)"', html))


def test_what_a_person_says_is_text() -> None:
    for html in (busy_html(EVIL, [EVIL]), failed_html(EVIL, EVIL), button("ask", EVIL, EVIL, label=EVIL)):
        assert tags(clean(html)) <= {"article", "h2", "ol", "li", "div", "p", "button"}
        assert EVIL in visible(clean(html))


@given(st.text(alphabet=st.sampled_from("<>&\"'`[](){}#*_\\/ !|~:-ab\u202e\n"), min_size=1, max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    if not text.strip():
        return
    html = shown(answer_of(text))
    assert tags(html) <= OURS | {"br"}
    assert "\n" not in html


def test_a_marker_is_a_button_that_names_its_source_and_holds_its_quotation() -> None:
    html = shown(answer_of("Words."))
    marker = re.search(r'<button type="button" class="cite" data-do="cite" data-arg="7-1" aria-label="([^"]*)">\[1\](.*?)</button>', html)
    assert marker
    assert unescape(marker[1]) == f"Source 1: {EVIL}, 2020-01-01"
    assert "“Words.”" in visible(marker[2])


def test_a_citation_of_a_document_that_has_changed_since_says_so() -> None:
    answer = answer_of("Words.")
    kept = Turn(7, 2, "2026-11-21", "q", answer)
    for digests in ({}, {answer.citations[0].document: "another"}):
        html = turn_html(kept, digests)
        assert "[1]: the document has changed or been removed since this was answered." in visible(html)
        assert 'class="cite changed"' in html
    assert "has changed" not in shown(answer)


def test_an_old_document_is_told_by_its_marker() -> None:
    answer = answer_of("Words.")
    digests = {answer.citations[0].document: answer.citations[0].digest}
    html = turn_html(Turn(7, 2, "", "q", answer), digests, old_after=24, today=date(2026, 1, 1))
    assert "[1]: the document is more than 2 years old." in visible(html)
    assert "years old" not in turn_html(Turn(7, 2, "", "q", answer), digests, old_after=None, today=date(2026, 1, 1))


def test_rows_become_a_table_with_the_header_that_was_said_before_them() -> None:
    document, passage = made("Fixed price | An agreed sum")
    citation = Citation.of(1, document, passage, passage.start, passage.end, 1.0)
    segments = (Segment("own", "Model | <b>Meaning</b>"), Segment("row", citation.quote, 1))
    html = shown(Answer("q", "q", "answered", segments, (citation,), confidence=0.5))
    assert '<thead><tr><th scope="col">Model</th><th scope="col">&lt;b&gt;Meaning&lt;/b&gt;</th></tr></thead>' in html
    assert "<td>Fixed price <button" in html  # a phone shows the first column; the last may be off its screen
    assert "</button></td><td>An agreed sum</td>" in html


def test_steps_keep_their_numbers_and_other_items_their_bullets() -> None:
    answer = answer_of("Research. Legal review.", kind="item")
    numbered = replace(answer, segments=(Segment("item", "Research.", 1, "3."),))
    assert '<ol><li value="3">Research.' in shown(numbered)
    assert "<ul><li>Research." in shown(replace(answer, segments=(Segment("item", "Research.", 1, "-"),)))


def test_an_answer_says_how_sure_it_is_and_why_and_what_was_understood() -> None:
    answer = replace(answer_of("Words."), standalone="what are words?", corrections=(("wat", "what"),), searched=("words",), notes=(disputed(1, 2),))
    said = visible(shown(answer, narrowed=("Tag <law>",)))
    for part in (
        "Read “wat” as “what”. Searched for “what are words?”.", "Confident 1 quotation from 1 document", "Searched only in Tag <law>.", "The words “words”",
        "[1] and [2] disagree: compare what they say.",
    ):
        assert part in said, part
    assert 'class="note disputed"' in shown(answer)


def test_a_refusal_looks_like_one_and_offers_places_as_buttons() -> None:
    refusal = Answer("q", "<b>s</b>", "refused", (Segment("own", "Nothing."),), nearest=(EVIL, "Elsewhere"), searched=("<i>",), corrections=(("<u>", "x"),))
    turn = Turn(7, 2, "", "q", refusal, topics=(Topic(EVIL, "notes/evil.md", 0, "d"),))
    html = turn_html(turn, {}, refusal_note="Ask <an expert>: extension 7")
    assert 'class="answer refused"' in html
    assert "Searched for “&lt;i&gt;”." in html
    assert 'data-do="topic" data-arg="7-0"' in html
    assert "<li>Elsewhere</li>" in html
    assert "Ask <an expert>: extension 7" in visible(html)
    assert "Read “<u>” as “x”. Searched for “<b>s</b>”." in visible(html)
    assert 'class="cite"' not in html
    assert "operator" not in turn_html(turn, {})


def test_a_refusal_says_first_that_only_chosen_documents_were_searched() -> None:
    refusal = Answer("q", "q", "refused", (Segment("own", "Nothing."),), notes=(narrowed(1),))
    for names, only in ((("Tag <law>", "Folder notes"), "Tag <law>, Folder notes"), ((), "1 chosen document")):
        html = shown(refusal, narrowed=names)
        assert visible(html).startswith(f"qSearched only in {only}. Other documents may hold the answer.Nothing.")
        assert html.lower().count("searched only in") == 1
    assert "earched only" not in shown(replace(refusal, notes=()))


def test_a_damaged_answer_is_not_shown_and_only_the_last_question_can_be_edited() -> None:
    assert "damaged" in visible(shown(None))
    assert "data-do=\"edit\"" not in shown(None)
    assert "data-do=\"edit\"" in turn_html(Turn(7, 2, "", "q", None), {}, last=True)


def test_a_question_is_set_in_the_direction_of_its_writing() -> None:
    for html in (shown(answer_of("Words.")), busy_html("q", [])):
        assert '<h2 class="asked" dir="auto">q</h2>' in html


def test_what_is_told_twice_is_told_anew() -> None:
    assert news("Thank <you>") != news("Thank <you>")
    assert "Thank &lt;you&gt;" in news("Thank <you>")


def test_only_links_to_downloads_survive() -> None:
    links = '<a href="https://evil.example">a</a><a href="/export?turn=1" onclick="x()">b</a><a href="//e">c</a><a href="javascript:x()">d</a>'
    html = clean(links + '<img src="x"><iframe></iframe><form></form><style></style><p style="position:fixed" id="x">e</p>')
    assert html == '<a>a</a><a href="/export?turn=1">b</a><a>c</a><a>d</a><p>e</p>'
