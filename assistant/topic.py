"""What a question is about, read off its own words: what "it" means after it, what "they" means, and where another thing would stand."""

import re
from collections.abc import Iterable, Sequence

from assistant.vocabulary import stems_in
from corpus.terms import Term
from index.lexical import content_words, singular
from index.search import Lexicon

AUX = r"(?:is|are|was|were|do|does|did|can|could|may|might|will|would|should|shall|must|has|have|had)"
_MODAL = r"(?:can|could|may|might|will|would|should|shall|must)"
_WH = r"(?:what|who|which|where|when|why|how|whose)"
_DEGREE = r"(?:long|much|many|often|soon|fast|quickly|high|big|large|old|far|expensive|cheap|hard|difficult|likely|safe|common)"
_DONE = r"(?:kept|held|paid|done|made|given|\w{2,}ed)"
_AND = r"(?:and|&|n)"
_NO_CLAUSE = rf"(?:(?!\b(?:{_WH}|{AUX})\b).)+?"
_NOBODY = r"(?!(?:i|we|you|they|people|it|this|that|there)\b)"
# How questions name their subject. Beside each: an example.
_FRAMES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "Which pricing models are there?"
        r"^(?:what|which) (?P<np>.+?) (?:are|is) there\b.*$",
        # "What is KPO?", "whats attrition exactly", "What are the benefits of KPO?", "What is generative AI bad at?"
        rf"^(?:what|who|which)(?:'s|s|’s| is| are| was| were| r) (?:exactly |meant by )?(?P<np>(?!{AUX}\b|your?\b|there\b).+?)(?: exactly| about| like| for| in short| again| (?:used|needed|called|done|made|meant|known|based|measured|good|considered)\b.*| (?:bad|poor|weak|strong|useful|suitable|suited|unsuitable|famous|responsible) (?:at|for|in)\b.*)?$",
        # "What does attrition mean?", "What does Genpact do?", "What does the GDPR ask of a provider?"
        r"^what (?:do|does|did) (?P<np>.+?) (?:mean|stand for|do|offer|include|cover|contain|consist of|look like|sell|say|ask|need|have|require|involve|cost|measure|show|want|buy)\b.*$",
        # "How many days of leave are there?"
        r"^how (?:many|much) (?P<np>.+?) (?:are|is|were|was) there\b.*$",
        # "How many hours of training does an analyst get?"
        rf"^how many (?P<np>[\w-]+ of (?!the\b)[\w' -]+?) {AUX} .+$",
        # "How much overtime is allowed?"
        rf"^how (?:many|much) (?P<np>(?!{AUX}\b|of\b)[\w-]+(?: (?!{AUX}\b)[\w-]+)?) (?:is|are|was|were) [a-z]+$",
        # "How long is probation?", "How high are the penalties?", "How long are files kept after that?"
        rf"^how {_DEGREE} (?:is|are|was|were) (?P<np>{_NOBODY}(?!\w+ed\b).+?)(?: (?:{_DONE}|to \w+)(?: (?:for|after|before|in|by|to|from|at|on|with|when|if|as|per)\b.*)?)?$",
        # "How exposed are legal occupations to AI?", "How good is Poland at research?"; not "How well are analysts paid at night?"
        rf"^how (?!{AUX}\b|{_DEGREE}\b|well\b|badly\b|\w+ly\b)[a-z]+ (?:is|are|was|were) (?P<np>{_NOBODY}(?:(?!{_DONE}\b)[\w&'’-]+ ){{1,5}}?)(?:to|at|for|with|about|in|on) .+$",
        # "How much does a licence cost per month?", "How soon must a breach be reported?"
        rf"^how {_DEGREE} {AUX} (?P<np>{_NOBODY}.{{2,50}}?)(?<!\bthe) (?:take|cost|run|last|earn|rise|grow|be)\b.*$",
        # "How does knowledge transfer work?", "How often does a steering committee meet?"
        r"^(?:how|why|where|when)(?: \w+(?: \w+)?)? (?:do|does|is|are|should|can|must|will|would|may) (?P<np>(?!we\b|i\b|you\b|people\b).{2,50}?) (?:work|fail|meet|happen|end|start|last|apply|measured|done|calculated|used|carried out|paid|handled|chosen)\b.*$",
        # "What happens in the third step?", "What can go wrong with LPO?"
        r"^what (?:happens|goes wrong|can go wrong|is done|should be done) (?:in|during|at|with|after|before) (?P<np>.{2,60})$",
        # "Explain gain share", "tell me about Genpact", "definition of lock-in"
        r"^(?:please )?(?:can you |could you )?(?:define|explain|describe|discuss|outline|tell (?:me|us) (?:more )?about|more about|what about|how about|list|name|"
        r"(?:give|show) (?:me|us)|(?:the )?(?:meaning|definition) of) (?P<np>.+?)(?: to me| please| as (?:an? |one of ).+)?$",
        # "Who does an analyst report to?"
        rf"^whom? (?:do|does|did) (?P<np>{_NOBODY}.{{2,50}}?) [a-z]+ (?:to|for|with|by|from|on|at|about)$",
        # "who uses LPO", "who founded WNS?", "Who should own the risk register?", "Who must be told of a breach?", but not "who pays if an SLA is missed"
        rf"^who (?:does |do |(?:{_MODAL}|has to|have to) (?:be )?)?{_NOBODY}(?!is\b|are\b|was\b|do\b|does\b|did\b|{_MODAL}\b|an?\b|the\b|our\b)[a-z]+ (?:(?:for|in|on|at|with|about|by|from|of) )?(?P<np>(?!(?:if|when|because|unless|before|after|until)\b).{{2,50}}?)(?: there| for| to)?$",
        # "Is Poland one of the countries that provide KPO services?"
        r"^(?:is|are) (?P<np>.{2,40}?) one of the .+$",
        # "attrition", "the risk register"
        rf"^(?P<np>(?!{_WH}\b|{AUX}\b|in\b|for\b)[\w&'’-]+(?: [\w&'’-]+){{0,3}})$",
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
        rf"\bbetween (.+?) {_AND} (.+)$",
        # "RFI and RFP, what's the difference?", "KPO/BPO difference"
        rf"^(?:explain |tell me )?({_NO_CLAUSE})(?: (?:{_AND}|or|vs\.?|versus) |/|, )({_NO_CLAUSE})[,:;. -]* (?:what(?:['’]?s| is| are) )?(?:the )?(?<!time )differences?$",
        # "RPO RTO difference": only of abbreviations, for a "time zone difference" is none of two things
        r"^(?-i:([A-Z][A-Z&]+s?)) (?-i:([A-Z][A-Z&]+s?)) differences?$",
        # "difference KPO and BPO", "what is the difference of KPO to BPO"
        rf"^(?:what(?:['’]?s| is| are) )?(?:the )?differences? (?!between\b|in\b|{AUX}\b|makes?\b|made\b)(?:of )?(.+?) (?:{_AND}|vs\.?|versus|from|to) (.+)$",
        # "the pros and cons of a GCC compared to KPO"
        r"\bof ((?:(?!of\b|is\b|are\b)[\w&'’-]+ )+)(?:as )?compared (?:to|with) (.+)$",
        # "Compare LPO with RPO"
        rf"^(?:please )?compare (.+?) (?:with|{_AND}|to|vs\.?|versus|against) (.+)$",
        # "How do KPO and BPO differ?"
        rf"\b(?:do|does|are|is) (.+?) {_AND} (.+?) (?:differ|compare|relate|different|related|the same)\b",
        # "How does a GCC differ from KPO?", "Is nearshore the same as onshore?", "Is KPO part of BPO?", "Is a captive better than a provider?"
        r"\b(?:do|does|are|is) (.+?) (?:differ(?:ent)? (?:from|to)|compare (?:with|to)|(?:a |the )?(?:part|kind|type|branch|form) of|the same(?: thing)? as|similar to|better than|unlike) (.+)$",
        # "Which needs more trust, KPO or BPO?"
        r", (?:is it )?(.+?) or (.+)$",
        # "KPO vs BPO"
        r"^(?:what is |whats )?(.+?) (?:vs\.?|versus) (.+)$",
    )
)
# Two things asked about side by side: "What are KPO and BPO?", "What do the account lead and the quality steward do?"; not "the risks and benefits of KPO"
_BOTH = re.compile(r"^what(?:'s|s| is| are| do| does) (?P<one>(?:[\w&-]+ ){0,3}?[\w&-]+) and (?P<two>(?:[\w&-]+ ){0,3}?[\w&-]+)(?: (?:do|mean|stand for))?$", re.I)
# "Explain CSAT and NPS", "What do SLA and KPI mean?", "slas n kpis"
_SIDE_BY_SIDE = re.compile(
    r"^(?:what(?:['’]?s| is| are| do| does)? |define |(?:please |can you |could you )*(?:explain|describe) |(?:the )?(?:meaning|definition)s? of )?(?P<sides>.+?)(?: mean| stand for)?$", re.I)
