""""The second one": an item of the list that an earlier question was answered with, called by its place or its name."""

import re
from collections.abc import Sequence

from assistant.question import kind_of
from assistant.topic import AUX, is_plural, named, phrase_of, plain, topic_of
from assistant.turns import QUESTION, Spoken, Understood
from index.lexical import singular, words
from index.search import Lexicon

LOOK_BACK = 3  # turns in which "the second one" looks for a list; each costs an answer


_NUMBERS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NOUN = (
    r"(?:one|point|item|entry|bullet|thing|step|stage|phase|reason|option|clause|risk|model|benefit|advantage|drawback|disadvantage|type|kind|way|example|row|part|question|"
    r"tip|sign|test|trend|measure|cause|criticism|characteristic|figure|rule|danger|country|company|provider|indicator|meeting|skill|role|industry)"
)
_NTH = re.compile(
    rf"\b(?:the |that |this |your )?(?:(?P<nth>{'|'.join(_NUMBERS)}|\d\d?(?:st|nd|rd|th)|last|final)(?: {_NOUN}\b)?|(?:number|no\.|nr\.?|#|point|item|step|stage|phase|option|bullet|reason) ?(?P<digit>\d\d?|{'|'.join(_COUNTED)})\b)"
    r"(?=\W*$| (?:is|are|was|does|do|means?|about|works?|again|please|then|mean|first|exactly|more|further|pls|thanks|in (?:more |greater )?(?:detail|depth)|important|needed|so|take|cost|matter|called|done|carried|there)\b)", re.I)
_NTH_ONE = re.compile(rf"\b(?:the |that |this )(?P<nth>{'|'.join(_NUMBERS)}|\d\d?(?:st|nd|rd|th)|last|final) one\b(?P<digit>)", re.I)
_COUNTING = re.compile(rf"\b(?:{'|'.join(_NUMBERS)}|last)\b", re.I)
_ONLY_FRAME = re.compile(
    r"^(?:(?:and|what|whats|what's|is|are|does|the|about|explain|describe|define|tell|me|us|more|give|show|can|could|you|please|expand|elaborate|on|mean|means|in|detail|details|"
    r"further|again|to|a|bit|i|want|know|like|would|then|exactly|pls|thanks|on)\b|\W)*$", re.I)


def is_place(text: str) -> bool:
    """Is the text a place in a list and nothing besides ("the fourth", "number 2", "the second one")?"""
    found = _NTH.match(text)
    return found is not None and not text[found.end() :].strip(" ?.!")


def item_of(said: Spoken) -> Understood | None:
    """ "explain the second one", "the last point", "number 3", "what happens in step 5?": the item of the list that was answered before."""
    found = _NTH.search(said.text) or _NTH_ONE.search(said.text)
    if found and found.group().lower() in ("first", "last") and re.search(rf"\b(?:how long|{AUX})\b", said.text[: found.start()], re.I):
        found = None  # "how long should it last?", "which of the sources was published first?"
    if not found or named(said.text, said.lexicon) and not re.search(r"\bone\b", found.group()):
        return _called(said)
    other = _COUNTING.search(said.before)
    if other and found["nth"] and not said.turns[-1].items_of and _ONLY_FRAME.match(said.text[: found.start()] + said.text[found.end() :]):
        return Understood(said.before[: other.start()] + found["nth"].lower() + said.before[other.end() :])  # "the first step …", "and the second?"
    sources = _lists(said.turns)
    if re.search(r"\b(?:step|stage|phase)\b", found.group(), re.I):
        sources.sort(key=lambda source: kind_of(source) != "steps")
    for source in sources:
        items = said.recall(source)
        at = _place_in(found, len(items))
        if at is not None:
            name = _name(items[at])
            named_in_full = name if said.lexicon.recognise(name) else _among(source, name, said.lexicon)
            text = said.text[: found.start()] + named_in_full + said.text[found.end() :]
            if _ONLY_FRAME.match(said.text[: found.start()] + said.text[found.end() :]):
                text = f"{_verb(named_in_full, said.lexicon)} {named_in_full}"
            return Understood(text[0].upper() + text[1:], items_of=source)
    return Understood(_of_whole(said, found))


