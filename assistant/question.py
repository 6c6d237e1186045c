"""A question is understood: what kind it is, what kind of thing it asks for, and what it asks about."""

import re
from dataclasses import dataclass
from typing import Literal

from index.spelling import is_shouted

Kind = Literal["definition", "abbreviation", "list", "steps", "comparison", "fact", "why", "yes-no", "small-talk"]
Thing = Literal["person", "name", "date", "amount", "money", "contact", ""]


@dataclass(frozen=True, slots=True)
class Question:
    """What a person asked: the text, the earlier questions of the conversation, and the documents it is narrowed to.

    `documents` None means all of them; an empty set finds nothing.
    """

    text: str
    after: tuple[str, ...] = ()
    documents: frozenset[str] | None = None


# What follows a plural ("which models suit …"), and not a verb that ends in s ("which model suits the work").
_NO_OBJECT = r"(?! (the|an?|its|their|our|your|my|it|us|them|you|me|up|out|over|called|named|why|how|what|whom|(?!does\b|is\b|was\b|has\b)\w+[^\Ws]s)\b)"

# "What is a good accuracy target?" asks for a judgement or a figure, and not for what a term means.
_JUDGED = r"an? (good|bad|normal|typical|usual|reasonable|realistic|fair|sensible|healthy|acceptable|decent)\b"

# What follows a courtesy that is all there is ("thanks, that is what I wanted to know"), and not one that opens a question ("thanks, what is LPO?").
_NO_QUESTION = (
    r"(?!.*\?)(?!(.*[,.!;:-])?\s*((and|but|so|now|then|also|please|ok(ay)?)\W+)*(what|whats|who|which|where|when|why|how|is|are|do|does|did|can|could|should|"
    r"explain|define|describe|list|name|give|tell|show|compare)\b)"
)

