"""Whatever a server does at whatever moment: no mail twice, none lost from sight, what we believe is what it has."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from edupulse.mail.envelope import Envelope
from edupulse.mail.outcome import Outcome, Verdict
from edupulse.mail.smtp import connect
from tests.doubles.smtp_double import OFFERS, SmtpDouble
from tests.doubles.smtp_script import (
    Action,
    Rule,
    accept,
    close,
    flush,
    on,
    raw,
    reply,
    reset,
    usual,
    usual_saying,
)
from tests.mail.smtp_client import account_for, mail, message_id

pytestmark = pytest.mark.timeout(60)

MAILS, TRIES = 40, 3
COPIES = {Verdict.SENT: {1}, Verdict.UNKNOWN: {0, 1}}  # that the server may then have; of all others none
TO = "ann@example.org"

REFUSALS = ("450 4.7.1 later", "451 4.3.0 later", "550 5.1.1 unknown", "554 5.6.0 no", "421 4.3.0 closing")
ENVELOPE: list[tuple[Action, ...]] = [
    *((reply(each),) for each in REFUSALS),
    (close,),
    (reset,),
    (reply("what?"),),
    (reply("354 go ahead"),),
    (usual_saying("250 2.0.0 ok\r\n250 2.0.0 ok"),),
    (flush, usual),
    (usual, close),
    (reply("421 4.3.0 closing"), close),
]
# What a server says once the dot is there, with its own idea of whether it has the mail.
AFTER_THE_DOT: list[tuple[Action, ...]] = [
    *((reply(each),) for each in REFUSALS),
    (accept, close),
    (close,),
    (accept, reset),
    (accept, raw("250 2.0"), close),
    (accept, reply("250-2.0.0 yes", "250 2.0.0 yes")),
    (accept, reply("what?")),
    (accept, reply("250 2.0.0 ok", "421 4.7.0 no more"), close),
    (usual, close),
    (flush, usual),
]


def misfortunes(chance: random.Random) -> list[Rule]:
    """Return a rule for about every third mail that the server sees."""
    places = [place for place in range(1, 8 * MAILS) if chance.random() < 0.3]
    steps = {place: chance.choice(("mail", "rcpt", "data", "dot", "dot")) for place in places}
    return [
        on(step, *chance.choice(AFTER_THE_DOT if step == "dot" else ENVELOPE), overall=place)
        for place, step in steps.items()
    ]


def send_to_the_end(double: SmtpDouble, envelopes: list[Envelope]) -> dict[Envelope, list[Outcome]]:
    """Send all over as many connections as it takes; what is surely not sent is tried three times."""
    tries: dict[Envelope, list[Outcome]] = {envelope: [] for envelope in envelopes}
    for _ in range(TRIES):
        left = [each for each, outcomes in tries.items() if all(one.surely_not_sent for one in outcomes)]
        while left:
            with connect(account_for(double, timeout=0.3, accept_timeout=0.3)) as session:
                finished = list(session.send_each(fetched := Fetched(left), lambda _: True))
            assert [envelope for envelope, _ in finished] == fetched.so_far
            for envelope, outcome in finished:
                tries[envelope].append(outcome)
            left = left[len(finished) :]
    return tries


class Fetched:
    """Mails that remember how many of them were fetched."""

    def __init__(self, envelopes: list[Envelope]) -> None:
        self._rest = iter(envelopes)
        self.so_far: list[Envelope] = []

    def __iter__(self) -> Fetched:
        return self

    def __next__(self) -> Envelope:
        self.so_far.append(next(self._rest))
        return self.so_far[-1]


@pytest.mark.parametrize("offers", [OFFERS, OFFERS[1:]], ids=["in_a_row", "one_by_one"])
@pytest.mark.parametrize("seed", range(6))
def test_what_we_believe_is_what_the_server_has(seed: int, offers: tuple[str, ...]) -> None:
    envelopes = [mail(number) for number in range(MAILS)]
    with SmtpDouble(*misfortunes(random.Random(seed)), offers=offers) as double:
        tries = send_to_the_end(double, envelopes)

    verdicts = Counter(outcomes[-1].verdict for outcomes in tries.values())
    for number, outcomes in enumerate(tries.values()):
        assert double.copies(message_id(number), TO) in COPIES.get(outcomes[-1].verdict, {0}), outcomes
    assert verdicts[Verdict.UNKNOWN] <= len(double.connections)
    assert verdicts[Verdict.SENT] > MAILS / 4
