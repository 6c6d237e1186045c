"""Retrieval: a question becomes ranked passages.

Four searchers (dense, lexical, terms, questions) give a list each; the lists are fused by reciprocal rank, near-duplicates are folded into
one, and a cross-encoder reranks the best few.
"""

import math
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from corpus.cut import SCHEME
from corpus.document import Passage, embedded_text, told_by_columns
from corpus.errors import IndexMismatch
from corpus.normalise import one_line
from corpus.terms import Term
from index.catalog import Catalog, Kept, Matrix, View
from index.chroma import Store
from index.embed import Embedder
from index.lexical import STOPWORDS, content_words, singular, words
from index.rerank import Reranker

DEPTH = 50  # hits asked of each searcher
WEIGHED = 4  # passages whose length is looked at for each one that is wanted
OVERSAMPLING = 4  # Chroma is asked for this many times as many, and the catalog's own vectors decide
# Reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009, where K is 60) and what tells more: how near a passage's question is to the one
# asked, and how much the passage says. `kpo eval fit-fusion` prints what they should be.
RRF_K = 10
NEAR = 0.13  # for a cosine of 1
LENGTH = 0.03  # for each factor of e in characters
COMMON = 0.5  # share of the passages from which a word tells none of them from another ("KPO" in a handbook about KPO)
CENTRAL = 0.5  # share of a question's subject words that a term must make up to be what the question is about
RERANKED = 10  # passages that the cross-encoder reads; its time grows with them
FIRST = 4  # of them at first, two for each core, when it is enough to find one that is CLEAR
BESIDE = 3  # passages that it reads besides, of documents that list no questions, where others do and would crowd them out
THOROUGH = 2  # passages that it reads for each one that is wanted, where somebody wants to look through them
CLEAR = 4.0  # logit of a passage that certainly speaks of what is asked
# A question near one that a section says it answers (compare doc2query, Nogueira et al., 2019): the cosine from which that counts, and how many
# passages are found that way. The cross-encoder reads the nearest such question before the passage; two were hardly better and took longer.
ALIKE = 0.3
ASKED = 20
SAME = 0.9  # Jaccard similarity of two passages' words from which they are one


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: its score, and which searchers found it ("dense", "lexical", "terms", "questions").

    `score` is the cross-encoder's logit where `reranked`, else that of the fusion: the two are not comparable. `asked` is the
    nearest of the questions that the passage's section says it answers, `near` its cosine; "" and 0 when none is near.
    """

    passage: Passage
    score: float
    found_by: tuple[str, ...]
    reranked: bool
    asked: str = ""
    near: float = 0.0

    @property
    def read(self) -> str:
        """What the cross-encoder reads of the passage: what it answers, where it stands, what it says; a table's row as sentences."""
        told = told_by_columns(self.passage)
        said = embedded_text(self.passage.context.rpartition("\n")[0], told) if told else embedded_text(self.passage.context, self.passage.text)
        return embedded_text(self.asked, said)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What a search gave: hits best first, the words looked for, the terms recognised, milliseconds by stage.

    `question` is what the hits were ranked by: without the words that every passage shares (see `focused`).
    """

    question: str
    hits: tuple[Hit, ...]
    searched: tuple[str, ...]
    terms: tuple[Term, ...]
    timings_ms: dict[str, float] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the searchers found for `question`, before fusion: ids of passages, best first (`named`: where the terms stand; `asked`: whose
    sections say that they answer a question near it, with the nearest of these and its cosine).

    `searched` are the words looked for, `timings_ms` the milliseconds of "lexical", "embed" and "dense"; `others` are passages that define a word
    which is only a part of a name in the question.
    """

    question: str
    dense: list[str]
    lexical: list[str]
    named: list[str]
    asked: dict[str, tuple[str, float]]
    searched: tuple[str, ...]
    terms: tuple[Term, ...]
    timings_ms: dict[str, float] = field(compare=False)
    others: frozenset[str] = frozenset()

    @property
    def lists(self) -> list[tuple[str, Sequence[str]]]:
        """The lists that are fused, with their searchers, without the `others`."""
        found = [("dense", self.dense[:DEPTH]), ("lexical", self.lexical[:DEPTH]), ("terms", self.named), ("questions", [*self.asked][:ASKED])]
        return [(name, [id for id in ids if id not in self.others]) for name, ids in found]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The terms of one generation, ready to be recognised in questions."""

    by_words: dict[tuple[str, ...], list[Term]]
    longest: int
    common: frozenset[str] = frozenset()

    @classmethod
    def of(cls, terms: Iterable[Term], common: frozenset[str] = frozenset()) -> "Lexicon":
        """Terms by the folded words of their names and abbreviations, those of three letters and more also as a plural ("SLAs", not "its").

        `common` are the words that tell no passage from another.
        """
        by_words: dict[tuple[str, ...], list[Term]] = {}
        for term in terms:
            plurals = (f"{short}s" for short in term.abbreviations if len(short) > 2)
            for name in dict.fromkeys((term.name, *term.abbreviations, *plurals)):
                key = tuple(words(name))
                if key:
                    by_words.setdefault(key, []).append(term)
        return cls(by_words, max(map(len, by_words), default=0), common)

    def recognise(self, question: str) -> list[Term]:
        """The terms named in a question: longest names first, then in the question's order; definitions before expansions.

        Abbreviations that are words of their own ("IT", "AR") count only in capitals; a word counts not at all as a part of a longer name: "bench" is none
        of "the Service Bench".
        """
        found: list[tuple[int, int, Term]] = []
        said = words(question)
        shouted = {words(token)[0] for token in question.split() if words(token) and sum(c.isupper() for c in token) >= 2}
        taken: set[int] = set()
        within = _within_names(question)
        for size in range(min(self.longest, len(said)), 0, -1):
            for at in range(len(said) - size + 1):
                key = tuple(said[at : at + size])
                if key not in self.by_words or taken & set(range(at, at + size)):
                    continue
                if size == 1 and (len(key[0]) <= 2 and key[0] not in shouted or at in within):
                    continue
                taken |= set(range(at, at + size))
                found += [(-size, at, term) for term in self.by_words[key]]
        found.sort(key=lambda entry: (entry[0], entry[1], not entry[2].defines, entry[2].document, entry[2].start))
        return [term for _, _, term in found]

    def within_names(self, question: str) -> frozenset[str]:
        """The passages that define a word which stands only within a longer name in the question: what "bench" means says nothing of "the Service Bench"."""
        said, within = [word for token in question.split() for word in words(token)], _within_names(question)
        alone = {word for at, word in enumerate(said) if at not in within}
        return frozenset(
            term.passage for at in within if said[at] not in alone for term in self.by_words.get((said[at],), ()) if term.defines and " " not in term.name
        )


def _within_names(question: str) -> set[int]:
    """The places, among the words of a question, of those that stand beside another in a name: capitalised both ("the Service Bench").

    None in a question all of whose words are capitalised ("What Is Attrition Rate?").
    """
    said = [(re.sub(r"[\W\d_]", "", token), word) for token in question.split() for word in words(token)]
    if all(letters.istitle() or letters.isupper() for letters, _ in said[1:]):
        return set()
    capital = [at > 0 and letters.istitle() and word not in STOPWORDS for at, (letters, word) in enumerate(said)]
    return {at for at in range(len(said)) if capital[at] and any(capital[max(0, at - 1) : at] + capital[at + 1 : at + 2])}


class Retrieval:
    """Searches one catalog. Safe for threads; what depends on a generation is made anew when the generation changes."""

    def __init__(self, catalog: Catalog, embedder: Embedder, reranker: Reranker | None, store: Store | None = None) -> None:
        self.catalog = catalog
        self.embedder = embedder
        self.reranker = reranker
        self._store = store
        self._matrix = Kept(_in_float64)
        self._questions = Kept(View.questions)
        self._lexicon = Kept(lambda view: Lexicon.of(view.terms(), common_words(view)))

    @contextmanager
    def reading(self) -> Iterator[View]:
        """A read transaction on an index that was built with this embedding model.

        Raises IndexMissing, or IndexMismatch for another model or passage scheme.
        """
        with self.catalog.reading() as view:
            check_built_with(view, self.embedder.identity)
            yield view

    def search(
        self, view: View, question: str, *, k: int | None = None, documents: frozenset[str] | None = None, enough: float = math.inf,
        also: Sequence[str] = (),
    ) -> Retrieved:
        """The `k` best hits for a question, best first; none for an empty index, a blank question or no documents chosen.

        Without `k` the RERANKED best candidates and those `beside` them, of which an answer is made; with it the best of THOROUGH times as many,
        if that is more. A score of `enough` among the FIRST passages ends the search with these, which is faster. What `also` finds is a candidate
        too: the same question in other words, which its passages are not ranked by.
        """
        listed = self.listed(view, question, documents=documents)
        if not listed.searched or (k is not None and k < 1):
            return Retrieved(listed.question, (), (), (), {})
        others = [self.listed(view, other, documents=documents) for other in also]
        clock = _Clock()
        hits = self.fused(view, listed, max(RERANKED, THOROUGH * (k or 0)), others)
        beside = self.beside(view, (listed, *others), hits[:FIRST])
        clock.lap("fuse")
        best = self.reranked(listed.question, hits, beside, enough=enough)[:k]
        clock.lap("rerank")
        spent = {stage: sum(one.timings_ms.get(stage, 0.0) for one in (listed, *others)) for stage in ("lexical", "embed", "dense")}
        search = round(spent["dense"] + spent["lexical"] + clock.laps["fuse"], 3)
        timings = {"embed": round(spent["embed"], 3), "search": search, "rerank": clock.laps["rerank"]}
        return Retrieved(listed.question, tuple(best), listed.searched, listed.terms, timings)

    def listed(self, view: View, question: str, *, documents: frozenset[str] | None = None, depth: int = DEPTH) -> Listed:
        """What each searcher finds for a question, at most `depth` passages each; empty lists for a blank question."""
        clock = _Clock()
        lexicon = self.lexicon(view)
        terms, others = lexicon.recognise(one_line(question)), lexicon.within_names(one_line(question))
        question = focused(one_line(question), lexicon.common)
        subject = content_words(question)
        if not subject:
            return Listed(question, [], [], [], {}, (), (), {})
        expanded = [*subject, *(word for term in _abbreviated(terms, subject) for word in content_words(term.name))]
        lexical = view.lexical(expanded, depth, documents)
        clock.lap("lexical")
        vector = self.embedder.embed_question(question)
        clock.lap("embed")
        dense = self._dense(view, vector, documents, depth)
        asked = self._answering(view, vector, documents)
        clock.lap("dense")
        named = [t.passage for t in central(terms, subject) if documents is None or t.document in documents]
        return Listed(question, dense, lexical, named, asked, tuple(dict.fromkeys(expanded)), tuple(terms), clock.laps, others)

    def fused(self, view: View, listed: Listed, n: int, others: Sequence[Listed] = ()) -> list[Hit]:
        """The `n` best passages of the lists together, of each its first DEPTH; what says the same as a better one is left out."""
        ranked = fuse([found for one in (listed, *others) for found in one.lists])[: WEIGHED * n]
        passages = view.passages([id for id, _, _ in ranked])
        known = [Hit(passages[id], score, found_by, False, *listed.asked.get(id, ())) for id, score, found_by in ranked if id in passages]
        hits = [replace(hit, score=hit.score + NEAR * hit.near + LENGTH * math.log(len(hit.passage.text))) for hit in known]
        hits.sort(key=lambda hit: (hit.passage.kind == "comment", -hit.score, hit.passage.id))  # opinion ranks behind
        return fold_same(hits)[:n]

    def beside(self, view: View, found: Sequence[Listed], first: Sequence[Hit]) -> list[Hit]:
        """The BESIDE best passages of documents that list no questions, by words and meaning alone, but for those among the first hits.

        None where no document lists any.
        Where one does, NEAR and the list of questions lift its passages above whatever is not written so, such as a firm's own rules.
        """
        asking = self.asking(view)
        if not asking:
            return []
        ranked = fuse([(name, ids) for one in found for name, ids in one.lists if name != "questions"])
        passages = view.passages([id for id, _, _ in ranked])
        own = [Hit(passages[id], score, found_by, False) for id, score, found_by in ranked if id in passages]
        best = fold_same([hit for hit in own if hit.passage.document not in asking and hit.passage.kind != "comment"][: WEIGHED * BESIDE])[:BESIDE]
        there = {hit.passage.id for hit in first}
        return [hit for hit in best if hit.passage.id not in there]

    def asking(self, view: View) -> frozenset[str]:
        """The documents whose sections list questions that they answer."""
        return frozenset(self._questions.of(view).documents)

    def lexicon(self, view: View) -> Lexicon:
        """The terms of the view's generation."""
        return self._lexicon.of(view)

    def _dense(self, view: View, vector: np.ndarray, documents: frozenset[str] | None, depth: int) -> list[str]:
        if documents is None and self._store is not None:
            near = self._store.search(view.generation, vector, depth * OVERSAMPLING)
            if near is not None:
                known = view.vectors(near)
                ids = sorted(known)
                return nearest(ids, np.stack([known[id] for id in ids]), vector, depth) if ids else []
        matrix = self._matrix.of(view) if documents is None else self._matrix.of(view).within(documents)
        return nearest(matrix.ids, matrix.vectors, vector, depth)

    def _answering(self, view: View, vector: np.ndarray, documents: frozenset[str] | None) -> dict[str, tuple[str, float]]:
        """The passages whose sections say that they answer a question at least ALIKE, nearest first, with that question and its cosine."""
        known = self._questions.of(view)
        if not known.texts:
            return {}
        cosines = np.einsum("ij,j->i", known.vectors, vector)
        found: dict[str, tuple[str, float]] = {}
        for at in sorted(np.flatnonzero(cosines >= ALIKE), key=lambda at: (-round(float(cosines[at]), 6), at)):
            if documents is None or known.documents[at] in documents:
                for passage in known.passages[at]:
                    found.setdefault(passage, (known.texts[at], round(float(cosines[at]), 6)))
        return found

    def reranked(self, question: str, hits: list[Hit], beside: Sequence[Hit] = (), *, enough: float = math.inf) -> list[Hit]:
        """The hits in the cross-encoder's order, with its scores; as they are without a reranker.

        Only the FIRST ones, and those `beside` them, when one of them scores `enough`.
        """
        there = {hit.passage.id for hit in beside}
        rest = [hit for hit in hits[FIRST:] if hit.passage.id not in there]
        if self.reranker is None:
            return [*hits[:FIRST], *beside, *rest]
        scored: list[Hit] = []
        for batch in ([*hits[:FIRST], *beside], rest):
            if any(hit.score >= enough for hit in scored):
                break
            scores = self.reranker.score(question, [hit.read for hit in batch])
            scored += [replace(hit, score=score, reranked=True) for hit, score in zip(batch, scores, strict=True)]
        return sorted(scored, key=lambda hit: (hit.passage.kind == "comment", -hit.score, hit.passage.id))


