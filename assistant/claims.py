"""What a sentence claims, as far as rules can see it, held against what its sources say.

Everything here is pure and reads English by its surface: numbers, names, quotations, negations, comparisons, how strongly something is said, and
who does what to whom. `faults` names what a drafted sentence says beyond its sources or against them; of these, DOUBTS are what good prose does as well.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from rapidfuzz.distance import LCSseq

from assistant.vocabulary import stem
from index.lexical import STOPWORDS, words
from index.spelling import is_english

# What a rule finds in free wording nearly as often as in what is not borne out ("you have to wait until" for "not before"): a model decides.
DOUBTS = frozenset((
    "most of its words are not those of its source", "a negation that its source does not have", "a negation of something else", "makes it a duty",
    "it is about something that its source does not name",
))
_UNITS = {w: n for n, w in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()  # noqa: SIM905
)}
_TENS = {w: 10 * n for n, w in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)}  # noqa: SIM905
_SCALES = {
    "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 1_000_000_000_000, "lakh": 100_000, "crore": 10_000_000,
}
_SHORT_SCALES = {"k": 1_000, "m": 1_000_000, "mn": 1_000_000, "mln": 1_000_000, "bn": 1_000_000_000, "tn": 1_000_000_000_000}  # behind digits only
_CURRENCIES = {
    name: sign for sign, names in {
        "$": "us$ usd dollar dollars", "€": "eur euro euros", "£": "gbp pound pounds", "₹": "inr rs rs. rupee rupees", "¥": "jpy yen", "₱": "php peso pesos",
        "CNY": "rmb yuan renminbi", "CHF": "franc francs", "AUD": "a$", "CAD": "c$", "¢": "cent cents",
    }.items() for name in (sign.lower(), *names.split())
}
_CURRENCY = "|".join(re.escape(name) for name in sorted(_CURRENCIES, key=len, reverse=True))
_ORDINALS = {w: n for n, w in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth".split(), 1)}  # noqa: SIM905
_TIME = r"[\s-](?:(?:working|business|calendar|full)[\s-])?(?P<time>second|minute|hour|day|week|month|year)s?\b"
_DIGITS = re.compile(
    rf"(?P<minus>(?<![\w)])[-−–]|\bminus )?(?:(?<!\w)(?P<money>{_CURRENCY})\s?)?(?P<number>\d+:\d\d|\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?P<unit>\s?(?:%|per ?cent\b|percent\b|percentage\b))?(?P<points>[\s-]points?\b)?"
    rf"(?:[\s-]?(?P<scale>{'|'.join((*_SCALES, *_SHORT_SCALES))})\b)?(?:\s?(?P<behind>{_CURRENCY})(?!\w))?(?P<letters>(?!(?:st|nd|rd|th)\b)[^\W\d_]+)?(?:{_TIME})?", re.I
)
_PLACE = re.compile(r"(?:st|nd|rd|th)\b")
_FRACTION = re.compile(r"(\d*)([¼-¾⅐-⅞])")
_THE_TWO = re.compile(r"\b(?:of )?the two\b(?=[,.;:]| (?:are|do|does|differ|suit|can|may|should|talk|take|have|were|at|by|apart|terms)\b)", re.I)  # no count
_TWO = re.compile(r"\b(?:both|either|neither)\b", re.I)  # as many as "two"
_AMOUNT_WORDS = frozenset("half halve quarter twice double triple treble dozen hundreds thousands millions billions trillions lakhs crores".split())  # noqa: SIM905

_MONTH = r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
_DAY = r"\b(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DATES = (
    re.compile(rf"{_DAY}(?:(?:\s?[-–]\s?|\s(?:to|and|or)\s)(?P<last>\d{{1,2}})(?:st|nd|rd|th)?)?(?:\sof)?\s{_MONTH}(?:,?\s(?P<year>\d{{4}})\b)?", re.I),
    re.compile(rf"\b{_MONTH}\s{_DAY[2:]}\b(?!\d)(?:,?\s(?P<year>\d{{4}})\b)?(?P<last>)?", re.I),
    re.compile(rf"(?<!\d\s)\b(?P<day>)?{_MONTH}\s(?P<year>\d{{4}})\b(?P<last>)?", re.I),
)
_NUMERIC_DATE = re.compile(r"\b\d{1,4}([/.-])\d{1,2}\1\d{2,4}\b")
_PERIODS = {"second": "", "minute": "", "hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly", "year": "yearly annual annually"}
_RATE = re.compile(rf"(?:\b(?:per|each|every|an?)\s|/\s?)(?P<period>{'|'.join(_PERIODS)})\b|\b(?P<ly>{'|'.join(' '.join(_PERIODS.values()).split())})\b", re.I)
_PER = re.compile(r"\bper\s(?!cent\b)(\w+)", re.I)
_WAY = re.compile(r"\b(from|to|by)\s(?:(?:about|around|roughly|nearly|almost|over|just)\s)?(?!(?:1[89]|20)\d\d\b)(?=\S*\d)(\S+)", re.I)

_NAME = re.compile(r"\d*[A-Z][\w&]*(?:[-'’.][A-Za-z&]\w*)*(?![\w$])")
_QUOTED = re.compile(  # an apostrophe neither follows a space nor, within a quotation, ends it
    r"“([^”]+)”|\"([^\"]+)\"|„([^“”]+)[“”]|«([^»]+)»|‘((?:[^’]|’(?=\w))+)’|(?<![^\s(])'(?=\S)((?:[^']|'(?=\w))+)'"
)
_CLAUSE = re.compile(
    r"[,;:.]\s|\s[–—]\s|\b(?:but|while|whereas|although|though|because|since|than|and|or|so that|which|when|where|if|unless|instead of|rather than)\b", re.I
)

# What only leads from one sentence to the next.
_CONNECTING = re.compile(
    r"(?P<opens>^)?(?:,\s)?\b(?:however|in short|in sum|more fully|(?:by|in) contrast|in turn|in fact|indeed|likewise|similarly|moreover|furthermore|in addition|in other words|"
    r"of course|to sum up|again)(?(opens),\s|(?:,\s|(?=[.;])))", re.I
)
# "X is often confused with Y, …, whereas X …": that they differ, and no hedge.
_CONFUSED = re.compile(r"\b(?:confused|mistaken)\b", re.I)
_CONTRASTED = re.compile(r"\b(?:confused|mistaken|differs?|different|unlike|whereas|distinct|distinguished)\b", re.I)
_UNLIKE = re.compile(r"\b(?:is|are) not (?:the same(?: thing)? as|alike)\b|\b(?:(?:is |are )?not to|(?:should|must) not) be (?:confused|mistaken|mixed up)\b", re.I)
# "They do not lock it until …" for "They lock it only after …".
_ONLY_THEN = re.compile(r"\bnot\b(?=.*\b(?:until|unless|before)\b)", re.I)
_ONLY = re.compile(r"\bonly (?:after|once|when|if|where|with)\b", re.I)
# What keeps something from happening, without a word that says no.
_KEPT_FROM = re.compile(r"\b(?:avoid|prevent|prohibit|forbid|spare|fall\w* short|miss(?:es)?\b|(?:keep|kept|stop|bar|protect)\w*\b.*\bfrom\b)", re.I)
_NEGATION = re.compile(
    r"\b(?:not(?! (?:only|just|merely)\b)|no(?! doubt\b)|never|none|neither|nor|cannot|without(?! (?:exception|reservation|delay|doubt)\b)|hardly|barely|scarcely|rarely|seldom|nobody|nothing|nowhere|"
    r"fails? to|failed to|lacks?|unable|instead of|rather than)\b|n[’']t\b", re.I
)
_LACKS = re.compile(r"\black(s?)\b", re.I)
# "The article does not discuss …": that something is not told, which its source must say of itself.
_TELLS = r"(?:discuss|mention|say|state|address|cover|specif|tell|explain|name|give|provide|list|describe|report|answer|define)"
_UNTOLD = re.compile(rf"(?:(?:do|does|did)(?: not|n[’']t)|cannot|never) {_TELLS}", re.I)
_SAYS_UNTOLD = re.compile(rf"(?:\b(?:not|cannot|never|no|none|neither|nor|without|nothing|nobody)\b|n[’']t\b).{{0,60}}?\b{_TELLS}|\b{_TELLS}\w* (?:no|neither|nothing)\b", re.I)
# What takes back the whole of what follows, by a word that the source must have too.
_TAKEN_BACK = re.compile(
    r"\b(?:anything but|far from|ceas(?:e[sd]?|ing) to|refus(?:e[sd]?|ing)|den(?:y|ies|ied|ying)|doubt(?:s|ed|ful|ing)?|disput(?:e[sd]?|ing)|"
    r"(?:is|was|be|are|were) (?:false|wrong|untrue|incorrect|an? (?:myth|fallacy|mistake|misconception|lie)|unlikely|improbable) (?:that|whether|to))\b", re.I
)
_SCOPE = 4  # content words after a negation that it is about

# Words that say the opposite of each other, in any form that has the same stem; a prefix such as "un" does so by itself.
_PAIRS = (
    "more/less more/fewer most/least higher/lower highest/lowest high/low rise/fall rising/falling rose/fell rise/drop grow/decline increase/decrease "
    "increase/reduce increase/reduction raise/lower raise/reduce grow/shrink above/below before/after large/small larger/smaller largest/smallest big/small "
    "cheap/expensive cheaper/dearer cheap/costly always/never always/seldom often/seldom often/rarely usually/rarely safe/risky client/provider "
    "client/vendor buyer/seller employer/employee onshore/offshore nearshore/offshore onshore/nearshore easy/hard easy/difficult easier/harder short/long "
    "shorter/longer strength/weakness benefit/drawback benefit/risk advantage/disadvantage best/worst better/worse internal/external fixed/variable "
    "summer/winter early/late earlier/later sooner/later minimum/maximum many/few fast/slow faster/slower quick/slow quickly/slowly win/lose buy/sell "
    "routine/judgement strong/weak stronger/weaker ahead/behind core/non-core simple/complex predictable/unpredictable protect/expose allow/forbid "
    "include/exclude accept/reject public/private public/confidential part-time/full-time junior/senior inside/outside in/outside within/outside "
    "in-house/outsourced in-house/outside begin/end start/end gain/loss success/failure succeed/fail well/poorly help/harm agree/disagree agree/differ "
    "day/night full/partial permanent/temporary broad/narrow wide/narrow wider/narrower scarce/plentiful scarce/abundant optional/mandatory improve/worsen "
    "positive/negative majority/minority add/remove encourage/discourage well-paid/low-paid skilled/unskilled certain/uncertain similar/different "
    "same/different vague/precise one-way/mutual first/last enough/insufficient active/passive formal/informal old/new older/newer near/distant "
    "local/foreign direct/indirect upper/lower top/bottom"
)
_OPPOSITES = tuple(tuple(pair.split("/")) for pair in _PAIRS.split())
_FORMS = ("s", "es", "d", "ed", "ing", "r", "er", "st", "est", "ly", "y", "ment")
_OPPOSING_PREFIX = ("un", "in", "non", "dis", "im", "ir")

_COUNT_FOLLOWS = rf"(?= (?:an? )?(?:\W?\d|(?:{'|'.join((*_UNITS, *_TENS, 'half', 'quarter', 'hundred', 'dozen'))})\b))"
# Draft words that claim much, and the words of a source that claim as much.
_STRONG = tuple((re.compile(rf"\b(?:{said})\b", re.I), re.compile(rf"\b(?:{allowed})\b", re.I), why) for said, allowed, why in (
    (r"all|every|everyone|everything|always|entirely|completely|fully|wholly|in each case|(?<!\bbefore )(?<!\bwithout )(?<!\bif )(?<!\bthan )(?<!ing )any",
     r"all|every|everyone|everything|always|entirely|completely|fully|wholly|each|any|whole|no|none|never|nearly every|both", "says it of everything"),
    (r"only|solely|exclusively|sole", r"only|solely|exclusively|sole|alone|none of the other|no other|nothing but", "says that nothing else does"),
    (r"must|mandatory|obligatory|compulsory|have to|has to|required by law|illegal",
     r"must|mandatory|obligatory|compulsory|have to|has to|needs?|required?|requires|necessary|cannot|shall|obliged|duty|duties|binding|illegal|unlawful|rules?|only (?:when|if|where|after)|unless|due|owe[sd]?|answerable|responsible|bears?", "makes it a duty"),
    (r"guarantees?|guaranteed|certainly|definitely|ensures?|undoubtedly|inevitably|surely|proves?|proven|without exception|eliminates?|never",
     r"guarantees?|guaranteed|certainly|definitely|ensures?|undoubtedly|inevitably|surely|proves?|proven|without (?:exception|reservation)|eliminates?|removes?|never|"
     r"cannot|no|none|not|seldom|rarely", "makes it certain"),
    (r"best|worst|\w{3,}iest|biggest|largest|greatest|highest|lowest|strongest|fastest|cheapest|leading|number one|most \w+|main|chief|primary|principal|foremost",
     r"best|worst|\w{3,}est|leading|number one|mostly|most|main|mainly|chief|chiefly|primary|primarily|principal|foremost|first|above all|key|core|top|none", "makes it the most"),
    (rf"(?:up to|at most|no more than){_COUNT_FOLLOWS}", r"up to|at most|(?:no|not) more than|maximum|most|limit(?:s|ed)?|within|as (?:much|many|long) as|or less|or fewer|reach(?:es)?|between|to",
     "makes it the highest figure"),
    (rf"(?:at least|no less than|no fewer than){_COUNT_FOLLOWS}", r"at least|(?:no|not) (?:less|fewer) than|minimum|least|more than|over|or (?:more|longer|older)|exceeds?|between|from|several",
     "makes it the lowest figure"),
    (rf"(?:(?<!\bno )(?<!\bnot )(?:less|fewer|lower) than|under|below|almost|nearly|short of){_COUNT_FOLLOWS}",
     rf"(?:(?<!\bno )(?<!\bnot )(?:less|fewer|lower) than|under|below|almost|nearly|short of|not quite|within){_COUNT_FOLLOWS}", "puts it below its figure"),
    (rf"(?:(?<!\bno )(?<!\bnot )(?:more|greater|higher|longer) than|over|above|exceed(?:s|ed|ing)?|beyond){_COUNT_FOLLOWS}",
     rf"(?:(?<!\bno )(?<!\bnot )(?:more|greater|higher|longer) than|over|above|exceed(?:s|ed|ing)?|beyond){_COUNT_FOLLOWS}", "puts it above its figure"),
    (rf"(?:exactly|precisely){_COUNT_FOLLOWS}", "exactly|precisely", "makes it exact"),
))
_HEDGE = re.compile(
    r"\b(?:(?<!\d )(?<!\d(?:st|nd|rd|th) )(?<!\bin )(?<!\bby )(?<!\bof )(?<!\bsince )(?<!\buntil )may(?! \d)|might|can|could|possibl[ey]|potential(?:ly)?|often|usually|typically|frequently|sometimes|occasionally|generally|normally|commonly|some|many|several|most|"
    r"likely|expected|expects|projected|planned|in many cases|not always|at times|partly|seldom|rarely|tends?)\b", re.I
)
_HEDGED = re.compile(
    _HEDGE.pattern[:-3] + r"|able|lets?|allows?|helps?|prone|chance|risks?|possibility|benefits?|advantages?|drawbacks?|such as|for example|for instance|examples?|includes?|"
    r"including|among|more than|majority|as a rule|mostly|mainly|largely|in general|predicts?|forecasts?|foresees?|projects?|projection|aims?|hopes?|threat(?:en)?s?|endangers?|danger|dangers|"
    r"common|usual|typical|frequent|suggests?|sometimes)\b", re.I
)
_INTENT = re.compile(r"\b(?:will|would|should)\b", re.I)  # as unsure only as the same word of the source
_CAUSE = re.compile(r"\b(?:because|since|due to|owing to|as a result|therefore|thus|hence|so that|leads? to|led to|results? in|thanks to|which is why|the reason|consequently|driven by|caused? by|causes)\b", re.I)
_CAUSAL = re.compile(
    r"\b(?:because|since|due|owing|results?|resulting|therefore|thus|hence|so|thereby|causes?|caused|leads?|led|reasons?|means?|makes?|drives?|driven|through|by|sake|order|when|why|"
    r"arises?|come|comes|helps?|gives?|brings?|lets?|allows?|enables?|from|if|thanks|need|needs|to|where|after|with|without|as|which|follows?)\b", re.I
)
_ACCORDING = re.compile(r"\b(?:according to(?= (?:the|an?|one|some|both|all)\b| (?-i:[A-Z\"“'‘]))|in the (?:view|words|opinion|account) of) (?P<who>[^,.;]+?)(?=,|\.|;|$)|, (?:says|reports|notes|adds|warns) (?P<said>the [^,.;]+)", re.I)
_SOURCE = r"(?P<who>(?:the|an?) (?:(?!(?:its|their|our|your|his|her) )[^\s,.;]+ ){0,5}?(?:article|guide|explainer|entry|report|study|survey|model))"
_SOURCE_FIRST = re.compile(rf"(?:both |only )?{_SOURCE}\b(?! is\b)", re.I)
_NO_SOURCES = frozenset("source handbook passag kpo name estim figur research".split())  # noqa: SIM905  # stems of words that tell no source from another
_SOURCE_SAYS = re.compile(
    rf"\b{_SOURCE} "
    r"(?:says|suggests|describes|gives|names|counts|puts|reports|warns|adds|mentions|lists|places|treats|calls|recommends|advises|tells|stresses|notes|states|explains)\b", re.I
)
_POINTS_BACK = re.compile(r"(?:it|its|they|their|this|these|he|she|such|both|the (?:same|other|latter|former))\b", re.I)
_CALLED = "called|named|names?|known as|titled|termed|dubbed|stands for|abbreviated"
_NAMING = re.compile(r"\b(?:called|named|known as|titled|termed|dubbed|(?:name|title) is|stands for|abbreviated (?:as|to))\s+(?:the |an? )?[\"“']?([A-Z][\w&-]*)")
# Words that may stand for each other: what a reader would call the same statement.
_SAME = (
    "costly/expensive hard/difficult company/firm/business start/begin/commence/began/begun buy/purchase/bought choose/select/chose/chosen need/require/demand mean/signify/meant keep/retain/kept help/assist "
    "large/big people/staff/employee/worker/personnel quickly/fast/rapidly/swiftly seldom/rarely also/too/additionally often/frequently usually/typically/normally "
    "important/significant show/demonstrate/reveal/shown use/utilise/employ/using finish/complete/finished check/verify/verified reduce/lower/cut/decrease raise/increase "
    "enlarge/expand gap/shortfall error/mistake report/state stay/remain common/widespread name/mention/cite give/supply/gave/given deal/handle rule/regulation "
    "task/work/job abroad/overseas nearby/near local/locally part/portion/share aim/goal/objective cause/lead/led roughly/about/approximately/around build/create/develop/built "
    "several/various connect/link/tie depend/rely describe/explain/characterise list/enumerate call/term/regard/consider agree/agreement view/opinion risk/danger/threat "
    "benefit/advantage price/fee/charge exceed/higher/outweigh assemble/gather disappear/vanish fulfil/meet/met settle/resolve alone/only answer/respond "
    "think/thought/believe disclose/reveal/publish transfer/pass/move repair/fix/mend supplier/vendor interrupt/disrupt worldwide/global/globally "
    "method/approach find/found take/took/taken hold/held write/wrote/written know/knew/known grow/grew/grown "
    "rise/rose/risen fall/fell/fallen leave/left lose/lost sell/sold send/sent bring/brought pay/paid make/made see/saw/seen "
    "spend/spent teach/taught speak/spoke/spoken say/said tell/told become/became come/came understand/understood draw/drew/drawn "
    "method/approach period/time decide/determine learn/discover happen/occur/arise speed/pace lack/missing"
)
_MEANING = {stem(words(word)[0]): stem(words(group.split("/")[0])[0]) for group in _SAME.split() for word in group.split("/")}
BORNE = 0.5  # share of a sentence's content words that its source uses, or there is a doubt
SUBJECT = 2  # content words that open a sentence, and are taken for what it is about
FOREIGN = 2  # content words that a statement shares with one about something else, from which it may be that one
MIXED = 0.3  # the same as a share of what the statement says
_COMMON = 3_100  # the count from which a word of the dictionary is no name; that of "China" is 3,019
_LEADING = 60_000  # the count from which one that stands before a name ("Whether IT …") is no part of it
_PEOPLES = {"american": "united states", "british": "united kingdom", "dutch": "netherlands", "filipino": "philippines"}  # that share no beginning
_LIKENESS = 5  # letters that two words must share from their beginning to be one name ("American", "Americas")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text: its value, whether it is a share of a hundred, the sign of its currency, whether it counts a place ("third"), the
    time that it counts ("hour"), and what else belongs to it: letters right behind it ("4G"), or "points"."""

    value: float | str
    percent: bool = False
    money: str = ""
    ordinal: bool = False
    time: str = ""
    more: str = ""

    def stands_in(self, others: Sequence["Number"]) -> bool:
        """Is this number, with its unit, one of the others? A time that only one of them tells ("four to six hours") is any; a place is no count."""
        return any(
            self.value == other.value and self.percent == other.percent and self.money == other.money and self.more == other.more
            and (self.time == other.time or not self.time or not other.time) and (self.ordinal or not other.ordinal)
            for other in others
        )


