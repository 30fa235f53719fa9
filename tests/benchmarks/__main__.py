"""``make bench``: run every benchmark in a process of its own and write the tables to docs/benchmarks.md.

A benchmark is a module here with ``table(quick: bool)``, which returns Markdown (text, or lines): a heading,
a line on how it measures and tables of ratios taken in one run. ``python -m tests.benchmarks canvas --quick``
prints one of them, and with ``--page`` it takes the place of the old one on the page.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

NAMES = (
    "startup",
    "canvas",
    "latency",
    "runtime",
    "exemplar",
    "candidates",
    "diffusion",
    "attribution",
    "explanations",
    "pose",
    "following",
    "pipelines",
    "scene",
    "filling",
)
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- {} -->"
PACKAGES = (
    "PySide6-Essentials",
    "numpy",
    "opencv-python-headless",
    "numba",
    "scikit-image",
    "torch",
    "transformers",
    "diffusers",
)


def measure(name: str, quick: bool) -> str:
    """Run one benchmark in a fresh process and return its table.

    Raises:
        SystemExit: the benchmark failed; it has said why on stderr.
    """
    words = [sys.executable, "-m", "tests.benchmarks", name, *(["--quick"] if quick else [])]
    started = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, cwd=ROOT, check=False)
    if answer.returncode:
        sys.exit(f"The benchmark '{name}' failed; {PAGE.relative_to(ROOT)} was left as it is.")
    print(f"{answer.stdout}\n({name}: {time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    return answer.stdout.strip()


def page(sections: Mapping[str, str]) -> str:
    """The whole page: what it was measured on, then the sections by the benchmarks' names."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    head = f"""# Benchmarks

Ratios are taken within one run on one machine, so they carry over to other machines; absolute times do not.
CPU figures count the process and its children. `make bench` measures again and rewrites this page
(`QUICK=1 make bench` with fewer repetitions, `make bench ONLY=scene` one section).

{_cpu()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}, {versions}."""
    marked = [f"{MARK.format(name)}\n{sections[name]}" for name in NAMES if name in sections]
    return "\n\n".join([head, *marked]) + "\n"


def sections_of(text: str) -> dict[str, str]:
    """What a page holds, by the benchmarks' names."""
    parts = re.split(MARK.format("([a-z]+)"), text)
    return {name: section.strip() for name, section in zip(parts[1::2], parts[2::2], strict=True)}


def dated(table: str, quick: bool) -> str:
    """A table with a line below its heading that says when it was measured, and how thoroughly."""
    heading, _, rest = table.partition("\n")
    how = "quick" if quick else "full"
    return f"{heading}\n\n*Measured on {datetime.date.today().isoformat()}, {how} run.*\n{rest}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", choices=NAMES, help="print this table only")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--page", action="store_true", help="put this table on the page")
    options = parser.parse_args()
    if options.name and not options.page:
        table = importlib.import_module(f"tests.benchmarks.{options.name}").table(options.quick)
        text = table if isinstance(table, str) else "\n".join(table)
        print(text if text.startswith("#") else f"## {options.name.capitalize()}\n\n{text}")
        return
    sections = sections_of(PAGE.read_text("utf-8")) if options.name and PAGE.exists() else {}
    for name in [options.name] if options.name else NAMES:
        sections[name] = dated(measure(name, options.quick), options.quick)
    PAGE.write_text(page(sections), encoding="utf-8")
    print(PAGE)


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    main()