def check_built_with(view: View, identity: str) -> None:
    """Raise IndexMismatch unless the index was built with this embedding model and today's passage scheme."""
    found = view.meta("embedder")
    if found is not None and found != identity:
        raise IndexMismatch(
            "the data folder was built with another embedding model", "run `kpo ingest --rebuild`, or set KPO_EMBEDDING_MODEL back"
        )
    check_scheme(view)


def check_scheme(view: View) -> None:
    """Raise IndexMismatch unless the passages were cut the way they are cut today. An empty index passes."""
    if view.meta("scheme") not in (None, str(SCHEME)):
        raise IndexMismatch("the data folder was built with another way of cutting passages", "run `kpo ingest --rebuild`")


def fuse(lists: Sequence[tuple[str, Sequence[str]]], k: int = RRF_K) -> list[tuple[str, float, tuple[str, ...]]]:
    """Reciprocal rank fusion of lists with their searchers: score(d) = sum over lists of 1 / (k + rank of d), ranks from 1. Ties by id.

    An id that comes twice in one list counts at its first place. Several lists may come from one searcher.
    """
    scores: dict[str, float] = {}
    found_by: dict[str, dict[str, None]] = {}
    for name, ids in lists:
        for rank, id in enumerate(dict.fromkeys(ids), 1):
            scores[id] = scores.get(id, 0.0) + 1 / (k + rank)
            found_by.setdefault(id, {})[name] = None
    return [(id, scores[id], tuple(found_by[id])) for id in sorted(scores, key=lambda id: (-scores[id], id))]