_FURTHER_SIDE = re.compile(r",\s+(?:and |or )?|\s+(?:vs\.?|versus)\s+")
_AFTER_PAIR = re.compile(r"[:;] .*$|,? (?:in|for|when|with|on|at|by|as|from|what|which|if)\b.*$", re.I)
_SUBJECT = re.compile(rf"^(?:why|how|when|where|what) {AUX} (?P<np>(?:(?:the|most|many|some|our|these) )?(?:[\w-]+ )?(?:people|staff|[\w-]+[^su\W]s)) (?!of\b|in\b|for\b|to\b|and\b|with\b)[a-z]+", re.I)
_WHICH = re.compile(rf"^(?:which|what|how many) (?P<np>(?!{AUX}\b|happens\b)(?:[\w-]+ ){{0,3}}?(?:people|staff|[\w-]+[^su\W]s)) (?P<rest>(?!are there|is there)[a-z]+\b.*)$", re.I)
_DETERMINED = re.compile(r"\b(?:an?|the|our|their|my|your) (?:[\w-]+ ){0,2}[\w-]+(?= (?:in|of|for|with|to|by|on)\b|$)", re.I)
# "Can I share a file with a client?": the file is what is shared
_DONE_TO = re.compile(
    rf"\b{AUX} (?:i|we|you|they|[a-z-]+s) (?!(?:of|for|in|at|to|about)\b)[a-z]+ (?P<np>(?:an?|the|our|their|my|your) (?:[\w-]+ ){{0,2}}?[\w-]+)"
    r"(?= (?:in|of|for|with|to|by|on|at|from|into)\b|$)", re.I
)
_NEEDED = re.compile(r"\b(?:i|we|you) [a-z]+ (?P<np>an? [\w-]+) to ", re.I)  # "Do I need a degree to work in KPO?"
_FRAME = re.compile(rf"^(?:please )?(?:{_WH}|{AUX}|tell me|explain|describe|define|list|name|give me)(?: (?:{AUX}|about|me|the|an?|exactly|really|i|we|you))*\s+", re.I)
_CAPITALS = re.compile(r"(?<=[\w,;] )(?!I\b|I'm\b)[A-Z][\w&’'-]*(?: [A-Z][\w&’'-]*)*|\b[A-Z][A-Z&]+s?\b")
_ARTICLE = re.compile(r"^(?:an?|the|our|my|your) ", re.I)
_WE = re.compile(rf"\b(?P<aux>am|{AUX}) (?:i|we)\b", re.I)
_PERSONS = frozenset(
    """person people staff employee worker freelancer contractor consultant intern trainee apprentice student graduate beginner newcomer part-timer manager leader supervisor director
    analyst reviewer researcher lawyer engineer client customer visitor guest colleague member""".split()  # noqa: SIM905
)
# What is told apart by a number: "week 2", "weeks 2 to 4", "day one", "the third quarter"
_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten)"
_COUNTED = re.compile(
    rf"\b(?P<noun>[a-z]{{3,}}?)s? {_NUMBER}(?:(?: to | and |-|–){_NUMBER})?(?!\w)|\b(?:first|second|third|fourth|fifth|sixth|last|\d+(?:st|nd|rd|th)) (?P<nth>[a-z]{{3,}}?)s?(?!\w)", re.I
)
_PREPOSITION = r"(?:of|for|in|at|to|about)"
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
    done_to = _DONE_TO.search(asked)
    if done_to:
        return done_to["np"]
    determined = _DETERMINED.findall(asked)
    return determined[-1] if determined else _FRAME.sub("", asked) or asked


