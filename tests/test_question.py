"""What a question asks for: its kind, and the thing that only a date, an amount, a name or an address can answer."""

import pytest

from assistant.question import head_of, holds, kind_of, names_in, term_of, thing_of

KINDS = {
    "small-talk": [
        "hi", "Good morning everyone!", "thanks a lot", "what can you do?", "are you a bot?",
        "thanks, that is what I wanted to know", "Thank you for explaining how it works", "bye, and thank you", "how can you help me?", "what do you do here",
        "I see", "ok, makes sense", "never mind", "that's all, thanks", "I have another question", "No.", "great answer",
    ],
    "abbreviation": ["What is the full form of LPO?", "what does SLA stand for", "what do the letters RCA mean", "full forms, please", "the long form of TCS"],
    "comparison": ["difference between KPO and BPO", "KPO vs BPO", "How does LPO differ from KPO?", "Is nearshore the same as onshore?"],
    "steps": [
        "What are the steps of knowledge transfer?", "How is a transition carried out?", "what happens after the sign-off",
        "Which check follows the first one?",
        "what step comes after due diligence?", "who checks a report, and in what order?", "how is the work handed over to a new team?",
        "How does the KPO process work?", "how do transitions usually work", "How does the handover from a provider work?",
    ],
    "list": [
        "What are the main risks of KPO?", "What are the risks, and how are they reduced?",
        "which countries provide KPO", "list the pricing models", "types of contract",
        "What sort of legal jobs get sent to a provider?", "In what ways can we be charged?",
        "What specialised areas do providers work in?", "what should we ask a provider?", "what should we measure?",
        "Which legal tasks does a provider take on?",
        "Give me some KPIs for my team", "please tell me the main risks", "any drawbacks of offshoring?",
        'Which risks does the "KPO Full Form" guide name?',
        "What is not KPO?", "What isn’t an SLA?", "what arent service credits", "explain what's not part of a contract",
    ],
    "why": [
        "Why do companies use KPO?", "How can a client reduce risk?", "What should I do if a file is lost?", "ways to share work",
        "What do I have to do every day?", "how are projects governed?", "How is a file kept safe?",
    ],
    "definition": ["What is KPO?", "define attrition", "could somebody explain attrition?", "meaning of work product", "what does task exposure mean?",
        "gain share", "What is a buddy?"],
    "yes-no": ["Is KPO part of BPO?", "do I need a degree", "Can two providers share data?", "Is watching rivals a kind of spying?"],
    "fact": [
        "What is KPO not?",
        "What is a good accuracy target?", "what's a fair way to share shifts",
        "Who signs off the knowledge transfer?", "How many measures should an SLA have?", "What is generative AI bad at?", "What is a buddy there for?",
        "What type of company is Genpact?", "Which danger does the explainer rank first?", "Which body settles issues of money?", "Who numbers the steps?",
        "Which type of study asks why people leave?", "tell me the price of services", "I need help with contracts", "any idea what this tells us?",
    ],
}


@pytest.mark.parametrize(("kind", "question"), [(kind, question) for kind, questions in KINDS.items() for question in questions])
def test_a_question_is_of_the_kind_that_its_words_say(kind: str, question: str) -> None:
    assert kind_of(question) == kind
    assert kind_of(f"  {question.upper()}  ") == kind