def nearest(ids: Sequence[str], vectors: np.ndarray, vector: np.ndarray, n: int) -> list[str]:
    """The ids of the `n` rows with the highest cosine to `vector` (all of length 1), ties by id. Empty for no rows.

    Row by row in float64, so that the order does not depend on which other rows are compared. Cosines count to nine digits; only rows that may be
    among the `n` best are sorted.
    """
    if not len(ids):
        return []
    scores = np.einsum("ij,j->i", vectors.astype(np.float64, copy=False), vector.astype(np.float64))
    least = np.partition(scores, -n)[-n] - 1e-8 if n < len(ids) else -np.inf  # more than rounding can make up
    order = sorted(np.flatnonzero(scores >= least).tolist(), key=lambda at: (-round(float(scores[at]), 9), ids[at]))
    return [ids[at] for at in order[:n]]


def _in_float64(view: View) -> Matrix:
    """All vectors as `nearest` reckons in them."""
    matrix = view.matrix()
    return replace(matrix, vectors=matrix.vectors.astype(np.float64))


def fold_same(hits: Sequence[Hit]) -> list[Hit]:
    """Hits without those that say the same as a better one (word sets with a Jaccard similarity of at least SAME)."""
    kept: list[tuple[Hit, frozenset[str]]] = []
    for hit in hits:
        said = frozenset(words(hit.passage.text))
        if not any(len(said & other) >= SAME * len(said | other) for _, other in kept):
            kept.append((hit, said))
    return [hit for hit, _ in kept]