def things_of(question: str, lexicon: Lexicon) -> str:
    """What "they" means after this question: "What are the risks of KPO?" gives "the risks of KPO"; a pair gives both.

    "" when it names nothing that can be "they".
    """
    asked = plain(question)
    pair = both_of(asked)
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


def both_of(question: str) -> tuple[str, str] | None:
    """The two things that a question compares, or asks about side by side; None when it names one or many."""
    found = _BOTH.match(plain(question))
    one, two = (found["one"], found["two"]) if found else ("", "")
    is_both = found is not None and not (_NOT_IN_NOUNS - {"an", "a", "the", "our", "their", "your", "my"}) & {*one.lower().split(), *two.lower().split()}
    return pair_of(question) or ((one, two) if is_both else None)


def sides_of(question: str) -> list[str]:
    """The things that a question compares, two or more ("KPO vs BPO vs LPO"), without articles; none when it compares none."""
    return [re.sub(r"^(?:an?|the) ", "", side) for both in pair_of(question) or () for side in _FURTHER_SIDE.split(both)]


def terms_beside(question: str, terms: Sequence[Term]) -> list[Term]:
    """The defined terms whose meaning is asked for side by side ("Explain CSAT and NPS", "define KPO, BPO and LPO"), of each name the first.

    None when any of the sides is no such term ("the risks and benefits of KPO"), or all of them are one ("time and materials").
    """
    found = _SIDE_BY_SIDE.match(plain(question))
    sides = [_ARTICLE.sub("", side) for side in re.split(rf", (?:and )?| (?:{_AND}) ", found["sides"], flags=re.I)] if found else []
    named = [term for side in sides if (term := term_named(side, terms))]
    whole = found is not None and term_named(_ARTICLE.sub("", found["sides"]), terms) is not None
    return list(dict.fromkeys(named)) if len(named) == len(sides) > 1 and not whole else []


