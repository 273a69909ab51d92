"""The peers of the mail line: Celery with smtplib, smtplib alone, and smtp-source; each returns mails a second."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from benchmarks import postfix
from benchmarks.engines.environment import PROJECT, peers_python
from benchmarks.engines.place import Place

WARM_UP = 200  # mails before a measurement: every process has opened what it needs
MAIL_BYTES = 4096  # of what smtp-source sends
SESSIONS = (2, 4, 10)
END_SECONDS = 15.0
_WORKER = (
    "celery",
    "-A",
    "benchmarks.peers.celery_mail",
    "worker",
    "--pool",
    "prefork",
    "--concurrency",
    "2",
)
_QUIET = ("--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass(frozen=True)
class Peers:
    """All of them, sending to the same sink."""

    place: Place
    tools: postfix.Tools
    smtp_port: int

    def celery(self, mails: int) -> float:
        """Tasks of 20, prefork 2: from handing over until every status is recorded."""
        with self._celery_at_work():
            self._python("benchmarks.peers.celery_mail", str(WARM_UP))
            return mails / float(self._python("benchmarks.peers.celery_mail", str(mails)))

    def loop(self, mails: int, kind: str, port: int = 0) -> float:
        """One process, one connection; `kind` is `composing` or `ready`, for mails made before."""
        words = ("benchmarks.peers.smtp_loop", str(port or self.smtp_port), str(mails), kind)
        return mails / float(self._python(*words))

    def source(self, mails: int, *, reused: bool) -> float:
        """The best of several numbers of sessions at once; not `reused`: a new connection for each mail."""
        seconds = (
            postfix.source_seconds(
                self.tools, self.smtp_port, mails=mails, size=MAIL_BYTES, sessions=sessions, reused=reused
            )
            for sessions in SESSIONS
        )
        return mails / min(seconds)

    @contextmanager
    def _celery_at_work(self) -> Iterator[None]:
        with (self.place.folder / "celery.log").open("ab") as log:
            process = subprocess.Popen(
                [str(peers_python()), "-m", *_WORKER, *_QUIET],
                cwd=PROJECT,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        try:
            yield
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_SECONDS)
            process.kill()
            process.wait()

    def _python(self, *words: str) -> str:
        command = [str(peers_python()), "-m", *words]
        done = subprocess.run(
            command, cwd=PROJECT, env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}\n{done.stderr[-3000:]}")
        return done.stdout.strip()

    def _environment(self) -> dict[str, str]:
        given = {
            "BENCH_REDIS_SOCKET": str(self.place.socket),
            "BENCH_FOLDER": str(self.place.folder),
            "BENCH_SMTP_PORT": str(self.smtp_port),
            "PYTHONWARNINGS": "ignore",
        }
        return {**os.environ, **given}