# The first rule that matches decides. Beside each: what people type.
_KINDS: tuple[tuple[Kind, str], ...] = (
    # "hi", "thanks a lot", "what can you do?", "who are you"
    ("small-talk", r"^(?=.*[a-z])(hi|hello|hey|hiya|greetings|good (morning|afternoon|evening|day)|yo)?( (there|all|everyone|assistant|team))?\W*(how are you( doing)?( today)?|what'?s up)?\W*$"),
    ("small-talk", r"^(many |ok(ay)? |great |super )*(thanks|thank you|thx|ty|cheers|much appreciated)\b" + _NO_QUESTION + r".{0,40}$"),
    ("small-talk", r"^(ok(ay)?|great|perfect|nice|cool|got it|((good|bye)? ?bye|see you)\b" + _NO_QUESTION + r".{0,30}|help( me)?|well done|good (bot|job)|that helped.*)\W*$"),
    ("small-talk", r"^(so )?(what|who) (are|r) (you|u)( exactly| then)?\W*$|^(what|how) (can|could|do) (you|u) (do|help)( me| us| for me| for us| with( this| that| it)?| here| then| exactly)*\W*$|^are you (a |an )?(bot|ai|human|robot|real|person|chatgpt).{0,20}$|^what('?s| is) your name\W*$|^what can i ask( you)?( about)?( here)?\W*$"),
    # "I see", "makes sense", "never mind", "no thanks", "I have another question", "that's all"
    ("small-talk", r"^((ah|oh|ok(ay)?|alright|all right|hm+|no|yes|yeah|yep|nope|sure|fine|right|great|good|well)\W+)*(i see|i understand|understood|(that )?makes sense|(very )?interesting|alright|all right|never ?mind|(that'?s|that is|that was|that will be) (all|it|everything|fine|great|good|helpful|interesting)( for (now|today))?|sounds? (good|great)|good to know|fair enough|got it|thanks|no|nope|yes|yeah|sure|fine|wow|lol|haha|awesome|amazing|(great|good|nice) (answer|question|to know)|(hi,? )?(i have|i'?ve got|one|just one|a|another|i have one|i have just one) (more |another |last |quick )?question|sorry)(,? (then|now|thanks|thank you|so much|a lot))*\W*$"),
    # "What is the full form of LPO?", "the long form of TCS", "what does SLA stand for", "RCA meaning abbreviation"; not what the "KPO Full Form" guide says
    ("abbreviation", r"\bfull[ -]?forms?\b(?![\W_]*guide)|\blong[ -]?forms? of\b|\bst(an|ad)ds? for\b|\bshort for\b|\b(abbreviation|acronym|initials)\b|\bspell(ed)? out\b|\bletters\b.*\bmean\b"),
    # "difference between KPO and BPO", "KPO vs BPO", "how does LPO differ from KPO?", "is nearshore the same as onshore?"
    ("comparison", r"(?<!time )\bdiff(e?re?n)(ce|ces|t|tiate)?\b|\bdiffers?\b|(?<!time )\bdiff?erence|\bcompar(e|ed|ing|ison)\b|\b(vs?|versus)\b|\bdistinguish(es)?\b|\bdistinction\b|\b(same( thing)? as|similar to|better than|rather than|instead of|as opposed to|unlike)\b|\bset (it|them|\w+) apart\b"),
    # "What are the steps of …?", "how is knowledge transfer carried out", "which check comes after that?", "process from start to finish", "how does the process work?", "how do I move work away from a provider?"
    ("steps", r"^(?!(and |but |so )?(who|whose|whom|when)\b).*\b(steps?|stages?|phases?|procedure|sequence|roadmap|step[- ]by[- ]step|walk me through|start to finish)\b|\bin (what|which) order\b|\b(which|what) .{0,30}\b(follows?|precedes?|comes? (before|after|next))\b(?= (?!if\b|when\b|or\b)\w)|\bwhat happens (first|next|after|on|in|during|when)\b|\bprocess (of|for|from)\b|\bhow (is|are) .{3,60} (carried out|done|run|organi[sz]ed|set up|moved|transferred|handed over)\b|\bhow (do|does) .{0,40}\b(process|procedure|handover|transition|transfer)s?\b.{0,20} work\b"),
    # "What should I put in a statement of work?", "what should we ask a provider?", "what do I check before signing"
    ("list", r"\bwhat (should|must|do|does|can|could) (i|we|you|one|it|an? [\w ]+?|the [\w ]+?) (put|include|contain|cover|ask|check|measure|prepare|get ready|bring|look (for|at)|watch)\b"),
    # "Why do companies use KPO?", "how can a client reduce risk?", "how are projects governed?", "what should I do if …", "what do I have to do every day", "ways to cope with …"
    ("why", r"^(and |but |so )?(why|how come)\b|\bwhat (is|are) the (reasons?|causes?)\b|\bwhat (makes|causes|drives)\b|\bhow (can|could|do|does|should|would|to|might)\b(?! (many|much|long|often|old|big|large))|^(and |but |so )?how (is|are|was|were) .{2,60}?\b(\w{2,}ed|kept|made|paid|built|taught|held|chosen|written|sent)\b|\bwhat (should|can|could) (i|we|you|one|a|the)\b|\bwhat (do|must) (i|we|you|one) (have to |need to )?do\b|\bwhat('s| is) the point\b|\b(any )?(advice|tips)\b|^(some |any |good )?ways to\b"),
    # "give me some KPIs", "tell me the main risks", "I need a list of clauses", "any drawbacks of offshoring?"
    ("list", r"^(and |but |so |please |can you |could you )*((give|tell|show|send|get) (me|us)|(i|we) (need|want)) (a list of|(some|all|most)( of)?( the)?|a few|the) ((?!of |who|what|how|why)[\w-]+ ){0,2}?(?!who|what|how)[\w-]+[^\Wsu]s\b" + _NO_OBJECT + r"|^(and |so )?any ([\w-]+ )?[\w-]+[^\Wsu]s (of|in|with|for|when|to|about)\b"),
    # "What are the benefits of KPO?", "which countries …", "list the risks", "types of pricing model", "examples of …"
    ("list", r"^(and |please |can you |could you )*(list|name|enumerate)\b|\bwhat (are|r) (the|some|its|their|all|common|main|different|typical|usual) (\w+ ){0,3}?\w+s\b|\b(types|kinds|examples?|forms|sorts) of\b|\b(type|kind|form|sort) of ((?!is\b|was\b|does\b|has\b)\w+ ){0,2}?(?!is\b|was\b|does\b|has\b)\w+[^\Ws]s\b" + _NO_OBJECT + r"|\b(in )?(what|which) ways\b|\bwhich (?!(is|was|one|year|country|company|city|document|source|article)\b)((of the )?\w+s\b|\w+ (?!(does|is|was|has|this)\b)\w+s\b" + _NO_OBJECT + r")|\bwhat (\w+ )?(services|industries|areas|skills|tasks|risks|benefits|advantages|disadvantages|drawbacks|companies|countries|fields|tools|qualifications|questions|clauses|models|measures|controls|trends|mistakes|signs|documents|items|topics|roles|jobs)\b|\bwhat else\b|\bwho are\b|\bred flags\b|\bchecklist\b|\b(pros|cons)\b|\b(benefits|advantages|disadvantages|drawbacks|risks|services|industries|features|characteristics) of\b|\bwhat (all )?(belongs|goes|should be) (in|into|on)\b|\bwhat does .{3,60} (include|cover|contain|offer|consist of)\b"),
    # "What is not KPO?", "what isn't an SLA?", "explain what is not part of a statement of work"
    ("list", r"\bwhat(['’]?s| is| are) not\b|\bwhat (is|are)n['’]?t\b"),
    # "What is KPO?", "define attrition", "could somebody explain attrition?", "meaning of work product", "what does task exposure mean?"
    ("definition", r"^(so |and |but )?(what('?s| is| are| r)|whats|wat is|define|explain|describe|(can|could|would) (you|(some|any)(one|body)) (please )?(explain|define|describe)(?! (why|how|what|when|who))|meaning of|definition of)\b(?!.*\b(at|for|from|with|against|by|not)\W*$)(?! (the|your|our) (best|biggest|main|most|number|percentage|share|rate|price|cost|size|date|year|time|utc|maximum|minimum|average|current|latest|only))(?! " + _JUDGED + r")|\b(what does|what do) .{2,60} mean\b|\bmeaning\b|\bdefin(e|ed|ition)\b|\bwhat .{0,20}\bcalled\b|\bword for\b|\bwhat counts as\b"),
    # "Is KPO part of BPO?", "do I need a degree", "can two providers share data?"
    ("yes-no", r"^(and |but |so )?(is|are|was|were|do|does|did|can|could|may|might|will|would|should|shall|must|has|have|had|isn'?t|aren'?t|doesn'?t|don'?t|am) "),
)
_RULES = tuple((kind, re.compile(pattern, re.I)) for kind, pattern in _KINDS)

