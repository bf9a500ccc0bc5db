"""A person's own images: every way to write the same ones reads the same, and what could be two things is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from numerics.image_files import images_from

GREY = np.random.default_rng(0).integers(0, 256, (6, 4, 5)).astype(np.uint8)
GREY[0, 0, :2] = 0, 255
COLOUR = np.random.default_rng(1).integers(0, 256, (6, 4, 5, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    "array",
    [
        GREY,
        GREY[:, None],
        GREY[..., None],
        GREY.astype(np.int64),
        GREY.astype(float),
        (GREY / 255).astype(np.float64),
        GREY / 255 * 2 - 1,
    ],
)
def test_bytes_units_and_signed_values_of_the_same_images_read_the_same(tmp_path, array):
    np.save(tmp_path / "a.npy", array)
    read = images_from(tmp_path / "a.npy")
    np.testing.assert_allclose(read.values[:, 0], GREY / 127.5 - 1, atol=1e-15)
    assert str(array.dtype) in read.note


def test_colours_may_be_first_or_last_and_rows_may_be_flat(tmp_path):
    np.save(tmp_path / "last.npy", COLOUR)
    np.save(tmp_path / "first.npy", COLOUR.transpose(0, 3, 1, 2))
    last, first = images_from(tmp_path / "last.npy"), images_from(tmp_path / "first.npy")
    assert np.array_equal(last.values, first.values)
    np.testing.assert_allclose(last.values[2, 1], COLOUR[2, :, :, 1] / 127.5 - 1, atol=1e-15)
    np.save(tmp_path / "flat.npy", GREY[:, :4, :4].reshape(6, 16))
    np.testing.assert_allclose(images_from(tmp_path / "flat.npy").values[:, 0], GREY[:, :4, :4] / 127.5 - 1, atol=1e-15)


def test_npz_files_carry_classes(tmp_path):
    np.savez(tmp_path / "a.npz", images=GREY, labels=np.arange(6))
    np.savez(tmp_path / "b.npz", whatever=GREY)
    read = images_from(tmp_path / "a.npz")
    assert read.labels.tolist() == list(range(6))
    assert np.array_equal(read.values, images_from(tmp_path / "b.npz").values)


def test_a_folder_of_png_files_is_read_in_the_order_of_their_names_and_subfolders_are_classes(tmp_path):
    for at in (3, 0, 5, 1, 4, 2):
        Image.fromarray(GREY[at]).save(tmp_path / f"{at}.png")
        (tmp_path / "classes" / f"c{at % 2}").mkdir(parents=True, exist_ok=True)
        Image.fromarray(COLOUR[at]).save(tmp_path / "classes" / f"c{at % 2}" / f"{at}.PNG")
    assert np.array_equal(images_from(tmp_path).values[:, 0], GREY / 255.0 * 2 - 1)
    coloured = images_from(tmp_path / "classes")
    assert coloured.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert np.array_equal(coloured.values[3].transpose(1, 2, 0), COLOUR[1] / 255.0 * 2 - 1)


def test_png_files_of_16_bits_palettes_and_opaque_transparency_read_as_what_they_show(tmp_path):
    for name, image in {
        "deep": Image.fromarray(GREY[0].astype(np.uint16) * 257),
        "opaque": Image.fromarray(np.dstack([COLOUR[0], np.full((4, 5), 255, np.uint8)])),
        "palette": Image.fromarray(COLOUR[0]).quantize(256),
    }.items():
        (tmp_path / name).mkdir()
        image.save(tmp_path / name / "a.png")
    assert np.array_equal(images_from(tmp_path / "deep").values[0, 0], GREY[0] / 255.0 * 2 - 1)
    for name in ("opaque", "palette"):
        assert np.array_equal(images_from(tmp_path / name).values[0].transpose(1, 2, 0), COLOUR[0] / 255.0 * 2 - 1)


def test_an_overshoot_is_clipped_for_generated_images_and_refused_for_real_ones(tmp_path):
    values = GREY / 255 * 2 - 1
    values[2, 1, 1] = 1.25
    np.save(tmp_path / "a.npy", values)
    made = images_from(tmp_path / "a.npy", generated=True)
    assert made.values[2, 0, 1, 1] == 1
    assert made.note.endswith("read as [-1, 1]; 1 of 120 values clipped to [-1, 1]")
    with pytest.raises(ValueError, match=r"values from -1 to 1.25 are outside \[-1, 1\]"):
        images_from(tmp_path / "a.npy")
    with pytest.raises(ValueError, match="are outside"):
        images_from(tmp_path / "a.npy", generated=True, scale="unit")


def with_nan():
    values = GREY / 255
    values[4, 1, 1] = np.nan
    return values


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (with_nan(), "image 4 has a value that is not finite"),
        (GREY // 255, "choose the scale: bytes, unit, signed"),
        (GREY / 255 * 1.2 - 0.1, "do not tell what black and white are"),
        (GREY.astype(float) * 3, "do not tell"),
        (np.zeros((3, 4, 4, 4)), "neither axis 1 nor axis 3"),
        (np.zeros((3, 3, 4, 3)), "either axis 1 or axis 3"),
        (np.zeros((3, 5)), "rows of 5 pixels are no square images"),
        (np.zeros(3), r"float64 of shape \(3,\)"),
        (np.zeros((0, 4, 4)), "none 0"),
        (np.zeros((2, 4, 4), complex), "complex128"),
        (np.array([{}], dtype=object), "not an NPY or NPZ file of numbers"),
    ],
)
def test_arrays_that_are_no_images_are_refused_in_one_line(tmp_path, array, says):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ValueError, match=says) as refusal:
        images_from(tmp_path / "a.npy")
    assert str(refusal.value).startswith(str(tmp_path / "a.npy"))
    assert "\n" not in str(refusal.value)


def test_files_that_are_none_are_refused_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    for name, content in {"a.npy": b"", "b.npz": b"PK\x03\x04", "c.npy": b"text"}.items():
        (tmp_path / name).write_bytes(content)
    np.savez(tmp_path / "two.npz", one=GREY, other=GREY)
    np.savez(tmp_path / "labels.npz", x=GREY, y=np.arange(5))
    for name, says in {
        "a.npy": "not an NPY or NPZ file",
        "b.npz": "not an NPY or NPZ file",
        "c.npy": "not an NPY or NPZ file",
        "two.npz": "arrays one, other; name the images",
        "labels.npz": "labels of shape",
        "empty": "no PNG file",
        "none.npy": "no such file",
    }.items():
        with pytest.raises(ValueError, match=says) as refusal:
            images_from(tmp_path / name)
        assert "\n" not in str(refusal.value)


def test_png_files_that_do_not_go_together_or_are_damaged_are_named(tmp_path):
    first = tmp_path / "0.png"
    Image.fromarray(GREY[0]).save(first)
    for make, says in [
        (lambda file: Image.fromarray(GREY[0, :3]).save(file), r"1.png: uint8 \(3, 5\), and 0.png is uint8 \(4, 5\)"),
        (lambda file: Image.fromarray(COLOUR[0]).save(file), r"\(4, 5, 3\)"),
        (lambda file: file.write_bytes(first.read_bytes()[:-30]), "1.png: not a whole PNG file"),
        (lambda file: Image.fromarray(COLOUR[0]).save(file, "jpeg"), "1.png: not a whole PNG file"),
        (lambda file: Image.fromarray(np.dstack([COLOUR[0], np.maximum(GREY[0], 250)])).save(file), "transparent pixels"),
    ]:
        make(tmp_path / "1.png")
        with pytest.raises(ValueError, match=says):
            images_from(tmp_path)
