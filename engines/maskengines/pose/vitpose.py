"""A ViTPose (Xu et al., NeurIPS 2022) that transformers reads, and the heatmaps it draws of one person."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from maskengines.errors import BadInput, NotReady
from maskengines.pose.crop import PADDING, Crop, PersonBox
from maskengines.subjects.pose_formats.keypoints import FORMATS
from maskengines.weights.files import checked_weights, content_hash
from maskengines.weights.hub import network_folder
from maskengines.weights.transformers_folder import LOCAL, UNREADABLE, quiet, read_network

Array = np.ndarray[Any, Any]

_NAMES = FORMATS["coco"]
FLIP_PAIRS = [
    [_NAMES.index(name), _NAMES.index(name.replace("left", "right"))] for name in _NAMES if "left" in name
]
_COCO = 0
"""The data set whose experts a ViTPose++ is asked for."""


@dataclass(frozen=True, eq=False)
class Detector:
    """A network that is ready to look.

    Attributes:
        module: ``(1, 3, h, w)`` to heatmaps ``(1, 17, H, W)``.
        processor: transformers' own, which cuts a box out and normalises it.
        size: height and width of the network's input.
        weights_hash: of the files it was read from.
    """

    name: str
    module: Any
    processor: Any
    size: tuple[int, int]
    device: str
    weights_hash: str

    def crop(self, box: PersonBox) -> Crop:
        """What of the photo is looked at."""
        return Crop.around(box, self.size[1] / self.size[0])

    def heatmaps(self, photo: Array, box: PersonBox, *, flip: bool) -> Array:
        """``(17, H, W)`` float32, COCO's keypoints; about 0 to 1.

        Args:
            photo: ``(height, width, 3)`` uint8.
            flip: take the mean with what it sees in the mirror.
        """
        with quiet():
            given = self.processor(
                photo, boxes=[[list(box)]], return_tensors="pt", input_data_format="channels_last"
            )["pixel_values"].to(self.device)
        extra = {}
        if self.module.config.backbone_config.num_experts > 1:
            extra["dataset_index"] = torch.tensor([_COCO], device=self.device)
        with torch.inference_mode():
            seen = self.module(given, **extra).heatmaps
            if flip:
                pairs = torch.tensor(FLIP_PAIRS, device=self.device)
                seen = (seen + self.module(given.flip(-1), flip_pairs=pairs, **extra).heatmaps) / 2
        found: Array = seen[0].float().cpu().numpy()
        return found


def load_detector(model: str, device: str = "cpu") -> Detector:
    """The ViTPose that ``model`` names: a folder, or a hub id ``owner/name``.

    Raises:
        NotReady: none is named, it is not on this computer, or it does not fit the memory.
        BadInput: there is no such network, or it is no ViTPose for COCO's keypoints; says why.
    """
    if not model.strip():
        raise NotReady(
            "Finding joints needs the weights of a ViTPose, and none come with the studio. Give a folder "
            "that transformers wrote, or a hub id such as usyd-community/vitpose-base-simple."
        )
    folder, name = network_folder(model)
    paths = checked_weights(folder)
    _check_kind(folder, name)
    module, config = read_network(folder, name, "VitPoseForPoseEstimation", "ViTPose")
    if config.num_labels != len(_NAMES):
        raise BadInput(
            f"'{name}' finds {config.num_labels} keypoints, not the {len(_NAMES)} of COCO. Choose a ViTPose "
            "that was trained on COCO."
        )
    processor, size = _processor(folder, name, tuple(config.backbone_config.image_size))
    weights = content_hash([folder / "config.json", folder / "preprocessor_config.json", *paths])
    return Detector(name, module.to(device), processor, size, device, weights)


def _check_kind(folder: Path, name: str) -> None:
    """Raises:
    BadInput: the folder's configuration is damaged, or of another kind of network.
    """
    try:
        told = json.loads((folder / "config.json").read_text("utf-8"))
        kinds = str(told.get("model_type")), str((told.get("backbone_config") or {}).get("model_type"))
    except (OSError, ValueError, AttributeError):
        raise BadInput(f"The config.json of '{name}' is damaged. Fetch the network again.") from None
    if kinds != ("vitpose", "vitpose_backbone"):
        raise BadInput(
            f"'{name}' is a network of the kind '{kinds[0]}', which finds no joints. Choose a ViTPose."
        )


def _processor(folder: Path, name: str, size: tuple[int, ...]) -> tuple[Any, tuple[int, int]]:
    """transformers' processor for the network, and the input's height and width."""
    import transformers

    if not (folder / "preprocessor_config.json").is_file():
        raise BadInput(
            f"'{name}' has no preprocessor_config.json, so nobody knows which colours the network expects. "
            "Add the file from the network's own page."
        )
    # The one named without Pil needs torchvision from the version on in which both exist.
    reader = getattr(transformers, "VitPoseImageProcessorPil", None) or transformers.VitPoseImageProcessor
    try:
        with quiet():
            processor = reader.from_pretrained(folder, local_files_only=LOCAL["local_files_only"])
            height, width = int(processor.size["height"]), int(processor.size["width"])
            sound = float(processor.normalize_factor) == 200 and bool(processor.do_affine_transform)
    except UNREADABLE as error:
        said = " ".join(str(error).split())[:200]
        raise BadInput(
            f"The preprocessor_config.json of '{name}' is none of a ViTPose ({said}). Fetch it again."
        ) from None
    if (height, width) != size or not sound:
        raise BadInput(
            f"The preprocessor_config.json of '{name}' does not prepare what the network takes, "
            f"{size[1]} x {size[0]} pixels around a box with {PADDING:g} times its sides. Fetch it again."
        )
    return processor, (height, width)
