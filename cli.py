"""The command line: `python cli.py NOUN VERB`."""

from edupulse.cli import main

if __name__ == "__main__":
    main()
