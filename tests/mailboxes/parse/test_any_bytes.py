"""Whatever bytes arrive, a valid event comes out: ten thousand damaged messages, always the same ones."""

from __future__ import annotations

import json
from random import Random

import pytest

from edupulse.mailboxes.event import UnifiedEvent
from edupulse.mailboxes.parse import parse, part_bytes
from tests.mailboxes.parse.mutations import mutated
from tests.mailboxes.parse.seeds import SEEDS

MUTATIONS = 10_000


def checked(data: bytes) -> UnifiedEvent:
    """Return the event, having looked that a database takes it and gives the same one back."""
    event = parse(data, own_addresses=("office@school.example",)).event
    stored = json.dumps(event.as_json(), ensure_ascii=False)
    stored.encode()  # raises for half characters
    assert "\\u0000" not in stored, data
    assert UnifiedEvent.from_json(json.loads(stored)) == event, data
    return event


@pytest.mark.parametrize("share", range(4))
def test_any_bytes_give_an_event_that_a_database_takes(share: int) -> None:
    random = Random(share)

    for number in range(MUTATIONS // 4):
        event = checked(mutated(SEEDS[number % len(SEEDS)], random))

        assert event.message_id.startswith("<")
        assert len(event.message_id) <= 998


def test_bytes_without_any_order_give_an_event_too() -> None:
    random = Random(5)

    for size in range(300):
        checked(random.randbytes(size))


def test_damaged_messages_can_be_read_as_messages_and_their_files_be_opened() -> None:
    random = Random(6)

    for number in range(500):
        data = mutated(SEEDS[number % len(SEEDS)], random)
        parsed = parse(data)

        for each in parsed.message.walk():
            each.get_payload(decode=not each.is_multipart())
        for attachment in parsed.event.attachments:
            assert len(part_bytes(data, attachment.index)) == attachment.size


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_bytes_give_the_same_event(seed: bytes) -> None:
    assert parse(seed) == parse(bytes(bytearray(seed)))
