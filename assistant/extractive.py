"""The answer without an LLM: verbatim quotations, chosen and ordered in the shape that the question asks for.

Of the best passage its best sentences are quoted, in their order and with what they point back to, so that nothing points to what is not
there; what two further passages have to say that is new follows. Lists and tables come whole, unless one item is what was asked for.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from assistant.answer import Citation, Segment, SegmentKind
from assistant.disagreement import disagree
from assistant.evidence import Evidence, dangles
from assistant.opposites import DEGREES, is_bad_side, is_negated, says_opposite
from assistant.question import Kind, names_in
from assistant.selection import Place, Selection, Worth
from assistant.topic import is_named, names_of, phrase_of, plain, sides_of, term_named
from assistant.vocabulary import stems_in
from corpus.document import Document, Passage, Unit, header_of
from corpus.sentences import pieces as sentences
from corpus.terms import Term, split_name
from index.catalog import View
from index.lexical import content_words
from index.search import CLEAR, central, is_defined

MAX_WORDS = 120  # a whole list may be longer
PREFACE_WORDS = 60  # of the best passage, before a list that stands elsewhere
PASSAGES = 3  # quoted from at most; of an abbreviation one for each meaning
ALL_ITEMS = ("list", "steps", "comparison", "why", "yes-no")  # kinds that a list answers whole
SENTENCE_SHARE = 0.5  # weight of a passage's best sentence beside the passage itself, when passages are compared
STANDING_MARGIN = 6.0  # by which a passage may trail the best one and still be quoted
FURTHER_MARGIN = 6.0  # logits by which a further list, or a table that comes whole, may trail the best sentence and still be quoted
FOCUS_MARGIN = 4.0  # logits by which an item may trail the best one of a list when a question asks for one thing
LEAD_MARGIN = 1.0  # logits by which the sentence that announces a list may lead its best item and the item still be what was asked for
ITEM_MARGIN = 6.0  # logits by which an item may trail the best one of a list that is too long to be shown whole, or one of which answers yes or no
LIST_MARGIN = 1.0  # by which a list may trail the best passage and still be what a list question means
DEFINING_MARGIN = 4.0  # logits by which a defining sentence may trail the best one and still open a definition
RESTATED = 0.7  # share of a sentence's words in what is quoted from which it says nothing new; both sides of a comparison are wanted, alike as they are
PLACED = 1.5  # logits by which a passage that speaks of places comes forward when a question asks where
DEFINED = 6.0  # by which a definition stands back when reasons or ways are asked for
MAX_ITEMS = 24
APART = 8  # characters between two passages of one list or table: a line break, and the marker of the next item


_ANNOUNCES = re.compile(r":$|\b(sections?|tables?|lists?|steps?|plans?|examples?|figures?|articles?) below\b", re.I)  # what is not quoted
# "Regulation explains the rules.", "The two are compared more fully in KPO and BPO.": not quoted either.
_REFERS = re.compile(
    r"^(?!The |An? )[A-Z][\w ]{2,60} "
    r"(describes?|covers?|explains?|compares?|discuss(es)?|treats?|sets? out|tells? more|gathers?|gives?(?= the details?)|weighs) "
    r"(the|that|those|what|how|each|such|it|about|.* in (full|detail)\.$)\b(?! .*\baccording\b)(?=.{0,60}\.$)|"
    r"\b(is|are) (compared|described|covered|explained|treated|collected|outlined|set out)( more fully| in detail)? in [A-Z][\w ]+\.$"
)
_LISTED = stems_in("list name tell show give all")  # "List the action items"
# "There are several advantages to using a provider.": what follows says which. Not "There are two ways, such as …", which says so itself.
_PROMISES = re.compile(
    r"(?=there (?:are|were) (?:several|many|various|some|a few|a number of|two|three|four|five) |.*\b(?:as follows|the following (?!day|week|month|year)))"
    r"(?!.*(?:[:;]|\bsuch as\b|\binclud|\bnamely\b))", re.I
)
_ENUMERATES = re.compile(r"(?:[\w'-]+(?: [\w'-]+){0,4}, ){2,}(?:and|or) ")  # "Industries such as law, finance, and insurance use it.": a list in itself
_STEPS = re.compile(r"(step|stage|phase|day|order|no)\b", re.I)  # the first column of a table of steps
_STANDS_FOR = re.compile(r"\balso stands? for\b", re.I)
_DEFINES = re.compile(r"(?:An?|The)? ?(?P<what>[\w' -]+?) ?(?:\([^()]*\) )?(?:is|are) (?:an?|the|any|what|how)\b", re.I)
# "What is the future of KPO?": not what KPO is.
_ASPECT = re.compile(
    r"what(?:'?s| is| are) (?:the|its) (?!(?:full form|meaning|definition|term|concept|idea|notion)s?\b)[\w-]+(?: [\w-]+)? (?:of|in|for|behind)\b", re.I
)
_WHERE = re.compile(r"(where\b|in (which|what) (countr|cit|place|location))", re.I)  # "Where is KPO done?"
# "Which providers do insurance?": some of a table; not "Which are the providers?", nor "What do they do?".
_OF_WHICH = re.compile(r"(?:which|what|who) (?!(?:is|are|was|were|do|does|did|has|have|can|could|should|must|may|will|would)\b)", re.I)
_PARTS = re.compile(r"[,;]|\b(?:and|or)\b")  # of a cell: "encyclopedia entry, KPO explainer", "Trainee or junior analyst"
_PLACE = re.compile(r"\b(places?|locations?|located|countr(y|ies)|cit(y|ies)|regions?|onshore|offshore|nearshore)\b", re.I)


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


@dataclass(frozen=True, slots=True)
class _Read:
    """A passage with what was scored of it; `units` are the scores by place, -inf for what was not scored."""

    passage: Passage
    best: Evidence
    scores: tuple[float, ...]

    @property
    def standing(self) -> float:
        return self.best.passage_score + SENTENCE_SHARE * self.best.score


def compose(
    question: str, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term], view: View, selection: Selection
) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """Segments and citations for a question of this kind. Empty evidence gives neither."""
    if not evidence:
        return (), ()
    worth = selection.weighed(evidence)
    reads = _by_passage(evidence)
    if _WHERE.match(question):
        reads = _moved(reads, lambda read: PLACED * bool(_PLACE.search(read.best.text)))
    if kind == "comparison":
        reads = _of_all_sides(question, reads, terms)
    elif kind != "yes-no":  # no section on benefits for "What are the disadvantages?", and none on risks for "What are the benefits?"
        reads = [read for read in reads if not says_opposite(question, read.passage.heading, DEGREES)] or reads
        reads = [read for read in reads if not is_bad_side(question, read.passage.heading)] or reads
    if kind == "why":  # "How is confidential information protected?" asks for ways before it asks what that is
        reads = _moved(reads, lambda read: -DEFINED * (read.passage.kind == "definition"))
    pieces: list[Piece] = []
    if kind in ("list", "steps", "comparison"):
        pieces = _shaped(question, kind, reads, evidence, terms, view)
        if pieces and kind != "comparison":
            pieces = _prefaced(pieces, reads, worth)
    if not pieces:
        defining = _defining(question, kind, evidence, terms) if kind in ("definition", "abbreviation") else []
        if kind == "definition" and not defining:
            reads = _on_the_thing(question, reads, terms)
        pieces = _told(question, kind, reads, defining, view, worth)
    pieces = _headed(pieces, view)
    if kind == "comparison":
        pieces = [*pieces, *_other_side(question, pieces, terms, view)]
    if kind not in ("definition", "abbreviation"):
        pieces = _in_order(pieces)
    return _cited([*pieces, *_disputing(pieces, evidence)], view)


def _prefaced(listed: Sequence[Piece], reads: Sequence[_Read], worth: Worth) -> list[Piece]:
    """A list or table with what the best passage says, when that stands elsewhere and defines nothing again: before it, as a preface.

    But behind it where it follows in the document and is hardly better: it may count on the list as known ("Steps five to seven repeat …").
    """
    best, passages = reads[0], [piece.passage for piece in listed]
    preface = [] if best.passage in passages else _picked(best, best.best.at, PREFACE_WORDS, worth, sure=False)
    if any(_defined_again(piece.text, listed) for piece in preface):
        return list(listed)
    of_list = next((read for read in reads if read.passage in passages), best)
    follows = best.passage.document == of_list.passage.document and best.passage.start > of_list.passage.start
    return [*listed, *preface] if follows and of_list.standing >= best.standing - LIST_MARGIN else [*preface, *listed]


def _by_passage(evidence: Sequence[Evidence]) -> list[_Read]:
    """The passages that were read, the best first; a reader's opinion behind."""
    grouped: dict[str, list[Evidence]] = {}
    for e in evidence:
        grouped.setdefault(e.passage.id, []).append(e)
    reads = []
    for found in grouped.values():
        scores = {e.at: e.score for e in found}
        best = max(found, key=lambda e: (e.score, -e.at))
        reads.append(_Read(best.passage, best, tuple(scores.get(at, -inf) for at in range(len(best.passage.units)))))
    return sorted(reads, key=lambda read: (read.passage.kind == "comment", -read.standing, read.best.rank))


