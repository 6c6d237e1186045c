"""Drafts: cases proposed from the headings, definitions, lists and tables of an indexed document, for a person to accept, edit or strike out."""

import re
from collections.abc import Iterator, Sequence

from corpus.document import Document, Passage, header_of
from corpus.terms import Term, split_name
from evals.cases import Case, CaseSet, Place

PHRASE_WORDS = 5  # of a sentence that must be said: enough to know it by, few enough to survive an edit of the rest
LABEL_WORDS = 6  # a list item's or a cell's opening that must be said
MAX_ITEMS = 12  # a longer list is seldom quoted whole
NOTE = "Draft: check the question, and what must be said."
_VERBS = r"(?:is|are|means?|refers? to|stands? for|describes?|covers|consists? of)"
_LEAD = re.compile(r"(?P<what>.+?) (?P<verb>is|are|was|were|include|includes)(?: the following| these| as follows)?:", re.S)
_SKIPPED = {"see also", "contents", "table of contents", "references", "further reading", "sources"}  # lists of links, not of answers
_WEAK = frozenset(re.findall(r"\w+", "a an and are as at be by for from how in is it of on or so than that the to what when which who with"))
_ASKS = re.compile(r"(how|why|what|when|where|who|which)\b", re.I)


def draft(document: Document, passages: Sequence[Passage], terms: Sequence[Term]) -> CaseSet:
    """Cases that `document` should answer, in reading order, none asked twice.

    `passages` are the document's, in reading order; `terms` may hold those of other documents, which are passed over. A document without
    headings, definitions, lists and tables gives a set without cases.
    """
    mine = [term for term in terms if term.document == document.id]
    passages = [passage for passage in passages if passage.heading.casefold() not in _SKIPPED]
    proposals = sorted(
        [*_definitions(mine, passages), *_lists(document, passages), *_tables(passages), *_headings(document, passages)], key=lambda found: found[0]
    )
    cases: dict[str, Case] = {}
    asked: set[str] = set()
    for _, kind, question, must_say, passage in proposals:
        if question.casefold() in asked:
            continue
        asked.add(question.casefold())
        place = Place(document=document.id, heading=passage.heading or None)
        name = slug(question, cases)
        cases[name] = Case(id=name, question=question, tags=("draft", kind), must_say=must_say, must_cite=(place,), notes=NOTE)
    return CaseSet(slug(document.id.rpartition("/")[2].partition(".")[0], ()), f"Drafted from {document.id}.", tuple(cases.values()))


Proposal = tuple[int, str, str, tuple[str, ...], Passage]


def _definitions(terms: Sequence[Term], passages: Sequence[Passage]) -> Iterator[Proposal]:
    by_id = {passage.id: passage for passage in passages}
    for term in terms:
        passage = by_id.get(term.passage)
        if passage is None:
            continue
        if term.defines:
            yield term.start, "definition", f"What is meant by {_lowered(term.name)}?", _nonempty(_key_phrase(term.definition)), passage
        for short in term.abbreviations:
            yield term.start, "abbreviation", f"What does {short} stand for?", (term.name,), passage


def _lists(document: Document, passages: Sequence[Passage]) -> Iterator[Proposal]:
    for passage in passages:
        if passage.kind != "list":
            continue
        items = [passage.quote(unit) for unit in passage.units]
        lead = items.pop(0) if items and items[0].endswith(":") and not passage.units[0].marker else ""
        found = _LEAD.fullmatch(re.split(r"(?<=[.!?])\s", lead)[-1])  # the sentence that announces the list, without those before it
        steps = bool(passage.units) and passage.units[-1].marker[:-1].isdigit()
        if passage.heading.endswith("?"):
            question = passage.heading
        elif found:
            verb = {"include": "are", "includes": "is"}.get(found["verb"], found["verb"])
            question = f"What {verb} {_lowered(found['what'])}?"
        elif steps:
            question = f"What are the steps of {_lowered(passage.heading or document.title)}?"
        else:
            question = f"What belongs to {_lowered(passage.heading or document.title)}?"
        if 1 < len(items) <= MAX_ITEMS:
            yield passage.start, "steps" if steps else "list", question, tuple(dict.fromkeys(filter(None, map(_label, items)))), passage