def term_named(side: str, terms: Iterable[Term]) -> Term | None:
    """The first of the terms that are defined whose name or abbreviation this is, whatever its case and number."""
    called = {side.lower(), singular(side)}
    return next((term for term in terms if term.defines and called & {term.name.lower(), *(short.lower() for short in term.abbreviations)}), None)


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


def swapped(question: str, other: str, lexicon: Lexicon) -> str:
    """The question asked of `other` instead: "What does Genpact do?" and "Infosys" give "What does Infosys do?"."""
    asked = question.strip()
    ones = re.match(r"^(?:the |an? )?(?P<kind>.+?) ones?$", other, re.I)
    if ones:
        return _of_kind(asked, ones["kind"])
    persons = _of_persons(asked, other)
    if persons:
        return persons
    place = _place(asked, other, lexicon)
    if not place or _is_beside(plain(asked), place, other):
        return f"{plain(asked)}: {other}?"
    start = asked.lower().rindex(place.lower())
    before, after = asked[:start], asked[start + len(place) :]
    own, new = _ARTICLE.match(place), _ARTICLE.match(other)
    many = is_plural(other.split()[-1])
    if new:
        before = re.sub(r"\b(?:an?|the|our) $", "", before, flags=re.I)
    elif own and other[0].islower() and not (re.match("(?:an?|my|our|your) ", place, re.I) and re.search(r"[^su]s$", other)):
        other = ("the " if own.group().lower() == "the " else "an " if other[0] in "aeiou" else "a ") + other
    elif other[0].isupper():
        before = re.sub(r"\b(?:an?|the) $", "", before, flags=re.I)
    if other.split()[-1].islower() and place.split()[-1].islower() and many != is_plural(place.split()[-1]):
        before = agreeing(before, many=many)
    return f"{before}{other}{after}"


def _of_persons(asked: str, other: str) -> str:
    """ "When can I work from home?" and "interns" give "When can interns work from home?".

    "" for others than persons, where they may also stand for somebody named ("How many clients do we have?", "How do I write to clients?"), and for
    one person after "Who do I report to?".
    """
    found = _WE.search(asked)
    many = is_plural(other.split()[-1])
    is_person = singular(other.split()[-1]) in _PERSONS and (many or re.match("who", asked, re.I) is None)
    if not found or not is_person or re.search(r" (?:to|about|with)\b", asked, re.I) or any(singular(word) in _PERSONS for word in re.findall(r"[\w-]+", asked)):
        return ""
    before = agreeing(asked[: found.start()] + re.sub("^am ", "are ", found["aux"] + " ", flags=re.I), many=many)
    return before + other + re.sub(r"\b(?:my|our|your)\b", "their", asked[found.end() :], flags=re.I)


def _is_beside(asked: str, place: str, other: str) -> bool:
    """Is `other` something about what was asked, not another like it ("How much does chart review cost?", "and the minimum order?")?"""
    is_price = re.match(r"how much (?:do|does|did) ", asked, re.I) and not re.match(r"(?:the|our|my|your) |[A-Z]", place)
    return bool(is_price and re.match(r"the [a-z]", other)) and singular(place.split()[-1]) != singular(other.split()[-1])


