"""What a user keeps who saves: every mode and depth where the format can, a sentence where it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from maskengines.contract import Box, ImagePatch
from maskengines.errors import BadInput, EngineFault
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import (
    LOSSLESS_SUFFIXES,
    WRITABLE_SUFFIXES,
    check_writable_target,
    encode_image,
    load_image,
    read_image,
    save_image,
)
from PIL import Image, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(height: int, width: int, mode: str, depth: int, seed: int = 0) -> ImageSubject:
    random = np.random.default_rng(seed)
    dtype = np.uint8 if depth == 8 else np.uint16
    values = random.integers(0, 1 << depth, (height, width, 4)).astype(dtype)
    values[..., 3] *= values[..., 3] > (1 << depth) // 2
    colours = 3 if mode.startswith("RGB") else 1
    return ImageSubject(values[..., :colours], values[..., 3] if mode.endswith("A") else None)


pictures = st.builds(
    picture,
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from(["L", "LA", "RGB", "RGBA"]),
    st.sampled_from([8, 16]),
    st.integers(0, 99),
)


@pytest.mark.parametrize("suffix", LOSSLESS_SUFFIXES)
@settings(max_examples=40, deadline=None)
@given(pictures)
def test_lossless_files_give_back_every_pixel_even_under_transparency(
    suffix: str, subject: ImageSubject
) -> None:
    again = read_image(encode_image(subject, f"a{suffix}"), "a")
    assert (again.mode, again.depth) == (subject.mode, subject.depth)
    assert again.content_hash == subject.content_hash


@pytest.mark.parametrize("suffix", [".webp", ".bmp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_and_bmp_are_exact_at_8_bits(suffix: str, mode: str) -> None:
    subject = picture(17, 13, mode, 8)
    assert read_image(encode_image(subject, f"a{suffix}"), "a").content_hash == subject.content_hash


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".bmp"])
def test_16_bits_are_rounded_where_a_format_has_8(suffix: str) -> None:
    pixels = np.tile(np.arange(0, 65536, 1024, dtype=np.uint16)[:, None, None], (1, 32, 3))
    again = read_image(encode_image(ImageSubject(pixels), f"a{suffix}"), "a")
    assert again.depth == 8
    assert np.abs(again.pixels - pixels / 257).max() <= (2.5 if suffix == ".jpg" else 0.5)


def test_a_jpeg_of_a_real_photo_is_close_to_it(data_dir: Path, tmp_path: Path) -> None:
    photo = load_image(data_dir / "photos" / "test" / "popos_001.jpg")
    save_image(photo, tmp_path / "again.jpg")
    again = load_image(tmp_path / "again.jpg")
    error = np.mean((again.pixels.astype(float) - photo.pixels) ** 2)
    assert 10 * np.log10(255**2 / error) > 40


def test_a_jpeg_takes_an_opaque_alpha_and_refuses_a_transparent_one(tmp_path: Path) -> None:
    opaque = ImageSubject(np.full((8, 8, 3), 90, np.uint8), np.full((8, 8), 255, np.uint8))
    save_image(opaque, tmp_path / "a.jpg")
    assert load_image(tmp_path / "a.jpg").mode == "RGB"
    with pytest.raises(BadInput, match=r"transparency.*\.png"):
        save_image(picture(8, 8, "RGBA", 8), tmp_path / "b.jpg")
    assert not (tmp_path / "b.jpg").exists()


@pytest.mark.parametrize("suffix", WRITABLE_SUFFIXES)
def test_other_programs_open_what_we_save(suffix: str, tmp_path: Path) -> None:
    subject = picture(9, 12, "RGB", 8)
    save_image(subject, tmp_path / f"a{suffix}")
    with Image.open(tmp_path / f"a{suffix}") as image:
        assert (image.size, image.mode) == ((12, 9), "RGB")
        if suffix in (*LOSSLESS_SUFFIXES, ".webp", ".bmp"):
            np.testing.assert_array_equal(np.asarray(image), subject.pixels)


def test_a_grey_picture_does_not_carry_a_colour_profile() -> None:
    grey = ImageSubject(np.zeros((4, 4, 1), np.uint8), icc=SRGB)
    assert b"iCCP" not in encode_image(grey, "a.png")


@pytest.mark.parametrize(
    ("name", "words"),
    [("noname", "no suffix"), ("a.gif", "not a known format"), ("missing/a.png", "folder does not exist")],
)
def test_a_target_is_refused_before_any_work(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        check_writable_target(tmp_path / name)
    assert check_writable_target(str(tmp_path / "été 1.PNG")).suffix == ".PNG"


def test_a_subject_cannot_be_changed_and_its_copy_with_a_patch_can_differ() -> None:
    subject = picture(20, 30, "RGBA", 16)
    with pytest.raises(ValueError, match="read-only"):
        subject.pixels[0, 0] = 1
    patch = ImagePatch(3, 4, np.full((5, 6, 3), 7, np.uint16))
    changed = subject.with_patch(patch)
    assert (changed.pixels[4:9, 3:9] == 7).all()
    assert changed.alpha is not None
    rest = np.ones((20, 30), bool)
    rest[4:9, 3:9] = False
    np.testing.assert_array_equal(changed.pixels[rest], subject.pixels[rest])
    np.testing.assert_array_equal(changed.alpha, subject.alpha)
    assert changed.content_hash != subject.content_hash
    for wrong in (ImagePatch(28, 4, patch.pixels), ImagePatch(3, 4, patch.pixels.astype(np.uint8))):
        with pytest.raises(EngineFault):
            subject.with_patch(wrong)


def test_whatever_an_engine_sees_changes_the_hash() -> None:
    base = picture(6, 6, "RGBA", 8)
    assert base.alpha is not None
    others = [
        ImageSubject(base.pixels ^ 1, base.alpha),
        ImageSubject(base.pixels, base.alpha ^ 1),
        ImageSubject(base.pixels),
        ImageSubject(base.pixels, base.alpha, SRGB),
        ImageSubject(base.pixels.reshape(4, 9, 3), base.alpha.reshape(4, 9)),
    ]
    assert len({base.content_hash, *(other.content_hash for other in others)}) == 6
    assert ImageSubject(base.pixels.copy(), base.alpha, exif=b"x").content_hash == base.content_hash


def test_a_subject_travels_as_arrays_without_a_copy() -> None:
    source = picture(5, 6, "LA", 16)
    subject = ImageSubject(source.pixels, source.alpha, SRGB, b"II", "PNG")
    again = ImageSubject.from_arrays(*subject.to_arrays())
    assert np.shares_memory(again.pixels, subject.pixels)
    assert again.content_hash == subject.content_hash
    assert (again.icc, again.exif, again.source_format) == (SRGB, b"II", "PNG")


def test_the_screen_shows_8_bit_srgb_over_a_steady_checkerboard() -> None:
    grey = ImageSubject(np.full((4, 4, 1), 32896, np.uint16))
    assert (grey.display_rgb8() == 128).all()
    clear = ImageSubject(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8))
    whole = clear.display_rgb8()
    assert len(np.unique(whole)) == 2
    np.testing.assert_array_equal(clear.display_rgb8(Box(11, 13, 40, 30)), whole[13:43, 11:51])
    solid = picture(6, 6, "RGB", 8)
    np.testing.assert_array_equal(solid.display_rgb8(), solid.pixels)
    np.testing.assert_array_equal(ImageSubject(solid.pixels, icc=b"broken" * 9).display_rgb8(), solid.pixels)
