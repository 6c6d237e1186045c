"""How an answer is composed: from Markdown, with a reranker whose scores can be worked out on paper."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assistant import extractive
from assistant.answer import Answer
from assistant.ask import Assistant, Extractive
from assistant.disagreement import disagree as contradict
from assistant.evidence import dangles
from assistant.extractive import MAX_WORDS
from assistant.floor import Constants
from assistant.plain import disagree
from assistant.question import Question
from assistant.selection import FEATURES, Selection
from assistant.topic import pair_of
from evals.answers import as_markdown
from evals.cases import Case
from fakes import FakeEmbedder, FakeReranker
from index.catalog import Catalog
from index.ingest import ingest
from index.search import Retrieval

Ask = Callable[[str], Answer]


@pytest.fixture
def shelf(tmp_path: Path) -> Callable[..., Ask]:
    """Put Markdown documents on a shelf; what comes back answers questions about them, and refuses nothing that it can quote."""

    def put(constants: Constants | None = None, selection: Selection | None = None, **documents: str) -> Ask:
        folder = tmp_path / "shelf"
        folder.mkdir()
        for name, text in documents.items():
            (folder / f"{name}.md").write_text(text, encoding="utf-8")
        catalog = Catalog(tmp_path / "data")
        list(ingest(catalog, lambda: FakeEmbedder(), [folder], shipped=tmp_path / "none", with_shipped=False))
        assistant = Assistant(Retrieval(catalog, FakeEmbedder(), FakeReranker()), Extractive(selection), constants or Constants.open())
        return lambda question: assistant.answer(Question(question))

    return put


# The fake's scores are from 5 to -5: then a sentence belongs to the answer for certain, or not at all.
CHOOSY = Selection(0.0, (10.0, *(0.0,) * (len(FEATURES) - 1)), (), 1.0)


def quotes(answer: Answer) -> list[str]:
    return [citation.quote for citation in answer.citations]


RISKS = """# Risks
Outsourcing has a price. The main risks of outsourcing are:

- Leaks: data may leak.
- Delay: work may be late.
- Loss: skill may be lost.

Some risks of insurance are well known:

- Fraud: claims may be false.
"""


def test_a_list_comes_whole_with_its_lead_in_and_each_item_is_cited(shelf: Callable[..., Ask]) -> None:
    answer = shelf(risks=RISKS)("What are the main risks of outsourcing?")
    assert quotes(answer) == [
        "Outsourcing has a price. The main risks of outsourcing are:", "Leaks: data may leak.", "Delay: work may be late.", "Loss: skill may be lost.",
    ]
    assert [segment.label for segment in answer.segments] == ["", "-", "-", "-"]


def test_a_question_for_one_thing_gets_the_item_that_says_it_under_the_lists_lead_in(shelf: Callable[..., Ask]) -> None:
    answer = shelf(risks=RISKS)("Who says that data may leak?")
    assert quotes(answer) == ["The main risks of outsourcing are:", "Leaks: data may leak."]


def test_a_sentence_that_points_back_announces_an_item_with_what_it_points_to(shelf: Callable[..., Ask]) -> None:
    answer = shelf(risks=RISKS.replace("The main risks of outsourcing are:", "These are its main risks:"))("Who says that data may leak?")
    assert quotes(answer) == ["Outsourcing has a price. These are its main risks:", "Leaks: data may leak."]


def test_a_sentence_that_only_announces_a_table_is_followed_by_it(shelf: Callable[..., Ask]) -> None:
    text = "# Faults\n## How projects fail\nAnalytics projects typically fail for these reasons:\n\n| Fault | Remedy |\n| --- | --- |\n" \
        "| Poor data | Checks |\n| Vague brief | Sign-off |\n"
    answer = shelf(faults=text)("Why do analytics projects typically fail?")
    assert [segment.text for segment in answer.segments] == [
        "Analytics projects typically fail for these reasons:", "Fault | Remedy", "Poor data | Checks", "Vague brief | Sign-off",
    ]


def test_what_is_quoted_already_is_not_quoted_again_in_other_words(shelf: Callable[..., Ask]) -> None:
    one = "# One\nThe office in Pune was closed in 2024 by the owner of the firm.\n"
    two = "# Two\nIn 2024, a report says, the owner closed the firm's office in Pune.\n"
    other = "# Other\nA report says that in 2019 the owner closed the firm's office in Pune.\n"
    ask = shelf(one=one, two=two, other=other)
    said = " ".join(quotes(ask("Why was the office of the firm in Pune closed by the owner?")))
    assert said.count("Pune") == 2
    assert "2019" in said


@pytest.mark.parametrize(("second", "third", "shown"), [
    ("Lock papers away.", "Ask when in doubt.", 1),  # by far the most
    ("Praise a client in public.", "Ask when in doubt.", 3),  # says much as well
    ("Lock papers away.", "", 2),  # of two both are shown
])
def test_yes_or_no_is_answered_by_the_item_that_says_by_far_the_most(shelf: Callable[..., Ask], second: str, third: str, shown: int) -> None:
    text = f"# Start\nMuch is new at first. The first rules are:\n\n- Never name the client in public.\n- {second}\n" + f"- {third}\n" * bool(third)
    said = quotes(shelf(start=text)("May I name the client in public?"))
    assert said[:2] == ["Much is new at first. The first rules are:", "Never name the client in public."]
    assert len(said) == 1 + shown


def test_a_list_is_whole_when_what_announces_it_says_more_of_what_is_asked_than_its_items(shelf: Callable[..., Ask]) -> None:
    text = "# Start\nThe people whom a newcomer should meet in the first week are:\n\n- The manager: gives work.\n- The buddy: helps.\n" \
        "- The client: gets a first week of work.\n"
    assert len(quotes(shelf(start=text)("Who is it that a newcomer should meet in the first week?"))) == 4


def test_a_list_none_of_whose_items_was_scored_is_quoted_by_what_announces_it(shelf: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch) -> None:
    ask = shelf(start="# Start\nThe people whom a newcomer should meet in the first week are:\n\n- The manager.\n- The buddy.\n")
    monkeypatch.setattr("assistant.evidence.READ_UNITS", 1)
    assert quotes(ask("Who is it that a newcomer should meet in the first week?"))[0].startswith("The people whom a newcomer")


def test_a_table_that_follows_the_reason_is_quoted_with_it(shelf: Callable[..., Ask]) -> None:
    text = "# Faults\n## How projects fail\nAnalytics projects typically fail, and each cause has a remedy.\n\n| Fault | Remedy |\n| --- | --- |\n" \
        "| Poor data | Checks |\n| Vague brief | Sign-off |\n"
    assert [segment.text for segment in shelf(faults=text)("Why do analytics projects typically fail?").segments][1:] == [
        "Fault | Remedy", "Poor data | Checks", "Vague brief | Sign-off",
    ]


def test_a_table_from_which_a_row_was_looked_up_is_not_quoted_again_with_its_announcement(shelf: Callable[..., Ask]) -> None:
    text = "# Faults\n## How faults are found\nSoftware faults are found by several checks:\n\n| Fault | Check |\n| --- | --- |\n" \
        "| Wrong result | Review |\n| Old function breaks | Regression test |\n| Intruder, old function | Security test |\n"
    said = quotes(shelf(faults=text)("How is it found by checks of software faults that an old function breaks?"))
    assert said == ["Software faults are found by several checks:", "Old function breaks | Regression test"]


def test_steps_keep_their_order_and_numbers(shelf: Callable[..., Ask]) -> None:
    text = "# Transfer\nThe steps of a knowledge transfer are:\n\n1. Plan the transfer.\n2. Watch the experts.\n3. Work alone.\n"
    answer = shelf(transfer=text)("What are the steps of a knowledge transfer?")
    assert [(segment.label, segment.text) for segment in answer.segments if segment.label] == [
        ("1.", "Plan the transfer."), ("2.", "Watch the experts."), ("3.", "Work alone."),
    ]


def test_a_numbered_list_is_never_cut(shelf: Callable[..., Ask]) -> None:
    steps = [f"Stage {at} of the move takes the people of the office and all their papers through another long day of careful packing." for at in range(1, 9)]
    text = "# Move\nThe usual points of a move to another provider are:\n\n" + "".join(f"{at}. {step}\n" for at, step in enumerate(steps, 1))
    assert quotes(shelf(move=text)("Does a move to another provider have usual points?"))[1:] == steps


@pytest.mark.parametrize("before", [1, 2])
def test_a_long_numbered_list_behind_two_reasons_is_left_out(shelf: Callable[..., Ask], before: int) -> None:
    reasons = ["A move to another provider can fail through vague contracts.", "Silent managers let another provider fail after the move."][:before]
    step = "{0}. Stage {0} of the move takes people and papers through another long day of careful packing at the provider.\n"
    texts = {f"reason{at}": f"# Reason {at}\n{text}" for at, text in enumerate(reasons)}
    texts["stages"] = "# Stages\nThe usual stages are:\n\n" + "".join(map(step.format, range(1, 9)))
    said = quotes(shelf(**texts)("Why does a move to another provider fail?"))
    assert sorted(said[:before]) == sorted(reasons)
    assert len(said) == (before + 9 if before == 1 else before)


@pytest.mark.parametrize(("first", "kept"), [("Learning comes last.", False), ("Research comes before learning.", True)])
def test_a_further_list_none_of_whose_items_says_nearly_as_much_as_the_best_sentence_is_left_out(
    shelf: Callable[..., Ask], first: str, kept: bool
) -> None:
    calls = "# Calls\nCallers can switch to research by learning a trade.\n"
    stages = f"# Stages\nThe usual stages are:\n\n1. {first}\n2. Callers leave.\n3. Offices switch.\n4. Some research it.\n"
    said = quotes(shelf(calls=calls, stages=stages)("How can callers switch to research by learning?"))
    assert said[0] == "Callers can switch to research by learning a trade."
    assert (len(said) == 6) == kept and (len(said) == 1) != kept


def test_a_long_numbered_list_of_a_section_that_is_quoted_is_there(shelf: Callable[..., Ask]) -> None:
    step = "{0}. Stage {0} of the move takes people and papers through another long day of careful packing at the provider.\n"
    vague = "# Reason\nA move to another provider can fail through vague contracts.\n"
    stages = "# Stages\nSilent managers let another provider fail after the move.\n\nThe usual stages are:\n\n" + "".join(map(step.format, range(1, 9)))
    assert len(quotes(shelf(vague=vague, stages=stages)("Why does a move to another provider fail?"))) == 11


def test_a_table_of_something_else_is_no_list_of_steps(shelf: Callable[..., Ask]) -> None:
    table = "\n\n| {} | Skill |\n| --- | --- |\n| Legal | Law |\n| Finance | Tax |\n"
    text = "# Moves\n## Moves to another provider\nSuch moves to another provider have their stages."
    ask = shelf(moves=text + table.format("Team"))
    assert not any(" | " in quote for quote in quotes(ask("What are the stages of moves to another provider?")))
    assert any(" | " in quote for quote in quotes(ask("What are the skills for moves to another provider?")))


def test_sentences_of_one_section_stand_in_its_order(shelf: Callable[..., Ask]) -> None:
    text = "# Work\n## Who owns the work\nWork should be owned in writing.\n\n- templates\n- macros\n\nA provider who owns the work of a client may lend it.\n"
    found = [citation.start for citation in shelf(work=text)("Why does a provider own the work of a client in writing?").citations]
    assert len(found) > 1
    assert found == sorted(found)


def test_a_thing_is_defined_once(shelf: Callable[..., Ask]) -> None:
    glossary = "# Glossary\n## Escalation\nEscalation is the passing of a problem upwards to somebody with more power.\n"
    steps = "# Steps\n## Steps of an escalation\nEscalation is the agreed route. The steps are:\n\n1. Tell the lead.\n2. Tell the board.\n"
    said = " ".join(quotes(shelf(glossary=glossary, steps=steps)("What are the steps of an escalation of a problem to somebody with more power?")))
    assert "Tell the lead." in said
    assert said.count("Escalation is") == 1


def test_who_asks_for_a_fact_is_told_once_what_the_thing_is(shelf: Callable[..., Ask]) -> None:
    law = "# Law\n## The health act\nThe health act is a law on records of patients. Laws such as the health act apply to hospitals.\n"
    glossary = "# Glossary\n## Health act\nThe health act is the rule that protects others.\n"
    assert quotes(shelf(law=law, glossary=glossary)("Who does the health act apply to?")) == [
        "The health act is a law on records of patients. Laws such as the health act apply to hospitals.",
    ]


def test_a_definition_gives_no_reason(shelf: Callable[..., Ask]) -> None:
    leaving = "# Glossary\n## Firm\nA firm is a body of people with work and rooms in towns of several lands, which people may leave.\n"
    causes = "# Causes\n## Causes\nPeople leave a firm, its work and its rooms because rivals of the firm pay more.\n"
    assert len(quotes(shelf(leaving=leaving, causes=causes)("Why do people leave a firm, its work and its rooms?"))) == 1


@pytest.mark.parametrize(("sentence", "only_refers"), [
    ("Delivery locations covers the countries concerned.", True), ("The two are compared more fully in KPO and BPO.", True),
    ("The contract covers the rights to the work.", False), ("A pilot shows what the provider can do.", False), ("The plan below shows the first week.", True),
    ("HIPAA covers the data of patients, according to the explainer.", False),
    ("Why companies use KPO weighs such motives against the costs.", True), ("Misses usually give the client a right to end the contract.", False),
    ("Engineering and design and IT and software describe the two service lines.", True), ("Clients weigh the price against speed.", False),
    ("Healthcare gives the detail, and Regulation covers patient data.", True),
])
def test_a_sentence_that_only_says_where_something_stands_is_told_from_a_statement(sentence: str, only_refers: bool) -> None:
    assert extractive.refers(sentence) is only_refers


def test_a_table_follows_the_sentence_that_announces_it(shelf: Callable[..., Ask]) -> None:
    text = "# Quality\n## Measures\nUseful quality measures of a team are:\n\n| Measure | Meaning |\n| --- | --- |\n" \
        "| Error rate | Errors of a team a page |\n| Rework | Work of a team done twice |\n"
    answer = shelf(quality=text)("Which measures of a team mean errors, or work done twice a page?")
    assert [segment.text for segment in answer.segments][:2] == ["Useful quality measures of a team are:", "Measure | Meaning"]


def test_a_yes_or_no_question_gets_all_positions_of_a_table_and_other_questions_no_row_about_something_else(shelf: Callable[..., Ask]) -> None:
    text = "# Cost\n## What the sources say\n| Source | Position |\n| --- | --- |\n| Encyclopedia | Outsourcing is cheaper than work in the house |\n" \
        "| Explainer | Savings are seldom the reason |\n"
    zones = "# Zones\n## Hours\nManila is in the time zone of the east.\n\n" \
        "## Others\n| City | Hours |\n| --- | --- |\n| Moscow | In the time zone of the north |\n"
    ask = shelf(cost=text, zones=zones)
    assert len(quotes(ask("Is outsourcing cheaper than work in the house?"))) == 2
    assert quotes(ask("Which time zone is Manila in?")) == ["Manila is in the time zone of the east."]


def test_a_fact_has_no_definition_of_something_else_and_a_definition_no_row_of_it(shelf: Callable[..., Ask]) -> None:
    glossary = "# Glossary\n## Shared pumps\nShared pumps are what the teams of all firms have in common.\n"
    fact = "# Firms\n## Teams\nIn common the teams of all firms have one goal for their work.\n"
    zones = "# Zones\n| City | Offset |\n| --- | --- |\n| Manila | Its winter offset is eight |\n| Moscow | In winter the north has an offset of three |\n"
    nights = "# Nights\n## Hours\nAt night the shared pumps of all firms run from nine.\n"
    ask = shelf(glossary=glossary, firms=fact, zones=zones, nights=nights)
    assert quotes(ask("What do the teams of all firms have in common for work?")) == ["In common the teams of all firms have one goal for their work."]
    assert "Shared pumps are" in quotes(ask("When do the shared pumps of all firms run at night?"))[1]
    assert quotes(ask("What is Manila's winter offset?")) == ["Manila | Its winter offset is eight"]


def test_the_very_question_that_a_section_says_it_answers_is_not_refused(shelf: Callable[..., Ask]) -> None:
    nothing_passes = replace(Constants.open(), floor=2.0)
    prices = "# Prices\nA day of work is agreed beforehand.\n\n<!-- questions:\n- How much does a long day of work cost in Pune?\n- Who agrees?\n-->\n"
    ask = shelf(constants=nothing_passes, prices=prices)
    assert ask("how much does a long day of work cost in Pune").verdict == "answered"
    assert ask("How much does a long day of work cost in Riga?").verdict == "refused"
    assert ask("What is agreed beforehand of a day of work?").verdict == "refused"


def test_a_list_under_the_heading_that_is_asked_for_is_not_refused(shelf: Callable[..., Ask]) -> None:
    minutes = "# Minutes\n## 3. Action items\n- Desk: draft the clause by Friday.\n- Team: open the account.\n\n## Guests\nGuests sign the book.\n"
    ask = shelf(constants=replace(Constants.open(), floor=2.0), minutes=minutes)
    for question in ("What are the action items?", "List all action items"):
        assert quotes(ask(question)) == ["Desk: draft the clause by Friday.", "Team: open the account."], question
    assert ask("What are the action items of the board?").verdict == "refused"
    assert ask("Who signs the book of action items?").verdict == "refused"


def test_a_sentence_that_lists_needs_no_list_that_stands_before_it(shelf: Callable[..., Ask]) -> None:
    risks = "## Risks\nWhat can go wrong for the firms:\n\n- Leaks: papers may leak.\n- Delay: letters may be late.\n\n"
    end = "Industries such as law, shipping, and farming use the service of these firms.\n"
    ask = shelf(firms=f"# Firms\n{risks}{end}", nights="# Nights\n## Night\nNobody works at night.\n")
    assert quotes(ask("Which industries use the service of the firms?")) == [end.strip()]


def test_an_abbreviation_with_another_meaning_has_both(shelf: Callable[..., Ask]) -> None:
    first, other = "A group desk centre (GDC) is a stand of the firm.", "The letters GDC also stand for good dry coal."
    ask = shelf(glossary=f"# Glossary\n## Group desk centre (GDC)\n{first} It has many desks. {other}\n")
    assert quotes(ask("What does GDC stand for?")) == [first, other]


def test_an_item_defines_what_its_label_names(shelf: Callable[..., Ask]) -> None:
    points = "# Points\nWhat outsourcing brings is:\n\n- Scalability: teams can grow or shrink.\n- Legal cover: contracts say who pays.\n"
    ask = shelf(constants=replace(Constants.open(), floor=2.0), points=points)
    assert quotes(ask("What is scalability?")) == ["What outsourcing brings is:", "Scalability: teams can grow or shrink."]
    assert quotes(ask("What is legal cover?"))[-1] == "Legal cover: contracts say who pays."
    assert ask("What is cover?").verdict == "refused"
    assert ask("How does scalability come about?").verdict == "refused"


def test_a_list_that_is_cut_says_so(shelf: Callable[..., Ask]) -> None:
    items = "".join(f"- Point {at} of the move takes people and papers through another long day of packing.\n" for at in range(1, 12))
    ask = shelf(move=f"# Move\nThe points of a move to another provider are:\n\n{items}- Pay: nine.\n")
    answer = ask("Does a move to another provider have points?")
    shown = len(quotes(answer)) - 1
    assert 2 < shown < 12
    assert answer.notes == (f"{shown} of the 12 points of the list are shown; the source has them all",)
    assert ask("What are the points of a move to another provider?").notes == ()
    assert ask("How high is the pay of people who move?").notes == ()  # one item is what was asked for


def test_one_side_of_a_thing_is_not_what_it_is(shelf: Callable[..., Ask]) -> None:
    glossary = "# Glossary\n## Audit\nAn audit is a check by others, with a future of its own.\n"
    future = "# Trends\n## Trends\nThe future of the audit is a check by machines.\n"
    ask = shelf(glossary=glossary, trends=future)
    assert quotes(ask("What is the future of the audit?"))[0].startswith("The future")
    assert quotes(ask("What is an audit?"))[0].startswith("An audit")


def test_ways_come_before_what_a_thing_is(shelf: Callable[..., Ask]) -> None:
    terms = "# Glossary\n## Secrecy\nSecrecy is how client files are protected from eyes.\n"
    ways = "# Ways\nGood locks keep client files protected.\n"
    ask = shelf(glossary=terms, ways=ways)
    assert quotes(ask("How are client files protected from eyes?"))[0] == "Good locks keep client files protected."
    assert quotes(ask("Which thing is how client files are protected from eyes?"))[0].startswith("Secrecy is")


def test_a_list_of_another_document_whose_items_say_nothing_of_the_question_is_not_meant(
    shelf: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch
) -> None:
    general = "# Risks\nOf all main risks of outsourcing leaks cost most.\n"
    legal = "# Courts\nThe risks of courts are:\n\n- outsourcing late\n- losing in the main\n"
    ask = shelf(risks=general, courts=legal)
    assert len(quotes(ask("What are the main risks of outsourcing?"))) == 4
    monkeypatch.setattr(extractive, "STANDING_MARGIN", 0.0)
    assert quotes(ask("What are the main risks of outsourcing?")) == ["Of all main risks of outsourcing leaks cost most."]


def test_a_list_of_another_document_that_is_announced_as_something_else_is_not_meant(shelf: Callable[..., Ask]) -> None:
    gains = "# Gains\nThe pros of a hired crew for towers are many.\n"
    other = "# Work\n## Kinds of work\nWork falls into a few kinds:\n\n- crew hired for pros of towers\n- crew of bridges\n"
    ask = shelf(gains=gains, other=other)
    assert "crew of bridges" not in quotes(ask("What are the pros of a hired crew for towers?"))
    assert "crew of bridges" in quotes(ask("What are the kinds of work of a hired crew for towers?"))


def test_disadvantages_are_no_benefits(shelf: Callable[..., Ask]) -> None:
    price = "# Price\nThe disadvantages of a pilot are many.\n"
    gains = "# Gains\n## Benefits of a pilot\nThe benefits of a pilot are:\n\n- speed of a pilot\n- trust\n"
    assert quotes(shelf(price=price, gains=gains)("What are the disadvantages of a pilot?")) == ["The disadvantages of a pilot are many."]


def test_risks_are_no_advantages(shelf: Callable[..., Ask]) -> None:
    gains = "# Gains\nThe advantages of a pilot are many.\n"
    price = "# Price\n## Risks of a pilot\nWith all advantages of a pilot come:\n\n- delay of a pilot\n- leaks\n"
    ask = shelf(price=price, gains=gains)
    assert quotes(ask("What are the advantages of a pilot?")) == ["The advantages of a pilot are many."]
    assert "leaks" in quotes(ask("What are the risks and advantages of a pilot?"))


def test_another_document_opens_a_list(shelf: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extractive, "LIST_MARGIN", 5.0)  # the fake's scores are few
    about = "# About\n## Years\nThe stages of a move of a firm take years.\n"
    stages = "# Move\n## Stages\nThe usual stages of a move are:\n\n1. Plan.\n2. Pack.\n"
    assert quotes(shelf(about=about, stages=stages)("What are the stages of a move of a firm?"))[0] == "The stages of a move of a firm take years."


def test_what_stands_behind_a_list_does_not_open_it(shelf: Callable[..., Ask]) -> None:
    text = "# Move\n## Stages\nThe stages of a move of a firm are:\n\n1. Plan.\n2. Pack.\n\n## Again\nThe stages of a move of a firm come back each year.\n"
    ask = shelf(move=text)
    assert quotes(ask("What are the stages of a move of a firm?"))[0].startswith("The stages of a move of a firm are:")
    assert quotes(ask("Which stages of a move come back each year?"))[0].startswith("The stages of a move of a firm come back")


def test_three_things_are_compared_and_what_no_quotation_names_is_said(shelf: Callable[..., Ask]) -> None:
    text = "# Glossary\n## Audit\nAn audit is a check by others.\n\n## Review\nA review is a check by a colleague.\n\n" \
        "## Pilot\nA pilot is a small trial of the work.\n"
    ask = shelf(glossary=text)
    said = " ".join(quotes(ask("audit vs review vs pilot")))
    assert "by others" in said and "by a colleague" in said and "small trial" in said
    assert ask("audit vs review vs pilot").notes == ()
    assert ask("What is the difference between an audit and a sermon?").notes == ("nothing that is quoted names “sermon”",)


def test_a_comparison_is_made_of_passages_that_name_both_sides(shelf: Callable[..., Ask]) -> None:
    best = "# Best\n## Differences\nThe main difference and the other difference between KPO and BPO is what differs.\n"
    both = "# Both\n## Legal work\nLPO is stricter than other KPO.\n"
    assert quotes(shelf(best=best, both=both)("What is the difference between LPO and KPO?")) == ["LPO is stricter than other KPO."]


def test_a_comparison_has_nothing_of_other_comparisons_and_no_other_definitions(shelf: Callable[..., Ask]) -> None:
    both = "# Both\n## Rules\nOne difference is that KPO is freer than BPO.\n"
    other = "# Other\n## How does KPO differ from ITO?\nITO has its own difference from BPO and KPO.\n"
    glossary = "# Glossary\n## Gap (GAP)\nA gap is a difference such as that of KPO.\n"
    ask = shelf(both=both, other=other, glossary=glossary)
    assert quotes(ask("What is the difference between KPO and BPO?")) == ["One difference is that KPO is freer than BPO."]
    assert quotes(ask("What is the difference between KPO and ITO?")) == ["ITO has its own difference from BPO and KPO."]


def test_of_a_table_with_a_row_for_each_side_these_rows_are_compared(shelf: Callable[..., Ask]) -> None:
    rows = "".join(f"| {row} |\n" for row in ("Urgent fault | one hour", "Slow fault | one week", "Small fault | one day"))
    aspects = ["Pay | own | shared", "Risk | all | half", "Staff | many | few", "Start | slow | fast"]
    kinds = "# Kinds\n| Aspect | Captive | Provider |\n| --- | --- | --- |\n" + "".join(f"| {row} |\n" for row in aspects)
    ask = shelf(faults=f"# Faults\n| Fault | Mended within |\n| --- | --- |\n{rows}", kinds=kinds)
    assert quotes(ask("What is the difference between an urgent fault and a small fault in what it is mended within?")) == [
        "Urgent fault | one hour", "Small fault | one day",
    ]
    assert quotes(ask("What is the difference between a captive and a provider in pay, risk, staff and start?")) == aspects
    assert quotes(ask("A comparison of captive, provider, pay, risk, staff, start")) == aspects


def test_both_sides_are_compared_by_their_rows_when_the_sentence_before_the_table_says_most(shelf: Callable[..., Ask]) -> None:
    rows = "| Firm | Fields |\n| --- | --- |\n| Acme | law |\n| Bolt | tax |\n| Crux | art |\n"
    ask = shelf(firms=f"# Firms\n## Lists\nBoth lists compare Acme and Bolt as firms of the same size.\n\n{rows}")
    assert quotes(ask("Compare Acme and Bolt")) == ["Acme | law", "Bolt | tax"]
    assert "Bolt | tax" not in quotes(ask("Compare Acme and Drip"))


def test_the_item_whose_label_is_asked_about_is_the_one(shelf: Callable[..., Ask]) -> None:
    text = "# Pay\nThe pay of three groups of people is:\n\n- Legal clerks: the pay is nine.\n" \
        "- Tax clerks: the pay of people is five, says the people's group.\n- Cooks: the pay of people is six, says the people's group.\n"
    assert quotes(shelf(pay=text)("How high is the pay of legal clerks among these people?")) == [
        "The pay of three groups of people is:", "Legal clerks: the pay is nine.",
    ]


def test_a_list_elsewhere_in_the_best_document_is_what_a_list_question_means(shelf: Callable[..., Ask], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ["Leak | Locks", "Delay | Plans", "Noise | Walls", "Theft | Guards", "Damp | Pumps"]
    table = "".join(f"| {row} |\n" for row in rows)
    prose = "The risks of a move, and how they are reduced, fill a page.\n\n## Luck\nRisks of a move are a matter of luck.\n\n"
    text = f"# Risks\n{prose}## Register\n| Risk | Measure |\n| --- | --- |\n{table}"
    ask = shelf(risks=text)
    assert not set(rows) & set(quotes(ask("What are the risks of a move, and how are they reduced?")))  # it may be about something else
    monkeypatch.setattr(extractive, "CLEAR", -3.0)  # what the fake makes of the table
    assert set(rows) <= set(quotes(ask("What are the risks of a move, and how are they reduced?")))
    assert not set(rows) & set(quotes(ask("What are the risks of luck?")))  # a section does not announce another


def test_a_list_with_a_line_that_says_what_is_asked_comes_before_one_whose_words_are_scattered(shelf: Callable[..., Ask]) -> None:
    scattered = "The entries are:\n\n- Costs: see below.\n- People: named.\n- Budgets: yearly.\n- Forget: nothing.\n- Usually: monthly.\n"
    text = f"# Notes\n## Register\n{scattered}\n## Gaps\nCosts that people usually forget are:\n\n- Travel: flights.\n- Review: hours.\n"
    answer = shelf(notes=text)("Which costs do people usually forget in budgets?")
    assert quotes(answer)[:3] == ["Costs that people usually forget are:", "Travel: flights.", "Review: hours."]


def test_a_list_in_the_section_of_the_best_passage_is_what_a_list_question_means(shelf: Callable[..., Ask]) -> None:
    text = "# Pay\n## Causes of high prices\nHigh prices of projects have several causes, and clients of projects dislike all these causes.\n\n" \
        "They are:\n\n- scarce skill\n- short notice\n"
    answer = shelf(pay=text)("What are the causes of high prices of projects?")
    assert {"scarce skill", "short notice"} <= set(quotes(answer))


def test_a_definition_opens_with_the_sentence_that_defines_the_thing_asked(shelf: Callable[..., Ask]) -> None:
    text = "# Glossary\n## Attrition\nAttrition is the rate at which people leave a firm. Turnover is another name.\n\n" \
        "## Retention\nRetention is what keeps attrition low: attrition, attrition, attrition.\n"
    answer = shelf(glossary=text)("What is attrition?")
    assert quotes(answer)[0] == "Attrition is the rate at which people leave a firm. Turnover is another name."


def test_what_does_not_name_the_thing_does_not_define_it(shelf: Callable[..., Ask]) -> None:
    handover = "# Moves\nA full knowledge handover takes a month side by side.\n"
    about = "# About\nOutsourcing of knowledge is in full bloom among banks.\n"
    ask = shelf(handover=handover, about=about)
    assert quotes(ask("What is a full knowledge handover?")) == ["A full knowledge handover takes a month side by side."]
    assert len(quotes(ask("What is knowledge in full?"))) == 2


def test_two_documents_that_define_a_term_differently_are_both_quoted(shelf: Callable[..., Ask]) -> None:
    one = "# One\n## Attrition\nAttrition is the rate at which people leave a firm.\n"
    two = "# Two\n## Attrition\nAttrition means every departure that was not planned.\n"
    answer = shelf(one=one, two=two)("What is attrition?")
    assert {citation.document for citation in answer.citations} == {"shelf/one.md", "shelf/two.md"}


@pytest.mark.parametrize("question", ["What is RPO?", "What does RPO stand for?"])
def test_an_abbreviation_that_means_several_things_gets_the_definition_of_each(shelf: Callable[..., Ask], question: str) -> None:
    text = "# Glossary\n## Recruitment process outsourcing (RPO)\nRecruitment process outsourcing (RPO) is the handing over of hiring.\n\n" \
        "## Recovery point objective (RPO)\nA recovery point objective (RPO) is the age of the data that may be lost.\n"
    ask = shelf(glossary=text)
    assert sorted(quote.split()[0] for quote in quotes(ask(question))) == ["A", "Recruitment"]
    assert len(quotes(ask("What is recruitment process outsourcing?"))) == 1


def test_an_abbreviation_is_spelt_out_in_one_sentence(shelf: Callable[..., Ask]) -> None:
    text = "# Terms\nRecruitment process outsourcing (RPO) is the handing over of hiring. An RPO firm finds people. RPO grows.\n"
    assert quotes(shelf(terms=text)("What does RPO stand for?")) == ["Recruitment process outsourcing (RPO) is the handing over of hiring."]


def test_a_sentence_that_points_back_brings_along_what_it_points_to(shelf: Callable[..., Ask]) -> None:
    text = "# Offices\nThe firm has two offices in Manila and Pune. They employ ninety lawyers and forty clerks in shifts.\n"
    answer = shelf(offices=text)("How many lawyers and clerks do they employ in shifts?")
    assert quotes(answer) == ["The firm has two offices in Manila and Pune. They employ ninety lawyers and forty clerks in shifts."]


@pytest.mark.parametrize(("sentence", "back"), [
    ("The two steps often overlap in practice.", True), ("The three of them are in Pune.", True), ("The latter is dearer.", True),
    ("However, it is dear.", True), ("For example, a lawyer may outsource research.", True), ("For instance, maps.", True),
    ("For examples see Pune.", False),
    ("The three distances in KPO are:", False), ("The twofold check is dear.", False), ("Two steps overlap.", False), ("", False),
])
def test_a_sentence_points_back_by_the_word_it_opens_with(sentence: str, back: bool) -> None:
    assert dangles(sentence) is back


def test_what_says_nothing_of_the_question_is_left_out_between_what_does(shelf: Callable[..., Ask]) -> None:
    text = "# Quays\nThe ferry to Oban leaves pier four at nine. Gulls are noisy. A ferry to Mull leaves at ten.\n"
    said = quotes(shelf(selection=CHOOSY, quays=text)("Which ferry leaves pier four?"))
    assert said == ["The ferry to Oban leaves pier four at nine.", "A ferry to Mull leaves at ten."]


def test_what_defines_the_thing_asked_for_comes_before_what_stands_in_front_of_it(shelf: Callable[..., Ask]) -> None:
    text = "# Controls\nLeast privilege is the rule that people see little data. Data minimisation is the practice of sending little data. It saves work.\n"
    ask = shelf(controls=text)
    assert quotes(ask("What is data minimisation?")) == ["Data minimisation is the practice of sending little data. It saves work."]
    assert quotes(ask("Who sends little data by data minimisation practice?")) == [text.removeprefix("# Controls\n").strip()]


def test_what_points_back_across_such_a_sentence_brings_it_along(shelf: Callable[..., Ask]) -> None:
    text = "# Quays\nThe ferry to Oban leaves pier four at nine. Gulls are noisy. Another one leaves at ten.\n"
    assert quotes(shelf(selection=replace(CHOOSY, beta=6.0), quays=text)("Which ferry leaves pier four?")) == [text.removeprefix("# Quays\n").strip()]


def test_a_sentence_that_announces_a_list_is_not_quoted_without_it(shelf: Callable[..., Ask]) -> None:
    text = "# Terms\nA statement of work describes one project. A statement of work covers:\n\n- scope\n- price\n"
    answer = shelf(terms=text)("Is a statement of work about one project?")
    said = quotes(answer)
    assert "describes one project." in said[0]
    assert not said[-1].endswith(":")


def test_a_sentence_that_promises_something_brings_it_or_stays_out(shelf: Callable[..., Ask]) -> None:
    gains = "# Notes\nThere are several gains to be had from pilots. Errors show early. Nobody loses face.\n"
    ask = shelf(selection=CHOOSY, gains=gains, work="# Hints\nOffices try out new chairs. There are many kinds of chairs.\n")
    assert quotes(ask("Who gains from pilots?")) == ["There are several gains to be had from pilots. Errors show early."]
    assert quotes(ask("Do offices try out new chairs?")) == ["Offices try out new chairs."]


def test_a_row_stands_under_its_tables_header(shelf: Callable[..., Ask]) -> None:
    text = "# Pay\n| Role | Hours | Place |\n| --- | --- | --- |\n| Analyst | forty | Manila |\n| Lawyer | fifty | Pune |\n"
    answer = shelf(pay=text)("Where does the lawyer of fifty hours work: Pune?")
    rows = [segment for segment in answer.segments if segment.kind in ("own", "row")]
    assert [(segment.kind, segment.text) for segment in rows[:2]] == [("own", "Role | Hours | Place"), ("row", "Lawyer | fifty | Pune")]


MODELS = """# Models
| Model | Who bears the risk | Priced by |
| --- | --- | --- |
| Fixed price | Provider | result |
| Team of four | Client | month, hour |
| Hours | Client | hour |
| Acme plan | nobody | gift |
"""
RATES = """# Rates
| Work | Level | Price |
| --- | --- | --- |
| Search | Analyst | 38 |
| Search | Senior analyst | 55 |
| Review | Analyst | 24 |
| Review | Senior analyst | 36 |
| Labels | Trainee or junior analyst | 65 |
"""


@pytest.mark.parametrize(("question", "rows"), [
    ("Whose model puts the risk on the client?", ["Team of four | Client | month, hour", "Hours | Client | hour"]),
    ("Whose model puts the risk on the provider?", ["Fixed price | Provider | result"]),
    ("Whose model is priced by the month?", ["Team of four | Client | month, hour"]),
    ("Does the Acme plan put a risk on the client?", ["Acme plan | nobody | gift"]),
])
def test_a_table_is_looked_up_by_what_its_cells_say(shelf: Callable[..., Ask], question: str, rows: list[str]) -> None:
    assert quotes(shelf(models=MODELS)(question)) == rows


@pytest.mark.parametrize(("question", "rows"), [
    ("What is the price of a search by a senior analyst?", ["Search | Senior analyst | 55"]),
    ("What is the price of a review by an analyst?", ["Review | Analyst | 24"]),
    ("What is the price of labels by a junior analyst?", ["Labels | Trainee or junior analyst | 65"]),
    ("What is the price of a review?", ["Review | Analyst | 24", "Review | Senior analyst | 36"]),
])
def test_of_a_tables_rows_those_that_say_most_of_the_question_are_looked_up(shelf: Callable[..., Ask], question: str, rows: list[str]) -> None:
    assert quotes(shelf(rates=RATES)(question)) == rows


FIRMS = """# Firms
## Firms that sell research
Which firms sell research in which fields to which buyers:

