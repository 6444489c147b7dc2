"""The process that opens a pickle: it runs what stands in the file, so it may do nothing but give the model back.

``python -m aiaas_magics.engines.models.unpickle FOLDER PARENT MEMORY SECONDS SIZE`` takes the file on standard input and leaves
`MODEL` (skops) or an error in `VERDICT`. Whoever started it believes neither.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
import types
import warnings
from pathlib import Path
from typing import Any

from aiaas_magics import errors
from aiaas_magics.engines import children
from aiaas_magics.engines.models import jail, strangers

MODEL, VERDICT = "model.skops", "verdict.json"
LOST = (
    re.compile(r"Can't get attribute '(?P<name>[^']+)' on <module '(?P<module>[^']+)'"),
    re.compile(r"module '(?P<module>[^']+)' has no attribute '(?P<name>[^']+)'"),
)
"""What pickle says of a class that is not where it was, by protocol."""


def main(argv: list[str]) -> int:
    """Open the pickle on standard input; return the exit status."""
    folder, (parent, memory, seconds, size) = Path(argv[0]), map(int, argv[1:])
    children.die_with(parent)

    jail.limit(memory=memory, seconds=seconds, size=size)
    jail.lock(folder)
    ours = sys.modules["__main__"]  # what a pickle calls __main__ was its maker's notebook
    sys.modules["__main__"] = types.ModuleType("__main__")
    verdict = _verdict(folder)
    sys.modules["__main__"] = ours
    (folder / VERDICT).write_text(json.dumps(verdict))
    return 0


def _verdict(folder: Path) -> dict[str, Any]:
    """Open, look, write the model; return what to tell of it."""
    import skops.io

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            found = load(sys.stdin.buffer)
        notes = strangers.notes(caught)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model, more = strangers.model_of(found)
            skops.io.dump(model, folder / MODEL)
    except errors.AiaasError as error:
        return errors.to_record(error)
    except Exception as error:  # noqa: BLE001 - what skops cannot write, it says in many ways
        return errors.to_record(strangers.unwritable(error))
    return {"notes": [*notes, *more]}


def load(file: Any) -> Any:
    """Return what a pickle holds: whatever it holds was run. Raises `AiaasError`."""
    import joblib

    try:
        return joblib.load(file)
    except MemoryError as error:
        raise strangers.too_large() from error
    except ModuleNotFoundError as error:
        raise strangers.not_there(str(error.name)) from error
    except AttributeError as error:
        found = next(filter(None, (pattern.search(str(error)) for pattern in LOST)), None)
        if found is None:
            raise strangers.raised(error) from error
        raise strangers.not_there(f"{found['module']}.{found['name']}") from error
    except (pickle.UnpicklingError, EOFError) as error:
        raise strangers.no_pickle(error) from error
    except BaseException as error:
        raise strangers.raised(error) from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
