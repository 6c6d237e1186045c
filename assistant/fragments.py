"""Follow-ups that are pieces of a question: "why?", "examples?", "and its drawbacks?", "in healthcare?", "and Infosys?", "what can go wrong?"."""

import re

from assistant.pronouns import POSSESSIVE, pronoun
from assistant.topic import AUX, is_plural, named, narrowed_to, phrase_of, plain, swapped, topic_of
from assistant.turns import QUESTION, Spoken
from index.lexical import content_words, singular

_BARE = re.compile(
    r"^(?P<word>why not|why|how come|how|where|when|who|which ones?|since when)(?: (?:exactly|is (?:that|this|it)(?: so)?|so|that|then|are they))*$", re.I)
_DEGREES = "much|often|long|fast|quickly|soon|high|big|large|likely|many"
_DEGREE = re.compile(rf"^(?P<degree>how (?:{_DEGREES}|(?:much|many) (?:\w+er|more|less)))(?: exactly| then)*$", re.I)
_WHO_DOES = re.compile(r"^who (?P<does>[a-z]+[^s]s) (?P<np>.+)$", re.I)
_EVEN_IF = re.compile(r"^(?:(?:even|only|also|not) (?:if|when|though)|unless|except (?:if|when))\b .{2,60}$", re.I)
_EXAMPLES = re.compile(
    r"^(?:(?:can|could) you )?(?:please )?(?:(?:give|show|tell|name)(?: me| us)? )?(?:(?:an?|some|any|a few|more|the|concrete|real|other|two|three) )*(?:such as|like what|like|e\.?g|for (?:example|instance)|examples?|instances?|illustrations?)(?: of (?:it|that|this|them|those|these))?(?: please)?$", re.I)


def bare_word(said: Spoken) -> str | None:
    """ "why?", "how?", "where exactly?", "since when?", "how fast?" """
    found = _BARE.match(said.bare)
    if not found:
        return _how_far(said)
    word = found["word"].lower()
    before = plain(said.before)
    if word == "why not":
        return f"Why not: {before[0].lower() + before[1:]}?"
    is_asked = re.match(r"^where is it$", said.bare, re.I) and re.match(r"^(?:who|which|how (?:many|much)|when)\b", before, re.I)
    if is_asked and re.match(r"(?:(?:the|our) )?[A-Z][a-z]", said.topic) and not said.lexicon.recognise(said.topic):
        return f"Where is {said.topic}?"
    word = {"how come": "why", "which one": "which", "which ones": "which", "since when": "when"}.get(word, word)
    return _asked_with(word, before, said)


def _how_far(said: Spoken) -> str | None:
    """ "how fast?" after "Is KPO growing?" is "How fast is KPO growing?"; after "What is KPO?" it is left to other rules."""
    found = _DEGREE.match(said.bare)
    if not found:
        return None
    degree, before = found["degree"].lower(), plain(said.before)
    exists = re.match(r"^(?P<are>is|are) there (?:any |an? )?(?P<x>.+)$", before, re.I)
    if exists:
        return f"{degree} {exists['are'].lower()} the {exists['x']}?"
    asked = re.match(rf"^(?:(?:how|why|when|where)(?: (?!{AUX}\b)\w+)? )?(?P<rest>{AUX}\b.+)$", before, re.I)
    if asked:
        rest = re.sub(rf" {degree.split()[-1]}$", "", asked["rest"], flags=re.I)  # "Is it cheaper?", "how much cheaper?"
        return f"{degree} {rest[0].lower() + rest[1:]}?"
    may = re.match(r"^who (?P<may>can|could|may|might|will|would|should|must) (?P<rest>.+)$", before, re.I)
    if may:
        return f"{degree} {may['may'].lower()} anyone {may['rest']}?"
    who = _WHO_DOES.match(before)
    return f"{degree} does anyone {_base(who['does'])} {who['np']}?" if who else None


