"""A follow-up is rewritten to stand alone, by rules. The rewriting is shown to the person, and is what is searched.

Each rule is a function from what was typed and the turns before it to a question, or None when it does not apply; the first that applies
decides. A question that names its own subject falls through all of them and stays as it is, also when it changes the subject.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.question import kind_of
from assistant.topic import is_plural, named, narrowed_to, pair_of, phrase_of, plain, swapped, things_of, topic_of
from index.lexical import content_words, words
from index.search import Lexicon

Wish = Literal["", "more", "again", "shorter", "source"]
LOOK_BACK = 3  # turns in which "the second one" looks for a list; each costs an answer


@dataclass(frozen=True, slots=True)
class Turn:
    """What a person said, understood: a question that stands alone, and which part of its answer is wished for.

    `wish` "" is the answer; "more" and "again" are what it did not say yet, `further` answers to the same question having been shown before;
    "shorter" is the last of those in fewer words, "source" the last of those once more. A wish without an earlier question has an empty `standalone`. `items_of` is the earlier
    question whose list "the second one" was taken from, "" for any other turn.
    """

    standalone: str
    wish: Wish = ""
    further: int = 0
    items_of: str = ""


Recall = Callable[[str], Sequence[str]]  # the items of the list that answered a question, in its order; none when it was no list


@dataclass(frozen=True, slots=True)
class _Said:
    """What a rule looks at: the text without its opening ("ok, and"), whether "and" or "what about" opened it, and what came before."""

    text: str
    linked: bool
    turns: tuple[Turn, ...]
    lexicon: Lexicon
    recall: Recall

    @property
    def before(self) -> str:
        return self.turns[-1].standalone

    @property
    def topic(self) -> str:
        return topic_of(self.before, self.lexicon)

    @property
    def things(self) -> str:
        return things_of(self.before, self.lexicon)

    @property
    def bare(self) -> str:
        return self.text.rstrip("?.!,;: ")


def understand(text: str, after: Sequence[str], lexicon: Lexicon, recall: Recall) -> Turn:
    """`text` as a turn that can be understood without `after` (the earlier questions, oldest first; small talk and blank ones are passed over).

    `recall` is called only for "the second one" and its kin. Without earlier turns the text comes back as it is.
    """
    turns: list[Turn] = []
    for said in (*(turn for turn in after if turn.strip() and kind_of(turn) != "small-talk"), text):
        turns.append(_understood(said.strip(), tuple(turns), lexicon, recall))
    return turns[-1]


def _understood(text: str, turns: tuple[Turn, ...], lexicon: Lexicon, recall: Recall) -> Turn:
    wish = wish_of(text)
    earlier = tuple(turn for turn in turns if turn.standalone)
    if wish:
        if not earlier:
            return Turn("", wish)
        last = earlier[-1]
        return Turn(last.standalone, wish, last.further + (wish in ("more", "again")), last.items_of)
    if not earlier:
        return Turn(text)
    opening = _OPENING.match(text)
    rest = text[opening.end() :] if opening else text
    said = _Said(rest, bool(opening and _LINK.search(opening.group())), earlier, lexicon, recall)
    corrected = _corrected(said)
    if corrected:
        return Turn(corrected)
    item = _item(said)
    if item:
        return item
    for rule in _RULES:
        found = rule(said)
        if found:
            return Turn(found[0].upper() + found[1:])
    return Turn(text if not opening else rest)


# --- wishes -------------------------------------------------------------------------------------------------------------------------------

_IT = r"(?:it|this|that|these|those|them|him|her)"
_POLITE = r"(?:(?:ok(?:ay)?|yes|yeah|sure|and|so|but|please|pls|now|then|thanks|great|good|sorry|hm+),? )*(?:(?:can|could|would|will) you (?:please )?|i(?:'d| would) like (?:to )?|i want (?:to )?|let'?s )?(?:please )?"
_END = r"(?: on (?:it|this|that|the (?:topic|subject)))?(?: please| pls| thanks| then| now)?\W*$"
_WISHES: tuple[tuple[Wish, re.Pattern[str]], ...] = (
    # "tell me more", "go on", "what else?", "more details please", "can you elaborate", "any others?", "and?"
    ("more", re.compile(
        rf"^{_POLITE}(?:(?:tell|show|give|read|know|hear) (?:me |us )?(?:some |a (?:bit|little) )?(?:more|further)(?: about {_IT})?(?: details?| info(?:rmation)?)?|"
        rf"(?:some )?(?:more|further)(?: details?| info(?:rmation)?)?(?: about {_IT})?|go on|keep going|carry on|continue|next|elaborate|expand|go deeper|go into (?:more )?details?|"
        r"(?:what|anything|something|is there anything|any) ?(?:else|more)|and|any others?|(?:are there )?(?:any )?(?:more|others)|what are the others|the rest|in more detail)"
        rf"{_END}", re.I)),
    # "shorter please", "in one sentence", "tl;dr", "sum it up"
    ("shorter", re.compile(
        rf"^{_POLITE}(?:(?:make (?:it|that) |say (?:it|that) |a (?:bit|little) |give (?:it|that) to me |tell me )?(?:shorter|briefer|(?:more )?briefly|more concise(?:ly)?)|(?:too|that'?s too|it'?s too) long|"
        r"(?:(?:say|put|give)(?: me)? (?:it|that) |give me |just )?(?:in (?:one|a single|1) (?:sentence|line)|in (?:short|brief)|in a nutshell|(?:a |the )?(?:short|brief|shorter|one[- ]line) (?:version|answer|summary))|"
        rf"(?:a )?summar(?:y|i[sz]e)(?: {_IT})?|sum (?:{_IT} )?up|tl;?dr)(?: version)?{_END}", re.I)),
    # "can you rephrase that?", "I don't understand", "what do you mean?", "explain that again", "huh?"
    ("again", re.compile(
        rf"^{_POLITE}(?:(?:rephrase|reword|paraphrase|simplify|clarify|explain|repeat)(?: {_IT})?(?: again| better| differently| (?:more simply|simpler)| in (?:other|simple|simpler|plain) (?:words|terms|english))?|"
        rf"(?:say|put) {_IT} (?:differently|another way|in (?:other|simple|simpler|plain) (?:words|terms|english))|in (?:other|simple|simpler|plain) (?:words|terms|english)|"
        rf"i (?:do not|don'?t|didn'?t) (?:understand|get)(?: {_IT})?|what do you mean(?: by {_IT})?|what does that mean exactly|huh|come again|pardon|not clear|unclear){_END}", re.I)),
    # "who says so?", "what is the source?", "where does that come from", "are you sure?", "says who?"
    ("source", re.compile(
        rf"^{_POLITE}(?:who (?:says|said|claims)(?: {_IT}| so)?|says who|according to (?:whom|who|what)|(?:what(?:'s| is| are) )?(?:the |your )?(?:sources?|references?|proof)(?: (?:of|for) {_IT})?|"
        rf"where (?:does|did|do) (?:{_IT}|you) (?:come|get) {_IT}? ?from|where is (?:that|this|it) (?:from|written|stated)|are you (?:really )?(?:sure|certain)(?: about {_IT})?|"
        rf"is (?:that|this|it) (?:really )?(?:true|right|correct|certain)|really|prove {_IT}|(?:show|give|cite)(?: me)? (?:the |your )?(?:sources?|references?|evidence)|how do you know(?: {_IT})?|which document says (?:so|that|this)){_END}", re.I)),
)


def wish_of(text: str) -> Wish:
    """What a person wishes of the answer before: more of it, other words, fewer words, or its sources. "" when it is a question."""
    return next((wish for wish, rule in _WISHES if rule.match(text.strip())), "")


# --- how a follow-up opens --------------------------------------------------------------------------------------------------------------

# "ok, ", "and ", "but what about ", "so ", "thanks, "
_OPENING = re.compile(
    r"^(?:(?:ok(?:ay)?|and|but|so|also|hm+|ah|oh|yeah|yes|thx|thanks|thank you)\b[ ,.!:;-]*|(?:right|sure|great|nice|cool|good|alright|well|now|then|interesting|i see|got it|perfect|please)\s*[,.!:;-]+\s*|"
    r"(?:what|how) about\b\s*|(?:the )?same (?:question )?(?:for|with|about)\b\s*)+(?=\S)", re.I)
_LINK = re.compile(r"\b(?:and|but|so|also|about|same)\b", re.I)
_QUESTION = re.compile(
    r"^(?:what|whats|what's|who|who's|which|where|when|why|how|whose|is|are|was|were|do|does|did|can|could|may|will|would|should|shall|must|has|have|had|isn't|aren't|doesn't|don't|"
    r"explain|define|describe|list|name|give|tell|show|compare|outline|please|i|i'm|we|if)\b", re.I)


def _corrected(said: _Said) -> str | None:
    """ "no, I meant LPO", "sorry, nearshore", "LPO, not KPO", "not KPO but LPO" """
    for rule in _CORRECTIONS:
        found = rule.match(said.bare)
        if found and not _QUESTION.match(found["x"]):
            return swapped(said.before, found["x"], said.lexicon)
    return None


_CORRECTIONS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"^(?:(?:no|nope|sorry|oops|actually|wait|not that)\b[,.! ]*)*(?:i|we) (?:really |actually )?mea?nt?(?: to (?:say|ask|type)(?: about)?)? (?P<x>.+)$",
        r"^(?:no|nope|sorry|oops|wait|not that)\b[,.! ]+(?:not [\w& -]+?[,;] )?(?P<x>(?!i\b|it\b|that\b)[\w&'-]+(?: [\w&'-]+){0,3})$",
        r"^not (?:[\w& -]+?),? but (?P<x>.{2,40})$",
        r"^(?P<x>[\w&'-]+(?: [\w&'-]+){0,3}),? (?:i mea?nt?|not [\w&'-]+(?: [\w&'-]+){0,2})$",
    )
)


# --- "the second one" --------------------------------------------------------------------------------------------------------------------

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
_ONLY_FRAME = re.compile(
    r"^(?:(?:and|what|whats|what's|is|are|does|the|about|explain|describe|define|tell|me|us|more|give|show|can|could|you|please|expand|elaborate|on|mean|means|in|detail|details|"
    r"further|again|to|a|bit|i|want|know|like|would|then|exactly|pls|thanks|on)\b|\W)*$", re.I)


def _item(said: _Said) -> Turn | None:
    """ "explain the second one", "the last point", "number 3", "what happens in step 5?": the item of the list that was answered before."""
    found = _NTH.search(said.text) or _NTH_ONE.search(said.text)
    if not found or named(said.text, said.lexicon) and not re.search(r"\bone\b", found.group()):
        return _called(said)
    for source in _lists(said.turns):
        items = said.recall(source)
        at = _place_in(found, len(items))
        if at is not None:
            name = _name(items[at])
            named_in_full = name if said.lexicon.recognise(name) else _among(source, name, said.lexicon)
            text = said.text[: found.start()] + named_in_full + said.text[found.end() :]
            if _ONLY_FRAME.match(said.text[: found.start()] + said.text[found.end() :]):
                text = f"{_verb(named_in_full, said.lexicon)} {named_in_full}"
            return Turn(text[0].upper() + text[1:], items_of=source)
    return None


def _called(said: _Said) -> Turn | None:
    """ "and fixed price?", "explain gain share": an item of the last list, called by its name."""
    opening = re.match(r"^(?:(?:please )?(?:explain|describe|tell me (?:more )?about|more (?:about|on)|what about) )?(?:the )?(?P<name>.+)$", said.bare, re.I)
    source = said.turns[-1].items_of or said.before
    if not opening or len(opening["name"].split()) > 6 or kind_of(source) not in ("list", "steps", "why", "fact") or _QUESTION.match(opening["name"]):
        return None
    asked = words(opening["name"])
    item = next((item for item in said.recall(source) if asked and words(_name(item)) == asked), None)
    if item is None or said.lexicon.recognise(_name(item)):
        return None
    full = _among(source, _name(item), said.lexicon)
    return Turn(f"{_verb(full, said.lexicon)} {full}", items_of=source)


def _verb(full: str, lexicon: Lexicon) -> str:
    """ "Explain" asks for a definition, which in "planning in knowledge transfer" would be that of the term behind it."""
    behind = words(re.sub(r"^.* in (?:the |an? )?", "", full)) if " in " in full else []
    is_term = any(words(name) == behind for term in lexicon.recognise(full) for name in (term.name, *term.abbreviations))
    return "Tell me about" if is_term else "Explain"


def _lists(turns: Sequence[Turn]) -> list[str]:
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
    which = re.match(rf"^(?:which|what) ((?!{_AUX}\b)(?:[\w-]+ ){{0,3}}?[\w-]+s)(?= [a-z])", asked, re.I)
    of = re.match(r"^(?:the |our |its )?(?P<noun>.+?)(?P<of> (?:of|for|in|about|to) .+)?$", which[1] if which else phrase_of(asked) or "-")
    noun = of["noun"].split() if of else []
    if not noun or not is_plural(noun[-1]) or _single(noun[-1]) in ("step", "stage", "phase"):  # "step" asks for the whole list again
        return f"{name} in {topic_of(source, lexicon)}"
    return f"the {name} {' '.join([*noun[:-1], _single(noun[-1])][-2:])}{(of['of'] or '') if of else ''}"


# --- pairs ------------------------------------------------------------------------------------------------------------------------------


def _pair(said: _Said) -> tuple[str, str] | None:
    """The pair that was compared last, else the subjects of the last two questions when the same was asked of both."""
    for turn in reversed(said.turns[-2:]):
        pair = pair_of(turn.standalone)
        if pair:
            return pair
    topics = list(dict.fromkeys(topic_of(turn.standalone, said.lexicon) for turn in said.turns[-2:]))
    return (topics[0], topics[1]) if len(topics) == 2 else None


def _former(said: _Said) -> str | None:
    """ "is the former part of the latter?" """
    pair = _pair(said) if re.search(r"\bthe (?:former|latter)\b", said.text, re.I) else None
    if not pair:
        return None
    text = re.sub(r"\bthe former\b", pair[0], said.text, flags=re.I)
    text = re.sub(r"\bthe latter\b", pair[1], text, flags=re.I)
    return f"What about {text}" if text.rstrip("?. ") in pair else text


_VERB = r"(?:is|are|was|has|have|does|do|can|should|will|would|needs?|costs?|suits?|fits?|works?|pays?|comes?|takes?|gives?|uses?|requires?|matters?|appl(?:y|ies)|carr(?:y|ies)|lasts?|wins?|makes?|saves?|grows?|hurts?|helps?)"
_WHICH_ONE = re.compile(rf"^which (?P<of>ones? |(?:one )?of (?:them|these|those|the two|both|the (?:two|three|four|five|six|seven)) )?(?P<does>{_VERB}\b.+)$", re.I)
_DIFFER = re.compile(r"\b(?:they|them|both|the two|these two|those two|these|those)\b", re.I)
_COMPARES = re.compile(r"\b(?:differ|differences?|different|compared?|same|similar|in common|versus|vs|relate[ds]?)\b", re.I)


def _which_one(said: _Said) -> str | None:
    """ "which needs more trust?", "which one is the most serious?", "which of the two is cheaper" """
    found = _WHICH_ONE.match(said.bare)
    if not found or not found["of"] and (named(said.text, said.lexicon) or pair_of(said.text)):
        return None
    pair = pair_of(said.before)
    if pair:
        return f"Which {found['does']}, {pair[0]} or {pair[1]}?"
    phrase = phrase_of(plain(said.before)) or said.things
    things = said.things if said.things else phrase
    if not things:
        return None
    does = found["does"]
    return f"Which of {things if re.match(r'(?:the|our|these) ', things, re.I) else 'the ' + things} {does}?"


def _compared(said: _Said) -> str | None:
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
    if re.match(r"^(?:what(?:'s| is| are) )?the (?:main |key |biggest )?differences?$", said.bare, re.I):
        return f"{said.bare} between {pair[0]} and {pair[1]}?"
    return None


# --- bare question words ---------------------------------------------------------------------------------------------------------------

_BARE = re.compile(
    r"^(?P<word>why not|why|how come|how|where|when|who|which ones?|since when)(?: (?:exactly|is (?:that|this|it)(?: so)?|so|that|then|are they))*$", re.I)
_EXAMPLES = re.compile(
    r"^(?:(?:can|could) you )?(?:please )?(?:(?:give|show|tell|name)(?: me| us)? )?(?:(?:an?|some|any|a few|more|the|concrete|real|other|two|three) )*(?:such as|like what|like|e\.?g|for (?:example|instance)|examples?|instances?|illustrations?)(?: of (?:it|that|this|them|those|these))?(?: please)?$", re.I)


def _bare_word(said: _Said) -> str | None:
    """ "why?", "how?", "where exactly?", "since when?" """
    found = _BARE.match(said.bare)
    if not found:
        return None
    word = found["word"].lower()
    before = plain(said.before)
    if word == "why not":
        return f"Why not: {before[0].lower() + before[1:]}?"
    word = {"how come": "why", "which one": "which", "which ones": "which", "since when": "when"}.get(word, word)
    return _asked_with(word, before, said)


def _asked_with(word: str, before: str, said: _Said) -> str:
    """The question before, asked with "why": "Is KPO part of BPO?" gives "Why is KPO part of BPO?"."""
    if re.match(r"^(?:is|are|was|were|do|does|did|can|could|should|would|will|must|has|have)\b", before, re.I):
        return f"{word} {before[0].lower() + before[1:]}?"
    choice = re.match(r"^which (?P<does>\w+ .+?), (?P<pair>.+ or .+)$", before, re.I)
    if choice and word in ("why", "how", "when", "where"):
        return f"{word} is that so: which {choice['does']}, {choice['pair']}?"
    which = re.match(rf"^(?:which|what) (?P<np>(?!{_AUX}\b)(?:[\w-]+ ){{0,3}}?[\w-]+s) (?P<does>(?!{_AUX}\b)[a-z]+\b.+)$", before, re.I)
    if which and is_plural(which["np"].split()[-1]):
        return f"{word} do {which['np']} {which['does']}?"
    who = re.match(r"^who (?P<does>[a-z]+[^s]s) (?P<np>.+)$", before, re.I)
    if who and word != "who":
        return f"{word} does anyone {who['does'][:-1]} {who['np']}?"
    other = re.match(r"^(?:why|how|where|when) (?P<rest>(?:is|are|was|were|do|does|did|can|could|should|would|will|must) .+)$", before, re.I)
    if other and word in ("why", "how", "where", "when"):
        return f"{word} {other['rest']}?"
    asked = {"why": f"Why {said.topic}?", "how": f"How does {said.topic} work?", "where": f"Where is {said.topic} done?", "when": f"When is {said.topic} used?"}
    if word in asked and re.match(r"^(?:what(?:'s|s)?|define|explain|describe|tell)\b", before, re.I) and not is_plural(said.topic.split()[-1]):
        return asked[word]
    return f"{word} is that so: {before}?" if word in ("why", "how", "when", "where") else f"{word}: {before}?"


def _examples(said: _Said) -> str | None:
    """ "examples?", "such as?", "can you give me an example?" """
    return f"What are examples of {said.topic}?" if _EXAMPLES.match(said.bare) else None


# --- fragments: aspects, places, other subjects -----------------------------------------------------------------------------------------

_ASPECTS = frozenset(
    """benefit advantage disadvantage drawback downside upside risk danger threat cost price fee expense example type kind form step stage phase feature characteristic limit limitation
    challenge problem issue difficulty alternative use cause reason effect consequence impact history future trend outlook pro con requirement skill qualification part component
    client customer buyer provider user industry tool measure control duty exception strength weakness merit purpose goal aim definition meaning origin principle role task
    mistake pitfall figure number rule law service method best-practice opportunity demerit""".split()  # noqa: SIM905
)
_ROLES = ("client", "customer", "buyer", "provider", "user", "task", "service", "law", "rule", "role", "figure", "number", "control", "measure", "tool", "method")  # one of them is somebody or something
_OF = re.compile(r" (?:of|for|in|about|to) ")
_SMALL = r"(?:(?:the|some|any|its|their|his|her|all|main|key|common|biggest|typical|usual|important|possible|other|big|most|and|or|of|it|that|this|them) )*"
_PLACE = re.compile(r"^(?:in|for|at|with|by|on|during|after|before|without|under|from|outside|within|inside|among|between)\b (?!short\b|brief\b|general\b|that case\b|it\b|that\b)[\w&,' -]{2,50}$", re.I)


def _single(word: str) -> str:
    word = word.lower()
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _is_aspect(text: str) -> bool:
    """Is it only the name of an aspect that many things have ("the main risks", "pros and cons")?"""
    words = re.findall(r"[\w-]+", re.sub(rf"^{_SMALL}", "", text.lower() + " ").strip())
    if len(words) == 1 and words[0] in _ROLES:
        return False
    return 0 < len(words) <= 3 and _single(words[-1]) in _ASPECTS and all(_single(word) in _ASPECTS or word in ("and", "or", "main", "key", "common", "biggest") for word in words)


def _aspect(said: _Said) -> str | None:
    """ "and its drawbacks?", "benefits?", "the costs", "what are the steps?", "give me the pros and cons", "any exceptions?" """
    found = re.match(
        r"^(?:(?:what|which|who)(?:'s|s| is| are)?|(?:please )?(?:(?:can|could) you )?(?:list|name|explain|describe|give me|tell me(?: about)?|show me)|are there|is there|any|about) (?P<np>.+?)(?: there| then| please)?$",
        said.bare, re.I)
    phrase = found["np"] if found else said.bare
    if not _is_aspect(phrase):
        return None
    shape = re.sub(r"^(?:(?:the|its|their|some|any|all|his|her) )+", "", phrase, flags=re.I)
    shape = re.sub(r" of (?:it|that|this|them)$", "", shape, flags=re.I)
    shape = shape[0].lower() + shape[1:]
    topic = said.topic
    source = said.turns[-1].items_of
    if source and not re.search(r"\b(?:its|of (?:it|that|this))\b", phrase, re.I) and _is_aspect(_OF.split(phrase_of(plain(source)))[0]):
        topic = topic_of(source, said.lexicon)  # after "the fifth" of the benefits, "and the drawbacks?" goes back to what has both
    if is_plural(shape.split()[-1]):
        return f"What are {'' if _single(shape) == 'example' else 'the '}{shape} of {topic}?"
    return f"What is the {shape} of {topic}?"


def _elsewhere(said: _Said) -> str | None:
    """ "in healthcare?", "and for small firms?", "with nearshore teams?", "and in which industries?" """
    bare = re.sub(r"^(?:even|only|also|just|mainly|especially) ", "", said.bare, flags=re.I)
    if not _PLACE.match(bare):
        return None
    if re.match(r"\w+ (?:which|what|whom|how)\b", said.bare, re.I):
        is_defined = re.match(r"^what(?:'s|s| is) ", said.before, re.I)
        return f"{said.bare} is {said.topic} used?" if is_defined else f"{plain(said.before)}, and {said.bare}?"
    return narrowed_to(said.before, bare)


def _other(said: _Said) -> str | None:
    """ "and Infosys?", "what about LPO?", "same for nearshore", "the Philippines?", "and legal ones?" """
    bare = re.sub(r"^(?:for|with|about|of) ", "", said.bare, flags=re.I)
    short = len(bare.split()) <= 6 and not _QUESTION.match(bare) and not _pronoun(bare) and not _POSSESSIVE.search(bare)
    if not short or not bare:
        return None
    asked = said.text.endswith("?") and not re.search(r"[?!.] ", said.text)
    if not said.linked and not asked and not bare.lower().endswith((" ones", " one")):
        return None
    if not said.linked and not _alike(bare, said):
        return None
    known, many = bool(named(f"of {bare}", said.lexicon)), is_plural(bare.split()[-1])
    if many and not bare.lower().endswith(" ones") and re.match(r"^what(?:'s|s| is) (?!.* (?:of|for|in) )", plain(said.before), re.I) and not re.match(r"the ", bare, re.I):
        return f"What are {bare}?"
    if not known and said.lexicon.recognise(said.topic) and re.match(r"^what(?:'s|s| is) ", said.before, re.I) and re.match(r"the [a-z]", bare):
        return f"What {'are' if many else 'is'} {bare} of {said.topic}?"
    of_one = _is_aspect(_OF.split(phrase_of(plain(said.before)))[0]) or bool(re.match(r"^how (?:does|is) ", said.before, re.I))
    if not known and many and not bare.lower().endswith(" ones") and said.lexicon.recognise(said.topic) and of_one and not _has_plural(said.before, said.topic):
        return narrowed_to(said.before, f"for {bare}")
    return swapped(said.before, bare, said.lexicon)


def _has_plural(question: str, topic: str) -> bool:
    """Does a question name several of something beside its topic ("How does KPO help banks?")? Then others may stand in their place."""
    return any(is_plural(word) and not _is_aspect(word) for word in re.findall(r"[\w-]+", plain(question).replace(topic, "")))


def _alike(bare: str, said: _Said) -> bool:
    """May a bare "LPO?" stand where the question before has its subject? A term for a term, a name for a name; else it is a new subject."""
    mine, theirs = bool(said.lexicon.recognise(bare)), bool(said.lexicon.recognise(said.topic))
    if " ones" in bare:
        return True
    return mine == theirs and (mine or bare[0].isupper() or said.before.lower().startswith("what"))


# --- pronouns ---------------------------------------------------------------------------------------------------------------------------

_AUX = r"(?:is|are|was|were|do|does|did|can|could|may|might|will|would|should|shall|must|has|have|had)"
_POSSESSIVE = re.compile(
    rf"\b(?P<whose>its|their)\s+(?P<x>(?:(?!{_AUX}\b)[\w-]+ ){{0,3}}?[\w-]+)(?=\s+(?:{_AUX}|and|or|in|on|from|to|for|with|by|than|at|when|if|that|who|which|look|come|work|mean|differ|cost)\b|\s*[?.!,;]|\s*$)", re.I)
_GENERIC = (
    r"(?:thing|topic|work|model|approach|step|agreement|contract|document|risk|measure|term|word|concept|method|service|company|firm|provider|country|place|point|item|problem|issue|idea|"
    r"process|role|area|field|law|rule|regulation|type|kind|figure|number|meeting|stage|clause|plan|skill|job|kind of (?:work|thing|service|company|contract|model))"
)
_THIS_NOUN = re.compile(rf"\b(?:this|that|such an?|such)\s+{_GENERIC}\b|\b(?:these|those|such)\s+{_GENERIC}s\b", re.I)
_POINTS = re.compile(r"\b(?:it|they|them|this|that|these|those|ones?)\b", re.I)
# Beside these words "this" and "that" stand for something; elsewhere "that" opens a clause ("a provider that …") or goes with a noun ("that clause").
_BEFORE = frozenset(
    f"is are was were do does did can could may might will would should shall must has have had to of for about with in from by at on if why how when where and but".split()  # noqa: SIM905
)
_BEHIND = frozenset(
    """is are was were do does did can could may might will would should shall must has have had work mean done cost take matter happen differ different help apply important needed
    handled measured calculated used called bad good so in for to from with at by on and or than as still always really also only often usually more less better worse common legal true
    enough possible normal allowed safe expensive cheap hard easy difficult necessary required risky part start begin end come cover include need require affect change relate compare
    depend look sound fail exist save pay count involve protect lead run hold""".split()  # noqa: SIM905
)
_TAKES_ONE = frozenset("need sign make find hire pick want have write draft start build up get use create".split())  # noqa: SIM905
# "is it possible to …", "does it make sense to …", "how long does it take to become …": this "it" stands for nothing.
_EMPTY_IT = re.compile(
    r"\bit (?:possible|important|necessary|true|better|best|wise|safe|legal|hard|easy|difficult|cheaper|worth|worthwhile|common|normal|allowed|ok|okay|useful|sensible|right|good|bad|usual|mandatory|a good idea|"
    r"a bad idea|ethical|risky|likely|enough)\b(?: for [\w ]+?)? (?:to|that|if|when|whether|\w+ing)\b|\bit (?:make sense|take|cost|help|matter|mean|pay)s?(?: (?:long|much|more|an?|\w+))?(?: for [\w ]+?)? (?:to|that|if|whether) \w+", re.I)
_CLAUSE = re.compile(rf",|;|\b(?:and|but|or|if|when|whenever|because|before|after|once|while|so that|unless|until|although|though|than|whether|that|which|who)\b(?=.*)", re.I)
_HAS_SUBJECT = re.compile(
    rf"\b(?:an?|the|our|my|your|each|every|most|many|two|some|any)\s+(?!one\b|ones\b|most\b|best\b|same\b|first\b|second\b|last\b|main\b|client\b|provider\b)[a-z][\w-]{{2,}}|\b{_AUX}\s+(?!i\b|we\b|you\b|it\b|they\b|this\b|that\b|these\b|those\b|there\b|the\b|not\b|so\b|to\b|be\b|an?\b|\w+ly\b|\w+ed\b|done\b)[a-z][\w-]{{2,}}", re.I)
_THERE = re.compile(rf"(?<!is )(?<!are )(?<!was )(?<!were )(?<!will )(?<!can )\bthere\b(?! (?:is|are|was|were|any|a|an|be|no|some|many)\b)(?=\W*$| (?:{_AUX}|and|or|for|by|with|to|than|instead|too)\b)", re.I)
_THEN = re.compile(r"\s+(?:then|in (?:that|this|such a) case|at that point|afterwards)(?=\W*$)", re.I)


def _owned(said: _Said) -> str | None:
    """ "what are its parts?", "who pays for their training?", "what industries are its clients from?" """
    found = _POSSESSIVE.search(said.text)
    if not found or _has_own(said.text[: found.start()], said.lexicon, same_clause=True):
        return None
    whose = (said.things or said.topic) if found["whose"].lower() == "their" and not is_plural(found["x"].split()[-1]) else said.topic
    if found["whose"].lower() == "their" and said.things:
        whose = said.things
    of = len(whose.split()) > 2 or is_plural(whose.split()[-1])
    new = f"the {found['x']} of {whose}" if of else f"{whose}'s {found['x']}"
    if found.group().lower() == said.bare.lower():
        return f"What {'are' if is_plural(found['x'].split()[-1]) else 'is'} {new}?"
    return said.text[: found.start()] + new + said.text[found.end() :]


def _referred(said: _Said) -> str | None:
    """ "where is that done?", "how are they reduced?", "who pays for such work?", "how does this model work?" """
    text = re.sub(r"\b(it|that|this)['’]s\b", r"\1 is", said.text, flags=re.I)
    noun = _THIS_NOUN.search(text)
    if noun and not _has_own(text[: noun.start()], said.lexicon):
        meant = (said.things or said.topic) if noun.group().lower().endswith("s") else said.topic
        return text[: noun.start()] + meant + text[noun.end() :]
    found = _pronoun(text)
    if not found or _EMPTY_IT.search(text) or _has_own(text[: found.start()], said.lexicon):
        return None
    many = found.group().lower() in ("they", "them", "these", "those", "ones")
    meant = said.things if many else said.topic
    if not meant:  # "why do they leave?" after attrition: nothing was named that could be many
        acting = re.search(r"\b(?:do|did|would|will|can|could|should|must|may) they\b", text, re.I)
        text = re.sub(r"\bthey\b", "people", text, count=1, flags=re.I) if acting else text
        return f"{text.rstrip('?.! ')} ({said.topic})?"
    return text[: found.start()] + meant + text[found.end() :]


def _pronoun(text: str) -> re.Match[str] | None:
    """The first word that stands for something said before; None for "IT", for "a provider that …" and for "that clause"."""
    for found in _POINTS.finditer(text):
        word = found.group().lower()
        before = re.findall(r"[\w']+", text[: found.start()].lower())[-1:]
        behind = re.match(r" ([\w']+)", text[found.end() :].lower())
        match word:
            case "it" | "they" | "them":
                if found.group() != "IT":
                    return found
            case "one" | "ones":
                if not behind and before and before[0] in _TAKES_ONE:
                    return found
            case _:
                if not behind or (not before or before[0] in _BEFORE) and (behind[1] in _BEHIND or re.fullmatch(r"\w{3,}er", behind[1])):
                    return found
    return None


def _has_own(opening: str, lexicon: Lexicon, *, same_clause: bool = False) -> bool:
    """Does the sentence itself, before its pronoun, name what the pronoun may stand for ("What is attrition and how is it measured?")?

    What stands in the pronoun's own clause counts only for "its" and "their": in "can a client reduce it?" it is not the client.
    """
    ends = [found.start() for found in _CLAUSE.finditer(opening)]
    whole = opening if same_clause else opening[: ends[-1]] if ends else ""
    return bool(whole.strip()) and bool(named(f"of {whole}", lexicon) or _HAS_SUBJECT.search(whole))


_EVENT = re.compile(r"\b(?:stop|prevent|avoid|reduce|fix|change|limit|measure|manage|done about|do about|help with) (?:it|this|that)(?=\W*$)", re.I)


def _happened(said: _Said) -> str | None:
    """ "how can we stop that?" after "Why do people leave?": not the thing is meant but what happens to it."""
    event = re.match(r"^why (?:do|does) (?P<who>(?:the |most |many |some )?[\w-]+(?: [\w-]+s)?) (?P<does>[a-z]+)(?P<what>.*)$", plain(said.before), re.I)
    found = _EVENT.search(said.text)
    if not event or not found or is_plural(event["does"]):
        return None
    doing = event["does"].removesuffix("e") + "ing"
    last = found.group().split()[-1]
    return re.sub(rf"\b{last}(?=\W*$)", f"{event['who']} {doing}{event['what']}", said.text)


def _there(said: _Said) -> str | None:
    """ "why do firms settle there?", "who works there?" """
    found = _THERE.search(said.text)
    if not found:
        return None
    where = said.things if re.match(r"the [\w ]+ that ", said.things) else said.topic
    return f"{said.text[: found.start()]}in {where}{said.text[found.end() :]}"


def _then(said: _Said) -> str | None:
    """ "what happens to our data then?" """
    found = _THEN.search(said.text)
    if not found or named(said.text, said.lexicon):
        return None
    happened = re.match(r"^(?:why|when|how) (?:would|does|did|will|can|could|should|might) (?P<who>.+) (?P<does>[a-z]+[^s\W])$", plain(said.before), re.I)
    when = f"when {happened['who']} {happened['does']}s" if happened else f"in {said.topic}"
    return f"{said.text[: found.start()]} {when}?"


# --- questions that leave out what they are about ---------------------------------------------------------------------------------------

_LEFT_OUT = frozenset(
    """go goes wrong responsible involved needed required happen happens start begin expect cost costs take takes typical usual best worst important most common first next good bad big
    long much many often people done main key expensive cheap hard difficult easy decide decides pay pays manage manages should do doing work works use apply buy lead leads help benefit gain""".split()  # noqa: SIM905
)
_WITH = re.compile(r"\b(?:wrong|start|begin|help|do|work|deal)$", re.I)


def _left_out(said: _Said) -> str | None:
    """ "what can go wrong?", "who is responsible?", "how long does the work take?" """
    words = content_words(said.bare)
    if not _QUESTION.match(said.bare) or len(said.bare.split()) > 6 or named(said.text, said.lexicon):
        return None
    if re.search(r"\b(?:you|your|i|we|it|they|them|there)\b", said.bare, re.I) or not all(word in _LEFT_OUT for word in words):
        return None
    return f"{said.bare} {'with' if _WITH.search(said.bare) else 'in'} {said.topic}?"


# --- words ------------------------------------------------------------------------------------------------------------------------


def _meant(said: _Said) -> str | None:
    """ "what do you mean by hallucination?", "who invented the term?" """
    term = re.search(r"\bthe (?:term|word|expression|abbreviation|acronym)\b(?=\W*$| (?:come|mean|stand)\b)", said.text, re.I)
    if term:
        return f"{said.text[: term.end()]} {said.topic}{said.text[term.end() :]}"
    found = re.match(r"^what (?:do|did|does) (?:you|they|that|it|the \w+) mean by (?P<x>.+)$", said.bare, re.I)
    return f"What is {found['x']}?" if found else None


_RULES: tuple[Callable[[_Said], str | None], ...] = (
    _meant, _former, _compared, _which_one, _bare_word, _examples, _aspect, _elsewhere, _other, _owned, _there, _happened, _referred, _then, _left_out,
)
