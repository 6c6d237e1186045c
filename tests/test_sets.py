"""A sample of the shipped question sets against the blessed baseline: nothing that passed has got worse. KPO_ACCEPT=1 asks all, as `make gate` does."""

import os
import shutil
import subprocess
from pathlib import Path

from conftest import KPO, outside

SAMPLE = [] if os.environ.get("KPO_ACCEPT") else ["--sample", 50, "--seed", 1]  # cases of each set; all of them take minutes
SECONDS = 1_200  # for some six hundred questions on a busy machine


def test_nothing_that_was_blessed_has_got_worse(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed, tmp_path / "data")  # a folder without runs, which stays without: others compare with the newest run in theirs
    command = [KPO, "eval", "run", *SAMPLE, "--against", "baseline", "--fail-on", "regression", "--fresh", "--data-dir", tmp_path / "data"]
    ran = subprocess.run([*map(str, command)], capture_output=True, text=True, env=outside(), timeout=SECONDS)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    assert "against baseline of" in ran.stdout