def _moved(reads: Sequence[_Read], by: Callable[[_Read], float]) -> list[_Read]:
    """The passages in the order of their standing with what moves each forward; a reader's opinion stays behind."""
    return sorted(reads, key=lambda read: (read.passage.kind == "comment", -read.standing - by(read)))


def _of_all_sides(question: str, reads: Sequence[_Read], terms: Sequence[Term]) -> list[_Read]:
    """For a comparison the passages that name all its sides, then definitions of these; all that were read when none names them all.

    Not what stands under a heading that compares one of them with something else.
    """
    sides = [names_of(side, terms) for side in sides_of(question)]
    whole = [
        read for read in reads if all(is_named(names, read.passage.text) for names in sides)
        if read.passage.kind != "prose" or not sides_of(read.passage.heading) or all(is_named(names, read.passage.heading) for names in sides)
    ]
    defined = [read for read in reads if read.passage.kind == "definition" and any(is_named(names, read.passage.heading) for names in sides)]
    return [*whole, *(read for read in defined if read not in whole)] if whole else list(reads)


def _on_the_thing(question: str, reads: Sequence[_Read], terms: Sequence[Term]) -> list[_Read]:
    """Of the passages the best one and those that name what is asked for: what KPO is tells nothing of "What is knowledge transfer?".

    All when the question's words do not show what it asks for.
    """
    subject = content_words(question)
    names = [" ".join(content_words(phrase_of(plain(question)))), *(name for term in central(terms, subject) for name in (term.name, *term.abbreviations))]
    return [read for read in reads if read == reads[0] or is_named(names, f"{read.passage.heading} {read.passage.text}")]


