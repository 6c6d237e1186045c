"""What to ask next: questions that the documents answer, each tried before it is offered, and the places nearest to one they do not."""

import re
from collections.abc import Iterator, Sequence

from assistant.answer import Answer
from assistant.ask import Assistant, nearest_topics
from assistant.chats import Topic
from corpus.terms import Term
from index.catalog import View
from index.lexical import STOPWORDS, words

OFFERED = 3  # questions offered under an answer
TRIED = 6  # candidates asked before giving up; each costs as much as a question


def follow_ups(assistant: Assistant, answer: Answer, asked: Sequence[str], documents: frozenset[str] | None = None) -> Iterator[str]:
    """Up to OFFERED questions that follow from an answer, each as soon as the assistant has answered it itself.

    Each has a word that none of the questions `asked` before has. An answer without citations is followed by none.
    """
    offered = 0
    with assistant.retrieval.reading() as view:
        wanted = candidates(assistant, view, answer, asked)[:TRIED]
    for question in wanted:
        if assistant.answers(question, documents):
            yield question
            offered += 1
            if offered == OFFERED:
                return


def candidates(assistant: Assistant, view: View, answer: Answer, asked: Sequence[str]) -> list[str]:
    """Questions that the neighbourhood of the quotations suggests, best first.

    Headings that are questions, those below a quotation before those above it, without those that a quotation stands directly under: they have
    just been answered. Then the terms that the quotations use and some document defines.
    """
    found: list[str] = []
    under: set[str] = set()
    for citation in answer.citations:
        document = view.document(citation.document)
        if document is None or document.digest != citation.digest:
            continue
        headings = [(b.start, document.text[b.start : b.end]) for b in document.blocks if b.kind == "heading"]
        under.update([text for start, text in headings if start <= citation.start][-1:])
        questions = [(start, text) for start, text in headings if text.endswith("?")]
        found += [text for start, text in questions if start > citation.start][:2]
        found += [text for start, text in reversed(questions) if start < citation.start][:2]
    lexicon = assistant.retrieval.lexicon(view)
    for citation in answer.citations:
        found += [f"What does {_as_said(term, citation.quote)} mean?" for term in lexicon.recognise(citation.quote) if term.defines]
    said = [_subject(text) for text in (*asked, answer.question, answer.standalone)]
    fresh: list[str] = []
    for question in dict.fromkeys(text for text in found if text not in under):
        subject = _subject(question)
        if not any(subject <= other for other in said):  # each brings a word of its own
            fresh.append(question)
            said.append(subject)
    return fresh


def what_is(places: Sequence[Term]) -> str:
    """The question for what a term is, whose places these are; with the article and the small letters that a definition gives the name, where one does."""
    for term in places:
        given = re.match(rf"(an?|the) ({re.escape(term.name)})\b", term.definition, re.I)
        if given:
            return f"What is {given[1].lower()} {given[2]}?"
    return f"What is {_as_said(places[0], places[0].definition)}?"


def _as_said(term: Term, quote: str) -> str:
    """The term's name as it stands within a sentence, or the abbreviation that the quotation uses instead."""
    within = term.name[:1].lower() + term.name[1:]
    said = next((form for form in (within, term.name, *term.abbreviations) if re.search(rf"\b{re.escape(form)}\b", quote)), term.name)
    return within if said == term.name and re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+", said) else said  # a phrase has its capital from its place


def topics(view: View, answer: Answer) -> list[Topic]:
    """Where the nearest topics of a refusal stand, one place for each; none for an answer that was read from a file."""
    digests = {entry.id: entry.digest for entry in view.entries()}
    places: dict[str, Topic] = {}
    for hit in answer.hits:
        for label in nearest_topics([hit]):
            if label in answer.nearest and label not in places and hit.passage.document in digests:
                places[label] = Topic(label, hit.passage.document, hit.passage.start, digests[hit.passage.document])
    return [places[label] for label in answer.nearest if label in places]


def _subject(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if word not in STOPWORDS)
