"""Follow-ups to a comparison: the former and the latter, which of the two, how they differ."""

import re

from assistant.question import kind_of
from assistant.topic import both_of, named, pair_of, phrase_of, plain, topic_of
from assistant.turns import VERB, Spoken


def _pair(said: Spoken) -> tuple[str, str] | None:
    """The pair that was compared last, else the subjects of the last two questions when the same was asked of both."""
    for turn in reversed(said.turns[-2:]):
        pair = both_of(turn.standalone)
        if pair:
            return pair
    topics = list(dict.fromkeys(topic_of(turn.standalone, said.lexicon) for turn in said.turns[-2:]))
    return (topics[0], topics[1]) if len(topics) == 2 else None


def former(said: Spoken) -> str | None:
    """ "is the former part of the latter?" """
    pair = _pair(said) if re.search(r"\bthe (?:former|latter)\b", said.text, re.I) else None
    if not pair:
        return None
    text = re.sub(r"\bthe former\b", pair[0], said.text, flags=re.I)
    text = re.sub(r"\bthe latter\b", pair[1], text, flags=re.I)
    return f"What about {text}" if text.rstrip("?. ") in pair else text


_WHICH_ONE = re.compile(rf"^which (?P<of>ones? |(?:one )?of (?:them|these|those|the two|both|the (?:two|three|four|five|six|seven)) )?(?P<does>{VERB}\b.+)$", re.I)
_DIFFER = re.compile(r"\b(?:they|them|both|the two|these two|those two|these|those)\b", re.I)
_COMPARES = re.compile(r"\b(?:differ|differences?|different|compared?|same|similar|in common|versus|vs|relate[ds]?)\b", re.I)


_COMPARATIVE = re.compile(r"^(?:is|are|has|needs?|costs?|pays?|would be|works?) (?:the )?(?:better|worse|more|less|\w{2,}er)\b", re.I)


def _both_defined(said: Spoken) -> tuple[str, str] | None:
    """The subjects of the last two questions, when both asked what one thing is: "What is offshoring?", "and nearshoring?", "which is cheaper?"."""
    if len(said.turns) < 2 or any(kind_of(turn.standalone) not in ("definition", "abbreviation") for turn in said.turns[-2:]):
        return None
    one, two = (topic_of(turn.standalone, said.lexicon) for turn in said.turns[-2:])
    return (one, two) if one.lower() != two.lower() else None


def which_one(said: Spoken) -> str | None:
    """ "which needs more trust?", "which one is the most serious?", "which of the two is cheaper" """
    found = _WHICH_ONE.match(said.bare)
    if not found or not found["of"] and (pair_of(said.text) or named(said.text, said.lexicon) and not _COMPARATIVE.match(found["does"])):
        return None
    pair = both_of(said.before) or (_both_defined(said) if _COMPARATIVE.match(found["does"]) else None)
    if pair:
        return f"Which {found['does']}, {pair[0]} or {pair[1]}?"
    phrase = phrase_of(plain(said.before)) or said.things
    things = said.things if said.things else phrase
    if not things:
        return None
    does = found["does"]
    return f"Which of {things if re.match(r'(?:the|our|these) ', things, re.I) else 'the ' + things} {does}?"


def compared(said: Spoken) -> str | None:
    """ "how do they differ?", "what's the difference?", "are they the same?", "compare them", "do we need both?" """
    both = re.search(r"\b(?:both(?: of them)?|the two)(?=\W*$)", said.text, re.I)
    if both and pair_of(said.before):
        one, two = pair_of(said.before) or ("", "")
        return f"{said.text[: both.start()]}{one} and {two}{said.text[both.end() :]}"
    if not _COMPARES.search(said.text) or pair_of(said.text) or named(said.text, said.lexicon):
        return None
    pair = _pair(said)
    if not pair:
        return None
    if _DIFFER.search(said.text):
        return _DIFFER.sub(f"{pair[0]} and {pair[1]}", said.text, count=1)
    if re.match(r"^(?:what(?:'?s| is| are) )?(?:the )?(?:main |key |biggest )?differences?$", said.bare, re.I):
        return f"{said.bare} between {pair[0]} and {pair[1]}?"
    return None
