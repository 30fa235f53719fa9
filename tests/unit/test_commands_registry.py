"""The registry and the palette's search, without a window."""

from __future__ import annotations

import pytest
from maskstudio.commands.fuzzy import fit, search
from maskstudio.commands.registry import Command, CommandRegistry, normal_shortcut


def _command(name: str, title: str = "Title", **more: object) -> Command:
    return Command(name, title, lambda: None, **more)  # type: ignore[arg-type]


def test_two_commands_cannot_share_a_shortcut_however_it_is_spelled() -> None:
    registry = CommandRegistry([_command("a", shortcuts=("Ctrl+Shift+Z",))])
    with pytest.raises(ValueError, match="both want"):
        registry.add(_command("b", shortcuts=("shift+ctrl+z",)))
    with pytest.raises(ValueError, match="called"):
        registry.add(_command("a"))
    assert len(registry) == 1


def test_a_shortcut_with_plus_or_minus_is_read_right() -> None:
    assert normal_shortcut("Ctrl++") == "ctrl++"
    assert normal_shortcut("Ctrl+-") == "ctrl+-"
    assert normal_shortcut("Enter") == normal_shortcut("Return")


def test_a_command_that_cannot_run_does_not_and_says_why() -> None:
    ran: list[str] = []
    told: list[str] = []
    reason: list[str | None] = ["Paint a mask first: B"]
    registry = CommandRegistry([Command("run", "Run", lambda: ran.append("run"), enabled=lambda: reason[0])])
    registry.refused = lambda command, why: told.append(f"{command.title}: {why}")
    assert not registry.run("run")
    assert (ran, told) == ([], ["Run: Paint a mask first: B"])
    reason[0] = None
    assert registry.run("run")
    assert ran == ["run"]


def test_menus_keep_groups_together_in_order() -> None:
    registry = CommandRegistry(
        [
            _command("a", menu="File", group="1"),
            _command("b", menu="File", group="2"),
            _command("c", menu="File", group="1"),
            _command("d", menu="Edit"),
        ]
    )
    assert [[command.id for command in group] for group in registry.in_menu("File")] == [["a", "c"], ["b"]]


def test_a_submenu_is_said_before_the_title_where_no_menu_shows_it() -> None:
    inner, plain = _command("a", "Box", submenu="Generate mask"), _command("b", "Box")
    assert (inner.full_title, inner.label) == ("Generate mask: box", "Box")
    assert plain.full_title == "Box"
    assert search("generate", [plain, inner]) == [inner]
    assert search("box", [inner, plain])[0] is plain


def test_the_palette_finds_by_letters_that_start_words() -> None:
    titles = ["Save", "Save as", "Erase", "Show mask", "Export image", "Smaller brush"]
    commands = [_command(title, title) for title in titles]
    assert search("sa", commands)[0].title == "Save"
    assert search("exim", commands)[0].title == "Export image"
    assert search("sm", commands)[0].title in ("Show mask", "Smaller brush")
    assert search("zzz", commands) == []
    assert [command.title for command in search("", commands)] == titles


def test_further_words_find_a_command_after_its_namesakes() -> None:
    plain, hidden = _command("p", "Redo"), _command("h", "Brush", words="redo paint")
    assert [command.id for command in search("redo", [hidden, plain])] == ["p", "h"]


def test_letters_in_the_wrong_order_do_not_fit() -> None:
    assert fit("evas", "Save") is None
    better, worse = fit("save", "Save"), fit("save", "Shave every")
    assert better is not None
    assert worse is not None
    assert better > worse
