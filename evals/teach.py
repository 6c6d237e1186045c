"""Teaching: from practice questions a matrix is learned that turns questions' vectors towards the passages that answer them.

The practice questions are never reported on, and no constant of the floor is fitted on them.
"""

import numpy as np

from corpus.document import Passage, embedded_text
from corpus.errors import EvalError
from evals.cases import Case, CaseSet
from evals.metrics import facts_said
from index.search import Retrieval

SEED = 7
ROUNDS, TOGETHER = 40, 128  # rounds over all questions, and questions of a step
PACE, DECAY = 5e-4, 0.3  # learning rate and weight decay of AdamW
SHARP = 20.0  # of the softmax over the passages
# Weight of how far random vectors are turned, so that questions about other things stay where they are. Without it the nDCG@10 of the dense search
# on a public set fell from 0.80 to 0.73, with it to 0.77.
STAY, STRANGERS = 3.0, 256


def turn(retrieval: Retrieval, found: CaseSet) -> np.ndarray:
    """The matrix that turns questions' vectors towards the passages that answer them (see `index.turn`), float16.

    `retrieval` is one whose embedder was not taught.
    It is fitted so that a softmax over all passages is high for those with the key facts at a case's places.
    """
    import torch

    with retrieval.reading() as view:
        matrix = view.matrix()
        passages = view.passages(matrix.ids)
        asked, rows = [], []
        for case in found.cases:
            right = [at for at, id in enumerate(matrix.ids) if answers(case, passages[id])]
            if right:
                asked.append(retrieval.listed(view, case.question).question)
                rows.append(right)
    if not rows:
        raise EvalError(f"no passage says the key facts of any case of {found.name}", "write cases with `must_say` and `must_cite`, see `kpo eval check`")
    torch.manual_seed(SEED)
    questions, vectors = torch.tensor(retrieval.embedder.embed_passages(asked)), torch.tensor(np.asarray(matrix.vectors))
    told = torch.zeros(len(rows), len(vectors), dtype=torch.bool)
    for at, right in enumerate(rows):
        told[at, right] = True
    size = vectors.shape[1]
    down, up = torch.nn.Parameter(torch.randn(size, size) / size**0.5), torch.nn.Parameter(torch.zeros(size, size))
    learner = torch.optim.AdamW([down, up], lr=PACE, weight_decay=DECAY)
    for _ in range(ROUNDS):
        for batch in torch.split(torch.randperm(len(questions)), TOGETHER):
            turned = torch.nn.functional.normalize(questions[batch] + questions[batch] @ down.T @ up.T, dim=1)
            near = SHARP * turned @ vectors.T
            strangers = torch.nn.functional.normalize(torch.randn(STRANGERS, size), dim=1) @ down.T @ up.T
            missed = torch.logsumexp(near, 1) - torch.logsumexp(near.masked_fill(~told[batch], -torch.inf), 1)
            loss = missed.mean() + STAY * (strangers**2).sum(1).mean()
            learner.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.step()
    return np.asarray((up @ down).detach().numpy(), dtype=np.float16)


def answers(case: Case, passage: Passage) -> bool:
    """Does a passage stand at one of the places of a case, and say all its key facts? Never for a case that expects no answer."""
    at_place = any(place.matches(passage.document, passage.heading, passage.page) for place in case.must_cite)
    return case.expect == "answer" and at_place and facts_said(embedded_text(passage.context, passage.text), case.must_say) == 1.0