def _defining(question: str, kind: Kind, evidence: Sequence[Evidence], terms: Sequence[Term]) -> list[Evidence]:
    """The sentences that define what the question is about, the best first; none when they trail what was found otherwise, or one side of it is asked for.

    One a document for each term that the question may mean; for the meaning of an abbreviation one in all for each.
    """
    subject = content_words(question)
    if _ASPECT.match(question) and not is_defined(terms, subject):
        return []
    about = central(terms, subject)[:1]
    names = {name.lower() for term in about for name in (term.name, *term.abbreviations)}
    asked = {(t.document, t.start): t.name.lower() for t in terms if t.defines and names & {name.lower() for name in (t.name, *t.abbreviations)}}
    found: dict[tuple[str, str], Evidence] = {}
    for e in evidence:
        place = e.passage.document, e.unit.start
        if place in asked and e.score >= evidence[0].score - DEFINING_MARGIN:
            found.setdefault((e.passage.document if kind == "definition" else "", asked[place]), e)
    return list(found.values()) or labelled(question, kind, evidence)


def _subject_of(text: str) -> set[str]:
    """The stems of the words that carry a text's subject."""
    return stems_in(" ".join(content_words(text)))


def labelled(question: str, kind: Kind, evidence: Sequence[Evidence]) -> list[Evidence]:
    """The best item that says what it is about, "Scalability: …", when a question for a definition is about just that."""
    asked = _subject_of(question)
    items = (e for e in evidence if kind == "definition" and e.unit.marker and ":" in e.text)
    return [e for e in items if _subject_of(e.text.partition(":")[0]) == asked][:1]


def is_headed(question: str, kind: Kind, evidence: Sequence[Evidence]) -> bool:
    """Has a list or table that was read just what the question asks to be listed for its heading? Its items need not say "action items" again."""
    asked = _subject_of(question) - _LISTED
    shapes = {e.passage.heading for e in evidence if kind in ("list", "steps") and _has_shape(e.passage, kind)}
    return any(asked == {stem for stem in _subject_of(heading) if stem.isalpha()} for heading in shapes)


