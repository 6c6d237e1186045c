"""What metrics and failed stages are called, and how numbers and texts are shown to people, in every report."""

import re

LABELS = {
    "pass_rate": ("Passed", "cases whose every expectation held"),
    "facts_complete": ("All facts said", "answerable questions whose answer says every key fact"),
    "refusal_rate": ("Rightly refused", "unanswerable questions that were not answered"),
    "false_refusal_rate": ("Wrongly refused", "answerable questions that were refused"),
    "auroc": ("Told apart", "chance that an answerable question gets the higher confidence (AUROC)"),
    "calibration_error": ("Calibration error", "how far stated confidence is from the share of right answers"),
    "right_at_0.8": ("Right when sure", "answers right among those with a confidence of 0.8 or more"),
    "facts_said": ("Facts said", "mean share of key facts said"),
    "forbidden_said": ("Forbidden said", "mean number of forbidden phrases said"),
    "citation_precision": ("Citation precision", "share of citations that stand where they should"),
    "citation_recall": ("Citation recall", "answers with a citation that stands where it should"),
    "recall@5": ("Recall at 5", "share of the expected places among the first five passages"),
    "recall@10": ("Recall at 10", "share of the expected places among the first ten passages"),
    "success@3": ("Success at 3", "questions with an expected place among the first three passages"),
    "mrr": ("Reciprocal rank", "mean of 1 / rank of the first expected place"),
    "ndcg@10": ("nDCG at 10", "ranking quality of the first ten passages"),
    "token_f1": ("Token F1", "overlap of words with the reference answer (SQuAD)"),
    "rouge_l": ("ROUGE-L", "longest common word sequence with the reference answer"),
    "words": ("Words", "mean length of the answers"),
}
STAGES = {
    "error": "crashed or timed out",
    "not indexed": "the document is gone",
    "not retrieved": "the right passage was not found",
    "wrongly refused": "refused, though it was found",
    "not cited": "another place was cited",
    "not selected": "a key fact is missing",
    "forbidden": "something forbidden was said",
    "wrongly answered": "answered, though nothing answers it",
    "not conversation": "small talk was not recognised",
}


def label(metric: str) -> str:
    """A metric's name for people; one that is not known here keeps its own."""
    return LABELS.get(metric, (metric, ""))[0]


def called(name: str) -> str:
    """The name of a run for people: without the thousandths of a second, which tell two commands apart."""
    return re.sub(r"(?<=:\d\d)\.\d{3}$", "", name)


def number(metric: str, value: float | None) -> str:
    """A metric's value for people: rates in percent, the rest with two decimals; a dash for what cannot be measured."""
    if value is None:
        return "–"
    if metric == "words":
        return f"{value:.0f}"
    return f"{value:.1%}" if metric.endswith(("_rate", "_complete", "_0.8")) else f"{value:.3f}"


def readable(text: str) -> str:
    """Text without what no document may hold: control characters and lone surrogates become U+FFFD."""
    return re.sub(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
