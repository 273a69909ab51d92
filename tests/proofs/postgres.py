"""A PostgreSQL of a proof's own: in a folder, on a port of loopback, by TLS only, and it may be crashed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from edupulse.embedded.ports import free_port
from tests.proofs.stack import wait_for
from tests.servers import missing

FOLDERS = ("/usr/lib/postgresql", "/usr/local/pgsql")
ADMIN = "postgres"  # the system's user too: the server refuses to run as root
PASSWORD = "a-password-of-the-proof"


class OwnPostgres:
    """Started empty, with a certificate that it signed itself; removed at the end."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edu-postgres-"))
        self.port = free_port("127.0.0.1")
        self._data = self.folder / "data"

    @property
    def url(self) -> str:
        return f"postgresql://{ADMIN}:{PASSWORD}@127.0.0.1:{self.port}/postgres?sslmode=require"

    def __enter__(self) -> OwnPostgres:
        try:
            self._prepare()
            self.start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop(crash=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        log = str(self.folder / "server.log")
        self._run("pg_ctl", "-D", str(self._data), "-l", log, "-o", self._options(), "-w", "start")
        wait_for(self._answers, "PostgreSQL")

    def stop(self, *, crash: bool = False) -> None:
        """End the server: at once and without tidying up, or after throwing everybody out."""
        self._run(
            "pg_ctl", "-D", str(self._data), "-m", "immediate" if crash else "fast", "-w", "stop", check=False
        )

    def connections(self) -> int:
        """Return how many programs are connected, apart from who asks."""
        with psycopg.connect(self.url) as connection:
            asked = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            found = connection.execute(asked).fetchone()
        return int(found[0]) - 1 if found else 0

    def unencrypted(self) -> int:
        """Return how many connections are not encrypted."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(
                "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                "WHERE NOT ssl AND backend_type = 'client backend'"
            ).fetchone()
        return int(found[0]) if found else 0

    def log(self) -> str:
        """Return what the server has said."""
        return (self.folder / "server.log").read_text()

    def _prepare(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            user = pwd.getpwnam(ADMIN)
            for path in (self.folder, secret):
                os.chown(path, user.pw_uid, user.pw_gid)
        self._run(
            "initdb", "-D", str(self._data), "-U", ADMIN, "-A", "scram-sha-256", "--pwfile", str(secret)
        )
        self._certify()
        (self._data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")

    def _certify(self) -> None:
        key, certificate = self._data / "server.key", self._data / "server.crt"
        request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
        self._run("openssl", *request, "-keyout", str(key), "-out", str(certificate))
        self._run("chmod", "600", str(key))

    def _options(self) -> str:
        return (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c ssl=on"
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [_find(program), *arguments]
        if os.getuid() == 0:
            command = ["setpriv", f"--reuid={ADMIN}", f"--regid={ADMIN}", "--clear-groups", *command]
        subprocess.run(
            command,
            check=check,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


def _find(program: str) -> str:
    places = [str(path) for folder in FOLDERS for path in sorted(Path(folder).glob("*/bin"), reverse=True)]
    found = shutil.which(program) or shutil.which(program, path=os.pathsep.join(places))
    if found is None:
        missing(f"PostgreSQL's {program}")
        raise AssertionError
    return found
