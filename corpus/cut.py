"""A document is cut along its structure into passages: what belongs together is found and quoted together."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from corpus.document import Document, Passage, PassageKind, Placed, Unit, cover, embedded_text
from corpus.sentences import pieces, says_what, sentences

SCHEME = 5  # raised when documents are read, passages cut or terms harvested differently; a catalog with another number must be rebuilt
# Tokens of running text a passage aims for. Shorter passages rerank faster (the cross-encoder dominates a question's time),
# longer ones keep more of what a sentence refers to.
PROSE_TOKENS = 160
CONTEXT_SHARE = 0.4  # of the model's window at most; the outer headings are dropped first
LABEL_WORDS = 8  # a list item as short as this that ends in a colon belongs to the items after it

Count = Callable[[str], int]

# Sections that only lead elsewhere: part of the document's text, but nothing to answer from.
_NAVIGATION = re.compile(r"see also|further reading|related (articles?|topics?|links|reading|documents)|(table of )?contents|on this page|external links", re.I)
_LEADS_ELSEWHERE = re.compile(r"(related terms|read more|see also|further reading): ", re.I)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run of blocks stands."""

    headings: tuple[str, ...]

    @property
    def nearest(self) -> str:
        return self.headings[-1] if self.headings else ""


def cut(document: Document, count: Count, window: int) -> list[Passage]:
    """The passages of `document`, in reading order; spans do not overlap.

    `count` gives the tokens of a text as the embedding model counts them, `window` is how many it reads; context and text
    together never exceed it. Sections that only lead elsewhere ("See also") give no passages.
    """
    passages: list[Passage] = []
    for place, blocks in _sections(document):
        if _NAVIGATION.fullmatch(place.nearest):
            continue
        for run in _runs(document, blocks):
            passages += _passages(document, place, run, count, window)
    for passage in passages:
        passage.prove(document)
    return passages


def section_at(document: Document, at: int) -> tuple[int, int]:
    """The span from the heading that `at` stands under to the next heading, whatever its level."""
    headings = [block.start for block in document.blocks if block.kind == "heading"]
    return max((start for start in headings if start < at), default=0), min((start for start in headings if start >= at), default=len(document.text))


def _sections(document: Document) -> Iterator[tuple[_Place, list[Placed]]]:
    """The blocks under each heading, with the path of headings that leads there (the document's title first)."""
    path: list[tuple[int, str]] = []
    blocks: list[Placed] = []

    def place() -> _Place:
        texts = [text for _, text in path]
        return _Place(tuple(texts if texts and texts[0] == document.title else [document.title, *texts]))

    for block in document.blocks:
        if block.kind == "heading":
            if blocks:
                yield place(), blocks
                blocks = []
            path = [entry for entry in path if entry[0] < block.level]
            path.append((block.level, document.text[block.start : block.end]))
        else:
            blocks.append(block)
    if blocks:
        yield place(), blocks


def _runs(document: Document, blocks: list[Placed]) -> Iterator[list[Placed]]:
    """Neighbours that belong together: paragraphs of one page (so that a quotation has the right one), a list with its lead-in, a table."""
    blocks = [block for block in blocks if not _LEADS_ELSEWHERE.match(document.text, block.start)]
    shape = {"prose": "prose", "code": "prose", "item": "item", "header": "table", "row": "table", "comment": "comment"}

    def kin(block: Placed) -> tuple[str, int | None]:
        return shape[block.kind], block.page if shape[block.kind] in ("prose", "comment") else None

    runs = [list(group) for _, group in groupby(blocks, key=kin)]
    for at, run in enumerate(runs):
        follows = runs[at + 1][0].kind if at + 1 < len(runs) else ""
        leads = run[-1].kind == "prose" and follows == "item" and document.text[run[-1].end - 1] == ":"
        if leads:
            runs[at + 1].insert(0, run.pop())
        if run:
            yield run


def _passages(document: Document, place: _Place, run: list[Placed], count: Count, window: int) -> Iterator[Passage]:
    kind = run[-1].kind
    if kind == "item":
        yield from _list(document, place, run, count, window)
    elif kind in ("row", "header"):
        yield from _table(document, place, run, count, window)
    else:
        yield from _prose(document, place, run, count, window)


def _context(place: _Place, extra: str, count: Count, window: int) -> str:
    """Heading path and `extra` (lead-in or header row) in at most CONTEXT_SHARE of the window."""
    room = int(window * CONTEXT_SHARE)
    headings = list(dict.fromkeys(place.headings))
    tail = f"\n{extra}" if extra and count(f"{headings[-1]}\n{extra}") <= room else ""
    while len(headings) > 1 and count(" > ".join(headings) + tail) > room:
        headings.pop(0)
    context = " > ".join(headings) + tail
    while context and count(context) > room:
        context = context[: int(len(context) * 0.8)].rstrip()
    return context


def _prose(document: Document, place: _Place, run: list[Placed], count: Count, window: int) -> Iterator[Passage]:
    context = _context(place, "", count, window)
    room = min(PROSE_TOKENS, window - count(embedded_text(context, "")))
    kind: PassageKind = "comment" if run[0].kind == "comment" else "prose"
    units = [
        Unit(start, end)
        for block in run
        for start, end in (sentences(document.text, block.start, block.end) if block.kind != "code" else [(block.start, block.end)])
    ]
    first = True
    for start, end in _chunks(document.text, run[0].start, run[-1].end, count, room):
        inside = [Unit(max(u.start, start), min(u.end, end)) for u in units if u.start < end and u.end > start]
        defines = first and kind == "prose" and _is_definition(place.nearest, document.text[inside[0].start : inside[0].end])
        yield _passage(document, place, context, run, "definition" if defines else kind, inside)
        first = False


