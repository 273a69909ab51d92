"""A database that is missing, locked or damaged, and places where mail cannot be kept or sent."""

from __future__ import annotations

import shutil
import socket
import sqlite3

from tests.doctor.place import Place, Steps, broken
from tests.mailboxes.boxes import a_mailbox


@broken("schema", "problem", cure="python cli.py db upgrade")
def a_database_that_was_never_made(place: Place) -> Steps:
    for path in place.data.glob("edupulse.db*"):
        path.rename(place.folder / path.name)
    finding = yield
    place.follow(finding["cure"])
    assert place.doctor()[1]["schema"]["state"] == "ok"
    _put_back(place)


@broken("schema", "problem", cure="restore a backup")
def a_database_of_a_later_version(place: Place) -> Steps:
    database = place.data / "edupulse.db"
    shutil.copy(database, place.folder)
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    yield
    _put_back(place)


@broken("database_write", "problem", cure="fuser -v")
def a_database_that_another_program_locks(place: Place) -> Steps:
    other = sqlite3.connect(place.data / "edupulse.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()  # as it does when the program that fuser names is ended


@broken("database_sound", "problem", cure="backup restore latest")
def a_damaged_database(place: Place) -> Steps:
    database = place.data / "edupulse.db"
    shutil.copy(database, place.folder)
    with database.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xde\xad" * 4096 * 8)
    yield
    _put_back(place)


@broken("mail_journal", "problem", cure="a folder on a disk of this machine")
def a_journal_that_cannot_be_kept(place: Place) -> Steps:
    shutil.rmtree(place.data / "sending", ignore_errors=True)
    (place.data / "sending").write_text("in the way")
    yield
    (place.data / "sending").unlink()
    (place.data / "sending").mkdir()


@broken("storage", "problem", cure="set STORAGE_URL")
def a_storage_that_cannot_be_written(place: Place) -> Steps:
    (place.folder / "file").write_text("in the way")
    place.set(STORAGE_URL=f"file://{place.folder}/file")
    yield
    place.set(STORAGE_URL=f"file://{place.folder}/storage")


@broken("mail_server", "warning", cure="Set SMTP_SERVER")
def no_mail_server(place: Place) -> Steps:
    right = place.environment["SMTP_SERVER"]
    place.set(SMTP_SERVER="")
    yield
    place.set(SMTP_SERVER=right)


@broken("mail_tcp", "problem", cure="SMTP_PORT")
def a_mail_server_that_is_not_there(place: Place) -> Steps:
    right = place.environment["SMTP_PORT"]
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        place.set(SMTP_PORT=str(nobody.getsockname()[1]))
        yield
    place.set(SMTP_PORT=right)


@broken("mail_signature", "problem", cure="openssl")
def a_signature_without_a_key(place: Place) -> Steps:
    place.set(DKIM_DOMAIN="school.example", DKIM_SELECTOR="mail", DKIM_KEY_FILE=str(place.folder / "none"))
    yield
    place.set(DKIM_DOMAIN="", DKIM_SELECTOR="", DKIM_KEY_FILE="")


@broken("mailbox_keys", "problem", cure="Add the key at the end of ENCRYPTION_KEYS")
def a_lost_encryption_key(place: Place) -> Steps:
    with place.app():
        a_mailbox(enabled=False)
    old = (place.data / "encryption_key").read_text()
    _, new = place.type_in("mailboxes", "key")
    place.set(ENCRYPTION_KEYS=new.strip())
    yield
    place.set(ENCRYPTION_KEYS=f"{new.strip()},{old}")
    place.follow(place.doctor()[1]["mailbox_keys"]["cure"])  # and then all are sealed with the new one


def _put_back(place: Place) -> None:
    for path in place.data.glob("edupulse.db-*"):
        path.unlink()
    for path in place.folder.glob("edupulse.db*"):
        path.rename(place.data / path.name)


SETUPS = (
    a_database_that_was_never_made,
    a_database_of_a_later_version,
    a_database_that_another_program_locks,
    a_damaged_database,
    a_journal_that_cannot_be_kept,
    a_storage_that_cannot_be_written,
    no_mail_server,
    a_mail_server_that_is_not_there,
    a_signature_without_a_key,
    a_lost_encryption_key,
)
