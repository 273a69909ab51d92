"""The double itself: obedient unless told otherwise, honest about what it accepted, usable as a process."""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.doubles.smtp_double import SmtpDouble
from tests.doubles.smtp_script import faster_than, on, reply

pytestmark = pytest.mark.timeout(20)

MAIL = b"Message-ID: <1@school.example>\r\n\r\nHello\r\n"


def test_it_speaks_with_another_client_than_ours() -> None:
    with SmtpDouble() as double, smtplib.SMTP(double.host, double.port) as client:
        client.sendmail("a@x.org", ["b@x.org", "c@x.org"], MAIL)
        arrived = double.wait_for(2)

    assert arrived
    assert [copy.recipient for copy in double.accepted] == ["b@x.org", "c@x.org"]
    assert double.copies("<1@school.example>", "b@x.org") == 1
    assert double.accepted[0].data == MAIL


def test_it_insists_on_the_order_of_commands() -> None:
    with SmtpDouble() as double, smtplib.SMTP(double.host, double.port) as client:
        client.ehlo()
        codes = [client.rcpt("b@x.org")[0], client.mail("a@x.org")[0], client.mail("a@x.org")[0]]

    assert codes == [503, 250, 503]


def test_a_rule_is_taken_as_often_as_it_says() -> None:
    once = SmtpDouble(on("mail", reply("451 not yet"), times=1))
    with once as double, smtplib.SMTP(double.host, double.port) as client:
        client.ehlo()
        codes = [client.mail("a@x.org")[0], client.mail("a@x.org")[0]]

    assert codes == [451, 250]


def test_a_rate_limit_refuses_what_comes_too_fast() -> None:
    limit = on("noop", reply("454 too fast"), when=faster_than(2))
    limited = SmtpDouble(limit, on("noop", reply("250 ok")))
    with limited as double, smtplib.SMTP(double.host, double.port) as client:
        codes = [client.noop()[0] for _ in range(3)]

    assert codes == [250, 250, 454]


def test_a_fault_of_the_double_itself_is_not_hidden() -> None:
    async def broken(_: object) -> None:
        raise ZeroDivisionError("in the script")

    with pytest.raises(ZeroDivisionError), SmtpDouble(on("ehlo", broken)) as double:
        client = smtplib.SMTP(double.host, double.port)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.ehlo()


def test_as_a_process_it_writes_a_line_for_each_copy_before_it_answers(tmp_path: Path) -> None:
    log = tmp_path / "copies.jsonl"
    command = [
        sys.executable,
        "-m",
        "tests.doubles.smtp_double",
        "--port",
        "0",
        "--log",
        str(log),
        "--delay-ms",
        "20",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        where = json.loads(process.stdout.readline())
        with smtplib.SMTP(where["host"], where["port"]) as client:
            client.sendmail("a@x.org", "b@x.org", MAIL)
            lines = [json.loads(line) for line in log.read_text().splitlines()]
        process.terminate()
        process.wait(5)

    assert [(line["message_id"], line["rcpt"]) for line in lines] == [("<1@school.example>", "b@x.org")]
    assert lines[0]["time"] > 0
    assert process.returncode == 0
