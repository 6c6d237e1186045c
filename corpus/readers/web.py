"""Saved web pages: the visible text of the body with its headings, lists and tables, without navigation and what is struck out."""

import re
import sys
from collections.abc import Iterator

import lxml.html
from lxml import etree

from corpus.document import Block, Contents
from corpus.normalise import normalise, one_line
from corpus.readers import Unreadable, decode

_SKIPPED = {
    "script", "style", "noscript", "template", "svg", "math", "nav", "footer", "aside", "button", "select", "iframe",
    "object", "embed", "img", "video", "audio", "canvas", "head", "dialog", "menu", "input", "textarea",
    "del", "s", "strike",
}
_BLOCKS = {
    "p", "div", "section", "article", "main", "header", "body", "html", "blockquote", "center", "address", "details",
    "summary", "ul", "ol", "dl", "dt", "dd", "li", "table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "pre",
    "h1", "h2", "h3", "h4", "h5", "h6", "hr", "br",
}
_PARAGRAPHS = _BLOCKS - {"br"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|(font-size|opacity)\s*:\s*0+(\.0+)?(?![.\d])", re.I)
_FURNITURE = re.compile(
    r"(^|[\s_-])(nav|navbar|menu|sidebar|breadcrumbs?|cookie|banner|share|social|related|advert|ads?|promo)([\s_-]|$)", re.I
)
_COMMENTS = re.compile(r"(^|[\s_-])(comments?|comment-?list|disqus|respond)([\s_-]|$)", re.I)
_NUMBER = re.compile(r"\s*[-+\u2212]?\d+(\s*,\s*\d+)*\s*")
_RAISED = str.maketrans("0123456789+-\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻")
_LATIN = {"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin1", "latin-1"}  # browsers read these as `decode` does
# <main> or <article> is taken for the page when it holds at least this share of the body's text.
MAIN_SHARE = 0.4
MAX_DEPTH = 2048  # elements in one another, beyond which libxml2 takes nothing more from a page


def read_html(data: bytes, name: str) -> Contents:
    """The page's main part. Its title is <h1>, else <title>; its date is what a meta tag states."""
    try:
        page = _parsed(_text(data))
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise Unreadable("the HTML could not be parsed") from error
    body = page.find("body")
    blocks = _walked(_main(page if body is None else body))
    title = one_line(page.findtext(".//title") or "")
    opening = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    return Contents(
        blocks=tuple(blocks),
        format="html",
        title=opening or title,
        date=_date(page),
    )


def blocks_of(fragment: str) -> list[Block]:
    """The blocks of a piece of HTML that stands in another text, such as a table in Markdown. Raises Unreadable as `read_html` does."""
    body = _parsed(f"<body>{fragment}</body>").find("body")
    return [] if body is None else _walked(body)


def _parsed(text: str) -> lxml.html.HtmlElement:
    """The tree of a page. Raises Unreadable when it is deeper than libxml2 builds one: that stops there without raising."""
    # Without huge_tree it stops at 256 elements in one another; a page in which no <font> is closed has as many as paragraphs.
    parser = lxml.html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    page = lxml.html.document_fromstring(text.encode(), parser=parser)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise Unreadable(f"its HTML is nested more than {MAX_DEPTH} elements deep (are tags left open?); split it, or save it as text")
    return page


def _walked(node: lxml.html.HtmlElement) -> list[Block]:
    """The blocks of `node`, which may be deeper than Python lets functions call each other by default."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 3 * MAX_DEPTH)  # an element takes two calls, and where one begins a third
    try:
        return list(_blocks(node, ""))
    finally:
        sys.setrecursionlimit(limit)


def _text(data: bytes) -> str:
    """UTF-8 when the bytes are that, else what the page declares, else the most likely encoding."""
    declared = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", data[:2048], re.I)
    name = declared.group(1).decode("ascii", "replace").lower() if declared else ""
    if not name or name in _LATIN or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return decode(data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return data.decode(name, errors="replace")
        except LookupError:
            return decode(data)


def _date(page: lxml.html.HtmlElement) -> str | None:
    for meta in page.iter("meta"):
        key = (meta.get("name") or meta.get("property") or meta.get("itemprop") or "").lower()
        if key in ("date", "article:published_time", "article:modified_time", "datemodified", "datepublished", "dcterms.modified"):
            found = re.match(r"\d{4}-\d\d-\d\d", meta.get("content") or "")
            if found:
                return found.group()
    return None


def _main(body: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    whole = len(body.text_content())
    for path in (".//main", ".//*[@role='main']", ".//article"):
        parts = body.xpath(path)
        if len(parts) == 1 and len(parts[0].text_content()) >= MAIN_SHARE * whole:
            return parts[0]
    return body


def _is_left_out(node: lxml.html.HtmlElement) -> bool:
    if not isinstance(node.tag, str) or node.tag in _SKIPPED:
        return True
    if node.tag == "figure" and node.find(".//table") is None and node.find(".//pre") is None and node.find(".//blockquote") is None:
        return True  # a picture with its caption
    if node.tag == "form" and len(node.text_content()) < MAIN_SHARE * len(node.getroottree().getroot().text_content()):
        return True  # some sites put the whole page into one form
    if node.get("hidden") is not None or node.get("aria-hidden") == "true" or _HIDDEN.search(node.get("style") or ""):
        return True
    if node.get("role") in ("navigation", "banner", "search", "complementary", "contentinfo"):
        return True
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    links = sum(len(link.text_content()) for link in node.iter("a"))
    return bool(_FURNITURE.search(names)) and links * 2 > len(node.text_content().strip())


def _blocks(node: lxml.html.HtmlElement, where: str, depth: int = -1) -> Iterator[Block]:
    """Blocks of the children of `node`; loose text between block elements is a paragraph. `where` is "comment" inside comments."""
    names = f"{node.get('class') or ''} {node.get('id') or ''}"
    if _COMMENTS.search(names) and node.tag != "body" and node.find(".//h1") is None:  # "comments-open" may be said of an article
        where = "comment"
    loose: list[str] = [node.text or ""]

    def paragraph() -> Iterator[Block]:
        words = one_line("".join(loose))
        loose.clear()
        if words:
            yield Block("comment" if where else "prose", words)

    for child in node:
        if not _is_left_out(child):
            if child.tag not in _BLOCKS and next(child.iter(*_PARAGRAPHS), None) is None:
                loose.append(_inline(child))
            elif child.tag == "br":
                loose.append(" ")
            else:
                yield from paragraph()
                yield from _block(child, where, depth)
        loose.append(child.tail or "")
    yield from paragraph()


def _block(node: lxml.html.HtmlElement, where: str, depth: int) -> Iterator[Block]:
    tag = node.tag
    if tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
        words = one_line(_inline(node))
        if words:
            yield Block("comment" if where else "heading", words, level=int(tag[1]) if not where else 0)
    elif tag in ("ul", "ol") and not where:
        yield from _list(node, depth + 1)
    elif tag == "dl" and not where:
        yield from _definitions(node)
    elif tag == "table" and not where and not node.xpath(".//table"):
        yield from _table(node)
    elif tag == "pre":
        code = normalise(node.text_content()).strip()
        if code:
            yield Block("code", code)
    else:
        yield from _blocks(node, where, depth)


def _list(node: lxml.html.HtmlElement, depth: int) -> Iterator[Block]:
    start = node.get("start") or ""
    number = int(start) if start.isdecimal() and len(start) < 6 else 1
    for item in node:
        if item.tag in ("ul", "ol"):
            yield from _list(item, depth + 1)
        elif item.tag == "li" and not _is_left_out(item):
            inner = [child for child in item if child.tag in ("ul", "ol")]
            for child in inner:
                child.drop_tree()
            words = one_line(_inline(item))
            if words:
                yield Block("item", words, level=depth, marker=f"{number}." if node.tag == "ol" else "-")
                number += 1
            for child in inner:
                yield from _list(child, depth + 1)
        elif item.tag in _BLOCKS - {"li"} and not _is_left_out(item):
            yield from _block(item, "", depth)


def _definitions(node: lxml.html.HtmlElement) -> Iterator[Block]:
    """<dt> and <dd> pairs as rows of a two-column table, "term | meaning"; terms that share a meaning stand together."""
    terms: list[str] = []
    told = False  # have these terms a meaning already?
    for child in node.xpath("./dt | ./dd | ./div/dt | ./div/dd"):
        words = one_line(_inline(child)) if not _is_left_out(child) else ""
        if not words:
            continue
        if child.tag == "dt":
            terms, told = ([words] if told else [*terms, words]), False
        else:
            yield Block("row", f"{', '.join(terms)} | {words}" if terms else words)
            told = True
    if terms and not told:
        yield Block("row", ", ".join(terms))


def _table(node: lxml.html.HtmlElement) -> Iterator[Block]:
    caption = node.find("caption")
    if caption is not None and (words := one_line(_inline(caption))):
        yield Block("prose", words)
    first = True
    for row in node.iter("tr"):
        cells = [child for child in row if child.tag in ("td", "th") and not _is_left_out(row) and not _is_left_out(child)]
        said = [one_line(_inline(cell)) for cell in cells]
        if any(said):
            header = first and len(cells) > 1 and (all(map(_names_column, cells)) or row.getparent().tag == "thead")
            yield Block("header" if header else "row", " | ".join(said))
            first = first and len(said) == 1  # the title above a header


def _names_column(cell: lxml.html.HtmlElement) -> bool:
    """Is a cell of a first row a <th>, or empty, or all in bold, as programs write the names of columns?"""
    bold = "".join(cell.xpath(".//text()[ancestor::b or ancestor::strong]"))
    return bool(cell.tag == "th" or bold.split() == cell.text_content().split())


def _inline(node: lxml.html.HtmlElement) -> str:
    """The text inside `node`, without what is left out, with a space where a block begins or ends."""
    parts = [node.text or ""]
    for child in node:
        if not _is_left_out(child):
            space = " " if child.tag in _BLOCKS else ""
            parts += [space, _inline(child), space]
        parts.append(child.tail or "")
    return raised("".join(parts)) if node.tag == "sup" else "".join(parts)


def raised(text: str) -> str:
    """What stands in a <sup>: a number in raised digits, so that the note of "$5" and the power of "10" are not read as one figure with it."""
    return text.translate(_RAISED) if _NUMBER.fullmatch(text) else text
