"""The answer without an LLM: verbatim quotations, chosen and ordered in the shape that the question asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assistant.answer import Citation, Segment, SegmentKind
from assistant.evidence import Evidence
from assistant.question import Kind
from corpus.document import Document, Passage, Unit
from corpus.terms import Term
from index.catalog import View
from index.lexical import content_words, words

MAX_WORDS = 120  # a whole list may be longer
LIST_MARGIN = 3.0  # logits by which a list may trail the best passage and still be what a list question means
KEEP_MARGIN = {"definition": 4.0, "abbreviation": 3.0, "fact": 2.0, "yes-no": 2.5, "comparison": 5.0, "why": 4.5, "list": 4.5, "steps": 4.5}
MOST = {"definition": 3, "abbreviation": 2, "fact": 2, "yes-no": 2, "comparison": 4, "why": 4, "list": 4, "steps": 4}
SAME_WORDS = 0.6  # share of the shorter sentence's content words from which two sentences say the same
MAX_ITEMS = 24
APART = 8  # characters between two passages of one list or table: a line break, and the marker of the next item


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of a passage that will be quoted."""

    kind: SegmentKind
    passage: Passage
    start: int
    end: int
    score: float
    label: str = ""

    @property
    def text(self) -> str:
        return self.passage.text[self.start - self.passage.start : self.end - self.passage.start]


