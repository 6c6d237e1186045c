"""The rules of the check: what a sentence claims beyond its sources, or against them."""

import pytest

from assistant.claims import DOUBTS, Number, faults, names, negated, numbers, quotations


def found(sentence: str, *support: str, about: str = "", given: str = "") -> list[str]:
    return list(faults(sentence, support, about, given or f"{about} {' '.join(support)}"))


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("about 25 per cent, 40% later", {25.0, 40.0}), ("four and a half hours", {4.5}), ("twenty-five firms", {25.0}),
        ("1,200 people in 2024", {1200.0, 2024.0}), ("two hundred and six documents", {206.0}), ("three million", {3_000_000.0}),
        ("UTC+5:30", {"5:30"}), ("one of them", set()), ("the second site", {2.0}), ("no number here", set()), ("", set()),
        ("4½ hours, or ¼ of it", {4.5, 0.25}), ("5 million", {5_000_000.0}),
        ("the first site", set()), ("one per cent of it", {1.0}),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, values: set[float | str]) -> None:
    assert {number.value for number in numbers(text)} == values


def test_a_number_needs_its_unit() -> None:
    assert Number(25.0, percent=True).stands_in(numbers("about 25 percent")) and Number(25.0, percent=True).stands_in(numbers("25%"))
    assert not Number(25.0, percent=True).stands_in(numbers("25 people"))
    assert not Number(25.0).stands_in(numbers("25 per cent"))
    assert not Number(4.0, time="day").stands_in(numbers("four hours")) and Number(4.0, time="hour").stands_in(numbers("four to six hours"))
    assert Number(4.0).stands_in(numbers("four hours"))
    for said, other in (
        ("4 hours", "4 days"), ("six months", "six years"), ("a two-day pilot", "a two-hour pilot"), ("5 million", "5 billion"), ("10²", "10³"), ("4½", "4"),
    ):
        assert all(number.stands_in(numbers(said)) for number in numbers(said))
        assert not all(number.stands_in(numbers(other)) for number in numbers(said)), said
    assert Number(5.0, money="$").stands_in(numbers("$5")) and not Number(5.0, money="$").stands_in(numbers("€5"))


def test_what_is_lacking_on_both_sides_denies_nothing() -> None:
    lacking = "Companies use KPO to reach expertise that they lack."
    assert found("Through KPO a company reaches expertise that it lacks.", lacking) == []
    assert "a negation that its source does not have" in found("KPO does not reach expertise that a company lacks.", lacking)
    assert found("A company that lacks expertise does not use KPO.", "Companies that lack expertise do not use KPO.") == []


def test_that_a_source_is_silent_must_be_said_of_it() -> None:
    said, fault = "The article does not give a date.", "it says that something is not told, which its source does not"
    silent = "The article gives no date.", "The article does not mention a date.", "No source names a date.", "None of the sources gives a date."
    for source in ("The article cannot give a date.", *silent):
        assert fault not in found(said, source), source
    assert fault in found(said, "The article is old, and readers should not trust its dates.")


def test_the_two_that_were_named_are_no_count() -> None:
    support = "RPO hands over hiring, and KPO hands over expert work."
    assert found("RPO hands over hiring and KPO hands over expert work, so the two differ.", support) == []
    assert "a number that its source does not give" in found("RPO hands over hiring and KPO hands over expert work to the two firms.", support)


def test_names_are_capitalised_words_abbreviations_and_unknown_first_words() -> None:
    assert names("Genpact and Mu Sigma offer KPO in India.") == ["Genpact", "Mu", "Sigma", "KPO", "India"]
    assert names("Providers offer work.") == []
    assert names("Ravi Menon leads it.") == ["Ravi", "Menon"]
    assert names("Summit Research offers it.") == ["Summit", "Research"]
    assert names("IT is what the US firm and I offer.") == ["IT", "US"]


def test_quotations_are_what_stands_in_double_marks() -> None:
    assert quotations('It says "so be it" and “no more”.') == ["so be it", "no more"]
    assert found("The desk says “so be it” to staff.", "The desk says so to staff.", given="The desk says so to staff. So be it.") == []


