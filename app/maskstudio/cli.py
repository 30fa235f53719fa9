"""The command line: words in, an exit code out.

Nothing here imports Qt, numpy, pydantic or an engine: each command is imported when it runs, so that
``maskstudio --help`` answers at once. Exit codes: 0 done, 2 bad input, 3 not ready, 4 engine fault,
130 cancelled.
"""

from __future__ import annotations

import argparse
import errno
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from maskengines import __version__
from maskengines.errors import BadInput, Cancelled, EngineFault, NotReady, StudioError

from maskstudio.output import (
    JsonOutput,
    Output,
    TextOutput,
    drop_what_nobody_takes,
    open_standard_streams,
)

BROKEN_PIPE = 128 + signal.SIGPIPE
REFUSED = (errno.EAGAIN, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC)

USAGE = """\
maskstudio [--open FILE] [FILE ...]
       maskstudio --install-desktop | --uninstall-desktop
       maskstudio engines [ENGINE] [--json]
       maskstudio run ENGINE --input FILE [--mask FILE] --out PATH
                      [--count N] [--seed S] [--set key=value ...] [--person N] [--json]
       maskstudio render SCENE --camera FILE --out FOLDER [--set key=value ...] [--json]
       maskstudio render SCENE --turntable N --out FOLDER|FILM.mp4
                      [--size WxH] [--elevation DEGREES] [--set key=value ...] [--json]
       maskstudio plugins list | trust NAME | forget NAME
       maskstudio models list | pull ID | import FOLDER | remove ID [--json]
       maskstudio models offline | online
       maskstudio doctor [--json]"""

