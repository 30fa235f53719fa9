"""Where a picture differs from a photo in what its patches look like, not in single pixels.

The paper compares the patch embeddings of DINOv2, that is, one linear layer over patches; `PatchEmbedding`
does so with weights that the user has. Without them a fixed bank of cosine filters stands in, which is ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch

from maskengines.errors import BadInput

Array = np.ndarray[Any, Any]

_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
_PATCH, _STRIDE, _WAVES = 8, 4, 4
_BIAS = 2.0


class Features(Protocol):
    """Describes patches of a picture."""

    def describe(self, picture: Array) -> Array:
        """``(rows, columns, F)`` float32 of an ``(h, w, 3)`` picture in 0..1."""


class FilterBank:
    """Low frequencies of overlapping patches of 8 pixels: a discrete cosine transform, 4 by 4 a channel, and
    a constant that keeps flat grey patches from having any direction at all."""

    def __init__(self) -> None:
        places = (np.arange(_PATCH) + 0.5) * np.pi / _PATCH
        waves = np.cos(np.arange(_WAVES)[:, None] * places) * np.sqrt(2 / _PATCH)
        waves[0] /= np.sqrt(2)
        filters = np.einsum("ay,bx,cd->yxcabd", waves, waves, np.eye(3))
        self._filters = torch.from_numpy(filters.reshape(_PATCH * _PATCH * 3, -1).astype(np.float32))

    def describe(self, picture: Array) -> Array:
        height, width = picture.shape[:2]
        rows, columns = max(1, -(-height // _STRIDE)), max(1, -(-width // _STRIDE))
        margin = (_PATCH - _STRIDE) // 2
        below, beside = rows * _STRIDE - height + margin, columns * _STRIDE - width + margin
        plain = (np.asarray(picture, np.float32) - _MEAN) / _SPREAD
        padded = cv2.copyMakeBorder(plain, margin, below, margin, beside, cv2.BORDER_REPLICATE)
        windows = np.lib.stride_tricks.sliding_window_view(padded, (_PATCH, _PATCH), axis=(0, 1))
        patches = windows[::_STRIDE, ::_STRIDE].transpose(0, 1, 3, 4, 2).reshape(rows * columns, -1)
        found = np.full((rows * columns, self._filters.shape[1] + 1), _BIAS, np.float32)
        # By torch, which keeps to the threads that its caller was given.
        torch.mm(torch.from_numpy(patches), self._filters, out=torch.from_numpy(found)[:, :-1])
        return found.reshape(rows, columns, -1)


class PatchEmbedding:
    """The patch embedding of a vision transformer, such as DINOv2's, from a folder that transformers wrote.

    Raises:
        BadInput: no weights of a patch embedding are there.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import SafetensorError, safe_open

        file = folder / "model.safetensors"
        if not file.is_file():
            raise BadInput(f"There is no model.safetensors in '{folder}'. Choose a folder that holds DINOv2.")
        try:
            with safe_open(str(file), "numpy") as held:
                ending = "patch_embeddings.projection.weight"
                names = [name for name in list(held.keys()) if name.endswith(ending)]
                if len(names) != 1:
                    raise BadInput(f"'{file}' holds no patch embedding. Choose a folder that holds DINOv2.")
                weight = held.get_tensor(names[0]).astype(np.float32)
                bias = held.get_tensor(names[0].replace("weight", "bias")).astype(np.float32)
        except (SafetensorError, OSError) as error:
            raise BadInput(f"'{file}' cannot be read: {error}. Choose another folder.") from error
        self._side = weight.shape[2]
        self._weight, self._bias = weight.transpose(2, 3, 1, 0).reshape(-1, len(weight)), bias

    def describe(self, picture: Array) -> Array:
        side = self._side
        rows, columns = picture.shape[0] // side + 1, picture.shape[1] // side + 1
        fitted = cv2.resize(np.asarray(picture, np.float32), (columns * side, rows * side))
        patches = ((fitted - _MEAN) / _SPREAD).reshape(rows, side, columns, side, 3).transpose(0, 2, 1, 3, 4)
        found: Array = patches.reshape(rows, columns, -1) @ self._weight + self._bias
        return found


def distance(one: Array, two: Array, width: int, height: int) -> Array:
    """One minus the cosine of two descriptions of the same size, drawn out to ``(height, width)`` float32."""
    dots = np.einsum("ijf,ijf->ij", one, two)
    lengths = np.linalg.norm(one, axis=2) * np.linalg.norm(two, axis=2)
    apart = 1 - dots / np.maximum(lengths, 1e-6)
    found: Array = cv2.resize(apart.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return found
