"""The source viewer: a document as text with its headings, lists and tables, opened at a place, with a quotation marked in it.

Nothing is marked rather than the wrong thing: the mark is drawn only when the document is still the one that was quoted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from assistant.answer import Citation
from assistant.plain import is_old, months_in_words
from assistant.web.markup import button, clean, lines, wide
from corpus.document import Document, Placed

WINDOW = 24_000  # characters shown at a time; a browser lays out more only slowly
BEFORE = 6_000  # characters of the window in front of the place that it is opened at
GONE = "This document has changed or been removed since the answer was given. The quotation as it stood then:"


@dataclass(frozen=True, slots=True)
class Opening:
    """What is opened: the place, the span to be marked (none where there is no quotation), the page's picture where there is one.

    `by` is the button that opened it, "cite|7-1", so that the text before and after can be opened as the same thing.
    """

    at: int
    mark: tuple[int, int] | None = None
    page: int | None = None
    picture: str = ""
    marker: int | None = None
    by: str = ""


def viewer_html(document: Document, opening: Opening, *, old_after: int | None = None, today: date | None = None) -> str:
    """The document around the place that is opened. Longer ones are shown a window at a time, with buttons to the rest."""
    marker = f"[{opening.marker}] " if opening.marker else ""
    head = f'<header class="top"><h2>{escape(marker + document.title)}</h2>{_buttons(document.id, opening.marker is not None)}</header>'
    facts = [("Page", str(opening.page or "")), ("Date", document.date or "no date stated"), ("File", document.id)]
    note = ""
    if is_old(document.date, old_after, today or date.today()) and old_after:
        note = f'<p class="note old">This document is more than {months_in_words(old_after)} old. Check that it still holds.</p>'
    blocks, before, after = window(document.blocks, opening.at)
    body = "".join(_blocks(document, blocks, opening))
    earlier = button("more", f"{before}|{opening.by}", "Earlier text", kind="more") if before is not None else ""
    later = button("more", f"{after}|{opening.by}", "Later text", kind="more") if after is not None else ""
    text = f'<div class="text" role="region" tabindex="0" aria-label="Text of the document">{earlier}{body}{later}</div>'
    return f'<section class="open" aria-label="Source">{clean(head + _facts(facts) + note)}{_picture(document, opening)}{clean(text)}</section>'


def gone_html(citation: Citation) -> str:
    """A citation of a document that has changed or gone: the quotation alone, as it stood."""
    head = f'<header class="top"><h2>{escape(f"[{citation.marker}] {citation.title}")}</h2>{_buttons("", True)}</header>'
    facts = [("Section", citation.heading), ("Page", str(citation.page or "")), ("Date", citation.date or ""), ("File", citation.document)]
    quote = f"<blockquote>{lines(citation.quote)}</blockquote>"
    return clean(f'<section class="open" aria-label="Source">{head}<p class="note stale">{GONE}</p>{quote}{_facts(facts)}</section>')


def missing_html(said: str) -> str:
    """What could not be opened, and why."""
    head = f'<header class="top"><h2>Source</h2>{_buttons("", False)}</header>'
    return clean(f'<section class="open" aria-label="Source">{head}<p class="note">{escape(said)}</p></section>')


def _buttons(document: str, from_answer: bool) -> str:
    original = f'<a class="tool" href="/original?{escape(urlencode({"document": document}))}">Open original</a>' if document else ""
    back = button("back", "", "Back to the answer", kind="tool") if from_answer else ""
    return f'<div class="tools">{back}{original}{button("close", "", "Close", label="Close the source", kind="tool")}</div>'


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return '<dl class="facts">' + "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in facts if value) + "</dl>"


def _picture(document: Document, opening: Opening) -> str:
    """The page as it looks. Not cleaned: nothing in it is a document's own but the title, which is escaped, and the query, which is encoded."""
    if document.format != "pdf" or opening.page is None or not opening.picture:
        return ""
    where = "the quotation stands on" if opening.mark else "this stands on"
    alt = escape(f"Picture of the page of {document.title} that {where}")
    said = "The quotation is marked on the page where all of its words were found there." if opening.mark else ""
    note = f'<p class="note">{said}</p>' if said else ""
    image = f'<div role="region" tabindex="0" aria-label="Picture of the page"><img src="/picture?{escape(opening.picture)}" alt="{alt}"></div>'
    return f'<details class="sheet" open><summary>The page as it looks</summary>{image}{note}</details>'


def window(blocks: Sequence[Placed], at: int) -> tuple[Sequence[Placed], int | None, int | None]:
    """The blocks around offset `at`, and where the windows before and after them are opened; None at the ends.

    They are WINDOW characters, or more when a block in front of `at` is so long that the one which holds it would be left out.
    """
    first = next((n for n, block in enumerate(blocks) if block.end > at - BEFORE), 0)
    last = next((n for n, block in enumerate(blocks) if block.start > max(blocks[first].start + WINDOW, at)), len(blocks))
    before = max(0, blocks[first].start - WINDOW + 2 * BEFORE) if first else None
    return blocks[first:last], before, blocks[last].start if last < len(blocks) else None


def _blocks(document: Document, blocks: Sequence[Placed], opening: Opening) -> Iterator[str]:
    page: int | None = None
    shape = {"item": "list", "header": "table", "row": "table"}
    for (kind, at), run in groupby(blocks, key=lambda block: (shape.get(block.kind, ""), block.page)):
        if at is not None and at != page:
            page = at
            yield f'<p class="page">Page {page}</p>'
        if kind == "list":
            items = (
                f'<li class="l{min(block.level, 4)}{_here(block, opening)}"><span class="m">{escape(block.marker)}</span> '
                f"{_text(document, block, opening)}</li>"
                for block in run
            )
            yield f"<ul>{''.join(items)}</ul>"
        elif kind == "table":
            yield wide("<table><tbody>" + "".join(_row(document, block, opening) for block in run) + "</tbody></table>")
        else:
            yield from (_one(document, block, opening) for block in run)


def _one(document: Document, block: Placed, opening: Opening) -> str:
    text, here = _text(document, block, opening), _here(block, opening)
    if block.kind == "heading":
        level = min(max(block.level, 1) + 2, 6)
        return f'<h{level} class="h{here}">{text}</h{level}>'
    label = '<span class="m">A reader’s comment</span> ' if block.kind == "comment" else ""
    return f'<p class="{block.kind}{here}">{label}{text}</p>'


def _row(document: Document, block: Placed, opening: Opening) -> str:
    cell, at = "th" if block.kind == "header" else "td", block.start
    cells = []
    for text in document.text[block.start : block.end].split(" | "):
        cells.append(f"<{cell}>{_span(document, at, at + len(text), opening.mark)}</{cell}>")
        at += len(text) + len(" | ")
    return f'<tr class="r{_here(block, opening)}">{"".join(cells)}</tr>'


def _here(block: Placed, opening: Opening) -> str:
    return " here" if block.start <= opening.at < block.end else ""


def _text(document: Document, block: Placed, opening: Opening) -> str:
    return _span(document, block.start, block.end, opening.mark)


def _span(document: Document, start: int, end: int, mark: tuple[int, int] | None) -> str:
    """The text from start to end, with what lies within the mark marked."""
    left, right = (min(max(edge, start), end) for edge in mark or (start, start))
    marked = f"<mark>{lines(document.text[left:right])}</mark>" if right > left else ""
    return f"{lines(document.text[start:left])}{marked}{lines(document.text[right:end])}" if marked else lines(document.text[start:end])
