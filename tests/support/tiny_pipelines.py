"""Inpainting pipelines small enough for tests: random weights, seeded, 64 x 64 pixels, nothing fetched."""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from maskengines.inpaint.pipelines.quietly import diffusers

library = diffusers()

CHANNELS = (32, 64)
_WIDTH = 32
KINDS = ("sd-inpaint", "sd", "sdxl-inpaint", "sdxl", "sd3", "flux", "flux-fill")


@functools.cache
def folder_of(kind: str) -> Path:
    """A folder with one of `KINDS`, or with a ``controlnet`` for ``sd``; written once a process."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-pipelines-")) / kind
    atexit.register(shutil.rmtree, folder.parent, True)
    name, _, trained = kind.partition("-")
    writers = {
        "sd": lambda: write_sd(folder, 9 if trained else 4),
        "sdxl": lambda: write_sdxl(folder, 9 if trained else 4),
        "sd3": lambda: write_sd3(folder),
        "flux": lambda: write_flux(folder, fill=bool(trained)),
        "controlnet": lambda: write_controlnet(folder),
    }
    return writers[name]()


def write_sd(folder: Path, in_channels: int = 9, seed: int = 0, channels: tuple[int, int] = CHANNELS) -> Path:
    """A Stable Diffusion: trained to inpaint with 9 channels, made for text with 4.

    Args:
        channels: of the two levels of its U-Net; more take longer.
    """
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    parts = {
        "vae": tiny_vae(4),
        "text_encoder": tiny_clip(tokenizer),
        "tokenizer": tokenizer,
        "unet": _unet(in_channels, _WIDTH, channels),
        "scheduler": _ddim(),
        "safety_checker": None,
        "feature_extractor": None,
    }
    reader = library.StableDiffusionInpaintPipeline if in_channels == 9 else library.StableDiffusionPipeline
    reader(**parts, requires_safety_checker=False).save_pretrained(folder)
    return folder


def write_sdxl(folder: Path, in_channels: int = 9, seed: int = 0) -> Path:
    """An SDXL, whose two text encoders and sizes are told to its U-Net as well."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    unet = _unet(
        in_channels,
        2 * _WIDTH,
        CHANNELS,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        # The pooled words and six sizes.
        projection_class_embeddings_input_dim=_WIDTH + 6 * 8,
        transformer_layers_per_block=(1, 1),
        use_linear_projection=True,
    )
    parts = {
        "vae": tiny_vae(4),
        "text_encoder": tiny_clip(tokenizer),
        "text_encoder_2": tiny_clip(tokenizer, projected=True),
        "tokenizer": tokenizer,
        "tokenizer_2": tokenizer,
        "unet": unet,
        "scheduler": library.EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading"
        ),
    }
    reader = (
        library.StableDiffusionXLInpaintPipeline if in_channels == 9 else library.StableDiffusionXLPipeline
    )
    reader(**parts).save_pretrained(folder)
    return folder


