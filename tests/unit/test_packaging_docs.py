"""What the pages promise is there: every link, every command, every spelling."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from maskstudio.cli import USAGE

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    own = [link for link in links if "://" not in link]
    assert [link for link in own if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_named_exists(page: Path) -> None:
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert targets
    named = set(re.findall(r"(?:`|^|QUICK=1 )make ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= set(targets[1].split())


def test_the_readme_and_the_help_spell_the_commands_alike() -> None:
    text = " ".join(USAGE.split())
    for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines():
        if re.match(r"maskstudio (\[|engines \[|run ENGINE|plugins list|doctor)", line):
            assert " ".join(line.partition("#")[0].split()) in text
