"""The bytes of a message become a UnifiedEvent: any bytes, always the same event, what was wrong listed in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from hashlib import sha256 as sha256_of
from itertools import islice

from edupulse.errors import NotFound
from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.parse import assemble, bodies, charsets, clean, compat, fields, limits, tnef, tree
from edupulse.mailboxes.parse.findings import Findings
from edupulse.mailboxes.parse.markup import sanitised
from edupulse.mailboxes.parse.quotes import without_quotes

__all__ = ["Parsed", "parse", "parse_head", "part_bytes", "part_text", "sanitised", "without_quotes"]


@dataclass(frozen=True)
class Parsed:
    """A message as an event, and as Python's own message object (policy compat32) for those who need more."""

    event: UnifiedEvent
    root: tree.Part = field(repr=False, compare=False)

    @cached_property
    def message(self) -> Message:
        """Made when it is first asked for: ordinary mails never need it."""
        return compat.message_of(self.root)


def parse(data: bytes, *, own_addresses: Collection[str] = ()) -> Parsed:
    """Return what a message says. Never raises, whatever the bytes; the work grows with their number alone."""
    findings = Findings()
    root = _grown(data, findings)
    body = bodies.read(root, findings)
    sha256 = sha256_of(data).hexdigest()
    event = assemble.event(root.fields, body, findings, sha256=sha256, size=len(data), own=own_addresses)
    return Parsed(event, root)


def parse_head(head: bytes, *, sha256: str, size: int, why: str) -> Parsed:
    """Return what the headers say of a message that is too large to be taken apart; `why` becomes its defect.

    `head` is its beginning, `sha256` and `size` (bytes) are those of the whole message.
    """
    findings = Findings()
    findings.add(why)
    block, _ = fields.read(head, 0, len(head), findings)
    root = tree.headed(head, block)
    event = assemble.event(block, bodies.Body(), findings, sha256=sha256, size=size, own=())
    return Parsed(event, root)


def part_bytes(data: bytes, index: int) -> bytes:
    """Return the decoded bytes of the attachment with that index; raises NotFound where there is none."""
    findings = Findings()
    outer, inner = divmod(index, limits.PARTS)
    if not outer:
        return _leaf(data, index, findings).data(findings)
    packed = tnef.files(_leaf(data, outer - 1, findings).data(findings))
    if inner < len(packed):
        return packed[inner].data
    raise NotFound(f"The message has no part {index}.")


def part_text(data: bytes, index: int) -> str:
    """Return an attachment that is text in the charset that it names or shows; raises NotFound."""
    findings = Findings()
    part = _leaf(data, index, findings)
    return clean.text(charsets.decoded(part.data(findings), bodies.charset_of(part), findings))


def _leaf(data: bytes, index: int, findings: Findings) -> tree.Part:
    if index >= 0 and (found := next(islice(_grown(data, findings).leaves(), index, None), None)):
        return found
    raise NotFound(f"The message has no part {index}.")


def _grown(data: bytes, findings: Findings) -> tree.Part:
    if b"\n" not in data and b"\r" in data:
        findings.add("lines end with a lone CR")
        data = data.replace(b"\r", b"\n")
    root = tree.grown(data.lstrip(b"\r\n"), findings)
    findings.charset = next((found for each in root.leaves() if (found := bodies.charset_of(each))), "")
    return root