def _told(question: str, kind: Kind, reads: Sequence[_Read], defining: Sequence[Evidence], view: View, worth: Worth) -> list[Piece]:
    """What the best passages say around their best sentences; defining sentences open the answer."""
    by_id = {read.passage.id: read for read in reads}
    centres = [(by_id[e.passage.id], e.at) for e in defining]
    centres = centres or [(read, read.best.at) for read in reads]
    alike = 1.0 if kind == "comparison" else RESTATED
    pieces: list[Piece] = []
    told = 0
    for read, centre in centres[: max(1, len(defining)) if kind == "abbreviation" else PASSAGES]:
        if pieces and read.standing < centres[0][0].standing - STANDING_MARGIN:
            break
        comes_whole = read.passage.kind == "list" or kind == "yes-no" and read.passage.kind == "row"
        if pieces and comes_whole and read.best.score < centres[0][0].best.score - FURTHER_MARGIN:
            continue
        if any(_restates(read.passage.quote(read.passage.units[centre]), piece.text, alike) for piece in pieces):
            continue
        if pieces and _is_beside(question, kind, read, pieces):
            continue
        room = MAX_WORDS - told
        # A numbered list is never cut; behind two sections that say something already, all of it would crowd them out.
        told_of = {(piece.passage.document, piece.passage.heading) for piece in pieces}
        whole = _is_ordered(read.passage) and kind == "why" and (len(told_of) < 2 or (read.passage.document, read.passage.heading) in told_of)
        table = _looked_up(question, read, view)
        if any(piece.passage == row.passage for piece in pieces for row in table):  # it was looked up for another of its rows
            continue
        table = table or (_whole_table(read, view) if kind == "yes-no" else [])
        if read.passage.kind == "list":
            more = _one_of_list(question, read, kind, view) or _from_list(read, view, room, whole=whole or not pieces)
        elif table and _size(table) <= room:
            more = table
        else:
            wanted = 0 if kind == "abbreviation" and defining else room  # the sentence that spells it out is enough
            found = _DEFINES.match(read.passage.quote(read.passage.units[centre])) if kind == "definition" and not pieces else None
            leads = found is not None and _subject_of(found["what"]) <= _subject_of(question)  # what defines the thing asked for comes first
            more = _picked(read, centre, wanted, worth, pieces, sure=not pieces or bool(defining), leads=leads)
            if kind == "abbreviation":  # "… The letters also stand for something else."
                others = [unit for unit in read.passage.units if _STANDS_FOR.search(read.passage.quote(unit)) and all(unit.start >= one.end for one in more)]
                more = _joined([*more, *(Piece("quote", read.passage, unit.start, unit.end, 0.0) for unit in others)])
            more += _announced(more, read, pieces, view, table=kind == "why" and not pieces and read.passage.kind != "row")
        if pieces and told + _size(more) > MAX_WORDS and not whole:
            continue
        pieces += more
        told += _size(more)
    return pieces


def _is_beside(question: str, kind: Kind, read: _Read, pieces: Sequence[Piece]) -> bool:
    """Is a further passage beside the point? A definition where reasons are asked for, or of what is defined already; for a fact what is of something else."""
    asked = _subject_of(question)
    if read.passage.kind == "definition":
        again = kind in ("fact", "steps", "comparison", "yes-no") and _defined_again(read.passage.quote(read.passage.units[0]), pieces)
        name, short = split_name(read.passage.heading)
        other = kind == "fact" and not any(2 * len(stems_in(called) & asked) > len(stems_in(called)) for called in (name, *short))
        return kind == "why" or again or other
    return kind in ("fact", "definition") and read.passage.kind == "row" and not stems_in(read.best.text.partition(" | ")[0]) & asked


def _defined_again(sentence: str, pieces: Sequence[Piece]) -> bool:
    """Does a sentence say what a thing is that a quote says already?"""
    found = _DEFINES.match(sentence)
    told = (_DEFINES.match(said) for piece in pieces for said in sentences(piece.text))
    return found is not None and any(one and one["what"].lower() == found["what"].lower() for one in told)


def _picked(read: _Read, centre: int, room: int, worth: Worth, told: Sequence[Piece] = (), *, sure: bool, leads: bool = False) -> list[Piece]:
    """The units of a passage that make the answer that is `told` better, in at most `room` words, in their order, neighbours as one quote.

    What points back brings what it points to, and what promises something the sentence after it, or they stay out. A unit at the `centre` that is
    `sure` is always there, however long it is, and if it `leads`, with nothing in front but that. A definition is quoted up to it where there is room.
    """
    passage = read.passage
    sizes = [len(passage.quote(unit).split()) for unit in passage.units]
    said = {place for piece in told for place in _places(piece)}

    def expected(places: set[int]) -> float:
        return worth.expected(said | {(passage.id, at) for at in places})

    up_to = passage.kind == "definition" and sum(sizes[: centre + 1]) <= room
    first = _with_promised(passage, set(range(centre + 1)) if up_to else _with_antecedents(passage, centre))
    chosen = first if sure or up_to and expected(first) > expected(set()) else set[int]()
    for at in sorted(range(len(sizes)), key=lambda at: (-worth.of((passage.id, at)), at)):
        more = chosen | _with_promised(passage, _with_antecedents(passage, at))
        stands = min(more) == min(chosen, default=-1) or not _points_back(passage, min(more))
        stands = stands and not (leads and min(more) < min(first))
        fits = stands and sum(sizes[one] for one in more) <= room and not _promises(passage, max(more))
        if fits and expected(more) > expected(chosen) and (at == centre or not refers(passage.quote(passage.units[at]))):
            chosen = more
    units = [passage.units[at] for at in sorted(chosen)]
    return _joined([Piece(_shape(passage, unit), passage, unit.start, unit.end, read.scores[centre], unit.marker) for unit in units])


