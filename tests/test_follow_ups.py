"""Follow-ups by their rules, without documents: what was typed, after what, and the question that must come of it."""

from collections.abc import Sequence

import pytest

from assistant.conversation import Turn, understand, wish_of
from corpus.terms import Term
from index.search import Lexicon

NAMES = {
    "Knowledge process outsourcing": "KPO", "Business process outsourcing": "BPO", "Legal process outsourcing": "LPO",
    "Research process outsourcing": "RPO", "Service level agreement": "SLA", "Non-disclosure agreement": "NDA", "Statement of work": "SOW",
    "General Data Protection Regulation": "GDPR", "Health Insurance Portability and Accountability Act": "HIPAA", "Artificial intelligence": "AI",
    "Global capability centre": "GCC", "Attrition": "", "Knowledge transfer": "KT", "Steering committee": "", "Master services agreement": "MSA",
    "Insider threat": "", "Gain sharing": "", "Lock-in": "", "Conflict of interest": "",
}
LAWS = ("GDPR", "HIPAA")


def term(name: str, short: str) -> Term:
    said = f"{name} is a law." if short in LAWS else f"{name} is a word."
    return Term(name, (short,) if short else (), said, "handbook/glossary.md", 0, len(said), "p", True)


LEXICON = Lexicon.of(0, [term(name, short) for name, short in NAMES.items()])
LISTS = {
    "What are the risks of KPO?": ("Data breach | named by all", "Vague contract | named by one", "High attrition | named by one"),
    "Which pricing models are there?": ("Full-time equivalent (FTE): a team.", "Transaction-based: each unit.", "Fixed price: a result."),
    "Why do people leave KPO providers?": ("Pay: a rival offers more.", "Hours: late shifts wear people out."),
    "What are the steps of knowledge transfer?": ("Planning: both sides list the topics.", "Documentation: the client gathers.", "Shadowing: analysts watch."),
}


def recall(question: str) -> Sequence[str]:
    return LISTS.get(question, ())


def alone(*turns: str) -> str:
    """The last turn as a question that stands alone."""
    return understand(turns[-1], turns[:-1], LEXICON, recall).standalone


WHAT, BENEFITS, MODELS, LEAVE = "What is KPO?", "What are the benefits of KPO?", "Which pricing models are there?", "Why do people leave KPO providers?"
DIFFERENCE = "What is the difference between KPO and BPO?"
REWRITTEN = [
    # pronouns and possessives
    (WHAT, "where is that done?", "Where is KPO done?"),
    (WHAT, "how is it different from BPO?", "How is KPO different from BPO?"),
    ("What are the risks of KPO?", "how are they reduced?", "How are the risks of KPO reduced?"),
    ("What is an insider threat?", "how do we prevent that?", "How do we prevent an insider threat?"),
    ("What does Genpact do?", "where is it based?", "Where is Genpact based?"),
    ("What is a statement of work?", "who writes it", "Who writes a statement of work"),
    (WHAT, "what are its main risks", "What are the main risks of KPO?"),
    ("Explain gain sharing", "does this model work for small firms?", "Does gain sharing work for small firms?"),
    (LEAVE, "what do they want instead?", "What do people want instead?"),
    # there, then
    ("Which countries provide KPO services?", "what do people earn there?", "What do people earn in the countries that provide KPO services?"),
    ("What is knowledge transfer?", "what can go wrong then?", "What can go wrong in knowledge transfer?"),
    # aspects
    (BENEFITS, "and its drawbacks?", "What are the drawbacks of KPO?"),
    (WHAT, "benefits?", "What are the benefits of KPO?"),
    ("What is LPO?", "examples?", "What are examples of LPO?"),
    ("What is knowledge transfer?", "what are the steps?", "What are the steps of knowledge transfer?"),
    ("What is an SLA?", "pros and cons", "What are the pros and cons of an SLA?"),
    # places
    (BENEFITS, "in healthcare?", "What are the benefits of KPO in healthcare?"),
    ("What are the benefits of KPO in healthcare?", "and in law?", "What are the benefits of KPO in law?"),
    # other subjects
    ("What does Genpact do?", "and Infosys?", "What does Infosys do?"),
    (WHAT, "what about LPO?", "What is LPO?"),
    (BENEFITS, "what about LPO", "What are the benefits of LPO?"),
    ("What does onshore mean?", "same for nearshore?", "What does nearshore mean?"),
    ("What does the GDPR ask of a provider?", "and HIPAA?", "What does HIPAA ask of a provider?"),
    ("What is a master services agreement?", "and a statement of work?", "What is a statement of work?"),
    ("How exposed to AI are legal occupations?", "and computer ones?", "How exposed to AI are computer occupations?"),
    # bare question words
    ("Does KPO need more trust than BPO?", "why?", "Why does KPO need more trust than BPO?"),
    ("Which industries use KPO?", "why?", "Why do industries use KPO?"),
    (WHAT, "how?", "How does KPO work?"),
    ("Which risk of KPO is the most serious?", "who says so?", "Which risk of KPO is the most serious?"),
    # lists
    (MODELS, "explain the second one", "Explain the transaction-based pricing model"),
    (LEAVE, "number 2?", "Explain hours as a reason why people leave KPO providers"),
    ("What are the risks of KPO?", "tell me about the last point", "Explain high attrition"),
    ("What are the steps of knowledge transfer?", "what happens in step 3?", "What happens in shadowing in knowledge transfer?"),
    ("What are the risks of KPO?", "which is the most serious?", "Which of the risks of KPO is the most serious?"),
    # pairs
    (DIFFERENCE, "is the former part of the latter?", "Is KPO part of BPO?"),
    (DIFFERENCE, "which needs more trust?", "Which needs more trust, KPO or BPO?"),
    # what is left out
    ("What is LPO?", "what can go wrong?", "What can go wrong with LPO?"),
    # corrections
    ("What is KPO?", "no, I meant LPO", "What is LPO?"),
    (BENEFITS, "sorry, BPO", "What are the benefits of BPO?"),
    # words
    ("What does AI do badly?", "what do you mean by hallucination?", "What is hallucination?"),
]
UNTOUCHED = [  # a change of topic, also one with a pronoun of its own
    "What is attrition and how is it measured?", "How does a provider keep its people?", "What does a steering committee decide?",
    "If a provider loses data, who pays for it?", "Is it possible to start without a degree?", "How long does it take to become a team leader?",
    "Are there any laws on data transfers?", "Which countries provide KPO services?", "Which is better, KPO or BPO?",
    "What is the first step of the KPO process?", "tell me more about EXL", "Do clients lose control when they outsource?",
]


@pytest.mark.parametrize(("before", "text", "expected"), REWRITTEN, ids=[f"{before} {text}" for before, text, _ in REWRITTEN])
def test_a_follow_up_becomes_a_question_that_stands_alone(before: str, text: str, expected: str) -> None:
    assert alone(before, text) == expected


@pytest.mark.parametrize("text", UNTOUCHED)
def test_a_change_of_topic_is_left_as_it_is(text: str) -> None:
    assert alone(DIFFERENCE, text) == text
    assert alone("What is a statement of work?", text) == text
