"""Signatures that another implementation verifies, and that any change of a signed line breaks."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from edupulse.errors import Invalid
from edupulse.mail import dkim
from edupulse.mail.press import Press
from tests.mail.test_compose import Said, To, build
from tests.mail.test_press import HEAD, STRAIGHT, Person

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SIGNER = dkim.Signer("school.example", "mail2026", KEY)


def is_valid(data: bytes) -> bool:
    """Ask dkimpy, which finds our key in place of the DNS."""
    public = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    record = "v=DKIM1; k=rsa; p=" + "".join(public.splitlines()[1:-1])
    asked = {b"mail2026._domainkey.school.example.": record.encode()}
    return bool(dkimpy.verify(data, dnsfunc=lambda name, timeout=5: asked.get(name)))


def stored(folder: Path, key: Any = KEY, *, password: bytes | None = None) -> str:
    """Keep a key in a file and return its path."""
    how = BestAvailableEncryption(password) if password else NoEncryption()
    path = folder / "dkim.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    return str(path)


def wished(**values: Any) -> Any:
    """Return settings with a wish for signatures."""
    usual = {"dkim_domain": "school.example", "dkim_selector": "mail2026", "dkim_key_file": ""}
    return SimpleNamespace(**{**usual, "default_from_email": "Art School <office@school.example>", **values})


def test_a_signed_mail_is_verified_by_another_implementation() -> None:
    data = SIGNER.sign(build(To(recipient_name="张伟", subject="钢琴课" * 30)))

    assert is_valid(data)
    assert max(map(len, data.split(b"\r\n"))) <= 998
    assert data.startswith(
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=school.example;\r\n s=mail2026;"
    )


BLANKS = st.text(alphabet=st.sampled_from("a .\t\r\n=é"), max_size=120)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(BLANKS, BLANKS.map(lambda text: " ".join(text.split())))
def test_any_body_and_subject_can_be_signed(text: str, subject: str) -> None:
    assert is_valid(SIGNER.sign(build(To(subject=subject), Said(text=text, html=""))))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n",
        b"a",
        b"a\r\n",
        b"a \t b \r\n\t\r\n\r\n",
        b" a\r\n",
        b"a\r\n\r\nb \r\n",
        b" \r\n",
    ],
)
def test_a_body_is_hashed_as_the_standard_says(body: bytes) -> None:
    head = b"From: office@school.example\r\nSubject:  two   blanks \r\n\tand a tab\r\n\r\n"

    assert is_valid(SIGNER.sign(head + body))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: Lesson", b"Subject: Lessons"),
        (b"To: Ann", b"To: Bob"),
        (b"See you", b"See me"),
        (b"From: ", b"From: evil@x.example\r\nFrom: "),
        (b"Subject: ", b"Subject: Win\r\nSubject: "),
    ],
)
def test_a_change_breaks_the_signature(old: bytes, new: bytes) -> None:
    data = SIGNER.sign(build())

    assert old in data
    assert not is_valid(data.replace(old, new, 1))


def test_the_same_mail_gets_the_same_signature() -> None:
    assert SIGNER.sign(build()) == SIGNER.sign(build())


@pytest.fixture
def configured(sqlite_app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the application sign."""
    actual = sqlite_app.extensions["edupulse"].settings
    facts = {name: getattr(actual, name) for name in ("base_url", "secret_key")}
    settings = wished(dkim_key_file=stored(tmp_path), **facts)
    for module in ("dkim", "press"):
        monkeypatch.setattr(f"edupulse.mail.{module}.current_settings", lambda: settings)
    return settings


@pytest.mark.usefixtures("configured")
def test_requirement_15_a_newsletter_is_signed_with_its_way_out() -> None:
    data = Press(STRAIGHT, HEAD).mail(Person())

    assert is_valid(data)
    assert not is_valid(data.replace(b"List-Unsubscribe: <http", b"List-Unsubscribe: <ftp", 1))
    assert not is_valid(data.replace(b"=One-Click", b"=Two-Click", 1))


def test_an_ordinary_mail_is_signed_if_that_is_wished_for(configured: Any) -> None:
    assert is_valid(dkim.sign(build()))

    configured.dkim_domain = configured.dkim_selector = configured.dkim_key_file = ""
    assert dkim.sign(build()) == build()


def test_the_key_is_read_once_until_its_file_changes(tmp_path: Path) -> None:
    settings = wished(dkim_key_file=stored(tmp_path))
    first = dkim.signer_of(settings)

    assert dkim.signer_of(settings) is first
    Path(stored(tmp_path)).touch()
    assert dkim.signer_of(settings) is not first


def test_without_any_setting_nothing_is_signed_and_nothing_is_wrong() -> None:
    settings = wished(dkim_domain="", dkim_selector="")

    assert dkim.signer_of(settings) is None
    assert dkim.problem(settings) is None


def test_a_whole_configuration_has_no_problem(tmp_path: Path) -> None:
    assert dkim.problem(wished(dkim_key_file=stored(tmp_path))) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"dkim_key_file": "/nowhere/dkim.pem"},
            r"DKIM_KEY_FILE \(/nowhere/dkim.pem\) cannot be used: No such file",
        ),
        ({"dkim_key_file": "/"}, "cannot be used"),
        ({}, "DKIM_KEY_FILE is missing"),
        ({"dkim_selector": ""}, "DKIM_SELECTOR and DKIM_KEY_FILE are missing"),
        ({"dkim_domain": "no domain", "dkim_key_file": "x"}, "DKIM_DOMAIN is no domain"),
        ({"dkim_selector": "a;b", "dkim_key_file": "x"}, "DKIM_SELECTOR is no name"),
    ],
)
def test_a_broken_configuration_is_named_in_words(values: dict[str, str], words: str) -> None:
    with pytest.raises(Invalid, match=words) as refusal:
        dkim.signer_of(wished(**values))

    assert refusal.value.cure
    assert str(refusal.value) == dkim.problem(wished(**values))


def test_a_key_that_receivers_would_refuse_is_named_in_words(tmp_path: Path) -> None:
    path = tmp_path / "text.pem"
    path.write_text("no key")

    assert "no private key" in (dkim.problem(wished(dkim_key_file=str(path))) or "")
    elliptic = stored(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    assert "not of the kind RSA" in (dkim.problem(wished(dkim_key_file=elliptic)) or "")
    assert "password" in (dkim.problem(wished(dkim_key_file=stored(tmp_path, password=b"x"))) or "")


def test_a_signature_of_another_domain_than_the_senders_is_a_problem(tmp_path: Path) -> None:
    file = stored(tmp_path)

    assert "DMARC" in (dkim.problem(wished(dkim_key_file=file, default_from_email="a@other.example")) or "")
    assert dkim.problem(wished(dkim_key_file=file, default_from_email="a@news.school.example")) is None


def test_a_way_out_by_mail_is_signed_with_the_link(
    sqlite_app: Flask, configured: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = SimpleNamespace(**{**vars(configured), "bounce_address": "bounces@school.example"})
    for module in ("dkim", "press", "unsubscribe"):
        monkeypatch.setattr(f"edupulse.mail.{module}.current_settings", lambda: wanted)

    data = Press(STRAIGHT, HEAD).mail(Person())

    link, mailto = message_from_bytes(data)["List-Unsubscribe"].replace("\r\n", "").split(", ")
    token = link.rpartition("/")[2][:-1]
    assert link.startswith("<http")
    assert mailto == f"<mailto:bounces@school.example?subject=unsubscribe%20{token}>"
    assert is_valid(data)
    assert not is_valid(data.replace(b"<mailto:bounces", b"<mailto:others", 1))
