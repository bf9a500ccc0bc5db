from __future__ import annotations

import json
import subprocess

import pytest

FILES = ("report.json", "junit.xml", "report.md", "report.html")
HEAVY = ("sympy", "torch", "hypothesis", "matplotlib", "scipy.stats")


@pytest.fixture
def here(monkeypatch, tmp_path, capfd):
    """Run the program in this process, in the folder of the test."""
    from verification.cli import execute

    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> subprocess.CompletedProcess[str]:
        status = execute(list(map(str, arguments)))
        printed = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, status, printed.out, printed.err)

    return call


@pytest.mark.parametrize("command", [["list"], ["show", "toy.lemma-a-holds", "--file"]], ids=["list", "show"])
def test_quick_commands_import_nothing_heavy(quod, toy, command) -> None:
    path = toy(
        "a-holds",
        extra=f"import atexit\natexit.register(lambda: sys.stderr.write(repr([m for m in {HEAVY!r} if m in sys.modules])))",
    )
    result = quod(*command, path)
    assert result.returncode == 0, result.stderr
    assert result.stderr == "[]"


def test_the_papers_statements_are_listed_without_anything_heavy_and_then_without_any_statement(quod) -> None:
    found = []
    for _ in range(2):
        result = quod("list", "--json", flags=("-X", "importtime"))
        assert result.returncode == 0, result.stderr[-500:]
        found.append(({line.rsplit("|", 1)[1].strip() for line in result.stderr.splitlines() if "|" in line}, result.stdout))
    (first, listed), (second, listed_again) = found
    assert {"numpy", "theory.marion2026.experiments"} <= first
    assert first.isdisjoint({*HEAVY, "scipy", "numba", "sklearn", "ot"})
    assert second.isdisjoint({"numpy", "flint", "theory.statement"})
    assert "typer" in second
    assert listed == listed_again
    assert all(row["id"] and row["title"] for row in json.loads(listed))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "no.such.statement"], "no statement matches 'no.such.statement'"),
        (["verify", "missing.py"], "no such file"),
        (["verify", "toy_lemmas.py", "--profile", "slow"], "--profile takes quick, standard, nightly, not 'slow'"),
        (["verify", "toy_lemmas.py", "--seed", "-1"], "--seed"),
        (["verify", "toy_lemmas.py", "--jobs", "0"], "--jobs"),
        (["verify", "toy_lemmas.py", "--record"], "--record is for the papers' statements"),
        (["verify", "toy_lemmas.py", "--out", "toy_lemmas.py"], "--out"),
        (["verify", "--no-such-option"], "No such option"),
        (["verify", "toy_lemmas.py", "--shard", "3/2"], "--shard takes I/N with 1 <= I <= N, such as 2/5, not '3/2'"),
        (["verify", "toy_lemmas.py", "--memory", "0"], "--memory"),
        (["verify", "toy_lemmas.py", "--memory", "99999999999999"], "--memory"),
        *((["verify", "toy_lemmas.py", "--cap", cap], "--cap takes 0.01 to 1") for cap in ("0", "nan", "1e300")),
        (["verify", "toy_lemmas.py", "--executor", "slurm"], "--executor takes local or dask, not 'slurm'"),
        (["verify", "toy_lemmas.py", "--executor", "dask"], "--executor dask takes --address"),
        (["verify", "toy_lemmas.py", "--address", "tcp://a:1"], "--executor dask takes --address"),
        (["verify", "--record", "--shard", "1/2"], "--record takes no --shard"),
        (["merge", "nowhere"], "nowhere: no such file or directory"),
        (["merge"], "Missing argument"),
        (["no-such-command"], "No such command"),
        (["show"], "Missing argument"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py"], "--at"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py", "--at", "{"], "--at is not JSON"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py", "--at", "[1]"], "--at takes an object"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py", "--at", '{"x": NaN}'], "'NaN' is not a finite number"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py", "--at", '{"y": 1}'], "unknown field 'y'"),
        (["check", "toy.lemma-a-holds", "--file", "toy_lemmas.py", "--at", '{"x": 1, "x": 2}'], "gives 'x' more than once"),
        (["check", "toy.lemma-b", "--file", "toy_lemmas.py", "--at", "{}"], "close: toy.lemma-a-holds"),
    ],
)
def test_a_bad_call_gets_one_line_and_status_2(toy, monkeypatch, tmp_path, capsys, arguments, message) -> None:
    from verification.cli import execute

    toy("a-holds")
    monkeypatch.chdir(tmp_path)
    status = execute(arguments)
    lines = capsys.readouterr().err.splitlines()
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith("quod: ")
    assert message in lines[0]