def write_sd3(folder: Path, seed: int = 0) -> Path:
    """A Stable Diffusion 3 without T5: flow matching, latents on a grid."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    transformer = library.SD3Transformer2DModel(
        sample_size=8, patch_size=2, in_channels=16, num_layers=1, attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=_WIDTH, caption_projection_dim=32, pooled_projection_dim=2 * _WIDTH,
        out_channels=16,
    )  # fmt: skip
    library.StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(16, shift_factor=0.1),
        text_encoder=tiny_clip(tokenizer, projected=True),
        text_encoder_2=tiny_clip(tokenizer, projected=True),
        text_encoder_3=None,
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        tokenizer_3=None,
    ).save_pretrained(folder)
    return folder


def write_flux(folder: Path, fill: bool = False, seed: int = 0) -> Path:
    """A Flux: flow matching, latents as tokens; with ``fill`` one trained to inpaint."""
    torch.manual_seed(seed)
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    latents = 4
    # Fill is shown latents (x 4), the masked picture's (x 4) and the mask (8 x 8 pixels, x 4) of each token.
    channels = latents * 4 * 2 + 64 * 4 if fill else latents * 4
    transformer = library.FluxTransformer2DModel(
        patch_size=1, in_channels=channels, out_channels=latents * 4, num_layers=1, num_single_layers=1,
        attention_head_dim=16, num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=_WIDTH,
        axes_dims_rope=(4, 4, 8), guidance_embeds=fill,
    )  # fmt: skip
    reader = library.FluxFillPipeline if fill else library.FluxPipeline
    reader(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(latents, shift_factor=0.1),
        text_encoder=tiny_clip(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=tiny_t5(tokenizer),
        tokenizer_2=tokenizer,
        transformer=transformer,
    ).save_pretrained(folder)
    return folder


def write_controlnet(folder: Path, seed: int = 1) -> Path:
    """A ControlNet for `write_sd`."""
    torch.manual_seed(seed)
    network = library.ControlNetModel(
        in_channels=4, block_out_channels=CHANNELS, layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), cross_attention_dim=_WIDTH,
        attention_head_dim=8, conditioning_embedding_out_channels=(16, 16, 16, 16),
    )  # fmt: skip
    embedding = network.controlnet_cond_embedding.conv_out
    for module in (embedding, network.controlnet_mid_block, *network.controlnet_down_blocks):
        # They begin at zero, so that a fresh ControlNet says nothing.
        torch.nn.init.normal_(module.weight, 0.0, 0.3)
    network.save_pretrained(folder)
    return folder


def write_lora(folder: Path, sd: Path, seed: int = 2) -> Path:
    """A LoRA for the U-Net of `write_sd`, with random weights; the path of its file."""
    import peft

    torch.manual_seed(seed)
    unet = library.UNet2DConditionModel.from_pretrained(sd / "unet", use_safetensors=True)
    unet.add_adapter(peft.LoraConfig(r=2, lora_alpha=2, target_modules=["to_q", "to_v"]))
    for name, weight in unet.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, 0.0, 1.0)
    layers = peft.get_peft_model_state_dict(unet)
    library.StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=layers)
    return folder / "pytorch_lora_weights.safetensors"


def _unet(in_channels: int, words: int, channels: tuple[int, int], **more: Any) -> Any:
    return library.UNet2DConditionModel(
        sample_size=8, in_channels=in_channels, out_channels=4, block_out_channels=channels,
        layers_per_block=1, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=words, attention_head_dim=8,
        **more,
    )  # fmt: skip


def tiny_vae(channels: int, **more: Any) -> Any:
    """A VAE of 8 x 8 pixels a cell."""
    vae = library.AutoencoderKL(
        block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=channels, sample_size=64,
        layers_per_block=1, norm_num_groups=8, **more,
    )  # fmt: skip
    # Latents say which colour is where and are sure of it, as trained ones are.
    for name, module in vae.encoder.named_modules():
        if name.endswith(("conv2", "to_out.0")):
            torch.nn.init.zeros_(module.weight)
        elif name.endswith(("downsamplers.0.conv", "conv_out")):
            torch.nn.init.dirac_(module.weight)
    torch.nn.init.zeros_(vae.quant_conv.weight[channels:])
    torch.nn.init.constant_(vae.quant_conv.bias[channels:], -20.0)
    return vae


def _ddim() -> Any:
    return library.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1,
    )  # fmt: skip


def tiny_clip(tokenizer: Any, projected: bool = False) -> Any:
    """A text encoder of CLIP that gives 32 numbers a word."""
    import transformers

    config = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=_WIDTH, intermediate_size=37, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=77, projection_dim=_WIDTH,
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    return (transformers.CLIPTextModelWithProjection if projected else transformers.CLIPTextModel)(config)


def tiny_t5(tokenizer: Any) -> Any:
    """A T5 that gives 32 numbers a word."""
    import transformers

    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4
    )
    return transformers.T5EncoderModel(config)


def tiny_tokenizer(folder: Path) -> Any:
    """Bytes are its words, so that any text can be said."""
    import transformers

    folder.mkdir(parents=True, exist_ok=True)
    characters = list(_bytes_as_letters())
    words = [*characters, *(f"{one}</w>" for one in characters), "th", "the</w>"]
    words += ["<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\nt h\nth e</w>\n")
    end = "<|endoftext|>"
    told = {"bos_token": "<|startoftext|>", "eos_token": end, "unk_token": end, "pad_token": end}
    kind = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, **told}
    (folder / "tokenizer_config.json").write_text(json.dumps(kind))
    return transformers.CLIPTokenizer.from_pretrained(folder)


def _bytes_as_letters() -> list[str]:
    """A printable letter for each byte, as byte-level tokenizers have it (Radford 2019)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]
