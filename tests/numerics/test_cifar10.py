"""CIFAR-10: an archive of the published format is read, and nothing in a pickle is ever run."""

from __future__ import annotations

import io
import pickle
import struct
import tarfile

import numpy as np
import pytest

from numerics.cifar10 import FOLDER, TEST, TRAIN, digest_of, read_cifar10


def old_pickle(rows, labels):
    """Return a batch as Python 2 wrote the published ones: protocol 2, texts as bytes, arrays by numpy.core.multiarray."""

    def text(value):
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value

    def integer(value):
        return b"J" + struct.pack("<i", value)

    dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|") + b"NNN" + integer(-1) * 2 + b"K\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    array += (
        b"(K\x01" + integer(rows.shape[0]) + integer(rows.shape[1]) + b"\x86" + dtype + b"\x89" + text(rows.tobytes()) + b"tb"
    )
    listed = b"](" + b"".join(integer(label) for label in labels) + b"e"
    parts = [text(b"batch_label"), text(b"batch 1 of 5"), text(b"labels"), listed, text(b"data"), array]
    return b"\x80\x02}(" + b"".join(parts) + b"u."


def batches(count=4, seed=0):
    rng = np.random.default_rng(seed)
    return {
        name: (rng.integers(0, 256, (count, 3072), dtype=np.uint8), rng.integers(0, 10, count).tolist())
        for name in (*TRAIN, TEST)
    }


def archive(path, contents):
    with tarfile.open(path, "w:gz") as tar:
        for name, data in contents.items():
            member = tarfile.TarInfo(f"{FOLDER}/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


@pytest.fixture
def made(tmp_path):
    known = batches()
    contents = {name: old_pickle(*batch) for name, batch in known.items()}
    return known, contents, archive(tmp_path / "cifar-10-python.tar.gz", {"readme.html": b"x", **contents})


def test_an_archive_of_the_published_format_is_read_pixel_by_pixel(made):
    known, _, path = made
    images = read_cifar10(path)
    assert images.train.shape == (20, 32, 32, 3)
    assert images.test.shape == (4, 32, 32, 3)
    rows, labels = known["data_batch_2"]
    # Red rows first, then green, then blue.
    assert images.train[5, 3, 7, 1] == rows[1, 1024 + 3 * 32 + 7]
    assert images.train_labels[4:8].tolist() == labels
    assert images.test_labels.tolist() == known[TEST][1]


def test_the_unpacked_folder_and_the_folder_above_it_are_the_archive(made, tmp_path):
    _, contents, path = made
    folder = tmp_path / "data" / FOLDER
    folder.mkdir(parents=True)
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    for place in (folder, folder.parent):
        assert np.array_equal(read_cifar10(place).train, read_cifar10(path).train)
    assert digest_of(folder) == digest_of(folder.parent)
    before = digest_of(folder)
    (folder / TEST).write_bytes(contents["data_batch_1"])
    assert digest_of(folder) != before


def test_a_pickle_of_today_is_read_too(tmp_path):
    contents = {
        name: pickle.dumps({b"data": rows, b"labels": labels}, protocol=4) for name, (rows, labels) in batches().items()
    }
    assert read_cifar10(archive(tmp_path / "a.tar.gz", contents)).train.shape == (20, 32, 32, 3)


class Attack:
    """Unpickled by a plain reader, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def _with(contents, change):
    return {**contents, "data_batch_3": change}


ROWS = np.zeros((2, 3072), np.uint8)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (None, "data_batch_3 missing; CIFAR-10 has data_batch_1"),
        (old_pickle(ROWS[:, :-1], [1, 2]), "the images are uint8 of shape (2, 3071), not uint8 of shape (n, 3072)"),
        (old_pickle(ROWS, [1]), "the labels are no list of 2 integers"),
        (old_pickle(ROWS, [1, 10]), "label 10, allowed are 0 to 9"),
        (old_pickle(ROWS, [1, -1]), "label -1, allowed are 0 to 9"),
        (old_pickle(ROWS, [1, 1])[:-40], "no plain pickle of arrays"),
        (pickle.dumps([1, 2]), "no dictionary with data and labels"),
        (pickle.dumps({b"data": ROWS.astype(float), b"labels": [1, 1]}), "it has an array of type 'f8'"),
        (pickle.dumps({b"data": print, b"labels": [1]}), "it asks for builtins.print"),
        (b"", "no plain pickle of arrays (Ran out of input)"),
    ],
    ids=["missing", "shape", "count", "label 10", "label -1", "cut short", "a list", "floats", "a function", "empty"],
)
def test_a_batch_that_is_not_one_is_named_in_one_line(made, tmp_path, change, says):
    _, contents, _ = made
    changed = _with(contents, change) if change is not None else {k: v for k, v in contents.items() if k != "data_batch_3"}
    with pytest.raises(ValueError, match=r"^[^\n]*$") as error:
        read_cifar10(archive(tmp_path / "bad.tar.gz", changed))
    assert says in str(error.value)
    assert "data_batch_3" in str(error.value)


def test_nothing_in_a_pickle_is_run(made, tmp_path):
    _, contents, _ = made
    victim = tmp_path / "victim"
    path = archive(tmp_path / "evil.tar.gz", _with(contents, pickle.dumps(Attack(victim))))
    with pytest.raises(ValueError, match="it asks for"):
        read_cifar10(path)
    assert not victim.exists()
    # The wrong way, to see that the pickle is one that a plain reader runs.
    pickle.loads(pickle.dumps(Attack(victim))).close()
    assert victim.exists()


def test_an_array_that_asks_for_more_memory_than_it_has_bytes_is_refused(made, tmp_path):
    _, contents, _ = made
    huge = b"cnumpy\nndarray\n(J" + struct.pack("<i", 2**31 - 1) + b"\x85tR."
    with pytest.raises(ValueError, match="no plain pickle of arrays"):
        read_cifar10(archive(tmp_path / "huge.tar.gz", _with(contents, b"\x80\x02" + huge)))


def test_an_archive_that_is_cut_short_or_is_none_is_named_in_one_line(made, tmp_path):
    _, _, path = made
    data = path.read_bytes()
    for name, content in {"cut": data[: len(data) // 2], "text": b"not an archive at all", "empty": b""}.items():
        bad = tmp_path / f"{name}.tar.gz"
        bad.write_bytes(content)
        with pytest.raises(ValueError, match=rf"^[^\n]*{name}\.tar\.gz: no whole tar\.gz archive[^\n]*$"):
            read_cifar10(bad)
    with pytest.raises(ValueError, match=r"absent: no such file or directory$"):
        read_cifar10(tmp_path / "absent")
    with pytest.raises(ValueError, match=r"absent: no such file or directory$"):
        digest_of(tmp_path / "absent")
