"""What a user gets: the wheel, the source archive, and the rules between the packages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_FILES = ("samples/sample.jpg", "samples/sample-mask.png")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a freshly built wheel and source archive."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


def shipped_assets() -> set[str]:
    folder = ROOT / "assets"
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_both_packages_and_everything_they_read(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, package in (("app", "maskstudio"), ("engines", "maskengines")):
        for path in (ROOT / folder / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert str(path.relative_to(ROOT / folder)) in names
    assert {f"maskengines/_assets/{name}" for name in shipped_assets()} <= names
    assert not [name for name in names if name.split("/")[0] in ("tests", "docs", "out", "app", "engines")]


def test_the_source_archive_can_be_tested_and_built_again(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as members:
        names = {name.partition("/")[2] for name in members.getnames()}
    assert {
        "Makefile",
        "pyproject.toml",
        "packaging/setup.sh",
        "tests/conftest.py",
        "LICENSE",
        "README.md",
    } <= names
    assert {f"assets/{name}" for name in shipped_assets()} <= names


def test_a_wheel_installed_elsewhere_fills_the_sample_and_writes_nothing_into_itself(
    built: Path, tmp_path: Path
) -> None:
    (wheel,) = built.glob("*.whl")
    home = tmp_path / "fresh venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            wheel,
        ],
        check=True,
    )
    (site,) = (home / "lib").glob("python*/site-packages")
    # The other packages are borrowed from this environment; a .pth adds no editable install of ours.
    borrowed = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "borrowed.pth").write_text(borrowed)
    before = {path for path in home.rglob("*") if "__pycache__" not in path.parts}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    samples = site / "maskengines" / "_assets"
    out = tmp_path / "out.png"
    answer = subprocess.run(
        [
            str(home / "bin" / "maskstudio"), "run", "exemplar", "--input", str(samples / SAMPLE_FILES[0]),
            "--mask", str(samples / SAMPLE_FILES[1]), "--out", str(out),
        ],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stderr, answer.stdout) == (0, "", f"{out}\n")
    assert out.stat().st_size > 1000
    assert {path for path in home.rglob("*") if "__pycache__" not in path.parts} == before


COMES_WITH = (
    "libstdc++.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libX11.so.6",
    "libxcb.so.1", "libxcb-render.so.0", "libgthread-2.0.so.0", "ld-linux-x86-64.so.2",
)  # fmt: skip


def test_setup_knows_every_library_that_qt_opens_here() -> None:
    """The table of system libraries covers what this PySide6 links outside of itself and the C library."""
    import PySide6

    qt = Path(PySide6.__path__[0]) / "Qt"
    listed = (ROOT / "app" / "maskstudio" / "qt-libraries.txt").read_text(encoding="utf-8").split()
    for binary in (qt / "lib" / "libQt6Gui.so.6", qt / "lib" / "libQt6XcbQpa.so.6"):
        answer = subprocess.run(["readelf", "-d", str(binary)], capture_output=True, text=True, check=False)
        if answer.returncode:
            pytest.skip("readelf is not installed")
        needed = [
            line.partition("[")[2].rstrip("]") for line in answer.stdout.splitlines() if "(NEEDED)" in line
        ]
        outside = [
            name for name in needed if not name.startswith(("libQt6", "libc.", "libm.", "libicu", "libz."))
        ]
        assert [name for name in outside if name not in listed and name not in COMES_WITH] == []


@pytest.fixture
def bare_machine(tmp_path: Path) -> dict[str, str]:
    """Environment of a machine on which nothing is installed and an ordinary user is logged in."""
    tools = {"ldconfig": "exit 0", "id": "echo 1000", "apt-get": f'echo "$@" >> "{tmp_path}/apt.log"'}
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in tools.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    for name in ("sh", "uname", "dirname", "env"):
        (folder / name).symlink_to(
            f"/usr/bin/{name}" if Path(f"/usr/bin/{name}").exists() else f"/bin/{name}"
        )
    return {"PATH": str(folder)}


def install_system_packages(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "packaging" / "system-packages.sh"), sys.executable],
        env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip


def test_setup_tells_an_ordinary_user_the_one_line_to_type(
    bare_machine: dict[str, str], tmp_path: Path
) -> None:
    answer = install_system_packages(bare_machine)
    (line,) = [line for line in answer.stderr.splitlines() if "apt-get" in line]
    assert line.strip().startswith("sudo apt-get install -y ")
    assert {"libegl1", "libxcb-cursor0", "xvfb", "xdotool", "desktop-file-utils"} <= set(line.split())
    assert not (tmp_path / "apt.log").exists()


def test_setup_without_the_venv_package_says_so_and_leaves_nothing_half_made(
    bare_machine: dict[str, str], tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    for name in (
        "packaging/setup.sh", "packaging/system-packages.sh", "app/maskstudio/qt-libraries.txt",
    ):  # fmt: skip
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    python = Path(bare_machine["PATH"]) / "python3"
    python.write_text(
        "#!/bin/sh\n"
        'case "$*" in --version) echo Python 3.11.2 ;; *ensurepip*) exit 1 ;; *%d*) echo 3.11 ;; '
        "*-m*) echo Traceback >&2; exit 1 ;; esac\n"
    )
    python.chmod(0o755)
    answer = subprocess.run(
        ["/bin/sh", str(checkout / "packaging" / "setup.sh")],
        env=bare_machine, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = answer.stderr.splitlines()
    assert answer.returncode == 1
    assert [line for line in said if "sudo apt-get install -y" in line and "python3.11-venv" in line]
    assert "type make again" in said[-1]
    assert "Traceback" not in answer.stderr
    assert not (checkout / ".venv").exists()


def test_setup_installs_what_is_missing_when_root_and_nothing_twice(
    bare_machine: dict[str, str], tmp_path: Path
) -> None:
    folder = Path(bare_machine["PATH"])
    (folder / "id").write_text("#!/bin/sh\necho 0\n")
    install_system_packages(bare_machine)
    update, install = (tmp_path / "apt.log").read_text().splitlines()
    assert update.startswith("update")
    assert {"libegl1", "libxcb-cursor0", "openbox"} <= set(install.split())
    (tmp_path / "apt.log").unlink()
    names = (ROOT / "app" / "maskstudio" / "qt-libraries.txt").read_text(encoding="utf-8").split()
    found = "\n".join(f"{name} (libc6) => /lib/{name}" for name in names)
    (folder / "ldconfig").write_text(f"#!/bin/sh\necho '{found}'\n")
    for program in ("Xvfb", "xdotool", "openbox", "import", "desktop-file-validate", "readelf"):
        (folder / program).symlink_to("/bin/true")
    install_system_packages(bare_machine)
    assert not (tmp_path / "apt.log").exists()


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


FORBIDDEN = {
    "engines/maskengines": ("PySide6", "qtpy", "qtawesome", "maskstudio"),
    "engines/maskengines/subjects": ("maskengines.runtime", "maskengines.inpaint"),
    "engines/maskengines/masks": ("maskengines.runtime", "maskengines.inpaint"),
    "engines/maskengines/inpaint": ("maskengines.runtime",),
    "engines/maskengines/runtime": ("maskengines.inpaint",),
    "app/maskstudio": ("torch", "numba", "maskengines.inpaint"),
    "app/maskstudio/documents": (
        "maskstudio.window", "maskstudio.panels", "maskstudio.canvas", "maskstudio.tools", "maskstudio.jobs",
    ),
    "app/maskstudio/jobs": (
        "maskstudio.window", "maskstudio.panels", "maskstudio.canvas", "maskstudio.tools",
    ),
}  # fmt: skip


@pytest.mark.parametrize("folder", FORBIDDEN)
def test_arrows_between_the_packages_run_one_way(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in imports_of(path)
        for barred in FORBIDDEN[folder]
        if name == barred or name.startswith(f"{barred}.")
    ]
    assert wrong == []


def test_the_version_is_the_same_everywhere() -> None:
    from maskengines import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == __version__
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
