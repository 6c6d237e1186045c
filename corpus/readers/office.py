"""Word and PowerPoint, by python-docx and python-pptx."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from corpus.document import Block, BlockKind, Contents
from corpus.normalise import one_line
from corpus.readers import damaged
from corpus.readers.plain import is_heading_like

if TYPE_CHECKING:
    from docx.table import Table
    from docx.text.paragraph import Paragraph

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BOLD_LEVEL = 7  # of a heading that is one by its bold type alone, below all that are by their style
# What Word wraps around text, paragraphs, rows or cells that it shows; python-docx passes over it with all that it holds.
_WRAPPERS = tuple(_WORD + name for name in ("ins", "moveTo", "sdt", "sdtContent", "smartTag", "customXml", "fldSimple"))


def read_docx(data: bytes, name: str) -> Contents:
    """Paragraphs by their styles, tables row by row, as Word shows them with all tracked changes accepted.

    Word keeps no page numbers in the file, so pages are None. Struck-out and hidden text is left out, and so is a table of contents that Word made.
    """
    import docx
    from docx.table import Table

    try:
        document = docx.Document(io.BytesIO(data))
        _unwrap(document.element.body)
        _drop_unshown(document.element.body)
        content = list(document.iter_inner_content())
        facts = document.core_properties
    except Exception as error:  # whatever a damaged file raises, it is this file that cannot be read
        raise damaged(error, "a damaged Word file") from error
    blocks: list[Block] = []
    numbers: dict[int, int] = {}  # of the items so far in the list that we are in, by level
    for part in content:
        if isinstance(part, Table):
            blocks += _table(part)
            continue
        words = one_line(part.text)
        style = (part.style.name if part.style is not None else "") or ""
        heading = re.fullmatch(r"Heading (\d)", style)
        numbered = "List Number" in style
        if not words:
            continue
        if not style.startswith("List"):
            numbers = {}
        if heading or style == "Title":
            blocks.append(Block("heading", words, int(heading.group(1)) if heading else 1))
        elif style.startswith("List") or part._p.pPr is not None and part._p.pPr.numPr is not None:
            level = int(style[-1]) - 1 if style[-1:].isdecimal() else 0
            if numbered:
                numbers = {deep: n for deep, n in numbers.items() if deep < level} | {level: numbers.get(level, 0) + 1}
            blocks.append(Block("item", words, level, marker=f"{numbers[level]}." if numbered else "-"))
        elif _is_bold(part) and is_heading_like(words):
            blocks.append(Block("heading", words, BOLD_LEVEL if blocks else 1))
        else:
            blocks.append(Block("prose", words))
    title = one_line(facts.title or "")
    date = facts.modified.date().isoformat() if facts.modified else None
    return Contents(tuple(_with_something_under_them(blocks)), "docx", title=title, date=date)


def _is_bold(paragraph: "Paragraph") -> bool:
    """Is a paragraph one line in bold from end to end? False for an empty one."""
    runs = [run for run in paragraph.runs if run.text.strip()]
    return bool(runs) and all(run.bold or (run.bold is None and run.style.font.bold) for run in runs) and "\n" not in paragraph.text.strip()


def _with_something_under_them(blocks: list[Block]) -> Iterator[Block]:
    """The blocks with each heading by its bold type alone as prose where nothing stands under it, for a heading is not quoted; the first may be a title."""
    for at, block in enumerate(blocks):
        alone = at > 0 and block.kind == "heading" and block.level == BOLD_LEVEL and (at + 1 == len(blocks) or blocks[at + 1].kind == "heading")
        yield replace(block, kind="prose", level=0) if alone else block


def _unwrap(body: Any) -> None:
    """Put what the wrappers in `body` hold in their place. Deleted and moved text is not among it, and stays out of reach."""
    for contents in body.xpath(".//w:sdt[w:sdtPr/w:docPartObj/w:docPartGallery/@w:val='Table of Contents']"):
        contents.getparent().remove(contents)
    for wrapper in list(body.iter(*_WRAPPERS)):
        for child in list(wrapper):
            wrapper.addprevious(child)
        wrapper.getparent().remove(wrapper)


def _drop_unshown(body: Any) -> None:
    """Take struck-out and hidden text out of `body`: the one holds no more, the other no reader sees."""
    from docx.text.font import Font

    for run in list(body.iter(f"{_WORD}r")):
        font = Font(run)
        if font.strike or font.double_strike or font.hidden:
            run.getparent().remove(run)


def _table(table: "Table") -> list[Block]:
    """The rows of a table in Word, then those of the tables in its cells, so that each keeps its header."""
    # A merged cell is given once for each column that it covers.
    blocks = _rows([[cell.text for cell in dict.fromkeys(row.cells)] for row in table.rows], None)
    for inner in table._tbl.xpath("./w:tr/w:tc/w:tbl"):
        blocks += _table(type(table)(inner, table))
    return blocks


def read_pptx(data: bytes, name: str) -> Contents:
    """Each slide is a page: its title a heading, its paragraphs items, its tables row by row, its notes prose."""
    import pptx

    try:
        deck = pptx.Presentation(io.BytesIO(data))
        slides = list(deck.slides)
        facts = deck.core_properties
    except Exception as error:  # whatever a damaged file raises, it is this file that cannot be read
        raise damaged(error, "a damaged PowerPoint file") from error
    blocks: list[Block] = []
    for page, slide in enumerate(slides, 1):
        title = slide.shapes.title
        if title is not None and (words := one_line(title.text_frame.text)):
            blocks.append(Block("heading", words, 2, page))
        for shape in _shapes(slide.shapes):
            if title is not None and shape.shape_id == title.shape_id:
                continue
            if shape.has_text_frame:
                said = [(one_line(p.text), p.level) for p in shape.text_frame.paragraphs]
                said = [(words, level) for words, level in said if words]
                kind: BlockKind = "item" if len(said) > 1 else "prose"
                blocks += [Block(kind, w, level, page, "-" if kind == "item" else "") for w, level in said]
            elif shape.has_table:
                blocks += _rows([[cell.text for cell in row.cells] for row in shape.table.rows], page)
        notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
        if notes is not None and (words := one_line(notes.text)):
            blocks.append(Block("prose", words, page=page))
    title_text = one_line(facts.title or "")
    date = facts.modified.date().isoformat() if facts.modified else None
    return Contents(tuple(blocks), "pptx", title=title_text, pages=len(slides), date=date)


def _shapes(shapes: Any) -> Iterator[Any]:
    """All shapes in order, those in groups too, without footers, dates and slide numbers."""
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif not (shape.is_placeholder and shape.placeholder_format.type in (13, 15, 16)):  # PP_PLACEHOLDER: number, footer, date
            yield shape


def _rows(table: list[list[str]], page: int | None) -> list[Block]:
    rows = [[one_line(cell) for cell in row] for row in table]
    rows = [row for row in rows if any(row)]
    header = next((at for at, row in enumerate(rows) if len(row) > 1), -1)  # a title may stand above it, in one cell
    return [Block("header" if at == header else "row", " | ".join(row), page=page) for at, row in enumerate(rows)]
