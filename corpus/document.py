"""The nouns of this floor: a Block that a reader found, the Document it becomes, and its Passages.

Offsets are Python code points into `Document.text`, end exclusive. Every value checks itself when built.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

BlockKind = Literal["heading", "prose", "item", "header", "row", "code", "comment"]
PassageKind = Literal["prose", "list", "row", "definition", "comment"]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a file as a reader sees it: a heading, a paragraph, a list item, a table row.

    `level` is the depth of a heading (1 is the title) or of a list item (0 is the outermost); `marker` is what stands
    before a list item ("-", "3."); `page` counts from 1, None where the format has no pages.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a section answers, as the document's author says. It is searched, never shown as the document's text.

    `at` is where in the text the author says so: the end of what stands before it.
    """

    at: int
    question: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a reader makes of one file, before it has a name in the corpus. No blocks means that it has no text.

    `asked` are the questions that its sections answer, each after the number of blocks that stand before it.
    """

    blocks: tuple[Block, ...]
    format: str
    title: str = ""
    pages: int | None = None
    date: str | None = None
    summary: str = ""
    tags: tuple[str, ...] = ()
    provenance: tuple[dict[str, str], ...] = ()
    asked: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A block where it stands in the document: `Document.text[start:end]` is its text, without the marker."""

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    page: int | None = None
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One source file as text. `id` is `<source name>/<relative posix path>`; `digest` covers all that a reader sees."""

    id: str
    title: str
    text: str
    blocks: tuple[Placed, ...]
    format: str
    pages: int | None = None
    date: str | None = None
    summary: str = ""
    tags: tuple[str, ...] = ()
    provenance: tuple[dict[str, str], ...] = ()
    asked: tuple[Asked, ...] = ()
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not self.text.strip() or not self.blocks:
            raise ValueError(f"a document has text: {self.id}")
        if any(not 0 <= b.start < b.end <= len(self.text) for b in self.blocks):
            raise ValueError(f"a block lies outside the text of {self.id}")
        if any(not 0 <= one.at <= len(self.text) or not one.question for one in self.asked):
            raise ValueError(f"a question lies outside the text of {self.id}")
        seen: dict[str, Any] = {
            "title": self.title,
            "text": self.text,
            "blocks": [[b.kind, b.start, b.end, b.level, b.page, b.marker] for b in self.blocks],
            "date": self.date,
            "summary": self.summary,
            "tags": self.tags,
            "provenance": self.provenance,
            "asked": [[one.at, one.question] for one in self.asked],
        }
        digest = hashlib.sha256(json.dumps(seen, sort_keys=True, ensure_ascii=True).encode())
        object.__setattr__(self, "digest", digest.hexdigest())

    @classmethod
    def compose(cls, id: str, contents: Contents) -> "Document":
        """Lay the blocks out as one text: items and table rows on lines of their own, all else set apart by an empty line.

        Raises ValueError when the contents have no text.
        """
        parts: list[str] = []
        placed: list[Placed] = []
        at, last = 0, ""
        for block in contents.blocks:
            tight = last == block.kind == "item" or (last in ("header", "row") and block.kind == "row")
            glue = "" if not parts else "\n" if tight else "\n\n"
            lead = glue + ("  " * block.level + block.marker + " " if block.kind == "item" and block.marker else "")
            start = at + len(lead)
            at = start + len(block.text)
            parts += [lead, block.text]
            placed.append(Placed(block.kind, start, at, block.level, block.page, block.marker))
            last = block.kind
        asked = tuple(Asked(placed[before - 1].end if before else 0, question) for before, question in contents.asked)
        return cls(
            id, contents.title, "".join(parts), tuple(placed), contents.format, contents.pages, contents.date,
            contents.summary, contents.tags, contents.provenance, asked,
        )


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece that is ever quoted: a sentence, a list item, or a table row of a passage."""

    start: int
    end: int
    marker: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """One contiguous span of one document, with what a reader would know of its place.

    `context` (heading path, a list's lead-in, a table's header row) is embedded and shown, never quoted as part of the span.
    `heading` is the nearest heading, "" above the first one; `units` cover the span in reading order.
    """

    document: str
    start: int
    end: int
    text: str
    context: str
    heading: str
    page: int | None
    kind: PassageKind
    units: tuple[Unit, ...]

    def __post_init__(self) -> None:
        if len(self.text) != self.end - self.start or not self.text.strip():
            raise ValueError(f"a passage of {self.document} does not fill its span {self.start}:{self.end}")
        edges = [self.start, *(edge for unit in self.units for edge in (unit.start, unit.end)), self.end]
        if not self.units or edges != sorted(edges):
            raise ValueError(f"the units of {self.document}[{self.start}:{self.end}] are out of order")

    @property
    def id(self) -> str:
        """24 hex digits: the same document, place, text and context give the same id, anything else another."""
        key = json.dumps([self.document, self.start, self.text, self.context, self.kind])
        return hashlib.sha256(key.encode()).hexdigest()[:24]

    def quote(self, unit: Unit) -> str:
        """The verbatim text of one of the passage's units."""
        return self.text[unit.start - self.start : unit.end - self.start]

    def prove(self, document: Document) -> None:
        """Raise ValueError unless `document.text[start:end] == text`."""
        if document.id != self.document or document.text[self.start : self.end] != self.text:
            raise ValueError(f"the passage {self.start}:{self.end} is not in {document.id}")


def embedded_text(context: str, text: str) -> str:
    """What the embedding model and the reranker read of a passage: where it stands, then what it says."""
    return f"{context}\n{text}" if context else text


def header_of(passage: Passage) -> str:
    """The header row of a table's row, "" where there is none."""
    return passage.context.rpartition("\n")[2] if passage.kind == "row" and "\n" in passage.context else ""


def by_columns(passage: Passage) -> list[tuple[str, str]]:
    """The cells of a table's row, each after the name of its column; empty cells are left out.

    None for any other passage, a row without a header, or one with another number of cells.
    """
    names, cells = header_of(passage).split(" | "), passage.text.split(" | ")
    if not any(names) or len(names) != len(cells):
        return []
    return [(name, cell) for name, cell in zip(names, cells, strict=True) if cell]


def told_by_columns(passage: Passage) -> str:
    """A table's row as sentences, each cell with the name of its column ("Service is Patent search. Price is 1250."); empty cells are left out.

    "" for any other passage, a row without a header, or one with another number of cells.
    """
    return " ".join(f"{name} is {cell}." if name else f"{cell}." for name, cell in by_columns(passage))


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends; (start, start) when nothing is left."""
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end


def cover(units: Iterable[Unit]) -> tuple[int, int]:
    """The span from the first unit's start to the last one's end."""
    ordered = list(units)
    return ordered[0].start, ordered[-1].end
