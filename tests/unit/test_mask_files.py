"""Masks from image files that anyone may have made."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from maskengines.errors import BadInput
from maskengines.masks.files import load_mask, save_mask
from PIL import Image

RAMP = np.tile(np.arange(256, dtype=np.uint8), (20, 1))


def test_a_saved_mask_is_an_8_bit_grey_png_and_loads_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "Maske 1.png"
    save_mask(RAMP, path)
    with Image.open(path) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image), RAMP)
    np.testing.assert_array_equal(load_mask(path, RAMP.shape), RAMP)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_masks_of_every_common_mode_load(tmp_path: Path, mode: str) -> None:
    hard = np.where(RAMP > 100, 255, 0).astype(np.uint8)
    Image.fromarray(hard).convert(mode).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(load_mask(tmp_path / "mask.png", hard.shape), hard)


@pytest.mark.parametrize("name", ["mask.png", "mask.tif"])
def test_16_bit_masks_are_rounded_not_cut(tmp_path: Path, name: str) -> None:
    deep = np.array([[0, 128, 129, 32767, 32768, 65406, 65407, 65535]], np.uint16)
    cv2.imwrite(str(tmp_path / name), deep)
    assert load_mask(tmp_path / name, deep.shape).tolist() == [[0, 0, 1, 127, 128, 254, 255, 255]]


def test_colours_count_by_luma_and_transparency_means_not_asked(tmp_path: Path) -> None:
    rgba = np.zeros((1, 6, 4), np.uint8)
    rgba[0] = [
        [255, 0, 0, 255],
        [0, 255, 0, 255],
        [0, 0, 255, 255],
        [255] * 4,
        [255, 255, 255, 0],
        [255] * 3 + [51],
    ]
    Image.fromarray(rgba).save(tmp_path / "m.png")
    assert load_mask(tmp_path / "m.png", (1, 6)).tolist() == [[76, 150, 29, 255, 0, 51]]


def test_a_mask_is_turned_upright_like_the_photo(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(RAMP).save(tmp_path / "m.jpg", exif=exif, quality=100)
    loaded = load_mask(tmp_path / "m.jpg", (256, 20))
    assert loaded[0, 0] < 5
    assert loaded[255, 0] > 250


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path: Path) -> None:
    save_mask(RAMP, tmp_path / "m.png")
    with pytest.raises(BadInput, match=r"256 x 20.*30 x 20"):
        load_mask(tmp_path / "m.png", (20, 30))


def test_what_is_no_image_or_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_text("not a picture")
    with pytest.raises(BadInput):
        load_mask(tmp_path / "m.png", (1, 1))
    with pytest.raises(BadInput):
        load_mask(tmp_path / "missing.png", (1, 1))
    with pytest.raises(BadInput, match="PNG"):
        save_mask(RAMP, tmp_path / "m.jpg")
    with pytest.raises(BadInput):
        save_mask(RAMP, tmp_path / "no" / "m.png")
