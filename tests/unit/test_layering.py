"""Arrows run one way: app -> maskengines; families -> contract; nothing heavy before it is needed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENGINES = ROOT / "engines" / "maskengines"
APP = ROOT / "app" / "maskstudio"

FAMILIES = {
    path.parent.name for path in ENGINES.glob("*/info.py")
}  # fmt: skip
QT = ("PySide6", "qtawesome", "superqt", "shiboken6")
HEAVY = ("torch", "numba", "diffusers", "transformers")


def imports(path: Path, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names that a module imports at run time, anywhere in it or at its top level only."""
    tree = ast.parse(path.read_text("utf-8"), str(path))
    package = path.relative_to(ROOT).parts[1:-1]
    nodes: list[ast.AST] = list(tree.body) if top_level_only else [tree]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes.extend(node.orelse)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], base]).rstrip(".")
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif not (top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            nodes.extend(ast.iter_child_nodes(node))


def breaches(folder: Path, forbidden: tuple[str, ...], top_level_only: bool = False) -> list[str]:
    """Lines like ``app/x.py imports y`` for every import of a forbidden package under ``folder``."""
    paths = sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in paths
        for name in sorted(set(imports(path, top_level_only)))
        if any(name == one or name.startswith(one + ".") for one in forbidden)
    ]


def test_the_engines_know_no_window() -> None:
    assert len(list(ENGINES.rglob("*.py"))) > 20
    assert breaches(ENGINES, (*QT, "maskstudio")) == []


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_knows_neither_the_runtime_nor_another_family(family: str) -> None:
    others = tuple(f"maskengines.{name}" for name in sorted((FAMILIES - {family}) | {"runtime", "projects"}))
    assert breaches(ENGINES / family, others) == []


@pytest.mark.parametrize(
    "layer", ["subjects", "masks", "results", "weights", "contract.py", "params.py", "errors.py"]
)
def test_what_all_stand_on_knows_nobody_above_it(layer: str) -> None:
    above = tuple(f"maskengines.{name}" for name in sorted(FAMILIES | {"runtime", "projects"}))
    assert breaches(ENGINES / layer, above) == []


def test_the_runtime_names_families_by_dotted_path_only() -> None:
    families = tuple(f"maskengines.{name}" for name in sorted(FAMILIES))
    assert families
    assert breaches(ENGINES / "runtime", (*families, "maskengines.projects")) == []


@pytest.mark.parametrize("info", sorted(ENGINES.glob("*/info.py")), ids=lambda path: path.parent.name)
def test_what_the_window_reads_of_a_family_loads_no_engine(info: Path) -> None:
    family = f"maskengines.{info.parent.name}"
    assert breaches(info, (*HEAVY, family, "cv2", "scipy", "skimage", "numpy")) == []


def test_documents_know_no_panel_canvas_tool_or_window() -> None:
    above = ("window", "panels", "canvas", "tools", "jobs", "commands")
    assert breaches(APP / "documents", tuple(f"maskstudio.{name}" for name in above)) == []


@pytest.mark.parametrize("layer", ["canvas", "tools", "panels", "jobs"])
def test_the_window_is_known_by_nobody_below_it(layer: str) -> None:
    # The theme's colours and the icons are for everybody.
    found = breaches(APP / layer, ("maskstudio.window",))
    shared = ("maskstudio.window.theme", "maskstudio.window.icons")
    assert [line for line in found if not any(f"imports {one}" in line for one in shared)] == []


def test_canvas_and_tools_know_no_engine() -> None:
    for layer in ("canvas", "tools"):
        assert breaches(APP / layer, ("maskengines.runtime", "maskstudio.panels", "maskstudio.jobs")) == []


def test_the_app_never_names_what_only_a_worker_loads() -> None:
    families = tuple(f"maskengines.{name}" for name in sorted(FAMILIES))
    assert breaches(APP, (*HEAVY, *families)) == []


def loaded_after(code: str) -> set[str]:
    """Top-level packages that a fresh process has loaded after running ``code``."""
    script = (
        f"{code}\nimport sys\nprint('\\nLOADED', *sorted({{name.split('.')[0] for name in sys.modules}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_help_loads_neither_qt_nor_anything_numeric() -> None:
    code = """
import contextlib
from maskstudio.cli import main
with contextlib.suppress(SystemExit):
    main(["--help"])
"""
    assert loaded_after(code) & {*QT, *HEAVY, "numpy", "cv2", "pydantic", "scipy"} == set()


def test_the_window_is_there_before_anything_numeric() -> None:
    """What is imported before the first paint makes the studio start later."""
    later = {*HEAVY, "numpy", "cv2", "pydantic", "scipy", "skimage", "PIL"}
    assert loaded_after("import maskstudio.window.main_window") & later == set()


def test_listing_engines_loads_no_engine() -> None:
    code = "from maskstudio.cli import main\nassert main(['engines', '--json']) == 0"
    assert loaded_after(code) & {*QT, *HEAVY, "cv2", "scipy", "skimage"} == set()


def test_running_an_engine_keeps_it_out_of_the_asking_process() -> None:
    code = """
import numpy as np
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject
mask = np.zeros((40, 40), np.uint8)
mask[5:9, 5:9] = 255
with Runtime(EngineRegistry.default(), interactive=True) as runtime:
    subject = ImageSubject(np.zeros((40, 40, 3), np.uint8))
    job = runtime.submit("live-fill", subject, {"pixels": mask}, {}, listener=lambda event: None)
    job.finish()
    assert job.wait(120) and job.state == "done", job.error
"""
    assert loaded_after(code) & {*QT, *HEAVY, "skimage"} == set()


def test_the_window_loads_no_engine() -> None:
    code = """
from maskstudio.window.main_window import MainWindow
import maskstudio.jobs.service
import maskstudio.panels.engine_panel
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
EngineRegistry.default()
"""
    loaded = loaded_after(code)
    assert "PySide6" in loaded
    assert loaded & set(HEAVY) == set()
