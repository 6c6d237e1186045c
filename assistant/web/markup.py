"""Answers as HTML. Everything that comes from a document or a person is escaped as text; nh3 is the second lock."""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from itertools import count, groupby

import nh3

from assistant.answer import Answer, Citation, Segment, render
from assistant.ask import NARROWED
from assistant.chats import Turn
from assistant.plain import confidence, disagree, is_old, months_in_words, place, why_sure
from corpus.errors import KpoError

_TAGS = {
    "p", "br", "strong", "em", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td", "h2", "h3", "h4", "h5", "h6", "mark", "div", "span",
    "blockquote", "section", "article", "nav", "header", "dl", "dt", "dd", "small", "button", "details", "summary",
}
_ATTRIBUTES = {
    "*": {"class", "title", "aria-label", "aria-current", "data-turn", "data-chat", "data-n"},
    "a": {"href"}, "li": {"value"}, "button": {"type", "data-do", "data-arg", "aria-pressed"}, "th": {"scope"}, "td": {"colspan"},
    "div": {"role", "tabindex", "data-limit"}, "h2": {"dir"},
}
EXPORTS = (("md", "Markdown"), ("docx", "Word"), ("pdf", "PDF"))
_SAID = count(1)
_LINKS = ("/export?", "/original?")  # the only places that a link of these pages leads to


def clean(html: str) -> str:
    """`html` with only the tags and attributes that these pages use, and no links but to the downloads of this server.

    Without line breaks, so that nothing in it is read as Markdown later.
    """
    safe = nh3.clean(html, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=set(), link_rel=None, attribute_filter=_own_links)
    return " ".join(safe.split("\n"))


def _own_links(tag: str, attribute: str, value: str) -> str | None:
    return None if attribute == "href" and not value.startswith(_LINKS) else value


def button(do: str, arg: object, text: str, *, label: str = "", kind: str = "", current: bool = False) -> str:
    """A button that the page's script hands on: `do` with `arg`. `text` and `label` (for screen readers) are escaped here."""
    said = (f' aria-label="{escape(label)}"' if label else "") + (' aria-current="true"' if current else "")
    return f'<button type="button" class="{kind or "plain"}" data-do="{do}" data-arg="{escape(str(arg))}"{said}>{escape(text)}</button>'


def news(text: str, kind: str = "notice") -> str:
    """A line that is told anew each time: gradio does nothing with a part that gets the HTML which it has already, so each has a number."""
    return clean(f'<p class="{kind}" data-n="{next(_SAID)}">{escape(text)}</p>')


def mending(error: KpoError) -> str:
    """An error with its remedy, for a reader of the page."""
    return f"{error.message}. To mend it: {error.remedy}."