def _of_whole(said: Spoken, found: re.Match[str]) -> str:
    """Without a list to count in, the place stays and its whole is named: "the third step of the KPO process"."""
    place = re.sub(r" one$", "", found.group(), flags=re.I)
    things = said.things or said.topic
    whole = re.sub(rf"^the (?:{'|'.join(_NUMBERS)}|last) {_NOUN} of ", "", said.topic, flags=re.I) if len(place.split()) > 2 or found["digit"] else things
    text = f"{said.text[: found.start()]}{place} of {whole}{said.text[found.end() :]}"
    return text[0].upper() + text[1:]


def _called(said: Spoken) -> Understood | None:
    """ "and fixed price?", "explain gain share": an item of the last list, called by its name."""
    opening = re.match(r"^(?:(?:please )?(?:explain|describe|tell me (?:more )?about|more (?:about|on)|what about) )?(?:the )?(?P<name>.+)$", said.bare, re.I)
    source = said.turns[-1].items_of or said.before
    if not opening or len(opening["name"].split()) > 6 or kind_of(source) not in ("list", "steps", "why") or QUESTION.match(opening["name"]):
        return None
    asked = words(opening["name"])
    item = next((item for item in said.recall(source) if asked and words(_name(item)) == asked), None)
    if item is None or said.lexicon.recognise(_name(item)):
        return None
    full = _among(source, _name(item), said.lexicon)
    return Understood(f"{_verb(full, said.lexicon)} {full}", items_of=source)


def _verb(full: str, lexicon: Lexicon) -> str:
    """ "Explain" asks for a definition, which in "planning in knowledge transfer" would be that of the term behind it."""
    behind = words(re.sub(r"^.* in (?:the |an? )?", "", full)) if " in " in full else []
    is_term = any(words(name) == behind for term in lexicon.recognise(full) for name in (term.name, *term.abbreviations))
    return "Tell me about" if is_term else "Explain"


def _lists(turns: Sequence[Understood]) -> list[str]:
    """Earlier questions, the newest first, that may have been answered with a list. An item's list comes before the item's own answer."""
    newest = tuple(reversed(turns))[:LOOK_BACK]
    return list(dict.fromkeys(source for turn in newest for source in ((turn.items_of,) if turn.items_of else ()) + (turn.standalone,)))


def _place_in(found: re.Match[str], count: int) -> int | None:
    if count < 2:
        return None
    nth, digit = (found["nth"] or "").lower(), (found["digit"] or "").lower()
    if nth in ("last", "final"):
        return count - 1
    number = _NUMBERS.index(nth) + 1 if nth in _NUMBERS else _COUNTED.index(digit) + 1 if digit in _COUNTED else int(re.sub(r"\D", "", nth or digit))
    return number - 1 if 1 <= number <= count else None


def _name(item: str) -> str:
    """What an item is called: the words before its colon, a row's first cell, else its first words. In lower case unless it is a name."""
    name = re.sub(r"^\d+[.)]\s+", "", re.split(r":\s| \| ", item)[0].strip().rstrip(".:"))
    name = " ".join(name.split()[:10]) if len(name.split()) > 10 else name
    first = name.split()[0] if name else ""
    return name[0].lower() + name[1:] if first[1:].islower() and not re.search(r" [A-Z]", name) else name


def _among(source: str, name: str, lexicon: Lexicon) -> str:
    """An item as one of its list: "the vague contract risk of KPO", "pay as a reason why people leave", "planning in knowledge transfer"."""
    asked = plain(source)
    why = re.match(r"^why (?:do|are) (.+)$", asked, re.I)
    if why:
        return f"{name} as a reason why {why[1]}"
    which = re.match(rf"^(?:which|what) ((?!{AUX}\b)(?:[\w-]+ ){{0,3}}?[\w-]+s)(?= [a-z])", asked, re.I)
    of = re.match(r"^(?:the |our |its )?(?P<noun>.+?)(?P<of> (?:of|for|in|about|to) .+)?$", which[1] if which else phrase_of(asked) or "-")
    noun = of["noun"].split() if of else []
    if not noun or not is_plural(noun[-1]) or singular(noun[-1]) in ("step", "stage", "phase"):  # "step" asks for the whole list again
        return f"{name} in {topic_of(source, lexicon)}"
    if re.fullmatch(rf"{re.escape(singular(noun[-1]))} \d+", name, re.I):  # "level 2" of the levels
        return f"{name}{of['of'] or '' if of else ''}"
    return f"the {name} {' '.join([*noun[:-1], singular(noun[-1])][-2:])}{(of['of'] or '') if of else ''}"