| Firm | Fields | In the register |
| --- | --- | --- |
| Acme | law, ships, mining | ships |
| Bell | finance, ships | Not told |
| Cole Law | finance, tests | Not told |
"""


@pytest.mark.parametrize(("question", "firms"), [
    ("Which firms sell research on finance?", ["Bell", "Cole Law"]),
    ("Which firms sell research on ships?", ["Acme", "Bell"]),
    ("Which firms that sell research are told?", ["Acme", "Bell", "Cole Law"]),  # a cell denies it
    ("Which firms sell research on mining?", ["Acme", "Bell", "Cole Law"]),  # one word of one row
    ("Which firms sell no research on finance?", ["Acme", "Bell", "Cole Law"]),
    ("Which firms are there that sell research like Acme?", ["Acme"]),
])
def test_which_of_a_table_are_asked_for_is_told_by_its_cells_or_by_a_name(shelf: Callable[..., Ask], question: str, firms: list[str]) -> None:
    assert [quote.partition(" | ")[0] for quote in quotes(shelf(firms=FIRMS)(question)) if " | " in quote] == firms


def test_who_asks_for_the_least_is_answered_where_the_most_is_told(shelf: Callable[..., Ask]) -> None:
    ask = shelf(scale="# Scale\n## Which trade is most exposed\nOf the trades, masons are exposed by 48%.\n## Fairs\nFairs are least full in May.")
    assert quotes(ask("Which trade is least exposed?"))[0] == "Of the trades, masons are exposed by 48%."


def test_an_answer_is_printed_to_be_read_with_its_table_its_source_and_what_was_expected(shelf: Callable[..., Ask]) -> None:
    text = "# Pay\n| Role | Hours | Place |\n| --- | --- | --- |\n| Analyst | forty | Manila |\n| Lawyer | fifty | Pune |\n"
    case = Case(id="pay", question="Where does the lawyer of fifty hours work: Pune?")
    printed = as_markdown(case, shelf(pay=text)(case.question))
    assert printed.startswith("## Where does the lawyer of fifty hours work: Pune?\n")
    assert "| Role | Hours | Place |\n| --- | --- | --- |\n| Lawyer | fifty | Pune [1] |" in printed
    assert "- [1] Pay" in printed
    assert "the set expects: answer" in printed


def test_a_comparison_shows_both_sides_even_when_the_best_passage_names_one(shelf: Callable[..., Ask]) -> None:
    one = "# One\n## Quality control\nQuality control is the inspection of work when it is finished.\n"
    two = "# Two\n## Quality assurance\nQuality assurance is the prevention of faults.\n"
    answer = shelf(one=one, two=two)("What is the difference between quality control and quality assurance?")
    assert any("inspection" in quote for quote in quotes(answer))
    assert any("prevention" in quote for quote in quotes(answer))


def test_a_comparison_says_of_its_further_side_what_it_is_and_not_only_what_sets_it_apart(shelf: Callable[..., Ask]) -> None:
    side = "# {0}\n## {0}\n{0} is the {1} of work that a person with long practice does by hand, in a room of the firm, when nobody else has any time left " \
        "for it. {2} is a synonym of {0}.\n\n{0} is often confused with {3}, which comes at another time in the life of the same piece of " \
        "work, whereas {0} comes {4}.\n"
    one = side.format("Quality control", "inspection", "Checking", "quality assurance", "at the end")
    two = side.format("Quality assurance", "prevention", "Care", "quality control", "at the outset")
    said = " ".join(quotes(shelf(one=one, two=two)("What is the difference between quality control and quality assurance?")))
    assert "is the inspection" in said
    assert "is the prevention" in said


def test_nothing_is_said_twice_and_prose_stays_within_its_words(shelf: Callable[..., Ask]) -> None:
    sentence = "Clients of analysts buy advice on {0}s because advice is scarce and good advice on {0}s pays for itself."
    of = ["dog", "cat", "cow", "hen", "pig", "bee", "ant", "fox", "elk", "owl", "rat", "bat", "eel", "gnu", "jay", "yak", "emu", "ape"]
    documents = {name: f"# {name}\n" + " ".join(map(sentence.format, of[start : start + 12])) for name, start in (("a", 0), ("b", 3), ("c", 6))}
    answer = shelf(**documents)("Why do clients of analysts buy advice?")
    said = quotes(answer)
    assert len(set(said)) == len(said)
    assert sum(len(quote.split()) for quote in said) <= MAX_WORDS


@pytest.mark.parametrize(("question", "pair"), [
    ("What is the difference between KPO and BPO?", ("KPO", "BPO")),
    ("KPO vs. BPO", ("KPO", "BPO")),
    ("How does LPO differ from KPO?", ("LPO", "KPO")),
    ("is nearshore the same as onshore", ("nearshore", "onshore")),
    ("Is a captive better than a provider?", ("a captive", "a provider")),
    ("compare the shared service centre with a captive", ("the shared service centre", "a captive")),
    ("What is the main difference?", None),
])
def test_the_sides_of_a_comparison_are_named_in_its_own_words(question: str, pair: tuple[str, str] | None) -> None:
    assert pair_of(question) == pair


DAYS = "# Notice\nThe notice period of the contract is {} days."


def test_sources_that_disagree_are_both_quoted_and_marked(shelf: Callable[..., Ask]) -> None:
    answer = shelf(old=DAYS.format(30), new=DAYS.format(60))("How many days is the notice period of the contract?")
    assert sorted(quotes(answer)) == [f"The notice period of the contract is {days} days." for days in (30, 60)]
    assert disagree(answer.notes) == ["[1] and [2] disagree: compare what they say"]


@pytest.mark.parametrize(("a", "b", "differ"), [
    ("A client may end the contract with 30 days' notice.", "The contract may be ended by a client with sixty days' notice.", True),
    ("Files are deleted 12 months after the end of an assignment, unless the contract says otherwise.",
     "Files are deleted 24 months after the end of an assignment.", True),
    ("Files are deleted 12 months after the end of an assignment, if it is not a trial, else 24 months.",
     "Files are deleted 24 months after the end of an assignment.", False),
    ("KPO grows by 12% a year.", "KPO grows by 17 per cent a year.", True),
    ("KPO needs advanced skills.", "KPO does not need advanced skills.", True),
    ("KPO raises the quality of work.", "KPO lowers the quality of work.", True),
    ("It takes the team 3 to 5 days.", "It takes the team 5 days.", False),
    ("The market for KPO was $5 billion in 2010.", "The market for KPO was $9 billion in 2015.", False),
    ("The exposure of legal occupations is 48% of tasks.", "The exposure of computer and finance occupations is 63% of tasks.", False),
    ("A pilot should take three months.", "A contract should run for three years.", False),
    ("It takes 3 weeks.", "It takes 5 weeks.", False),
    ("The notice period is 30 days, except in India.", "The notice period is 60 days.", True),
    ("The notice period is 30 days, provided that staff agree.", "The notice period is 60 days.", True),
    ("The notice period of a pilot is 30 days.", "The notice period of a pilot abroad is 60 days.", True),
    ("The notice period of a pilot is 30 days.", "The notice period of a pilot on sites abroad in winter is 60 days.", False),
    ("", "KPO grows by 17 per cent a year.", False),
])
def test_what_counts_as_a_disagreement(a: str, b: str, differ: bool) -> None:
    assert (contradict(a, b), contradict(b, a)) == (differ, differ)