def _asked_with(word: str, before: str, said: Spoken) -> str:
    """The question before, asked with "why": "Is KPO part of BPO?" gives "Why is KPO part of BPO?"."""
    if word in ("why", "how", "when", "where") and re.match(r"^(?:is|are|was|were|do|does|did|can|could|should|would|will|must|has|have)\b", before, re.I):
        return f"{word} {before[0].lower() + before[1:]}?"
    choice = re.match(r"^which (?P<does>\w+ .+?), (?P<pair>.+ or .+)$", before, re.I)
    if choice and word in ("why", "how", "when", "where"):
        return f"{word} is that so: which {choice['does']}, {choice['pair']}?"
    which = re.match(rf"^(?:which|what) (?P<np>(?!{AUX}\b)(?:[\w-]+ ){{0,3}}?[\w-]+s) (?P<does>(?!{AUX}\b)[a-z]+\b.+)$", before, re.I)
    if which and is_plural(which["np"].split()[-1]):
        return f"{word} do {which['np']} {which['does']}?"
    who = _WHO_DOES.match(before)
    if who and word != "who":
        return f"{word} does anyone {_base(who['does'])} {who['np']}?"
    other = re.match(rf"^(?:why|how|where|when)(?: (?:{_DEGREES}))? (?P<rest>(?:is|are|was|were|do|does|did|can|could|should|would|will|must) .+)$", before, re.I)
    if other and word in ("why", "how", "where", "when"):
        return f"{word} {other['rest']}?"
    asked = {"why": f"Why {said.topic}?", "how": f"How does {said.topic} work?", "where": f"Where is {said.topic} done?", "when": f"When is {said.topic} used?"}
    if word == "why" and re.match(r"(?:the|our) ", said.topic, re.I):
        return f"why is that so: {before}?"
    if word in asked and before.endswith(said.topic) and re.match(r"^(?:what(?:'s|s)?|define|explain|describe|tell)\b", before, re.I) and not is_plural(said.topic.split()[-1]):
        return asked[word]
    return f"{word} is that so: {before}?" if word in ("why", "how", "when", "where") else f"{word}: {before}?"


def _base(does: str) -> str:
    """ "carries" is "carry", "teaches" is "teach", "does" is "do"."""
    return does[:-3] + "y" if does.endswith("ies") else does[:-2] if re.search(r"(?:ch|sh|ss|x|o)es$", does) else does[:-1]


def examples(said: Spoken) -> str | None:
    """ "examples?", "such as?", "can you give me an example?" """
    return f"What are examples of {said.topic}?" if _EXAMPLES.match(said.bare) else None


_ASPECTS = frozenset(
    """benefit advantage disadvantage drawback downside upside risk danger threat cost price fee expense example type kind form step stage phase feature characteristic limit limitation
    challenge problem issue difficulty alternative use cause reason effect consequence impact history future trend outlook pro con requirement skill qualification part component
    client customer buyer provider user industry tool measure control duty exception strength weakness merit purpose goal aim definition meaning origin principle role task
    mistake pitfall figure number rule law service method best-practice opportunity demerit""".split()  # noqa: SIM905
)
_ROLES = ("client", "customer", "buyer", "provider", "user", "task", "service", "law", "rule", "role", "figure", "number", "control", "measure", "tool", "method")  # one of them is somebody or something
_OF = re.compile(r" (?:of|for|in|about|to) ")
_SMALL = r"(?:(?:the|some|any|its|their|his|her|all|main|key|common|biggest|typical|usual|important|possible|other|big|most|and|or|of|it|that|this|them) )*"
_AGAINST = re.compile(r" (?:(?:as )?(?:compared|in comparison) (?:to|with)|versus|vs\.?|against|over|than) (?!time$|it$|that$|them$|this$)[\w&' -]{2,40}$", re.I)
_PLACE = re.compile(r"^(?:in|for|at|with|by|on|during|after|before|without|under|from|outside|within|inside|among|between)\b (?!short\b|brief\b|general\b|that case\b|it\b|that\b)[\w&,' -]{2,50}$", re.I)


def _is_aspect(text: str) -> bool:
    """Is it only the name of an aspect that many things have ("the main risks", "pros and cons")?"""
    words = re.findall(r"[\w-]+", re.sub(rf"^{_SMALL}", "", text.lower() + " ").strip())
    if len(words) == 1 and words[0] in _ROLES:
        return False
    return 0 < len(words) <= 3 and singular(words[-1]) in _ASPECTS and all(singular(word) in _ASPECTS or word in ("and", "or", "main", "key", "common", "biggest") for word in words)


def aspect(said: Spoken) -> str | None:
    """ "and its drawbacks?", "benefits?", "the costs", "what are the steps?", "give me the pros and cons", "any exceptions?", "pros and cons compared to BPO?" """
    found = re.match(
        r"^(?:(?:what|which|who)(?:'s|s| is| are)?|(?:please )?(?:(?:can|could) you )?(?:list|name|explain|describe|give me|tell me(?: about)?|show me)|are there|is there|any|about) (?P<np>.+?)(?: there| then| please)?$",
        said.bare, re.I)
    phrase = found["np"] if found else said.bare
    against = _AGAINST.search(phrase)
    behind = against.group() if against else ""
    phrase = phrase.removesuffix(behind)
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
        return f"What are {'' if singular(shape) == 'example' else 'the '}{shape} of {topic}{behind}?"
    return f"What is the {shape} of {topic}{behind}?"


