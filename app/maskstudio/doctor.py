"""``maskstudio doctor``: what this machine has, where things are kept, and what to do about what misses.

Nothing is loaded into this process that could take it down: Qt and OpenCV are looked at from outside.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from maskengines import __version__
from maskengines.assets import assets_folder
from maskengines.runtime import paths, plugins
from maskengines.weights.store import ModelStore
from maskengines.weights.store.offline import is_offline

from maskstudio import models
from maskstudio.doctor_checks import Check, check_folders, check_opencv, check_qt
from maskstudio.doctor_qt import probe_qt
from maskstudio.output import print_json, say

PACKAGES = (
    "PySide6-Essentials", "numpy", "opencv-python-headless", "pillow", "tifffile", "imagecodecs",
    "scikit-image", "scipy", "numba", "pydantic",
)  # fmt: skip
OPTIONAL = {"pycolmap": "pip install 'pycolmap>=4.0,<5' finds the cameras of photos"}
"""Packages that may be missing, and what one gains by installing them."""


def print_json_report() -> int:
    """The examination as one JSON object on one line."""
    print_json(examine())
    return 0


def print_text() -> int:
    """The examination for a person: what is there, then what is missing and how to mend it."""
    report = examine()
    versions = report["versions"]
    say(f"MaskStudio {versions['maskstudio']}, Python {versions['python']}, {versions['system']}")
    say("  " + ", ".join(f"{name} {versions[name] or 'missing'}" for name in PACKAGES))
    for name, gain in OPTIONAL.items():
        say(f"  {name} {versions[name] or f'is not installed; {gain}'}")
    say("Devices")
    for device in report["devices"]:
        say(f"  {device['id']}: {device['name']}")
    qt = report["qt"]
    say(f"Qt\n  {qt['version'] or 'does not load'}, platform {qt['platform'] or 'none'}")
    say("Folders")
    for name, folder in report["folders"].items():
        say(f"  {name:<9} {folder}")
    say(f"  {'log':<9} {report['log']}")
    say("Plugins")
    for plugin in report["plugins"]:
        say(f"  {plugin['name']}: {plugin['status']}")
    if not report["plugins"]:
        say("  none")
    say(f"Models{', offline' if report['offline'] else ''}")
    for model in report["models"]:
        say(f"  {model['id']}: {model['kind']}, {model['bytes'] / 2**20:.1f} MiB, {model['state']}")
    if not report["models"]:
        say("  none; 'maskstudio models pull ID' fetches one")
    say("Weights")
    for weight in report["weights"]:
        say(f"  {weight['name']}: {weight['bytes'] / 2**20:.1f} MiB")
    if not report["weights"]:
        say("  none; no engine here needs any")
    say("Checks")
    for check in report["checks"]:
        say(f"  {'ok  ' if check['ok'] else 'MEND'}  {check['text']}")
        if not check["ok"]:
            say(f"        {check['advice']}")
    return 0


def examine() -> dict[str, Any]:
    """Versions, devices, Qt, folders, plugins, models, weights and checks, all JSON-able."""
    folders = _folders()
    qt = probe_qt()
    checks: list[Check] = [*check_qt(qt), check_opencv(), *check_folders(folders)]
    return {
        "versions": _versions(),
        "devices": _devices(),
        "qt": {"version": qt.version, "platform": qt.platform, "screens": qt.screens, "error": qt.error},
        "folders": {name: str(folder) for name, folder in folders.items()},
        "log": str(_place(paths.log_file)),
        "plugins": _plugins(),
        "models": [models.described(model) for model in ModelStore().installed()],
        "offline": is_offline(),
        "weights": _weights(),
        "checks": [
            {"name": check.name, "ok": check.ok, "text": check.text, "advice": check.advice}
            for check in checks
        ],
    }


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {
        "maskstudio": __version__,
        "python": platform.python_version(),
        "system": f"{platform.platform()}, {sysconfig.get_platform()}",
    }
    for name in (*PACKAGES, *OPTIONAL):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def _devices() -> list[dict[str, Any]]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cpu: dict[str, Any] = {"id": "cpu", "name": f"{_cpu_name()}, {cores} cores", "cores": cores}
    return [cpu, *({"id": f"cuda:{index}", "name": name} for index, name in enumerate(_nvidia()))]


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _nvidia() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()]


def _folders() -> dict[str, Path]:
    kernels = os.environ.get("NUMBA_CACHE_DIR")
    return {
        "plugins": _place(plugins.plugin_folder),
        "cache": _place(paths.cache_folder),
        "settings": _place(paths.config_folder),
        "data": _place(paths.data_folder),
        "models": _place(paths.models_folder),
        "kernels": Path(kernels) if kernels else _place(paths.numba_cache_folder),
        "assets": assets_folder(),
        "python": Path(sys.prefix),
    }


def _place(folder: Callable[[], Path]) -> Path:
    try:
        return folder()
    except OSError as error:  # it could not be made; a check will say so
        return Path(error.filename or os.devnull)


def _plugins() -> list[dict[str, str]]:
    try:
        return [{"name": plugin.name, "status": plugin.status} for plugin in plugins.scan()]
    except OSError:
        return []


def _weights() -> list[dict[str, Any]]:
    roots = [folder for folder in (assets_folder(), _place(paths.data_folder)) if folder.is_dir()]
    files = [file for root in roots for file in sorted(root.rglob("*.safetensors"))]
    files = [file for file in files if _place(paths.models_folder) not in file.parents]
    return [{"name": file.stem, "path": str(file), "bytes": file.stat().st_size} for file in files]
