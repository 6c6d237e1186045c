"""The values of a conversation: Understood is what a person said, Spoken is what the rules look at of it, and a few words that they share."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.topic import things_of, topic_of
from index.search import Lexicon

Wish = Literal["", "more", "again", "shorter", "source"]
VERB = r"(?:is|are|was|has|have|does|do|can|should|will|would|needs?|costs?|suits?|fits?|works?|pays?|comes?|takes?|gives?|uses?|requires?|matters?|appl(?:y|ies)|carr(?:y|ies)|lasts?|wins?|makes?|saves?|grows?|hurts?|helps?)"
# A text that opens like this is a question or a request of its own, not a fragment.
QUESTION = re.compile(
    r"^(?:what|whats|what's|who|who's|which|where|when|why|how|whose|is|are|was|were|do|does|did|can|could|may|will|would|should|shall|must|has|have|had|isn't|aren't|doesn't|don't|"
    r"explain|define|describe|list|name|give|tell|show|compare|outline|please|i|i'm|we|if|"
    r"any (?!of\b)[\w-]+(?: [\w-]+)? (?:of|in|with|for|when|if|to|about))\b", re.I)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a person said, understood: a question that stands alone, and which part of its answer is wished for.

    `wish` "" is the answer; "more" and "again" are what it did not say yet, `further` answers to the same question having been shown before;
    "shorter" is the last of those in fewer words, "source" the last of those once more. A wish without an earlier question has an empty
    `standalone`. `items_of` is the earlier question whose list "the second one" was taken from, "" for any other turn. `before` is what was
    spoken of before a question that names nothing and yet is left as it is: refused by itself, it may have been meant of that; "" for any other.
    """

    standalone: str
    wish: Wish = ""
    further: int = 0
    items_of: str = ""
    before: str = ""


Recall = Callable[[str], Sequence[str]]  # the items of the list that answered a question, in its order; none when it was no list


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a rule looks at: the text without its opening ("ok, and"), whether "and" or "what about" opened it, and what came before."""

    text: str
    linked: bool
    turns: tuple[Understood, ...]
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
