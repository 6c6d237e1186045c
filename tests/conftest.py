"""What several tests share: an environment without settings, the real console command, and one data folder with the shipped documents."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent
KPO = Path(sys.executable).with_name("kpo")


def outside(**settings: object) -> dict[str, str]:
    """The environment for a subprocess: this one, with these settings."""
    return {**os.environ, **{name: str(value) for name, value in settings.items()}}


def run_kpo(*arguments: object, text: str | bytes = b"", **settings: object) -> "subprocess.CompletedProcess[str]":
    """Run the real `kpo` with these arguments, `text` on its standard input, and these settings."""
    typed = text.encode() if isinstance(text, str) else text
    ran = subprocess.run([KPO, *map(str, arguments)], input=typed, capture_output=True, env=outside(**settings), timeout=120)
    return subprocess.CompletedProcess(ran.args, ran.returncode, ran.stdout.decode(), ran.stderr.decode())


@pytest.fixture(scope="session", autouse=True)
def no_settings() -> Iterator[None]:
    """The settings of whoever runs the tests must not change them. KPO_ACCEPT belongs to the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("KPO_") and name != "KPO_ACCEPT"]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the shipped documents, ingested once. Only to be read."""
    folder = tmp_path_factory.mktemp("shipped")
    ran = run_kpo("ingest", "--data-dir", folder)
    assert ran.returncode == 0, ran.stderr
    return folder