def numbers(text: str) -> list[Number]:
    """The numbers of a text, in digits and in words ("four and a half"), in no order. A bare "one" is none."""
    found = []
    text = _FRACTION.sub(lambda match: f"{float(match[1] or 0) + unicodedata.numeric(match[2]):g}", text)
    text = unicodedata.normalize("NFKC", text)
    for match in _DIGITS.finditer(text):
        plain = match["number"].replace(",", "")
        scale = (match["scale"] or "").lower()
        figure = plain if ":" in plain else float(plain) * (_SCALES | _SHORT_SCALES).get(scale, 1) * (-1 if match["minus"] else 1)
        more = f"{match['letters'] or ''}{'points' if match['points'] else ''}".lower()
        place = _PLACE.match(text, match.end()) is not None
        found.append(Number(figure, bool(match["unit"]), _money(match["money"], match["behind"]), place, (match["time"] or "").lower(), more))
    tokens = re.findall(r"[a-z]+|%|[^\sa-z]", text.lower())
    at = 0
    while at < len(tokens):
        value, size = _spelled(tokens, at)
        if size:
            percent = tokens[at + size : at + size + 1] in (["percent"], ["%"]) or tokens[at + size : at + size + 2] == ["per", "cent"]
            if size > 1 or value != 1 or percent:
                behind = tokens[at + size : at + size + 4]
                time = re.match(_TIME, " " + " ".join(behind).replace("- ", ""))
                money = _money(behind[0]) if behind else ""
                found.append(Number(value, percent, money, time=time["time"] if time else ""))
            at += size
        else:
            if tokens[at] in _ORDINALS and tokens[at] != "first":
                found.append(Number(float(_ORDINALS[tokens[at]]), ordinal=True))
            at += 1
    return found


