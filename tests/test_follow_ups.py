"""Follow-ups by their rules, without documents: what was typed, after what, and the question that must come of it."""

from collections.abc import Sequence

import pytest

from assistant.conversation import understand
from corpus.terms import Term
from index.search import Lexicon

NAMES = {
    "Knowledge process outsourcing": "KPO", "Business process outsourcing": "BPO", "Legal process outsourcing": "LPO",
    "Research process outsourcing": "RPO", "Service level agreement": "SLA", "Non-disclosure agreement": "NDA", "Statement of work": "SOW",
    "General Data Protection Regulation": "GDPR", "Health Insurance Portability and Accountability Act": "HIPAA", "Artificial intelligence": "AI",
    "Global capability centre": "GCC", "Attrition": "", "Knowledge transfer": "KT", "Steering committee": "", "Master services agreement": "MSA",
    "Insider threat": "", "Escalation": "", "Gain sharing": "", "Lock-in": "", "Conflict of interest": "",
}
LAWS = ("GDPR", "HIPAA")


def term(name: str, short: str) -> Term:
    said = f"{name} is a law." if short in LAWS else f"{name} is a word."
    return Term(name, (short,) if short else (), said, "handbook/glossary.md", 0, len(said), "p", True)


LEXICON = Lexicon.of([term(name, short) for name, short in NAMES.items()])
LISTS = {
    "What are the risks of KPO?": ("Data breach | named by all", "Vague contract | named by one", "High attrition | named by one"),
    "Which pricing models are there?": ("Full-time equivalent (FTE): a team.", "Transaction-based: each unit.", "Fixed price: a result."),
    "Why do people leave KPO providers?": ("Pay: a rival offers more.", "Hours: late shifts wear people out."),
    "What are the levels of review?": ("Level 1", "Level 2"),
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
    ("What are the steps of the KPO process?", "what happens in the third step?", "What happens in the third step of the KPO process?"),
    ("What are the main trends of KPO?", "explain the second one", "Explain the second of the main trends of KPO"),
    ("What are the steps of the KPO process?", "and step 5?", "Step 5 of the KPO process?"),
    ("What happens in the third step of the KPO process?", "why does it fail?", "Why does the third step of the KPO process fail?"),
    ("What happens in the third step of the KPO process?", "and step 5?", "Step 5 of the KPO process?"),
    # pairs
    (DIFFERENCE, "is the former part of the latter?", "Is KPO part of BPO?"),
    (DIFFERENCE, "which needs more trust?", "Which needs more trust, KPO or BPO?"),
    # what is left out
    ("What is LPO?", "what can go wrong?", "What can go wrong with LPO?"),
    # corrections
    ("What is KPO?", "no, I meant LPO", "What is LPO?"),
    (BENEFITS, "sorry, BPO", "What are the benefits of BPO?"),
    (MODELS, "no, the second", "Explain the transaction-based pricing model"),
    (MODELS, "no, number 2", "Explain the transaction-based pricing model"),
    (MODELS, "sorry, I meant the third one", "Explain the fixed price pricing model"),
    # words
    ("What does AI do badly?", "what do you mean by hallucination?", "What is hallucination?"),
    # of all kinds, written after the rules
    ("What is lock-in?", "how can we avoid it", "How can we avoid lock-in"),
    ("What is an SLA?", "who signs it?", "Who signs an SLA?"),
    ("What is an SLA?", "And what happens if it's missed?", "What happens if an SLA is missed?"),
    ("What are the risks of KPO?", "how do you prevent them?", "How do you prevent the risks of KPO?"),
    ("What are the main service lines of KPO?", "which of them is the biggest?", "Which of the main service lines of KPO is the biggest?"),
    ("What is LPO?", "what about its advantages?", "What are the advantages of LPO?"),
    ("What is knowledge transfer?", "how long does this take?", "How long does knowledge transfer take?"),
    ("What is knowledge transfer?", "why does it matter", "Why does knowledge transfer matter"),
    ("Which countries provide KPO services?", "which of these is cheapest?", "Which of the countries that provide KPO services is cheapest?"),
    ("How many steps does the KPO process have?", "what are they?", "What are the steps that the KPO process has?"),
    ("What skills does an analyst need?", "how can I learn them?", "How can I learn the skills that an analyst needs?"),
    ("Is a degree needed?", "why not?", "Why not: is a degree needed?"),
    ("Is KPO cheaper than hiring?", "how so?", "How is KPO cheaper than hiring?"),
    ("What is the GDPR?", "does it apply in India?", "Does the GDPR apply in India?"),
    ("What is the GDPR?", "and the penalties?", "What are the penalties of the GDPR?"),
    ("What is the GDPR?", "who has to follow that?", "Who has to follow the GDPR?"),
    ("What does EXL do?", "how about Mu Sigma", "What does Mu Sigma do?"),
    ("What does EXL do?", "Mu Sigma?", "What does Mu Sigma do?"),
    ("Who are the clients of WNS?", "and of Genpact?", "Who are the clients of Genpact?"),
    ("How does KPO help banks?", "and hospitals?", "How does KPO help hospitals?"),
    ("What is the role of the client?", "and the provider?", "What is the role of the provider?"),
    ("What training does a new analyst get?", "for how long?", "What training does a new analyst get, and for how long?"),
    ("What does nearshore mean?", "is that cheaper than offshore?", "Is nearshore cheaper than offshore?"),
    ("compare onshore with offshore", "which one is cheaper", "Which is cheaper, onshore or offshore?"),
    ("compare onshore with offshore", "tell me more about the latter", "Tell me more about offshore"),
    ("KPO vs BPO", "what do they have in common?", "What do KPO and BPO have in common?"),
    ("Which pricing models are there?", "what's the third one?", "Explain the fixed price pricing model"),
    ("Which pricing models are there?", "can you explain number one?", "Explain the full-time equivalent (FTE) pricing model"),
    ("What are the risks of KPO?", "how do I reduce the second risk?", "How do I reduce the vague contract risk of KPO?"),
    ("What is a steering committee?", "who's in it?", "Who's in a steering committee?"),
    ("What is a steering committee?", "do we need one?", "Do we need a steering committee?"),
    ("What is a steering committee?", "when should it be set up?", "When should a steering committee be set up?"),
    ("What are the benefits of KPO?", "for the client?", "What are the benefits of KPO for the client?"),
    ("What are the benefits of KPO?", "and what about small companies?", "What are the benefits of KPO for small companies?"),
    ("What does SOW stand for?", "what should it contain?", "What should SOW contain?"),
    ("What does SOW stand for?", "i meant SLA", "What does SLA stand for?"),
    ("What does SOW stand for?", "no not that, MSA", "What does MSA stand for?"),
    ("Why do people leave KPO providers?", "what can be done about it?", "What can be done about people leaving KPO providers?"),
    ("Why do people leave KPO providers?", "how can we stop that?", "How can we stop people leaving KPO providers?"),
    ("What is gain sharing?", "in plain english please", "What is gain sharing?"),
    ("What is gain sharing?", "give me an example", "What are examples of gain sharing?"),
    ("What is gain sharing?", "any downsides?", "What are the downsides of gain sharing?"),
    ("What is AI used for in KPO?", "is it safe?", "Is AI safe?"),
    ("What is an NDA?", "how is it different to a non-compete?", "How is an NDA different to a non-compete?"),
    ("What is an NDA?", "who keeps a copy of this document?", "Who keeps a copy of an NDA?"),
    ("Which industries use KPO?", "which uses it most?", "Which of the industries that use KPO uses it most?"),
    ("Which industries use KPO?", "why do they do that?", "Why do the industries that use KPO do that?"),
    ("What is KPO?", "when did that start?", "When did KPO start?"),
    ("What is KPO?", "is there a better word for it?", "Is there a better word for KPO?"),
    ("What is KPO?", "who invented the term?", "Who invented the term KPO?"),
    ("What is KPO?", "could you go into more detail?", "What is KPO?"),
    ("What is KPO?", "too long", "What is KPO?"),
    ("What is KPO?", "hmm, and in which industries?", "In which industries is KPO used?"),
    ("What is business continuity?", "who is in charge of it?", "Who is in charge of business continuity?"),
    ("What is business continuity?", "can it be tested", "Can business continuity be tested"),
    ("What is a pilot project?", "how big should it be?", "How big should a pilot project be?"),
    ("What is a pilot project?", "and then?", "What is a pilot project?"),
    ("What is a pilot project?", "its goal?", "What is the goal of a pilot project?"),
    ("What are the duties of a reviewer?", "how many of them are there?", "How many of the duties of a reviewer are there?"),
    ("What are service credits?", "when are they paid?", "When are service credits paid?"),
    ("What are service credits?", "do these work?", "Do service credits work?"),
    ("How is quality measured in KPO?", "by whom?", "How is quality measured in KPO, and by whom?"),
    ("How is quality measured in KPO?", "and in BPO?", "How is quality measured in BPO?"),
    ("How does escalation work?", "what about security incidents?", "How does escalation work for security incidents?"),
    ("What does the first week look like?", "and the second?", "What does the second week look like?"),
    ("What does Mu Sigma do?", "is it in both lists?", "Is Mu Sigma in both lists?"),
    ("What does Mu Sigma do?", "and tcs", "What does tcs do?"),
    ("What does Mu Sigma do?", "ok what about its competitors?", "What are Mu Sigma's competitors?"),
    ("Who works in LPO?", "what do they earn?", "What do people earn (LPO)?"),
    ("Who owns the work product?", "even after the contract ends?", "Who owns the work product after the contract ends?"),
    ("Does the GDPR apply to KPO?", "and HIPAA?", "Does HIPAA apply to KPO?"),
    ("Does the GDPR apply to KPO?", "in which cases?", "Does the GDPR apply to KPO, and in which cases?"),
    ("Does the GDPR apply to KPO?", "since when?", "When does the GDPR apply to KPO?"),
    ("What is the difference between an SLA and a KPI?", "which one has penalties?", "Which has penalties, an SLA or a KPI?"),
    ("What is the difference between an SLA and a KPI?", "give me an example of the latter", "Give me an example of a KPI"),
    ("What is the difference between an SLA and a KPI?", "do we need both?", "Do we need an SLA and a KPI?"),
    ("What is the difference between an SLA and a KPI?", "and between an SLA and a SOW?", "What is the difference between an SLA and a SOW?"),
    ("Which pricing models are there?", "what is the last one good for?", "What is the fixed price pricing model good for?"),
    ("Which pricing models are there?", "more on the 1st", "Explain the full-time equivalent (FTE) pricing model"),
    ("Which pricing models are there?", "which would you choose?", "Which of the pricing models would you choose?"),
    ("Which pricing models are there?", "when do you use the second one?", "When do you use the transaction-based pricing model?"),
    ("What are the steps of knowledge transfer?", "what comes after the second step?", "What comes after documentation in knowledge transfer?"),
    ("What are the steps of knowledge transfer?", "who does step 1?", "Who does planning in knowledge transfer?"),
    ("What are the steps of knowledge transfer?", "how long do they take", "How long do the steps of knowledge transfer take"),
    ("What are the risks of KPO?", "Can they be insured?", "Can the risks of KPO be insured?"),
    ("What are the risks of KPO?", "nr 3 pls", "Explain high attrition"),
    ("What are the risks of KPO?", "and of BPO?", "What are the risks of BPO?"),
    ("What are the risks of KPO?", "legal ones?", "What are the legal risks of KPO?"),
    ("What is onboarding?", "please elaborate", "What is onboarding?"),
    ("What is onboarding?", "could you say that in one sentence?", "What is onboarding?"),
    ("What is onboarding?", "source?", "What is onboarding?"),
    ("What is onboarding?", "i dont get it", "What is onboarding?"),
    ("What is onboarding?", "sorry i meant offboarding", "What is offboarding?"),
    ("What is onboarding?", "and who pays for it?", "Who pays for onboarding?"),
    ("What should I read?", "who wrote it?", "Who wrote it (What should I read)?"),
    ("Do I need a degree?", "which one?", "Which: Do I need a degree?"),
    ("What is data annotation?", "how hard is it to learn?", "How hard is data annotation to learn?"),
    ("What is attrition?", "how is it to be measured?", "How is attrition to be measured?"),
    ("Who sits in a steering committee?", "how often does it meet?", "How often does a steering committee meet?"),
    ("Who pays for knowledge transfer?", "what can go wrong?", "What can go wrong with knowledge transfer?"),
    ("Is KPO growing?", "how fast?", "How fast is KPO growing?"),
    ("Is LPO cheaper?", "how much cheaper?", "How much cheaper is LPO?"),
    ("Are there penalties?", "how high exactly?", "How high are the penalties?"),
    ("Who pays for training?", "how much?", "How much does anyone pay for training?"),
    ("Who carries the risk?", "where?", "Where does anyone carry the risk?"),
    ("How often does a steering committee meet?", "why?", "Why does a steering committee meet?"),
    ("What is a pilot?", "should we do one?", "Should we do a pilot?"),
    ("What is a pilot?", "how long should it last?", "How long should a pilot last?"),
    ("Which industries use KPO?", "and healthcare?", "Is healthcare one of the industries that use KPO?"),
    ("Which countries are used for KPO?", "what about the Philippines?", "Tell me about the Philippines as one of the countries that are used for KPO"),
    ("What can go wrong with a KPO project?", "how do we prevent that?", "How do we prevent what goes wrong with a KPO project?"),
    ("What if quality is bad?", "and what then?", "What happens if quality is bad?"),
    ("Who owns the work?", "even if the provider wrote it?", "Who owns the work, even if the provider wrote it?"),
    ("Can I work from home?", "no, in the Philippines", "Can I work from home in the Philippines?"),
    # how long, how much, how many
    ("How long is a pilot project?", "and a trial run?", "How long is a trial run?"),
    ("How long is a pilot project?", "is it paid?", "Is a pilot project paid?"),
    ("How long are call records kept?", "and invoices?", "How long are invoices kept?"),
    ("How many days of unpaid leave are there?", "and holiday?", "How many days of holiday are there?"),
    ("How many days of unpaid leave are there?", "who approves it?", "Who approves unpaid leave?"),
    ("How many hours of language training do new analysts get?", "and product training?", "How many hours of product training do new analysts get?"),
    ("How much overtime is allowed?", "is it paid?", "Is overtime paid?"),
    ("How much does chart coding cost per page?", "and data entry?", "How much does data entry cost per page?"),
    ("How much does chart coding cost per page?", "and the smallest order?", "How much does chart coding cost per page: the smallest order?"),
    ("How much does chart coding cost?", "and its smallest order?", "What is chart coding's smallest order?"),
    ("How much does an audit cost?", "how long does it take?", "How long does an audit take?"),
    ("How much does an audit cost?", "and the urgent one?", "How much does an urgent audit cost?"),
    ("How much is paid for a flat?", "what about rents?", "How much is paid for rents?"),
    ("How much is a reviewer in Porto?", "and a junior editor?", "How much is a junior editor in Porto?"),
    ("How soon must a leak be reported?", "and a lost laptop?", "How soon must a lost laptop be reported?"),
    ("How often must passwords be changed?", "is it enforced?", "Are passwords enforced?"),
    ("How long does recruitment take?", "and audits?", "How long do audits take?"),
    ("How much does it cost?", "and training?", "How much does it cost: training?"),
    ("What is the hourly rate of a reviewer in Porto?", "and senior reviewers?", "What is the hourly rate of senior reviewers in Porto?"),
    ("What is the notice period for reviewers in Porto?", "and managers?", "What is the notice period for managers in Porto?"),
    ("How long is training of reviewers?", "and for managers?", "How long is training for managers?"),
    # who, how do I
    ("Who does the site manager report to?", "and the Chief Risk Officer?", "Who does the Chief Risk Officer report to?"),
    ("Who do I report to?", "and a trainee?", "Who do I report to: a trainee?"),
    ("How do I apply for a grant?", "and a visa?", "How do I apply for a visa?"),
    ("How do I escalate?", "and complain?", "How do I complain?"),
    ("Which clauses need care?", "and the annex?", "Which clauses need care: the annex?"),
    # what is counted
    ("What happens in month 1 of training?", "and in month 2?", "What happens in month 2 of training?"),
    ("What happens in month 1 of training?", "what about months 2 to 4?", "What happens in months 2 to 4 of training?"),
    ("Who is on support tier 2?", "and tier 3?", "Who is on support tier 3?"),
    ("What were the sales in Card Services in the third quarter?", "and in the second quarter?", "What were the sales in Card Services in the second quarter?"),
    ("What were the sales in Card Services in the third quarter?", "and in Home Loans?", "What were the sales in Home Loans in the third quarter?"),
    ("What does the first month look like?", "and in the second month?", "What does the second month look like?"),
    ("Who works in LPO?", "and in BPO?", "Who works in BPO?"),
    ("Is KPO in decline?", "and in India?", "Is KPO in decline in India?"),
    ("What are the levels of review?", "explain the second one", "Explain level 2 of review"),
    # where it is, why it was
    ("How many people work in Card Services?", "where is it?", "Where is Card Services?"),
    ("What was the loss in the third quarter?", "why?", "Why is that so: What was the loss in the third quarter?"),
    # a condition is nothing that can be asked about
    ("Who pays if an SLA is missed?", "how many measures should it have?", "How many measures should an SLA have?"),
    # what describes the one does not describe the other
    ("How exposed are legal occupations to AI?", "and computer jobs?", "How exposed are computer jobs to AI?"),
    ("How exposed are legal occupations to AI?", "and managers?", "How exposed are managers to AI?"),
    ("How are new senior analysts trained?", "and junior reviewers?", "How are junior reviewers trained?"),
    ("Why are clients leaving providers?", "and vendors?", "Why are clients leaving vendors?"),
    ("How does outsourcing help banks?", "and hospitals?", "How does outsourcing help hospitals?"),
    ("Why are people needed in banks?", "and hospitals?", "Why are people needed in hospitals?"),
    # beside a name there is what somebody needs
    ("Do I need a degree to work in KPO?", "and a master’s?", "Do I need a master’s to work in KPO?"),
    ("Do I need a degree to work in KPO?", "and an interview?", "Do I need an interview to work in KPO?"),
    ("Do I need a degree to work in KPO?", "and LPO?", "Do I need a degree to work in LPO?"),
    ("Do I need a licence to work for Genpact?", "and smaller firms?", "Do I need a licence to work for smaller firms?"),
    # what happens to a term of two words
    ("Why does knowledge transfer fail?", "how can we prevent that?", "How can we prevent knowledge transfer failing?"),
    # two things named side by side
    ("What is KPO and BPO?", "how do they differ?", "How do KPO and BPO differ?"),
    ("What do the account lead and the quality steward do?", "how do they differ?", "How do the account lead and the quality steward differ?"),
    ("What are KPO and BPO?", "which is cheaper?", "Which is cheaper, KPO or BPO?"),
    ("What are the risks and benefits of KPO?", "how do they differ?", "How do the risks and benefits of KPO differ?"),
    ("What is research and development?", "who pays for it?", "Who pays for research and development?"),
    ("What is attrition?", "how do they differ?", "How do they differ (attrition)?"),
    # what is done to something, not whom it is done with
    ("Can I share a file with a client?", "how long is it valid?", "How long is a file valid?"),
    ("Where can we park a car at the office?", "who pays for it?", "Who pays for a car?"),
    ("How do I apply for a grant?", "how much is it?", "How much is a grant?"),
    # other persons do what I do
    ("How many days a week can I work from home?", "and part-time staff?", "How many days a week can part-time staff work from home?"),
    ("How many days a week can I work from home?", "and hours?", "How many hours a week can I work from home?"),
    ("How many holidays do we get?", "and sick days?", "How many sick days do we get?"),
    ("When am I paid?", "and an intern?", "When is an intern paid?"),
    ("How do I change my password?", "and interns?", "How do interns change their password?"),
    ("How many clients do we have?", "and employees?", "How many employees do we have?"),
    # who does it
    ("What is the price of a patent search by a senior analyst?", "and for an analyst?", "What is the price of a patent search by an analyst?"),
    ("What is the price of a patent search by a senior analyst?", "and an analyst?", "What is the price of a patent search by an analyst?"),
    ("What is the price of a patent search by an analyst?", "and a contract review?", "What is the price of a contract review by an analyst?"),
    ("How much does a patent search by a senior analyst cost?", "and an analyst?", "How much does a patent search by an analyst cost?"),
    # one that is called "they"
    ("What is a scope sheet?", "how long are they kept?", "How long is a scope sheet kept?"),
    ("What is a scope sheet?", "what if they are lost?", "What if a scope sheet is lost?"),
    ("What is WNS?", "do they do legal work?", "Does WNS do legal work?"),
    # several need no article
    ("How do you protect our data?", "and invoices?", "How do you protect invoices?"),
    # who should do it
    ("Who should own the risk register?", "how often is it reviewed?", "How often is the risk register reviewed?"),
    ("Who must be told of a data breach?", "what does it cost?", "What does a data breach cost?"),
    ("Who has to be in the steering committee?", "how often does it meet?", "How often does the steering committee meet?"),
    ("Who can approve overtime?", "how fast?", "How fast can anyone approve overtime?"),
    # how something is towards another, what it is bad at
    ("How exposed are legal occupations to AI?", "and finance?", "How exposed is finance to AI?"),
    ("How exposed are legal occupations to AI?", "and RPA?", "How exposed are legal occupations to RPA?"),
    ("How useful is English in KPO?", "and LPO?", "How useful is English in LPO?"),
    ("How useful is English in KPO?", "and French?", "How useful is French in KPO?"),
    ("How important are certificates for providers?", "are they expensive?", "Are certificates expensive?"),
    ("What's generative AI bad at?", "is it safe?", "Is generative AI safe?"),
    ("What are analysts bad at?", "how can they improve?", "How can analysts improve?"),
    ("What is generative AI bad at?", "why?", "Why is that so: What is generative AI bad at?"),
    # whose it is, said by a word before
    ("How exposed is finance to AI?", "so will they lose their jobs?", "Will people lose their jobs (finance)?"),
    ("What are analysts bad at?", "how do they lose their focus?", "How do analysts lose their focus?"),
    ("What is a provider?", "what happens if it loses its staff?", "What happens if a provider loses its staff?"),
    ("What is LPO?", "is it true that its costs fall?", "Is it true that LPO's costs fall?"),
    # what is counted in words
    ("What do I do on day one?", "and on day three?", "What do I do on day three?"),
    ("What happens in week two of training?", "and week 3?", "What happens in week 3 of training?"),
    # an aspect against another thing
    ("What is a GCC?", "pros and cons compared to KPO?", "What are the pros and cons of a GCC compared to KPO?"),
    (WHAT, "and the advantages over BPO?", "What are the advantages of KPO over BPO?"),
    (WHAT, "what are the drawbacks vs hiring", "What are the drawbacks of KPO vs hiring?"),
    # a whole question that opens with a preposition, and a first that is no place
    ("What is an SLA?", "within how many hours must it be answered?", "Within how many hours must an SLA be answered?"),
    ("What are the risks of KPO?", "which of them should be tackled first?", "Which of the risks of KPO should be tackled first?"),
    # a place that was asked for and not named
    ("Where is KPO done?", "why there?", "Why there (where is KPO done)?"),
    ("Where do most analysts work?", "what do people earn there?", "What do people earn there (where do most analysts work)?"),
]
UNTOUCHED = [  # a change of topic, also one with a pronoun of its own
    "What is attrition and how is it measured?", "How does a provider keep its people?", "What does a steering committee decide?",
    "If a provider loses data, who pays for it?", "Is it possible to start without a degree?", "How long does it take to become a team leader?",
    "Are there any laws on data transfers?", "Which countries provide KPO services?", "Which is better, KPO or BPO?",
    "What is the first step of the KPO process?", "tell me more about EXL", "Do clients lose control when they outsource?",
    "What is due diligence?",
    "How do I know that a provider is good?",
    "When a client ends the contract, what happens to its data?",
    "Should I learn Python or SQL?",
    "What is the first thing to do on Monday?",
    "is there a difference between captive and shared services",
    "Explain the seven steps",
    "how do time zones affect a team that works at night?",
    "Who pays when a project is late?",
    "What does a provider do with its knowledge?",
    "Can data be anonymised before it is sent abroad?",
    "is it true that AI will replace analysts?",
    "What documents do I need for a tender?",
    "name three KPO providers",
    "define turnaround time",
    "the role of audits",
    "any risks when two clients compete?",
    "any laws about data transfers?",
    "Whose job is it to check a report before the client sees it?",
    "What is it like to review contracts all day?",
    "Is it common for analysts to leave their jobs?",
    "How happy are clients with Infosys?",
    "Within how many hours must a data breach be reported?",
    "In which countries do most analysts live?",
    "Which of the five sources was published first?",
    "Who should approve overtime?",
]


