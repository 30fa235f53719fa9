"""Compiles what a training runs, before the first photo is read."""

from __future__ import annotations

import numpy as np
import torch

from maskengines.scene.losses import masked_loss
from maskengines.scene.model import Model
from maskengines.subjects.cameras import Camera
from maskengines.subjects.gaussians import Gaussians


def warm_up() -> None:
    """Draw one Gaussian, differentiate and take a step."""
    camera = Camera(8, 8, 8.0, 8.0, 4.0, 4.0, np.eye(4))
    one = Gaussians(
        np.array([[0, 0, 2]]),
        np.full((1, 3), -1.0),
        np.array([[1, 0, 0, 0]]),
        np.zeros(1),
        np.ones((1, 4, 3)),
    )
    model = Model(one, 1.0)
    picture = model.draw(camera, 1)
    masked_loss(picture, torch.zeros(8, 8, 3), torch.ones(8, 8)).backward()
    model.learn(1, 1.0)