def elsewhere(said: Spoken) -> str | None:
    """ "in healthcare?", "and for small firms?", "with nearshore teams?", "and in which industries?", "even if the provider wrote it?" """
    if _EVEN_IF.match(said.bare):
        return f"{plain(said.before)}, {said.bare[0].lower() + said.bare[1:]}?"
    bare = re.sub(r"^(?:even|only|also|just|mainly|especially) ", "", said.bare, flags=re.I)
    if not _PLACE.match(bare):
        return None
    if re.match(rf"\w+ (?:which|what|whom|how)\b.* {AUX} ", said.bare, re.I):
        return None  # "within how many hours must a breach be reported?" is whole
    if re.match(r"\w+ (?:which|what|whom|how)\b", said.bare, re.I):
        is_defined = re.match(r"^what(?:'s|s| is) ", said.before, re.I)
        return f"{said.bare} is {said.topic} used?" if is_defined else f"{plain(said.before)}, and {said.bare}?"
    return narrowed_to(said.before, bare)


def other(said: Spoken) -> str | None:
    """ "and Infosys?", "what about LPO?", "same for nearshore", "the Philippines?", "and legal ones?" """
    bare = re.sub(r"^(?:for|with|about|of) ", "", said.bare, flags=re.I)
    short = len(bare.split()) <= 6 and not QUESTION.match(bare) and not pronoun(bare) and not POSSESSIVE.search(bare)
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
    return _one_of(bare, said) or swapped(said.before, bare, said.lexicon)


def _one_of(bare: str, said: Spoken) -> str | None:
    """ "and Poland?" after "Which countries are used for KPO?", "and Genpact?" after "Who are the biggest KPO providers?": one of those asked for.

    None when the question names something that `bare` can stand for ("Which services does Genpact offer?", "and Infosys?").
    """
    asked = re.match(rf"^(?:(?:which|what) (?P<np>(?!(?:{AUX}|happens)\b)(?:[\w-]+ ){{0,2}}?[\w-]+[^su\W]s) (?P<does>(?!{AUX} (?!used|chosen|best|known|common)|are there)[a-z]+\b.*)|(?:who are|(?:is|are) .+? one of|tell me about .+? as one of) (?P<who>the .+))$", plain(said.before), re.I)
    if not asked or said.lexicon.recognise(bare) or re.match(r"(?:the|our|an?) [a-z]", bare) or re.search(r" ones?$", bare):
        return None
    rest = asked["does"] or asked["who"]
    if any(not said.lexicon.recognise(name) for name in named(rest, said.lexicon)) or asked["does"] and _has_plural(rest, said.topic):
        return None
    those = asked["who"] or f"the {asked['np']} that {rest}"
    if re.match(r"(?:the )?[A-Z]", bare):
        return f"Tell me about {bare} as one of {those}"
    return f"{'Are' if is_plural(bare.split()[-1]) else 'Is'} {bare} one of {those}?"


def _has_plural(question: str, topic: str) -> bool:
    """Does a question name several of something beside its topic ("How does KPO help banks?")? Then others may stand in their place."""
    rest = re.findall(r"[\w-]+", plain(question).replace(topic, ""))
    return any(is_plural(word) and not _is_aspect(word) and not re.fullmatch(AUX, word, re.I) for word in rest)


def _alike(bare: str, said: Spoken) -> bool:
    """May a bare "LPO?" stand where the question before has its subject? A term for a term, a name for a name; else it is a new subject."""
    mine, theirs = bool(said.lexicon.recognise(bare)), bool(said.lexicon.recognise(said.topic))
    if " ones" in bare:
        return True
    return mine == theirs and (mine or bare[0].isupper() or said.before.lower().startswith("what"))


_LEFT_OUT = frozenset(
    """go goes wrong responsible involved needed required happen happens start begin expect cost costs take takes typical usual best worst important most common first next good bad big
    long much many often people done main key expensive cheap hard difficult easy decide decides pay pays manage manages should do doing work works use apply buy lead leads help benefit gain""".split()  # noqa: SIM905
)
_WITH = re.compile(r"\b(?:wrong|start|begin|help|do|work|deal)$", re.I)


def left_out(said: Spoken) -> str | None:
    """ "what can go wrong?", "who is responsible?", "how long does the work take?" """
    words = content_words(said.bare)
    if not QUESTION.match(said.bare) or len(said.bare.split()) > 6 or named(said.text, said.lexicon):
        return None
    if re.search(r"\b(?:you|your|i|we|it|they|them|there)\b", said.bare, re.I) or not all(word in _LEFT_OUT for word in words):
        return None
    return f"{said.bare} {'with' if _WITH.search(said.bare) else 'in'} {said.topic}?"