def common_words(view: View) -> frozenset[str]:
    """The subject words that stand in more than COMMON of all passages. None in a small index, where that says nothing."""
    passages = view.count_passages()
    if passages < 2 * DEPTH:
        return frozenset()
    return frozenset(word for word, n in view.vocabulary().items() if n > COMMON * passages and word not in STOPWORDS)


# Nouns that a common word only says again what they are of: "KPO provider" in a handbook about KPO.
_BEARERS = (
    r"(?:providers?|firms?|compan(?:y|ies)|vendors?|clients?|employees?|staff|teams?|workers?|specialists?|analysts?|experts?|work|jobs?|careers?|"
    r"services?|projects?|contracts?|engagements?|operations?|deliverables?|output)\b"
)


def focused(question: str, common: frozenset[str]) -> str:
    """The question without the words that every passage shares, where it loses nothing: "drawbacks of KPO", "KPO provider".

    A cross-encoder prefers any passage that repeats them. They stay where they are asked about: as what is defined, beside "and" or "than",
    and whenever fewer than two other subject words would be left.
    """
    kept = question
    for word in sorted(common):
        aside = rf"\s+(?:in|of|for|with|by|from|to|within|at|into)\s+(?:the\s+|an?\s+)?{re.escape(word)}(?:'s)?\b"
        as_object = rf"{aside}(?!\s*(?:,|and\b|or\b|vs\b|versus\b|than\b))"
        as_modifier = rf"(?<!\band )(?<!\bor )\b{re.escape(word)}\s+(?={_BEARERS})"
        kept = re.sub(as_object, " ", re.sub(as_modifier, "", kept, flags=re.I), flags=re.I)
    kept = one_line(kept.replace(" ?", "?"))
    left = [word for word in content_words(kept) if word not in common and word not in STOPWORDS]
    return kept if len(left) >= 2 else question


