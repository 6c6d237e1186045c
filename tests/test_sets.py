"""The shipped question sets, both halves, against the blessed baseline, as `make gate` runs them: nothing that passed has got worse."""

import os
import shutil
import subprocess
from pathlib import Path

from conftest import KPO, outside

SECONDS = 1_800  # for a thousand questions on a busy machine
SETS = ("advice", "sources", "staff") if os.environ.get("KPO_ACCEPT") else ()  # by default those that are asked when no set is named


def test_nothing_that_was_blessed_has_got_worse(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed, tmp_path / "data")  # a folder without runs, which stays without: others compare with the newest run in theirs
    command = [KPO, "eval", "run", *SETS, "--against", "baseline", "--fail-on", "regression", "--fresh", "--data-dir", tmp_path / "data"]
    ran = subprocess.run(command, capture_output=True, text=True, env=outside(), timeout=SECONDS)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    assert "against baseline of" in ran.stdout
