"""CSV and Excel: the first row of a table that has more than one cell names its columns; what stands above it is its title."""

import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from corpus.document import Block, Contents
from corpus.normalise import one_line
from corpus.readers import Unreadable, damaged, decode, stem

# A number format that shows shares in percent, and its decimals. A sign in quotation marks or after a backslash is only written beside the number.
_PERCENT = re.compile(r"(?:\.([0#?]+))?\s*%")
_LITERAL = re.compile(r'"[^"]*"|\\.')
MAX_CELL = 2**31 - 1  # characters, more than a file may have: no cell is refused for its size
_SEPARATOR = re.compile(r'sep=([^\w\s"]|\t)\r?\n', re.I)


def read_csv(data: bytes, name: str) -> Contents:
    """One table. A first line "sep=;" names its separator for Excel, and is no row; without one it is told from the first lines."""
    text = decode(data)
    if named := _SEPARATOR.match(text):
        text, separator = text[named.end() :], named[1]
    else:
        separator = _separator(text[:8192])
    csv.field_size_limit(MAX_CELL)
    try:
        blocks = list(_table(csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True), None))
    except csv.Error as error:
        raise Unreadable(f"not a readable CSV file: {error}") from error
    return Contents(tuple(blocks), "csv")


def _separator(start: str) -> str:
    try:
        # The separator alone: the rest of what it sniffs holds only for the lines it has seen.
        return csv.Sniffer().sniff(start, delimiters=",;\t|").delimiter
    except csv.Error:
        return ","


def read_xlsx(data: bytes, name: str) -> Contents:
    """Each sheet is a page with its name as a heading; cells give the values last computed, not the formulas, shares in percent where Excel shows them so.

    Hidden sheets are left out; hidden rows and columns are read.
    """
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions that it leaves out
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
            for sheet in sheets:
                sheet.reset_dimensions()  # what a sheet states of its size may be less than it holds
            tables = [list(_table(([_shown(cell) for cell in row] for row in sheet.iter_rows()), page)) for page, sheet in enumerate(sheets, 1)]
    except Exception as error:  # whatever a damaged workbook raises, it is this file that cannot be read
        raise damaged(error, "a damaged or protected Excel file") from error
    blocks: list[Block] = []
    for page, (sheet, rows) in enumerate(zip(sheets, tables, strict=True), 1):
        if rows:
            blocks += [Block("heading", one_line(sheet.title), 2, page), *rows]
    title = one_line(str(book.properties.title or "")) or stem(name)  # the name of the first sheet says nothing of the others
    return Contents(tuple(blocks), "xlsx", title=title, pages=len(sheets))


def _table(rows: Iterable[Iterable[str]], page: int | None) -> Iterator[Block]:
    first = True
    for row in rows:
        cells = [one_line(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if any(cells):
            header = first and sum(map(bool, cells)) > 1
            yield Block("header" if header else "row", " | ".join(cells).strip(), page=page)
            first = first and not header


def _shown(cell: Any) -> str:
    """The value of an Excel cell as a reader would write it, "" for none."""
    value = cell.value
    if value is None:
        return ""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and (percent := _PERCENT.search(_LITERAL.sub("", cell.number_format))):
        with localcontext(rounding=ROUND_HALF_UP):  # as Excel does
            return f"{Decimal(str(value)):.{len(percent[1] or '')}%}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)