# Ways to reach somebody.
_WAYS = r"(e-?mails?|(tele)?phone|address(es)?|web ?sites?)"
# The kind of thing that the quoted sentence must hold, when the question can only be answered by one.
_THINGS: tuple[tuple[Thing, str], ...] = (
    # "Who is the chief executive of Genpact?", "who founded Infosys", "name of the CEO"
    ("person", r"\b(ceo|cfo|cto|coo|chief (executive|financial|operating|technology)( officer)?|chair(man|woman|person)|(co-?)?founders?|president|managing director|owner|boss)\b.{0,40}\b(of|at|for)\b|\bwho (runs|leads|heads|owns|founded|started|created|invented|coined|wrote|established|set up|is running)\b|\bwho('s| is| was) (the )?(ceo|head|founder|owner|boss|president|author|chief executive)\b|\bname of the (ceo|chief|founder|author|person)\b"),
    # "What is the name of the ferry company in the example?", "names of the clients"
    ("name", r"\bnames? of (the|our|its|their|a|an|any) ([\w-]+ ){0,3}(compan(y|ies)|firms?|start-?ups?|providers?|vendors?|suppliers?|operators?|chains?|clients?|customers?|banks?|insurers?|hospitals?|universit(y|ies)|organi[sz]ations?|institutes?|agenc(y|ies)|products?|brands?)\b"),
    # "When was it founded?", "in which year …", "what date"
    ("date", r"\b(in )?(which|what) (year|month|date|day|decade|century)\b|\bwhen (was|were|did) .{0,60}\b(found(ed)?|establish(ed)?|start(ed)?|open(ed)?|launch(ed)?|begin|began|publish(ed)?|sign(ed)?|pass(ed)?|list(ed)?|acquir(ed?)?|buy|bought|introduc(ed?)?|born|creat(ed?)?|coin(ed)?|enter(ed)?|come|invent(ed)?|happen|take effect|first used)\b|\bhow old is\b|\bsince when\b|\bfounding year\b|\byear of\b"),
    # "What does a researcher earn?", "price per hour", "how much does it cost", "revenue of", "fine"
    ("money", r"\b(salar(y|ies)|wages?|earn(s|ings)?|paid (per|an|in)|pay (per|rate|scale)|price (of|per|for)|hourly (rate|price)|rate per|rates? per hour|how much (do|does|is|are|would|will|did) .{0,60}\b(cost|charge|pay|earn|make|paid)\b|cost (of|per) (an?|one|the) \w+|revenues?|turnover of|profit|market cap(itali[sz]ation)?|share price|stock price|valuation|market size|worth|fines?|penalt(y|ies)|fees?)\b"),
    # "phone number of", "email address", "the hotline"
    ("contact", r"\b(phone|telephone|mobile|fax) numbers?\b|\b(e-?mail|postal|mailing|street|web|office) address(es)?\b|\b(url|hotline|contact details)\b"),
    # "What's Genpact's email?", "where is the website of WNS?", "do you have their address", "on which street"; not "may I email the client?", "on the phone", "address a risk"
    ("contact", r"\b((what|where)(['’]?s| is| are)|give me|tell me|know|have|find|get|need) (the|their|its|our|your|[\w&]+['’]s) ([\w&]+ )?" + _WAYS + r"(?= (of|for|at)\b|\W*$)|\b(which|what) (street|address|web ?site)\b"),
    # "email of the help desk", "Genpact website"
    ("contact", r"^(?!(what|which|who|how|why|when|where|is|are|do|does|can|may|should|must|i|we)\b)([\w&'’]+ ){0,2}" + _WAYS + r"( (of|for) .+)?\W*$"),
    # "how many employees", "what percentage", "how long", "attrition rate of"
    ("amount", r"\bhow (many|long|big|large|far|often|high|fast|tall)\b|\bwhat (percentage|percent|per ?cent|share|proportion|fraction|number|figure|rate|utc|is the (number|size|percentage|share|rate|ratio|average|maximum|minimum|headcount))\b|\bheadcount\b|\bnumber of\b|\bpercentage\b|\bmarket share\b|\baverage (age|size|length|duration)\b|\b\w+ rate (at|of|in|for)\b|\bhow much of\b"),
)
_ASKED = tuple((thing, re.compile(pattern, re.I)) for thing, pattern in _THINGS)

