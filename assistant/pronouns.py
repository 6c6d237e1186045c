"""Follow-ups that point back: "it", "they", "its", "there", "then", "such a contract", "the term"."""

import re

from assistant.topic import AUX, agreeing, is_plural, named, plain
from assistant.turns import Spoken
from index.search import Lexicon

POSSESSIVE = re.compile(
    rf"\b(?P<whose>its|their)\s+(?P<x>(?:(?!{AUX}\b)[\w-]+ ){{0,3}}?[\w-]+)(?=\s+(?:{AUX}|and|or|in|on|from|to|for|with|by|than|at|when|if|that|who|which|look|come|work|mean|differ|cost)\b|\s*[?.!,;]|\s*$)", re.I)
_GENERIC = (
    r"(?:thing|topic|work|model|approach|step|agreement|contract|document|risk|measure|term|word|concept|method|service|company|firm|provider|country|place|point|item|problem|issue|idea|"
    r"process|role|area|field|law|rule|regulation|type|kind|figure|number|meeting|stage|clause|plan|skill|job|kind of (?:work|thing|service|company|contract|model))"
)
_THIS_NOUN = re.compile(rf"\b(?:this|that|such an?|such)\s+{_GENERIC}\b|\b(?:these|those|such)\s+{_GENERIC}s\b", re.I)
_POINTS = re.compile(r"\b(?:it|they|them|this|that|these|those|ones?)\b", re.I)
# Beside these words "this" and "that" stand for something; elsewhere "that" opens a clause ("a provider that …") or goes with a noun ("that clause").
_BEFORE = frozenset(
    ["is", "are", "was", "were", "do", "does", "did", "can", "could", "may", "might", "will", "would", "should", "shall", "must", "has", "have", "had", "to", "of", "for", "about", "with", "in", "from", "by", "at", "on", "if", "why", "how", "when", "where", "and", "but"]
)
_BEHIND = frozenset(
    """is are was were be do does did can could may might will would should shall must has have had work mean done cost take matter happen differ different help apply important needed
    handled measured calculated used called bad good so in for to from with at by on and or than as still always really also only often usually more less better worse common legal true
    enough possible normal allowed safe expensive cheap hard easy difficult necessary required risky part start begin end come cover include need require affect change relate compare
    depend look sound fail exist save pay count involve protect lead run hold""".split()  # noqa: SIM905
)
_TAKES_ONE = frozenset("need sign make find hire pick want have write draft start build up get use create do run try join choose take avoid".split())  # noqa: SIM905
# "is it possible to …", "does it make sense to …", "how long does it take to become …", "whose job is it to check the …": this "it" stands for nothing.
# "How hard is it to learn?" asks about something that was named: there the verb lacks its object.
_EMPTY_IT = re.compile(
    r"\bit (?:possible|important|necessary|true|better|best|wise|safe|legal|hard|easy|difficult|cheaper|worth|worthwhile|common|normal|allowed|ok|okay|useful|sensible|right|good|bad|usual|mandatory|a good idea|"
    r"a bad idea|ethical|risky|likely|enough)\b(?: for [\w ]+?)? (?:to|that|if|when|whether|\w+ing)\b|\bit (?:make sense|take|cost|help|matter|mean|pay)s?(?: (?:long|much|more|an?|\w+))?(?: for [\w ]+?)? (?:to|that|if|whether) \w+|"
    r"\b(?:is|was) it (?:like )?(?:for [\w ]+? )?to (?!be\b)\w+ (?:an?|the|my|your|our|their|each|every|all|any|\w+s)\b", re.I)
_CLAUSE = re.compile(r",|;|\b(?:and|but|or|if|when|whenever|because|before|after|once|while|so that|unless|until|although|though|than|whether|that|which|who)\b(?=.*)", re.I)
_HAS_SUBJECT = re.compile(
    rf"\b(?:an?|the|our|my|your|each|every|most|many|two|some|any)\s+(?!one\b|ones\b|most\b|best\b|same\b|first\b|second\b|last\b|main\b|client\b|provider\b)[a-z][\w-]{{2,}}|\b{AUX}\s+(?!i\b|we\b|you\b|it\b|they\b|this\b|that\b|these\b|those\b|there\b|the\b|not\b|so\b|to\b|be\b|an?\b|\w+ly\b|\w+ed\b|done\b)[a-z][\w-]{{2,}}|\bfor [a-z-]+s to\b", re.I)
_OF = re.compile(r" (?:of|for|in|at|on|with|about|to) ")
_THERE = re.compile(rf"(?<!is )(?<!are )(?<!was )(?<!were )(?<!will )(?<!can )\bthere\b(?! (?:is|are|was|were|any|a|an|be|no|some|many)\b)(?=\W*$| (?:{AUX}|and|or|for|by|with|to|than|instead|too)\b)", re.I)
_THEN = re.compile(r"\s+(?:then|in (?:that|this|such a) case|at that point|afterwards)(?=\W*$)", re.I)


def owned(said: Spoken) -> str | None:
    """ "what are its parts?", "who pays for their training?", "what industries are its clients from?" """
    found = POSSESSIVE.search(said.text)
    if not found or _has_own(said.text[: found.start()], said.lexicon, same_clause=True):
        return None
    earlier = pronoun(said.text[: found.start()])
    if earlier and not _EMPTY_IT.search(said.text):  # "will they lose their jobs?" says whose in its first word
        return None
    whose = (said.things if found["whose"].lower() == "their" else "") or said.topic
    of = len(whose.split()) > 2 or is_plural(whose.split()[-1])
    new = f"the {found['x']} of {whose}" if of else f"{whose}'s {found['x']}"
    if found.group().lower() == said.bare.lower():
        return f"What {'are' if is_plural(found['x'].split()[-1]) else 'is'} {new}?"
    return said.text[: found.start()] + new + said.text[found.end() :]


