"""What a photo's file says beside its pixels is still there in the one that is saved."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from maskengines.projects.openraster import save_project
from maskengines.projects.openraster_reading import load_project
from maskengines.projects.state import ProjectState
from maskengines.subjects.carried import LARGEST_PACKET, Carried
from maskengines.subjects.formats import png
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import encode_image, read_image
from PIL import Image
from PIL.PngImagePlugin import PngInfo

COLOUR = np.random.default_rng(5).integers(0, 256, (24, 31, 3), np.uint8)
SUFFIXES = (".jpg", ".png", ".tif", ".webp")
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmp:Rating="4" tiff:Orientation="1"/></rdf:RDF></x:xmpmeta>'
)


def written(format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    if format == "PNG" and "xmp" in options:
        options["pnginfo"] = PngInfo()
        options["pnginfo"].add_itxt("XML:com.adobe.xmp", options.pop("xmp").decode())
    Image.fromarray(COLOUR).save(stream, format, **options)
    return stream.getvalue()


def saved(data: bytes, suffix: str) -> Image.Image:
    """What another program opens after one round through the studio."""
    return Image.open(io.BytesIO(encode_image(read_image(data, "in"), f"out{suffix}")))


def said(image: Image.Image, name: str) -> str | None:
    """A property of the picture's XMP, read as XML."""
    prefix, _, tag = name.partition(":")
    space = {"xmp": "http://ns.adobe.com/xap/1.0/", "tiff": "http://ns.adobe.com/tiff/1.0/"}[prefix]
    found = ElementTree.fromstring(image.info["xmp"]).iter(f"{RDF}Description")
    return next(found).get(f"{{{space}}}{tag}")


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp"])
@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "BMP"])
def test_a_print_keeps_its_size(format: str, suffix: str) -> None:
    again = saved(written(format, dpi=(300, 150)), suffix)
    assert again.info["dpi"] == pytest.approx((300, 150), rel=1e-3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_resolution_per_centimetre_is_the_same_per_inch(suffix: str) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, COLOUR, resolution=(100, 100), resolutionunit="CENTIMETER", metadata=None)
    again = read_image(encode_image(read_image(stream.getvalue(), "in"), f"a{suffix}"), "a")
    assert again.carried.resolution == pytest.approx((254, 254), rel=1e-3)


def test_a_tiff_says_its_resolution_in_inches() -> None:
    data = encode_image(read_image(written("PNG", dpi=(300, 300)), "in"), "a.tif")
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = file.pages[0].tags  # type: ignore[union-attr]
        assert tags["ResolutionUnit"].value == 2
        over, under = tags["XResolution"].value
        assert over / under == pytest.approx(300, rel=1e-3)


def test_a_picture_without_a_resolution_gets_none() -> None:
    for suffix in (".jpg", ".png"):
        assert "dpi" not in saved(written("PNG"), suffix).info
    assert read_image(encode_image(read_image(written("PNG"), "in"), "a.tif"), "a").carried.resolution is None


def test_a_photo_turned_upright_turns_its_resolution() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    again = saved(written("PNG", dpi=(300, 150), exif=exif), ".png")
    assert again.info["dpi"] == pytest.approx((150, 300), rel=1e-3)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_rating_and_keywords_stay_in_the_file(format: str, suffix: str) -> None:
    again = saved(written(format, xmp=XMP), suffix)
    assert said(again, "xmp:Rating") == "4"


def test_rating_of_a_tiff_stays_in_the_file() -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, COLOUR, metadata=None, extratags=[(700, 1, len(XMP), XMP, True)])
    for suffix in SUFFIXES:
        again = saved(stream.getvalue(), suffix)
        assert said(again, "xmp:Rating") == "4"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("turned", [b'tiff:Orientation="6"', b"tiff:Orientation = '8'"])
def test_xmp_does_not_turn_a_picture_again(turned: bytes, suffix: str) -> None:
    again = saved(written("JPEG", xmp=XMP.replace(b'tiff:Orientation="1"', turned)), suffix)
    assert said(again, "tiff:Orientation") == "1"