def _chunks(text: str, start: int, end: int, count: Count, room: int) -> list[tuple[int, int]]:
    """Spans of whole sentences of at most `room` tokens; only a sentence longer than that is cut, at clauses, then at words."""
    if count(text[start:end]) <= room:
        return [(start, end)]
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=room,
        chunk_overlap=0,
        paragraph_separator="\n\n",
        chunking_tokenizer_fn=pieces,
        tokenizer=lambda piece: [0] * count(piece),
        id_func=lambda at, _: str(at),
    )
    spans, at = [], start
    for chunk in splitter.split_text(text[start:end]):
        # Chunks come in order and without overlap, so the next one is the first occurrence from here on.
        at = text.index(chunk, at, end)
        spans.append((at, at + len(chunk)))
        at += len(chunk)
    return spans


def _list(document: Document, place: _Place, run: list[Placed], count: Count, window: int) -> Iterator[Passage]:
    lead = run[0] if run[0].kind == "prose" else None
    items = _labelled(document, run[1:] if lead else run)
    leading = [Unit(*span) for span in sentences(document.text, lead.start, lead.end)] if lead else []
    said = document.text[leading[-1].start : leading[-1].end] if leading else ""
    context = _context(place, "", count, window)
    room = window - count(embedded_text(context, ""))
    whole = [*leading, *items]
    if count(document.text[slice(*cover(whole))]) <= room:
        yield _passage(document, place, context, run, "list", whole)
        return
    led = _context(place, said, count, window)
    group: list[Unit] = []
    if lead and count(document.text[lead.start : items[0].end]) <= room:
        group = list(leading)  # the lead-in opens the first passage, and stands in the context of the others
    else:
        apart = leading[:-1] if led.endswith(f"\n{said}") else leading  # what the context does not say
        if lead and apart:
            yield from _prose(document, place, [replace(lead, end=apart[-1].end)], count, window)
        context, room = led, window - count(embedded_text(led, ""))
    for item in items:
        if group and count(document.text[group[0].start : item.end]) > room:
            yield _passage(document, place, context, run, "list", group)
            group, context, room = [], led, window - count(embedded_text(led, ""))
        if count(document.text[item.start : item.end]) > room:
            for start, end in _chunks(document.text, item.start, item.end, count, room):
                yield _passage(document, place, context, run, "list", [Unit(start, end, item.marker)])
        else:
            group.append(item)
    if group:
        yield _passage(document, place, context, run, "list", group)


def _labelled(document: Document, blocks: list[Placed]) -> list[Unit]:
    """One unit for each item; a short item that ends in a colon takes in the one item that it announces."""
    units: list[Unit] = []
    at = 0
    while at < len(blocks):
        block, under = blocks[at], 0
        text = document.text[block.start : block.end]
        if text.endswith(":") and len(text.split()) <= LABEL_WORDS:
            while at + under + 1 < len(blocks) and _is_under(block, blocks[at + under + 1]):
                under += 1
        taken = 1 if under == 1 else 0
        units.append(Unit(block.start, blocks[at + taken].end, block.marker))
        at += 1 + taken
    return units


def _is_under(label: Placed, block: Placed) -> bool:
    return block.level > label.level or (block.marker == "-" and label.marker != "-")


def _table(document: Document, place: _Place, run: list[Placed], count: Count, window: int) -> Iterator[Passage]:
    """A passage a row, with the header row in its context; a header that stands alone or is too long for that is a row itself."""
    for at, block in enumerate(run):
        if at == 0 or block.kind == "header":
            said = document.text[block.start : block.end] if block.kind == "header" else ""
            context = _context(place, said, count, window)
            room = window - count(embedded_text(context, ""))
            alone = at + 1 == len(run) or run[at + 1].kind == "header"
            if said and not alone and context.endswith(f"\n{said}"):
                continue
            if said:
                context = _context(place, "", count, window)
                room = window - count(embedded_text(context, ""))
        for start, end in _chunks(document.text, block.start, block.end, count, room):
            yield _passage(document, place, context, [block], "row", [Unit(start, end)])


def _passage(
    document: Document, place: _Place, context: str, run: list[Placed], kind: PassageKind, units: list[Unit]
) -> Passage:
    start, end = cover(units)
    page = next((block.page for block in reversed(run) if block.start <= start), run[0].page)
    return Passage(document.id, start, end, document.text[start:end], context, place.nearest, page, kind, tuple(units))


def _is_definition(heading: str, sentence: str) -> bool:
    """Does the first sentence under a heading say what the heading names? "## Attrition / Attrition is the rate at which …"."""
    closed = heading.rfind(")") + 1  # beyond it, each bracket would be followed to the heading's end in vain
    name = (re.sub(r"(?<!\s)\s*+\([^)]*\)", "", heading[:closed]) + heading[closed:]).strip()
    bracket = re.search(r"\(([^)]+)\)", heading[:closed])

    def rest_after(words: str) -> str | None:
        # Capitals are meant: "It is late" says nothing of IT.
        exactly = rf"{re.escape(words)}(e?s)?(?!\w)" if words.isupper() else rf"(?i:{re.escape(words)}(e?s)?(?!\w))"
        found = re.match(rf"((?i:an?|the) )?{exactly}", sentence) if words else None
        return sentence[found.end() :] if found else None

    rests = map(rest_after, [name, bracket.group(1) if bracket else ""])
    return any(rest is not None and says_what(rest) for rest in rests)