def agreeing(opening: str, *, many: bool) -> str:
    """The words before a noun with their verb in its number: "How long does " before "audits" is "How long do "."""
    for one, several in (("is", "are"), ("Is", "Are"), ("was", "were"), ("Was", "Were"), ("does", "do"), ("Does", "Do"), ("has", "have"), ("Has", "Have")):
        opening = re.sub(rf"\b{one if many else several} $", f"{several if many else one} ", opening)
    return opening


def _place(asked: str, other: str, lexicon: Lexicon) -> str:
    """The words of the question in whose place `other` goes; "" when there are none."""
    bare = plain(asked)
    pair = pair_of(bare)
    if pair:
        return pair[1]
    counted = _counted_like(bare, other)
    if counted:
        return counted
    phrase = phrase_of(bare)
    parts = re.split(rf" {_PREPOSITION} ", phrase)
    names = named(bare, lexicon)
    beside = [name for name in names if name not in phrase and _shape(name) == _shape(other) != _shape(phrase)]
    if phrase and len(parts) == 1 and len(phrase.split(" by ")[0].split()) <= 6 and not beside:  # "How useful is English in KPO?", "and LPO?"
        return _part_like(parts, other, lexicon)
    if named(f"of {other}", lexicon) and names:
        alike = [name for name in names if _shape(name) == _shape(other)]
        return max(reversed(alike or names), key=lambda name: _kinship(name, other, lexicon))
    many = [word for word in re.findall(r"[\w-]+", bare)[1:] if is_plural(word) and word.lower() not in _NOT_IN_NOUNS]
    if len(parts) == 1 and many and is_plural(other.split()[-1]):
        return _with_adjectives(bare, str(many[-1]))
    if len(parts) > 1:
        return _part_like(parts, other, lexicon)
    needed = _NEEDED.search(bare)
    if needed and re.match("an? ", other, re.I):
        return needed["np"]
    if names:
        return names[-1]
    determined = _DETERMINED.findall(bare)
    return str(determined[-1]) if determined else _deed(bare, other)


def _with_adjectives(asked: str, plural: str) -> str:
    """A plural with the one or two words that describe it: "legal occupations" of "How exposed are legal occupations to AI?".

    By itself where they may be a verb or a name ("How does outsourcing help banks?"), or a preposition ("… are used in banks?").
    """
    described = re.search(rf"\b(?:are|were|of|in|for|with|by|on|at|from) (?P<words>(?:(?![\w-]+ing\b)[a-z-]+ ){{1,2}}){re.escape(plural)}(?!\w)", asked)
    words = described["words"].split() if described else []
    return " ".join([*words, plural]) if not any(is_plural(word) or word in _NOT_IN_NOUNS for word in words) else plural


def _counted_like(asked: str, other: str) -> str:
    """What the question counts as `other` does: "week 1" for "weeks 2 to 4", "third quarter" for "the second quarter"; "" for anything else."""
    new = _COUNTED.fullmatch(_ARTICLE.sub("", other))
    if not new:
        return ""
    return next((old.group() for old in _COUNTED.finditer(asked) if (old["noun"] or old["nth"]).lower() == (new["noun"] or new["nth"]).lower()), "")


def _part_like(parts: list[str], other: str, lexicon: Lexicon) -> str:
    """Of "the rate", "an analyst" and "Pune" the one in whose place `other` goes.

    It is the last, unless another has its noun ("senior analysts"), or the last is a name and `other` is none. What follows "by" is one only if it has
    the noun: after "a search by an analyst" comes "a review" by the same.
    """
    same = [one for part in parts for one in part.split(" by ") if singular(one.split()[-1]) == singular(other.split()[-1])]
    parts = [part.split(" by ")[0] for part in parts]
    if same:
        return same[-1]
    is_name = _shape(parts[-1]) == "name" and not lexicon.recognise(parts[-1])
    if is_name and _shape(other) == "words" and not lexicon.recognise(other):
        return next((part for part in reversed(parts) if _shape(part) == "words"), parts[-1])
    return parts[-1]