def _places(piece: Piece) -> list[Place]:
    """The units of its passage that a piece quotes."""
    return [(piece.passage.id, at) for at, unit in enumerate(piece.passage.units) if piece.start <= unit.start < piece.end]


def _with_antecedents(passage: Passage, at: int) -> set[int]:
    """The place of a unit, with those before it that it points back to."""
    first = at
    while first > 0 and _points_back(passage, first):
        first -= 1
    return set(range(first, at + 1))


def _with_promised(passage: Passage, chosen: set[int]) -> set[int]:
    """These places, with that of the sentence behind them when the last of them promises it; the passage may end before that."""
    after = max(chosen) + 1
    return chosen | {after} if after < len(passage.units) and _promises(passage, after - 1) else chosen


def _promises(passage: Passage, at: int) -> bool:
    return passage.kind == "prose" and _PROMISES.match(passage.quote(passage.units[at])) is not None


def refers(sentence: str) -> bool:
    """Does a sentence only say where something else stands?"""
    return _ANNOUNCES.search(sentence) is not None or _REFERS.search(sentence) is not None


def _points_back(passage: Passage, at: int) -> bool:
    return passage.kind != "row" and not passage.units[at].marker and dangles(passage.quote(passage.units[at]))


def _shape(passage: Passage, unit: Unit) -> SegmentKind:
    return "row" if passage.kind == "row" else "item" if unit.marker else "quote"


def _shaped(question: str, kind: Kind, reads: Sequence[_Read], evidence: Sequence[Evidence], terms: Sequence[Term], view: View) -> list[Piece]:
    """The best list or table, whole: its lead-in, then every item with its own citation. Empty when nothing has that shape."""
    near = [read for read in reads if read.standing >= max(other.standing for other in reads) - LIST_MARGIN]
    if kind == "comparison":
        best = max(read.best.passage_score for read in reads)
        tables = [read for read in near if read.passage.kind == "row" and read.best.passage_score >= best and " | " in read.passage.context]
        sides = [names_of(side, terms) for side in sides_of(question)]
        section = [p for p in view.passages_of(reads[0].passage.document) if p.heading == reads[0].passage.heading and p.kind == "row"]
        tables += [read for p in section if _of_sides(sides, _whole_table(read := _Read(p, reads[0].best, ()), view))]
        return _compared(sides, tables[0], evidence, view) if tables else []
    # Of another document nothing whose items say far less on the question than what is best, and nothing that is announced as something else;
    # a definition says much, and need not say what is listed.
    told = next((read for read in reads if read.passage.kind != "definition"), reads[0])
    on_it = [
        read for read in reads
        if read.passage.document == told.passage.document or read.standing >= told.standing - STANDING_MARGIN and _is_meant(question, read, terms, view)
    ]
    shapes = [read for read in near if read in on_it and _has_shape(read.passage, kind)]
    if shapes:
        chosen = max(shapes, key=lambda read: (kind == "steps" and _is_ordered(read.passage), read.standing))
        return _whole_list(chosen, view) or _asked_rows(question, chosen, view)
    # No list stands out: the one in the section of a good passage.
    beside = (
        _Read(p, read.best, ()) for read in reads[:2] if read in on_it for p in view.passages_of(read.passage.document)
        if p.heading == read.passage.heading != "" and _has_shape(p, kind) and not (p.start < read.passage.start and _ENUMERATES.search(read.best.text))
    )
    # Else one that certainly speaks of it, of an article whose opening is the best passage: an opening announces what the sections list.
    article = view.passages_of(reads[0].passage.document)
    further = (
        read for read in reads
        if reads[0].passage == article[0] and read.passage in article and read.best.passage_score >= CLEAR and _has_shape(read.passage, kind)
    )
    return next((pieces for read in (*beside, *further) if (pieces := _whole_list(read, view) or _asked_rows(question, read, view))), [])


def _is_meant(question: str, read: _Read, terms: Sequence[Term], view: View) -> bool:
    """Does a list's or table's heading, lead-in or header share a word with the question, other than the names of the terms in it?

    "Common KPO services" has none of "pros of using KPO". True of a question that has no other words.
    """
    asked = _subject_of(question) - stems_in(" ".join(name for term in terms for name in (term.name, *term.abbreviations)))
    lead = " ".join(piece.text for piece in _lead_in(read, view)) if read.passage.kind == "list" else header_of(read.passage)
    return not asked or bool(asked & stems_in(f"{read.passage.heading} {lead}"))


