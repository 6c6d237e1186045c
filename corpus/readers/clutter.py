"""What a saved page says beside its subject: buttons, teasers, sign-in prompts, readers' comments."""

import re
from collections.abc import Iterable
from dataclasses import replace

from corpus.document import Block, Contents

_BUTTON = re.compile(
    r"(you (might|may) also like|(post|leave|add|write) (a |your )?(comments?|reply)|forgot (your )?password\??|learn more[.…]*|"
    r"read (also|more|next)|readers also love|most popular( article'?s?)?|pixel code|discuss this article|share (this|on \w+)|"
    r"(sign|log) ?(in|up|out)( with \w+)?|subscribe( now| to .{1,40})?|advertisement|sponsored( content)?|related (articles?|posts?)|"
    r"accept (all )?cookies|cookie (settings|policy)|skip to (main )?content|back to top|print this page|privacy policy|"
    r"all rights reserved\.?|(©|\(c\)) .{0,60})[:.]?",
    re.I,
)
_TEASER = re.compile(r"learn more[.…]*|read more[.…]*", re.I)
_COMMENTS = re.compile(r"((discussion|reader'?s?'?|user|\d+) )?comments?( \(\d+\))?:?", re.I)
_COMMENTS_END = re.compile(r"(post|leave|add|write) (a |your )?(comments?|reply).*", re.I)
_REPLY = re.compile(r"@\w+\s*[-–—:]")
# A page that was saved has one of these formats; in the others a step or a heading called "Log in" is the document's own.
SAVED = ("html", "text", "pdf")
# Readers' comments stand at the end of an article; "Comments" as a heading in its first part is the article's own.
COMMENTS_AFTER = 0.3


def without_clutter(contents: Contents) -> Contents:
    """The contents without page furniture; readers' comments under an article are kept, of kind "comment"."""
    return replace(contents, blocks=tuple(_kept(contents.blocks, contents.format in SAVED, contents.format not in ("text", "pdf"))))


def _kept(blocks: tuple[Block, ...], saved: bool, stated: bool) -> Iterable[Block]:
    """`saved` when there may be buttons; `stated` when the format states its headings, so that one of the same rank ends the comments."""
    in_comments, rank = False, 0
    title_at = next((at for at, block in enumerate(blocks) if block.kind == "heading"), len(blocks))
    for at, block in enumerate(blocks):
        if _COMMENTS_END.fullmatch(block.text) or (stated and block.kind == "heading" and block.level <= rank):
            in_comments = False
        if _COMMENTS.fullmatch(block.text) and not _is_own(block) and at >= COMMENTS_AFTER * len(blocks):
            in_comments, rank = True, block.level if block.kind == "heading" else 0
            continue
        if not block.text or saved and (_is_button(block) or at <= title_at and _leads_to_teaser(blocks, at)):
            continue
        if block.kind == "comment":
            yield block
        elif in_comments and block.kind in ("prose", "item", "heading"):
            yield replace(block, kind="comment", level=0, marker="")
        elif block.kind == "prose" and _REPLY.match(block.text):
            yield replace(block, kind="comment")
        else:
            yield block


def _is_own(block: Block) -> bool:
    """Is this a row of a table or a numbered step? A page has no furniture of that kind."""
    return block.kind in ("header", "row") or block.marker[:1].isdecimal()


def _is_button(block: Block) -> bool:
    """A heading such as "Privacy policy" may be the subject of a document."""
    own = _is_own(block) or block.kind == "heading" and block.text.lower().endswith("policy")
    return bool(_BUTTON.fullmatch(block.text)) and not own


def _leads_to_teaser(blocks: tuple[Block, ...], at: int) -> bool:
    """Above the first heading, a paragraph that only leads to a "Learn more" button is the site speaking of itself."""
    return at + 1 < len(blocks) and bool(_TEASER.fullmatch(blocks[at + 1].text))
