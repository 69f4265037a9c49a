"""A folder of pictures: formats, splits that depend on pixels alone, classes, and what is wrong with files."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from bench.datasets import (
    Dataset,
    ParameterError,
    base,
    check_parameters,
    load_dataset,
    picture_folder,
    pictures,
    shape_of,
)
from bench.datasets.pictures import Framing, picture_in, read_pictures
from bench.datasets.user_folder import DATA_DIR_VARIABLE
from bench.errors import BenchError

from .conftest import Storage

Bytes = NDArray[np.uint8]
SIDE = 8


def colours(seed: int, height: int = SIDE, width: int = SIDE) -> Bytes:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def put(path: Path, pixels: Bytes, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def read(path: Path, size: int = SIDE, crop: int | None = None) -> Bytes:
    """One picture, (height, width, channels)."""
    found = read_pictures([picture_in(path)], Framing(size, crop), "test")[0]
    assert found.dtype == torch.uint8
    return np.moveaxis(found.numpy(), 0, 2)


@pytest.mark.parametrize("suffix", ["png", "bmp", "ppm", "tif", "webp"])
def test_lossless_formats_give_the_pixels_themselves(tmp_path: Path, suffix: str) -> None:
    options = {"lossless": True} if suffix == "webp" else {}
    path = put(tmp_path / f"a.{suffix}", colours(0), **options)
    assert (read(path) == colours(0)).all()


def test_jpeg_is_near(tmp_path: Path) -> None:
    smooth = np.zeros((SIDE, SIDE), np.uint8) + np.linspace(0, 255, SIDE).astype(np.uint8)[:, None]
    found = read(put(tmp_path / "a.jpg", smooth, quality=95))
    assert found.shape[2] == 1
    assert np.abs(found[..., 0].astype(int) - smooth).max() <= 4


def test_palettes_are_resolved(tmp_path: Path) -> None:
    few = colours(0) // 128 * 255  # of eight colours
    Image.fromarray(few).quantize(8).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "P"
    assert (read(tmp_path / "a.png") == few).all()


def test_transparent_pixels_are_laid_over_white(tmp_path: Path) -> None:
    alpha = np.zeros((SIDE, SIDE, 4), np.uint8)
    alpha[..., 0], alpha[: SIDE // 2, :, 3] = 200, 255
    found = read(put(tmp_path / "a.png", alpha))
    assert (found[: SIDE // 2] == (200, 0, 0)).all()
    assert (found[SIDE // 2 :] == 255).all()


def test_half_transparent_grey(tmp_path: Path) -> None:
    """Half of 100 and half of white."""
    both = np.stack([np.full((SIDE, SIDE), 100, np.uint8), np.full((SIDE, SIDE), 128, np.uint8)], 2)
    found = read(put(tmp_path / "a.png", both))
    assert np.abs(found.astype(int) - round(100 * 128 / 255 + 255 * 127 / 255)).max() <= 1


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    deep = np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE) * 1000
    Image.fromarray(deep).save(tmp_path / "a.png")
    found = read(tmp_path / "a.png")
    assert found.shape == (SIDE, SIDE, 1)
    assert (found[..., 0] == np.round(deep / 257)).all()


def test_black_and_white(tmp_path: Path) -> None:
    Image.fromarray(colours(0)[..., 0] > 128).save(tmp_path / "a.png")
    assert (read(tmp_path / "a.png")[..., 0] == np.where(colours(0)[..., 0] > 128, 255, 0)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_followed(tmp_path: Path, orientation: int) -> None:
    """Exif 2.3: on which sides of the upright picture the stored one has its first row and its first column."""
    upright = colours(0)
    mirrored = upright[:, ::-1]
    stored = {
        1: upright,  # top, left
        2: mirrored,  # top, right
        3: mirrored[::-1],  # bottom, right
        4: upright[::-1],  # bottom, left
        5: upright.swapaxes(0, 1),  # left, top
        6: mirrored.swapaxes(0, 1),  # right, top
        7: mirrored[::-1].swapaxes(0, 1),  # right, bottom
        8: upright[::-1].swapaxes(0, 1),  # left, bottom
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = put(tmp_path / "a.png", np.ascontiguousarray(stored), exif=exif)
    assert (read(path) == upright).all()


def test_the_largest_square_is_cut_out_of_the_middle(tmp_path: Path) -> None:
    wide = colours(0, SIDE, SIDE + 6)
    assert (read(put(tmp_path / "a.png", wide)) == wide[:, 3 : SIDE + 3]).all()
    tall = colours(0, SIDE + 6, SIDE)
    assert (read(put(tmp_path / "b.png", tall)) == tall[3 : SIDE + 3]).all()


def test_crop_and_size(tmp_path: Path) -> None:
    whole = np.zeros((12, 10, 3), np.uint8)
    whole[2:10, 1:9] = colours(1)
    path = put(tmp_path / "a.png", whole)
    assert (read(path, 8, crop=8) == colours(1)).all()
    constant = put(tmp_path / "b.png", np.zeros((12, 10, 3), np.uint8) + np.array([10, 20, 30], np.uint8))
    assert (read(constant, 3, crop=7) == (10, 20, 30)).all()
    with pytest.raises(BenchError, match=r"a.png: .* \(10 x 12 pixels; expected at least 11 x 11, as `crop` is\)"):
        read(path, 8, crop=11)


def test_shrinking_averages(tmp_path: Path) -> None:
    """Stripes of one pixel become grey: no pixel is left out."""
    stripes = np.zeros((32, 32, 3), np.uint8)
    stripes[::2] = 255
    found = read(put(tmp_path / "a.png", stripes), 8).astype(int)
    assert np.abs(found[2:-2] - 128).max() < 20


def folder_of(storage: Storage, count: int) -> Path:
    for seed in range(count):
        put(storage.given / "mine" / f"{seed}.png", colours(seed))
    return storage.given / "mine"


def load(**parameters: object) -> Dataset:
    base._load.cache_clear()  # tests change files within folders
    return load_dataset("images", **{"folder": "mine", "size": SIDE, **parameters})


def as_bytes(split: torch.Tensor) -> list[bytes]:
    """Each picture as `colours` makes it."""
    return [np.moveaxis(picture.mul(255).round().byte().numpy(), 0, 2).tobytes() for picture in split]


def test_splits(storage: Storage) -> None:
    folder_of(storage, 20)
    data = load(validation=0.2, test=0.1)
    assert [len(data.train), len(data.validation), len(data.test)] == [14, 4, 2]
    assert data.shape == (3, SIDE, SIDE)
    assert data.classes is None
    assert data.train_labels is None
    found = [picture for split in (data.train, data.validation, data.test) for picture in as_bytes(split)]
    assert sorted(found) == sorted(colours(seed).tobytes() for seed in range(20))
    assert shape_of("images", {"folder": "mine", "size": SIDE}) == (3, SIDE, SIDE)


def test_names_formats_and_places_of_files_decide_nothing(storage: Storage) -> None:
    folder_of(storage, 20)
    before = load()
    names = list(range(20))
    random.Random(0).shuffle(names)
    for seed, name in enumerate(names):
        put(storage.given / "other" / f"picture {name}.bmp", colours(seed))
        (storage.given / "mine" / f"{seed}.png").unlink()
    (storage.given / "other").rename(storage.given / "mine" / "below")
    assert load().fingerprint == before.fingerprint
    assert load(validation=0.2).fingerprint != before.fingerprint
    put(storage.given / "mine" / "one more.png", colours(99))
    assert load().fingerprint != before.fingerprint


def test_grey_only_if_all_are(storage: Storage) -> None:
    for seed in range(4):
        put(storage.given / "mine" / f"{seed}.png", colours(seed)[..., 0])
    assert load().shape == (1, SIDE, SIDE)
    put(storage.given / "mine" / "5.png", colours(5))
    assert load().shape == (3, SIDE, SIDE)


def test_sub_folders_are_classes(storage: Storage) -> None:
    for seed in range(12):
        name = ("cats", "dogs", "Ants")[seed % 3]
        put(storage.given / "mine" / name / ("deeper" if seed > 8 else ".") / f"{seed}.png", colours(seed))
    data = load(test=0.25)
    assert data.classes == 3
    known = {colours(seed).tobytes(): (1, 2, 0)[seed % 3] for seed in range(12)}  # Ants, cats, dogs
    for split, labels in ((data.train, data.train_labels), (data.test, data.test_labels)):
        assert labels is not None
        assert [known[picture] for picture in as_bytes(split)] == labels.tolist()
    put(storage.given / "mine" / "stray.png", colours(50))
    assert load().classes is None


def test_other_files_are_left_alone(storage: Storage) -> None:
    folder = folder_of(storage, 5)
    before = load().fingerprint
    for name in ("notes.txt", ".hidden.png", "Thumbs.db", ".trash/7.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"no picture")
    assert load().fingerprint == before


def _saved(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bad.png", b"no picture", r"its kind is not known"),
        ("bad.jpg", b"", r"its kind is not known"),
        ("bad.png", _saved(Image.fromarray(colours(0, 64, 64)), "png")[:-4000], r"[^;]*truncated[^;]*"),
        (
            "bad.tif",
            _saved(Image.fromarray(np.zeros((SIDE, SIDE), np.float32)), "tiff"),
            r"pixels are floating-point numbers; expected whole ones of 8 or 16 bits",
        ),
    ],
)
def test_a_broken_picture_is_named(storage: Storage, name: str, content: bytes, reason: str) -> None:
    path = folder_of(storage, 5) / name
    path.write_bytes(content)
    with pytest.raises(BenchError, match=rf"{path}: found a picture that cannot be taken \({reason}\); expected"):
        load()


def test_too_few_pictures(storage: Storage) -> None:
    folder = folder_of(storage, 2)
    with pytest.raises(BenchError, match=rf"{folder} holds 2 pictures; expected at least 3: files that end in .jpg"):
        load()
    folder_of(storage, 4)
    with pytest.raises(BenchError, match="take 1 and 3 of 4 pictures, which leaves none to train on"):
        load(test=0.8)


def test_missing_folder(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        BenchError, match=rf"there is no folder {storage.given}/mine; put the pictures there, or a link"
    ):
        load()
    monkeypatch.delenv(DATA_DIR_VARIABLE)
    with pytest.raises(BenchError, match="BENCH_DATA_DIR is not set; set it to the folder that holds 'mine'"):
        load()


def test_what_does_not_fit_into_memory(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(storage, 5)
    monkeypatch.setattr(pictures, "free_memory", lambda: 5000)
    with pytest.raises(
        BenchError, match=r"dataset 'images': 5 pictures of 8 x 8 need 6.72e-06 GB of memory; found 5e-06"
    ):
        load()
    monkeypatch.setattr(pictures, "free_memory", lambda: None)
    assert len(load().train) == 3


def test_memory_is_told() -> None:
    free = pictures.free_memory()
    assert free is None or free > 10**6


@pytest.mark.parametrize("folder", ["/data/pictures", "../pictures", "a/../../b", "~/pictures", "", "."])
def test_folders_are_below_the_data_folder(folder: str) -> None:
    with pytest.raises(
        ParameterError, match=r"'folder': found .*, expected the name of a folder below .BENCH_DATA_DIR"
    ):
        check_parameters("images", {"folder": folder})


@pytest.mark.parametrize("parameters", [{"size": 0}, {"crop": "64"}, {"test": 0.0}, {"validation": 1.0}])
def test_parameters_are_checked(parameters: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=f"dataset 'images': parameter '{next(iter(parameters))}'"):
        check_parameters("images", {"folder": "mine", **parameters})


def test_a_folder_has_to_be_named() -> None:
    with pytest.raises(ParameterError, match="parameter 'folder': found nothing, expected a value"):
        check_parameters("images", {})


def test_pictures_are_found_in_order(storage: Storage) -> None:
    folder = storage.given / "mine"
    for name in ("b/1.png", "a.PNG", "b/0.JPG", "c.jpeg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    found = [str(path.relative_to(folder)) for path in picture_folder.find_pictures(folder)]
    assert found == ["a.PNG", "b/0.JPG", "b/1.png", "c.jpeg"]