def _has_shape(passage: Passage, kind: Kind) -> bool:
    """Is the passage of a list or a table, such as a question of this kind may mean?"""
    return passage.kind == "list" or passage.kind == "row" and (kind != "steps" or _STEPS.match(header_of(passage)) is not None)


def _is_ordered(passage: Passage) -> bool:
    return any(unit.marker[:1].isdigit() for unit in passage.units)


def _whole_list(read: _Read, view: View) -> list[Piece]:
    """All items of the list that a passage belongs to, with its lead-in; none for a passage of another kind."""
    if read.passage.kind != "list":
        return []
    pieces = [
        Piece(_shape(passage, unit), passage, unit.start, unit.end, read.best.passage_score, unit.marker)
        for passage in _family(read.passage, view) for unit in passage.units
    ]
    return _joined(pieces[: MAX_ITEMS + 1])


def _one_of_list(question: str, read: _Read, kind: Kind, view: View) -> list[Piece]:
    """The item that answers a question for one thing, or two, under the sentence that announces the list. Empty when none stands out, or all are asked for.

    One whose label is asked about ("Legal occupations: …") stands out, whatever the scores. For yes or no only one of three or more that says by far
    the most ("May I name the client?": one of five rules), under all that the passage says before.
    """
    items, announcing = _items(read), _lead_in(read, view)
    lead = max((score for unit, score in zip(read.passage.units, read.scores, strict=True) if not unit.marker), default=-inf)
    if kind == "yes-no":
        one = [item for item in items if item.score > max(lead, *(other.score for other in items if other != item)) + ITEM_MARGIN] if len(items) > 2 else []
        return _joined([*announcing, *one]) if one else []
    if kind in ALL_ITEMS:
        return []
    announcing = announcing if any(dangles(piece.text) for piece in announcing[-1:]) else announcing[-1:]
    named = [item for item in items if stems_in(item.text.partition(":")[0]) <= stems_in(question)]
    if len(named) == 1:
        return _joined([*announcing, *named])
    if lead > max((item.score for item in items), default=-inf) + LEAD_MARGIN:
        return []
    near = [item for item in items if item.score >= max(other.score for other in items) - FOCUS_MARGIN]
    return _joined([*announcing, *near]) if len(near) in (1, 2) else []


def _items(read: _Read) -> list[Piece]:
    """The items of a passage that were scored, in their order."""
    return [
        Piece("item", read.passage, unit.start, unit.end, score, unit.marker)
        for unit, score in zip(read.passage.units, read.scores, strict=True) if unit.marker and score > -inf
    ]


def _lead_in(read: _Read, view: View) -> list[Piece]:
    """What announces the list that a passage belongs to."""
    passage = _family(read.passage, view)[0]
    return [Piece("quote", passage, unit.start, unit.end, read.best.score) for unit in passage.units if not unit.marker]


def _announced(pieces: Sequence[Piece], read: _Read, before: Sequence[Piece], view: View, *, table: bool) -> list[Piece]:
    """The list or table that follows a quotation which only announces it ("… in these ways:"), or the `table` behind a passage's last sentence.

    Empty for any other, and when what is quoted `before` holds the part of it that was asked for.
    """
    if not pieces:
        return []
    announced = pieces[-1].text.endswith(":")
    following = next((p for p in view.passages_of(read.passage.document) if p.start >= read.passage.end), None)
    if following is None or following.heading != read.passage.heading:
        return []
    if not announced and not (table and following.kind == "row" and pieces[-1].end == read.passage.units[-1].end):
        return []
    after = _Read(following, read.best, ())
    whole = _whole_table(after, view) or _whole_list(after, view)
    return [] if any(one.passage == piece.passage for one in before for piece in whole) else _within(whole, MAX_WORDS)


def _from_list(read: _Read, view: View, room: int, *, whole: bool) -> list[Piece]:
    """The list of a passage, all of it when it fits into `room` words; else its lead-in with the best of the passage's items, in their order.

    Empty when not even the lead-in and an item fit. A numbered list is never cut ("The stages are:" and then 2 and 4): it is there `whole` or not at all.
    """
    everything = _whole_list(read, view)
    if _size(everything) <= room or (whole and _is_ordered(read.passage)):
        return everything
    if _is_ordered(read.passage):
        return []
    lead = _lead_in(read, view)
    items = sorted(_items(read), key=lambda item: (-item.score, item.start))
    best = _within([item for item in items if item.score >= items[0].score - ITEM_MARGIN], room - _size(lead))
    fits = best and _size([*lead, *best]) <= room
    return _joined([*lead, *sorted(best, key=lambda item: item.start)]) if fits else []


