"""CelebA from made-up files in the forms that it is handed on in."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from bench.datasets import Dataset, base, celeba, load_dataset, missing_files, shape_of
from bench.datasets.celeba import CELEBA
from bench.errors import BenchError

from .conftest import Storage

COUNT = 9
PARTS = [0, 0, 1, 0, 2, 0, 1, 2, 0]
NAMES = [f"{i + 1:06}.jpg" for i in range(COUNT)]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(celeba, "PICTURES", COUNT)


def face(number: int) -> NDArray[np.uint8]:
    """178 × 218 pixels: one colour in the middle 160 × 160, black outside."""
    pixels = np.zeros((218, 178, 3), np.uint8)
    pixels[29:189, 9:169] = (20 * number, 100, 200)
    return pixels


def put_pictures(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(NAMES):
        Image.fromarray(face(number)).save(folder / name, quality=100, subsampling=0)


def put_partition(path: Path, *, csv: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{name}{',' if csv else ' '}{part}" for name, part in zip(NAMES, PARTS, strict=True)]
    path.write_text("\n".join(["image_id,partition", *lines] if csv else lines) + "\n")


def put_zip(path: Path, scratch: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in NAMES:
            archive.write(scratch / name, f"img_align_celeba/{name}")


def as_published(root: Path) -> None:
    put_pictures(root / "scratch")
    put_zip(root / "CelebA/Img/img_align_celeba.zip", root / "scratch")
    put_partition(root / "CelebA/Eval/list_eval_partition.txt")


def as_torchvision(root: Path) -> None:
    put_pictures(root / "celeba/img_align_celeba")
    put_partition(root / "celeba/list_eval_partition.txt")


def as_kaggle(root: Path) -> None:
    put_pictures(root / "celeba/img_align_celeba/img_align_celeba")
    put_partition(root / "celeba/list_eval_partition.csv", csv=True)


def load(**parameters: object) -> Dataset:
    base._load.cache_clear()  # tests change files within folders
    return load_dataset("celeba", **parameters)


@pytest.mark.parametrize("layout", [as_published, as_torchvision, as_kaggle])
def test_every_form_gives_the_same_examples(storage: Storage, layout: Callable[[Path], None]) -> None:
    layout(storage.given)
    assert missing_files(CELEBA) == ()
    data = load()
    assert data.shape == shape_of("celeba", {}) == (3, 64, 64)
    assert data.classes is None
    for part, split in enumerate((data.train, data.validation, data.test)):
        expected = [20 * number for number in range(COUNT) if PARTS[number] == part]
        inside = split[:, :, 4:-4, 4:-4].mul(255)  # JPEG mixes what lies in one block of 8 × 8 with the surroundings
        assert inside[:, 0].mean((1, 2)).tolist() == pytest.approx(expected, abs=3)
        assert inside[:, 1:].mean((0, 2, 3)).tolist() == pytest.approx([100, 200], abs=3)
        assert float(split[:, 2].min()) > 0.5  # nothing but the middle
    raw = [split.mul(255).round().byte() for split in (data.train, data.validation, data.test)]
    assert data.fingerprint == base.fingerprint(*raw)


def test_size_crop_and_examples(storage: Storage) -> None:
    as_torchvision(storage.given)
    data = load(size=16, crop=178, examples=2)
    assert shape_of("celeba", {"size": 16}) == data.shape == (3, 16, 16)
    assert float(data.train[:, 1, 0].max()) < 0.2  # of 178 × 178 the border is nearly black
    assert [len(data.train), len(data.validation), len(data.test)] == [2, 2, 2]
    assert load(size=16, crop=178).train[:2].equal(data.train)


def test_what_is_missing_is_one_error(storage: Storage) -> None:
    with pytest.raises(BenchError) as caught:
        load()
    message = str(caught.value)
    assert "  missing:     img_align_celeba.zip, list_eval_partition.txt\n" in message
    assert "  because:     its publisher has it got by hand, not by programs\n" in message
    assert "  get them at: https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html (Align&Cropped Images, Eval" in message
    assert f"  put all of img_align_celeba.zip, list_eval_partition.txt into {storage.given}/celeba\n" in message
    assert message.endswith("  or instead:  img_align_celeba, the folder in the zip file, in place of that")


def test_a_missing_partition(storage: Storage) -> None:
    put_pictures(storage.given / "celeba/img_align_celeba")
    with pytest.raises(BenchError) as caught:
        load()
    assert "celeba lacks list_eval_partition.txt" in str(caught.value)
    assert str(caught.value).endswith("mind its terms of use))")


def test_missing_pictures_are_named(storage: Storage) -> None:
    as_torchvision(storage.given)
    for name in NAMES[1:7]:
        (storage.given / "celeba/img_align_celeba" / name).unlink()
    message = r"no 000002.jpg, 000004.jpg, 000006.jpg, 000003.jpg and 2 more in it, expected every picture"
    with pytest.raises(BenchError, match=message):
        load()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("000003.jpg 1", "000003.jpg 3"),
            r"line 3: '000003.jpg 3', expected 9 lines such as",
        ),
        (lambda text: text.replace("000003.jpg 1\n", ""), r"found 5 \+ 1 \+ 2 names, 8 of them different"),
        (lambda text: text.replace("000003", "000002"), r"found 5 \+ 2 \+ 2 names, 8 of them different"),
        (lambda _: "<!DOCTYPE html>", r"line 1: '<!DOCTYPE html>', expected 9 lines"),
    ],
)
def test_damaged_partition(storage: Storage, change: Callable[[str], str], message: str) -> None:
    as_torchvision(storage.given)
    path = storage.given / "celeba/list_eval_partition.txt"
    path.write_text(change(path.read_text()))
    with pytest.raises(BenchError, match=message):
        load()


def test_damaged_zip(storage: Storage) -> None:
    as_published(storage.given)
    path = storage.given / "CelebA/Img/img_align_celeba.zip"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BenchError, match=r"img_align_celeba.zip: found a file that is no whole zip archive"):
        load()


def test_a_broken_picture_in_the_zip_is_named(storage: Storage) -> None:
    as_published(storage.given)
    (storage.given / "scratch" / NAMES[4]).write_bytes(b"no picture")
    put_zip(storage.given / "CelebA/Img/img_align_celeba.zip", storage.given / "scratch")
    with pytest.raises(BenchError, match=r"zip: img_align_celeba/000005.jpg: found a picture that cannot be taken"):
        load()


def test_too_large_a_crop(storage: Storage) -> None:
    as_torchvision(storage.given)
    with pytest.raises(BenchError, match=r"000001.jpg: .*178 x 218 pixels; expected at least 200 x 200, as `crop` is"):
        load(crop=200)