def _money(*told: str | None) -> str:
    """The sign of a currency, by whatever it is told; signs that differ ("$5 AUD") make a currency of their own, and "" is none."""
    return "".join(dict.fromkeys(_CURRENCIES[name.lower()] for name in told if name and name.lower() in _CURRENCIES))


def _spelled(tokens: Sequence[str], at: int) -> tuple[float, int]:
    """The value of the number word that begins at a token, and how many tokens it takes; 0 tokens when none begins there."""
    total, current, size = 0.0, 0.0, 0
    while at + size < len(tokens):
        token = tokens[at + size]
        if token == "-" and size and at + size + 1 < len(tokens) and tokens[at + size + 1] in _UNITS:
            size += 1
            continue
        if token in _UNITS and (size == 0 or tokens[at + size - 1] in (*_TENS, *_SCALES, "-", "and")):
            current += _UNITS[token]
        elif token in _TENS and (size == 0 or tokens[at + size - 1] in (*_SCALES, "and")):
            current += _TENS[token]
        elif token in _SCALES and size:
            total, current = total + (current or 1) * _SCALES[token], 0.0
        elif token == "and" and size and tokens[at + size + 1 : at + size + 3] == ["a", "half"]:
            return total + current + 0.5, size + 3
        elif token == "and" and size and tokens[at + size - 1] in _SCALES and at + size + 1 < len(tokens) and tokens[at + size + 1] in (*_UNITS, *_TENS):
            size += 1
            continue
        else:
            break
        size += 1
    return total + current, size


