"""Settings, files and addresses that are wrong."""

from __future__ import annotations

import os
import re
import resource
import shutil
import socket
import tempfile
import time
from pathlib import Path

from edupulse.embedded.program import rotate
from tests.doctor.place import Place, Steps, broken


@broken("settings", "problem", cure="Correct them in .env")
def a_bad_value(place: Place) -> Steps:
    right = place.environment["SMTP_PORT"]
    place.set(SMTP_PORT="smtp")
    yield
    place.set(SMTP_PORT=right)


@broken("settings", "problem", cure="Set EDUPULSE_DATA_DIR to a folder")
def a_data_folder_that_is_a_file(place: Place) -> Steps:
    right = place.environment["EDUPULSE_DATA_DIR"]
    (place.folder / "file").write_text("I am a file.")
    place.set(EDUPULSE_DATA_DIR=str(place.folder / "file"))
    yield
    place.set(EDUPULSE_DATA_DIR=right)


@broken("env_file", "warning", cure="Correct the names")
def a_misspelt_name(place: Place) -> Steps:
    place.set(SMTP_PASWORD="hunter2")
    finding = yield
    right = re.search(r"did you mean (\w+)", finding["finding"])
    place.set(SMTP_PASWORD="", **{right.group(1) if right else "": "hunter2"})


@broken("env_file", "warning", cure="chmod 600 .env")
def settings_that_everybody_can_read(place: Place) -> Steps:
    (place.folder / ".env").chmod(0o644)
    finding = yield
    place.follow(finding["cure"])


@broken("secret_key", "problem", cure="secrets.token_urlsafe(48)")
def a_secret_key_that_can_be_guessed(place: Place) -> Steps:
    place.set(SECRET_KEY="changeme")
    finding = yield
    maker = re.search(r"python (-c '.*?')", finding["cure"])
    made = place.folder / "made"
    place.follow(f"python3 {maker.group(1) if maker else ''} > {made}")
    place.set(SECRET_KEY=made.read_text().strip())


@broken("secret_key_readers", "problem", cure="chmod 600")
def a_key_that_everybody_can_read(place: Place) -> Steps:
    (place.data / "secret_key").chmod(0o644)
    finding = yield
    place.follow(finding["cure"])


@broken("data_readers", "problem", cure="chmod o-w")
def data_that_everybody_can_change(place: Place) -> Steps:
    place.data.chmod(0o777)
    finding = yield
    place.follow(finding["cure"])


@broken("data_owner", "problem", cure="chown -R")
def files_that_another_user_wrote(place: Place) -> Steps:
    log = place.data / "log"
    log.mkdir(exist_ok=True)
    (log / "web.log").write_text("written by somebody else\n")
    os.chown(log / "web.log", 12345, 12345)
    finding = yield
    place.follow(finding["cure"].replace("sudo ", ""))


@broken("data_disk", "warning", cure="a disk of this machine")
def data_in_memory(place: Place) -> Steps:
    right = place.environment["EDUPULSE_DATA_DIR"]
    folder = Path(tempfile.mkdtemp(dir="/dev/shm"))
    shutil.copytree(right, folder / "data")
    place.set(EDUPULSE_DATA_DIR=str(folder / "data"))
    yield
    shutil.rmtree(folder)
    place.set(EDUPULSE_DATA_DIR=right)


@broken("log_web", "warning", cure="python cli.py restart")
def a_log_without_end(place: Place) -> Steps:
    log = place.data / "log" / "web.log"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    os.truncate(log, 300_000_000)  # a hole: it takes no room
    yield
    rotate(log)  # as each start does


@broken("open_files", "problem", cure="ulimit -n 4096")
def few_open_files(place: Place) -> Steps:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (120, most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


@broken("port", "problem", cure="set EDUPULSE_PORT to another port")
def a_port_that_another_program_has(place: Place) -> Steps:
    with socket.create_server(("127.0.0.1", 0)) as other:
        right = place.environment["EDUPULSE_PORT"]
        place.set(EDUPULSE_PORT=str(other.getsockname()[1]))
        yield
        place.set(EDUPULSE_PORT=right)


@broken("base_url", "warning", cure="https://")
def pages_without_encryption(place: Place) -> Steps:
    place.set(BASE_URL="http://school.example")
    yield
    place.set(BASE_URL="https://school.example")


@broken("base_url", "warning", cure="Set BASE_URL")
def links_that_nobody_else_can_follow(place: Place) -> Steps:
    place.set(SMTP_SERVER="mail.invalid")
    yield
    place.set(SMTP_SERVER="127.0.0.1", BASE_URL="https://school.example")


@broken("web_host", "warning", cure="EDUPULSE_HOST=127.0.0.1")
def a_web_server_that_is_open_to_all(place: Place) -> Steps:
    place.set(EDUPULSE_HOST="0.0.0.0")  # noqa: S104 - the mistake itself
    yield
    place.set(EDUPULSE_HOST="127.0.0.1")


@broken("timezone", "warning", cure="Set TIMEZONE")
def a_forgotten_time_zone(place: Place) -> Steps:
    before = os.environ.get("TZ")
    os.environ["TZ"] = "Asia/Shanghai"
    time.tzset()
    yield
    place.set(TIMEZONE="Asia/Shanghai")
    _ = os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


SETUPS = (
    a_bad_value,
    a_data_folder_that_is_a_file,
    a_misspelt_name,
    settings_that_everybody_can_read,
    a_secret_key_that_can_be_guessed,
    a_key_that_everybody_can_read,
    data_that_everybody_can_change,
    files_that_another_user_wrote,
    data_in_memory,
    a_log_without_end,
    few_open_files,
    a_port_that_another_program_has,
    pages_without_encryption,
    links_that_nobody_else_can_follow,
    a_web_server_that_is_open_to_all,
    a_forgotten_time_zone,
)
