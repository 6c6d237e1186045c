"""A follow-up is rewritten to stand alone, by rules. The rewriting is shown to the person, and is what is searched.

Each rule is a function from what was said to a question, or None when it does not apply; the first that applies decides. A question that
names its own subject falls through all of them and stays as it is, also when it changes the subject.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from assistant.compared import compared, former, which_one
from assistant.fragments import aspect, bare_word, elsewhere, examples, left_out, other
from assistant.listed import is_place, item_of
from assistant.pronouns import happened, meant, owned, referred, then, there
from assistant.question import kind_of
from assistant.topic import named, swapped
from assistant.turns import QUESTION, Recall, Spoken, Understood
from assistant.wishes import wish_of
from index.search import Lexicon

# "ok, ", "and ", "but what about ", "so ", "thanks a lot, "
_OPENING = re.compile(
    r"^(?:(?:ok(?:ay)?|and|but|so|also|hm+|ah|oh|yeah|yes|(?:many )?(?:thx|thanks|thank you|cheers)(?: (?:a lot|(?:very|so) much|again|for (?:that|this)))?)\b[ ,.!:;-]*|(?:right|sure|great|nice|cool|good|alright|well|now|then|interesting|i see|got it|perfect|please)\s*[,.!:;-]+\s*|"
    r"(?:what|how) about\b\s*|(?:the )?same (?:question )?(?:for|with|about)\b\s*)+(?=\S)", re.I)
_LINK = re.compile(r"\b(?:and|but|so|also|about|same)\b", re.I)
# What a person meant instead, as `x`. Beside each: an example.
_CORRECTIONS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "no, I meant LPO"
        r"^(?:(?:no|nope|sorry|oops|actually|wait|not that)\b[,.! ]*)*(?:i|we) (?:really |actually )?mea?nt?(?: to (?:say|ask|type)(?: about)?)? (?P<x>.+)$",
        # "sorry, nearshore"
        r"^(?:no|nope|sorry|oops|wait|not that)\b[,.! ]+(?:not [\w& -]+?[,;] )?(?P<x>(?!i\b|it\b|that\b)[\w&'-]+(?: [\w&'-]+){0,3})$",
        # "not KPO but LPO"
        r"^not (?:[\w& -]+?),? but (?P<x>.{2,40})$",
        # "LPO, not KPO"
        r"^(?P<x>[\w&'-]+(?: [\w&'-]+){0,3}),? (?:i mea?nt?|not [\w&'-]+(?: [\w&'-]+){0,2})$",
    )
)
# The order decides: "and its drawbacks?" is an aspect before it is a possessive.
_RULES: tuple[Callable[[Spoken], str | None], ...] = (
    meant, former, compared, which_one, bare_word, examples, aspect, elsewhere, other, owned, there, happened, referred, then, left_out,
)


def understand(text: str, after: Sequence[str], lexicon: Lexicon, recall: Recall) -> Understood:
    """`text` as a turn that can be understood without `after` (the earlier questions, oldest first; small talk and blank ones are passed over).

    `recall` is called only for "the second one" and its kin. Without earlier turns the text comes back without its opening ("ok, ", "thanks, ").
    """
    turns: list[Understood] = []
    for said in (*(turn for turn in after if turn.strip() and kind_of(turn) != "small-talk"), text):
        turns.append(_understood(said.strip(), tuple(turns), lexicon, recall))
    return turns[-1]


def _understood(text: str, turns: tuple[Understood, ...], lexicon: Lexicon, recall: Recall) -> Understood:
    wish = wish_of(text)
    earlier = tuple(turn for turn in turns if turn.standalone)
    if wish:
        if not earlier:
            return Understood("", wish)
        last = earlier[-1]
        return Understood(last.standalone, wish, last.further + (wish in ("more", "again")), last.items_of, last.before)
    opening = _OPENING.match(text)
    rest = text[opening.end() :] if opening else text
    if not earlier:
        return Understood(rest)
    said = Spoken(rest, bool(opening and _LINK.search(opening.group())), earlier, lexicon, recall)
    meant_instead = _corrected(said)
    if meant_instead and not is_place(meant_instead) and not elsewhere(replace(said, text=meant_instead)):
        return Understood(swapped(said.before, meant_instead, lexicon))
    said = replace(said, text=meant_instead) if meant_instead else said  # "no, the fourth": the list is counted in again
    item = item_of(said)
    if item:
        return item
    for rule in _RULES:
        found = rule(said)
        if found:
            return Understood(found[0].upper() + found[1:])
    return Understood(rest, before="" if named(rest, lexicon) else said.topic)


def _corrected(said: Spoken) -> str | None:
    """What is meant instead: "no, I meant LPO", "sorry, nearshore", "LPO, not KPO", "not KPO but LPO". None when nothing is corrected."""
    for rule in _CORRECTIONS:
        found = rule.match(said.bare)
        if found and not QUESTION.match(found["x"]):
            return found["x"]
    return None