def test_quotations_stand_in_marks_of_other_forms_too_and_apostrophes_are_none() -> None:
    assert quotations("‘Don’t go’, «so be it», „no more“, 'it isn't so' and ('why').") == ["Don’t go", "so be it", "no more", "it isn't so", "why"]
    assert quotations("The provider's fee, the clients' data and the firms’ staff aren't quoted.") == []


def test_negations_are_about_the_words_that_follow() -> None:
    assert negated("KPO does not repair a broken habit, but moves it.") == {"repair", "broken", "habit"}
    assert negated("not only cheap") == set()
    assert negated("The client in the north pays nothing.") == {"north", "pay"}
    assert negated("Clients never see the draft letters of junior analysts abroad.") == {"see", "draft", "lett", "junior"}


def test_half_of_the_words_must_be_those_of_the_source() -> None:
    few = "most of its words are not those of its source"
    assert few in found("Managers keep careful writers abroad.", "Managers keep old files.")
    assert few not in found("Managers keep careful writers.", "Managers keep old files.")


TRUST = "KPO needs more trust than BPO because the client hands over thinking as well as tasks."
CHECKED = "A client can check a payroll run against a rule, but can rarely check an investment opinion so simply."
FEE = "A service credit is a reduction of the provider's fee when an agreed service level is missed."
SAVING = "Current AI tools save about 25% of labour costs on the tasks they can perform, according to the KPO explainer."


@pytest.mark.parametrize(
    ("sentence", "support"),
    [
        ("KPO needs more trust than BPO, since the client hands over thinking as well as tasks.", TRUST),
        ("More trust is needed in KPO than in BPO.", TRUST),
        ("When an agreed service level is missed, a service credit reduces the provider's fee.", FEE),
        ("According to the KPO explainer, current AI tools can save about 25 per cent of labour costs.", SAVING),
        ("An investment opinion can seldom be checked so simply.", CHECKED),
        ("Organisations may recognise the programme.", "Organizations may recognize the program."),
        ("Analysts often work in the US.", "Analysts often work in the United States."),
    ],
)
def test_a_sentence_that_its_source_says_has_no_fault(sentence: str, support: str) -> None:
    assert found(sentence, support) == []


@pytest.mark.parametrize(
    ("sentence", "support", "fault"),
    [
        ("Current AI tools save about 35% of labour costs.", SAVING, "number"),
        ("Current AI tools save half of labour costs on tasks.", SAVING, "amount"),
        ("Accenture tools save about 25% of labour costs.", SAVING, "name"),
        ("Current AI tools save “all labour” on the tasks.", SAVING, "quotation"),
        ("According to the encyclopedia entry, current AI tools save about 25% of labour costs.", SAVING, "a source that is not the one"),
        ("KPO does not need trust.", TRUST, "a negation that its source does not have"),
        ("The desk never opens at night.", "The desk opens at night, but it never lends badges.", "a negation of something else"),
        ("KPO needs less trust than BPO.", TRUST, "opposite"),
        ("BPO needs more trust than KPO because the client hands over thinking.", TRUST, "round"),
        ("A service credit is an increase of the provider's fee.", FEE, "opposite"),
        ("A service credit is a reduction of the client's fee when an agreed service level is missed.", FEE, "another"),
        ("Only KPO needs more trust than BPO.", TRUST, "nothing else"),
        ("Every client can check a payroll run against a rule.", CHECKED, "everything"),
        ("A client checks a payroll run against a rule.", CHECKED, "surer"),
        ("A client can check an investment opinion against a rule, but can rarely check a payroll run so simply.", CHECKED, "round"),
        ("KPO lowers cost because universities train many graduates.", "KPO can lower cost, because pay is lower.", "cause"),
        ("The start-up in the example is a company called KPO.", "The KPO explainer gives the example of a start-up, a company in biotechnology.", "to it"),
        ("The pilot comes after the contract.", "The pilot comes before the contract.", "opposite"),
        ("The start-up in the example is the KPO.", "The KPO explainer gives the example of a start-up.", "what something is"),
        ("The start-up in the example is KPO.", "The example is a start-up, the KPO explainer says.", "what something is"),
    ],
)
def test_a_sentence_that_goes_beyond_its_source_has_a_fault(sentence: str, support: str, fault: str) -> None:
    assert any(fault in one for one in found(sentence, support)), found(sentence, support)