def _deed(asked: str, other: str) -> str:
    """Of "How do I escalate?" the verb, of "How do I apply for leave?" what is behind its preposition; "" where `other` fits in neither."""
    opening = _FRAME.match(asked)
    rest = asked[opening.end() :] if opening else ""
    if not opening or not re.search(r"\b(?:i|we|you) $", opening.group(), re.I) or re.search(rf"\b{AUX}\b", rest, re.I):
        return ""
    behind = re.split(r" (?:of|for|in|at|about) ", rest)
    if len(behind) > 1:
        return behind[-1]
    return rest if len(rest.split()) == 1 and not _ARTICLE.match(other) else ""


def _kinship(one: str, other: str, lexicon: Lexicon) -> int:
    """How many words the definitions of two terms share: after "Does the GDPR apply to KPO?" HIPAA stands for the other law, BPO for KPO."""
    mine, theirs = (
        {word for term in lexicon.recognise(name) for word in content_words(f"{term.name} {term.definition}")} for name in (one, other)
    )
    return len(mine & theirs)


def _shape(name: str) -> str:
    bare = _ARTICLE.sub("", name)
    return "abbreviation" if re.fullmatch(r"[A-Z\d&]{2,}s?", bare) else "name" if bare[:1].isupper() else "words"


def _of_kind(asked: str, kind: str) -> str:
    """ "How exposed are legal occupations?" and "computer" give "How exposed are computer occupations?"."""
    words = asked.split(" ")
    at = next((n for n, word in enumerate(words) if n and is_plural(word.strip("?.,!")) and word.lower() not in _NOT_IN_NOUNS), None)
    if at is None:
        phrase = phrase_of(plain(asked))
        bare = _ARTICLE.sub("", phrase)
        if not bare or re.search(rf" {_PREPOSITION} ", phrase):
            return f"{plain(asked)}: {kind}?"
        article = "an " if kind[0] in "aeiou" else "a "
        return asked.replace(phrase, f"{article if re.match('an? ', phrase, re.I) else phrase[: -len(bare)]}{kind} {bare}")
    first = at
    while first > 1 and words[first - 1].lower() not in _NOT_IN_NOUNS:
        first -= 1
    return " ".join([*words[:first], kind, *words[at:]])


def narrowed_to(question: str, where: str) -> str:
    """The question with "in healthcare" added, in the place of what it said with the same preposition before.

    Of several such places it is the last that is alike: "in Pune" goes for "in Krakow", "in the second quarter" for "in the third quarter".
    """
    asked = question.strip().rstrip("?.! ")
    preposition, _, what = where.partition(" ")
    counted = _counted_like(asked, what)
    if counted:
        with_preposition = rf" (?:{_PREPOSITION}|on|by|after|before|during)(?: the)? {re.escape(counted)}(?!\w)"
        if re.search(with_preposition, asked, re.I):
            return re.sub(with_preposition, f" {where}", asked, count=1, flags=re.I) + "?"
        return asked.replace(counted, _ARTICLE.sub("", what), 1) + "?"
    places = [found for found in re.finditer(rf" {preposition} (?!which\b|what\b)(?:(?! {preposition} )[^,])+", asked, re.I) if _is_place(found)]
    if places and places[-1].end() == len(asked):
        place = next((found for found in reversed(places) if _shape(found.group().split(" ", 2)[2]) == _shape(what)), places[-1])
        return f"{asked[: place.start()]} {where}{asked[place.end() :]}?"
    noun = re.escape(singular(what.split()[-1]))
    doer = re.search(rf" by (?P<who>(?:(?!{_PREPOSITION}\b)[\w-]+ ){{0,3}}?{noun}s?)(?!\w)", asked, re.I)  # "a search by a senior analyst", "and for an analyst?"
    if doer and preposition.lower() == "for":
        return f"{asked[: doer.start('who')]}{what}{asked[doer.end('who') :]}?"
    whose = re.match(r"^(?P<opening>how .+) of (?P<who>[\w -]+)$", asked, re.I)  # "How long is probation of analysts?", "and for managers?"
    if whose and preposition.lower() == "for" and is_plural(whose["who"].split()[-1]) and is_plural(what.split()[-1]):
        return f"{whose['opening']} {where}?"
    return f"{asked} {where}?"


def _is_place(found: re.Match[str]) -> bool:
    """Is it short enough to be one place, and not what the question asks with ("What is in …", "Is KPO in decline")?"""
    late = found.start() > 12 or re.match(rf"^who (?!{AUX} )\w+ ", found.string, re.I) is not None
    return late and (len(found.group().split()) <= 6 or found.group().lower().startswith(" between "))
