"""Conversations as people hold them, over the shipped documents and with the real models: each follow-up is answered about the right thing."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from app import open_house
from assistant.answer import Answer
from assistant.ask import Assistant
from assistant.question import Question
from corpus.normalise import one_line

Words = tuple[str | tuple[str, ...], ...]  # each must be there; of a tuple, one


@dataclass(frozen=True)
class Turn:
    """What is typed, and what must hold for its answer: words of the question that was searched, words of the answer, a document cited.

    The verdict "" leaves it to the floor whether the documents hold an answer.
    """

    text: str
    names: Words = ()
    says: Words = ()
    cites: tuple[str, ...] = ()
    verdict: str = "answered"
    lacks: tuple[str, ...] = ()  # words that the searched question must not have


CONVERSATIONS: dict[str, tuple[Turn, ...]] = {
    "someone new": (
        Turn("hi", verdict="conversation"),
        Turn("What is KPO?", ("what is kpo",), ("expertise",), ("what-is-kpo", "glossary")),
        Turn("and its drawbacks?", ("drawbacks", "kpo"), (("loss", "quality"),), ("risks", "criticism-of-kpo")),
        Turn("which one is the most serious?", ("most serious", ("drawbacks", "risks")), ("data security",), ("risks",)),
        Turn("who says so?", ("most serious",), ("KPO explainer",), ("risks", "security-and-confidentiality")),
        Turn("ok thanks", verdict="conversation"),
        Turn("where is it done?", ("kpo", "where"), (), ("delivery-locations", "future-trends")),
    ),
    "a buyer reads about contracts": (
        Turn("whats a master services agreement", ("master services agreement",), (), ("contracts", "glossary")),
        Turn("and a statement of work?", ("what", "a statement of work"), (), ("contracts", "glossary"), lacks=("master",)),
        Turn("how do they differ?", ("master services agreement", "statement of work", "differ"), (), ("contracts", "glossary")),
        Turn("Which clauses need the most care?", ("clauses need the most care",), ("Ownership", "Liability"), ("contracts",)),
        Turn("explain the third one", ("non-compete",), ("compet",), ("contracts", "glossary")),
        Turn("and the last one", ("termination",), (("notice", "terminat"),), ("contracts", "exit-and-transition", "glossary")),
    ),
    "comparing companies": (
        Turn("What does Genpact do?", ("genpact",), ("Genpact",), ("providers",)),
        Turn("and Infosys?", ("what does infosys do",), ("Infosys", "legal"), ("providers",), lacks=("genpact",)),
        Turn("what about WNS", ("what does wns do",), ("WNS",), ("providers",), lacks=("infosys",)),
        Turn("who founded it?", ("who founded wns",), (), (), "refused"),
        Turn("ok and what does evalueserve do", ("what does evalueserve do",), ("Evalueserve",), ("providers",), lacks=("wns",)),
        Turn("what industries are its clients from?", ("evalueserve", "clients", "industries"), ("logistics",), ("providers", "industries")),
    ),
    "a lawyer asks about LPO": (
        Turn("What is LPO?", ("lpo",), ("legal",), ("legal-services", "glossary", "kpo-and-its-neighbours")),
        Turn("who uses it?", ("who uses lpo",), ("law firms",), ("legal-services", "industries")),
        Turn("why?", ("why", "lpo"), (), ("legal-services", "industries")),
        Turn("examples?", ("examples of lpo",), (("research", "contract"),), ("legal-services", "glossary")),
        Turn("what can go wrong?", ("wrong", "lpo"), ("privilege",), ("legal-services",)),
        Turn("what is the fourth one about", ("conflict of interest",), ("conflict of interest",), ("legal-services", "glossary")),
    ),
    "pricing, in pieces": (
        Turn("Which pricing models are there?", ("pricing models",), ("Gain share",), ("pricing-models",)),
        Turn("explain the second one", ("transaction-based",), ("transaction-based",), ("pricing-models", "glossary")),
        Turn("tell me more", ("transaction-based",), (), ("pricing-models", "glossary")),
        Turn("and fixed price?", ("fixed price",), (("fixed price", "fixed-price", "agreed total"),), ("pricing-models", "glossary"), lacks=("transaction",)),
        Turn("shorter please", ("fixed price",), (), ("pricing-models", "glossary")),
        Turn("who carries the risk there?", ("risk", "fixed price"), ("provider",), ("pricing-models", "glossary")),
    ),
    "people leave": (
        Turn("What is attrition and how is it measured?", ("attrition and how is it measured",), ("attrition",), ("attrition-and-training", "glossary")),
        Turn("why do they leave", ("leave", "attrition"), ("leave",), ("attrition-and-training",)),
        Turn("how can a clent limit the damage?", ("client limit the damage",), (("deputies", "no task depends on one person"),), ("attrition-and-training",)),
        Turn("What does the GDPR ask of a provider?", ("what does the gdpr ask of a provider",), (), ("regulation", "glossary"), lacks=("attrition",)),
        Turn("and HIPAA?", ("hipaa", "ask of a provider"), ("HIPAA",), ("regulation", "glossary"), lacks=("gdpr",)),
        Turn("who does it apply to?", ("hipaa", "apply"), ("covered entities",), ("regulation", "glossary"), lacks=("gdpr",)),
    ),
    "worries about AI": (
        Turn("How exposed are legal occupations to AI?", ("legal occupations",), ("48%",), ("generative-ai", "legal-services")),
        Turn("and computer and mathematical ones?", ("computer and mathematical occupations", "ai"), ("63%",), ("generative-ai",), lacks=("legal",)),
        Turn("what does generative AI do badly?", ("what does generative ai do badly",), ("Invented facts",), ("generative-ai",), lacks=("occupations",)),
        Turn("number 3?", ("hidden bias",), ("prejudices",), ("generative-ai",)),
        Turn("what do you mean by hallucination?", ("hallucination",), (("not exist", "false", "invent"),), ("glossary", "generative-ai"), lacks=("bias",)),
    ),
    "step by step": (
        Turn("What are the steps of the KPO process?", ("steps",), ("Requirement analysis", "Review and feedback"), ("process-steps",)),
        Turn("what happens in the third step?", ("knowledge transfer",), (), ("process-steps", "knowledge-transfer", "glossary")),
        Turn("why does it fail?", ("why", "knowledge transfer", "fail"), ("lack the time to teach", "Reserve their hours"), ("knowledge-transfer",)),
        Turn("continue", ("why", "knowledge transfer", "fail"), ("nothing further",), (), "conversation"),
        Turn("and step 5?", ("execution",), (), ("process-steps", "glossary")),
    ),
    "KPO or BPO": (
        Turn("what's the difference between KPO and BPO", ("kpo", "bpo", "difference"), ("judgement",), ("kpo-and-bpo",)),
        Turn("is the former part of the latter?", ("is kpo part of bpo",), ("BPO",), ("kpo-and-bpo",)),
        Turn("which needs more trust?", ("needs more trust", "kpo", "bpo"), ("trust",), ("kpo-and-bpo",)),
        Turn("why?", ("why", "trust"), ("thinking as well as tasks",), ("kpo-and-bpo",)),
        Turn("what is LPO", ("what is lpo",), ("legal",), ("legal-services", "glossary", "kpo-and-its-neighbours"), lacks=("bpo",)),
        Turn("no, I meant RPO", ("what is rpo",), ("process outsourcing",), ("kpo-and-its-neighbours", "glossary"), lacks=("lpo",)),
    ),
    "places": (
        Turn("Which countries provide KPO services?", ("countries",), ("India", "Ireland"), ("delivery-locations",)),
        Turn("why do firms settle there?", ("why do firms settle", "countries"), ("pay",), ("delivery-locations",)),
        Turn("what does nearshore mean?", ("what does nearshore mean",), ("Nearshore",), ("delivery-locations", "glossary"), lacks=("countries",)),
        Turn("and offshore", ("what does offshore mean",), ("distant country",), ("delivery-locations", "glossary"), lacks=("nearshore",)),
        Turn("same for onshore", ("what does onshore mean",), ("own country",), ("delivery-locations", "glossary"), lacks=("offshore",)),
    ),
    "a refusal, then a meeting": (
        Turn("What is the capital of Peru?", ("peru",), (), (), "refused"),
        Turn("and Chile?", ("capital of chile",), (), (), "refused", lacks=("peru",)),
        Turn("ok, what is a steering committee", ("what is a steering committee",), ("senior",), ("service-levels", "glossary"), lacks=("chile",)),
        Turn("how often does it meet?", ("steering committee", "how often"), ("quarterly",), ("service-levels", "glossary")),
        Turn("cheers!", verdict="conversation"),
        Turn("and a service review?", ("service review", "how often"), ("monthly",), ("service-levels",), lacks=("committee",)),
    ),
    "leaving a provider": (
        Turn("why would a KPO engagement end?", ("why would a kpo engagement end",), (), ("exit-and-transition",)),
        Turn("what happens to our data then?", ("data", "kpo engagement"), (("returned", "deletion"),), ("exit-and-transition",)),
        Turn("tell me more", ("data", "kpo engagement"), (), ("exit-and-transition",)),
        Turn("How is a KPO engagement moved step by step?", ("step by step",), ("Cut over",), ("exit-and-transition",)),
        Turn("shorter", ("step by step",), ("Cut over",), ("exit-and-transition",)),
        Turn("explain step 5", ("run in parallel",), ("until the results agree",), ("exit-and-transition",)),
    ),
    "good sides and bad sides": (
        Turn("What are the benefits of KPO?", ("benefits of kpo",), ("Scalability",), ("why-companies-use-kpo",)),
        Turn("the fifth?", ("scalability",), ("grow or shrink",), ("why-companies-use-kpo", "glossary")),
        Turn("and the disadvantages?", ("disadvantages of",), (), (), lacks=("benefits",)),
        Turn("for healthcare?", ("disadvantages", "healthcare"), (), (), ""),
        Turn("How do I choose a provider?", ("how do i choose a provider",), (), ("choosing-a-provider",), lacks=("healthcare",)),
        Turn("what should i ask them about security", ("security", "provider"), (), ("choosing-a-provider", "security-and-confidentiality")),
    ),
}


@pytest.fixture(scope="module")
def assistant(shipped: Path) -> Assistant:
    return open_house(shipped).assistant()


def held(assistant: Assistant, turns: tuple[Turn, ...]) -> list[Answer]:
    """The answers of a conversation; each question brings the earlier ones along, as the page sends them."""
    answers: list[Answer] = []
    for turn in turns:
        after = tuple(answer.question for answer in answers if answer.verdict != "conversation")
        answers.append(assistant.answer(Question(turn.text, after)))
    return answers


def wrong(turn: Turn, answer: Answer) -> list[str]:
    """What does not hold for this answer."""
    asked, said = answer.standalone.lower(), one_line(answer.text).lower()
    cited = {citation.document.removeprefix("handbook/").removesuffix(".md") for citation in answer.citations}
    found = [] if turn.verdict in ("", answer.verdict) else [f"{answer.verdict}, not {turn.verdict}"]
    found += [f"{word!r} is not in what was searched" for word in turn.names if not _has(asked, word)]
    found += [f"{word!r} is in what was searched" for word in turn.lacks if word in asked]
    found += [f"{word!r} is not said" for word in turn.says if not _has(said, word)]
    if turn.cites and not cited & set(turn.cites):
        found.append(f"cited are {sorted(cited)}")
    return found


def _has(text: str, words: str | tuple[str, ...]) -> bool:
    return any(word.lower() in text for word in ((words,) if isinstance(words, str) else words))


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_each_turn_of_a_conversation_is_answered_about_the_right_thing(name: str, assistant: Assistant) -> None:
    turns = CONVERSATIONS[name]
    assert len(turns) >= 4
    complaints = {
        f"{turn.text} -> {answer.standalone}": found
        for turn, answer in zip(turns, held(assistant, turns), strict=True) if (found := wrong(turn, answer))
    }
    assert not complaints


def test_more_never_quotes_again_and_ends_plainly(assistant: Assistant) -> None:
    asked: list[str] = ["What are the risks of KPO?"]
    seen: set[tuple[str, int]] = set()
    for _ in range(8):
        answer = assistant.answer(Question(asked[-1], tuple(asked[:-1])))
        assert answer.standalone == asked[0]
        if answer.verdict == "conversation":
            break
        places = {(citation.document, citation.start) for citation in answer.citations}
        assert not places & seen
        seen |= places
        asked.append("tell me more")
    assert len(asked) > 2
    assert (answer.verdict, answer.citations) == ("conversation", ())
    assert "nothing further" in answer.text


def test_shorter_quotes_less_of_the_same(assistant: Assistant) -> None:
    for question in ("What are the benefits of KPO?", "What is attrition?"):
        whole = assistant.answer(Question(question))
        short = assistant.answer(Question("shorter please", (question,)))
        assert (short.verdict, short.standalone) == ("answered", question)
        assert len(short.text.split()) < len(whole.text.split())
        for citation in short.citations:
            assert any(citation.quote in of.quote and citation.document == of.document and of.start <= citation.start <= of.end for of in whole.citations)


def test_a_wish_without_an_earlier_question_is_told_so(assistant: Assistant) -> None:
    for text in ("tell me more", "shorter please", "can you rephrase that?"):
        answer = assistant.answer(Question(text))
        assert (answer.verdict, answer.citations) == ("conversation", ())
        assert "no earlier answer" in answer.text


def test_words_put_otherwise_are_other_quotations_and_that_is_said(assistant: Assistant) -> None:
    first = assistant.answer(Question("What is attrition?"))
    again = assistant.answer(Question("can you rephrase that?", ("What is attrition?",)))
    assert again.verdict == "answered"
    assert not {citation.start for citation in again.citations} & {citation.start for citation in first.citations}
    assert any("not reworded" in note for note in again.notes)


def test_a_turn_that_is_refused_by_itself_is_asked_of_what_was_spoken_of_before(assistant: Assistant) -> None:
    before, text = "What are the steps after a data breach?", "who notifies the authorities?"
    alone, answer, short = (assistant.answer(Question(said, after)) for said, after in ((text, ()), (text, (before,)), ("shorter", (before, text))))
    assert (alone.verdict, answer.verdict, short.verdict) == ("refused", "answered", "answered")
    assert answer.standalone == short.standalone == "Who notifies the authorities (the steps after a data breach)?"
    assert "decides with its lawyers" in answer.text


@pytest.mark.parametrize("text", ["who won the world cup?", "how do I reset the printer?", "What is the capital of Peru?", "???"])
def test_a_refused_question_of_its_own_is_not_answered_out_of_the_old_topic(text: str, assistant: Assistant) -> None:
    answer = assistant.answer(Question(text, ("What are the steps after a data breach?",)))
    assert (answer.verdict, answer.standalone) == ("refused", text)
