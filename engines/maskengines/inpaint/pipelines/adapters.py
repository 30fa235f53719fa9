"""A LoRA on a pipeline."""

from __future__ import annotations

from pathlib import Path

from maskengines.errors import BadInput
from maskengines.inpaint.pipelines.info import DiffusersParams
from maskengines.inpaint.pipelines.loading import Loaded
from maskengines.inpaint.pipelines.quietly import LOCAL, quiet
from maskengines.weights.files import PICKLED, header, refuse_pickled

_NAME = "studio"


class Adapter:
    """Which LoRA a pipeline wears; changes it only when another is asked for."""

    def __init__(self) -> None:
        self._worn: tuple[Path, int] | None = None

    def wear(self, loaded: Loaded, params: DiffusersParams) -> None:
        """Raises:
        BadInput: there is no such file, it is a pickle, or it does not fit the model.
        """
        if not params.lora.strip() or params.lora_weight == 0:
            self._take_off(loaded)
            return
        if "lora" not in loaded.fields:
            raise BadInput(f"'{loaded.name}' takes no LoRA. Leave the field empty.")
        file = lora_file(params.lora)
        wanted = file, file.stat().st_mtime_ns
        if self._worn != wanted:
            self._take_off(loaded)
            self._put_on(loaded, file)
            self._worn = wanted
        loaded.pipe.set_adapters([_NAME], [params.lora_weight])

    def _put_on(self, loaded: Loaded, file: Path) -> None:
        try:
            with quiet():
                loaded.pipe.load_lora_weights(file.parent, weight_name=file.name, adapter_name=_NAME, **LOCAL)
            fits = any(_NAME in names for names in loaded.pipe.get_list_adapters().values())
        except (ValueError, KeyError, RuntimeError, OSError, TypeError, AttributeError, ImportError) as error:
            self._clear(loaded)
            said = " ".join(str(error).split())[:160]
            raise BadInput(
                f"The LoRA '{file.name}' does not fit '{loaded.name}' ({said}). Choose one for this model."
            ) from None
        if not fits:
            raise BadInput(f"The LoRA '{file.name}' does not fit '{loaded.name}'. Choose one for this model.")

    def _take_off(self, loaded: Loaded) -> None:
        if self._worn is not None:
            self._clear(loaded)
            self._worn = None

    def _clear(self, loaded: Loaded) -> None:
        loaded.pipe.unload_lora_weights()


def lora_file(lora: str) -> Path:
    """The safetensors file that a parameter names, whole.

    Raises:
        BadInput: there is none, several, a pickle, or it is damaged.
    """
    path = Path(lora.strip()).expanduser()
    if path.suffix.lower() in PICKLED:
        raise refuse_pickled(path)
    if path.is_dir():
        files = sorted(path.glob("*.safetensors"))
        if len(files) != 1:
            raise BadInput(
                f"The folder '{path.name}' holds {len(files)} safetensors files, so it is not clear "
                "which LoRA is meant. Choose the file."
            )
        path = files[0]
    if not path.is_file() or path.suffix.lower() != ".safetensors":
        raise BadInput(f"There is no LoRA '{lora.strip()}'. Choose a safetensors file.")
    header(path)
    return path
