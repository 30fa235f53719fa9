"""Whatever a user gets wrong is one sentence, an exit code and no partial file; nothing is lost."""

from __future__ import annotations

import json
import os
import resource
import stat
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from maskstudio.cli import main
from PIL import Image

Refused = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small photo, a mask for it and a place for results."""
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.png")
    save_mask(tmp_path / "mask.png", (48, 64))
    return tmp_path


def save_mask(path: Path, shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, np.uint8)
    mask[shape[0] // 3 : shape[0] // 2, shape[1] // 3 : shape[1] // 2] = 255
    Image.fromarray(mask).save(path)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> Refused:
    """Runs ``exemplar`` on the photo with some words changed and returns the sentence.

    It fails unless that is bad input told in one line, with every file as it was and no new one.
    """

    def run(
        engine: str = "exemplar", *more: str, input: str = "photo.png", mask: str | None = "mask.png",
        out: str = "out.png",
    ) -> str:  # fmt: skip
        words = ["run", engine, "--input", str(folder / input), "--out", str(folder / out), *more]
        if mask is not None:
            words += ["--mask", str(folder / mask)]
        before = contents(folder)
        capfd.readouterr()
        code = main(words)
        captured = capfd.readouterr()
        assert (code, captured.out) == (2, "")
        assert captured.err.startswith("maskstudio: ")
        assert captured.err.count("\n") == 1
        assert "Traceback" not in captured.err
        assert contents(folder) == before
        return captured.err

    return run


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
@pytest.mark.parametrize("kept", [0, 4, 40, 0.6, 0.97])
def test_a_truncated_file(suffix: str, kept: float, folder: Path, refused: Refused) -> None:
    whole = folder / f"whole.{suffix}"
    Image.open(folder / "photo.png").save(whole)
    data = whole.read_bytes()
    (folder / f"cut.{suffix}").write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    assert f"cut.{suffix}" in refused(input=f"cut.{suffix}")


def test_a_truncated_mask(folder: Path, refused: Refused) -> None:
    data = (folder / "mask.png").read_bytes()
    (folder / "cut.png").write_bytes(data[:-20])
    assert "cut.png" in refused(mask="cut.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
def test_a_text_renamed_to_an_image(suffix: str, folder: Path, refused: Refused) -> None:
    (folder / f"notes.{suffix}").write_text("Dear diary, today I learned about file formats. " * 20)
    assert f"notes.{suffix}" in refused(input=f"notes.{suffix}")


def test_an_image_of_another_format_under_a_wrong_name_opens_as_what_it_is(folder: Path) -> None:
    Image.open(folder / "photo.png").save(folder / "really.bmp")
    (folder / "really.bmp").rename(folder / "renamed.png")
    Image.new("L", (64, 48)).save(folder / "black.png")
    words = ["run", "exemplar", "--input", str(folder / "renamed.png"), "--mask", str(folder / "black.png")]
    assert main([*words, "--out", str(folder / "out.png")]) == 0
    assert np.array_equal(Image.open(folder / "out.png"), Image.open(folder / "photo.png"))


def png(width: int, height: int, rows: bytes) -> bytes:
    """A grey 8-bit PNG with any header and any compressed rows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0)])
def test_an_image_without_pixels(width: int, height: int, folder: Path, refused: Refused) -> None:
    (folder / "none.png").write_bytes(png(width, height, zlib.compress(b"")))
    assert "none.png" in refused(input="none.png")


def test_an_empty_file(folder: Path, refused: Refused) -> None:
    (folder / "empty.png").touch()
    assert "empty.png" in refused(input="empty.png")


def test_a_single_pixel_all_asked_for(folder: Path, refused: Refused) -> None:
    Image.new("RGB", (1, 1), (9, 8, 7)).save(folder / "one.png")
    Image.new("L", (1, 1), 255).save(folder / "white.png")
    assert "nothing to go by" in refused(input="one.png", mask="white.png")


def test_a_picture_of_900_megapixels(folder: Path, refused: Refused) -> None:
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(30001)) for _ in range(30000)) + packer.flush()
    (folder / "huge.png").write_bytes(png(30000, 30000, rows))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    line = refused(input="huge.png")
    assert "30000" in line
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB: it was not decoded


@pytest.mark.parametrize("suffix", ["png", "webp", "gif"])
def test_an_animation(suffix: str, folder: Path, refused: Refused) -> None:
    frames = [Image.new("RGB", (64, 48), (shade, 0, 0)) for shade in (0, 90, 250)]
    frames[0].save(folder / f"moving.{suffix}", save_all=True, append_images=frames[1:], duration=50)
    assert f"moving.{suffix}" in refused(input=f"moving.{suffix}")


def test_everything_asked_for(folder: Path, refused: Refused) -> None:
    Image.new("L", (64, 48), 255).save(folder / "white.png")
    assert "nothing to go by" in refused(mask="white.png")


def test_no_mask(refused: Refused) -> None:
    assert "--mask" in refused(mask=None)


def test_a_mask_of_another_size_names_both_sizes(folder: Path, refused: Refused) -> None:
    save_mask(folder / "wide.png", (30, 90))
    line = refused(mask="wide.png")
    assert "90" in line
    assert "30" in line
    assert "64" in line
    assert "48" in line


def test_a_mask_that_is_no_image(folder: Path, refused: Refused) -> None:
    (folder / "mask.txt").write_text("white")
    assert "mask.txt" in refused(mask="mask.txt")


@pytest.mark.parametrize("word", ["input", "mask"])
def test_a_file_that_does_not_exist(word: str, refused: Refused) -> None:
    assert "nowhere.png" in refused(**{word: "nowhere.png"})


