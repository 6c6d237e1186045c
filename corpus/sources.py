"""Source folders, and the files in them that could become documents.

Paths are asked what they are with os.path: what may not be looked at is nothing there, where Path.is_file and its like raise.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from corpus.errors import CorpusError
from corpus.worker import Failure

SHIPPED = "handbook"  # the name that the shipped documents' folder always has


@dataclass(frozen=True, slots=True)
class Source:
    """A folder (or a single file) that documents come from. `name` begins the ids of its documents. Raises CorpusError for a path that is no text."""

    name: str
    path: Path

    def __post_init__(self) -> None:
        if any("\ud800" <= character <= "\udfff" for character in str(self.path)):  # bytes that are not UTF-8, as os.fsdecode gives them
            raise CorpusError(f"the path {str(self.path)!a} is not valid Unicode", "rename that folder or file")

    @property
    def root(self) -> Path:
        """The folder that relative paths start from."""
        return self.path.parent if os.path.isfile(self.path) else self.path

    def id_of(self, relative: str) -> str:
        """The document id of a file at `relative`, in Unicode NFC, so that macOS and Linux name it alike; always valid Unicode."""
        return unicodedata.normalize("NFC", f"{self.name}/{relative}").encode("utf-8", errors="replace").decode()


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a source, or what stands at its place that cannot be read."""

    id: str
    path: Path
    failure: Failure | None = None


def name_for(path: Path, taken: Collection[str]) -> str:
    """A source's name: its folder's own, with -2, -3 … behind it when another source has that already."""
    folder = path.parent if os.path.isfile(path) else path
    wanted = unicodedata.normalize("NFC", folder.name.replace("/", "-")) or "root"
    names = [wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))]
    return next(name for name in names if name not in taken and name != SHIPPED)


def shown(name: object) -> str:
    r"""A name of a file, or what tells of it, as a terminal may show it: control characters, which could drive that, are written out as in \x1b."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", lambda found: repr(found[0])[1:-1], str(name))


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with the home folder for its ~ or ~name. An unknown ~name stays what it is: Path.expanduser raises for it."""
    return Path(os.path.expanduser(path))


def real(path: Path) -> Path:
    """Where `path` leads. A link that leads to itself stays what it is: Path.resolve raises for it until Python 3.13."""
    return Path(os.path.realpath(path))


def digest_of(path: Path) -> str:
    """The digest of a file as it is now. Raises OSError for one that this user may not read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_of(source: Source, others: Collection[Path] = ()) -> list[Found] | Failure:
    """The files of `source` sorted by id, or why there are none to be had.

    Hidden files and folders are passed over, and so are folders of `others`: other sources, and the data folder. A link that
    leads out of the folder is a Found with a failure; a link to a folder inside is passed over, its files are met anyway.
    A missing source is a Failure: nothing may be concluded about its documents.
    """
    if os.path.isfile(source.path):
        return [Found(source.id_of(source.path.name), source.path)]
    if not os.path.isdir(source.path):
        return Failure("the source folder is missing or not mounted; its documents are kept")
    try:
        os.listdir(source.path)
    except OSError as error:
        return Failure(f"the source folder cannot be read ({error.strerror}); its documents are kept")
    found: dict[str, Found] = {}
    for path in _walk(source.path, {real(other) for other in others} - {real(source.path)}):
        id = source.id_of(path.relative_to(source.path).as_posix())
        failure = _trouble(path, source.path)
        while id in found:
            failure = failure or Failure("another file has the same name in another Unicode spelling; rename one of them")
            id = f"{id} (2)"
        found[id] = Found(id, path, failure)
    return [found[id] for id in sorted(found)]


def _walk(root: Path, others: Collection[Path]) -> Iterator[Path]:
    unread: list[Path] = []
    for folder, folders, files in os.walk(root, onerror=lambda error: unread.append(Path(error.filename))):
        here = Path(folder)
        links = [name for name in folders if os.path.islink(here / name)]
        folders[:] = sorted(
            name for name in folders
            if not name.startswith(".") and name not in links and real(here / name) not in others
        )
        outside = [name for name in links if not _within((here / name), root)]
        yield from (here / name for name in sorted(files + outside) if not name.startswith("."))
    yield from unread


def _within(path: Path, root: Path) -> bool:
    try:
        return real(path).is_relative_to(real(root))
    except OSError:  # a link that may not be read, as those of other users' processes: it leads nobody knows where
        return False


def _trouble(path: Path, root: Path) -> Failure | None:
    try:
        path.lstat()
    except OSError as error:
        return Failure(f"it cannot be looked at ({error.strerror})")
    link = os.path.islink(path)
    if link and not _within(path, root):
        return Failure("a link that leads out of its source folder; not followed")
    if os.path.isdir(path):
        return Failure("the folder cannot be read, nor what is in it")
    if not os.path.isfile(path):
        return Failure("a broken link" if link else "not a regular file")
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        return Failure("its name is not valid Unicode; rename it")
    return None
