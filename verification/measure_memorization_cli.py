"""The command ``quod measure memorization`` and the files it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from theory.statement import InputError

if TYPE_CHECKING:
    from numerics.images import Images

NAME = "memorization"


def memorization_command(
    train: Annotated[Path, typer.Option(help="The images trained on: NPY, NPZ or a folder of PNG files.")],
    test: Annotated[Path, typer.Option(help="Real images of the same kind that were not trained on.")],
    samples: Annotated[Path, typer.Option(help="Images that the model generated.")],
    false_positives: Annotated[
        float, typer.Option(help="Rate at which the cosine may call real images that were not trained on copies.")
    ] = 0.01,
    scale: Annotated[str, typer.Option(help="Black and white: bytes (0, 255), unit (0, 1), signed (-1, 1); auto.")] = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Seed of every choice.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder of memorization.json and of the nearest pairs.", file_okay=False)] = Path(
        "quod-report"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure which samples of a generative model copy its training images (paper marion2026)."""
    from figures.nearest_pairs import draw_nearest_pairs
    from verification.measure_memorization import measure_memorization
    from verification.measure_memorization_text import text_of

    if not out.is_dir() and out.exists():
        raise InputError(f"--out {out}: not a folder")
    sets = {role: _read(path, scale, role) for role, path in (("train", train), ("test", test), ("samples", samples))}
    found = measure_memorization(**sets, false_positives=false_positives, seed=seed)
    text = json.dumps({"seed": seed, **found.data()}, indent=2, allow_nan=False)
    try:
        out.mkdir(parents=True, exist_ok=True)
        part = out / f".{NAME}.json.part"
        part.write_text(text + "\n", encoding="utf-8")
        part.replace(out / f"{NAME}.json")
        draw_nearest_pairs(found, [out / f"{NAME}.{ending}" for ending in ("pdf", "png")])
    except OSError as error:
        raise InputError(f"--out {out}: {(error.strerror or 'cannot be written').lower()}") from None
    typer.echo(text if as_json else "\n".join([*text_of(found), "", f"written to {out}: {NAME}.json, .pdf, .png"]))


def _read(path: Path, scale: str, role: str) -> Images:
    from numerics.image_files import Scale, images_from

    if scale not in get_args(Scale):
        raise InputError(f"--scale takes {', '.join(get_args(Scale))}, not {scale!r}")
    try:
        chosen: Any = scale
        return images_from(path, scale=chosen, generated=role == "samples")
    except ValueError as error:
        raise InputError(f"--{role} {error}") from None
