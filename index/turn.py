"""What the shipped embedding model was taught: a matrix that turns a question's vector towards the passages that answer such questions.

`kpo eval teach` fits it to practice questions. Passages are embedded as before, so an index is good with it and without it.
"""

from pathlib import Path

import numpy as np

from corpus.errors import ModelError

TURN = Path(__file__).parent / "turn.npy"  # float16, shape (dimension, dimension)


def question_turn(path: Path = TURN) -> np.ndarray:
    """The matrix, float32; a question's vector v becomes v + turn @ v, at length 1. Raises ModelError when the file is absent or damaged."""
    try:
        turn = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path}, which holds what the model was taught, is damaged", "check it out again, or run `kpo eval teach`") from error
    return np.asarray(turn, dtype=np.float32)
