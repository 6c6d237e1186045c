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
class _Section:
    """The place that blocks stand at: the document, the headings that lead there, and how much of it the model reads (see `cut`)."""

    document: Document
    headings: tuple[str, ...]
    count: Count
    window: int

    def said(self, start: int, end: int) -> str:
        return self.document.text[start:end]

    def size(self, start: int, end: int) -> int:
        """The tokens of a span."""
        return self.count(self.said(start, end))

    def context(self, extra: str = "") -> tuple[str, int]:
        """Heading path and `extra` (lead-in or header row) in at most CONTEXT_SHARE of the window, and the tokens that are left for a passage's text."""
        room = int(self.window * CONTEXT_SHARE)
        headings = list(dict.fromkeys(self.headings))
        tail = f"\n{extra}" if extra and self.count(f"{headings[-1]}\n{extra}") <= room else ""
        while len(headings) > 1 and self.count(" > ".join(headings) + tail) > room:
            headings.pop(0)
        context = " > ".join(headings) + tail
        while context and self.count(context) > room:
            context = context[: int(len(context) * 0.8)].rstrip()
        return context, self.window - self.count(embedded_text(context, ""))


def cut(document: Document, count: Count, window: int) -> list[Passage]:
    """The passages of `document`, in reading order; spans do not overlap.

    `count` gives the tokens of a text as the embedding model counts them, `window` is how many it reads; context and text
    together never exceed it. Sections that only lead elsewhere ("See also") give no passages.
    """
    passages: list[Passage] = []
    for headings, blocks in _sections(document):
        if _NAVIGATION.fullmatch(headings[-1]):
            continue
        section = _Section(document, headings, count, window)
        for run in _runs(document, blocks):
            passages += _passages(section, run)
    for passage in passages:
        passage.prove(document)
    return passages


def section_at(document: Document, at: int) -> tuple[int, int]:
    """The span from the heading that `at` stands under to the next heading, whatever its level."""
    headings = [block.start for block in document.blocks if block.kind == "heading"]
    return max((start for start in headings if start < at), default=0), min((start for start in headings if start >= at), default=len(document.text))


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Placed]]]:
    """The path of headings that leads to each heading (the document's title first), with the blocks under it."""
    path: list[tuple[int, str]] = []
    blocks: list[Placed] = []

    def headings() -> tuple[str, ...]:
        texts = tuple(text for _, text in path)
        return texts if texts[:1] == (document.title,) else (document.title, *texts)

    for block in document.blocks:
        if block.kind == "heading":
            if blocks:
                yield headings(), blocks
                blocks = []
            path = [entry for entry in path if entry[0] < block.level]
            path.append((block.level, document.text[block.start : block.end]))
        else:
            blocks.append(block)
    if blocks:
        yield headings(), blocks


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


def _passages(section: _Section, run: list[Placed]) -> Iterator[Passage]:
    kind = run[-1].kind
    if kind == "item":
        yield from _list(section, run)
    elif kind in ("row", "header"):
        yield from _table(section, run)
    else:
        yield from _prose(section, run)


def _prose(section: _Section, run: list[Placed]) -> Iterator[Passage]:
    context, room = section.context()
    kind: PassageKind = "comment" if run[0].kind == "comment" else "prose"
    units = [
        Unit(start, end)
        for block in run
        for start, end in (sentences(section.document.text, block.start, block.end) if block.kind != "code" else [(block.start, block.end)])
    ]
    first = True
    for start, end in _chunks(section, run[0].start, run[-1].end, min(PROSE_TOKENS, room)):
        inside = [Unit(max(u.start, start), min(u.end, end)) for u in units if u.start < end and u.end > start]
        defines = first and kind == "prose" and _is_definition(section.headings[-1], section.said(inside[0].start, inside[0].end))
        yield _passage(section, context, run, "definition" if defines else kind, inside)
        first = False


def _chunks(section: _Section, start: int, end: int, room: int) -> list[tuple[int, int]]:
    """Spans of whole sentences of at most `room` tokens; only a sentence longer than that is cut, at clauses, then at words."""
    if section.size(start, end) <= room:
        return [(start, end)]
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(
        chunk_size=room,
        chunk_overlap=0,
        paragraph_separator="\n\n",
        chunking_tokenizer_fn=pieces,
        tokenizer=lambda piece: [0] * section.count(piece),
        id_func=lambda at, _: str(at),
    )
    spans, at = [], start
    for chunk in splitter.split_text(section.said(start, end)):
        # Chunks come in order and without overlap, so the next one is the first occurrence from here on.
        at = section.document.text.index(chunk, at, end)
        spans.append((at, at + len(chunk)))
        at += len(chunk)
    return spans


def _list(section: _Section, run: list[Placed]) -> Iterator[Passage]:
    lead = run[0] if run[0].kind == "prose" else None
    items = _labelled(section.document, run[1:] if lead else run)
    leading = [Unit(*span) for span in sentences(section.document.text, lead.start, lead.end)] if lead else []
    said = section.said(leading[-1].start, leading[-1].end) if leading else ""
    context, room = section.context()
    whole = [*leading, *items]
    if section.size(*cover(whole)) <= room:
        yield _passage(section, context, run, "list", whole)
        return
    led = section.context(said)
    group: list[Unit] = []
    if lead and section.size(lead.start, items[0].end) <= room:
        group = list(leading)  # the lead-in opens the first passage, and stands in the context of the others
    else:
        apart = leading[:-1] if led[0].endswith(f"\n{said}") else leading  # what the context does not say
        if lead and apart:
            yield from _prose(section, [replace(lead, end=apart[-1].end)])
        context, room = led
    for item in items:
        if group and section.size(group[0].start, item.end) > room:
            yield _passage(section, context, run, "list", group)
            group, (context, room) = [], led
        if section.size(item.start, item.end) > room:
            for start, end in _chunks(section, item.start, item.end, room):
                yield _passage(section, context, run, "list", [Unit(start, end, item.marker)])
        else:
            group.append(item)
    if group:
        yield _passage(section, context, run, "list", group)


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


def _table(section: _Section, run: list[Placed]) -> Iterator[Passage]:
    """A passage a row, with the header row in its context; a header that stands alone or is too long for that is a row itself."""
    for at, block in enumerate(run):
        if at == 0 or block.kind == "header":
            said = section.said(block.start, block.end) if block.kind == "header" else ""
            context, room = section.context(said)
            alone = at + 1 == len(run) or run[at + 1].kind == "header"
            if said and not alone and context.endswith(f"\n{said}"):
                continue
            if said:
                context, room = section.context()
        for start, end in _chunks(section, block.start, block.end, room):
            yield _passage(section, context, [block], "row", [Unit(start, end)])


def _passage(section: _Section, context: str, run: list[Placed], kind: PassageKind, units: list[Unit]) -> Passage:
    start, end = cover(units)
    page = next((block.page for block in reversed(run) if block.start <= start), run[0].page)
    return Passage(section.document.id, start, end, section.said(start, end), context, section.headings[-1], page, kind, tuple(units))


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