def _whole_table(read: _Read, view: View) -> list[Piece]:
    """All rows of the table that a row belongs to; none for a passage of another kind, or for a row without others."""
    family = _family(read.passage, view)
    if read.passage.kind != "row" or len(family) < 2 or not header_of(read.passage):
        return []
    return [Piece("row", passage, passage.start, passage.end, read.best.passage_score) for passage in family][:MAX_ITEMS]


def _looked_up(question: str, read: _Read, view: View) -> list[Piece]:
    """The rows of a row's table that the question looks up: those that begin with a name in it ("Does WNS …"), else those whose cells, or parts of cells,
    that it holds every word of (all of "Client" for "… the risk on the client") have the most of its words: of "Search | Analyst" and
    "Search | Senior analyst" the second for "… of a search by a senior analyst".

    Empty when none has, or all have, which tells nothing.
    """
    asked = _subject_of(question)
    names = [name for name in map(stems_in, names_in(question)) if not name <= stems_in(read.passage.context)]  # not what the whole table is about

    def held(row: Piece) -> int:
        cells = (stems_in(part) for cell in row.text.split(" | ") for part in _PARTS.split(cell))
        return len(set[str]().union(*(said for said in cells if said <= asked)))

    rows = _whole_table(read, view)
    named = [row for row in rows if any(name <= stems_in(row.text.partition(" | ")[0]) for name in names)]
    most = max(map(held, rows), default=0)
    found = named or [row for row in rows if most and held(row) == most]
    return found if len(found) < len(rows) else []


def _asked_rows(question: str, read: _Read, view: View) -> list[Piece]:
    """The rows of a row's table that "which …?" asks for: those that begin with a name in the question, else those that hold the most of its words.

    All when these are not the same words in two rows or more: one word of one row may stand there by chance. What a cell denies is not in it.
    """
    rows = _whole_table(read, view)
    if not _OF_WHICH.match(question) or is_negated(question):
        return rows
    about = stems_in(f"{read.passage.context} {read.passage.heading}")
    names = [name for name in map(stems_in, names_in(question)) if not name <= about]
    named = [row for row in rows if any(name <= stems_in(row.text.partition(" | ")[0]) for name in names)]
    asked = _subject_of(question) - about
    held = [asked & stems_in(" ".join(cell for cell in row.text.split(" | ")[1:] if not is_negated(cell))) for row in rows]
    most = max(held, key=len, default=set())
    best = [row for row, words in zip(rows, held, strict=True) if words == most]
    sure = most and len(best) > 1 and all(words == most for words in held if len(words) == len(most))
    return named or (best if sure else rows)


def _compared(sides: Sequence[Sequence[str]], table: _Read, evidence: Sequence[Evidence], view: View) -> list[Piece]:
    """A table that compares, after the sentence that says the difference best; of one with a row for each side only these rows."""
    said = [e for e in evidence if e.passage.kind not in ("row", "list") and not e.dangles and e.score > 0]
    rows = _whole_table(table, view)
    rows = _of_sides(sides, rows) or rows
    return [*(Piece("quote", e.passage, e.unit.start, e.unit.end, e.score) for e in said[:1]), *_within(rows, MAX_WORDS)] if rows else []


def _of_sides(sides: Sequence[Sequence[str]], rows: Sequence[Piece]) -> list[Piece]:
    """The rows that are each about one of the sides, by their first cell; none unless every side has one."""
    own = [[row for row in rows if is_named(names, row.text.partition(" | ")[0])] for names in sides]
    return [row for row in rows if any(row in of_one for of_one in own)] if own and all(own) else []


def _family(passage: Passage, view: View) -> list[Passage]:
    """The passages of the same list or table, which was cut where it was too long for the model."""
    near = [p for p in view.passages_of(passage.document) if p.kind == passage.kind and p.heading == passage.heading]
    first = last = near.index(passage)
    while first > 0 and not _opens_list(near[first]) and near[first].start - near[first - 1].end <= APART:
        first -= 1
    while last + 1 < len(near) and not _opens_list(near[last + 1]) and near[last + 1].start - near[last].end <= APART:
        last += 1
    return near[first : last + 1]


def cut_lists(kind: Kind, segments: Sequence[Segment], citations: Sequence[Citation], view: View) -> list[tuple[int, int]]:
    """How many items are shown of each list that is cut, and how many it has; not of one from which an item or two were asked for."""
    shown: dict[str, list[int]] = {}
    for segment in segments:
        cited = next((c for c in citations if segment.kind == "item" and c.marker == segment.marker), None)
        passage = next((p for p in view.passages_of(cited.document) if p.start <= cited.start < p.end), None) if cited else None
        if passage and passage.kind == "list":
            family = _family(passage, view)
            counted = shown.setdefault(family[0].id, [0, sum(bool(unit.marker) for member in family for unit in member.units)])
            counted[0] += 1
    return [(n, of) for n, of in shown.values() if n < of and (kind in ALL_ITEMS or n > 2)]