def referred(said: Spoken) -> str | None:
    """ "where is that done?", "how are they reduced?", "who pays for such work?", "how does this model work?" """
    text = re.sub(r"\b(it|that|this)['’]s\b", r"\1 is", said.text, flags=re.I)
    noun = _THIS_NOUN.search(text)
    if noun and not _has_own(text[: noun.start()], said.lexicon):
        meant = (said.things or said.topic) if noun.group().lower().endswith("s") else said.topic
        return text[: noun.start()] + meant + text[noun.end() :]
    found = pronoun(text)
    if not found or _EMPTY_IT.search(text) or _has_own(text[: found.start()], said.lexicon):
        return None
    many = found.group().lower() in ("they", "them", "these", "those", "ones")
    meant = said.things if many else said.topic
    if not many and re.search(rf"\b(?:i|we|you|one) {re.escape(meant)}$", plain(said.before), re.I):  # "what should I read?" names nothing that can be "it"
        return f"{text.rstrip('?.! ')} ({plain(said.before)})?"
    if not meant:  # "why do they leave?" after attrition: nothing was named that could be many
        acting = re.search(r"\b(?:do|did|would|will|can|could|should|must|may) they\b(?! (?:differ|compare|relate)\b)", text, re.I)
        text = re.sub(r"\bthey\b", "people", text, count=1, flags=re.I) if acting else text
        return f"{text.rstrip('?.! ')} ({said.topic})?"
    if found.group().lower() == "they" and not re.search(r" and | that ", meant) and not is_plural(_OF.split(meant)[0].split()[-1]):  # one was named
        rest = re.sub(r"^ (are|were|have)\b", lambda verb: {"are": " is", "were": " was", "have": " has"}[verb[1].lower()], text[found.end() :])
        return agreeing(text[: found.start()], many=False) + meant + rest
    several = re.fullmatch(r"(?:(?:the|our|these) )?(?:[a-z-]+ )?(?P<noun>[a-z-]+)", meant)
    opening = agreeing(text[: found.start()], many=True) if several and is_plural(several["noun"]) else text[: found.start()]
    return opening + meant + text[found.end() :]


def pronoun(text: str) -> re.Match[str] | None:
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


def happened(said: Spoken) -> str | None:
    """ "how can we stop that?" after "Why do people leave?": not the thing is meant but what happens to it."""
    terms = "".join(rf"{re.escape(name)}|" for name in named(said.before, said.lexicon) if " " in name)  # "knowledge transfer" is no knowledge that transfers
    who = rf"(?P<who>{terms}(?:the |most |many |some )?[\w-]+(?: [\w-]+s)?)"
    event = re.match(rf"^why (?:do|does) {who} (?P<does>[a-z]+)(?P<what>.*)$", plain(said.before), re.I)
    found = _EVENT.search(said.text)
    wrong = re.match(r"^what (?:can go|could go|goes|might go|may go) wrong(?P<where> (?:with|in|during|at|for) .+)?$", plain(said.before), re.I)
    if found and wrong:
        return re.sub(r"\w+(?=\W*$)", f"what goes wrong{wrong['where'] or ''}", said.text)
    if not event or not found or is_plural(event["does"]):
        return None
    doing = event["does"].removesuffix("e") + "ing"
    last = found.group().split()[-1]
    return re.sub(rf"\b{last}(?=\W*$)", f"{event['who']} {doing}{event['what']}", said.text)


def there(said: Spoken) -> str | None:
    """ "why do firms settle there?", "who works there?"; after "Where is KPO done?" the question itself goes along, since it names no place."""
    found = _THERE.search(said.text)
    if not found:
        return None
    before = plain(said.before)
    if re.match(r"where\b", before, re.I):
        return f"{said.bare} ({before[0].lower() + before[1:]})?"
    where = said.things if re.match(r"the [\w ]+ that ", said.things) else said.topic
    return f"{said.text[: found.start()]}in {where}{said.text[found.end() :]}"


def then(said: Spoken) -> str | None:
    """ "what happens to our data then?" """
    found = _THEN.search(said.text)
    if not found or named(said.text, said.lexicon):
        return None
    case = re.match(r"^what (?:happens )?(?P<case>(?:if|when) .+)$", plain(said.before), re.I)
    if case:
        text = re.sub(r"^what$", "What happens", said.text[: found.start()], flags=re.I)
        return f"{text} {case['case']}?"
    happened = re.match(r"^(?:why|when|how) (?:would|does|did|will|can|could|should|might) (?P<who>.+) (?P<does>[a-z]+[^s\W])$", plain(said.before), re.I)
    when = f"when {happened['who']} {happened['does']}s" if happened else f"in {said.topic}"
    return f"{said.text[: found.start()]} {when}?"


def meant(said: Spoken) -> str | None:
    """ "what do you mean by hallucination?", "who invented the term?" """
    term = re.search(r"\bthe (?:term|word|expression|abbreviation|acronym)\b(?=\W*$| (?:come|mean|stand)\b)", said.text, re.I)
    if term:
        return f"{said.text[: term.end()]} {said.topic}{said.text[term.end() :]}"
    found = re.match(r"^what (?:do|did|does) (?:you|they|that|it|the \w+) mean by (?P<x>.+)$", said.bare, re.I)
    return f"What is {found['x']}?" if found else None
