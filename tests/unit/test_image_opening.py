"""What a user gets who opens a file: the right way up, at its own depth, or one clear sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from maskengines.errors import BadInput
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import encode_image, load_image, read_image, save_image
from PIL import Image, ImageCms

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (24, 31, 3)).astype(np.uint8)
GREY = np.ascontiguousarray(COLOUR[..., 0])
ALPHA = np.ascontiguousarray(COLOUR[..., 1])
DEEP = RNG.integers(0, 65536, (24, 31, 3)).astype(np.uint16)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def written(image: Image.Image, format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def tiff(array: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, metadata=None, **options)
    return stream.getvalue()


def exif(orientation: int, maker: str = "A camera") -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = maker
    block.get_ifd(0x8769)[0x829A] = 0.004
    return block


TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: np.rot90,
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_a_photo_taken_sideways_opens_upright_and_says_so(format: str, orientation: int) -> None:
    data = written(Image.fromarray(COLOUR), format, exif=exif(orientation), lossless=True)
    opened = read_image(data, "photo")
    np.testing.assert_array_equal(opened.pixels, TURNS[orientation](COLOUR))
    assert opened.exif is not None
    block = Image.Exif()
    block.load(opened.exif)
    assert block.get(0x0112, 1) == 1
    assert block[0x010F] == "A camera"
    # Pillow writes no EXIF directory into a TIFF; ours are checked below.
    if format != "TIFF":
        assert float(block.get_ifd(0x8769)[0x829A]) == pytest.approx(0.004)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_agrees_with_another_reader_on_real_photos(data_dir: Path, orientation: int) -> None:
    from PIL import ImageOps

    with Image.open(data_dir / "photos" / "test" / "immichapp_001.jpg") as photo:
        data = written(photo, "JPEG", exif=exif(orientation), quality=95)
    with Image.open(io.BytesIO(data)) as reference:
        expected = np.asarray(ImageOps.exif_transpose(reference)).astype(int)
    opened = read_image(data, "photo.jpg")
    assert opened.pixels.shape == expected.shape
    assert np.abs(opened.pixels - expected).mean() < 0.5


@pytest.mark.parametrize("name", ["out.png", "out.jpg", "out.webp", "out.tif"])
def test_a_saved_photo_keeps_profile_and_camera_and_is_not_turned_again(tmp_path: Path, name: str) -> None:
    source = read_image(written(Image.fromarray(COLOUR), "JPEG", exif=exif(6), icc_profile=SRGB), "in.jpg")
    save_image(source, tmp_path / name)
    again = load_image(tmp_path / name)
    assert again.pixels.shape == source.pixels.shape == (31, 24, 3)
    assert again.icc == SRGB
    with Image.open(tmp_path / name) as other:
        assert other.size == (24, 31)
        assert other.getexif().get(0x0112, 1) == 1
        assert other.getexif()[0x010F] == "A camera"
        assert float(other.getexif().get_ifd(0x8769)[0x829A]) == pytest.approx(0.004)
        assert other.info["icc_profile"] == SRGB


def test_the_stale_thumbnail_of_the_camera_does_not_travel_on() -> None:
    thumbnail = written(Image.fromarray(COLOUR[:8, :8]), "JPEG")
    first = struct.pack("<HHHIII", 1, 0x0112, 3, 1, 6, 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
    block = b"Exif\0\0II*\0\x08\0\0\0" + first + second + thumbnail
    opened = read_image(written(Image.fromarray(COLOUR), "JPEG", exif=block), "photo.jpg")
    assert opened.width == 24
    assert opened.exif is not None
    assert b"\xff\xd8" not in opened.exif


@pytest.mark.parametrize(
    ("image", "options", "mode", "pixels", "alpha"),
    [
        (Image.fromarray(GREY), {}, "L", GREY, None),
        (Image.fromarray(np.dstack([GREY, ALPHA]), "LA"), {}, "LA", GREY, ALPHA),
        (Image.fromarray(np.dstack([COLOUR, ALPHA])), {}, "RGBA", COLOUR, ALPHA),
        (Image.fromarray(DEEP[..., 0]), {}, "L", DEEP[..., 0], None),
        (Image.fromarray(GREY > 128), {}, "L", np.where(GREY > 128, 255, 0), None),
        (Image.fromarray(GREY), {"transparency": 7}, "LA", GREY, np.where(GREY == 7, 0, 255)),
    ],
)
def test_every_kind_of_png_keeps_its_kind(
    image: Image.Image, options: dict[str, Any], mode: str, pixels: np.ndarray, alpha: np.ndarray | None
) -> None:
    opened = read_image(written(image, "PNG", **options), "a.png")
    assert opened.mode == mode
    np.testing.assert_array_equal(opened.pixels.squeeze(), pixels)
    if alpha is not None:
        np.testing.assert_array_equal(opened.alpha, alpha)


def test_palette_pictures_open_in_colour() -> None:
    image = Image.fromarray(COLOUR).quantize(16)
    expected = np.asarray(image.convert("RGB"))
    for format in ("PNG", "BMP", "TIFF"):
        np.testing.assert_array_equal(read_image(written(image, format), "p").pixels, expected)
    see_through = read_image(written(image, "PNG", transparency=3), "p.png")
    np.testing.assert_array_equal(see_through.alpha == 0, np.asarray(image) == 3)


@pytest.mark.parametrize("pixels", [COLOUR, DEEP], ids=["8 bit", "16 bit"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd"])
@pytest.mark.parametrize(
    "options",
    [{}, {"byteorder": ">"}, {"tile": (16, 16)}, {"planarconfig": "separate"}, {"bigtiff": True}],
    ids=["plain", "big-endian", "tiled", "planar", "BigTIFF"],
)
def test_a_tiff_opens_however_it_is_laid_out(
    pixels: np.ndarray, compression: str | None, options: dict[str, Any]
) -> None:
    stored = np.moveaxis(pixels, -1, 0).copy() if "planarconfig" in options else pixels
    opened = read_image(tiff(stored, photometric="rgb", compression=compression, **options), "a.tif")
    assert opened.depth == pixels.itemsize * 8
    np.testing.assert_array_equal(opened.pixels, pixels)


def test_a_tiff_with_white_as_zero_is_no_negative() -> None:
    for array in (GREY, DEEP[..., 0].copy()):
        opened = read_image(tiff(array, photometric="miniswhite"), "a.tif")
        np.testing.assert_array_equal(opened.pixels[..., 0], np.iinfo(array.dtype).max - array)
    fax = Image.fromarray(GREY > 128)
    opened = read_image(written(fax, "TIFF", compression="group4"), "fax.tif")
    np.testing.assert_array_equal(opened.pixels[..., 0], np.where(GREY > 128, 255, 0))


def test_premultiplied_alpha_becomes_straight() -> None:
    alpha = np.full(GREY.shape, 128, np.uint8)
    stored = np.dstack([(COLOUR.astype(int) * 128 + 127) // 255, alpha]).astype(np.uint8)
    opened = read_image(tiff(stored, photometric="rgb", extrasamples=["assocalpha"]), "a.tif")
    assert np.abs(opened.pixels.astype(int) - COLOUR).max() <= 1
    np.testing.assert_array_equal(opened.alpha, alpha)


def test_the_picture_of_a_tiff_is_opened_and_not_its_thumbnail() -> None:
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        writer.write(COLOUR[:8, :8].copy(), subfiletype=1, photometric="rgb", metadata=None)
        writer.write(COLOUR, photometric="rgb", metadata=None)
        writer.write(COLOUR[::-1].copy(), photometric="rgb", metadata=None)
    np.testing.assert_array_equal(read_image(stream.getvalue(), "a.tif").pixels, COLOUR)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_cmyk_without_a_profile_follows_the_plain_formula(compression: str | None) -> None:
    ink = RNG.integers(0, 256, (24, 31, 4)).astype(np.uint8)
    light = 255 - ink.astype(int)
    expected = np.rint(light[..., :3] * light[..., 3:] / 255)
    image = Image.fromarray(ink, "CMYK")
    opened = read_image(written(image, "TIFF", compression=compression), "a.tif")
    assert np.abs(opened.pixels - expected).max() <= 0.5
    deep = read_image(tiff(ink.astype(np.uint16) * 257, photometric="separated"), "b.tif")
    assert deep.depth == 16
    assert np.abs(deep.pixels / 257 - expected).max() <= 1


def test_a_cmyk_jpeg_is_no_negative() -> None:
    flat = np.broadcast_to(np.array([0, 200, 200, 20], np.uint8), (16, 16, 4))
    opened = read_image(written(Image.fromarray(np.ascontiguousarray(flat), "CMYK"), "JPEG"), "a.jpg")
    assert np.abs(opened.pixels.reshape(-1, 3).astype(int) - [235, 51, 51]).max() <= 4
    assert opened.icc is None


def test_a_renamed_file_opens_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "été 写真.jpg"
    path.write_bytes(written(Image.fromarray(COLOUR), "PNG"))
    assert load_image(path).source_format == "PNG"


def test_a_motion_photo_opens_despite_the_film_behind_it() -> None:
    data = written(Image.fromarray(COLOUR), "JPEG")
    np.testing.assert_array_equal(
        read_image(data + b"ftypmp42" * 100, "a.jpg").pixels, read_image(data, "a.jpg").pixels
    )


def test_single_pixels_open() -> None:
    for format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        assert read_image(written(Image.new("RGB", (1, 1)), format), "dot").pixels.shape == (1, 1, 3)


def bomb(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def animated(format: str) -> bytes:
    frames = [Image.fromarray(COLOUR), Image.fromarray(COLOUR[::-1])]
    return written(frames[0], format, save_all=True, append_images=frames[1:], duration=100)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"just some text", "no image"),
        (bomb(30000, 30000), "30000 x 30000 pixels"),
        (bomb(0, 0), "no pixels"),
        (bomb(9, 9), "damaged"),
        (animated("GIF"), "GIF"),
        (animated("PNG"), "animation of 2 frames"),
        (animated("WEBP"), "animation of 2 frames"),
        (tiff(np.zeros((4, 4), np.float32)), "floating-point"),
        (tiff(np.zeros((4, 4), np.int16)), "16 bits"),
    ],
)
def test_what_cannot_be_edited_is_refused_in_one_sentence(data: bytes, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        read_image(data, "holiday.png")
    assert "'holiday.png'" in caught.value.message
    assert "\n" not in caught.value.message


def test_paths_that_are_no_file_are_refused_with_their_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        load_image(tmp_path / "nothing.png")
    with pytest.raises(BadInput, match="is a folder"):
        load_image(tmp_path)
    with pytest.raises(BadInput, match="no ordinary file"):
        load_image("/dev/null")


def _sorts_of_files() -> dict[str, bytes]:
    subject = ImageSubject(COLOUR, None, SRGB, exif(1).tobytes()[6:])
    with_alpha = ImageSubject(COLOUR, ALPHA)
    files = {f"ours.{s}": encode_image(subject, f"a.{s}") for s in ("png", "jpg", "webp", "tif", "bmp")}
    files |= {f"ours-alpha.{s}": encode_image(with_alpha, f"a.{s}") for s in ("png", "webp", "tif", "bmp")}
    image = Image.fromarray(COLOUR)
    files["progressive.jpg"] = written(image, "JPEG", progressive=True, exif=exif(6), icc_profile=SRGB)
    files["lossy.webp"] = written(image, "WEBP")
    files["end-directory.tif"] = written(
        image, "TIFF", compression="tiff_lzw", exif=exif(6), icc_profile=SRGB
    )
    files["tiled.tif"] = tiff(COLOUR, tile=(16, 16), photometric="rgb", bigtiff=True)
    files["palette.bmp"] = written(image.quantize(), "BMP")
    return files


FILES = _sorts_of_files()


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_short_anywhere_is_refused(name: str) -> None:
    data = FILES[name]
    read_image(data, name)
    cuts = {*range(0, len(data), max(1, len(data) // 150)), *range(len(data) - 24, len(data))}
    for cut in cuts:
        with pytest.raises(BadInput):
            read_image(data[:cut], name)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_opens_or_is_refused_but_never_more(name: str) -> None:
    random = np.random.default_rng(len(FILES[name]))
    for _ in range(60):
        data = bytearray(FILES[name])
        for at in random.integers(0, len(data), 3):
            data[at] = random.integers(0, 256)
        with contextlib.suppress(BadInput):
            assert read_image(bytes(data), name).pixels.size


def test_a_png_with_a_flipped_bit_in_its_pixels_is_refused() -> None:
    data = bytearray(FILES["ours.png"])
    data[data.index(b"IDAT") + 40] ^= 1
    with pytest.raises(BadInput, match="checksum"):
        read_image(bytes(data), "a.png")
