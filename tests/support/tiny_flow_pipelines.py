"""Tiny pipelines outside the map of `AutoPipelineForInpainting`, or with networks of their own."""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch
from tiny_pipelines import library, tiny_clip, tiny_t5, tiny_tokenizer, tiny_vae

FLOW_KINDS = ("kontext", "chroma", "klein", "z-image", "qwen-image")
_CHAT = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


@functools.cache
def flow_folder_of(kind: str) -> Path:
    """A folder with one of `FLOW_KINDS`; written once a process."""
    folder = Path(tempfile.mkdtemp(prefix="tiny-flow-")) / kind
    atexit.register(shutil.rmtree, folder.parent, True)
    torch.manual_seed(0)
    write = {
        "kontext": _kontext, "chroma": _chroma, "klein": _klein, "z-image": _z_image,
        "qwen-image": _qwen_image,
    }[kind]  # fmt: skip
    write(folder).save_pretrained(folder)
    return folder


def _kontext(folder: Path) -> Any:
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    transformer = library.FluxTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32, axes_dims_rope=(4, 4, 8),
        guidance_embeds=True,
    )  # fmt: skip
    return library.FluxKontextPipeline(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(4, shift_factor=0.1),
        text_encoder=tiny_clip(tokenizer),
        tokenizer=tokenizer,
        text_encoder_2=tiny_t5(tokenizer),
        tokenizer_2=tokenizer,
        transformer=transformer,
    )


def _chroma(folder: Path) -> Any:
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    transformer = library.ChromaTransformer2DModel(
        patch_size=1, in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=32, axes_dims_rope=(4, 4, 8), approximator_num_channels=8,
        approximator_hidden_dim=32, approximator_layers=1,
    )  # fmt: skip
    return library.ChromaPipeline(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(4, shift_factor=0.1),
        text_encoder=tiny_t5(tokenizer),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def _klein(folder: Path) -> Any:
    transformer = library.Flux2Transformer2DModel(
        in_channels=16, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
        joint_attention_dim=48, timestep_guidance_channels=32, axes_dims_rope=(4, 4, 4, 4),
        guidance_embeds=False,
    )  # fmt: skip
    vae = library.AutoencoderKLFlux2(
        block_out_channels=(32, 32, 32, 32), down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4, latent_channels=4, sample_size=64, layers_per_block=1,
        norm_num_groups=8,
    )  # fmt: skip
    tokenizer = _chatty(folder)
    return library.Flux2KleinPipeline(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        # It listens to layers 9, 18 and 27.
        text_encoder=_qwen3(tokenizer, 28),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def _z_image(folder: Path) -> Any:
    tokenizer = _chatty(folder)
    transformer = library.ZImageTransformer2DModel(
        in_channels=4, dim=32, n_layers=1, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=16,
        axes_dims=[8, 4, 4], axes_lens=[256, 32, 32],
    )  # fmt: skip
    return library.ZImagePipeline(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(4, shift_factor=0.1),
        text_encoder=_qwen3(tokenizer, 2),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def _qwen_image(folder: Path) -> Any:
    import transformers

    tokenizer = _chatty(folder)
    words = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
        "num_key_value_heads": 2, "vocab_size": len(tokenizer),
        "rope_parameters": {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6},
    }  # fmt: skip
    eyes = {
        "depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16,
        "patch_size": 14, "fullatt_block_indexes": [0],
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(text_config=words, vision_config=eyes)
    vae = library.AutoencoderKLQwenImage(
        base_dim=12, z_dim=4, dim_mult=[1, 1, 1, 1], num_res_blocks=1,
        temperal_downsample=[False, True, True], latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
    )  # fmt: skip
    transformer = library.QwenImageTransformer2DModel(
        patch_size=2, in_channels=16, out_channels=4, num_layers=1, attention_head_dim=16,
        num_attention_heads=2, joint_attention_dim=16, guidance_embeds=False, axes_dims_rope=(8, 4, 4),
    )  # fmt: skip
    return library.QwenImagePipeline(
        scheduler=library.FlowMatchEulerDiscreteScheduler(),
        vae=vae,
        text_encoder=transformers.Qwen2_5_VLForConditionalGeneration(config),
        tokenizer=tokenizer,
        transformer=transformer,
    )


def _qwen3(tokenizer: Any, layers: int) -> Any:
    import transformers

    return transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(
            vocab_size=len(tokenizer), hidden_size=16, intermediate_size=16, num_hidden_layers=layers,
            num_attention_heads=2, num_key_value_heads=2, head_dim=8, max_position_embeddings=1024,
        )
    )  # fmt: skip


def _chatty(folder: Path) -> Any:
    tokenizer = tiny_tokenizer(folder / "tokenizer")
    tokenizer.chat_template = _CHAT
    return tokenizer