def compose(kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """Segments and citations for a question of this kind. Empty evidence gives neither."""
    if not evidence:
        return (), ()
    pieces: list[Piece] = []
    opening = ""
    if kind in ("definition", "abbreviation"):
        pieces = _definition(evidence, terms)
    if kind in ("list", "steps", "why", "fact", "comparison"):
        opening, pieces = _listed(kind, evidence, view)
    if not pieces:
        pieces = _sentences(kind, evidence)
    return _cited(opening, pieces, view)


def _definition(evidence: Sequence[Evidence], terms: Sequence[Term]) -> list[Piece]:
    """The defining sentence of the thing asked, then what sharpens it; another document's own definition beside it."""
    names = {terms[0].name.lower(), *(s.lower() for s in terms[0].abbreviations)} if terms else set()
    asked = {(t.document, t.start) for t in terms if t.defines and (t.name.lower() in names or names & {s.lower() for s in t.abbreviations})}
    defining = [e for e in evidence if (e.passage.document, e.unit.start) in asked]
    if not defining or defining[0].score < evidence[0].score - KEEP_MARGIN["definition"]:
        return []
    sharper = [e for e in evidence if e.passage == defining[0].passage and e not in defining]
    return _sentences("definition", [*defining[:2], *sharper], first=defining[0])


def _listed(kind: Kind, evidence: Sequence[Evidence], view: View) -> tuple[str, list[Piece]]:
    """The best list or table, whole: its lead-in, then every item with its own citation."""
    best = max(e.passage_score for e in evidence)
    margin = LIST_MARGIN if kind in ("list", "steps") else 0.0
    shapes = [e for e in evidence if e.passage.kind in ("list", "row") and e.passage_score >= best - margin]
    if not shapes and kind in ("list", "steps"):  # the list of the best item, when no list stands out as a whole
        shapes = [e for e in evidence[:2] if e.passage.kind == "list" and len(e.passage.units) > 2]
    if kind in ("why", "fact"):
        shapes = [e for e in shapes if e.passage.kind == "list" and e.at == 0 and e.score >= evidence[0].score - 0.5 and e.text.endswith(":")]
    if kind == "comparison":
        shapes = [e for e in shapes if e.passage.kind == "row" and " | " in e.passage.context]
    if not shapes:
        return "", []
    chosen = max(shapes, key=lambda e: (kind == "steps" and _is_ordered(e.passage), e.passage_score, e.score, -e.at))
    family = _family(chosen.passage, view)
    if chosen.passage.kind == "row":
        return _rows(kind, chosen, family, evidence)
    pieces = [
        Piece("item" if unit.marker else "quote", passage, unit.start, unit.end, chosen.passage_score, unit.marker)
        for passage in family for unit in passage.units
    ]
    return "", pieces[: MAX_ITEMS + 1]


def _is_ordered(passage: Passage) -> bool:
    return any(unit.marker[:1].isdigit() for unit in passage.units)


def _family(passage: Passage, view: View) -> list[Passage]:
    """The passages of the same list or table, which was cut where it was too long for the model."""
    near = [p for p in view.passages_of(passage.document) if p.kind == passage.kind and p.heading == passage.heading]
    first = last = near.index(passage)
    while first > 0 and near[first].start - near[first - 1].end <= APART:
        first -= 1
    while last + 1 < len(near) and near[last + 1].start - near[last].end <= APART:
        last += 1
    return near[first : last + 1]


def _rows(kind: Kind, chosen: Evidence, family: list[Passage], evidence: Sequence[Evidence]) -> tuple[str, list[Piece]]:
    """A table's rows under its header row; a comparison opens with the sentence that says it best."""
    header = chosen.passage.context.rpartition("\n")[2] if "\n" in chosen.passage.context else ""
    if len(family) < 2 or not header:
        return "", []
    rows = [Piece("row", p, p.start, p.end, chosen.passage_score) for p in family][:MAX_ITEMS]
    if kind == "comparison":
        said = [e for e in evidence if e.passage.kind not in ("row", "list") and not e.dangles and e.score > 0]
        opening = [Piece("quote", e.passage, e.unit.start, e.unit.end, e.score) for e in said[:1]]
        return header, [*opening, *_within(rows, MAX_WORDS)]
    return header, rows


def _sentences(kind: Kind, evidence: Sequence[Evidence], first: Evidence | None = None) -> list[Piece]:
    """The best sentences: none that says the same twice, none that points back to what is not quoted, in reading order."""
    best = evidence[0].score if first is None else first.score
    chosen: list[tuple[Evidence, Unit]] = []
    said = 0
    for e in ([first] if first else []) + [e for e in evidence if e is not first]:
        if len(chosen) >= MOST[kind] or (chosen and e.score < best - KEEP_MARGIN[kind]):
            break
        unit = _whole_thought(e)
        if unit is None:
            continue
        text = e.passage.quote(unit)
        if text.endswith(":"):  # it announces a list that is not quoted here
            continue
        if any(_says_same(text, c.passage.quote(u)) or _overlap(e.passage, unit, c.passage, u) for c, u in chosen):
            continue
        size = len(text.split())
        if chosen and said + size > MAX_WORDS:
            continue
        chosen.append((e, unit))
        said += size
    if not chosen:  # everything points back: the best passage's opening up to that sentence
        e = evidence[0]
        return [Piece("quote", e.passage, e.passage.units[0].start, e.unit.end, e.score)]
    order = list(dict.fromkeys(e.passage.document for e, _ in chosen))
    lead = chosen[0][0] if first else None
    chosen.sort(key=lambda pair: (pair[0] is not lead, order.index(pair[0].passage.document), pair[1].start))
    return _joined([Piece(_shape(e), e.passage, u.start, u.end, e.score, u.marker) for e, u in chosen])


def _shape(e: Evidence) -> SegmentKind:
    return "row" if e.passage.kind == "row" else "item" if e.unit.marker else "quote"


def _whole_thought(e: Evidence) -> Unit | None:
    """The sentence, with the one before it when it points back; None when that one does too."""
    if not e.dangles:
        return e.unit
    if e.at == 0:
        return None
    before = e.passage.units[e.at - 1]
    opens = Evidence(e.passage, before, e.at - 1, e.rank, e.score, e.passage_score)
    return None if opens.dangles else Unit(before.start, e.unit.end)


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    """Neighbouring sentences of one passage as one quote."""
    out: list[Piece] = []
    for piece in pieces:
        last = out[-1] if out else None
        if last and last.kind == piece.kind == "quote" and last.passage == piece.passage and 0 <= piece.start - last.end <= 2:
            out[-1] = Piece("quote", last.passage, last.start, piece.end, max(last.score, piece.score))
        else:
            out.append(piece)
    return out


def _within(pieces: Iterable[Piece], limit: int) -> list[Piece]:
    kept: list[Piece] = []
    said = 0
    for piece in pieces:
        said += len(piece.text.split())
        if kept and said > limit:
            break
        kept.append(piece)
    return kept


def _overlap(a: Passage, u: Unit, b: Passage, v: Unit) -> bool:
    return a.document == b.document and u.start < v.end and v.start < u.end


def _says_same(a: str, b: str) -> bool:
    one, two = set(content_words(a)), set(content_words(b))
    return len(one & two) >= SAME_WORDS * max(1, min(len(one), len(two))) and words(a)[:1] == words(b)[:1] or one == two


def _cited(opening: str, pieces: Sequence[Piece], view: View) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """Each piece as a segment with a citation of its own, numbered in the order of reading."""
    documents: dict[str, Document] = {}
    segments: list[Segment] = []
    citations: list[Citation] = []
    for marker, piece in enumerate(pieces, 1):
        id = piece.passage.document
        document = documents.get(id) or view.document(id)
        if document is None:
            raise ValueError(f"{id} is not in the catalog that its passage came from")
        documents[id] = document
        if opening and piece.kind == "row" and not any(segment.kind == "row" for segment in segments):
            segments.append(Segment("own", opening))
        citations.append(Citation.of(marker, document, piece.passage, piece.start, piece.end, piece.score))
        segments.append(Segment(piece.kind, piece.text, marker, piece.label))
    return tuple(segments), tuple(citations)