def names(sentence: str) -> list[str]:
    """Proper names and abbreviations, without those of currencies: capitalised words, the first one only when it is no English word or stands
    beside another name."""
    found = []
    for match in _NAME.finditer(sentence):
        word = re.sub(r"['’]s$", "", match.group())
        opens = not re.search(r"\w", sentence[: match.start()])
        shouted = sum(c.isupper() for c in word) > 1
        beside = _NAME.match(sentence, match.end() + 1) is not None and sentence[match.end() : match.end() + 1] == " "
        if shouted or not opens or (word.lower() not in STOPWORDS and (not is_english(word) or (beside and not is_english(word, more_than=_LEADING)))):
            found.append(word)
    return [name for name in found if name != "I" and name.lower() not in _CURRENCIES]


def _opening(sentence: str) -> str:
    """The word that opens a sentence, when the dictionary holds it as seldom as names of places and people; "" for a common one or none."""
    first = re.match(r"\W*([A-Z][a-z]+)", sentence)
    return first[1] if first and first[1].lower() not in STOPWORDS and not is_english(first[1], more_than=_COMMON) else ""


def is_named(name: str, text: str) -> bool:
    """Does a name stand in the text: as it is, in another case or spelling, or as abbreviation or long form?"""
    said = words(text)
    wanted = words(name)
    stems = {stem(word) for word in said}
    if all(stem(word) in stems or any(_alike(word, other) for other in said) for word in wanted):
        return True
    if name.lower() in _PEOPLES and _PEOPLES[name.lower()] in " ".join(said):
        return True
    if len(wanted) == 1 and 2 <= len(wanted[0]) <= 6 and sum(c.isupper() for c in name) > 1:
        letters = wanted[0].removesuffix("s") if name.endswith("s") else wanted[0]
        return any(letters in "".join(word[0] for word in said if word not in left_out) for left_out in ((), ("and", "of", "the")))
    return False


