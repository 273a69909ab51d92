"""The command line: `python cli.py NOUN VERB`."""

import gc
import sys

gc.disable()  # until the application is made: of what is imported nothing is garbage, and looking for it takes long

try:
    from edupulse.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"The Python module {error.name!r} is missing in {sys.executable}. "
        "Use .venv/bin/python cli.py; ./run up makes or mends that environment."
    )
except KeyboardInterrupt:
    sys.exit(130)

if __name__ == "__main__":
    main()