@pytest.mark.parametrize(
    ("names", "status"), [(("a-holds",), 0), (("a-holds", "b-refuted"), 1), (("a-error", "b-refuted"), 3)], ids=["0", "1", "3"]
)
def test_verify_exits_with_the_status_and_writes_every_report(here, toy, names, status) -> None:
    path = toy(*names)
    result = here("verify", path)
    assert result.returncode == status, result.stderr
    for name in FILES:
        assert (path.parent / "quod-report" / name).stat().st_size > 0
        assert name in result.stdout
    assert f"[{len(names)}/{len(names)}]" in result.stderr
    assert "Traceback" not in result.stderr


def test_parts_that_ran_apart_merge_into_the_report_of_the_whole(here, toy) -> None:
    path = toy("a-holds", "b-refuted", "c-holds")
    for number in (1, 2):
        result = here("verify", path, "--jobs", 1, "--shard", f"{number}/2", "--out", f"part-{number}")
        assert "Traceback" not in result.stderr
    merged = here("merge", "part-1", "part-2/report.json", "--out", "whole")
    assert merged.returncode == 1, merged.stderr
    assert "3 statements: 2 holds, 1 refuted" in merged.stdout
    assert set(FILES) <= {name.name for name in (path.parent / "whole").iterdir()}


def test_list_and_show_know_the_last_verdict_and_refuse_a_damaged_report(here, toy) -> None:
    path = toy("a-holds", "b-refuted")
    assert "b-refuted  -" in here("list", path).stdout
    here("verify", path, "--jobs", 1)
    rows = json.loads(here("list", path, "--json").stdout)
    assert [(row["verdict"], row["evidence"]) for row in rows] == [("holds", "sampled"), ("refuted", "sampled")]
    card = here("show", "toy.lemma-b-refuted", "--file", path).stdout
    report = path.parent / "quod-report" / "report.json"
    report.write_text(report.read_text()[:-9])
    refused = here("list", path)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert refused.stderr.startswith("quod: quod-report/report.json is not JSON")
    for part in ("Every x is positive.", "x > 0", "verdict: refuted (last report; on record: none)", '{"x": "-1/3"}'):
        assert part in card


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        ("0.1", 0, ["left   [0.1", "true       small", "left > right: true"]),
        ("-3", 1, ["left   -3", "left > right: false"]),
        ("12", 0, ["FAILS      small", "claims nothing here: hypothesis small not satisfied"]),
    ],
)
def test_check_prints_hypotheses_both_sides_and_the_verdict_at_exact_decimals(
    toy, monkeypatch, tmp_path, capsys, number, status, words
) -> None:
    from verification.cli import execute

    monkeypatch.chdir(tmp_path)
    call = ["check", "toy.lemma-a-holds", "--file", str(toy("a-holds")), "--at", f'{{"x": {number}}}']
    assert execute(call) == status
    printed = capsys.readouterr().out
    assert all(word in printed for word in words), printed


def test_no_arguments_print_the_help(quod) -> None:
    result = quod()
    assert result.returncode == 0
    assert "verify" in result.stdout


def test_the_help_of_a_command_says_what_it_takes_without_marks_of_markup(capsys) -> None:
    from verification.cli import execute

    assert execute(["show", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "Id of one statement.  [required]" in printed
    assert "\\" not in printed


def test_a_fault_of_ours_is_one_line_and_status_3(toy, monkeypatch, tmp_path, capsys) -> None:
    from verification import cli

    def fail(_arguments: object) -> None:
        raise TypeError("a bug\nin two lines")

    monkeypatch.setattr(cli, "split", fail)
    assert cli.execute(["list"]) == 3
    assert capsys.readouterr().err == "quod: could not run: TypeError: a bug (QUOD_DEBUG=1 shows where)\n"


def test_an_interrupt_is_told_in_one_line_wherever_it_comes(monkeypatch, capsys) -> None:
    from verification import cli

    def interrupt(_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "split", interrupt)
    assert cli.execute(["list"]) == 130
    assert capsys.readouterr().err == "quod: interrupted; the same command resumes\n"


def test_a_reader_that_closes_the_pipe_changes_no_status(start, toy) -> None:
    process = start("verify", "--jobs", "1", toy("a-holds"))
    process.stdout.close()
    assert "Error" not in process.stderr.read()
    assert process.wait(timeout=30) == 0
    process.stderr.close()
