"""The shipped question sets, both halves, against the blessed baseline, as `make gate` runs them: nothing that passed has got worse."""

import os
import shutil
import subprocess
from pathlib import Path

from conftest import KPO, outside

# Which sets, and in how many seconds on a busy machine: by default those that are asked when none is named, some six hundred questions.
SETS, SECONDS = (("advice", "sources", "staff"), 2_100) if os.environ.get("KPO_ACCEPT") else ((), 1_200)


def test_nothing_that_was_blessed_has_got_worse(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed, tmp_path / "data")  # a folder without runs, which stays without: others compare with the newest run in theirs
    command = [KPO, "eval", "run", *SETS, "--against", "baseline", "--fail-on", "regression", "--fresh", "--data-dir", tmp_path / "data"]
    ran = subprocess.run(command, capture_output=True, text=True, env=outside(), timeout=SECONDS)
    assert ran.returncode == 0, f"{ran.stdout}{ran.stderr}"
    assert "against baseline of" in ran.stdout
