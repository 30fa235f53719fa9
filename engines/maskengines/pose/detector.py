"""The engine `vitpose`: the 2D joints of the person in a painted box, with the doubts of the detector."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from maskengines.contract import Candidate, Request, RunContext
from maskengines.errors import BadInput
from maskengines.pose.crop import Crop, PersonBox, painted_box
from maskengines.pose.detected import detected_pose, with_asked_joints
from maskengines.pose.info import VITPOSE, DetectorParams
from maskengines.pose.peaks import peaks
from maskengines.pose.vitpose import Detector, load_detector
from maskengines.results.joints import Joints
from maskengines.subjects.image import ImageSubject
from maskengines.subjects.image_io import load_image
from maskengines.subjects.pose import ASKED, PoseSubject

Array = np.ndarray[Any, Any]


class ViTPoseEngine:
    """Finds one person: the one in the box around what is painted, or around the pose that is asked about.

    Of a photo the answer is a new pose. Of a pose, whose photo is opened, the joints that are asked for are
    found anew and the others stay; where none is asked for, all are found.
    """

    info = VITPOSE

    def __init__(self) -> None:
        self._detector: Detector | None = None
        self._key: tuple[str, str] | None = None

    @property
    def weights_hash(self) -> str | None:
        """Of the network that looked last; goes into every answer's provenance."""
        return None if self._detector is None else self._detector.weights_hash

    def prepare(self, context: RunContext) -> None:
        """Which network to load is known with the first request."""

    def sample(self, request: Request, context: RunContext) -> Iterator[Candidate]:
        """Yield one candidate of kind ``joints``; there is one answer, whatever the count.

        Raises:
            BadInput: the box is too small, nothing is seen in it, or the network is none.
            NotReady: there is no network, or the pose's photo is gone.
        """
        params = cast(DetectorParams, request.params)
        photo, box, size = _looked_at(request)
        detector = self._detector_for(params.model, context)
        context.progress(0.5, 1.0, "Looking for joints")
        context.checkpoint()
        heatmaps = detector.heatmaps(photo, box, flip=params.flip)
        context.checkpoint()
        seen = seen_in(heatmaps, detector.crop(box), params.least)
        pose = _answered(request, detected_pose(seen, box, size))
        found = int((~pose.missing).sum())
        sure = float(pose.confidence[~pose.missing].mean())
        several = int(pose.in_several_places.sum())
        yield Candidate(
            kind="joints",
            result=Joints(pose, {"Network": detector.name}).to_plain(),
            seed=request.seed,
            label=f"{found} of {len(pose.missing)} joints",
            score=sure,
            metrics={"joints": found, "confidence": round(sure, 3), "in_several_places": several},
        )

    def _detector_for(self, model: str, context: RunContext) -> Detector:
        key = (model.strip(), context.device)
        if self._detector is None or key != self._key:
            context.progress(0.0, 1.0, "Loading the network")
            context.checkpoint()
            self._detector = None
            gc.collect()
            self._detector, self._key = load_detector(*key), key
        return self._detector


def seen_in(heatmaps: Array, crop: Crop, least: float) -> list[Array]:
    """Each heatmap's peaks in the photo: x, y, sigma in pixels and height in 0..1, ``(K, 4)`` a keypoint.

    Args:
        heatmaps: ``(17, H, W)`` that cover ``crop``.
        least: height below which nothing was seen.
    """
    shape = heatmaps.shape[1:]
    step = crop.step(shape)
    found = []
    for heatmap in heatmaps:
        modes = [
            (*crop.in_photo(np.array([peak.x, peak.y]), shape), peak.sigma * step, min(peak.height, 1.0))
            for peak in peaks(heatmap, least)
        ]
        found.append(np.array(modes).reshape(-1, 4))
    return found


def _looked_at(request: Request) -> tuple[Array, PersonBox, tuple[int, int]]:
    """The photo ``(H, W, 3)`` uint8, the box of the person in it, and its width and height."""
    subject = request.subject
    if isinstance(subject, PoseSubject):
        image, box = _photo_of(subject), subject.box
    else:
        image = cast(ImageSubject, subject)
        box = painted_box(request.masks.get("pixels"), (image.width, image.height))
    # What is transparent is taken as it is painted underneath.
    return replace(image, alpha=None).display_rgb8(), box, (image.width, image.height)


def _photo_of(pose: PoseSubject) -> ImageSubject:
    if not pose.photo:
        raise BadInput(
            "This pose does not say which photo it belongs to. Open the photo, and paint over the person."
        )
    image = load_image(pose.photo)
    if pose.size not in ((0, 0), (image.width, image.height)):
        raise BadInput(
            f"'{pose.photo}' is {image.width} x {image.height} now, and this pose was made over a photo of "
            f"{pose.size[0]} x {pose.size[1]}. Open the photo, and paint over the person."
        )
    return image


def _answered(request: Request, found: PoseSubject) -> PoseSubject:
    subject = request.subject
    if not isinstance(subject, PoseSubject):
        return replace(found, photo_hash=subject.content_hash)
    mask = request.masks.get("joints")
    if mask is not None and (mask >= ASKED).any():
        return with_asked_joints(subject, found, np.asarray(mask) >= ASKED)
    return replace(found, photo=subject.photo, photo_hash=subject.photo_hash)