def _alike(a: str, b: str) -> bool:
    return len(a) >= _LIKENESS and len(b) >= _LIKENESS and a[:_LIKENESS] == b[:_LIKENESS] and abs(len(a) - len(b)) <= 3


def quotations(text: str) -> list[str]:
    """What stands between quotation marks, double or single, of whatever form; none in a text without."""
    return ["".join(groups) for groups in _QUOTED.findall(text)]


def content(text: str) -> list[str]:
    """The stems of the words that carry the subject, in order, one stem for words that mean the same; empty when there are none."""
    return [_MEANING.get(root, root) for root in (stem(word) for word in words(text) if word not in STOPWORDS)]


def clauses(text: str) -> list[str]:
    """A sentence cut at its commas and conjunctions."""
    return [part for part in _CLAUSE.split(text) if part and part.strip()]


def negated(text: str) -> set[str]:
    """The stems that negations are about: the next words of the clause, or those before when none follow."""
    found: set[str] = set()
    for match in _NEGATION.finditer(text):
        rest = text[match.end() :]
        end = _CLAUSE.search(rest)
        after = content(rest[: end.start()] if end else rest)[:_SCOPE]
        found |= set(after or content(text[: match.start()])[-2:])
    return found


def faults(sentence: str, support: Sequence[str], about: str, given: str) -> Iterator[str]:
    """What a sentence says that its sources do not, in plain words; nothing when the rules find no fault.

    `support` are the sentences and list items that it rests on, `about` is where they stand (title, headings, lead-in, header row), `given` is
    all that was cited.
    """
    whole = " ".join(support)
    sentence = _CONNECTING.sub(lambda match: "" if match["opens"] is not None else " ", sentence)
    mine, told = content(sentence), set(content(f"{about}\n{whole}"))
    if sum(word in told for word in mine) < BORNE * len(mine):
        yield "most of its words are not those of its source"
    yield from _unknown_facts(sentence, whole, about, given)
    yield from _other_source(sentence, support, about)
    yield from opposed(sentence, support)
    if any(not set(content(match.group())) <= told for match in _TAKEN_BACK.finditer(sentence)):
        yield "it takes back what its source says"
    if _UNTOLD.search(sentence) and not _SAYS_UNTOLD.search(whole):
        yield "it says that something is not told, which its source does not"
    yield from _too_strong(sentence, whole, about)
    yield from _turned_round(sentence, whole)
    if _mixed(sentence, support):
        yield "it says of one what its source says of another"
    if _unequal(sentence, f"{about}\n{whole}"):
        yield "it says what something is, which its source does not"
    if _unknown_thing(sentence, told):
        yield "it is about something that its source does not name"


