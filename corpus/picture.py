"""The picture of a PDF's page, with the words of a quotation marked where they stand on it.

Drawn in a process of its own, with the limits that reading a file has: a hostile PDF can at worst end that process.
"""

import io
import json
import os
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from corpus.errors import CorpusError
from corpus.worker import MAX_MEMORY, limit_memory

SECONDS = 20.0
WIDTH = 1_000  # pixels of the picture; a page of text is legible from about 800
AHEAD = 2  # pages after the one where a passage begins on which its quotation may stand
MARK = (255, 214, 10, 110)  # the marker's yellow, as red, green, blue, opacity

Box = tuple[float, float, float, float]  # left, bottom, right, top in points, as PDF has them


@dataclass(frozen=True, slots=True)
class Drawn:
    """A page as a PNG: which page it is, from 1, and whether the quotation's words are marked on it."""

    png: bytes
    page: int
    marked: bool


def picture(pdf: bytes, page: int, quote: str = "") -> Drawn:
    """The picture of a page (from 1) of a PDF.

    The quote is looked for on the page and the AHEAD next ones; the first that holds all of it, once, is drawn. When none does, the page
    that was asked for is drawn, and nothing is marked on it. Raises CorpusError when there is no such page, or it cannot be drawn.
    """
    house = str(Path(__file__).resolve().parent.parent)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "corpus.picture"], input=json.dumps({"page": page, "quote": quote}).encode() + b"\n" + pdf,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=house, env={**os.environ, "PYTHONPATH": house}, timeout=SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise CorpusError("the page takes too long to draw", "open the original file instead") from error
    head, _, image = ran.stdout.partition(b"\n")
    if ran.returncode != 0 or not image:
        raise CorpusError("the page cannot be drawn", "open the original file instead")
    told = json.loads(head)
    return Drawn(image, told["page"], told["marked"])


def find(said: str, quote: str) -> tuple[int, int] | None:
    """Where the quote stands in a page's raw text, as the first and the last index; None when it is not there exactly once.

    Letters and digits alone are compared, since a document's text has other spaces and no hyphens at line ends.
    """
    page, wanted = _letters(said), "".join(letter for letter, _ in _letters(quote))
    run = "".join(letter for letter, _ in page)
    at = run.find(wanted)
    if not wanted or at < 0 or run.find(wanted, at + 1) >= 0:
        return None
    return page[at][1], page[at + len(wanted) - 1][1]


def _letters(text: str) -> list[tuple[str, int]]:
    return [(part, at) for at, char in enumerate(text) for part in unicodedata.normalize("NFKD", char).casefold() if part.isalnum()]


def lines(boxes: list[Box]) -> list[Box]:
    """The boxes of characters in reading order as one box for each line of them."""
    found: list[Box] = []
    for before, box in pairwise([(0.0, 0.0, 0.0, 0.0), *boxes]):
        same_line = found and box[1] < found[-1][3] and box[3] > found[-1][1] and box[0] >= before[0] - 1
        if same_line:
            last = found[-1]
            found[-1] = (min(last[0], box[0]), min(last[1], box[1]), max(last[2], box[2]), max(last[3], box[3]))
        else:
            found.append(box)
    return found


def _draw(pdf: bytes, page: int, quote: str) -> Drawn:
    import pypdfium2 as pdfium

    book = pdfium.PdfDocument(pdf)
    at, span = page - 1, None
    for ahead in range(page - 1, min(page + AHEAD, len(book))) if quote else ():
        text = book[ahead].get_textpage()
        span = find(text.get_text_range(), quote)
        if span and text.count_chars() == len(text.get_text_range()):  # else an index is not that of a character on the page
            at = ahead
            break
        span = None
    sheet = book[at]
    boxes: list[Box] = []
    if span:
        text = sheet.get_textpage()
        said = text.get_text_range()
        boxes = lines([text.get_charbox(char, loose=True) for char in range(span[0], span[1] + 1) if not said[char].isspace()])
    return Drawn(_painted(sheet, boxes), at + 1, bool(boxes))


def _painted(sheet: Any, boxes: list[Box]) -> bytes:
    from PIL import Image, ImageDraw

    width, height = sheet.get_size()
    scale = WIDTH / max(width, height / 3)  # a very long page is drawn narrower, so that it fits the memory
    image = sheet.render(scale=scale).to_pil().convert("RGBA")
    veil = Image.new("RGBA", image.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(veil)
    for left, bottom, right, top in boxes:
        pen.rectangle([left * scale, (height - top) * scale, right * scale, (height - bottom) * scale], fill=MARK)
    out = io.BytesIO()
    Image.alpha_composite(image, veil).convert("RGB").quantize(64).save(out, "PNG", optimize=False)
    return out.getvalue()


def main() -> None:
    """Answer one request: a line of JSON and the PDF on standard input, a line of JSON and a PNG on standard output."""
    limit_memory(MAX_MEMORY)
    request = json.loads(sys.stdin.buffer.readline())
    drawn = _draw(sys.stdin.buffer.read(), request["page"], request["quote"])
    sys.stdout.buffer.write(json.dumps({"page": drawn.page, "marked": drawn.marked}).encode() + b"\n" + drawn.png)


if __name__ == "__main__":
    main()
