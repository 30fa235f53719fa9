"""The process in which cameras are looked for: COLMAP cannot be interrupted, but a process can be killed.

Started as ``python -m maskengines.scene.sfm.process``. It is given a `Plan` as one line of JSON on its
standard input, answers in lines of JSON, and ends when that input does.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import traceback
from typing import Any, TextIO

from maskengines.errors import EngineFault, StudioError
from maskengines.scene.sfm.plan import Plan


def main() -> None:
    """Do as the plan on the standard input says."""
    answers = _answers()
    plan = Plan.read(json.loads(sys.stdin.readline()))
    threading.Thread(target=_watch, args=(plan,), daemon=True).start()

    def say(**what: Any) -> None:
        print(json.dumps(what), file=answers, flush=True)

    try:
        import pycolmap

        pycolmap.logging.minloglevel = pycolmap.logging.Level.ERROR.value
        from maskengines.scene.sfm.finding import find

        report = find(plan, lambda share, text: say(share=share, text=text))
    except StudioError as error:
        say(kind=error.kind, message=error.message)
    except OSError as error:
        say(
            kind="bad-input",
            message=f"Cannot work in '{plan.work}': {error.strerror or error}. Free some space there.",
        )
    except MemoryError:
        say(kind=EngineFault.kind, message="There is not enough memory for so many photos. Take fewer.")
    except Exception as error:
        traceback.print_exc()
        say(
            kind=EngineFault.kind,
            message=f"The search for cameras stopped ({type(error).__name__}: {error}).",
        )
    else:
        say(report=report.to_plain())


def _answers() -> TextIO:
    """Where answers go; what libraries print goes to the log from now on."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _watch(plan: Plan) -> None:
    sys.stdin.read()
    # Nobody waits for an answer any more, and nobody else would tidy up.
    shutil.rmtree(plan.work, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
