"""How a message travelled: from which return path, to which of our addresses, and what our server found out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from edupulse.mailboxes.event import Correspondent
from edupulse.mailboxes.parse import addresses
from edupulse.mailboxes.parse.fields import Fields
from edupulse.mailboxes.parse.findings import Findings

_DELIVERED = (
    "delivered-to", "x-delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "x-rcpt-to",
    "x-real-to", "x-apparently-to",
)  # fmt: skip
_MOST = 20  # addresses; one hop adds one
_FOR = re.compile(r"\bfor\s+<([^<>\s]{3,320})>")
_METHOD = re.compile(r"\b(spf|dkim|dmarc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_SERVER = re.compile(r"\s*([^\s;]{1,255})")
_COMMENT = re.compile(r"\([^()]*\)")


def return_path(fields: Fields, findings: Findings) -> str | None:
    """Return the envelope's sender as the last server wrote it: "" is the null sender, None: it wrote none."""
    if not fields.has("return-path"):
        return None
    people = addresses.read(fields.line("return-path"), findings)
    return people[0].address if people else ""


def delivered_to(
    fields: Fields, named: Collection[Correspondent], own: Collection[str], findings: Findings
) -> tuple[str, ...]:
    """Return the addresses to which servers say that they delivered, then those of ours that To and Cc name."""
    found: dict[str, None] = {}
    for address in (*_headed(fields, findings), *_received_for(fields), *_ours(named, own)):
        found.setdefault(address)
    return tuple(found)[:_MOST]


def authentication(fields: Fields) -> dict[str, str]:
    """Return spf, dkim and dmarc by the topmost Authentication-Results (RFC 8601), and `server`, who says so.

    The receiving server writes its own at the top and takes away what pretends to be its own (section 5). Where it
    writes none, the sender's could stand there: whoever trusts the result compares `server`.
    """
    results: dict[str, str] = {}
    for line in fields.lines("authentication-results", _MOST):
        server = found[1].lower() if (found := _SERVER.match(line)) else ""
        if results.setdefault("server", server) != server:
            continue
        for method, result in _METHOD.findall(_COMMENT.sub(" ", line[:4_000])):
            _note(results, method.lower(), result.lower())
    if "spf" not in results and (line := fields.line("received-spf")):
        results["spf"] = line.partition(" ")[0].lower()[:20]
    return results


def _note(results: dict[str, str], method: str, result: str) -> None:
    # One good signature among several is enough (RFC 6376 6.1).
    if method == "dkim" and result == "pass":
        results[method] = result
    results.setdefault(method, result)


def _headed(fields: Fields, findings: Findings) -> Iterator[str]:
    for name in _DELIVERED:
        for line in fields.lines(name, _MOST):
            yield from (each.address for each in addresses.read(line[:2_000], findings) if each.address)


def _received_for(fields: Fields) -> Iterator[str]:
    # Only the last hops are ours; a forwarding before them names somebody else.
    for line in fields.lines("received", 2):
        if found := _FOR.search(line[:2_000]):
            yield found[1]


def _ours(named: Collection[Correspondent], own: Collection[str]) -> Iterator[str]:
    known = {_without_extension(each) for each in own if each}
    if known:
        yield from (each.address for each in named if _without_extension(each.address) in known)


def _without_extension(address: str) -> str:
    """bounces+17-abc@school.example is bounces@school.example (RFC 5233)."""
    local, at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"