STRENGTHS = {
    "a negation that its source does not have": (
        "Providers keep the data, with care.", "Providers {} keep the data.",
        "do not|never|cannot|don't|don’t|fail to|failed to|are unable to|hardly|scarcely|barely|rarely|seldom|"
        "without care|lack care and|rather than clients|instead of clients",
    ),
    "says it of everything": ("Providers keep the data.", "Providers {} keep the data.", "all|always|entirely|completely|fully|wholly"),
    "says that nothing else does": ("Providers keep the data.", "Providers {} keep the data.", "only|solely|exclusively"),
    "makes it a duty": ("Providers keep the data.", "Providers {} keep the data.", "must|have to"),
    "makes it certain": (
        "Providers keep the data.", "Providers {} keep the data.", "certainly|definitely|surely|inevitably|undoubtedly|never",
    ),
    "makes it the most": (
        "Safety is a reason.", "Safety is the {} reason.",
        "best|worst|largest|greatest|highest|lowest|leading|main|chief|primary|principal|foremost|most common",
    ),
    "a cause that its source does not give": (
        "Providers keep the data; pay is low.", "Providers keep the data {} pay.", "because of|since|due to|owing to|thanks to|as a result of|caused by",
    ),
}


@pytest.mark.parametrize("fault", STRENGTHS)
def test_no_word_says_it_more_strongly_than_its_source(fault: str) -> None:
    source, sentence, said = STRENGTHS[fault]
    assert fault not in found(source, source)
    assert [word for word in said.split("|") if fault not in found(sentence.format(word), source)] == []


def test_no_doubt_of_a_source_is_left_out() -> None:
    doubts = (
        "may|might|can|could|often|usually|typically|frequently|sometimes|occasionally|generally|normally|commonly|possibly|potentially|rarely|seldom|likely|"
        "some|many|several|most"
    )
    sure = "Providers keep the data."
    assert [word for word in doubts.split("|") if "it is surer than its source" not in found(sure, f"Providers {word} keep the data.")] == []
    assert [word for word in doubts.split("|") if "it is surer than its source" in found(f"Providers {word} keep it.", f"Providers {word} keep it.")] == []


FIXED = "Fixed-price work is a project for which the provider is paid an agreed total for an agreed result."
HOURS = "Time and materials pricing is a model in which the client pays for the hours worked at agreed rates, plus agreed expenses."


def test_what_points_back_comes_from_the_source_before_it() -> None:
    said = "According to the explainer, the new desks close at five on Fridays."
    assert found(said, "The explainer tells of desks.", "They are new desks and close at five on Fridays.") == []
    assert "a source that is not the one" in found(said, "The explainer tells of desks.", "The entry says new desks close at five on Fridays.")


def test_what_one_part_says_of_its_subject_is_not_said_of_another() -> None:
    mixed = "Fixed-price work is a project where the client pays for the hours worked at agreed rates, plus agreed expenses."
    assert "it says of one what its source says of another" in found(mixed, HOURS, FIXED)
    assert found("Fixed-price work is a project for which the provider is paid an agreed total.", HOURS, FIXED) == []
    assert found("The new desk opens at nine and closes at five.", "The new desk opens at nine.", "It closes at five.") == []
    assert found("The rules for a desk are to lock files and to close doors.", "The rules for a desk are:", "Lock files.", "Close doors.") == []


BRIEF = "A brief is the client's statement of what is wanted, for whom and by when."