_YEAR = re.compile(r"\b(1[89]|20)\d\d\b|\b(January|February|March|April|May|June|July|August|September|October|November|December) \d")
_NUMBER = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand|million|billion|half|third|quarter|"
    r"double|twice|daily|weekly|monthly|quarterly|annual(ly)?|hours?|days?|weeks?|months?|years?|a few|several|many|none|no (source|figure|number)s?)\b", re.I
)
_MONEY = re.compile(r"[$€£₹¥]\s?\d|\b(USD|EUR|GBP|INR|PHP|dollars?|euros?|pounds?|rupees?|pesos?)\b|\d\s?(per cent|percent|%)", re.I)
_PART = re.compile(
    r"\b(ceo|cfo|cto|coo|chief|executive|officer|chair\w*|founder|president|director|owner|boss|head|author|runs?|leads?|heads?|owns?|founded|started|created|"
    r"invented|coined|wrote|established)\b", re.I
)
_PERSON = re.compile(r"\b(?:[A-Z][a-z]+|[A-Z]\.)(?: [A-Z]\.)? [A-Z][a-z]{2,}\b")
_NAME = re.compile(r"(?<=[a-z0-9,;:)] )[A-Z][A-Za-z]*[a-z]{2,}\b")  # within a sentence, and no abbreviation
_CONTACT = re.compile(r"@\w|https?://|www\.|\+?\d[\d ()-]{6,}\d")


def kind_of(text: str) -> Kind:
    """The kind of a question; "fact" when no rule fits (who, which, how much, when, where, a bare statement)."""
    plain = re.sub(r"\s+", " ", text).strip()
    for kind, rule in _RULES:
        if rule.search(plain):
            return kind
    bare = re.fullmatch(r"[\w&./()' -]{2,40}\??", plain)
    return "definition" if bare and len(plain.split()) <= 3 and not re.match(r"(who|when|where|which|and|how)\b", plain, re.I) else "fact"


