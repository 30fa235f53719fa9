"""Ways to hide a part of a photo from a network, behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from maskengines.attribution.info import Strategy
from maskengines.attribution.masking.mode import masked_logits
from maskengines.attribution.networks import Network
from maskengines.contract import Candidate, Request
from maskengines.errors import EngineFault
from maskengines.params import Params
from maskengines.subjects.image import ImageSubject

Array = np.ndarray[Any, Any]
Ask = Callable[[str, Request], Sequence[Candidate]]
"""`RunContext.ask`."""
GREY = 127
BLUR = 10.0
"""Standard deviation of the blur, in pixels of a network that looks at 224 x 224."""
TELEA_RADIUS = 3.0


class HidingScorer:
    """A `Scorer`: a network, one photo and one strategy.

    Attributes:
        strategy: what was asked for.
        used: what is done; ``"telea"`` in place of ``"layer"`` on a network that failed its self-check.
        painted: ``(H, W)`` bool, what the user painted of ``photo``; None where nothing is.
    """

    def __init__(
        self,
        network: Network,
        photo: Array,
        strategy: Strategy,
        *,
        ask: Ask | None = None,
        checkpoint: Callable[[], None] = lambda: None,
        seed: int = 0,
    ) -> None:
        """
        Args:
            photo: ``(H, W, 3)`` uint8, as `Preprocessing.photo` gives it.
            ask: asks another engine; needed for ``"exemplar"`` only.
            checkpoint: called between batches and fills.
        """
        self.shape = network.shape
        self.labels: Sequence[str] = network.labels
        self.photo = photo
        self.strategy = strategy
        self.used: Strategy = "telea" if strategy == "layer" and not network.check.passed else strategy
        self.painted: Array | None = None
        self._network = network
        self._checkpoint = checkpoint
        self._fill = fill_of(self.used, ask, seed)
        self._plain = self._pictures(photo[None])

    def logits(self, visible: Array) -> Array:
        """Class logits, ``(N, classes)`` float32, of the photo seen through ``(N, H, W)`` bool."""
        found = [np.zeros((0, len(self.labels)), np.float32)]
        rows = self._network.rows
        for begin in range(0, len(visible), rows):
            self._checkpoint()
            found.append(self._batch(np.asarray(visible[begin : begin + rows], bool)))
        return np.concatenate(found)

    def _batch(self, visible: Array) -> Array:
        forward = self._network.forward
        if self.used == "layer":
            masks = torch.from_numpy(np.ascontiguousarray(visible)).to(self._network.device)
            answer = masked_logits(forward, self._plain, masks)
        else:
            filled = [self._filled(each) for each in visible]
            with torch.no_grad():
                answer = forward(self._pictures(np.stack(filled)))
        return answer.float().cpu().numpy()

    def _filled(self, visible: Array) -> Array:
        self._checkpoint()
        return self.photo if visible.all() else self._fill(self.photo, visible)

    def _pictures(self, photos: Array) -> torch.Tensor:
        values = torch.from_numpy(np.ascontiguousarray(self._network.preprocessing.normalised(photos)))
        return values.to(self._network.device).contiguous(memory_format=self._network.layout)


def fill_of(strategy: Strategy, ask: Ask | None = None, seed: int = 0) -> Callable[[Array, Array], Array]:
    """What puts something into the hidden part: ``(H, W, 3)`` uint8 and ``(H, W)`` bool to ``(H, W, 3)``.

    ``"layer"`` puts nothing there; its fill is never called.

    Raises:
        EngineFault: ``"exemplar"`` without anybody to ask.
    """
    if strategy == "exemplar":
        if ask is None:
            raise EngineFault("The exemplar fill needs another engine to ask.")
        return lambda photo, visible: exemplar(photo, visible, ask, seed)
    fills: dict[str, Callable[[Array, Array], Array]] = {
        "layer": grey, "black": black, "grey": grey, "mean": mean, "blur": blur, "telea": telea,
    }  # fmt: skip
    return fills[strategy]


def black(photo: Array, visible: Array) -> Array:
    return np.where(visible[..., None], photo, np.uint8(0))


def grey(photo: Array, visible: Array) -> Array:
    """127 of 255."""
    return np.where(visible[..., None], photo, np.uint8(GREY))


def mean(photo: Array, visible: Array) -> Array:
    """The mean colour of what is visible."""
    if not visible.any():
        return grey(photo, visible)
    colour = np.rint(photo[visible].mean(axis=0)).astype(np.uint8)
    return np.where(visible[..., None], photo, colour)


def blur(photo: Array, visible: Array) -> Array:
    """The photo itself, blurred: shows where light and dark are."""
    import cv2

    sigma = BLUR * max(photo.shape[:2]) / 224
    return np.where(visible[..., None], photo, cv2.GaussianBlur(photo, (0, 0), sigma))


def telea(photo: Array, visible: Array) -> Array:
    """Telea 2004, "An image inpainting technique based on the fast marching method"."""
    import cv2

    if not visible.any():
        return grey(photo, visible)
    return cv2.inpaint(photo, (~visible).astype(np.uint8), TELEA_RADIUS, cv2.INPAINT_TELEA)


def exemplar(photo: Array, visible: Array, ask: Ask, seed: int) -> Array:
    """A fill from patches of the photo itself, by the engine of that name."""
    if not visible.any():
        return grey(photo, visible)
    mask = np.where(visible, np.uint8(0), np.uint8(255))
    subject = ImageSubject(np.ascontiguousarray(photo))
    answers = ask("exemplar", Request(subject, {"pixels": mask}, Params(), count=1, seed=seed))
    return subject.with_patch(answers[0].result).pixels
