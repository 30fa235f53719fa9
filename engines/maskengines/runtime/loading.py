"""Imports an engine's code. Used in a worker, and by `run_here` where a script asks for it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from maskengines.contract import Engine, EngineInfo
from maskengines.errors import EngineFault, NotReady


def load_engine(info: EngineInfo) -> Engine:
    """An instance of the class that ``info`` names.

    Raises:
        NotReady: a package that the engine needs is not installed.
        EngineFault: the module has no such class, or the class cannot be made without arguments.
    """
    module_name, _, class_name = info.implementation.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise missing_package(info.title, error) from error
    return made(info, module, class_name)


def load_plugin_engine(info: EngineInfo, folder: Path) -> Engine:
    """An instance of a plugin's class; the plugin's own modules are importable beside each other.

    Raises:
        NotReady, EngineFault: as `load_engine`.
    """
    # Compiled files are neither read nor written: what runs is what was hashed.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = str(folder / "__pycache__" / "never")
    module_name, _, class_name = info.implementation.partition(":")
    path = plugin_module_path(folder, module_name)
    package = [str(path.parent)] if path.name == "__init__.py" else None
    name = f"maskstudio_plugin_{info.id.replace('-', '_')}"
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=package)
    if spec is None or spec.loader is None:
        raise EngineFault(f"{info.title} cannot be loaded: '{path.name}' is no Python module.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise missing_package(info.title, error) from error
    return made(info, module, class_name)


def plugin_module_path(folder: Path, module: str) -> Path:
    """File of a dotted module name inside a plugin's folder; it may not exist."""
    base = folder.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.is_file() else base.with_name(base.name + ".py")


def made(info: EngineInfo, module: ModuleType, class_name: str) -> Engine:
    """Make the engine; one that carries no ``info`` of its own is given the registered one."""
    cls = getattr(module, class_name, None)
    if not isinstance(cls, type):
        raise EngineFault(
            f"{info.title} cannot be loaded: {Path(module.__file__ or '').name} has no class '{class_name}'."
        )
    engine = cls()
    if not callable(getattr(engine, "sample", None)):
        raise EngineFault(f"{info.title} cannot be loaded: class '{class_name}' has no method 'sample'.")
    engine.info = info
    return engine


def missing_package(title: str, error: ModuleNotFoundError) -> NotReady:
    """What to say when an import fails."""
    name = (error.name or str(error)).partition(".")[0]
    return NotReady(
        f"{title} needs the Python package '{name}', which is not installed. "
        f"Install it into the studio's environment, for example with 'pip install {name}'."
    )