def test_a_folder_in_place_of_a_file(folder: Path, refused: Refused) -> None:
    (folder / "album.png").mkdir()
    assert "album.png" in refused(input="album.png")
    assert "album.png" in refused(out="album.png")


@pytest.mark.parametrize("out", ["out", "out.xyz", "out.", ".png", "missing/out.png", "photo.png/out.png"])
def test_a_target_that_names_no_format_or_no_folder(out: str, refused: Refused) -> None:
    assert out.partition("/")[0] in refused(out=out)


def test_a_target_that_is_the_input_or_the_mask(refused: Refused) -> None:
    assert "--input" in refused(out="photo.png")
    assert "--mask" in refused(out="mask.png")


def test_a_target_that_cannot_hold_the_picture_is_found_before_any_work(
    folder: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGBA", (60, 40), (200, 100, 50, 128)).save(folder / "glass.png")
    save_mask(folder / "glass-mask.png", (40, 60))
    monkeypatch.setattr("maskstudio.batch.Runtime", None)  # no engine is asked
    assert "transparency" in refused(input="glass.png", mask="glass-mask.png", out="out.jpg")


def test_a_read_only_folder(folder: Path, refused: Refused) -> None:
    locked = folder / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert "locked" in refused(out="locked/out.png")
    locked.chmod(stat.S_IRWXU)


def test_a_folder_that_takes_no_files(folder: Path, refused: Refused) -> None:
    (folder / "processes").symlink_to("/proc/self", target_is_directory=True)
    assert "out.png" in refused(out="processes/out.png")


@pytest.fixture
def noisy(folder: Path) -> None:
    """A photo that takes 75 KiB as a PNG, and a mask that asks for nothing."""
    noise = np.random.default_rng(2).integers(0, 256, (160, 160, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    Image.new("L", (160, 160)).save(folder / "black.png")


@pytest.mark.usefixtures("noisy")
def test_a_full_disk(folder: Path, refused: Refused) -> None:
    small = folder / "disk"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32k", "tmpfs", str(small)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        assert "full" in refused(input="noise.png", mask="black.png", out="disk/out.png")
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.usefixtures("noisy")
def test_a_file_that_grows_beyond_what_is_allowed(refused: Refused) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 10, limits[1]))
    try:
        assert "out.png" in refused(input="noise.png", mask="black.png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_an_engine_that_does_not_exist(refused: Refused) -> None:
    line = refused("exemplary")
    assert "exemplary" in line
    assert "exemplar" in line.replace("exemplary", "")


@pytest.mark.parametrize(
    ("setting", "named"),
    [("sice=3", "sice"), ("context=wide", "wide"), ("context=99", "context"), ("method=magic", "magic"),
     ("context", "key=value"), ("=1", "key=value"), ("starts=1.5", "starts")],
)  # fmt: skip
def test_a_setting_that_does_not_fit(setting: str, named: str, refused: Refused) -> None:
    line = refused("exemplar", "--set", setting)
    assert named in line
    assert "variety" in line


@pytest.mark.parametrize(
    ("word", "value"),
    [("--count", "0"), ("--count", "-3"), ("--count", "x"), ("--count", "99999999"), ("--seed", "-1"),
     ("--seed", "1e3"), ("--seed", str(2**64))],
)  # fmt: skip
def test_a_count_or_seed_out_of_range(word: str, value: str, refused: Refused) -> None:
    assert value in refused("exemplar", f"{word}={value}")


def test_several_answers_of_an_engine_that_has_one(refused: Refused) -> None:
    assert "--count" in refused("live-fill", "--count", "2")


def test_one_of_several_targets_is_in_the_way(folder: Path, refused: Refused) -> None:
    (folder / "out-2.png").mkdir()
    assert "out-2.png" in refused("exemplar", "--count", "3")


def test_with_json_bad_input_is_an_event_and_stderr_is_empty(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = [
        "run",
        "exemplar",
        "--input",
        str(folder / "nowhere.png"),
        "--out",
        str(folder / "o.png"),
        "--json",
    ]
    assert main(words) == 2
    captured = capfd.readouterr()
    event = json.loads(captured.out)
    assert set(event) == {"event", "kind", "message"}
    assert (event["event"], event["kind"]) == ("error", "bad-input")
    assert "nowhere.png" in event["message"]
    assert captured.err == ""


@pytest.mark.parametrize(
    "name", ["a photo.png", "Übergröße фото 写真 📷.png", 'it\'s $HOME `x` "y".png', "-n.png"]
)
def test_any_name_is_fine(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    odd = folder / "mein Ordner 画像"
    odd.mkdir()
    (folder / "photo.png").rename(odd / name)
    Image.new("L", (64, 48)).save(odd / f"mask {name}")
    out = odd / f"out {name}"
    words = ["run", "exemplar", f"--input={odd / name}", f"--mask={odd / f'mask {name}'}", f"--out={out}"]
    assert main(words) == 0
    assert capfd.readouterr().out == f"{out}\n"
    assert np.array_equal(Image.open(out), Image.open(odd / name))


def test_a_real_process_says_one_line_and_exits_2(folder: Path) -> None:
    data = (folder / "photo.png").read_bytes()
    (folder / "cut.png").write_bytes(data[:-300])
    before = contents(folder)
    answer = subprocess.run(
        [
            sys.executable, "-m", "maskstudio", "run", "exemplar",
            "--input", "cut.png", "--mask", "mask.png", "--out", "o.png",
        ],
        capture_output=True, text=True, cwd=folder, check=False,
    )  # fmt: skip
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("maskstudio: ")
    assert answer.stderr.count("\n") == 1
    assert contents(folder) == before