def nearest(sentence: str, support: Sequence[str]) -> list[str]:
    """The parts of the support that share the most words with a sentence, all that share as many; none for no support."""
    mine = set(content(sentence))
    shared = [len(mine & set(content(part))) for part in support]
    return [part for part, n in zip(support, shared, strict=True) if n == max(shared)]


def _unknown_facts(sentence: str, support: str, about: str, given: str) -> Iterator[str]:
    said = f"{about}\n{support}"
    known = [*numbers(said), *(Number(2.0) for _ in _TWO.findall(said))]
    if any(not number.stands_in(known) for number in numbers(_THE_TWO.sub("both", sentence))):
        yield "a number that its source does not give"
    if not all(any(_same_date(date, other) for other in dates(said)) for date in dates(sentence)):
        yield "a date that its source does not give"
    if not _rates(sentence) <= _rates(said) or not {stem(word.lower()) for word in _PER.findall(sentence)} <= {stem(word) for word in words(said)}:
        yield "a rate that its source does not give"
    if {word for word in words(sentence) if word in _AMOUNT_WORDS or (word.endswith("illion") and word not in _SCALES)} - set(words(said)):
        yield "an amount that its source does not give"
    where = f"{said}\n{given}" if _POINTS_BACK.match(support) else said
    first = _opening(sentence)
    if not _foreign(sentence) <= _foreign(where):
        yield "a name that its source does not give"
    if any(not is_named(name, where) for name in names(_folded(sentence))) or (first and not is_named(first, where) and first.lower() not in given):
        yield "a name that its source does not give"
    if any(not _names_so(match[1], said) for match in _NAMING.finditer(sentence)):
        yield "a name that its source does not give to it"
    flat = " ".join(words(given))
    if any(" ".join(words(quoted)) not in flat for quoted in quotations(sentence)):
        yield "a quotation that its source does not hold"


def dates(text: str) -> set[tuple[str, str, str]]:
    """The dates of a text: year, month and day, each "" where it is not told. A date in figures alone ("3/5/2021") is one as it stands."""
    found = {(match.group(), "", "") for match in _NUMERIC_DATE.finditer(text)}
    for match in (match for form in _DATES for match in form.finditer(text)):
        month = match["month"][:3].lower()
        found |= {(match["year"] or "", month, day.lstrip("0")) for day in {match["day"] or "", match["last"] or match["day"] or ""}}
    return found


def _same_date(date: tuple[str, str, str], other: tuple[str, str, str]) -> bool:
    """May two dates be the same, as far as both tell?"""
    return all(mine == theirs or not mine or not theirs for mine, theirs in zip(date, other, strict=True))


def _rates(text: str) -> set[str]:
    """The periods that something is told for: "hour" for "per hour", "an hour" or "hourly"."""
    known = {name: period for period, names in _PERIODS.items() for name in (period, *names.split())}
    return {known[(match["period"] or match["ly"]).lower()] for match in _RATE.finditer(text)}


def _ways(text: str) -> dict[float | str, set[str]]:
    """The figures that follow "from", "to" or "by", with those words; no years."""
    found: dict[float | str, set[str]] = {}
    for match in _WAY.finditer(text):
        for number in numbers(match[2]):
            found.setdefault(number.value, set()).add(match[1].lower())
    return found


