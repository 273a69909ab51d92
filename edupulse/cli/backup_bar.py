"""How far a long reading has come, shown to a person at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from edupulse.upkeep.archive import Progress, quietly


@contextmanager
def bar(words: str, *, quiet: bool) -> Iterator[Progress]:
    """Give the block a progress that draws a bar on stderr, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield quietly
        return
    with click.progressbar(length=100, label=words, file=sys.stderr) as drawn:

        def tell(done: int, total: int) -> None:
            drawn.update(max(0, 100 * done // max(total, 1) - drawn.pos))

        yield tell
