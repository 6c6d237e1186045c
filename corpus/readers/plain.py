"""Plain text: paragraphs, list items and headings told from how the lines stand. PDF pages are read the same way."""

import re
from collections.abc import Iterable, Sequence

from corpus.document import Block, Contents
from corpus.normalise import normalise, one_line
from corpus.readers import decode

_ITEM = re.compile(r"^\s*([-–*•·▪◦‣●○]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_SECTION = re.compile(r"(?P<number>\d{1,2}(\.\d{1,2})*)(?P<stop>[.)]?)\s+(?=[A-Z])")  # "4. Devices", "2.1 Flights"; "12 May" has no stop
_RULE = re.compile(r"[-–—=_*~#+.·•\s]{3,}")  # a line that is only drawn
_LABELLED = re.compile(r"[A-Z][a-z]+( [a-z]+){0,2}: (?!.*\?$)")  # "Present: the Head of Legal" says something; it heads nothing
_END = re.compile(r"[.!?:;…][\"'”’)\]]*$")
# Lines at most this long look hand-wrapped, so that a line break within a paragraph means nothing.
WRAP_WIDTH = 130
FULL_SHARE = 0.75  # of the usual width: a shorter line has been ended on purpose
HEADING_WORDS = 12
ROW = "\x01"  # a line that begins with it is the row of a table, its cells parted by " | "; no text that is read holds it
_FIGURE = re.compile(r"(?!(19|20)\d\d\b)[^\w\s]*\d")  # what no name of a column begins with; a year is one


def read_text(data: bytes, name: str) -> Contents:
    """Lines of text, without pages."""
    text = normalise(decode(data))
    return Contents(tuple(blocks_of((line, None) for line in text.split("\n"))), "text")


def blocks_of(lines: Iterable[tuple[str, int | None]]) -> list[Block]:
    """Blocks of `lines`, each with its page (None where there are none). Empty lines, rules and tables end paragraphs."""
    rows = [(text if text.startswith(ROW) else "" if _RULE.fullmatch(text) else one_line(text), page) for text, page in lines]
    rows = _without_echoes(rows)
    while rows and not rows[-1][0]:
        rows.pop()
    lengths = sorted(len(text) for text, _ in rows if text and not text.startswith(ROW))
    width = lengths[int(len(lengths) * 0.9)] if lengths else 0
    wrapped = 0 < width <= WRAP_WIDTH
    blocks: list[Block] = []
    whole: str | None = None  # the last line of the paragraph being read; None when it has ended
    last_page: int | None = None
    titled = False  # has there been a heading?
    names = ""  # the header of the table being read, which may stand once more on another page
    for at, (text, page) in enumerate(rows):
        if not text:
            whole = None
            continue
        if text.startswith(ROW):
            text = text.removeprefix(ROW)
            adjoins = rows[at - 1][0].startswith(ROW) or page != last_page
            if not (adjoins and blocks and blocks[-1].kind in ("header", "row") and blocks[-1].text.count(" | ") == text.count(" | ")):
                names = text if _names_columns(text) else ""
            blocks.append(Block("header" if text == names else "row", text, page=page))
            whole, last_page = None, page
            continue
        marker = _ITEM.match(text)
        # A sentence that ends with its page ends the paragraph, so that what follows is given its own page.
        turned = bool(blocks) and page != last_page and whole is not None and bool(_END.search(whole))
        last_page = page
        section = _section_level(rows, at, whole, blocks[-1:], width if wrapped else 0)
        continues = wrapped and whole is not None and not marker and not turned and not _ends_paragraph(whole, width)
        labelled = bool(blocks) and bool(_LABELLED.match(text))  # the first line is a title
        continues = continues and not (labelled and _LABELLED.match(blocks[-1].text))
        if section:
            blocks.append(Block("heading", text, section, page))
        elif continues and blocks and blocks[-1].kind in ("prose", "item"):
            last = blocks.pop()
            blocks.append(Block(last.kind, f"{last.text} {text}", last.level, last.page, last.marker))
        elif marker:
            blocks.append(Block("item", text[marker.end() :], 0, page, _marker(marker.group(1))))
        elif _is_heading(rows, at, whole) and not labelled and not (wrapped and _runs_on(rows, at, width)):
            blocks.append(Block("heading", text, 2 if titled else 1, page))
        else:
            blocks.append(Block("prose", text, page=page))
        whole = text
        titled = titled or blocks[-1].kind == "heading"
    return blocks


