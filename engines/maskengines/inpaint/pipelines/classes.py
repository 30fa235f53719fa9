"""What the pipelines of the installed diffusers are called and take, read from its source without running it.

Importing diffusers takes seconds and torch with it; the window asks which fields a model has on every change.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

_MAPS = {
    "AUTO_TEXT2IMAGE_PIPELINES_MAPPING",
    "AUTO_IMAGE2IMAGE_PIPELINES_MAPPING",
    "AUTO_INPAINT_PIPELINES_MAPPING",
}
_INPAINT = "AUTO_INPAINT_PIPELINES_MAPPING"


def inpainting_class(name: str, with_controlnet: str = "") -> str | None:
    """Name of the pipeline that inpaints with the weights of the pipeline ``name``; None if there is none.

    One that inpaints itself stays what it is; else `AutoPipelineForInpainting`'s map answers, and for what
    is not in it a class called like ``name`` with Inpaint in it.

    Args:
        with_controlnet: ``"ControlNet"`` or ``"ControlNetUnion"`` for the sibling that takes one as well.
    """
    for wanted in _siblings(name, with_controlnet) if with_controlnet else [name]:
        if inpaints(wanted):
            return wanted
        mapped = auto_class(wanted)
        if mapped is not None and inpaints(mapped):
            return mapped
        for ending in ("InpaintPipeline", "InpaintingPipeline"):
            guess = wanted.removesuffix("Pipeline") + ending
            if inpaints(guess):
                return guess
    return None


def auto_class(name: str) -> str | None:
    """What `AutoPipelineForInpainting` makes of a pipeline ``name``; None if it is outside its map."""
    maps = _auto_maps()
    families = {family for members in maps.values() for family, member in members.items() if member == name}
    found = [maps.get(_INPAINT, {}).get(family) for family in families]
    return next((member for member in found if member), None)


def inpaints(name: str) -> bool:
    """Whether there is a pipeline ``name`` that takes a picture and a mask."""
    return {"image", "mask_image"} <= set(call_of(name) or {})


def known() -> frozenset[str]:
    """Folders below diffusers' pipelines, which a model index may name as libraries of components."""
    root = _root()
    return frozenset(path.name for path in root.iterdir() if path.is_dir()) if root else frozenset()


def takes_lora(name: str) -> bool:
    """Whether a pipeline ``name`` can wear a LoRA."""
    text = _source(name)
    return text is not None and "LoraLoaderMixin" in text[: text.find("):")]


@lru_cache(maxsize=64)
def call_of(name: str) -> dict[str, str | None] | None:
    """Parameters of a pipeline's ``__call__``: the source of each default, or None where one must be given.
    None instead of all that if there is no such pipeline."""
    text = _source(name)
    return None if text is None else _call(text)


@lru_cache(maxsize=16)
def _source(name: str) -> str | None:
    """The source of a pipeline's class."""
    for path in _files_of(name):
        text = path.read_text("utf-8")
        begin = text.find(f"\nclass {name}(")
        if begin >= 0:
            return text[begin : text.find("\nclass ", begin + 1)]
    return None


def _siblings(name: str, infix: str) -> list[str]:
    """Names of the pipelines that a ControlNet makes of one, as diffusers builds them."""
    base = name.removesuffix("InpaintPipeline").removesuffix("Pipeline")
    return [f"{base}{infix}{ending}" for ending in ("InpaintPipeline", "InpaintingPipeline", "Pipeline")]


def _call(text: str) -> dict[str, str | None] | None:
    """The parameters of ``__call__`` in the source of one class; parsing all of it would take ten times as
    long."""
    begin = text.find("def __call__(")
    if begin < 0:
        base = text[text.find("(") + 1 : text.find(")")].split(",", maxsplit=1)[0].strip()
        return call_of(base)
    end = begin + len("def __call__")
    depth = 0
    for place in range(end, len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            end = place
            break
    (function,) = ast.parse(text[begin : end + 1] + ": ...").body
    if not isinstance(function, ast.FunctionDef):
        return None
    names = [argument.arg for argument in function.args.args][1:]
    defaults: list[str | None] = [ast.unparse(default) for default in function.args.defaults]
    lacking: list[str | None] = [None] * (len(names) - len(defaults))
    return dict(zip(names, lacking + defaults, strict=True))


def _root() -> Path | None:
    found = importlib.util.find_spec("diffusers")
    places = list(found.submodule_search_locations or ()) if found else []
    return Path(places[0]) / "pipelines" if places else None


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text("utf-8"))
    except (OSError, SyntaxError):
        return ast.Module([], [])


@lru_cache(maxsize=1)
def _folders() -> dict[str, str]:
    """Folder of each pipeline, from the imports that diffusers keeps for type checkers."""
    root = _root()
    if root is None:
        return {}
    return {
        alias.name: node.module.split(".")[0]
        for node in ast.walk(_parsed(root / "__init__.py"))
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
        for alias in node.names
    }


def _files_of(name: str) -> Iterator[Path]:
    root, folder = _root(), _folders().get(name)
    if root is None or folder is None:
        return
    if (root / f"{folder}.py").is_file():
        yield root / f"{folder}.py"
    for path in sorted((root / folder).glob("**/pipeline_*.py")):
        if f"class {name}(" in path.read_text("utf-8"):
            yield path


@lru_cache(maxsize=1)
def _auto_maps() -> dict[str, dict[str, str]]:
    """Members of diffusers' automatic pipelines by task and family."""
    root = _root()
    maps: dict[str, dict[str, str]] = {}
    for node in ast.walk(_parsed(root / "auto_pipeline.py")) if root else ():
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            task = node.targets[0].id
            if task in _MAPS:
                pairs = (item for item in ast.walk(node.value) if isinstance(item, ast.Tuple))
                maps[task] = {
                    family.value: member.id
                    for family, member in (pair.elts for pair in pairs if len(pair.elts) == 2)
                    if isinstance(family, ast.Constant)
                    and isinstance(family.value, str)
                    and isinstance(member, ast.Name)
                }
    return maps