@pytest.mark.parametrize(("before", "text", "expected"), REWRITTEN, ids=[f"{before} {text}" for before, text, _ in REWRITTEN])
def test_a_follow_up_becomes_a_question_that_stands_alone(before: str, text: str, expected: str) -> None:
    assert alone(before, text) == expected


def test_a_place_that_is_put_right_is_counted_in_the_same_list() -> None:
    assert alone(MODELS, "explain the first one", "no, the third") == "Explain the fixed price pricing model"
    assert alone("What should be in a statement of work?", "the third one please", "no, number 2") == "Number 2 of a statement of work"


@pytest.mark.parametrize(("text", "expected"), [
    ("which is better for a German client?", "Which is better for a German client, LPO or RPO?"),
    ("whats the difference", "Whats the difference between LPO and RPO?"),
    ("which is cheaper?", "Which is cheaper, LPO or RPO?"),
])
def test_two_things_that_were_defined_one_after_the_other_are_compared(text: str, expected: str) -> None:
    assert alone("What is LPO?", "and RPO?", text) == expected


@pytest.mark.parametrize(("before", "text", "expected"), [
    (WHAT, "Thanks! And what are its risks?", "What are the risks of KPO?"), (WHAT, "ok thanks but what about LPO", "What is LPO?"),
    (WHAT, "thanks a lot, where is it done?", "Where is KPO done?"), ("", "thanks, what is LPO?", "what is LPO?"),
    ("", "Cheers - how do I escalate?", "how do I escalate?"),
])
def test_a_courtesy_is_no_part_of_a_question(before: str, text: str, expected: str) -> None:
    assert alone(before, text) == expected


@pytest.mark.parametrize("text", UNTOUCHED)
def test_a_change_of_topic_is_left_as_it_is(text: str) -> None:
    assert alone(DIFFERENCE, text) == text
    assert alone("What is a statement of work?", text) == text