def thing_of(text: str) -> Thing:
    """What only a person's or another name, a date, an amount (of money) or an address can answer; "" when anything may."""
    for thing, rule in _ASKED:
        if rule.search(text):
            return thing
    return ""


def holds(thing: Thing, question: str, sentence: str) -> bool:
    """Does the sentence hold such a thing at all? For a person, the part played in the question must be named as well; another name is one
    that is not in the question.
    """
    match thing:
        case "person":
            played = {word[:5] for found in _PART.finditer(question) for word in found.group().lower().split()}
            named = _PERSON.search(sentence) is not None
            return named and any(word[:5] in played for word in re.findall(r"[a-z]+", sentence.lower()))
        case "name":
            asked = set(re.findall(r"\w+", question.lower()))
            return any(name.lower() not in asked for name in _NAME.findall(sentence))
        case "date":
            return bool(_YEAR.search(sentence))
        case "amount":
            return bool(_NUMBER.search(sentence))
        case "money":
            return bool(_MONEY.search(sentence))
        case "contact":
            return bool(_CONTACT.search(sentence))
    return True


def names_in(text: str) -> list[str]:
    """The proper names and abbreviations of a question: capitalised words that do not open it, and words in capitals."""
    if is_shouted(text):
        return []
    tokens = re.findall(r"[A-Za-z][\w&'’-]*", text)
    opens = {0}
    return [
        token for at, token in enumerate(tokens)
        if (token[0].isupper() and at not in opens and token not in ("I", "I'm", "I've", "I'd")) or sum(c.isupper() for c in token) >= 2
    ]


# "Which universities …", "how many pages …", "the name of the ferry company": the noun that the answer must be one of.
_HEAD = re.compile(
    r"\b(?i:which|what|whose|how many|how much|names? of (?:the|our|its|their)) (?:of (?:the|our|its|their|all) )?(?P<noun>(?:[\w&-]+ ){0,4}?[\w&-]+)"
    r"(?= (?:is|are|was|were|does|do|did|can|could|should|would|will|has|have|had|of|in|on|at|for|by|to|from|with|that|who|when|must|may|might|means?|called|i|we|you|they|it|"
    r"the|an?|[a-z]+s)\b| [A-Z]|\s*[?.!,]|\s*$)"
)
_NO_HEAD = frozenset(
    ["is", "are", "was", "were", "does", "do", "did", "can", "could", "should", "would", "will", "has", "have", "the", "a", "an", "i", "we", "you", "they", "it", "s", "kind", "kinds", "type", "types", "sort", "name", "thing", "things", "way", "ways", "point", "reason", "reasons", "happens", "makes", "would", "part", "difference", "differences", "main", "steps", "step", "exactly", "kpo", "meaning"]
)


def head_of(text: str) -> str:
    """The noun of "which universities", "how many pages", lower case; "" when the question names none."""
    found = _HEAD.search(text)
    noun = found["noun"].split()[-1].lower() if found else ""
    return "" if noun in _NO_HEAD or len(noun) < 3 else noun


# "What is a knowledge worker?", "define gain share", "meaning of zero trust", "what does body leasing mean": a term by itself, and nothing asked about it.
_OF_A_TERM = r"(?:what(?:'?s| is| are)(?! " + _JUDGED + r")|define|explain|(?:the )?(?:meaning|definition) of|what is meant by)(?: an?)? (?P<bare>{0})|what do(?:es)?(?: an?)? (?P<meant>{0}) mean"
_TERM = r"(?!(?:the|an?)\b)[\w&/-]+(?: (?!(?:of|in|on|at|for|by|to|from|with|and|or|that|when|if|as|an?|the|mean|means|meant|is|are|called)\b)[\w&/-]+){0,3}"
_MANNER = re.compile(r"(?: (?:\w+ly|again|anyway|then|now|please|pls|speaking))+$", re.I)
_BARE = re.compile(rf"(?:{_OF_A_TERM.format(_TERM)})\W*", re.I)


def term_of(text: str) -> str:
    """The term whose meaning is asked, and nothing besides but the manner ("exactly", "briefly"); "" for any other question, and for a term with
    an abbreviation in it.
    """
    found = _BARE.fullmatch(text.strip())
    if not found or kind_of(text) == "comparison" or any(sum(letter.isupper() for letter in name) >= 2 for name in names_in(text)):
        return ""
    return _MANNER.sub("", found["bare"] or found["meant"])
