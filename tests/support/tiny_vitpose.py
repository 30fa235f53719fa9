"""A ViTPose small enough for tests: 64 x 48 pixels in, heatmaps of 16 x 12, seeded weights."""

from __future__ import annotations

from pathlib import Path

import torch


def write_vitpose(folder: Path, keypoints: int = 17, seed: int = 0) -> Path:
    """A folder as transformers writes one, its processor beside it. The head's weights are drawn so large
    that heatmaps have peaks of any height from 0 to about 1."""
    import transformers

    transformers.logging.disable_progress_bar()
    torch.manual_seed(seed)
    backbone = transformers.VitPoseBackboneConfig(
        image_size=(64, 48), patch_size=(16, 16), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        out_indices=[2],
    )  # fmt: skip
    config = transformers.VitPoseConfig(backbone_config=backbone, num_labels=keypoints)
    module = transformers.VitPoseForPoseEstimation(config)
    torch.nn.init.normal_(module.backbone.embeddings.patch_embeddings.projection.weight, 0.0, 0.02)
    torch.nn.init.normal_(module.head.conv.weight, 0.0, 0.05)
    torch.nn.init.constant_(module.head.conv.bias, 0.3)
    module.save_pretrained(folder)
    transformers.VitPoseImageProcessorPil(size={"height": 64, "width": 48}).save_pretrained(folder)
    return folder
