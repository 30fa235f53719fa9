"""The page of benchmarks is rewritten as a whole or by sections."""

from __future__ import annotations

import datetime

from tests.benchmarks.__main__ import NAMES, PAGE, dated, page, sections_of


def test_one_section_is_replaced_and_the_others_stay() -> None:
    first = {"scene": "## Scene\n\nold", "canvas": "## Canvas\n\n| a |\n|---|\n| 1 |"}
    text = page(first)
    assert text.index("## Canvas") < text.index("## Scene"), "in the order of the list"
    found = sections_of(text)
    assert found == first
    found["scene"] = "## Scene\n\nnew"
    again = page(found)
    assert "old" not in again
    assert sections_of(again) == found


def test_a_section_says_when_it_was_measured() -> None:
    today = datetime.date.today().isoformat()
    assert dated("## Scene\n\nwords", quick=True) == f"## Scene\n\n*Measured on {today}, quick run.*\n\nwords"


def test_the_page_in_the_docs_can_be_taken_apart() -> None:
    found = sections_of(PAGE.read_text("utf-8"))
    assert set(found) <= set(NAMES)
    assert {"canvas", "exemplar", "pose"} <= set(found)
    assert all(section.startswith("## ") for section in found.values())