def _section_level(rows: Sequence[tuple[str, int | None]], at: int, whole: str | None, before: Sequence[Block], width: int) -> int:
    """The level of the heading that a line with the number of a section is ("4. Devices": 2, "2.1 Flights": 3); 0 for any other line.

    An item of a list has others beside it, or follows the words that announce it; points under a heading are set apart by an empty line.
    `before` is the block that was read last, if any; `width` is 0 where lines are not wrapped.
    """
    found = _SECTION.match(rows[at][0])
    if not found or not (found["stop"] or "." in found["number"]) or (width and _runs_on(rows, at, width)):
        return 0
    open_items = [block.marker for block in before if block.kind == "item" and not _END.search(block.text)]
    goes_on = f"{int(found['number'].partition('.')[0]) - 1}." in open_items
    announced = any(block.text.endswith(":") for block in before)
    after = next((next_at for next_at in range(at + 1, len(rows)) if rows[next_at][0]), at)
    item = _ITEM.match(rows[after][0]) if after > at else None
    if goes_on or announced or (item and (after == at + 1 or _marker(item.group(1)) != "-")):
        return 0
    ended = bool(open_items) or any(block.kind == "heading" for block in before)
    return 2 + found["number"].count(".") if _is_heading(rows, at, None if ended else whole) else 0


def _names_columns(row: str) -> bool:
    """Is the first row of a table its header? Not when it holds a figure, or a label with what it stands for ("Client: | Northgate")."""
    cells = row.split(" | ")
    return not cells[0].endswith(":") and not any(_FIGURE.match(cell) for cell in cells)


def _marker(found: str) -> str:
    digits = re.sub(r"\D", "", found)
    return f"{digits}." if digits else "-"


def _ends_paragraph(line: str, width: int) -> bool:
    return len(line) < FULL_SHARE * width and bool(_END.search(line))


def _without_echoes(rows: Sequence[tuple[str, int | None]]) -> list[tuple[str, int | None]]:
    """Lines without those that stand twice in a row: bylines and image captions of saved pages."""
    said = [(at, _ITEM.sub("", text)) for at, (text, _) in enumerate(rows) if text and not text.startswith(ROW)]
    echoes: set[int] = set()
    for (at, text), (after, following) in zip(said, said[1:], strict=False):
        if text == following and 2 <= len(text.split()) <= HEADING_WORDS:  # one word twice is a column of "Yes" or "0"
            echoes |= {at, after}
    return [row for at, row in enumerate(rows) if at not in echoes]


def _runs_on(rows: Sequence[tuple[str, int | None]], at: int, width: int) -> bool:
    """Is this line the first of a wrapped paragraph? It fills the width, or the next one goes on in small letters."""
    following = rows[at + 1][0] if at + 1 < len(rows) else ""
    return following[:1].islower() or bool(following) and len(rows[at][0]) >= FULL_SHARE * width


def is_heading_like(text: str) -> bool:
    """Is it short, and does it open and end like a heading? A question may be one."""
    if len(text.split()) > HEADING_WORDS or len(text) > 90 or not re.match(r"[A-Z0-9“\"(@]", text) or text.startswith("@"):
        return False
    return not (_END.search(text) and not text.endswith("?")) and not text.endswith(",") and len(re.findall(r"\s?[–—|]\s", text)) < 2


def _is_heading(rows: Sequence[tuple[str, int | None]], at: int, whole: str | None) -> bool:
    """A short line of its own that does not end like a sentence and has something under it; `rows` end with a line that is not empty."""
    text = rows[at][0]
    if not is_heading_like(text) or (text.endswith("?") and whole is not None):
        return False
    if whole is not None and not _END.search(whole):
        return False
    return at + 1 < len(rows)
