"""Opposites: a passage that says "lowest" where the question says "highest" looks like an answer, and is none."""

import re
from functools import lru_cache

from index.lexical import words

_NEGATION = re.compile(
    r"\b(not|never|no|none|nor|neither|without|cannot|fail(s|ed|ing)?|lack(s|ed|ing)?|refus(e|es|ed|ing|al)|except|unable|rarely|seldom|hardly)\b"
    r"|n['’]t\b", re.I
)
_PAIRS = (
    "before after,first last,most least,largest smallest,biggest smallest,highest lowest,higher lower,high low,more less,more fewer,above below,"
    "increase decrease,increased decreased,rise fall,rises falls,rose fell,improve falls,improves falls,up falls,gain lose,gained lost,win lose,won lost,"
    "begin end,start end,started ended,start finish,"
    "north south,northern southern,east west,eastern western,left right,upper lower,top bottom,inside outside,internal external,domestic foreign,urban rural,"
    "old new,older newer,older younger,oldest youngest,early late,earlier later,earliest latest,past future,modern ancient,temporary permanent,"
    "maximum minimum,majority minority,major minor,large small,big small,long short,longer shorter,wide narrow,deep shallow,thick thin,fast slow,faster slower,"
    "hot cold,warm cold,wet dry,winter summer,day night,strong weak,stronger weaker,rich poor,cheap expensive,easy difficult,easy hard,simple complex,"
    "best worst,better worse,good bad,true false,positive negative,advantage disadvantage,advantages disadvantages,advantages drawbacks,benefits drawbacks,"
    "benefits disadvantages,benefit drawback,benefit disadvantage,pros cons,upside downside,upsides downsides,strengths weaknesses,success failure,"
    "accept reject,accepted rejected,allow forbid,allowed forbidden,allowed prohibited,support oppose,supported opposed,confirm deny,agree disagree,"
    "add remove,added removed,include exclude,included excluded,create destroy,created destroyed,attract repel,attack defend,enter leave,join leave,"
    "joined left,hire fire,hired fired,appointed dismissed,buyer seller,buy sell,bought sold,import export,open closed,opened closed,public private,"
    "voluntary compulsory,active passive,senior junior,always never,same different,common rare,odd even,alive dead,birth death,born died,male female,men women"
)
# The two ends of a scale: who asks for one is answered where the other is told.
DEGREES = frozenset([
    "most", "least", "more", "less", "fewer", "largest", "smallest", "biggest", "highest", "lowest", "higher", "lower", "longer", "shorter", "longest",
    "shortest", "faster", "slower", "stronger", "weaker", "best", "worst", "better", "worse",
])
# The good side of a thing and the bad one: a section on risks names no advantage. Not the other way round: "Which risks does a pilot avoid?" asks for its good.
_GOOD = frozenset(["advantage", "advantages", "benefit", "benefits", "pros", "upside", "upsides", "strengths", "merits"])
_BAD = frozenset([
    "disadvantage", "disadvantages", "drawback", "drawbacks", "cons", "downside", "downsides", "weaknesses",
    "risk", "risks", "challenge", "challenges", "problem", "problems",
])
_PREFIXES = ("un", "in", "im", "non", "dis", "ir")  # that turn a word round
SHORTEST = 4  # letters of a word that a prefix can turn round: "usual", but not the "to" of "into"


def is_negated(text: str) -> bool:
    """Does the text deny something? "No figure is given", "the plan failed"."""
    return bool(_NEGATION.search(text))


def says_opposite(question: str, passage: str, but: frozenset[str] = frozenset()) -> bool:
    """Does the passage lack a word of the question, `but` for these, and have its opposite instead?"""
    said = set(words(passage))
    return any(word not in said and word not in but and not said.isdisjoint(opposites(word)) for word in words(question))


def is_bad_side(question: str, heading: str) -> bool:
    """Is a section on what is bad of a thing ("Risks of KPO") when only its good is asked for ("What are the advantages of KPO?")? Not one on both."""
    asked, said = set(words(question)), set(words(heading))
    return bool(asked & _GOOD and said & _BAD) and not (asked & _BAD or said & _GOOD)


@lru_cache(maxsize=50_000)
def opposites(word: str) -> frozenset[str]:
    """What would say the opposite of a folded word, if it is a word: "usual" gives "unusual", "inusual" and so on."""
    turned = {prefix + word for prefix in _PREFIXES} if len(word) >= SHORTEST else set()
    bare = {word.removeprefix(prefix) for prefix in _PREFIXES if word.startswith(prefix) and len(word) - len(prefix) >= SHORTEST}
    return _known().get(word, frozenset()) | turned | bare


@lru_cache(maxsize=1)
def _known() -> dict[str, frozenset[str]]:
    known: dict[str, frozenset[str]] = {}
    for pair in _PAIRS.split(","):
        one, other = pair.split()
        known[one] = known.get(one, frozenset()) | {other}
        known[other] = known.get(other, frozenset()) | {one}
    return known
