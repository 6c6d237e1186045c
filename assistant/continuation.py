"""More of an answer, and less of it: what was not quoted yet, and the shortest quotation that still answers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from assistant.answer import Citation, Segment
from assistant.evidence import Evidence
from assistant.question import Kind
from corpus.document import Unit
from index.lexical import content_words

Span = tuple[str, int, int]  # document, start, end
SAME_MARGIN = 7.0  # logits below the best sentence from which another of a document already quoted is no longer about the question
OTHER_MARGIN = 2.5  # the same for a document not quoted yet, whose sentences only look alike more often
REPEATS = 0.75  # share of a sentence's content words that one quotation holds, from which the sentence says nothing new
MAX_NAME_WORDS = 8  # what stands before an item's colon is its name, unless it is longer
# "are pay, hours, monotony and further study": at least three, the last behind "and"
_SERIES = re.compile(
    r"\b(?:are|is|include|includes|including|such as|covers?):? (?P<series>(?:[^,.;:()]{2,50}, ){1,11}(?:[^,.;:()]{2,50} )?and [^,.;:()]{2,50})(?=[.;,]|$)"
)
_MEMBER = re.compile(r"(?:^|(?<=[.;:!?] ))(?P<name>(?P<noun>[A-Z][a-z]{2,}) (?P<number>\d\d?)) (?=[a-z])")  # "Level 2 is the department head."
_NAME = re.compile(r"^(?P<name>[^:|]{2,80}?)(?::\s| \| )")


def spans_of(citations: Iterable[Citation]) -> frozenset[Span]:
    """Where the quotations stand."""
    return frozenset((citation.document, citation.start, citation.end) for citation in citations)


def is_said(document: str, unit: Unit, said: frozenset[Span]) -> bool:
    """Does any of the unit lie in what was quoted already?"""
    return any(document == other and unit.start < end and start < unit.end for other, start, end in said)


def unsaid(evidence: Sequence[Evidence], said: frozenset[Span]) -> list[Evidence]:
    """The evidence that is still worth showing, best first; all of it when nothing was said.

    Left out: what was quoted, what only says the same again, what points back to a sentence, and what is far from the question (a logit below 0
    says no).
    """
    if not said or not evidence:
        return list(evidence)
    quoted = [set(content_words(e.text)) for e in evidence if is_said(e.passage.document, e.unit, said)]
    best = max(map(_worth, evidence))
    open_documents = {document for document, _, _ in said}

    def is_near(e: Evidence) -> bool:
        return _worth(e) >= max(0.0, best - (SAME_MARGIN if e.passage.document in open_documents else OTHER_MARGIN))

    return [
        e for e in evidence
        if is_near(e) and not e.dangles and not is_said(e.passage.document, e.unit, said) and not _repeats(set(content_words(e.text)), quoted)
    ]


def further_kind(kind: Kind, rest: Sequence[Evidence]) -> Kind:
    """The kind of answer that more of one takes: a list or table, when that is the nearest thing left; else the kind that it was."""
    nearest = max(rest, key=_worth, default=None)
    return "list" if nearest is not None and nearest.passage.kind in ("list", "row") else kind


def _worth(e: Evidence) -> float:
    """A sentence is judged by itself; an item or a row means something only with its list, and is judged as that."""
    return max(e.score, e.passage_score) if e.passage.kind in ("list", "row") else e.score


def _repeats(words: set[str], quoted: Sequence[set[str]]) -> bool:
    return any(len(words & other) >= REPEATS * max(1, len(words)) for other in quoted)


def fresh(segments: Sequence[Segment], citations: Sequence[Citation], said: frozenset[Span]) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """An answer without what was said: a quotation is cut to what is new of it, or left out; a table keeps its header while it has rows."""
    if not said:
        return tuple(segments), tuple(citations)
    cited = {citation.marker: citation for citation in citations}
    shown: list[Segment] = []
    kept: list[Citation] = []
    for segment in segments:
        if segment.marker is None:
            shown.append(segment)
            continue
        citation = cited[segment.marker]
        for start, end in _left_of(citation, said):
            kept.append(_cut(citation, len(kept) + 1, start, end))
            shown.append(Segment(segment.kind, kept[-1].quote, len(kept), segment.label))
    return tuple(segment for at, segment in enumerate(shown) if segment.marker is not None or shown[at + 1 : at + 2]) if kept else (), tuple(kept)


def _left_of(citation: Citation, said: frozenset[Span]) -> list[tuple[int, int]]:
    """The parts of a quotation that were not said, without the white space around them."""
    left = [(citation.start, citation.end)]
    for document, start, end in said:
        if document == citation.document:
            left = [part for a, b in left for part in ((a, min(b, start)), (max(a, end), b)) if part[0] < part[1]]
    quoted = [(a, b, citation.quote[a - citation.start : b - citation.start]) for a, b in sorted(left)]
    return [(a + len(text) - len(text.lstrip()), b - len(text) + len(text.rstrip())) for a, b, text in quoted if re.search(r"\w", text)]


def _cut(citation: Citation, marker: int, start: int, end: int) -> Citation:
    return replace(citation, marker=marker, quote=citation.quote[start - citation.start : end - citation.start], start=start, end=end)


def items_of(segments: Sequence[Segment]) -> tuple[str, ...]:
    """The items or rows of an answer, in their order, those below a numbered one left out; else what its sentences list; none otherwise.

    Sentences list with commas ("are pay, hours and monotony") or numbers ("Level 1 is … Level 2 is …").
    """
    listed = [segment for segment in segments if segment.kind in ("item", "row")]
    numbered = [segment for segment in listed if segment.label[:1].isdigit()]
    if len(numbered) > 1 and numbered[0] is listed[0]:
        listed = numbered
    if len(listed) > 1:
        return tuple(segment.text for segment in listed)
    return next((found for segment in segments if (found := _enumerated(segment.text))), ()) or _members(segments)


def _members(segments: Sequence[Segment]) -> tuple[str, ...]:
    """ "Level 1", "Level 2" and so on, where sentences open with them in that order; none when one is missing."""
    found = [member for segment in segments for member in _MEMBER.finditer(segment.text)]
    in_order = [member["number"] for member in found] == [str(n) for n in range(1, len(found) + 1)]
    return tuple(member["name"] for member in found) if len(found) > 1 and in_order and len({member["noun"] for member in found}) == 1 else ()


def _enumerated(text: str) -> tuple[str, ...]:
    found = _SERIES.search(text)
    if not found:
        return ()
    *first, last = re.sub(r"^.* such as ", "", found["series"]).split(", ")
    # behind a comma "and" opens the last item, or a second statement: "are common in KPO, and each shares risk between client and provider"
    parts = tuple(part.strip() for part in (*first, *([last[4:]] if last.startswith("and ") else last.rsplit(" and ", 1))))
    return parts if len(parts) > 2 else ()


def shortened(
    segments: Sequence[Segment], citations: Sequence[Citation], evidence: Sequence[Evidence]
) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """An answer in fewer words, all of them quoted: a list by the names of its items, anything else by its best sentence. Nothing gives nothing.

    One of several sentences that belong together ("Level 2 is …") is no short answer: then it is the best of the others, or all of the quotation.
    """
    cited = {citation.marker: citation for citation in citations}
    listed = [segment for segment in segments if segment.kind in ("item", "row")]
    if len(listed) < 2:
        members = _members(segments)
        best = next((e for e in evidence if not e.dangles and not e.text.endswith(":") and not e.text.startswith(members) and _holder(e, citations)), None)
        kept = [(_holder(best, citations) or citations[0], best.unit.start, best.unit.end)] if best else [(c, c.start, c.end) for c in citations[:1]]
        kinds = [("quote", "")]
    else:
        lead = [cited[s.marker] for s in segments[: segments.index(listed[0])] if s.marker is not None][-1:]
        kept = [(c, c.start, c.end) for c in lead] + [_named(cited[s.marker]) for s in listed if s.marker is not None]
        kinds = [("quote", "")] * len(lead) + [("item", s.label or "-") for s in listed]
    short = [_cut(c, marker, start, end) for marker, (c, start, end) in enumerate(kept, 1)]
    shown = tuple(
        Segment("item" if kind == "item" else "quote", c.quote, c.marker, label) for c, (kind, label) in zip(short, kinds, strict=False)
    )
    return shown, tuple(short)


def _holder(e: Evidence, citations: Sequence[Citation]) -> Citation | None:
    return next((c for c in citations if c.document == e.passage.document and c.start <= e.unit.start and e.unit.end <= c.end), None)


def _named(citation: Citation) -> tuple[Citation, int, int]:
    """An item's name as a span of its quotation, or all of an item without a name."""
    found = _NAME.match(citation.quote)
    short = found is not None and len(found["name"].split()) <= MAX_NAME_WORDS
    return citation, citation.start, citation.start + len(found["name"]) if found and short else citation.end
