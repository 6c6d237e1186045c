"""What a question is about, read off its own words: what "it" means after it, what "they" means, and where another thing would stand."""

import re
from collections.abc import Iterable

from assistant.vocabulary import stems_in
from corpus.terms import Term
from index.lexical import content_words
from index.search import Lexicon

_AUX = r"(?:is|are|was|were|do|does|did|can|could|may|might|will|would|should|shall|must|has|have|had)"
_WH = r"(?:what|who|which|where|when|why|how|whose)"
# How questions name their subject. Beside each: an example.
_FRAMES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "Which pricing models are there?"
        r"^(?:what|which) (?P<np>.+?) (?:are|is) there\b.*$",
        # "What is KPO?", "whats attrition exactly", "What are the benefits of KPO?"
        rf"^(?:what|who|which)(?:'s|s|’s| is| are| was| were| r) (?:exactly |meant by )?(?P<np>(?!{_AUX}\b|your?\b|there\b).+?)(?: exactly| about| like| for| in short| again| (?:used|needed|called|done|made|meant|known|based|measured|good|considered)\b.*)?$",
        # "What does attrition mean?", "What does Genpact do?", "What does the GDPR ask of a provider?"
        r"^what (?:do|does|did) (?P<np>.+?) (?:mean|stand for|do|offer|include|cover|contain|consist of|look like|sell|say|ask|need|have|require|involve|cost|measure|show|want|buy)\b.*$",
        # "How does knowledge transfer work?", "How often does a steering committee meet?"
        r"^(?:how|why|where|when)(?: \w+(?: \w+)?)? (?:do|does|is|are|should|can|must|will|would|may) (?P<np>(?!we\b|i\b|you\b|people\b).{2,50}?) (?:work|fail|meet|happen|end|start|last|apply|measured|done|calculated|used|carried out|paid|handled|chosen)\b.*$",
        # "What happens in the third step?", "What can go wrong with LPO?"
        r"^what (?:happens|goes wrong|can go wrong|is done|should be done) (?:in|during|at|with|after|before) (?P<np>.{2,60})$",
        # "Explain gain share", "tell me about Genpact", "definition of lock-in"
        r"^(?:please )?(?:can you |could you )?(?:define|explain|describe|discuss|outline|tell (?:me|us) (?:more )?about|more about|what about|how about|list|name|"
        r"(?:give|show) (?:me|us)|(?:the )?(?:meaning|definition) of) (?P<np>.+?)(?: to me| please| as (?:an? |one of ).+)?$",
        # "who uses LPO", "who founded WNS?"
        r"^who (?:does |do )?(?!is\b|are\b|was\b)[a-z]+ (?:(?:for|in|on|at|with|about|by|from|of) )?(?P<np>.{2,50}?)(?: there| for| to)?$",
        # "Is Poland one of the countries that provide KPO services?"
        r"^(?:is|are) (?P<np>.{2,40}?) one of the .+$",
        # "attrition", "the risk register"
        rf"^(?P<np>(?!{_WH}\b|{_AUX}\b|in\b|for\b)[\w&'’-]+(?: [\w&'’-]+){{0,3}})$",
    )
)
_OF = re.compile(r"^(?P<head>.+?) (?:of|for|about|behind|against|with) (?P<rest>.+)$", re.I)
# Heads that are no thing of their own: "the meaning of attrition" is about attrition.
_SHELLS = frozenset(
    """meaning definition form forms abbreviation acronym difference number name purpose point aim idea role importance history capital list kind type sort use value price
    cost offset rate share example illustration description concept notion""".split()  # noqa: SIM905
)
_PAIRS = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "the difference between KPO and BPO"
        r"\bbetween (.+?) (?:and|&) (.+)$",
        # "Compare LPO with RPO"
        r"^(?:please )?compare (.+?) (?:with|and|to|vs\.?|versus|against) (.+)$",
        # "How do KPO and BPO differ?"
        r"\b(?:do|does|are|is) (.+?) and (.+?) (?:differ|compare|relate|different|related|the same)\b",
        # "How does a GCC differ from KPO?", "Is nearshore the same as onshore?", "Is KPO part of BPO?", "Is a captive better than a provider?"
        r"\b(?:do|does|are|is) (.+?) (?:differ(?:ent)? (?:from|to)|compare (?:with|to)|(?:a |the )?(?:part|kind|type|branch|form) of|the same(?: thing)? as|similar to|better than|unlike) (.+)$",
        # "Which needs more trust, KPO or BPO?"
        r", (?:is it )?(.+?) or (.+)$",
        # "KPO vs BPO"
        r"^(?:what is |whats )?(.+?) (?:vs\.?|versus) (.+)$",
    )
)
_FURTHER_SIDE = re.compile(r",\s+(?:and |or )?|\s+(?:vs\.?|versus)\s+")
_AFTER_PAIR = re.compile(r",? (?:in|for|when|with|on|at|by|as|from|what|which|if)\b.*$", re.I)
_SUBJECT = re.compile(rf"^(?:why|how|when|where|what) {_AUX} (?P<np>(?:(?:the|most|many|some|our|these) )?(?:[\w-]+ )?(?:people|staff|[\w-]+[^su\W]s)) (?!of\b|in\b|for\b|to\b|and\b|with\b)[a-z]+", re.I)
_WHICH = re.compile(rf"^(?:which|what|how many) (?P<np>(?!{_AUX}\b)(?:[\w-]+ ){{0,3}}?(?:people|staff|[\w-]+[^su\W]s)) (?P<rest>(?!are there|is there)[a-z]+\b.*)$", re.I)
_DETERMINED = re.compile(r"\b(?:an?|the|our|their|my|your) (?:[\w-]+ ){0,2}[\w-]+(?= (?:in|of|for|with|to|by|on)\b|$)", re.I)
_FRAME = re.compile(rf"^(?:please )?(?:{_WH}|{_AUX}|tell me|explain|describe|define|list|name|give me)(?: (?:{_AUX}|about|me|the|an?|exactly|really|i|we|you))*\s+", re.I)
_CAPITALS = re.compile(r"(?<=[\w,;] )(?!I\b|I'm\b)[A-Z][\w&’'-]*(?: [A-Z][\w&’'-]*)*|\b[A-Z][A-Z&]+s?\b")
_ARTICLE = re.compile(r"^(?:an?|the|our|my|your) ", re.I)
_NOT_IN_NOUNS = frozenset(
    """what who which where when why how whose is are was were do does did can could may might will would should shall must has have had
    of in to for with by on at from the an a than that as if our their your my""".split()  # noqa: SIM905
)


