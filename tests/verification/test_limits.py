"""The limits of one unit: time that runs out is told whatever swallows it, and what a statement raises is its own."""

from __future__ import annotations

import signal
import time

import pytest

from verification import limits
from verification.limits import OutOfTime, is_interrupt, time_cap
from verification.worker import failed, judge_one


def test_time_that_ran_out_is_told_again_where_it_was_swallowed(monkeypatch) -> None:
    monkeypatch.setattr(limits, "AGAIN", 0.05)
    before, told = signal.getsignal(signal.SIGALRM), []

    def swallow() -> None:
        with time_cap(0.05):
            try:
                time.sleep(20)
            except OutOfTime:  # as in a destructor
                told.append("once")
            time.sleep(20)

    with pytest.raises(OutOfTime):
        swallow()
    assert told == ["once"]
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_interrupt_is_the_users_where_interrupts_are_heard_and_the_statements_own_where_they_are_not(toy) -> None:
    call = (str(toy("a-breaks")), "toy.lemma-a-breaks", "quick", 0, 60.0)
    with pytest.raises(KeyboardInterrupt):
        judge_one(*call)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert not is_interrupt(KeyboardInterrupt())
        assert judge_one(*call)["verdict"] == "error"
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_reason_can_be_printed_and_stored_whatever_signs_a_message_has(toy) -> None:
    from verification.selection import load

    statement = load(str(toy("a-holds")))["toy.lemma-a-holds"]
    assert failed(statement, "no file \udce9\x1b[31m\0 é").reason == r"no file \udce9\x1b[31m\x00 é"