def _folded(text: str) -> str:
    """A text without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _foreign(text: str) -> set[str]:
    """The words that hold a letter other than A to Z, accents aside."""
    return {word for word in re.findall(r"[^\W\d_]+", _folded(text).casefold()) if not word.isascii()}


def _names_so(name: str, text: str) -> bool:
    """Does a text give something this name: with a word such as "called" beside it, or in brackets as an abbreviation?"""
    beside = rf"\b(?:{_CALLED})\b[^.;,]{{0,40}}?\b{re.escape(name)}\b|\({re.escape(name)}\)|\b{re.escape(name)}\b[^.;,]{{0,40}}?\b(?:{_CALLED})\b"
    return re.search(beside, text, re.I) is not None


def _other_source(sentence: str, support: Sequence[str], about: str) -> Iterator[str]:
    """Is something said to come from one source that the documents report of another?"""
    parts = [(set(content(part)), part) for part in support]
    for statement in _STATEMENTS.split(sentence)[::2]:
        named = _ACCORDING.search(statement) or _SOURCE_FIRST.match(statement) or _SOURCE_SAYS.search(statement)
        if not named:
            continue
        who = set(content(named.groupdict()["who"] or named.groupdict().get("said") or "")) - _NO_SOURCES
        others = set(content(statement)) - who
        shared = max((len(others & part) for part, _ in parts), default=0)
        theirs = max((len(others & part) for part, text in parts if who <= part or _POINTS_BACK.match(text)), default=-2)
        if who and theirs < shared - 1 and not who <= set(content(about)):
            yield "a source that is not the one"


def opposed(sentence: str, support: Sequence[str]) -> Iterator[str]:
    whole = " ".join(support)
    if _LACKS.search(sentence) and _LACKS.search(whole):  # "expertise that they lack": what is lacking on both sides denies nothing
        sentence, whole, *support = (_LACKS.sub(r"need\1", text) for text in (sentence, whole, *support))
    stems = set(map(stem, words(whole)))
    if _CONTRASTED.search(whole):
        sentence = _UNLIKE.sub("differs from", sentence)
    if _ONLY.search(whole):
        sentence = _ONLY_THEN.sub("", sentence)
    here = {word for word in negated(sentence) if not any(stem(prefix + word) in stems for prefix in _OPPOSING_PREFIX)}
    said, affirmed = set(content(sentence)), affirmed_in(whole)
    if here and not negated(whole):
        yield "a negation that its source does not have"
    elif here & affirmed and not here & negated(whole):
        yield "a negation of something else"
    near = nearest(sentence, support)
    there = [negated(part) for part in near]
    denied = {word for part in clauses(sentence) if _NEGATION.search(part) for word in content(part)}
    if there and not _KEPT_FROM.search(sentence) and all(scope and len((scope - affirmed) & (said - here - denied)) >= 0.5 * len(scope) for scope in there):
        yield "it leaves out a negation"
    mine = _tokens(sentence)
    for part in near[:1]:
        theirs = _tokens(part)
        for pair in _OPPOSITES:
            for a, b in (pair, pair[::-1]):
                more = _count(a, mine) > _count(a, theirs) and _count(b, theirs) > _count(b, mine)
                if more and _denied(a, sentence) == _denied(b, part):
                    yield "the opposite of its source"
                    return
        for word in set(mine) - set(theirs):
            for prefix in _OPPOSING_PREFIX:
                bare = word.removeprefix(prefix)
                other = prefix + word if len(word) > 3 and prefix + word in theirs else bare if bare != word and len(bare) > 3 and bare in theirs else ""
                if other and _denied(word, sentence) == _denied(other, part):
                    yield "the opposite of its source"
                    return


def _denied(word: str, text: str) -> bool:
    """Does a word stand in a clause with a negation?"""
    return any(_NEGATION.search(part) and _count(word, _tokens(part)) for part in clauses(text))


def affirmed_in(text: str) -> set[str]:
    """The stems that a text says without a negation somewhere."""
    found: set[str] = set()
    for part in clauses(text):
        match = _NEGATION.search(part)
        found |= set(content(part[: match.start()] if match else part))
    return found


def _tokens(text: str) -> list[str]:
    """The words of a text with their hyphens ("non-core"), lower case."""
    return re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())


def _count(word: str, tokens: Sequence[str]) -> int:
    """How often a word stands there, in any of its forms."""
    return sum(token == word or (token.startswith(word) and token[len(word) :] in _FORMS) or _same_stem(token, word) for token in tokens)


def _same_stem(a: str, b: str) -> bool:
    return "-" not in a and min(len(a), len(b)) > 3 and stem(a) == stem(b)


def _too_strong(sentence: str, support: str, about: str) -> Iterator[str]:
    for strong, allowed, why in _STRONG:
        if strong.search(sentence) and not allowed.search(support) and not allowed.search(about):
            yield why
    said = set(content(sentence))
    hedged = _HEDGED.search(sentence) or {word.lower() for word in _INTENT.findall(sentence)} & {word.lower() for word in _INTENT.findall(support)}
    for clause in clauses(support):
        hedge = None if _CONFUSED.search(clause) else _HEDGE.search(clause)
        subject = [word for word in content(clause) if not _HEDGE.fullmatch(word)]
        if hedge and subject and sum(word in said for word in subject) >= 0.6 * len(subject) and not hedged:
            yield "it is surer than its source"
            break
    if _CAUSE.search(sentence):
        if not _CAUSAL.search(support):
            yield "a cause that its source does not give"
        else:
            for match in re.finditer(r"\b(?:because(?: of)?|since|due to|owing to|thanks to|as a result of|so that|leads? to|results? in|caused by)\b([^,;]*)", sentence, re.I):
                reason = content(match[1])
                told = set(content(f"{about}\n{support}"))
                if reason and sum(word in told for word in reason) < 0.5 * len(reason):
                    yield "a cause that its source does not give"
                    break


_ROLES = (("client", "provid"), ("buyer", "seller"), ("kpo", "bpo"), ("analyst", "client"), ("employer", "people"), ("manag", "people"), ("hospit", "hedg"))
# What stands before and after these may not change places; "before" and "after" themselves are opposites.
_BALANCES = tuple(re.compile(rf"\b(?:{words})\b", re.I) for words in (
    "instead of|rather than|and not|but not|not", "than|exceeds?|exceeded|outweighs?|as opposed to", "before|until", "after|once", "divided by",
))


def _turned_round(sentence: str, support: str) -> Iterator[str]:
    """Who does what to whom: words that only fit the source when they change places, or one that stands where the source has its counterpart."""
    ways, theirs = _ways(sentence), _ways(support)
    other_way = any(value in theirs and not way & theirs[value] for value, way in ways.items())
    if other_way or _pair_changed(sentence, support) or any(_sides_changed(sentence, support, balance) for balance in _BALANCES):
        yield "it turns its source round"
    elif _counterpart(sentence, support):
        yield "it says of one what its source says of another"


_STATEMENTS = re.compile(  # each with a subject of its own
    r"(;\s|,\s(?:and|but|while|whereas|or|so|as(?! (?:well|long|far|much|soon)\b)|because|since|although|though|if|when|where|which|who)\s|\s(?:while|whereas)\s)", re.I
)


def _statements(text: str) -> Iterator[tuple[set[str], set[str]]]:
    """What a text says: for each statement the stems of its subject and of what is said of it, as far as the order of words tells.

    "A …, which B" says B of the last word of A; what opens with "it" is said of the subject before.
    """
    parts = _STATEMENTS.split(_ACCORDING.sub("", text))
    subject: set[str] = set()
    for at in range(0, len(parts), 2):
        told = content(parts[at])
        if at and parts[at - 1].strip(" ,").lower() in ("which", "who", "where"):
            yield set(content(parts[at - 2])[-1:]), set(told)
        elif subject and _POINTS_BACK.match(parts[at].strip()):
            yield subject, set(told)
        else:
            subject = set(told[:SUBJECT])
            yield subject, set(told[SUBJECT:])


def _mixed(sentence: str, support: Sequence[str]) -> bool:
    """Does a sentence say of one thing that its sources speak of what they say of another, which it does not name there?"""
    theirs = [statement for part in support for statement in _statements(part)]
    for subject, told in _statements(sentence):
        own = [words | about for about, words in theirs if about and (subject <= about or about <= subject)]
        if not subject or len(told) < FOREIGN or not own:
            continue
        others = (words for about, words in theirs if about and not about & subject and not about <= told and not subject <= words)
        likeness = max((len(told & words) for words in others), default=0)
        if likeness >= max(FOREIGN, MIXED * len(told)) and likeness > max(len(told & words) for words in own):
            return True
    return False


_COPULA = r"\b(?:is|are|was|were|be|being|as|means?|called|named|became|becomes)"
_IS = re.compile(r"\b(?:is|are|was|were) (?:(?:the|an?) |(?=[A-Z]))(?P<what>[\w&-]+(?: [\w&-]+)?)[.!]*$")


def _unequal(sentence: str, source: str) -> bool:
    """Does a sentence end by saying what something is ("… is the KPO", "… is KPO"), in words that no copula, colon or comma leads to in the source?"""
    found = _IS.search(sentence)
    what = content(found["what"]) if found else []
    if not what:
        return False
    before = [*re.findall(rf"(?:{_COPULA}|[:,(|])\s+([^.;:|]*)", source, re.I), *re.findall(rf"{_COPULA}\s+(?=([^.;:|]*))", source, re.I)]
    return not any(what[-1] in content(" ".join(part.split()[:3])) for part in before)


# "A good question in KPO is to ask …": of what, without what narrows it down.
_THING_IS = re.compile(r"^An? (?P<what>(?:[\w'-]+ ){1,3}?)(?:(?:in|of|for|to|at|with|from) (?:[\w'-]+ ){1,4}?)?(?:is|are|means) ")


def _unknown_thing(sentence: str, told: Set[str]) -> bool:
    """Does a sentence say what a thing is that none of its source's words, nor where these stand, name?"""
    found = _THING_IS.match(sentence)
    what = set(content(found["what"])) if found else set()
    return bool(what) and not what & told


