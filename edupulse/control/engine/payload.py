"""What a worker has taken is read with distrust: a message that is not ours, or not whole, is refused in words."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from flask import Flask

from edupulse.control.catalog import Catalog
from edupulse.control.engine.holdings import Taken
from edupulse.control.signature import fits, signature, signing_key
from edupulse.logs import get_logger

LONGEST = 16 * 2**20  # bytes of an unpacked message: a small one may unpack to gigabytes

log = get_logger(__name__)


class Examiner:
    """Knows the key and the catalog of the application in whose context it was made."""

    def __init__(self, app: Flask) -> None:
        self._app, self._key = app, signing_key()
        self._of: Catalog | None = None
        self._paths: frozenset[str] = frozenset()

    @property
    def paths(self) -> frozenset[str]:
        """The functions that a message may name."""
        catalog: Catalog = self._app.extensions["edupulse"].catalog
        if catalog is not self._of:
            self._of, self._paths = catalog, frozenset(spec.path for spec in catalog.specs.values())
        return self._paths

    @property
    def modules(self) -> set[str]:
        """Where a callback may live."""
        return {path.rpartition(".")[0] for path in self.paths}

    def examined(self, rows: Iterable[Sequence[Any]]) -> list[Taken]:
        """Return what a script says was taken: {run, lane, execution, message}, refused where it must be."""
        return [self._examined(*row) for row in rows]

    def _examined(self, run: bytes, lane: bytes, execution: bytes, message: Sequence[Any]) -> Taken:
        run_id, queue = run.decode(), lane.decode()
        refused = refusal(self._key, run_id, queue, message, self.paths)
        if refused:
            log.error("message refused", run=run_id, queue=queue, reason=refused)
        return Taken(run_id, queue, execution.decode(), refused)


def refusal(key: bytes, run_id: str, lane: str, message: Sequence[Any], paths: Collection[str]) -> str:
    """Return why the message must not be believed; empty when it is as we wrote it.

    `message` is what turn.lua calls MESSAGE; `paths` are the functions that the catalog knows.
    """
    data, meta, origin, *callbacks = (value or b"" for value in message)
    if origin != lane.encode():
        return f"It came by the queue {lane} and says that it belongs to another."
    try:
        unpacked = unpack(data)
        names = [name.decode() for name in callbacks]
        if not fits(json.loads(meta or b"{}"), signature(key, run_id, unpacked, names)):
            return "Its signature does not match."
        path = json.loads(unpacked)[0]
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        return f"It cannot be read ({type(error).__name__})."
    return "" if path in paths else "The catalog has no such job."


def unpack(data: bytes) -> bytes:
    """Return what RQ has compressed, or `data` where it is not; raise ValueError when it is too long."""
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(data, LONGEST)
    except zlib.error:
        return data
    if unpacker.unconsumed_tail:
        raise ValueError("the message is too long")
    return unpacked
