"""A follow-up is rewritten to stand alone, by rules. The rewriting is shown to the person, and is what is searched."""

import re

from index.search import Lexicon

# "tell me more", "go on", "continue"
_MORE = re.compile(r"^(ok,? )?(please )?((can you )?(tell|show|give) me more|more( please| details?)?|go on|continue|elaborate|and\??|what else\??|anything else\??|more about (it|that|this))\W*$", re.I)
# "shorter please", "in one sentence"
_SHORTER = re.compile(r"^(please )?((make it |a bit )?(shorter|briefer)|in (one|a single) sentence|in short|summar(y|ise|ize)( it| that)?|tl;?dr)( please)?\W*$", re.I)
# "why?", "how?", "where exactly?", "who says so?"
_BARE = re.compile(r"^(and |but )?(why|how|where|when|who|which ones?|how so|why not|who says so|says who|such as|for example|like what|since when)( exactly| is that| so)?\W*$", re.I)
# "and Infosys?", "what about the Philippines?"
_ABOUT = re.compile(r"^(and|but|or|so|what about|how about|and what about|and how about|and for|and in|now)\s+(?P<rest>.+?)\W*$", re.I)
_POSSESSIVE = re.compile(r"\b(its|their|his|her)\s+", re.I)
_PRONOUN = re.compile(
    r"\b(it|they|them|this|that|these|those)\b(?!\s+(?:kpo|bpo|[a-z]+(?:s|ing|tion|ment|ity)\b))(?=\s*(?:$|[?.!,]|(?:is|are|was|were|do|does|did|can|could|has|have|will|would|should|"
    r"cost|done|mean|work|help|differ|matter|happen|take|about|from|with|in|at|to|for|so|better|worse|different|important|measured|used|and|or|when|if|as|apply|last|"
    r"include|start|before|after|instead|then|too|well|needed|called|required)\b))", re.I
)
_THERE = re.compile(r"\b(done|located|based|work|live|hire|people|happens?)\s+there\b|\bthere\W*$", re.I)
_ORDINAL = re.compile(r"\bthe (first|second|third|fourth|fifth|last|latter|former|other)( one| two| point| item| step)?\b", re.I)
_ASPECT = re.compile(
    r"^(?:what|which|who|how|list|name|give me|tell me|explain|describe|define)?\s*(?:is|are|'s|was|were|do|does|about)?\s*(?:the |an? )?"
    r"(?:[\w -]{3,40}?) (?:of|for|in|about|with|against|to) (?P<topic>[^?]+?)\??$", re.I
)
_FRAME = re.compile(
    r"^(?:and |so |but |please )*(?:what(?:'s|s)?|who|which|where|when|why|how|is|are|does|do|can|could|should|would|will|tell me|explain|describe|define|list|name|give me)"
    r"(?: (?:is|are|was|were|does|do|did|can|should|about|me|the|an?|exactly|really|actually|mean by))*\s+", re.I
)
_VERB_TAIL = re.compile(r"\s+(mean|stand for|do|work|offer|include|look like|measured|used|done|handled|in short)\W*$", re.I)
# "it is", "and what", … : a rest that is a whole question already
_WHOLE = re.compile(r"^(what|who|which|where|when|why|how|is|are|was|were|do|does|did|can|could|should|would|will|has|have)\b", re.I)


def wants_more(text: str) -> bool:
    """Does the person ask for the rest of the answer before?"""
    return bool(_MORE.match(text.strip()))


def wants_shorter(text: str) -> bool:
    """Does the person ask for the answer before in fewer words?"""
    return bool(_SHORTER.match(text.strip()))


def standalone(text: str, after: tuple[str, ...], lexicon: Lexicon) -> str:
    """`text` as a question that can be understood without `after` (the earlier questions, oldest first).

    A question that stands alone comes back as it is, also when it changes the subject; so does one without earlier turns.
    """
    before = ""
    for turn in (*after, text):
        before = _resolve(turn.strip(), before, lexicon)
    return before


def _resolve(text: str, before: str, lexicon: Lexicon) -> str:
    if not before:
        return text
    if wants_more(text) or wants_shorter(text):
        return before
    topic = topic_of(before, lexicon)
    if _BARE.match(text):
        word = re.sub(r"\W+$", "", text).lower().removeprefix("and ").removeprefix("but ")
        return f"{word.capitalize()}: {before}"
    about = _ABOUT.match(text)
    if about and not _WHOLE.match(about["rest"]):
        rest = about["rest"]
        if _POSSESSIVE.match(rest):
            return f"What are the {_POSSESSIVE.sub('', rest, count=1)} of {topic}?"
        return _swapped(before, rest, topic, lexicon)
    text = about["rest"] + "?" if about else text
    if _POSSESSIVE.search(text):
        return re.sub(r"\b(?:its|their)\s+([\w-]+)", rf"the \1 of {topic}", text, count=1, flags=re.I)
    if _PRONOUN.search(text):
        return _PRONOUN.sub(topic, text, count=1)
    if _THERE.search(text):
        return re.sub(r"\bthere\b", f"in {topic}", text, flags=re.I)
    if _ORDINAL.search(text):
        return f"{text.rstrip('?. ')} ({before.rstrip('?. ')})?"
    if len(text.split()) <= 4 and not _WHOLE.match(text) and not lexicon.recognise(text) and text.endswith("?"):
        return f"{text.rstrip('?. ')} of {topic}?"
    return text


def _swapped(before: str, rest: str, topic: str, lexicon: Lexicon) -> str:
    """The question before, asked of `rest` instead: "What does Genpact do?" and "Infosys" give "What does Infosys do?"."""
    names = [topic, *(term.name for term in lexicon.recognise(before)), *(short for term in lexicon.recognise(before) for short in term.abbreviations)]
    names += re.findall(r"(?<!^)\b[A-Z][\w&]+(?: [A-Z][\w&]+)*", before)
    is_name = bool(lexicon.recognise(rest)) or any(word[0].isupper() for word in rest.split())
    if is_name:
        for name in sorted(dict.fromkeys(names), key=len, reverse=True):
            found = re.search(rf"\b{re.escape(name)}\b", before, re.I)
            if found:
                return before[: found.start()] + rest + before[found.end() :]
    return f"What about {rest} of {topic}?" if not is_name else f"{before.rstrip('?. ')}: {rest}?"


def topic_of(question: str, lexicon: Lexicon) -> str:
    """What a question is about, in its own words: "the benefits of KPO" is about KPO."""
    plain = question.strip().rstrip("?.! ")
    between = re.search(r"\bbetween (.+)$", plain, re.I)
    if between:
        return between[1]
    aspect = _ASPECT.match(plain)
    if aspect and len(aspect["topic"].split()) <= 6:
        return aspect["topic"].strip()
    known = lexicon.recognise(plain)
    if known:
        spoken = [name for name in (known[0].name, *known[0].abbreviations) if re.search(rf"\b{re.escape(name)}\b", plain, re.I)]
        if spoken:
            return spoken[0]
    stripped = _VERB_TAIL.sub("", _FRAME.sub("", plain))
    return stripped or plain