def _opens_list(passage: Passage) -> bool:
    return passage.kind == "list" and not passage.units[0].marker


def _other_side(question: str, pieces: Sequence[Piece], terms: Sequence[Term], view: View) -> Iterator[Piece]:
    """For each side of a comparison that no quote names: what defines it, when the documents do."""
    quoted = " ".join(piece.text for piece in pieces)
    for side in sides_of(question) or dict.fromkeys(term.name for term in terms if term.defines):
        term = term_named(side, terms)
        if term is None or is_named(names_of(side, terms), quoted):
            continue
        passage = view.passages([term.passage]).get(term.passage)
        unit = next((u for u in passage.units if u.start == term.start), None) if passage else None
        if passage and unit:
            yield Piece("quote", passage, unit.start, unit.end, 0.0)


def _disputing(pieces: Sequence[Piece], evidence: Sequence[Evidence]) -> list[Piece]:
    """The best sentence of another document that disagrees with what is quoted; none when none does."""
    quoted = {piece.passage.document for piece in pieces}
    said = [sentence for piece in pieces for sentence in sentences(piece.text)]
    for e in evidence:
        if e.passage.document not in quoted and e.score > 0 and not e.dangles and any(disagree(e.text, sentence) for sentence in said):
            return [Piece(_shape(e.passage, e.unit), e.passage, e.unit.start, e.unit.end, e.score, e.unit.marker)]
    return []


def _in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """What is quoted of one section in the order in which it stands there, at the place of the section's first quote."""
    places: dict[tuple[str, str], int] = {}
    for piece in pieces:
        places.setdefault((piece.passage.document, piece.passage.heading), len(places))
    return _joined(sorted(pieces, key=lambda piece: (places[piece.passage.document, piece.passage.heading], piece.start)))


def _headed(pieces: Sequence[Piece], view: View) -> list[Piece]:
    """A table of two rows or more after the sentence that announces it, unless that is quoted or one of the quotes before it announces something."""
    rows = [at for at, piece in enumerate(pieces) if piece.kind == "row"]
    if len(rows) < 2 or any(piece.text.endswith(":") for piece in pieces[: rows[0]]):
        return list(pieces)
    row = pieces[rows[0]].passage
    before = [p for p in view.passages_of(row.document) if p.heading == row.heading and p.end <= row.start and p.kind != "row"]
    lead = [Piece("quote", p, p.units[-1].start, p.units[-1].end, 0.0) for p in before[-1:]]
    lead = [piece for piece in lead if piece.text.endswith(":") and not dangles(piece.text) and all(piece.text not in other.text for other in pieces)]
    return [*pieces[: rows[0]], *lead, *pieces[rows[0] :]]


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


def _size(pieces: Iterable[Piece]) -> int:
    return sum(len(piece.text.split()) for piece in pieces)


def _within(pieces: Iterable[Piece], limit: int) -> list[Piece]:
    kept: list[Piece] = []
    for piece in pieces:
        if kept and _size([*kept, piece]) > limit:
            break
        kept.append(piece)
    return kept


def _restates(sentence: str, quoted: str, share: float) -> bool:
    """Does the quotation hold this share of the sentence's words, and every figure in it?"""
    new, said = (_subject_of(text) for text in (sentence, quoted))
    return len(new & said) >= share * len(new) and not any(word[:1].isdigit() for word in new - said)


def _cited(pieces: Sequence[Piece], view: View) -> tuple[tuple[Segment, ...], tuple[Citation, ...]]:
    """Each piece as a segment with a citation of its own, numbered in the order of reading; rows under their table's header."""
    documents: dict[str, Document] = {}
    segments: list[Segment] = []
    citations: list[Citation] = []
    header = ""
    for marker, piece in enumerate(pieces, 1):
        id = piece.passage.document
        document = documents.get(id) or view.document(id)
        if document is None:
            raise ValueError(f"{id} is not in the catalog that its passage came from")
        documents[id] = document
        if header_of(piece.passage) not in ("", header):
            segments.append(Segment("own", header_of(piece.passage)))
        header = header_of(piece.passage)
        citations.append(Citation.of(marker, document, piece.passage, piece.start, piece.end, piece.score))
        segments.append(Segment(piece.kind, piece.text, marker, piece.label))
    return tuple(segments), tuple(citations)
