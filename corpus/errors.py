"""Every error this project raises on purpose, in one tree.

    KpoError            a message, and a remedy that the person at the terminal or the page can follow
    ├── ConfigError     a setting is unknown or has a value that cannot work
    ├── CorpusError     a source folder or document that was asked for is not there
    ├── IndexMissing    nothing has been ingested into the data folder yet
    ├── IndexMismatch   the data folder was built with another model or passage scheme
    ├── IndexUnavailable  the data folder or the Chroma server cannot be used now
    ├── ModelError      a model is missing, damaged, or not the one that was promised
    ├── LlmUnavailable  the language model cannot be asked now; a quoted answer stands in
    ├── QuestionError   a question is too long, or what questions are read from cannot be read
    └── EvalError       a question set is invalid

No evidence, a failed case and an unreadable file are values, not exceptions.
Errors of other libraries are mapped to these at the one edge that calls them.
"""


class KpoError(Exception):
    """An error with a remedy. `str(error)` is the message; the roof prints both and exits 2."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(KpoError):
    """A setting is unknown or has a value that cannot work."""


class CorpusError(KpoError):
    """A source folder or document that was asked for is not there."""


class IndexMissing(KpoError):
    """Nothing has been ingested into the data folder yet."""


class IndexMismatch(KpoError):
    """The data folder was built with another model or passage scheme."""


class IndexUnavailable(KpoError):
    """The data folder or the Chroma server cannot be used now."""


class ModelError(KpoError):
    """A model is missing, damaged, or not the one that was promised."""


class LlmUnavailable(KpoError):
    """The language model cannot be asked now; a quoted answer stands in."""


class QuestionError(KpoError):
    """A question is too long, or what questions are read from cannot be read."""


class EvalError(KpoError):
    """A question set is invalid."""
