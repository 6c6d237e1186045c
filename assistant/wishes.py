"""What a person wishes of the answer before: more of it, fewer words, other words, or its sources."""

import re

from assistant.turns import Wish

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
