"""Markdown with optional YAML front matter, by markdown-it-py's tokens. Images and struck-out text are left out; HTML in it is read as a web page is.

A comment that opens with "questions:" lists, a line each, what the section that it stands in answers; it is searched and never shown.
"""

import re
from collections.abc import Iterator
from datetime import date

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from corpus.document import Block, Contents
from corpus.normalise import normalise, one_line
from corpus.readers import Unreadable, decode, web

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.S)
_ASKED = re.compile(r"\A<!--\s*questions:[ \t]*\n(.*?)-->\s*\Z", re.S | re.I)
_TAG = re.compile(r"<(/?)(br|sup|del|strike|s)[\s/>]", re.I)
MAX_NESTED = 100  # quotes in one another (lists: half as many), beyond which markdown-it takes nothing more from a text
_PARSER = MarkdownIt("commonmark", {"maxNesting": MAX_NESTED}).enable(["table", "strikethrough"])


def read_markdown(data: bytes, name: str) -> Contents:
    """The blocks of the text; front matter gives title, summary, date, tags and sources."""
    text = decode(data).replace("\r\n", "\n")
    front = _FRONT.match(text)
    facts = _front_matter(front.group(1)) if front else None
    if facts is None:  # words between two rules are text
        front, facts = None, {}
    blocks: list[Block] = []
    asked: list[tuple[int, str]] = []
    for found in blocks_of(text[front.end() :] if front else text):
        if isinstance(found, Block):
            blocks.append(found)
        else:
            asked.append((len(blocks), found))
    return Contents(
        blocks=tuple(blocks),
        asked=tuple(asked),
        format="markdown",
        title=one_line(str(facts.get("title") or "")),
        date=_date(facts.get("date")),
        summary=one_line(str(facts.get("summary") or "")),
        tags=tuple(one_line(str(tag)) for tag in _list(facts.get("tags"))),
        provenance=tuple(
            {one_line(str(k)): one_line(str(v)) for k, v in source.items()}
            for source in _list(facts.get("sources"))
            if isinstance(source, dict)
        ),
    )


def _front_matter(text: str) -> dict[str, object] | None:
    try:
        facts = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise Unreadable(f"its front matter is not valid YAML{where}") from error
    return facts if isinstance(facts, dict) else {} if facts is None else None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _date(value: object) -> str | None:
    try:
        return date.fromisoformat(str(value)[:10]).isoformat()
    except ValueError:
        return None


def blocks_of(text: str) -> Iterator[Block | str]:
    """The blocks of a Markdown text, in order, and as plain strings the questions that the section before them answers.

    Raises Unreadable when lists and quotes stand in one another deeper than markdown-it reads: it leaves that out without raising.
    """
    lists: list[tuple[bool, int]] = []  # (ordered, the next number) of the lists we are in, outermost first
    item: list[str] | None = None  # paragraphs of the list item being read
    cells: list[str] | None = None
    header = False
    heading = 0

    def said(words: str) -> Iterator[Block]:
        if words:
            ordered, number = lists[-1]
            yield Block("item", words, level=len(lists) - 1, marker=f"{number}." if ordered else "-")

    for token in _PARSER.parse(text):
        if token.type in ("blockquote_open", "list_item_open") and token.level + 1 >= MAX_NESTED:
            raise Unreadable(f"its lists and quotes are nested more than {MAX_NESTED // 2 - 1} deep; split it, or save it as text")
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                if item:
                    yield from said(" ".join(item))
                    item = []
                lists.append((token.type == "ordered_list_open", int(1 if token.attrGet("start") is None else token.attrGet("start") or 0)))
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()
            case "list_item_open":
                item = []
            case "list_item_close":
                if item:
                    yield from said(" ".join(item))
                ordered, number = lists[-1]
                lists[-1] = (ordered, number + 1)
                item = None
            case "heading_open":
                heading = int(token.tag[1])
            case "heading_close":
                heading = 0
            case "thead_open" | "thead_close":
                header = token.type == "thead_open"
            case "tr_open":
                cells = []
            case "tr_close":
                if cells and any(cells):
                    yield Block("header" if header else "row", " | ".join(cells))
                cells = None
            case "inline":
                words = one_line(_plain(token))
                if cells is not None:
                    cells.append(words)
                elif item is not None:
                    item.append(words)
                elif heading and words:
                    yield Block("heading", words, level=heading)
                elif words:
                    yield Block("prose", words)
            case "html_block":
                if comment := _ASKED.match(token.content):
                    yield from filter(None, (one_line(line.strip().removeprefix("- ")) for line in comment[1].splitlines()))
                    continue
                found = web.blocks_of(token.content)
                if item is None:
                    yield from found
                else:
                    item += [block.text for block in found]
            case "fence" | "code_block":
                code = normalise(token.content).strip()
                if item:
                    yield from said(" ".join(item))
                    item = []
                if code:
                    yield Block("code", code)


def _plain(token: Token) -> str:
    """The words of a line of text as `web` gives those of a web page: <br> is a space, a raised number stays raised, struck-out text is left out.

    A tag that is never closed says nothing.
    """
    said: list[str] = []
    opened: dict[str, int] = {}  # where in `said` the tags that we are in begin
    for child in token.children or []:
        tag = _TAG.match(child.content) if child.type == "html_inline" else None
        name = tag[2].lower() if tag else child.tag
        if child.type in ("text", "code_inline"):
            said.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or name == "br":
            said.append(" ")
        elif child.type == "s_open" or tag and not tag[1]:
            opened[name] = len(said)
        elif name in opened and (child.type == "s_close" or tag):
            at = opened.pop(name)
            said[at:] = [web.raised("".join(said[at:]))] if name == "sup" else []
    return "".join(said)