# Words that ask for a name or a definition, and say nothing of what is named.
_FRAME = frozenset([
    "full", "long", "form", "forms", "stand", "stands", "short", "abbreviation", "acronym", "mean", "means", "meaning", "define", "definition", "please", "pls",
    "term", "word", "explain", "someone", "somebody", "anyone", "anybody", "letter", "letters",
])


def central(terms: Sequence[Term], subject: Sequence[str]) -> list[Term]:
    """The terms that a question is about, not those it mentions by the way: the list of terms would crowd out what it asks for.

    `subject` are the question's content words.
    """
    about = _about(subject)

    def share(term: Term) -> float:
        return max(len(_singulars(name) & about) for name in (term.name, *term.abbreviations)) / max(1, len(about))

    return [term for term in terms if share(term) >= CENTRAL]


def is_defined(terms: Sequence[Term], subject: Sequence[str]) -> bool:
    """Is a defined term all that a question is about? False for a question without subject words."""
    about = _about(subject)
    return bool(about) and any(term.defines and about <= _singulars(name) for term in terms for name in (term.name, *term.abbreviations))


def is_spelled_out(terms: Sequence[Term], subject: Sequence[str]) -> bool:
    """Is an abbreviation whose long form the documents give all that a question is about ("What does ITES stand for?")?"""
    about = _about(subject)
    return bool(about) and any(about <= _singulars(short) for term in terms for short in term.abbreviations)


def _abbreviated(terms: Sequence[Term], subject: Sequence[str]) -> list[Term]:
    """The terms whose abbreviation the question uses without the long name."""
    said = {singular(word) for word in subject}
    return [t for t in terms if any(_singulars(short) <= said for short in t.abbreviations) and not _singulars(t.name) <= said]


def _about(subject: Sequence[str]) -> set[str]:
    """The words that a question is about, in the singular: "GCCs" asks for what is defined as a "GCC"."""
    return {singular(word) for word in subject if word not in _FRAME}


def _singulars(name: str) -> set[str]:
    return {singular(word) for word in content_words(name)}


class _Clock:
    """Milliseconds between laps."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 3)
        self._last = now
