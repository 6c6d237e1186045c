"""Tables on the page of a PDF. A PDF knows no tables, only words at places, so that they are told from how words stand one under another.

When in doubt there is no table, and lines are read as those of a paragraph: columns of prose, justified lines, numbered lists and tables of contents.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

GAP = 0.75  # of a line's height, at least, between two columns; words stand about 0.25 apart, those of a typewriter up to 0.7
STEP = 3.0  # line heights at most from one row to the next
SAME = 0.5  # of a line's height: lines less apart are pieces of one
FILLED = 0.7  # of a table's cells, at least
ALIGNED = 0.3  # of a line's height by which the edges of a column may differ
LONG = 24  # characters; two columns of cells that are longer than this on average are prose set in columns
FEWEST = 3  # rows of a table of two columns; one of more columns needs two

_BULLET = re.compile(r"[-–*•·▪◦‣●○](\s|$)")
_NUMBER = re.compile(r"\(?(\d{1,2}|[a-z])[.)]")  # what stands before an item of a list
_LEADER = re.compile(r"(\. ?){4}")
_OPEN = re.compile(r"[,;({]$")  # a line that ends so is a piece of a sentence, or of code
_PAGE = re.compile(r"\d{1,3}")

Span = tuple[float, float]  # left and right edge, in points


@dataclass(frozen=True, slots=True)
class Line:
    """The words of one line with their edges, from left to right, and where it stands on the page."""

    words: tuple[tuple[str, float, float], ...]
    bottom: float
    height: float


def tables(lines: Sequence[Line]) -> dict[int, list[str]]:
    """The cells of those of `lines` that are rows of tables, one for each column of the table, "" where it is empty."""
    rows: dict[int, list[str]] = {}
    at = 0
    while at < len(lines):
        run, columns = [lines[at]], _merged([(left, right) for _, left, right in lines[at].words], lines[at].height)
        while len(columns) > 1 and at + len(run) < len(lines):
            line = lines[at + len(run)]
            own = _merged([(left, right) for _, left, right in line.words], line.height)
            both = _merged([*columns, *own], line.height)
            near = SAME * line.height < run[-1].bottom - line.bottom <= STEP * line.height
            if not near or len(own) < 2 or not (_apart(columns, both) and _apart(own, both)):
                break
            run.append(line)
            columns = both
        table = [_cells(line, columns) for line in run]
        if _is_table(run, columns, table) and not _in_pieces(lines, at, at + len(run)):
            rows |= dict(enumerate(table, at))
        at += len(run)
    return rows


def _in_pieces(lines: Sequence[Line], start: int, end: int) -> bool:
    """Does a further piece of the first or the last row stand on a line of its own before or after the rows?"""
    beside = [(at, other) for at, other in ((start, start - 1), (end - 1, end)) if 0 <= other < len(lines) and lines[other].words]
    return any(abs(lines[at].bottom - lines[other].bottom) <= SAME * lines[at].height for at, other in beside)


def _merged(spans: list[Span], height: float) -> list[Span]:
    """The columns that `spans` fill, from left to right; those with less than a gap between them are one."""
    columns: list[Span] = []
    for left, right in sorted(spans):
        if columns and left - columns[-1][1] < GAP * height:
            columns[-1] = (columns[-1][0], max(columns[-1][1], right))
        else:
            columns.append((left, right))
    return columns


def _apart(spans: list[Span], columns: list[Span]) -> bool:
    """Does each of the spans lie in a column of its own?"""
    return len({max((start for start, _ in columns if start <= left), default=left) for left, _ in spans}) == len(spans)


def _cells(line: Line, columns: list[Span]) -> list[str]:
    return [" ".join(word for word, left, _ in line.words if start <= left <= end) for start, end in columns]


def _is_table(run: list[Line], columns: list[Span], table: list[list[str]]) -> bool:
    if len(run) < (FEWEST if len(columns) == 2 else 2) or sum(bool(cell) for row in table for cell in row) < FILLED * len(table) * len(columns):
        return False
    numbers = len(columns) == 2 and any(_NUMBER.fullmatch(row[0]) for row in table)
    pages = [int(row[-1]) if _PAGE.fullmatch(row[-1]) else -1 for row in table]
    contents = min(pages) >= 0 and pages == sorted(pages)
    prose = sum(sum(map(len, column)) > LONG * len(table) for column in zip(*table, strict=True)) > 1
    odd = any(_BULLET.match(row[0]) or _LEADER.search(" ".join(row)) or _OPEN.search(" ".join(row).strip()) for row in table)
    if numbers or contents or prose or odd:
        return False
    body = list(zip(run, table, strict=True))[1 if len(run) > 2 else 0 :]  # the names of columns may be centred over figures
    return all(_aligned([(line, row[at]) for line, row in body if row[at]], column) for at, column in enumerate(columns) if at)


def _aligned(cells: list[tuple[Line, str]], column: Span) -> bool:
    """Do the cells of a column stand under one another by their left edges or centres, or by their right edges when they are figures?"""
    edges: list[Span] = []
    for line, _ in cells:
        inside = [(left, right) for _, left, right in line.words if column[0] <= left <= column[1]]
        edges.append((inside[0][0], inside[-1][1]))
    room = ALIGNED * max((line.height for line, _ in cells), default=0)
    figures = all(re.search(r"\d", text) for _, text in cells)
    ways = [[left for left, _ in edges], [(left + right) / 2 for left, right in edges], *([[right for _, right in edges]] if figures else [])]
    return not edges or any(max(way) - min(way) <= room for way in ways)
