"""A Content-Type or Content-Disposition becomes its value and its parameters, split and encoded ones too (RFC 2231)."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from edupulse.mailboxes.parse import charsets, limits, words
from edupulse.mailboxes.parse.findings import Findings

_PARAMETER = re.compile(r';\s*([^\s=;"]{1,60})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"(?P<name>[^*]+)\*(?P<number>\d{1,3})?(?P<encoded>\*)?")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}")


def split(value: str, findings: Findings) -> tuple[str, dict[str, str]]:
    """Return the value in lower case and its parameters by name in lower case, still encoded."""
    if len(value) > limits.PARAMETERS_CHARACTERS:
        findings.add("very long parameters")
        value = value[: limits.PARAMETERS_CHARACTERS]
    head, semicolon, _ = value.partition(";")
    parameters: dict[str, str] = {}
    if semicolon:
        for count, found in enumerate(_PARAMETER.finditer(value, len(head))):
            if count >= limits.PARAMETERS:
                findings.add("very many parameters")
                break
            parameters.setdefault(found[1].lower(), _unquoted(found[2]))
    return head.strip().lower(), parameters


def is_media_type(value: str) -> bool:
    """Whether it is a type and a subtype (RFC 2045 5.1)."""
    return _TYPE.fullmatch(value) is not None


def decoded(parameters: dict[str, str], name: str, findings: Findings) -> str:
    """Return one parameter as text: `name*=`, `name*0=` and so on, or with encoded words, which are forbidden there."""
    sections = {key: value for key, value in parameters.items() if key.startswith(f"{name}*")}
    if sections and (joined := _joined(sections, name, findings)):
        return joined
    return words.decoded(parameters.get(name, ""), findings)


def _joined(sections: dict[str, str], name: str, findings: Findings) -> str:
    pieces: list[tuple[int, bool, str]] = []
    for key, value in sections.items():
        found = _SECTION.fullmatch(key)
        if found and found["name"] == name:
            is_encoded = found["encoded"] is not None or found["number"] is None
            pieces.append((int(found["number"] or 0), is_encoded, value))
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    if pieces and pieces[0][1] and pieces[0][2].count("'") >= 2:
        charset, _, first = pieces[0][2].split("'", 2)
        pieces[0] = (0, True, first)
    return _text_of(pieces, charset, findings)


def _text_of(pieces: list[tuple[int, bool, str]], charset: str, findings: Findings) -> str:
    if not any(is_encoded for _, is_encoded, _ in pieces):
        return words.decoded("".join(value for _, _, value in pieces), findings)
    whole = b"".join(
        unquote_to_bytes(value) if is_encoded else value.encode("utf-8", "replace")
        for _, is_encoded, value in pieces
    )
    return charsets.decoded(whole, charset, findings) if charset else charsets.raw(whole, findings)


def _unquoted(value: str) -> str:
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        value = value[1:-1]
        return _ESCAPED.sub(r"\1", value) if "\\" in value else value
    return value.strip().strip('"')