EPILOG = """\
commands:
  engines    list the engines and their parameters
  run        ask an engine without a window
  render     take pictures of a scene
  plugins    list the plugins, trust one, forget one
  models     list the networks here, fetch one, import one, remove one
  doctor     what this machine has and what is missing

A first word that is no command is a file; ./run opens a file named run.
"maskstudio COMMAND --help" tells more. Exit codes: 0 done, 2 bad input,
3 not ready, 4 engine fault, 130 cancelled."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence like any other bad input."""

    def error(self, message: str) -> NoReturn:
        text = message[:1].upper() + message[1:].rstrip(".")
        raise BadInput(f"{text}; '{self.prog} --help' shows how to write it.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the program's name; by default those of this process.

    Returns:
        The exit code. Errors have been reported already: one line on stderr, or with ``--json`` an
        ``error`` event on stdout.
    """
    multiprocessing.freeze_support()
    open_standard_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    output: Output = JsonOutput() if "--json" in words else TextOutput()
    try:
        command = COMMANDS.get(words[0]) if words else None
        return command(words[1:], output) if command else _window(words)
    except SystemExit as exit_:  # argparse leaves this way after --help and --version
        return exit_.code if isinstance(exit_.code, int) else 0
    except StudioError as error:
        return _report(output, error)
    except KeyboardInterrupt:
        return _report(output, Cancelled())
    except BrokenPipeError:
        return BROKEN_PIPE
    except Exception as error:
        if os.environ.get("MASKSTUDIO_DEBUG"):
            raise
        return _report(output, _internal(error))
    finally:
        drop_what_nobody_takes()


def _report(output: Output, error: StudioError) -> int:
    try:
        output.error(error)
    except BrokenPipeError:
        pass
    except StudioError as lost:
        TextOutput().error(lost)
    return error.exit_code


def _internal(error: Exception) -> StudioError:
    if isinstance(error, OSError) and error.filename is not None:
        return NotReady(f"Cannot use '{error.filename}': {error.strerror}.")
    if isinstance(error, OSError) and error.errno in REFUSED:
        return NotReady(
            f"The system refused what the work needs: {error.strerror}. 'ulimit -a' shows the limits."
        )
    return EngineFault(
        f"MaskStudio failed ({type(error).__name__}: {error}); this is a bug, and MASKSTUDIO_DEBUG=1 in "
        "the environment shows where."
    )


def _window(words: Sequence[str]) -> int:
    parser = _Parser(
        prog="maskstudio", usage=USAGE, epilog=EPILOG, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Paint over what you want to ask about; engines answer while you go on working.",
    )  # fmt: skip
    parser.add_argument("files", nargs="*", metavar="FILE", help="images and projects to open")
    parser.add_argument("--open", action="append", default=[], metavar="FILE", help="the same, by name")
    desktop = parser.add_mutually_exclusive_group()
    desktop.add_argument(
        "--install-desktop", action="store_true", help="add a menu entry, an icon and file associations"
    )
    desktop.add_argument("--uninstall-desktop", action="store_true", help="take them away again")
    parser.add_argument("--version", action="version", version=f"maskstudio {__version__}")
    cut = words.index("--") if "--" in words else len(words)
    # Words may be mixed freely: a.png --open b.png c.png
    options = parser.parse_intermixed_args(list(words[:cut]))
    files = [Path(name) for name in [*options.open, *options.files, *words[cut + 1 :]]]
    if options.install_desktop or options.uninstall_desktop:
        if files:
            parser.error("--install-desktop and --uninstall-desktop take no file")
        from maskstudio import desktop as entry

        return entry.install() if options.install_desktop else entry.uninstall()
    from maskstudio.launch import launch

    return launch(files)


def _run(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio run", allow_abbrev=False,
        description="Ask an engine without a window; the results' paths go to stdout.",
    )  # fmt: skip
    parser.add_argument("engine", metavar="ENGINE", help="its id; 'maskstudio engines' lists them")
    parser.add_argument("--input", required=True, metavar="FILE", type=Path, help="what is edited")
    parser.add_argument(
        "--mask", metavar="FILE", type=Path,
        help="white is asked for, black is given; of Gaussians a .npy with their numbers",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        metavar="PATH",
        type=Path,
        help="the suffix is the format; tables need no file",
    )
    parser.add_argument("--count", default=1, metavar="N", type=int, help="how many answers (default 1)")
    parser.add_argument("--seed", default=0, metavar="S", type=int, help="seed of the first (default 0)")
    parser.add_argument(
        "--person", metavar="N", type=int, help="of several in a file of poses (of a BVH: the frame), from 1"
    )
    parser.add_argument(
        "--set", action="extend", nargs="+", default=[], metavar="key=value", dest="settings",
        help="a parameter of the engine; may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one event a line on stdout")
    options = parser.parse_args(list(words))
    from maskstudio.batch import Ask, run
    from maskstudio.stopping import stopped_by_signals

    ask = Ask(
        options.engine, options.input, options.mask, options.out, options.count, options.seed,
        options.settings, options.person,
    )  # fmt: skip
    with stopped_by_signals():
        return run(ask, output)


def _render(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio render", allow_abbrev=False,
        description="Take pictures of a scene, a PNG for each camera; their paths go to stdout.",
    )  # fmt: skip
    parser.add_argument("scene", metavar="SCENE", type=Path, help="a .ply, .spz, .splat, .sog or project")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--camera", metavar="FILE", type=Path, help="cameras as in scene.json: a JSON file")
    where.add_argument("--turntable", metavar="N", type=int, help="N pictures once around")
    parser.add_argument(
        "--out", required=True, metavar="FOLDER", type=Path,
        help="made if it is not there; an .mp4 for a turntable as a film",
    )  # fmt: skip
    parser.add_argument("--size", metavar="WxH", help="pixels of a turntable's pictures, 960x720")
    parser.add_argument(
        "--elevation", metavar="DEGREES", type=float, help="height of a turntable above the level, -89..89"
    )
    parser.add_argument(
        "--set", action="extend", nargs="+", default=[], metavar="key=value", dest="settings",
        help="background=white, mip=true; may be repeated",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one event a line on stdout")
    options = parser.parse_args(list(words))
    from maskstudio.rendering import Shoot, render
    from maskstudio.stopping import stopped_by_signals
    from maskstudio.turntables import turntable_from_words

    cameras = options.camera
    if cameras is None:
        cameras = turntable_from_words(options.turntable, options.size, options.elevation)
    elif options.size is not None or options.elevation is not None:
        parser.error("--size and --elevation belong to --turntable; a file of cameras has sizes of its own")
    with stopped_by_signals():
        return render(Shoot(options.scene, cameras, options.out, options.settings), output)


def _engines(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio engines", allow_abbrev=False, description="The engines, and what each takes."
    )
    parser.add_argument("engine", nargs="?", metavar="ENGINE", help="only this one, with its parameters")
    parser.add_argument("--json", action="store_true", help="one object a line, with the JSON schema")
    options = parser.parse_intermixed_args(list(words))
    from maskstudio import listing

    return (listing.print_engines_json if options.json else listing.print_engines)(options.engine)


def _plugins(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio plugins", allow_abbrev=False,
        description="Engines in the plugin folder. One runs only after you have trusted its content once.",
    )  # fmt: skip
    actions = parser.add_subparsers(dest="action", required=True, metavar="list | trust NAME | forget NAME")
    actions.add_parser("list", help="a line per plugin: name, then trusted, untrusted or changed")
    for action, text in (("trust", "let a plugin run as it is now"), ("forget", "take the trust back")):
        actions.add_parser(action, help=text).add_argument("name", metavar="NAME")
    options = parser.parse_args(list(words))
    from maskstudio import listing

    if options.action == "trust":
        return listing.trust_plugin(options.name)
    if options.action == "forget":
        return listing.forget_plugin(options.name)
    return listing.print_plugins()


def _models(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio models", allow_abbrev=False,
        description="Networks that others trained. Only safetensors are taken, and nothing comes unasked.",
    )  # fmt: skip
    actions = parser.add_subparsers(
        dest="action", required=True, metavar="list | pull ID | import FOLDER | remove ID | offline | online"
    )
    listed = actions.add_parser("list", help="a line per model: id, kind, size, licence")
    pull = actions.add_parser("pull", help="fetch a model from the hub, or go on where a fetch stopped")
    pull.add_argument("name", metavar="ID", help="owner/name on the hub")
    pull.add_argument(
        "--precision", choices=("half", "full"), default="half",
        help="16 bits where the hub has them (default), or the full weights, twice as large",
    )  # fmt: skip
    pull.add_argument(
        "--accept-licence", action="store_true", help="agree to its licence without being asked"
    )
    imported = actions.add_parser("import", help="copy a model from a folder or a .safetensors file")
    imported.add_argument("name", metavar="FOLDER")
    remove = actions.add_parser("remove", help="delete a model, or what an unfinished fetch left")
    remove.add_argument("name", metavar="ID")
    for action in (listed, pull, imported, remove):
        action.add_argument("--json", action="store_true", help="one event a line on stdout")
    actions.add_parser("offline", help="touch the network no more")
    actions.add_parser("online", help="fetch again when asked to")
    options = parser.parse_args(list(words))
    from maskstudio import models
    from maskstudio.stopping import stopped_by_signals

    with stopped_by_signals():
        match options.action:
            case "pull":
                return models.pull(options.name, options.precision, options.accept_licence, output)
            case "import":
                return models.import_folder(Path(options.name), output)
            case "remove":
                return models.remove(options.name, output)
            case "list":
                return models.print_json_list() if options.json else models.print_list()
        return models.switch(options.action)


def _doctor(words: Sequence[str], output: Output) -> int:
    parser = _Parser(
        prog="maskstudio doctor", allow_abbrev=False,
        description="What this machine has, where things are kept, and what is missing.",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one object")
    options = parser.parse_args(list(words))
    from maskstudio import doctor

    return doctor.print_json_report() if options.json else doctor.print_text()


COMMANDS: dict[str, Callable[[Sequence[str], Output], int]] = {
    "engines": _engines,
    "run": _run,
    "render": _render,
    "plugins": _plugins,
    "models": _models,
    "doctor": _doctor,
}