@pytest.mark.parametrize(("sentence", "is_doubted"), [
    ("A good question in outsourcing is to ask the client what is wanted, for whom and by when.", True),
    ("A rule means that the client says what is wanted.", True), ("An answer for clients is the statement of what is wanted.", True),
    ("A written brief is a statement of what is wanted.", False), ("A statement of the client is called a brief.", False),
    ("Ask the client what is wanted.", False),
])
def test_what_a_sentence_is_about_stands_in_its_source(sentence: str, is_doubted: bool) -> None:
    fault = "it is about something that its source does not name"
    assert (fault in found(sentence, BRIEF)) is is_doubted
    assert fault in DOUBTS  # good prose has other names for a thing: "a colleague who is expecting a baby"


def test_a_name_is_given_where_its_source_gives_it() -> None:
    assert found("The document is called a SOW.", "The statement of work, which is called SOW, is a document.") == []
    assert found("The document is called SOW.", "A statement of work (SOW) is a document.") == []


def test_a_people_is_named_by_its_country() -> None:
    fault = "a name that its source does not give"
    assert fault not in found("An American firm may lack analysts.", "A firm in the United States may lack analysts.")
    assert fault in found("A British firm may lack analysts.", "A firm in the United States may lack analysts.")


def test_a_name_elsewhere_in_the_source_is_given_only_to_what_points_back() -> None:
    assert "a name that its source does not give" in found("Genpact offers tools.", "The firm offers tools.", given="Genpact is large. The firm offers tools.")
    assert found("Genpact offers tools.", "It offers tools.", given="Genpact is large. It offers tools.") == []


def test_a_name_may_stand_in_the_heading() -> None:
    assert found("Genpact offers analytics.", "The company offers analytics.", about="Providers > Genpact") == []


def test_what_a_source_says_is_not_taken_back() -> None:
    for frame in ("It is false that", "It is a myth that", "It is wrong that", "It is doubtful whether", "Experts deny that"):
        assert found(f"{frame} the pilot costs little.", "The pilot costs little, and experts like it."), frame
        assert "it takes back what its source says" not in found(f"{frame} the pilot costs little.", f"{frame} the pilot costs little."), frame
    for change in ("barely", "scarcely", "anything but", "far from", "ceased to be"):
        assert found(f"The pilot is {change} cheap for a client.", "The pilot is cheap for a client."), change
    assert found("Providers refused trained staff.", "Providers trained staff.")


def test_a_name_of_the_dictionary_that_opens_a_sentence_must_be_given() -> None:
    for name in ("Poland", "Vietnam", "China", "Google", "Smith", "Monday"):
        assert "a name that its source does not give" in found(f"{name} provides most of the work.", "India provides most of the work."), name
        assert found(f"{name} provides most of the work.", f"{name} provides most of the work.") == []
    assert "a name that its source does not give" in found("Work is done in India.", "Work is done in Indianapolis.")
    assert found("Analysts do most of the work.", "Staff do most of the work.", given="Staff do most of the work. They are analysts.") == []
    assert found("However, staff do most of the work.", "Staff do most of the work.") == []


def test_what_may_be_is_not_what_will_or_should_be() -> None:
    for modal in ("will", "should"):
        assert "it is surer than its source" in found(f"A provider {modal} keep the data.", "A provider may keep the data.")
        assert found(f"A provider {modal} keep the data.", f"A provider {modal} often keep the data.") == []


def test_a_lowest_figure_is_no_highest_one() -> None:
    assert "makes it the highest figure" in found("A pilot takes up to 10 days.", "A pilot takes at least 10 days.")
    assert "makes it the lowest figure" in found("A pilot takes at least two days.", "A pilot takes up to two days.")
    assert found("A pilot takes at least two days.", "A pilot takes two days or more.") == []


def test_words_of_a_source_that_hold_a_digit_or_come_after_two_copulas_are_no_faults() -> None:
    for sentence in (
        "Drafting, 3D modelling and technical drawing are words people use.", "Two-step checks and 2FA are names people use.",
        "A ramp-down is often confused with attrition, which is unplanned departure, whereas a ramp-down is a decision.",
    ):
        assert found(sentence, sentence) == []
    assert "a name that its source does not give" in found("Sites use 5G.", "Sites use 4G.")


