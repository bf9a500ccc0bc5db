"""Where units run: how workers start, and how long each unit took."""

from __future__ import annotations

import time

from verification.executors import InProcess, Pool, completed


def test_workers_start_in_another_way_where_the_temporary_folder_has_a_name_too_long_for_a_socket(monkeypatch) -> None:
    for length, method in ((60, "forkserver"), (100, "spawn")):
        monkeypatch.setattr("verification.executors.gettempdir", lambda length=length: "/" + "t" * length)
        assert Pool(1)._context.get_start_method() == method


def test_the_time_of_a_unit_ends_with_it_though_whoever_takes_the_one_before_takes_long() -> None:
    took = []
    for _, _, seconds in completed(InProcess(), abs, [(k, (k,)) for k in range(2)], window=2, limit=60):
        took.append(seconds)
        time.sleep(0.3)
    assert max(took) < 0.2