def _pair_changed(sentence: str, support: str) -> bool:
    theirs = content(support)
    shared = [word for word in content(sentence) if word in set(theirs)]
    fits = LCSseq.similarity(shared, theirs)
    for i, a in enumerate(shared):
        for b in shared[i + 1 :]:
            if a != b and shared.count(a) == shared.count(b) == 1 and not _listed_together(a, b, support):
                swapped = [b if word == a else a if word == b else word for word in shared]
                if LCSseq.similarity(swapped, theirs) >= fits + 2:
                    return True
    return False


def _sides_changed(sentence: str, support: str, balance: re.Pattern[str]) -> bool:
    """Do the two sides of a comparison or contrast stand on the other side of it in the source?"""
    mine, theirs = _sides(sentence, balance), _sides(support, balance)
    if mine is None or theirs is None:
        return False
    straight = len(mine[0] & theirs[0]) + len(mine[1] & theirs[1])
    crossed = len(mine[0] & theirs[1]) + len(mine[1] & theirs[0])
    return crossed >= straight + 1 and bool(mine[0] & theirs[1]) and bool(mine[1] & theirs[0])


def _sides(text: str, balance: re.Pattern[str]) -> tuple[set[str], set[str]] | None:
    """The stems that stand only before and only after a word; None where it does not stand exactly once. "Before A, B" is read as "B before A"."""
    found = list(balance.finditer(text))
    if len(found) != 1:
        return None
    left, right = text[: found[0].start()], text[found[0].end() :]
    if not content(left) and "," in right:
        right, _, left = right.partition(",")
    one, two = set(content(left)), set(content(right))
    return one - two, two - one


def _counterpart(sentence: str, support: str) -> bool:
    """Does a part of the sentence say of a client what the source says of the provider, and so on for other pairs?"""
    theirs = [set(content(part)) for part in clauses(support)]
    for part in [sentence, *clauses(sentence)]:
        mine = set(content(part))
        for pair in _ROLES:
            for a, b in (pair, pair[::-1]):
                if a in mine and b not in mine:
                    others = mine - {a}
                    with_a = max((len(clause & others) for clause in theirs if a in clause), default=0)
                    with_b = max((len(clause & others) for clause in theirs if b in clause and a not in clause), default=0)
                    if with_b >= with_a + 2:
                        return True
    return False


def _listed_together(a: str, b: str, text: str) -> bool:
    """Do two words stand in one enumeration, whose order means nothing?"""
    tokens = re.findall(r"[\w&-]+|[,;:.]", text)
    places = [[at for at, token in enumerate(tokens) if words(token) and stem(words(token)[0]) == word] for word in (a, b)]
    if not all(places):
        return True
    first, last = sorted((places[0][0], places[1][0]))
    between = [token.lower() for token in tokens[first + 1 : last]]
    return bool({",", "and", "or", ";"} & set(between)) and not any(token in _LINKS for token in between)


_LINKS = frozenset("is are was were than by of from to while whereas with for must may can could does do did will would has have had when where because which that in on at".split())  # noqa: SIM905
