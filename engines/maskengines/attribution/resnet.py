"""The built-in classifier: a small residual network with batch normalisation, and how it is loaded.

The basic block of He et al., "Deep Residual Learning for Image Recognition" (arXiv 1512.03385, figure 5
left), projections by strided 1x1 convolutions (option B of section 3.3). Plain eager layers throughout,
so that a mask can travel along with the activations.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from maskengines.errors import BadInput, NotReady

WEIGHTS, CONFIG = "model.safetensors", "config.json"


class NetworkConfig(BaseModel):
    """What ``config.json`` says.

    Attributes:
        architecture: always ``small-resnet``.
        labels: name of every class, by index.
        size: height and width of the input in pixels.
        mean, std: per channel of RGB in 0..1; the input is ``(pixels / 255 - mean) / std``.
        stem: channels after the first convolution.
        widths: channels of each stage; every stage but the first halves the grid.
        blocks: residual blocks in a stage.
    """

    model_config = ConfigDict(extra="forbid")

    architecture: str = Field(default="small-resnet", pattern="^small-resnet$")
    labels: tuple[str, ...] = Field(min_length=2, max_length=100_000)
    size: int = Field(default=96, ge=32, le=1024)
    mean: tuple[float, float, float] = (0.45, 0.45, 0.45)
    std: tuple[float, float, float] = (0.28, 0.28, 0.28)
    stem: int = Field(default=32, ge=1, le=1024)
    widths: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(32, 64, 160), min_length=1, max_length=6
    )
    blocks: int = Field(default=2, ge=1, le=16)


class Block(nn.Module):
    """Two 3x3 convolutions beside a shortcut, which is projected where the shape changes."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(after)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, x: Tensor) -> Tensor:
        grown = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(grown)) + self.shortcut(x))


class SmallResNet(nn.Module):
    """Stem at half resolution, max-pooling to a quarter, residual stages, global average, linear.

    Takes ``(N, 3, size, size)`` float32, normalised by mean and standard deviation; gives class logits,
    ``(N, classes)``. Any size above 32 works; the last grid is ``size / (4 * 2 ** (stages - 1))`` wide.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = nn.Sequential(
            nn.Conv2d(3, config.stem, 3, 2, 1, bias=False),
            nn.BatchNorm2d(config.stem),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        )
        stages: list[nn.Module] = []
        before = config.stem
        for depth, width in enumerate(config.widths):
            for index in range(config.blocks):
                stages.append(Block(before, width, 2 if depth and not index else 1))
                before = width
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(before, len(config.labels))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pool(self.stages(self.stem(x))).flatten(1))

    def prepared(self, images: Any) -> Tensor:
        """Network input of images, ``(N, size, size, 3)`` uint8 array: ``(N, 3, size, size)`` float32."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        mean, std = (torch.tensor(one).view(1, 3, 1, 1) for one in (self.config.mean, self.config.std))
        return (pixels - 255 * mean) / (255 * std)


def read_config(folder: Path) -> NetworkConfig:
    """The ``config.json`` of a folder.

    Raises:
        NotReady: there is none.
        BadInput: it is no JSON, or does not describe such a network.
    """
    path = folder / CONFIG
    try:
        return NetworkConfig.model_validate(json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise NotReady(
            f"The network in '{folder}' has no {CONFIG}. Choose a folder that holds one."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(one) for one in first["loc"]) or "the whole"
        raise BadInput(
            f"'{path}' describes no small-resnet: {where}: {first['msg']}. "
            "Correct it or choose another folder."
        ) from error
    except (OSError, ValueError) as error:
        raise BadInput(
            f"'{path}' cannot be read as JSON. Restore the file or choose another folder."
        ) from error


def load_small_resnet(folder: Path) -> SmallResNet:
    """The network of a folder with ``config.json`` and ``model.safetensors``, float32, in eval mode.

    Raises:
        NotReady: one of the files is missing.
        BadInput: one of them is damaged, or the weights do not fit the description.
    """
    network = SmallResNet(read_config(folder))
    path = folder / WEIGHTS
    if not path.is_file():
        raise NotReady(f"The network in '{folder}' has no {WEIGHTS}. Choose a folder that holds its weights.")
    try:
        weights = {
            name: one.float() if one.is_floating_point() else one for name, one in load_file(path).items()
        }
        network.load_state_dict(weights)
    except (SafetensorError, OSError) as error:
        raise BadInput(f"'{path}' is damaged and cannot be read. Put a whole copy in its place.") from error
    except RuntimeError as error:
        raise BadInput(
            f"The weights in '{path}' do not fit its {CONFIG}. Put both files of one network in the folder."
        ) from error
    if not all(bool(torch.isfinite(one).all()) for one in network.state_dict().values()):
        raise BadInput(f"'{path}' holds values that are no numbers. Put a whole copy in its place.")
    return network.eval()
