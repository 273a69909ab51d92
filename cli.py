"""The command line: `python cli.py NOUN VERB`."""

import sys

try:
    from edupulse.cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"The Python module {error.name!r} is missing in {sys.executable}. "
        "Use .venv/bin/python cli.py; ./run up makes or mends that environment."
    )

if __name__ == "__main__":
    main()
