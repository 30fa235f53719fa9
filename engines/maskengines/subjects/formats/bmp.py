"""BMP: the core, info, V4 and V5 headers, palettes, bit fields and run lengths; 8 bits per channel."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from maskengines.subjects.carried import Carried, per_inch, per_metre
from maskengines.subjects.colour import to_8_bit
from maskengines.subjects.formats.common import (
    CUT_SHORT,
    UNDECODABLE,
    Damaged,
    Header,
    Raster,
    Unsupported,
    raster,
)

if TYPE_CHECKING:
    from maskengines.subjects.image import ImageSubject

_CORE_HEADER = 12
# 72 to the inch, for pictures that name no resolution.
_USUAL_DENSITY = (2835, 2835)
_UNCOMPRESSED = (0, 3, 6)
_V4 = struct.Struct("<IiiHHIIiiII4I4s36x3I")


def inspect(data: bytes) -> Header:
    """The pixels announced by the header have to be there in full."""
    if len(data) < 26:
        raise Damaged(CUT_SHORT)
    start, kind = struct.unpack_from("<II", data, 10)
    if kind == _CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = stored = 0
        density = (0, 0)
    elif kind >= 40 and len(data) >= 54:
        width, height, _, bits, compression, stored = struct.unpack_from("<iiHHII", data, 18)
        density = struct.unpack_from("<ii", data, 38)
    else:
        raise Damaged(CUT_SHORT if len(data) < 54 else "its header is damaged")
    needed = abs(height) * ((width * bits + 31) // 32 * 4) if compression in _UNCOMPRESSED else stored
    if start + needed > len(data):
        raise Damaged(CUT_SHORT)
    return Header("BMP", width, abs(height), carried=Carried(per_inch(*density, 1.0)))


def decode(data: bytes, header: Header) -> Raster:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("BMP",)) as image:
            has_alpha = image.mode == "RGBA"
            mode = "L" if image.mode in ("1", "L") else "RGBA" if has_alpha else "RGB"
            return raster(np.array(image.convert(mode)), None)
    except (OSError, ValueError, SyntaxError, NotImplementedError) as error:
        raise Damaged(UNDECODABLE) from error


def check(subject: ImageSubject) -> None:
    """Whether a BMP can hold the picture.

    Raises:
        Unsupported: the file would pass the 4 GB a BMP can address.
    """
    if subject.width * subject.height * 4 >= 1 << 32:
        raise Unsupported("BMP ends at 4 GB. Save as .png or .tif instead.")


def encode(subject: ImageSubject) -> bytes:
    """Grey as a palette, RGB, or RGBA with a V4 header; 16 bit is rounded to 8.

    Raises:
        Unsupported: the file would pass the 4 GB a BMP can address.
    """
    from PIL import Image

    check(subject)
    pixels = to_8_bit(subject.pixels)
    if subject.alpha is not None:
        return _with_alpha(
            pixels, to_8_bit(subject.alpha), per_metre(subject.carried.resolution) or _USUAL_DENSITY
        )
    told = {"dpi": subject.carried.resolution} if subject.carried.resolution else {}
    stream = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(stream, "BMP", **told)
    return stream.getvalue()


def _with_alpha(pixels: np.ndarray, alpha: np.ndarray, density: tuple[int, int]) -> bytes:
    """The V4 header is the first that can say which bits are alpha."""
    height, width = alpha.shape
    colours = np.broadcast_to(pixels, (height, width, 3))
    body = np.dstack([colours[..., ::-1], alpha])[::-1].tobytes()
    masks = (0x00FF0000, 0x0000FF00, 0x000000FF, 0xFF000000)
    header = _V4.pack(_V4.size, width, height, 1, 32, 3, len(body), *density, 0, 0, *masks, b"BGRs", 0, 0, 0)
    start = 14 + len(header)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + body