def test_a_picture_inside_xmp_does_not_show_what_was_painted_away() -> None:
    inside = b"<xmp:Thumbnails><xmpGImg:image>/9j/4AAQSkZJRg&#xA;AB</xmpGImg:image></xmp:Thumbnails>"
    data = written("JPEG", xmp=XMP.replace(b"</rdf:RDF>", inside + b"</rdf:RDF>"))
    kept = read_image(data, "in").carried.xmp
    assert kept is not None
    assert b"4AAQ" not in kept
    assert b'Rating="4"' in kept


def test_a_saved_photo_no_longer_speaks_of_the_film_it_had() -> None:
    film = b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" xmp:Rating'
    kept = read_image(written("JPEG", xmp=XMP.replace(b"xmp:Rating", film)), "in").carried.xmp
    assert kept is not None
    assert b'GCamera:MotionPhoto="0"' in kept


@pytest.mark.parametrize("words", ["On the pier, 1974", "Auf der Brücke"])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_comment_stays_in_the_file(suffix: str, words: str) -> None:
    data = encode_image(read_image(written("JPEG", comment=words.encode()), "in"), f"a{suffix}")
    with Image.open(io.BytesIO(data)) as other:
        found = other.info["comment"].decode() if suffix == ".jpg" else other.info["Comment"]
    assert found == words
    assert saved(data, ".jpg").info["comment"] == words.encode()


def test_what_is_too_much_is_left_out_and_the_picture_opens() -> None:
    text = XMP + b" " * (2 * LARGEST_PACKET)
    head = b"XML:com.adobe.xmp\0\1\0\0\0"
    plain = written("PNG")
    for body in (head + zlib.compress(text), b"XML:com.adobe.xmp\0\0\0\0\0" + text):
        data = plain[:33] + png._chunk(b"iTXt", body) + plain[33:]
        opened = read_image(data, "in")
        assert opened.carried == Carried()
        np.testing.assert_array_equal(opened.pixels, COLOUR)
    stuffed = written("WEBP", xmp=XMP + b" " * LARGEST_PACKET)
    assert read_image(stuffed, "in").carried == Carried()
    small = plain[:33] + png._chunk(b"iTXt", head + zlib.compress(XMP)) + plain[33:]
    assert read_image(small, "in").carried.xmp == XMP


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_xmp_that_no_format_can_make_upright_is_left_out(suffix: str) -> None:
    subject = read_image(written("PNG"), "in")
    odd = read_image(written("JPEG", xmp=XMP.decode().encode("utf-16")), "in")
    assert odd.carried.xmp is None
    large = replace(subject, carried=Carried(xmp=XMP + b" " * 70_000))
    again = read_image(encode_image(large, f"a{suffix}"), "a")
    # A segment of a JPEG ends at 64 KiB; the others have room.
    assert (again.carried.xmp is None) == (suffix == ".jpg")


def test_a_saved_project_carries_them_too(tmp_path: Path) -> None:
    subject = read_image(written("JPEG", dpi=(300, 150), xmp=XMP, comment=b"On the pier"), "in")
    path = tmp_path / "a.ora"
    save_project(ProjectState(subject), path)
    again = load_project(path).original
    assert again.carried == Carried((300, 150), XMP, b"On the pier")
    with zipfile.ZipFile(path) as archive:
        stack = ElementTree.fromstring(archive.read("stack.xml"))
        assert (stack.get("xres"), stack.get("yres")) == ("300", "150")


def test_a_project_of_another_program_opens_with_its_resolution(tmp_path: Path) -> None:
    made, foreign = tmp_path / "made.ora", tmp_path / "foreign.ora"
    save_project(ProjectState(ImageSubject(COLOUR, carried=Carried((300, 300)))), made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(foreign, "w") as target:
        for name in source.namelist():
            if not name.startswith("maskstudio/"):
                target.writestr(name, source.read(name))
    assert load_project(foreign).original.carried.resolution == (300, 300)


def test_engines_that_hand_a_picture_on_hand_them_on() -> None:
    subject = read_image(written("JPEG", dpi=(300, 150), xmp=XMP, comment=b"On the pier"), "in")
    assert ImageSubject.from_arrays(*subject.to_arrays()).carried == subject.carried
