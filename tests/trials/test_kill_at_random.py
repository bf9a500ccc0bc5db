"""A few of the trials that ``make trials`` runs by the dozen, and that the trials can fail."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("kill_at_random", Path(__file__).with_name("kill_at_random.py"))
kill_at_random = importlib.util.module_from_spec(spec)
sys.modules["kill_at_random"] = kill_at_random
spec.loader.exec_module(kill_at_random)
OWN = kill_at_random.Command("verify", ("verify", str(kill_at_random.ROOT / "examples" / "my_lemma.py"), "--jobs", "2"))


def test_a_run_that_is_killed_at_a_random_moment_completes_when_it_is_run_again(tmp_path) -> None:
    assert kill_at_random.trials([OWN], 1, 1, tmp_path) == []


class Careless(kill_at_random.Command):
    """Ends at once, and writes a report of its own process."""

    def start(self, out: Path) -> subprocess.Popen[str]:
        write = "import json, os; print(json.dumps({'statements': [], 'timing': 0, 'provenance': 0, 'by': os.getpid()}))"
        call = f"mkdir -p '{out}' && '{sys.executable}' -c \"{write}\" > '{out}.part' && mv '{out}.part' '{out}/report.json'"
        pipe = subprocess.PIPE
        return subprocess.Popen(["sh", "-c", call], text=True, stdout=pipe, stderr=pipe, start_new_session=True)


def test_a_report_that_differs_is_told(tmp_path) -> None:
    (told,) = kill_at_random.trials([Careless("careless", ())], 1, 0, tmp_path)
    assert told.endswith("another result") or told.endswith("other bytes: report.json")


def test_a_file_that_is_cut_short_is_told(tmp_path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / "report.json").write_text(json.dumps({}))
    (tmp_path / ".cache" / "entry.json").write_text('{"key": ')
    assert kill_at_random.whole(tmp_path) == ["entry.json"]
