"""Answers and sources as HTML. Everything that comes from a document or a person is escaped as text; nh3 is the second lock."""

from collections.abc import Sequence
from html import escape
from itertools import groupby

import nh3

from assistant.answer import Answer, Citation, Segment
from corpus.document import Document, Passage

_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "h3", "h4", "mark", "div", "span", "blockquote", "section",
    "dl", "dt", "dd", "small",
}
_ATTRIBUTES = {"a": {"href", "title"}, "li": {"value"}, "div": {"class"}, "span": {"class"}, "p": {"class"}, "section": {"class"}, "table": {"class"}}
CONFIDENCE = ((0.8, "Confident"), (0.6, "Fairly sure"), (0.0, "Not sure: read the source"))


def clean(html: str) -> str:
    """`html` with only the tags and attributes that these pages use, and no links but those within the page.

    Without line breaks, so that nothing in it is read as Markdown later.
    """
    safe = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), link_rel=None, attribute_filter=_within_page)
    return " ".join(safe.split("\n"))


def _within_page(tag: str, attribute: str, value: str) -> str | None:
    return None if attribute == "href" and not value.startswith("#cite-") else value


def answer_html(answer: Answer, key: str) -> str:
    """A whole answer: what was understood, the quoted segments with their markers, how sure it is. `key` tells answers of a chat apart."""
    parts = [_understood(answer)]
    citations = {citation.marker: citation for citation in answer.citations}
    header = ""
    for shape, group in groupby(answer.segments, key=lambda segment: segment.kind):
        segments = list(group)
        if shape == "item":
            parts.append(_list(segments, citations, key))
        elif shape == "row":
            parts.append(_table(header, segments, citations, key))
        elif shape == "own" and _is_header(segments, answer):
            header = segments[-1].text  # drawn as the header row of the table that follows
        else:
            parts.append("<p>" + " ".join(_marked(segment, citations, key) for segment in segments) + "</p>")
    if answer.verdict == "answered":
        parts.append(f'<p class="sure">{next(words for least, words in CONFIDENCE if answer.confidence >= least)}</p>')
    if answer.verdict == "refused":
        parts.append(_refused(answer))
    parts += [f'<p class="note">{escape(note.capitalize())}.</p>' for note in answer.notes]
    return clean("".join(parts))


def said_html(segments: Sequence[Segment], citations: Sequence[Citation], key: str) -> str:
    """The sentences of an answer that is still being written, each of which has been checked."""
    known = {citation.marker: citation for citation in citations}
    return clean("<p>" + " ".join(_marked(segment, known, key) for segment in segments) + "</p>")


def _understood(answer: Answer) -> str:
    if answer.verdict == "conversation":
        return ""
    said = [f"read “{escape(typed)}” as “{escape(read)}”" for typed, read in answer.corrections]
    if answer.standalone != answer.question and answer.standalone:
        said.append(f"searched for “{escape(answer.standalone)}”")
    return f'<p class="understood">{"; ".join(said)}</p>' if said else ""


def _marked(segment: Segment, citations: dict[int, Citation], key: str) -> str:
    return " ".join([escape(segment.text), *(_link(citations[marker], key) for marker in segment.markers)])


def _link(citation: Citation, key: str) -> str:
    page = f", page {citation.page}" if citation.page else ""
    title = escape(f"{citation.title}{page}: {citation.quote}", quote=True)
    return f'<a href="#cite-{key}-{citation.marker}" title="{title}">[{citation.marker}]</a>'


def _list(segments: Sequence[Segment], citations: dict[int, Citation], key: str) -> str:
    ordered = all(segment.label.rstrip(".").isdigit() for segment in segments)
    items = "".join(
        f'<li value="{segment.label.rstrip(".")}">{_marked(segment, citations, key)}</li>' if ordered else f"<li>{_marked(segment, citations, key)}</li>"
        for segment in segments
    )
    return f"<ol>{items}</ol>" if ordered else f"<ul>{items}</ul>"


def _is_header(segments: Sequence[Segment], answer: Answer) -> bool:
    at = answer.segments.index(segments[-1])
    return at + 1 < len(answer.segments) and answer.segments[at + 1].kind == "row"


def _table(header: str, segments: Sequence[Segment], citations: dict[int, Citation], key: str) -> str:
    rows = [[escape(cell) for cell in segment.text.split(" | ")] for segment in segments]
    for row, segment in zip(rows, segments, strict=True):
        row[-1] += f" {_link(citations[segment.marker], key)}" if segment.marker is not None else ""
    head = "<thead><tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in header.split(" | ")) + "</tr></thead>" if header else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def _refused(answer: Answer) -> str:
    searched = ", ".join(escape(word) for word in answer.searched) or "nothing: the question has no words to look for"
    nearest = "".join(f"<li>{escape(topic)}</li>" for topic in answer.nearest)
    near = f"<p>The documents do say something about:</p><ul>{nearest}</ul>" if nearest else ""
    return f'<p class="note">Searched for: {searched}.</p>{near}<p class="note">Name the term or the company you mean, or ask for one thing at a time.</p>'


def source_html(citation: Citation, document: Document | None, passage: Passage | None) -> str:
    """The panel for one citation: the quote in its surroundings, and where that stands.

    A document that has changed or gone since the answer shows the quote alone and says so: nothing is marked rather than the wrong words.
    """
    place = [
        ("Document", citation.title), ("Section", citation.heading), ("Page", str(citation.page or "")), ("Date", citation.date or ""),
        ("File", citation.document),
    ]
    facts = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in place if value)
    if document is None or passage is None or document.digest != citation.digest:
        gone = "This document has changed or been removed since the answer was given. The quote as it stood then:"
        return clean(f'<section><p class="note">{gone}</p><blockquote>{escape(citation.quote)}</blockquote><dl>{facts}</dl></section>')
    before = document.text[passage.start : citation.start]
    after = document.text[citation.end : passage.end]
    quoted = f"{_lines(before)}<mark>{_lines(citation.quote)}</mark>{_lines(after)}"
    context = passage.context.partition("\n")[2]
    lead = f'<p class="note">{escape(context)}</p>' if context else ""
    return clean(f"<section><h3>[{citation.marker}] {escape(citation.title)}</h3>{lead}<blockquote>{quoted}</blockquote><dl>{facts}</dl></section>")


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
