"""From a folder to a pipeline that is ready to run on a device."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from maskengines.errors import BadInput, NotReady
from maskengines.inpaint.pipelines import classes
from maskengines.inpaint.pipelines.fields import fields_of_class
from maskengines.inpaint.pipelines.folder import (
    ModelFolder,
    Stamp,
    checked_network,
    model_folder,
    stamps_of,
    weight_files,
    weights_hash,
    whereabouts,
)
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.memory import check_free, is_out_of_memory, no_room, release
from maskengines.inpaint.pipelines.quietly import LOCAL, diffusers, quiet
from maskengines.inpaint.pipelines.sizes import side_multiple, trained_side, vae_factor

_UNREADABLE = (ValueError, KeyError, TypeError, OSError, AttributeError, ImportError, RuntimeError)
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, eq=False)
class Loaded:
    """A pipeline that is ready to be called.

    Attributes:
        pipe: diffusers' pipeline.
        call: parameters of its ``__call__``, as `classes.call_of`.
        fields: the engine's parameters that it takes.
        side: of the square it was trained at, in pixels.
        multiple: sides of what it is shown are multiples of this.
        cell: pixels along the side of what its VAE makes one latent of.
        scheduler: its own, to go back to.
        stamps: of its files, as they were when they were read.
    """

    pipe: Any
    folder: ModelFolder
    call: dict[str, str | None]
    fields: set[str]
    device: str
    dtype: torch.dtype
    weights: str
    side: int
    multiple: int
    cell: int
    scheduler: Any
    stamps: dict[Path, Stamp]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def replaced(self) -> bool:
        """Whether other files lie by now where its own were. One whose files went is as good as before."""
        now = stamps_of(list(self.stamps))
        return any(stamp != self.stamps[path] for path, stamp in now.items())


def device_of(params: DiffusersParams) -> str:
    """Raises:
    NotReady: there is no such device.
    """
    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if params.device == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    if (params.device == "cuda" and not cuda) or (params.device == "mps" and not mps):
        raise NotReady(
            f"There is no {params.device} device on this computer, or PyTorch was built without it. Set the "
            "device to auto or cpu."
        )
    return params.device


def dtype_of(params: DiffusersParams, device: str, folder: ModelFolder) -> torch.dtype:
    """Auto: 32 bits on a processor; on a card the 16 bits that models are trained in, which are float16 for
    U-Nets and bfloat16 for transformers."""
    if params.dtype != "auto":
        return _DTYPES[params.dtype]
    if device == "cpu":
        return torch.float32
    return torch.float16 if "unet" in folder.parts else torch.bfloat16


def load(params: DiffusersParams) -> Loaded:
    """The pipeline that the parameters name, its ControlNet with it.

    Raises:
        NotReady: it is not here or goes meanwhile, there is no such device, or it does not fit the memory.
        BadInput: diffusers can build none from it; says why.
    """
    try:
        return _loaded(params)
    except FileNotFoundError:
        raise NotReady(
            f"Files of '{Path(params.model.strip()).name}' went away while they were read. Check that the "
            "model and its ControlNet are still there, and run again."
        ) from None


def _loaded(params: DiffusersParams) -> Loaded:
    folder = model_folder(params.model)
    library = diffusers()
    device = device_of(params)
    dtype = dtype_of(params, device, folder)
    files = weight_files(folder)
    check_free([file for file in files if file.suffix == ".safetensors"], dtype, device)
    options: dict[str, Any] = {"torch_dtype": dtype, **LOCAL}
    wanted, stamps = folder.inpainting, stamps_of(files)
    if params.controlnet.strip():
        network, wanted, more = _controlnet(library, folder, params, dtype)
        options["controlnet"] = network
        files += more
        stamps |= stamps_of(more)
    with quiet():
        pipe = _built(library, folder, wanted, options)
        pipe.set_progress_bar_config(disable=True)
        _mend(pipe)
        try:
            _place(pipe, device, params)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            del pipe
            release(device)
            raise no_room(folder.name, params.offload) from None
    call = classes.call_of(type(pipe).__name__) or {}
    sampler = sampler_of(pipe)
    scheduler = getattr(sampler, "scheduler", None)
    fields = fields_of_class(folder.pipeline, type(pipe).__name__, type(scheduler).__name__)
    side, multiple, cell = trained_side(sampler), side_multiple(sampler), vae_factor(sampler)
    return Loaded(
        pipe,
        folder,
        call,
        fields,
        device,
        dtype,
        weights_hash(files),
        side,
        multiple,
        cell,
        scheduler,
        stamps,
    )


def sampler_of(pipe: Any) -> Any:
    """The pipeline that takes the steps: of those in two stages, the second."""
    return getattr(pipe, "decoder_pipe", pipe)


def _built(library: Any, folder: ModelFolder, wanted: str, options: dict[str, Any]) -> Any:
    """Through `AutoPipelineForInpainting` where its map leads to the wanted class, else by that class."""
    if folder.variant:
        options = {**options, "variant": folder.variant}
    kind = getattr(library, wanted, None)
    if kind is None:
        raise BadInput(
            f"The installed diffusers {library.__version__} has no {wanted}. Install a newer diffusers."
        )
    # What is left out must be said again, or diffusers takes the folder for a broken one.
    takes = inspect.signature(kind.__init__).parameters
    options = {**dict.fromkeys(part for part in folder.left_out if part in takes), **options}
    automatic = classes.auto_class(folder.pipeline) == wanted
    reader = library.AutoPipelineForInpainting if automatic else kind
    try:
        return reader.from_pretrained(folder.path, **options)
    except _UNREADABLE as error:
        if not folder.path.is_dir():
            # Which diffusers takes for the id of a model on the hub.
            raise FileNotFoundError(folder.path) from None
        said = " ".join(str(error).split())[:200]
        raise BadInput(
            f"diffusers cannot build '{folder.name}' as {wanted} ({said}). Check that all of the model is "
            "there, or choose another."
        ) from None


def _mend(pipe: Any) -> None:
    """What diffusers 0.42 gets wrong: Chroma's pipeline asks its transformer for a setting that only Flux's
    has."""
    transformer: Any = getattr(pipe, "transformer", None)
    kind = type(transformer).__name__
    if kind == "ChromaTransformer2DModel" and "guidance_embeds" not in transformer.config:
        transformer.register_to_config(guidance_embeds=False)


def _controlnet(
    library: Any, folder: ModelFolder, params: DiffusersParams, dtype: torch.dtype
) -> tuple[Any, str, list[Path]]:
    """The ControlNet, the pipeline that takes it, and its files."""
    path, name = whereabouts(params.controlnet, "ControlNet")
    kind, variant = checked_network(path, name, "ControlNet")
    infix = "ControlNetUnion" if "Union" in kind else "ControlNet"
    wanted = classes.inpainting_class(folder.pipeline, infix)
    if wanted is None or "ControlNet" not in kind or not hasattr(library, kind):
        raise BadInput(
            f"'{name}' is a {kind}, which no inpainting pipeline of diffusers joins to a {folder.pipeline}. "
            "Choose a ControlNet for this model, or none."
        )
    options: dict[str, Any] = {"torch_dtype": dtype, **LOCAL}
    if variant:
        options["variant"] = variant
    try:
        with quiet():
            network = getattr(library, kind).from_pretrained(path, **options)
    except _UNREADABLE as error:
        said = " ".join(str(error).split())[:200]
        raise BadInput(f"The ControlNet '{name}' cannot be read ({said}). Fetch it again.") from None
    return network, wanted, [path / "config.json", *sorted(path.glob("*.safetensors"))]


def _place(pipe: Any, device: str, params: DiffusersParams) -> None:
    if params.offload == "none" or device == "cpu":
        pipe.to(device)
    elif params.offload == "model":
        pipe.enable_model_cpu_offload(device=device)
    else:
        pipe.enable_sequential_cpu_offload(device=device)
    vae = getattr(pipe, "vae", None)
    if vae is not None and params.offload != "none" and hasattr(vae, "enable_tiling"):
        vae.enable_tiling()
