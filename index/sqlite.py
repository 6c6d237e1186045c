"""How this project opens its SQLite files, and what is told of a data folder that cannot be used."""

import errno
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from corpus.errors import IndexUnavailable

BUSY_SECONDS = 30.0  # how long a writer waits for another one before it says so
DENIED = "give this user the right to read and write there, or set KPO_DATA_DIR to another folder"
NO_ROOM = "make room on the disk, or raise the limit (a quota, or the size of a file) that was met; where there is room, see whether the disk is sound"


@contextmanager
def opened(path: Path, unusable: str, damaged: str) -> Iterator[sqlite3.Connection]:
    """A connection outside any transaction: each statement takes effect by itself, unless `atomic` or a BEGIN holds several together.

    Makes the file when there is none; its folder must be there. It is not bound to one thread: a server may run each step of a generator
    that reads on another one, always one after another. Raises IndexUnavailable, which begins with `unusable` ("the records x cannot be used"),
    for whatever SQLite says in the block; its remedy is `damaged` only when the file itself is to blame.
    """
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)) as db:
            _use_wal(db)
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA secure_delete = ON")
            yield db
    except sqlite3.DatabaseError as error:
        raise IndexUnavailable(f"{unusable}: {error}", _remedy_for(error, damaged)) from error


@contextmanager
def atomic(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction that may write; rolled back when its block raises."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite itself rolls back on a full disk
            db.execute("ROLLBACK")
        raise


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Reach into a data folder. Raises IndexUnavailable for what the system does not let this user do there."""
    try:
        yield
    except OSError as error:
        remedy = NO_ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO) else DENIED
        raise IndexUnavailable(f"the data folder {folder} cannot be used: {error.strerror}", remedy) from error


def make_folder(folder: Path) -> None:
    """Make a data folder, for its owner only; one that is there stays as it is. Raises IndexUnavailable where it cannot be made."""
    with usable(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _remedy_for(error: sqlite3.DatabaseError, damaged: str) -> str:
    """What to do about what SQLite says: `damaged` only when the file itself is to blame, and not another process, the permissions or the disk."""
    said = str(error)
    if "locked" in said:
        return "wait until the other process is done, and try again"
    if "disk is full" in said or "disk I/O" in said:
        return NO_ROOM
    return DENIED if "readonly" in said or "unable to open" in said else damaged


def _use_wal(db: sqlite3.Connection) -> None:
    """Put a database into WAL mode, which the file then keeps. Waits for others as any statement does.

    SQLite does not call its busy handler for this one: of two that open a new file together, one is told at once that it is locked.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(0.01)
