"""The image subject: pixels at their own depth, alpha apart, and alongside what its file says of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from maskengines.contract import Box, ImagePatch
from maskengines.errors import EngineFault
from maskengines.subjects.carried import NOTHING, Carried, comment, packet, per_inch

Array = np.ndarray[Any, Any]
BLOBS = ("icc", "exif", "xmp", "comment")


@dataclass(frozen=True, eq=False)
class ImageSubject:
    """An image that is edited; never changes.

    Attributes:
        pixels: ``(H, W, 1 or 3)`` uint8 or uint16, C-contiguous, read-only: grey or RGB, in the colour
            space of ``icc``, not multiplied by alpha.
        alpha: ``(H, W)`` of the same type, or ``None`` where the image is opaque throughout.
        icc: colour profile; ``None`` means sRGB.
        exif: EXIF as a TIFF structure without the ``Exif\\0\\0`` prefix, orientation 1.
        source_format: ``"PNG"``, ``"JPEG"``, ``"WebP"``, ``"TIFF"``, ``"BMP"``, or empty.
        carried: what else the picture's file says and a saved one says on: resolution, XMP, comment.
    """

    pixels: Array
    alpha: Array | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    source_format: str = ""
    carried: Carried = NOTHING

    kind: ClassVar[str] = "image"

    def __post_init__(self) -> None:
        pixels = self.pixels[:, :, None] if self.pixels.ndim == 2 else self.pixels
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"pixels are {pixels.shape} {pixels.dtype}, not (H, W, 1 or 3) uint8 or uint16")
        object.__setattr__(self, "pixels", _frozen(pixels))
        if self.alpha is not None:
            if self.alpha.shape != pixels.shape[:2] or self.alpha.dtype != pixels.dtype:
                raise ValueError(f"alpha is {self.alpha.shape} {self.alpha.dtype}, unlike the pixels")
            object.__setattr__(self, "alpha", _frozen(self.alpha))

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def depth(self) -> int:
        """Bits per channel: 8 or 16."""
        return int(self.pixels.dtype.itemsize) * 8

    @property
    def mode(self) -> str:
        """``"L"``, ``"LA"``, ``"RGB"`` or ``"RGBA"``."""
        return ("L" if self.pixels.shape[2] == 1 else "RGB") + ("" if self.alpha is None else "A")

    @property
    def spaces(self) -> Mapping[str, tuple[int, ...]]:
        return {"pixels": (self.height, self.width)}

    @cached_property
    def content_hash(self) -> str:
        """BLAKE2b of mode, depth, size, pixels, alpha and profile (what an engine can see), 40 digits."""
        digest = hashlib.blake2b(digest_size=20)
        digest.update(f"{self.mode} {self.depth} {self.width} {self.height} ".encode())
        digest.update(self.pixels.data)
        if self.alpha is not None:
            digest.update(self.alpha.data)
        digest.update(self.icc or b"")
        return digest.hexdigest()

    @property
    def blobs(self) -> dict[str, bytes]:
        """What is said of the picture in bytes, by the names of `BLOBS`."""
        said = (self.icc, self.exif, self.carried.xmp, self.carried.comment)
        return {name: blob for name, blob in zip(BLOBS, said, strict=True) if blob}

    def to_arrays(self) -> tuple[dict[str, Any], dict[str, Array]]:
        arrays = {"pixels": self.pixels}
        if self.alpha is not None:
            arrays["alpha"] = self.alpha
        for name, blob in self.blobs.items():
            arrays[name] = np.frombuffer(blob, np.uint8)
        resolution = self.carried.resolution
        meta = {"kind": self.kind, "source_format": self.source_format}
        return meta | ({"resolution": list(resolution)} if resolution else {}), arrays

    @classmethod
    def from_arrays(cls, meta: Mapping[str, Any], arrays: Mapping[str, Array]) -> Self:
        blobs = {name: arrays[name].tobytes() for name in BLOBS if name in arrays}
        source = str(meta.get("source_format", ""))
        return cls(arrays["pixels"], arrays.get("alpha"), **from_blobs(blobs, meta), source_format=source)

    def with_patch(self, patch: ImagePatch) -> ImageSubject:
        """A copy with the patch's pixels in place; alpha and metadata stay.

        Raises:
            EngineFault: the patch sticks out or has another depth or channel count.
        """
        if patch.box.empty:
            return self
        if patch.box.clipped(self.width, self.height) != patch.box:
            raise EngineFault(f"A patch of {patch.box} does not lie inside {self.width} x {self.height}.")
        if patch.pixels.dtype != self.pixels.dtype or patch.pixels.shape[2:] != self.pixels.shape[2:]:
            raise EngineFault(
                f"A patch of {patch.pixels.shape} {patch.pixels.dtype} does not fit an image of mode "
                f"{self.mode} with {self.depth} bits."
            )
        pixels = self.pixels.copy()
        pixels[patch.box.slices] = patch.pixels
        return replace(self, pixels=pixels)

    def display_rgb8(self, box: Box | None = None) -> Array:
        """``(h, w, 3)`` uint8 sRGB of a rectangle (by default everything), ready for a screen: colour
        managed, and over a checkerboard where it is transparent."""
        from maskengines.subjects.colour import to_display

        window = (box or Box(0, 0, self.width, self.height)).clipped(self.width, self.height)
        alpha = None if self.alpha is None else self.alpha[window.slices]
        return to_display(self.pixels[window.slices], alpha, self.icc, (window.x, window.y))


def from_blobs(blobs: Mapping[str, bytes], meta: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of an `ImageSubject` from its ``blobs`` and the ``resolution`` in ``meta``.

    Raises:
        ValueError, TypeError: the resolution is none.
    """
    across, down = meta.get("resolution") or (0.0, 0.0)
    carried = Carried(
        per_inch(float(across), float(down)), packet(blobs.get("xmp")), comment(blobs.get("comment"))
    )
    return {"icc": blobs.get("icc"), "exif": blobs.get("exif"), "carried": carried}


def _frozen(array: Array) -> Array:
    """A contiguous read-only view; copies only what is not contiguous."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
