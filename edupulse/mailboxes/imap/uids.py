"""Sets of UIDs as commands carry them: short, in order, and never too long for a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

AT_ONCE = 1000  # UIDs in one command
LONGEST = 7000  # characters; RFC 2683 3.2.1.5 asks servers for 8,000 in all of a command


def uid_set(uids: Iterable[int]) -> bytes:
    """Write UIDs as a set, neighbours as a range: 1:3,7."""
    return ",".join(_ranges(uids)).encode()


def uid_sets(uids: Iterable[int]) -> Iterator[bytes]:
    """Write UIDs as sets that are short enough for one command each."""
    ordered = sorted(set(uids))
    for start in range(0, len(ordered), AT_ONCE):
        text = ""
        for each in _ranges(ordered[start : start + AT_ONCE]):
            if len(text) + len(each) >= LONGEST:
                yield text.encode()
                text = ""
            text += f",{each}" if text else each
        yield text.encode()


def _ranges(uids: Iterable[int]) -> Iterator[str]:
    first = last = 0
    for uid in sorted(set(uids)):
        if first and uid == last + 1:
            last = uid
            continue
        if first:
            yield _range(first, last)
        first = last = uid
    if first:
        yield _range(first, last)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}:{last}"