def plain(question: str) -> str:
    """The question without its end mark, without what stands in brackets behind it, and without a second question."""
    bare = re.sub(r"\s*\([^()]*\)\W*$", "", question.strip()).rstrip("?.!,;: ")
    return re.split(rf",? (?:and|or|but) (?={_WH}\b|(?:is|are|does|do|can) )|,? (?:even|only|also) (?:if|when)\b|, unless\b", bare)[0] or bare


def named(question: str, lexicon: Lexicon) -> list[str]:
    """The terms, names and abbreviations of a question as they are written there, in their order; longer ones first where they overlap."""
    said = [name for term in lexicon.recognise(question) for name in (term.name, *term.abbreviations)]
    spans = [found.span() for name in said for found in re.finditer(rf"(?<!\w){re.escape(name)}(?:s|es)?(?!\w)", question, re.I)]
    spans += [found.span() for found in _CAPITALS.finditer(question)]
    kept: list[tuple[int, int]] = []
    for span in sorted(set(spans), key=lambda span: (span[0] - span[1], span[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return [question[start:end] for start, end in sorted(kept)]


def topic_of(question: str, lexicon: Lexicon) -> str:
    """What "it" means after this question: "the benefits of KPO" is about KPO. A question that names nothing gives its own words."""
    asked = plain(question)
    pair = pair_of(asked)
    if pair:
        return pair[0]
    phrase = phrase_of(asked)
    if phrase and len(phrase.split()) <= 9:
        return _thing(phrase)
    names = named(asked, lexicon)
    if names:
        return _with_article(asked, names[0])
    determined = _DETERMINED.findall(asked)
    return determined[-1] if determined else _FRAME.sub("", asked) or asked


def things_of(question: str, lexicon: Lexicon) -> str:
    """What "they" means after this question: "What are the risks of KPO?" gives "the risks of KPO"; a pair gives both.

    "" when it names nothing that can be "they".
    """
    asked = plain(question)
    pair = pair_of(asked)
    if pair:
        return f"{pair[0]} and {pair[1]}"
    which = _WHICH.match(asked)
    if which:
        return f"the {which['np']} that {_told(which['rest'])}"
    subject = _SUBJECT.match(asked)
    if subject:
        return subject["np"]
    phrase = phrase_of(asked) or topic_of(asked, lexicon)
    head = _OF.match(phrase)
    if is_plural((head["head"] if head else phrase).split()[-1]):
        return phrase
    thing = _thing(phrase)
    countable = re.match(r"an? ", thing, re.I) or re.match(r"[A-Z][a-z]", thing) or is_plural(thing.split()[-1])
    return thing if countable or _is_company(thing, lexicon) else ""


def _told(asked: str) -> str:
    """The rest of a question as the rest of a statement: "does an analyst need" is "an analyst needs"."""
    found = re.match(r"^(?P<aux>do|does|did|can|could|should|must|will|would|may) (?P<who>.+) (?P<does>[a-z]+)$", asked, re.I)
    if not found:
        return asked
    does = found["does"]
    match found["aux"].lower():
        case "do" | "did":
            return f"{found['who']} {does}"
        case "does":
            return f"{found['who']} {'has' if does == 'have' else does + 's'}"
        case aux:
            return f"{found['who']} {aux} {does}"


def _is_company(name: str, lexicon: Lexicon) -> bool:
    """Is it an abbreviation that no document explains ("WNS", "EXL")? Those are names."""
    return name.isupper() and not lexicon.recognise(name)


def phrase_of(asked: str) -> str:
    """The whole noun phrase that the question asks about ("the benefits of KPO"); "" when no frame fits."""
    for frame in _FRAMES:
        found = frame.match(asked)
        if found:
            return found["np"].strip()
    return ""


def _thing(phrase: str) -> str:
    found = _OF.match(phrase)
    if not found:
        return phrase
    head = found["head"].split()[-1].lower()
    rest = re.sub(r" (?:in|at|for|to) .*$", "", found["rest"]) if head in _SHELLS else found["rest"]
    return rest if is_plural(head) or head in _SHELLS or re.match(r"(?:the )?[A-Z][a-z]", rest) else phrase


def _with_article(asked: str, name: str) -> str:
    found = re.search(rf"\b(an?|the|our) {re.escape(name)}(?: (?:engagement|provider|contract|process|project|team|work)\b)?", asked, re.I)
    return found.group() if found else name


def pair_of(question: str) -> tuple[str, str] | None:
    """The two things that a question compares; None when it compares none."""
    asked = plain(question)
    for rule in _PAIRS:
        found = rule.search(asked)
        if found:
            one, two = found[1].strip(), _AFTER_PAIR.sub("", found[2]).strip()
            if one and two and len(one.split()) <= 6 and len(two.split()) <= 6:
                return one, two
    return None


def sides_of(question: str) -> list[str]:
    """The things that a question compares, two or more ("KPO vs BPO vs LPO"), without articles; none when it compares none."""
    return [re.sub(r"^(?:an?|the) ", "", side) for both in pair_of(question) or () for side in _FURTHER_SIDE.split(both)]


def term_named(side: str, terms: Iterable[Term]) -> Term | None:
    """The first of the terms that are defined whose name or abbreviation this is, whatever its case."""
    return next((term for term in terms if term.defines and side.lower() in (term.name.lower(), *(s.lower() for s in term.abbreviations))), None)


def names_of(side: str, terms: Iterable[Term]) -> tuple[str, ...]:
    """What a side of a comparison is called: as in the question, then by the name and the abbreviations of the term that it is."""
    term = term_named(side, terms)
    return side, *((term.name, *term.abbreviations) if term else ())


def is_named(names: Iterable[str], text: str) -> bool:
    """Does the text hold all words of one of the names?"""
    said = stems_in(text)
    return any(stems_in(name) <= said for name in names)


def is_plural(word: str) -> bool:
    """Does the word look like a plural ("risks", "people", not "process")?"""
    return word.lower() in ("people", "staff", "criteria", "pros", "cons") or bool(re.search(r"[^sui]s$", word)) and not word.isupper()


def singular(word: str) -> str:
    """The word in lower case without the ending of a plural."""
    word = word.lower()
    return word[:-3] + "y" if word.endswith("ies") else word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def swapped(question: str, other: str, lexicon: Lexicon) -> str:
    """The question asked of `other` instead: "What does Genpact do?" and "Infosys" give "What does Infosys do?"."""
    asked = question.strip()
    ones = re.match(r"^(?:the )?(?P<kind>.+?) ones?$", other, re.I)
    if ones:
        return _of_kind(asked, ones["kind"])
    place = _place(asked, other, lexicon)
    if not place:
        return f"{plain(asked)}: {other}?"
    start = asked.lower().rindex(place.lower())
    before, after = asked[:start], asked[start + len(place) :]
    own, new = _ARTICLE.match(place), _ARTICLE.match(other)
    if new:
        before = re.sub(r"\b(?:an?|the|our) $", "", before, flags=re.I)
    elif own and other[0].islower():
        other = ("the " if own.group().lower() == "the " else "an " if other[0] in "aeiou" else "a ") + other
    elif other[0].isupper():
        before = re.sub(r"\b(?:an?|the) $", "", before, flags=re.I)
    return f"{before}{other}{after}"


def _place(asked: str, other: str, lexicon: Lexicon) -> str:
    """The words of the question in whose place `other` goes; "" when there are none."""
    bare = plain(asked)
    pair = pair_of(bare)
    if pair:
        return pair[1]
    phrase = phrase_of(bare)
    inner = re.match(r"^.+? (?:of|for|in|at|to|about) (?P<rest>.+)$", phrase) if phrase else None
    names = named(bare, lexicon)
    if phrase and not inner and len(phrase.split()) <= 6:
        return phrase
    if named(f"of {other}", lexicon) and names:
        alike = [name for name in names if _shape(name) == _shape(other)]
        return max(reversed(alike or names), key=lambda name: _kinship(name, other, lexicon))
    many = [word for word in re.findall(r"[\w-]+", bare)[1:] if is_plural(word) and word.lower() not in _NOT_IN_NOUNS]
    if not inner and many and is_plural(other.split()[-1]):
        return str(many[-1])
    if inner:
        return str(re.split(r" (?:of|for|in|at|to|about) ", inner["rest"])[-1])
    if names:
        return names[-1]
    topic = topic_of(bare, lexicon)
    return topic if topic.lower() in asked.lower() and topic != bare else ""


def _kinship(one: str, other: str, lexicon: Lexicon) -> int:
    """How many words the definitions of two terms share: after "Does the GDPR apply to KPO?" HIPAA stands for the other law, BPO for KPO."""
    mine, theirs = (
        {word for term in lexicon.recognise(name) for word in content_words(f"{term.name} {term.definition}")} for name in (one, other)
    )
    return len(mine & theirs)


def _shape(name: str) -> str:
    bare = _ARTICLE.sub("", name)
    return "abbreviation" if bare.isupper() else "name" if bare[:1].isupper() else "words"


def _of_kind(asked: str, kind: str) -> str:
    """ "How exposed are legal occupations?" and "computer" give "How exposed are computer occupations?"."""
    words = asked.split(" ")
    at = next((n for n, word in enumerate(words) if n and is_plural(word.strip("?.,!")) and word.lower() not in _NOT_IN_NOUNS), None)
    if at is None:
        return f"{plain(asked)}: {kind}?"
    first = at
    while first > 1 and words[first - 1].lower() not in _NOT_IN_NOUNS:
        first -= 1
    return " ".join([*words[:first], kind, *words[at:]])


def narrowed_to(question: str, where: str) -> str:
    """The question with "in healthcare" added, in the place of what it said with the same preposition before."""
    asked = question.strip().rstrip("?.! ")
    preposition = where.split()[0].lower()
    found = re.search(rf" {preposition} (?!which\b|what\b)[^,]+$", asked, re.I)
    replaceable = found is not None and (len(found.group().split()) <= 6 or preposition == "between") and found.start() > 12
    return f"{asked[: found.start()] if found and replaceable else asked} {where}?"