def test_an_abbreviation_stands_for_its_long_form() -> None:
    assert found("A SOW describes one project.", "A statement of work describes one project.") == []
    assert found("SOWs describe one project.", "Statements of work describe one project.") == []
    assert found("The IAASB sets rules.", "The International Auditing and Assurance Standards Board sets rules.") == []
    assert "name" in found("A MSA describes one project.", "A statement of work describes one project.")[0]


PILOT = "The Zorvex pilot costs $40 per hour for each analyst."
MARKET = "The Zorvex market reached $17 billion in 2020."
RUNS = "The Zorvex contract runs from 3 March 2021 to 5 May 2024."
FILES = "Zorvex keeps the files for 90 days in Manila."
SHARE = "The share will rise from about 25% to 40%."


def test_an_amount_keeps_its_scale_and_its_currency() -> None:
    for amount in (
        "$40k", "$40m", "$40 trillion", "$40 zillion", "$40 lakh", "$40\u043a", "40 euros", "40 rupees", "forty euros", "€40",
        "AUD 40", "$40 AUD", "-$40", "minus $40", "40",
    ):
        assert found(f"The Zorvex pilot costs {amount} per hour.", PILOT), amount
    for amount in ("$40", "US$40", "40 dollars", "forty dollars", "USD 40"):
        assert found(f"The Zorvex pilot costs {amount} per hour.", PILOT) == [], amount
    for amount in ("17 billion euros", "17 billion users", "$17 million"):
        assert found(f"The Zorvex market reached {amount} in 2020.", MARKET), amount
    for amount in ("$17bn", "$17 billion", "seventeen billion dollars"):
        assert found(f"The Zorvex market reached {amount} in 2020.", MARKET) == [], amount


def test_a_figure_keeps_its_bound_its_way_and_its_rate() -> None:
    for figures in (
        "from about 40% to 25%", "from less than 25% to 40%", "from more than 25%", "from exactly 25%", "from −25% to 40%", "by 25%",
        "from 25 percentage points to 40%",
    ):
        assert found(f"The share will rise {figures}.", SHARE), figures
    for figures in ("from about 25 per cent to 40 per cent", "to 40% from about 25%"):
        assert found(f"The share will rise {figures}.", SHARE) == [], figures
    for price in ("$40 per day", "less than $40 per hour", "$40 per hour each year", "$40 per client"):
        assert found(f"The Zorvex pilot costs {price}.", PILOT), price
    assert "a rate that its source does not give" in found("The Zorvex pilot costs $40 per client.", PILOT)
    assert found("The Zorvex pilot costs $40 an hour.", PILOT) == []
    assert found("Zorvex keeps the files for 90 days outside Manila.", FILES)


def test_the_parts_of_a_date_belong_together() -> None:
    for dates in ("from 3 May 2021 to 5 March 2024", "from 5 May 2021", "from 5 May 2024 to 3 March 2021", "from 03/05/2021", "from May 2021"):
        assert found(f"The Zorvex contract runs {dates}.", RUNS), dates
    for dates in ("from 3 March 2021", "to May 5, 2024", "from March 2021 to May 2024", "from 3rd March 2021"):
        assert found(f"The Zorvex contract runs {dates}.", RUNS) == [], dates
    assert found("The desk opens on 3 May 2024.", "The desk opens on 3 to 5 May 2024.") == []


def test_the_month_of_may_is_no_doubt() -> None:
    assert "it is surer than its source" in found("A provider keeps the data of 3 May.", "A provider may keep the data of 3 May.")


def test_a_name_in_any_script_must_be_given() -> None:
    for place in ("Łódź", "上海", "Évry", "МАНИЛА", "Mаnila"):
        assert "a name that its source does not give" in found(f"Zorvex keeps the files for 90 days in {place}.", FILES), place
        assert found(f"Zorvex keeps the files in {place}.", f"Zorvex keeps the files in {place}.") == [], place