def wide(table: str) -> str:
    """A table that scrolls by itself where it is wider than its place, by keyboard too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="Table">{table}</div>'


def downloads(what: str, id: int, said: str) -> str:
    """Links that save a chat or an answer (`what` is "chat" or "turn") as a file of each format."""
    return "".join(f'<a class="tool" href="/export?{what}={id}&amp;form={form}" aria-label="Save {said} as {name}">{name}</a>' for form, name in EXPORTS)


def lines(text: str) -> str:
    """Text escaped, with its line breaks."""
    return escape(text).replace("\n", "<br>")


def busy_html(question: str, stages: Sequence[str], written: Sequence[Segment] = ()) -> str:
    """A question that is being answered: what has been done, what is being done now, and the sentences that have been written and checked."""
    steps = "".join(f'<li class="{"now" if at == len(stages) - 1 else "done"}">{escape(stage)}</li>' for at, stage in enumerate(stages))
    said = f'<div class="answer"><p>{escape(render(written))}</p></div>' if written else ""
    return clean(f'<article class="turn busy">{_asked(question)}<ol class="stages">{steps}</ol>{said}</article>')


def failed_html(question: str, said: str) -> str:
    """A question that could not be answered, and why."""
    return clean(f'<article class="turn failed">{_asked(question)}<div class="answer"><p class="trouble">{escape(said)}</p></div></article>')


def turn_html(
    turn: Turn, digests: Mapping[str, str], *, last: bool = False, refusal_note: str | None = None, old_after: int | None = None,
    today: date | None = None,
) -> str:
    """One question with its whole answer and what can be done with it. The last one of a chat can be edited and asked again.

    `digests` are those of today's documents by id: a citation of another state of a document says so.
    """
    answer = turn.answer
    if answer is None:
        damaged = "What is stored of this answer is damaged, so it is not shown. Ask the question again."
        body = f'<div class="answer"><p class="trouble">{damaged}</p></div>'
    else:
        changed = {c.marker for c in answer.citations if digests.get(c.document) != c.digest}
        old = {c.marker for c in answer.citations if is_old(c.date, old_after, today or date.today())}
        only = _only(turn, answer) if answer.verdict == "refused" else ""
        body = f'{_understood(answer)}<div class="answer {answer.verdict}">{only}{segments_html(answer, turn.id, changed)}</div>'
        body += _refused(turn, answer, refusal_note) if answer.verdict == "refused" else ""
        body += _about(turn, answer, changed, old, old_after)
    return clean(f'<article class="turn" data-turn="{turn.id}">{_asked(turn.question)}{body}{_tools(turn, last)}</article>')


def _asked(question: str) -> str:
    return f'<h2 class="asked" dir="auto">{escape(question)}</h2>'


def _understood(answer: Answer) -> str:
    if answer.verdict == "conversation":
        return ""
    said = [f"Read “{escape(typed)}” as “{escape(read)}”" for typed, read in answer.corrections]
    if answer.standalone != answer.question and answer.standalone:
        said.append(f"Searched for “{escape(answer.standalone)}”")
    return f'<p class="understood">{". ".join(said)}.</p>' if said else ""


def segments_html(answer: Answer, turn: int, changed: set[int]) -> str:
    """The quoted segments with their markers: sentences run on, items make a list, rows a table, with its markers in the first column."""
    parts: list[str] = []
    citations = {citation.marker: citation for citation in answer.citations}
    header = ""
    for shape, group in groupby(answer.segments, key=lambda segment: segment.kind):
        segments = list(group)
        if shape == "item":
            parts.append(_list(segments, citations, turn, changed))
        elif shape == "row":
            parts.append(_table(header, segments, citations, turn, changed))
        elif shape == "own" and _is_header(segments, answer):
            header = segments[-1].text  # drawn as the header row of the table that follows
        else:
            parts.append("<p>" + " ".join(_marked(segment, citations, turn, changed) for segment in segments) + "</p>")
    return "".join(parts)


def _marked(segment: Segment, citations: Mapping[int, Citation], turn: int, changed: set[int]) -> str:
    return " ".join([escape(segment.text), *(_marker(citations[marker], turn, changed) for marker in segment.markers)])


def _marker(citation: Citation, turn: int, changed: set[int]) -> str:
    """A marker as a button; what it shows on hover and focus stands inside it, hidden."""
    stale = '<span class="stale">The document has changed since.</span>' if citation.marker in changed else ""
    tip = f'<span class="tip"><span class="said">“{escape(citation.quote)}”</span><span class="where">{escape(place(citation))}</span>{stale}</span>'
    kind = "cite changed" if citation.marker in changed else "cite"
    said = escape(f"Source {citation.marker}: {place(citation)}")
    return (
        f'<button type="button" class="{kind}" data-do="cite" data-arg="{turn}-{citation.marker}" aria-label="{said}">[{citation.marker}]{tip}</button>'
    )


def _list(segments: Sequence[Segment], citations: Mapping[int, Citation], turn: int, changed: set[int]) -> str:
    ordered = all(segment.label.rstrip(".").isdigit() for segment in segments)
    items = "".join(
        (f'<li value="{segment.label.rstrip(".")}">' if ordered else "<li>") + f"{_marked(segment, citations, turn, changed)}</li>" for segment in segments
    )
    return f"<ol>{items}</ol>" if ordered else f"<ul>{items}</ul>"


def _is_header(segments: Sequence[Segment], answer: Answer) -> bool:
    at = answer.segments.index(segments[-1])
    return at + 1 < len(answer.segments) and answer.segments[at + 1].kind == "row"


def _table(header: str, segments: Sequence[Segment], citations: Mapping[int, Citation], turn: int, changed: set[int]) -> str:
    rows = [[escape(cell) for cell in segment.text.split(" | ")] for segment in segments]
    for row, segment in zip(rows, segments, strict=True):
        row[0] += f" {_marker(citations[segment.marker], turn, changed)}" if segment.marker is not None else ""
    head = "<thead><tr>" + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header.split(" | ")) + "</tr></thead>" if header else ""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return wide(f"<table>{head}<tbody>{body}</tbody></table>")


def _only(turn: Turn, answer: Answer) -> str:
    """The first line of a refusal when only chosen documents were searched; their number stands for those that are not there any more."""
    names = f"{NARROWED} {', '.join(turn.narrowed)}" if turn.narrowed else next((note for note in answer.notes if note.startswith(NARROWED)), "")
    return f'<p class="narrowed">{escape(names[:1].upper() + names[1:])}. Other documents may hold the answer.</p>' if names else ""


def _refused(turn: Turn, answer: Answer, note: str | None) -> str:
    searched = ", ".join(f"“{escape(word)}”" for word in answer.searched) or "nothing: the question has no words to look for"
    offered = {topic.label: at for at, topic in enumerate(turn.topics)}
    near = "".join(
        f"<li>{button('topic', f'{turn.id}-{offered[label]}', label, kind='chip') if label in offered else escape(label)}</li>" for label in answer.nearest
    )
    parts = [f"<p>Searched for {searched}.</p>"]
    parts += [f'<p>The documents do say something about</p><ul class="chips">{near}</ul>'] if near else []
    parts += ["<p>Name the term or the company you mean, or ask for one thing at a time.</p>"]
    parts += [f'<p class="operator">{escape(note)}</p>'] if note else []
    return f'<div class="refusal">{"".join(parts)}</div>'


def _about(turn: Turn, answer: Answer, changed: set[int], old: set[int], old_after: int | None) -> str:
    parts = []
    if answer.verdict == "answered":
        label = confidence(answer)
        level = {"Confident": "high", "Fairly sure": "middle"}.get(label, "low")
        parts.append(f'<p class="sure"><span class="{level}">{label}</span> {escape(why_sure(answer))}.</p>')
    if turn.narrowed and answer.verdict != "refused":
        parts.append(f'<p class="note narrowed">{NARROWED.capitalize()} {escape(", ".join(turn.narrowed))}.</p>')
    disputed = disagree(answer.notes)
    for note in answer.notes:
        if not (note.startswith(NARROWED) and (turn.narrowed or answer.verdict == "refused")):
            parts.append(f'<p class="{"note disputed" if note in disputed else "note"}">{escape(note[:1].upper() + note[1:])}.</p>')
    if changed:
        parts.append(f'<p class="note stale">{_markers(changed)}: the document has changed or been removed since this was answered.</p>')
    if old and old_after:
        parts.append(f'<p class="note old">{_markers(old)}: the document is more than {months_in_words(old_after)} old. Check that it still holds.</p>')
    if answer.verdict == "answered":
        words = ", ".join(f"“{escape(word)}”" for word in answer.searched)
        parts.append(f'<details class="how"><summary>What was searched</summary><p>The words {words}, and passages that mean the same.</p></details>')
    return f'<div class="about">{"".join(parts)}</div>' if parts else ""


def _markers(markers: set[int]) -> str:
    return ", ".join(f"[{marker}]" for marker in sorted(markers))


def _tools(turn: Turn, last: bool) -> str:
    tools = [
        button("copy", turn.id, "Copy", kind="tool"), button("link", turn.id, "Link", label="Copy a link to this answer", kind="tool"),
        downloads("turn", turn.id, "this answer"),
        button("up", turn.id, "Helpful", kind="tool"), button("down", turn.id, "Not right", kind="tool"),
    ]
    if last:
        tools += [button("edit", turn.id, "Edit", label="Edit this question", kind="tool"), button("again", turn.id, "Ask again", kind="tool")]
    return f'<div class="tools">{"".join(tools)}</div>'
