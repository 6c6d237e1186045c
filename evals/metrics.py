"""Metrics: small pure functions. Retrieval measures come from ir-measures, ROUGE from rouge-score; the rest is defined here."""

import re
import string
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import regex

from corpus.errors import EvalError
from evals.cases import Phrase, as_regex

K = 10
BINS = 10  # of confidence, of equal width
LONGEST = 2.0  # seconds for one regular expression; one that takes milliseconds is the rule

_MARK = re.compile(r"(?<!\\)\[(\d+)\]")


def parts(text: str) -> list[tuple[str, str]]:
    """An answer's text as (words, marker) pairs, the marker "" after the last words; escaped brackets become plain ones."""
    pieces = _MARK.split(text)
    words = [re.sub(r"\\([\[\]])", r"\1", piece) for piece in pieces[::2]]
    return list(zip(words, [*pieces[1::2], ""], strict=True))


def unmarked(text: str) -> str:
    """The words of an answer's text, single blanks between."""
    return " ".join("".join(words for words, _ in parts(text)).split())


def says(text: str, phrase: Phrase) -> bool:
    """Is the phrase among the words of an answer's text? Of alternatives one suffices.

    Upper and lower case, and kinds of white space, do not matter. A figure is the whole figure: "40" is not said by "140", "1.40" or "40,000".
    Raises EvalError for a regular expression that goes back and forth for longer than LONGEST.
    """
    if not isinstance(phrase, str):
        return any(says(text, one) for one in phrase)
    pattern = as_regex(phrase)
    if pattern is not None:
        try:
            return regex.search(pattern, unmarked(text), regex.I, timeout=LONGEST) is not None
        except TimeoutError as error:
            raise EvalError(f"looking for {phrase} took longer than {LONGEST:g} s", "write it without a repetition within a repetition") from error
    wanted = " ".join(phrase.split()).casefold()
    whole = (r"(?<!\d)(?<!\d[.,])" if wanted[:1].isdigit() else "") + re.escape(wanted) + (r"(?![.,]?\d)" if wanted[-1:].isdigit() else "")
    return re.search(whole, unmarked(text).casefold()) is not None


def facts_said(text: str, must_say: Sequence[Phrase]) -> float:
    """Share of the key facts that the text says; 1.0 when none is asked for."""
    return sum(says(text, phrase) for phrase in must_say) / len(must_say) if must_say else 1.0


def forbidden_said(text: str, must_not_say: Sequence[Phrase]) -> int:
    """How many of the forbidden phrases the text says."""
    return sum(says(text, phrase) for phrase in must_not_say)


def retrieval(relevant: Sequence[str], ranked: Sequence[str]) -> dict[str, float]:
    """recall@5, recall@10, success@3, MRR and nDCG@10 of a ranked list of ids, by ir-measures. An empty list scores 0.

    `relevant` are the ids that may be found (each of relevance 1): recall is the share of them that is. The list is cut at 3, 5 or 10, then an
    id that comes twice in it counts at its first place. Empty `relevant` gives no measures.
    """
    if not relevant:
        return {}
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    measures = {"recall@5": (R @ 5, 5), "recall@10": (R @ K, K), "success@3": (Success @ 3, 3), "mrr": (RR, len(ranked)), "ndcg@10": (nDCG @ K, K)}
    if not ranked:
        return dict.fromkeys(measures, 0.0)
    qrels = [ir_measures.Qrel("q", id, 1) for id in dict.fromkeys(relevant)]
    found = {}
    for name, (measure, depth) in measures.items():
        unique = list(dict.fromkeys(ranked[:depth]))
        run = [ir_measures.ScoredDoc("q", id, float(len(unique) - at)) for at, id in enumerate(unique)]
        found[name] = float(ir_measures.calc_aggregate([measure], qrels, run)[measure])
    return found


def squad_tokens(text: str) -> list[str]:
    """Tokens after SQuAD's normalisation: lower case, no punctuation, no articles (Rajpurkar et al. 2016, official script)."""
    plain = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", plain).split()


def token_f1(text: str, reference: str) -> float:
    """SQuAD's token F1. Both empty: 1.0; one empty: 0.0."""
    said, wanted = squad_tokens(text), squad_tokens(reference)
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((Counter(said) & Counter(wanted)).values())
    return 2 * shared / (len(said) + len(wanted))


@lru_cache(maxsize=1)
def _scorer() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)


def rouge_l(text: str, reference: str) -> float:
    """ROUGE-L F-measure with stemming, by rouge-score (Lin 2004). An empty text scores 0."""
    return float(_scorer().score(reference, text)["rougeL"].fmeasure)


def rouge_l_precision(text: str, reference: str) -> float:
    """The share of the text's words, in 0..1, that the reference has in the same order, as ROUGE-L counts them. An empty text scores 0."""
    return float(_scorer().score(reference, text)["rougeL"].precision)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie, linearly interpolated; 0.0 for no values."""
    return float(np.quantile(values, share)) if values else 0.0


def coverage_risk(confidences: Sequence[float], right: Sequence[bool]) -> list[tuple[float, float]]:
    """The coverage-risk curve: for each number of answers kept, most confident first, (share kept, share of those wrong).

    El-Yaniv and Wiener, JMLR 2010. Empty input gives an empty curve.
    """
    order = sorted(range(len(confidences)), key=lambda at: -confidences[at])
    wrong, curve = 0, []
    for kept, at in enumerate(order, 1):
        wrong += not right[at]
        curve.append((kept / len(order), wrong / kept))
    return curve


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[tuple[float, float, int]]:
    """The reliability curve: for each of the BINS that is not empty (mean confidence, share right, how many)."""
    groups: dict[int, list[int]] = {}
    for at, confidence in enumerate(confidences):
        groups.setdefault(min(BINS - 1, int(confidence * BINS)), []).append(at)
    return [
        (sum(confidences[at] for at in group) / len(group), sum(right[at] for at in group) / len(group), len(group)) for _, group in sorted(groups.items())
    ]


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error: the mean over bins, weighed by size, of |share right - mean confidence| (Guo et al., ICML 2017)."""
    curve = reliability(confidences, right)
    return sum(abs(share - mean) * n for mean, share, n in curve) / max(1, len(confidences))


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Area under the ROC curve (Mann-Whitney U, ties count half); None when only one kind is there."""
    yes = [s for s, p in zip(scores, positive, strict=True) if p]
    no = sorted(s for s, p in zip(scores, positive, strict=True) if not p)
    if not yes or not no:
        return None
    return sum((bisect_left(no, s) + bisect_right(no, s)) / 2 for s in yes) / (len(yes) * len(no))
