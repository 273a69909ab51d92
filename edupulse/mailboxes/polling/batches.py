"""Which messages are fetched together: as many as fit into little memory, the oldest first, a large one alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edupulse.mailboxes.imap.session import Header

MOST_TOGETHER = 100  # messages; at 50 ms of round trip more gain little
BYTES_TOGETHER = 2_000_000  # of a batch; a few are in memory at once, arriving or being written down
LARGE = 2_000_000  # bytes: beyond it a message goes straight into a file


def runs(headers: Sequence[Header]) -> Iterator[list[list[int]] | Header]:
    """Yield, in order, runs of batches of UIDs, and between them each message that is too large for a batch."""
    run: list[list[int]] = []
    size = 0
    for header in headers:
        if header.size > LARGE:
            if run:
                yield run
            yield header
            run, size = [], 0
        elif run and len(run[-1]) < MOST_TOGETHER and size + header.size <= BYTES_TOGETHER:
            run[-1].append(header.uid)
            size += header.size
        else:
            run.append([header.uid])
            size = header.size
    if run:
        yield run