@pytest.mark.parametrize(
    ("question", "thing", "held", "missed"),
    [
        ("Who is the chief executive of Genpact?", "person", "Jane Roe is chief executive of Acme.", "Genpact runs finance work."),
        ("What is the name of the young firm in the example?", "name", "The first client was Northwind.", "The young firm of the example has KPO. It grows."),
        ("names of the big KPO companies", "name", "The largest are Genpact and Infosys.", "Large companies are named in both lists."),
        ("What is the name of the step that comes first?", "", "Whatever is said.", None),
        ("In which year did Infosys open?", "date", "It opened in 1981.", "It opened its first office in Pune."),
        ("What does a researcher earn in Cebu?", "money", "A researcher earns $9 an hour.", "Researchers are well paid."),
        ("How many people work there?", "amount", "Two hundred people work there.", "People of all ages work there."),
        ("What is the phone number of the office?", "contact", "Call +49 30 1234567.", "The office answers calls."),
        ("What's Genpact's email?", "contact", "Write to help@genpact.example.", "Genpact answers letters."),
        ("where can I find the website of WNS", "contact", "It is at https://wns.example.", "WNS has a website."),
        ("email of the help desk", "contact", "Write to help@desk.example.", "The help desk reads its letters."),
        ("On which street is the office?", "contact", "See www.office.example.", "The office is on a street."),
        ("Who must approve that I email the customer directly?", "", "Whatever is said.", None),
        ("what do I ask a reference customer on the phone?", "", "Whatever is said.", None),
        ("What should the welcome email to a new starter say?", "", "Whatever is said.", None),
        ("Who gets paid more, an analyst or a banker on Wall Street?", "", "Whatever is said.", None),
        ("How does a contract address liability?", "", "Whatever is said.", None),
        ("Email the client or phone?", "", "Whatever is said.", None),
        ("Why do people leave?", "", "Whatever is said.", None),
    ],
)
def test_only_such_a_thing_answers(question: str, thing: str, held: str, missed: str | None) -> None:
    assert thing_of(question) == thing
    assert holds(thing_of(question), question, held)
    assert missed is None or not holds(thing_of(question), question, missed)


@pytest.mark.parametrize("question", [
    "thanks, what is LPO?", "Thank you. Which pricing models are there?", "Thanks! And what are its risks?", "ok thanks but what about LPO",
    "Cheers - how do I escalate?",
    "thanks please explain LPO", "bye the way, what is SLA",
    "How do you do a root cause analysis?", "What can you do about attrition?", "How do you help a new analyst?",
    "what do you do with bad data?",
])
def test_a_question_with_a_courtesy_or_to_a_colleague_is_no_small_talk(question: str) -> None:
    assert kind_of(question) != "small-talk"


def test_names_and_the_noun_asked_for_are_found() -> None:
    assert names_in("Which cities does Genpact serve from India with LPO?") == ["Genpact", "India", "LPO"]
    assert names_in("WHERE IS THE OFFICE OF GENPACT IN INDIA?") == []
    assert head_of("Which universities are there?") == "universities"
    assert head_of("how many pages has a report?") == "pages"
    assert head_of("What is it?") == head_of("") == ""


@pytest.mark.parametrize(
    ("question", "term"),
    [
        ("What is a knowledge worker?", "knowledge worker"), ("what's machine learning", "machine learning"), ("Define gain share.", "gain share"),
        ("meaning of zero trust", "zero trust"), ("what does body leasing mean?", "body leasing"), ("WHAT IS A KNOWLEDGE WORKER", "KNOWLEDGE WORKER"),
        ("What is Genpact?", "Genpact"), ("What is a KPO broker?", ""), ("What is the share of India?", ""), ("What is a pilot for?", ""),
        ("What does a mediator charge per day?", ""), ("What does copyright protect?", ""), ("What are the benefits of KPO?", ""), ("knowledge worker", ""),
        ("What is attrition exactly?", "attrition"), ("Explain gain share briefly", "gain share"), ("define scope creep again", "scope creep"),
        ("What is attrition roughly speaking?", "attrition"), ("what does onboarding actually mean", "onboarding"), ("What is a monopoly?", "monopoly"),
        ("What is nearshore vs offshore?", ""), ("What is shadowing versus reverse shadowing?", ""), ("", ""),
        ("What is a good accuracy target?", ""), ("what's a typical ramp-up", ""), ("What is good clinical practice?", "good clinical practice"),
    ],
)
def test_a_term_is_what_is_asked_for_and_nothing_besides(question: str, term: str) -> None:
    assert term_of(question) == term
