"""However the studio ends, nothing of it stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from alone import alone_with
from maskengines.runtime import plugins

STUDIO = """
import sys, time, os
import numpy as np
from maskengines.runtime.registry import EngineRegistry
from maskengines.runtime.session import Runtime
from maskengines.subjects.image import ImageSubject
from maskengines.runtime.events import CandidateReady

def main():
    subject = ImageSubject(np.random.default_rng(0).integers(0, 256, (600, 800, 3), np.uint8))
    mask = np.zeros((600, 800), np.uint8)
    mask[100:200, 100:200] = 255
    def listener(event):
        if isinstance(event, CandidateReady):
            print("answered", flush=True)
    runtime = Runtime(EngineRegistry.default(), interactive=True)
    job = runtime.submit(
        ENGINE, subject, {"pixels": mask}, {}, count=2, listener=listener
    )
    END

if __name__ == "__main__":
    main()
"""


def start(tmp_path: Path, end: str, engine: str = "live-fill") -> subprocess.Popen[str]:
    script = tmp_path / "studio.py"
    script.write_text(STUDIO.replace("END", end).replace("ENGINE", repr(engine)))
    return subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def shared_memory() -> set[str]:
    folder = Path("/dev/shm")
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


@contextmanager
def no_shared_memory_stays() -> Iterator[None]:
    """What lies in shared memory after the block lay there before it."""
    with alone_with("shared-memory"):
        before = shared_memory()
        yield
        assert shared_memory() <= before


def until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not condition():
        time.sleep(0.02)
    return condition()


def gone(processes: list[psutil.Process]) -> bool:
    return not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killing_the_studio_leaves_no_worker_and_no_shared_memory(tmp_path: Path, number: int) -> None:
    with no_shared_memory_stays():
        studio = start(tmp_path, "time.sleep(600)")
        assert studio.stdout is not None
        assert studio.stdout.readline() == "answered\n"
        workers = family(studio.pid)
        assert any("spawn_main" in " ".join(one.cmdline()) for one in workers)
        os.kill(studio.pid, number)
        _, errors = studio.communicate(timeout=120)
        assert until(lambda: gone(workers))
    assert errors == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a worker notices when it runs Python again")
def test_killing_the_studio_ends_even_a_worker_that_runs_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASKSTUDIO_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("MASKSTUDIO_HOME", str(tmp_path / "home"))
    folder = tmp_path / "plugins" / "stuck"
    folder.mkdir(parents=True)
    (folder / "engine.toml").write_text(
        'id="stuck"\ntitle="Stuck"\nsummary="Hangs."\nversion="1"\nmodule="stuck"\nclass="Stuck"\n'
    )
    (folder / "stuck.py").write_text(
        "import ctypes\nfrom maskengines.contract import Candidate\n\nclass Stuck:\n"
        "    def sample(self, request, context):\n"
        "        yield Candidate('image', request.subject.pixels, 0)\n"
        "        ctypes.PyDLL(None).sleep(600)\n"
    )
    plugins.trust("stuck")
    studio = start(tmp_path, "time.sleep(600)", "stuck")
    assert studio.stdout is not None
    assert studio.stdout.readline() == "answered\n"
    workers = family(studio.pid)
    studio.kill()
    studio.communicate(timeout=120)
    assert until(lambda: gone(workers))


@pytest.mark.parametrize(
    "end",
    ["runtime.close()", "time.sleep(2)", "runtime.warm_up('exemplar')\n    runtime.close()"],
    ids=["closed", "never closed", "closed while warming up"],
)
def test_a_studio_that_ends_by_itself_leaves_nothing_and_says_nothing(tmp_path: Path, end: str) -> None:
    family_then: list[psutil.Process] = []

    def watch() -> bool:
        try:
            family_then.extend(one for one in family(studio.pid) if one not in family_then)
        except psutil.NoSuchProcess:
            return True
        return studio.poll() is not None

    with no_shared_memory_stays():
        studio = start(tmp_path, end)
        assert until(watch)
        _, errors = studio.communicate(timeout=120)
        assert until(lambda: gone(family_then))
    assert errors == ""
    assert studio.returncode == 0


def test_ctrl_c_in_a_terminal_reaches_the_studio_alone(tmp_path: Path) -> None:
    studio = start(
        tmp_path,
        "\n    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        job.cancel()\n"
        "        print(job.wait(120), job.state, flush=True)\n        runtime.close()",
    )
    assert studio.stdout is not None
    assert studio.stdout.readline() == "answered\n"
    os.killpg(studio.pid, signal.SIGINT)
    output, errors = studio.communicate(timeout=120)
    assert output == "True cancelled\n"
    assert errors == ""


def test_a_script_without_a_main_guard_is_told_so(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    text = STUDIO.replace('if __name__ == "__main__":\n    main()', "main()")
    text = text.replace("ENGINE", "'live-fill'")
    script.write_text(text.replace("END", "print(job.wait(120), job.error)\n    runtime.close()"))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=120, check=False
    )
    assert "__main__" in done.stderr
    assert "exit code 1" in done.stdout
