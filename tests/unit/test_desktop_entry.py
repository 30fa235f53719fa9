"""A user puts the studio into the menu of the desktop, and takes it out again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from maskengines.errors import BadInput
from maskstudio import desktop
from maskstudio.cli import main


@pytest.fixture
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "data home é"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    return home


def everything_in(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def command_of(value: str) -> list[str]:
    """Undo the escaping of an Exec value the way a desktop does: string escapes, then the shell's quoting."""
    text = value.replace("\\\\", "\\").replace("%%", "%")
    answer = subprocess.run(["/bin/sh", "-c", f"printf '%s\\n' {text}"], capture_output=True, check=True)
    return answer.stdout.decode().splitlines()


def test_installing_writes_a_valid_menu_entry_that_opens_photos(data_home: Path) -> None:
    assert main(["--install-desktop"]) == 0
    entry = data_home / "applications" / "maskstudio.desktop"
    lines = dict(line.split("=", 1) for line in entry.read_text(encoding="utf-8").splitlines() if "=" in line)
    program, files = command_of(lines["Exec"])
    assert Path(program).is_file()
    assert files == "%F"
    kinds = set(lines["MimeType"].strip(";").split(";"))
    assert {"image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/openraster"} <= kinds
    validate = shutil.which("desktop-file-validate")
    if validate is None:
        pytest.skip("desktop-file-validate is not installed")
    answer = subprocess.run([validate, str(entry)], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")


def test_installing_gives_the_entry_its_icon_in_the_sizes_desktops_ask_for(data_home: Path) -> None:
    main(["--install-desktop"])
    icons = data_home / "icons" / "hicolor"
    drawn = (icons / "scalable" / "apps" / "maskstudio.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn
    for size in (16, 32, 48, 128, 256):
        header = (icons / f"{size}x{size}" / "apps" / "maskstudio.png").read_bytes()[:24]
        assert header[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(header[16:20], "big") == size


def test_uninstalling_removes_exactly_what_was_written(data_home: Path) -> None:
    other = data_home / "applications" / "other.desktop"
    other.parent.mkdir(parents=True)
    other.write_text("[Desktop Entry]\nType=Application\nName=Other\nExec=true\nMimeType=image/gif;\n")
    (data_home / "icons" / "hicolor").mkdir(parents=True)
    before = everything_in(data_home)
    main(["--install-desktop"])
    main(["--install-desktop"])
    assert main(["--uninstall-desktop"]) == 0
    after = everything_in(data_home)
    after.pop("applications/mimeinfo.cache", None)  # the index of what is still there
    assert after == before


def test_uninstalling_on_a_fresh_account_leaves_nothing_behind(data_home: Path) -> None:
    data_home.mkdir()
    main(["--install-desktop"])
    main(["--uninstall-desktop"])
    assert everything_in(data_home) == {}


def test_a_mime_type_for_projects_is_added_where_the_system_has_none(
    data_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "empty"))
    data_home.mkdir()
    main(["--install-desktop"])
    assert "*.ora" in (data_home / "mime" / "packages" / "maskstudio.xml").read_text(encoding="utf-8")
    main(["--uninstall-desktop"])
    assert everything_in(data_home) == {}


@pytest.mark.parametrize(
    "program", ["/plain/maskstudio", "/with space/maskstudio", '/a"b`c$d\\e/100%/maskstudio', "/ünï/日本/m"]
)
def test_the_entry_starts_programs_from_any_path(program: str) -> None:
    assert command_of(desktop.exec_line([program])) == [program, "%F"]


def test_a_data_folder_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="cannot be written"):
        desktop.install()