def _tables(passages: Sequence[Passage]) -> Iterator[Proposal]:
    for passage in passages:
        cells = [cell.strip() for cell in passage.text.split(" | ")]
        header = [cell.strip() for cell in header_of(passage).split(" | ")]
        if passage.kind != "row" or len(cells) < 2 or len(header) != len(cells) or not cells[0]:
            continue
        columns = [_lowered(name) for name in header[1:]]
        if len(columns) > 1 and all(name[:1].isupper() for name in columns):  # KPO, BPO: things set side by side
            question = f"How do {', '.join(columns[:-1])} and {columns[-1]} compare in {_lowered(cells[0])}?"
        elif len(columns) > 1:
            question = f"{cells[0]}: {', '.join(columns[:-1])} and {columns[-1]}?"
        else:
            question = f"What is the {columns[0]} of {_lowered(cells[0])}?"
        yield passage.start, "table", question, tuple(dict.fromkeys(filter(None, map(_label, cells[1:])))), passage


def _headings(document: Document, passages: Sequence[Passage]) -> Iterator[Proposal]:
    seen = {"", document.title}
    for passage in passages:
        if passage.heading in seen or passage.kind == "comment":
            continue
        seen.add(passage.heading)
        if passage.kind != "prose":
            continue  # a definition, a list or a table under it is asked for already
        first = passage.quote(passage.units[0])
        yield passage.start, "heading", _as_question(passage.heading, document.title), _nonempty(_key_phrase(first)), passage


def _as_question(heading: str, title: str) -> str:
    if heading.endswith("?"):
        return heading
    if _ASKS.match(heading):
        return f"{heading}?"
    return f"What do the documents say about {_lowered(heading)}, under {title}?" if title else f"What do the documents say about {_lowered(heading)}?"


def _lowered(text: str) -> str:
    """A heading within a sentence: "Service levels" as "service levels"; "KPO and BPO" stays."""
    text = split_name(text.strip())[0]
    first = text.partition(" ")[0]
    return text if sum(letter.isupper() for letter in first) > 1 else text[:1].lower() + text[1:]


def _key_phrase(sentence: str) -> str:
    """The first words after the verb of a sentence, verbatim: what a right answer cannot do without."""
    found = re.search(rf"\b{_VERBS}\s+(?:an?\s+|the\s+)?", sentence)
    return _first(sentence[found.end() :] if found else sentence, PHRASE_WORDS)


def _label(item: str) -> str:
    """How a list item or a cell begins: its label before a colon, else its first words."""
    head, colon, _ = item.partition(":")
    return _first(head if colon and len(head.split()) <= LABEL_WORDS else item, LABEL_WORDS)


def _first(text: str, words: int) -> str:
    """The first words of the text's first clause, verbatim."""
    clause = re.split(r"[,;:(]|\.(?:\s|$)", text.strip())[0].split()
    while clause and clause[0].lower() in _WEAK:
        del clause[0]
    clause = clause[:words]
    while clause and clause[-1].lower() in _WEAK:
        del clause[-1]
    return " ".join(clause).strip(" .\"'“”‘’")


def _nonempty(phrase: str) -> tuple[str, ...]:
    return (phrase,) if phrase else ()


def slug(text: str, taken: Sequence[str] | dict[str, Case]) -> str:
    """An id in the manner of "what-is-kpo", with a number behind when it is taken; "case" for a text without letters and digits."""
    plain = "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    while len(plain) > 60:
        plain = plain.rpartition("-")[0] or plain[:60]
    name, n = plain or "case", 2
    while name in taken:
        name, n = f"{plain or 'case'}-{n}", n + 1
    return name
