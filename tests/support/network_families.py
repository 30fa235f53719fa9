"""Small seeded networks of every family that layer masking promises to work on, 64 x 64 in, 7 classes out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

SIDE = 64
CLASSES = 7


class Vgg(nn.Module):
    """Convolutions and max-pooling, then linear layers over all pixels of the last map."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width = 3
        for out in (12, 16, 24):
            layers += [nn.Conv2d(width, out, 3, padding=1), nn.ReLU(inplace=True)]
            layers += [nn.Conv2d(out, out, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
            width = out
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((4, 4))
        self.head = nn.Sequential(nn.Linear(24 * 16, 32), nn.ReLU(), nn.Dropout(), nn.Linear(32, CLASSES))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.flatten(self.pool(self.features(x)), 1))


class DenseNet(nn.Module):
    """Every layer's channels are concatenated to all before; transitions pool by the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
        self.blocks = nn.ModuleList()
        self.transitions = nn.ModuleList()
        width = 16
        for _ in range(2):
            block = nn.ModuleList()
            for _ in range(3):
                block.append(
                    nn.Sequential(
                        nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 16, 1, bias=False),
                        nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 8, 3, padding=1, bias=False),
                    )
                )  # fmt: skip
                width += 8
            self.blocks.append(block)
            self.transitions.append(
                nn.Sequential(nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, 20, 1), nn.AvgPool2d(2))
            )
            width = 20
        self.head = nn.Linear(width, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(self.stem(x), 3, 2, 1)
        for block, transition in zip(self.blocks, self.transitions, strict=True):
            for layer in block:  # type: ignore[attr-defined]
                x = torch.cat([x, layer(x)], 1)
            x = transition(x)
        return self.head(functional.relu(x).mean((2, 3)))


class Squeeze(nn.Module):
    """Squeeze-excite: every channel is scaled by what the whole picture says of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.down, self.up = nn.Conv2d(width, 4, 1), nn.Conv2d(4, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * functional.hardsigmoid(self.up(functional.relu(self.down(self.pool(x)))))


class MobileNetV3(nn.Module):
    """Inverted residuals with squeeze-excite, hard swish and 5 x 5 filters."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.blocks = nn.ModuleList(self._block(k, s) for k, s in ((3, 1), (5, 2), (5, 1), (3, 2), (5, 1)))
        self.head = nn.Sequential(nn.Conv2d(8, 24, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1))
        self.classify = nn.Linear(24, CLASSES)

    @staticmethod
    def _block(kernel: int, stride: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(8, 24, 1, bias=False), nn.BatchNorm2d(24), nn.Hardswish(),
            nn.Conv2d(24, 24, kernel, stride, kernel // 2, groups=24, bias=False), nn.BatchNorm2d(24),
            Squeeze(24), nn.Hardswish(), nn.Conv2d(24, 8, 1, bias=False), nn.BatchNorm2d(8),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        for block in self.blocks:
            inner = block(x)
            x = x + inner if inner.shape == x.shape else inner
        return self.classify(self.head(x).flatten(1))


class SqueezeNet(nn.Module):
    """Fire modules: 1 x 1 and 3 x 3 filters side by side; classes are pooled last."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2)
        self.squeeze = nn.ModuleList(nn.Conv2d(width, 8, 1) for width in (16, 32, 32))
        self.one = nn.ModuleList(nn.Conv2d(8, 16, 1) for _ in range(3))
        self.three = nn.ModuleList(nn.Conv2d(8, 16, 3, padding=1) for _ in range(3))
        self.head = nn.Conv2d(32, CLASSES, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.max_pool2d(functional.relu(self.stem(x)), 3, 2, ceil_mode=True)
        for index, (squeeze, one, three) in enumerate(zip(self.squeeze, self.one, self.three, strict=True)):
            inner = functional.relu(squeeze(x))
            x = torch.cat([functional.relu(one(inner)), functional.relu(three(inner))], 1)
            if index == 1:
                x = functional.max_pool2d(x, 3, 2, ceil_mode=True)
        return functional.adaptive_avg_pool2d(functional.relu(self.head(x)), (1, 1)).flatten(1)


class Dilated(nn.Module):
    """Filters with holes, even and oblong ones, 'same' and mirrored padding."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 12, 4, 2, 1), nn.ReLU(),
            nn.Conv2d(12, 12, 3, padding=2, dilation=2), nn.ReLU(),
            nn.Conv2d(12, 12, (1, 5), padding="same"), nn.ReLU(),
            nn.Conv2d(12, 12, 4, padding="same"), nn.ReLU(),
            nn.Conv2d(12, 12, 3, 2, 1, padding_mode="reflect"), nn.AvgPool2d(3, 1, 1),
        )  # fmt: skip
        self.head = nn.Linear(12, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.layers(x).amax((2, 3)))


class Logits(nn.Module):
    """A transformers classifier, down to its logits."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x).logits


def _transformers(name: str, **options: object) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        import transformers

        transformers.logging.set_verbosity_error()
        configuration = getattr(transformers, f"{name}Config")(num_labels=CLASSES, **options)
        return Logits(getattr(transformers, f"{name}ForImageClassification")(configuration))

    return make


_PATCHES = {"image_size": SIDE, "patch_size": 8, "hidden_size": 32, "num_hidden_layers": 3}
_TOKENS = {**_PATCHES, "num_attention_heads": 4, "intermediate_size": 64}
_STAGES = {"embedding_size": 12, "hidden_sizes": [16, 24, 32], "depths": [2, 2, 2]}
_NEXT = {"hidden_sizes": [16, 24, 32], "depths": [2, 2, 2], "num_stages": 3, "layer_scale_init_value": 0.5}

CONVOLUTIONAL: dict[str, Callable[[], nn.Module]] = {
    "ResNet-18": _transformers("ResNet", layer_type="basic", **_STAGES),
    "ResNet-50": _transformers("ResNet", layer_type="bottleneck", **_STAGES),
    "VGG": Vgg,
    "DenseNet": DenseNet,
    "RegNet-Y": _transformers("RegNet", layer_type="y", groups_width=8, **_STAGES),
    "ConvNeXt": _transformers("ConvNext", **_NEXT),
    "ConvNeXt V2": _transformers("ConvNextV2", **_NEXT),
    "EfficientNet": _transformers(
        "EfficientNet", image_size=SIDE, width_coefficient=0.5, depth_coefficient=0.5, hidden_dim=640
    ),
    "MobileNet V1": _transformers("MobileNetV1", depth_multiplier=0.25),
    "MobileNet V2": _transformers("MobileNetV2", depth_multiplier=0.25, tf_padding=True),
    "MobileNet V3": MobileNetV3,
    "SqueezeNet": SqueezeNet,
    "dilated": Dilated,
}
OTHERS: dict[str, Callable[[], nn.Module]] = {
    "BiT": _transformers("Bit", **{**_STAGES, "num_groups": 4, "hidden_sizes": [16, 32, 64]}),
    "PoolFormer": _transformers(
        "PoolFormer", hidden_sizes=[16, 24, 32, 40], depths=[1, 1, 1, 1], layer_scale_init_value=0.5
    ),
    "ViT": _transformers("ViT", **_TOKENS),
    "DeiT": _transformers("DeiT", **_TOKENS),
    "Swin": _transformers(
        "Swin", image_size=SIDE, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4
    ),
}
FAMILIES = {**CONVOLUTIONAL, **OTHERS}


def family(name: str, seed: int = 0) -> nn.Module:
    """A network of that family, in evaluation mode, with weights and statistics drawn from ``seed``."""
    torch.manual_seed(seed)
    network = FAMILIES[name]().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0.0, 0.2)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 1.5)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0.0, 0.2)
        elif isinstance(module, nn.Conv2d):
            # The default of some families lets activations fade to nothing through the layers.
            nn.init.kaiming_normal_(module.weight)
    return network


def write_network(folder: Path, labels: tuple[str, ...]) -> Path:
    """A folder with a small seeded ResNet for 64 x 64 pixels, as transformers writes one."""
    import transformers

    torch.manual_seed(0)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", num_labels=len(labels),
        id2label=dict(enumerate(labels)),
    )  # fmt: skip
    transformers.ResNetForImageClassification(config).save_pretrained(folder)
    told = {
        "image_processor_type": "ViTImageProcessor", "do_resize": True, "resample": 2,
        "size": {"height": SIDE, "width": SIDE}, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4],
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder
