"""PDF by pypdfium2 (Google's PDFium): the text layer, page by page."""

import re
from collections import Counter

import pypdfium2 as pdfium

from corpus.document import Block, Contents
from corpus.normalise import normalise, one_line
from corpus.readers import Unreadable
from corpus.readers.columns import Line, tables
from corpus.readers.plain import ROW, blocks_of

# A first or last line that stands on at least this share of the pages (a number that counts them aside) is a running header or footer.
RUNNING_SHARE = 0.6
NUMBERED_LENGTH = 200  # characters; a longer line is no place for the number of a page, and may hold thousands of numbers
_NUMBER = re.compile(r"(?<!\d)\d{1,4}(?!\d)")
# PDFium gives one of these for a hyphen at a line's end and the line break after it.
_HYPHEN_AND_BREAK = re.compile("[\ufffe\x02]\n?")
_LINE_HYPHEN = re.compile("[\x00\u00ad]\\s*$|(?<=[a-z])-\\s*$")
_PAGE_NUMBER = re.compile(r"(page )?\d{1,4}( (of|/) \d{1,4})?", re.I)

# What programs write into a PDF's title field when nobody gave it one.
_NO_TITLE = re.compile(
    r"\(?untitled\)?|document\d*|slide \d+|powerpoint presentation|microsoft (word|powerpoint|excel) - .*|"
    r".*\.(docx?|pptx?|xlsx?|indd|tex|dvi)", re.I
)


def read_pdf(data: bytes, name: str) -> Contents:
    """The text of all pages in reading order, each block with the page it begins on. Scans have no text: no blocks."""
    try:
        book = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Unreadable("it is encrypted; save it without a password" if locked else "a damaged PDF file") from error
    try:
        pages = [_lines(_text(book[at].get_textpage())) for at in range(len(book))]
        facts = book.get_metadata_dict(skip_empty=True)
    except pdfium.PdfiumError as error:
        raise Unreadable("a damaged PDF file") from error
    finally:
        book.close()
    rows = _joined(_without_running_lines(pages))
    blocks: list[Block] = blocks_of(rows)
    title = one_line(facts.get("Title", ""))
    title = "" if _NO_TITLE.fullmatch(title) else title
    stamp = re.match(r"D:(\d{4})(\d\d)(\d\d)", facts.get("ModDate") or facts.get("CreationDate") or "")
    date = "-".join(stamp.groups()) if stamp else None
    return Contents(tuple(blocks), "pdf", title=title, pages=len(pages), date=date)


def _text(page: pdfium.PdfTextPage) -> str:
    """The text of a page. The row of a table is a line that begins with ROW, after an empty line when it is the first, and " | " parts its cells."""
    text: str = page.get_text_range().replace(ROW, " ")
    if page.count_chars() != len(text):  # an index is not that of a character on the page
        return text
    said = re.split(r"(\r\n|\r|\n)", text)
    places, at = [], 0
    for part in said:
        places.append(_placed(page, part, at))
        at += len(part)
    rows = tables(places[::2])
    for at, cells in rows.items():
        said[2 * at] = ("" if at - 1 in rows else "\n") + ROW + " | ".join(one_line(cell) for cell in cells)
    return "".join(said)


def _placed(page: pdfium.PdfTextPage, line: str, start: int) -> Line:
    """A line that starts at a character of the page, with its words where they stand; none for an empty line and for one that goes on after a hyphen."""
    words = list(re.finditer(r"\S+", line))
    if not words or _HYPHEN_AND_BREAK.search(line):
        return Line((), 0, 0)
    boxes = [(page.get_charbox(start + w.start(), loose=True), page.get_charbox(start + w.end() - 1, loose=True)) for w in words]
    _, bottom, _, top = boxes[0][0]
    # A word that runs from right to left begins with its last character.
    edges = [(min(first[0], last[0]), max(first[2], last[2])) for first, last in boxes]
    return Line(tuple((w.group(), left, right) for w, (left, right) in zip(words, edges, strict=True)), bottom, top - bottom)


def _lines(text: str) -> list[str]:
    lines = _HYPHEN_AND_BREAK.sub("\x00\n", text.replace("\r\n", "\n")).split("\n")
    return [line if line.startswith(ROW) else _line(_LINE_HYPHEN.sub("\x00", line)) for line in lines]


def _line(line: str) -> str:
    return normalise(line.rstrip("\x00")) + ("\x00" if line.endswith("\x00") else "")


def _without_running_lines(pages: list[list[str]]) -> list[list[str]]:
    """Pages without the header and footer lines they share (the number of the page aside), and without bare page numbers at their edges."""

    def keys(line: str, number: int) -> set[str]:
        """The line as it stands and, for each number in it, with how far that is from the page's own in its place."""
        line = line.strip("\x00 ").lower()
        found = _NUMBER.finditer(line) if len(line) <= NUMBERED_LENGTH else ()
        return {line, *(f"{line[: n.start()]}#{int(n.group()) - number}#{line[n.end() :]}" for n in found)}

    def edges(page: list[str]) -> set[int]:
        """The first and last two lines, but no row of a table that goes on within the page."""
        filled = [at for at, line in enumerate(page) if line.strip()]
        found: set[int] = set()
        for outer, within in ((filled[:2], filled[2:3]), (filled[-2:], filled[-3:-2])):
            table = any(page[at].startswith(ROW) for at in within)
            found |= {at for at in outer if not (table and page[at].startswith(ROW))}
        return found

    counts = Counter(k for number, page in enumerate(pages) for k in {k for at in edges(page) for k in keys(page[at], number)})
    needed = max(2, RUNNING_SHARE * len(pages))
    kept = []
    for number, page in enumerate(pages):
        drop = {
            at for at in edges(page)
            if any(counts[key] >= needed for key in keys(page[at], number)) or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(page[at].strip()))
        }
        kept.append([line for at, line in enumerate(page) if at not in drop])
    return kept


def _joined(pages: list[list[str]]) -> list[tuple[str, int]]:
    """Lines with their pages; a word cut at a line's end is whole again, with its hyphen when the text writes it so elsewhere."""
    hyphened = " ".join({run for page in pages for line in page for run in line.lower().split() if "-" in run})
    rows: list[tuple[str, int]] = []
    for number, page in enumerate(pages, 1):
        for line in page:
            if rows and rows[-1][0].endswith("\x00") and line:
                before, started = rows.pop()
                head = before.rstrip("\x00")
                left, right = re.search(r"\w*$", head), re.match(r"\w*", line)
                word = f"{left.group() if left else ''}-{right.group() if right else ''}".lower()
                rest, _, others = line.partition(" ")
                rows.append((head + ("-" if word in hyphened else "") + rest, started))
                if others:
                    rows.append((others, number))
            else:
                rows.append((line, number))
    return [(line.replace("\x00", "-"), page) for line, page in rows]
