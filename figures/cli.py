"""``quod figure``: draw one figure, list them, or draw all."""

from __future__ import annotations

import difflib
import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from figures.registry import MODULES, SCALES, TITLES, Options, compute, takes
from theory.statement import InputError
from verification.finishing import writable

if TYPE_CHECKING:
    from figures.work import Work

DEVICES = ("cpu", "cuda")
app = typer.Typer(
    help="Draw a figure or table of a paper again.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.command()
def figure(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Id of a figure; 'list' shows them, 'all' draws them.")],
    scale: Annotated[str, typer.Option(help="quick, or paper for the published settings.")] = "quick",
    out: Annotated[Path, typer.Option("--out", help="Folder of the figures.", file_okay=False)] = Path("quod-figures"),
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; by default one a processor.")] = None,
    cifar10: Annotated[
        str | None, typer.Option("--cifar10", metavar="PATH", help="cifar-10-python.tar.gz or its unpacked folder.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu or cuda.")] = "cpu",
) -> None:
    """Draw a figure: ID.pdf, ID.png, the numbers as ID.csv, settings and checks as ID.json."""
    if scale not in SCALES:
        raise InputError(f"--scale takes {' or '.join(SCALES)}, not {scale!r}")
    if identifier == "list":
        typer.echo("\n".join(f"{key}  {TITLES[key]}" for key in sorted(MODULES)))
        return
    wanted = sorted(MODULES) if identifier == "all" else [identifier]
    if wanted[0] not in MODULES:
        close = difflib.get_close_matches(identifier, sorted(MODULES), n=3, cutoff=0.4)
        raise InputError(
            f"no figure {identifier!r}; " + (f"close: {', '.join(close)}" if close else "'quod figure list' shows them")
        )
    options = _options(cifar10, device)
    refused = [] if identifier == "all" else [name for name in options.given() if name not in takes(identifier)]
    if refused:
        raise InputError(f"{identifier} takes no --{refused[0]}; only {', '.join(filter(takes, sorted(MODULES)))} do")
    writable(out)
    with _processes(jobs or os.cpu_count() or 1) as work:
        status = max(_draw(key, scale, out, work, options) for key in wanted)
    raise typer.Exit(status)


@contextmanager
def _processes(jobs: int) -> Generator[Work, None, None]:
    """Start the processes once for all figures: each has slow imports."""
    from figures.work import Work, on_stderr
    from verification.executors import Pool

    pool = Pool(jobs) if jobs > 1 else None
    try:
        yield Work(jobs=jobs, show=on_stderr, pool=pool)
    finally:
        if pool is not None:
            pool.stop()


def _options(cifar10: str | None, device: str) -> Options:
    """Return the options, refused before anything is drawn."""
    if device not in DEVICES:
        raise InputError(f"--device takes {' or '.join(DEVICES)}, not {device!r}")
    if cifar10 is not None and not Path(cifar10).exists():
        raise InputError(f"--cifar10 {cifar10}: no such file or folder")
    if device == "cuda":
        try:
            import torch
        except ImportError:
            raise InputError("--device cuda needs torch, which the extra 'networks' installs") from None
        if not torch.cuda.is_available():
            raise InputError("--device cuda: torch sees no CUDA device here; --device cpu works everywhere")
    return Options(cifar10=cifar10, device=device)


def _draw(identifier: str, scale: str, out: Path, work: Work, options: Options) -> int:
    from figures.writing import write

    drawing = compute(identifier, scale, replace(work, folder=out / ".cache"), options)
    for path in write(identifier, scale, drawing, out):
        typer.echo(path)
    for check in drawing.checks:
        numbers = ", ".join(f"{name} {value:.6g}" for name, value in check.figures.items())
        failed = "FAILS" if check.decides else "not seen at this reduced scale"
        typer.echo(f"{'holds' if check.passed else failed}: {check.says} ({numbers})")
    return int(not all(check.passed or not check.decides for check in drawing.checks))
