"""A Redis with a replica and Sentinels, all real processes on loopback: what dies is replaced, as in production."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from edupulse.embedded import redis_server
from edupulse.embedded.ports import free_port

NAME, PASSWORD = "edupulse", "a-password-of-the-proof"
DOWN_AFTER_MS = 1_000  # a master that says nothing for this is taken for dead
WATCHERS, QUORUM = 3, 2


class Watched:
    """Two Redis servers, of which one is the master, and three Sentinels that name it."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="edu-sentinel-"))
        self.password = password
        self.ports = [free_port("127.0.0.1") for _ in range(2 + WATCHERS)]
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports[2:])
        return f"redis+sentinel://:{self.password}@{hosts}/{NAME}"

    def __enter__(self) -> Watched:
        try:
            self.start_server(self.ports[0])
            self.start_server(self.ports[1], replica_of=self.ports[0])
            _until(
                lambda: self._server(self.ports[0]).info("replication")["connected_slaves"] == 1,
                "the replica",
            )
            for port in self.ports[2:]:
                self._start_sentinel(port)
            _until(self._all_know_all, "the Sentinels to know each other")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def master_port(self) -> int:
        """Ask the Sentinels; two of three must agree before the answer changes."""
        answer = self._sentinel(self.ports[2]).sentinel_get_master_addr_by_name(NAME)
        return int(answer[1])

    def kill_master(self) -> int:
        """SIGKILL the master; return its port."""
        port = self.master_port()
        process = self.processes.pop(port)
        process.send_signal(signal.SIGKILL)
        process.wait()
        return port

    def wait_for_another_master(self, than: int) -> float:
        """Return how many seconds the failover took."""
        return _until(lambda: self.master_port() != than and self._takes_writes(), "a failover")

    def start_server(self, port: int, replica_of: int | None = None) -> None:
        folder = self.folder / str(port)
        folder.mkdir(exist_ok=True)
        options = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(folder),
            "appendonly": "yes",
            "save": "",
        }
        options |= {
            "requirepass": self.password,
            "masterauth": self.password,
            "repl-diskless-sync-delay": "0",
        }
        flags = [part for name, value in options.items() for part in (f"--{name}", value)]
        if replica_of is not None:
            flags += ["--replicaof", "127.0.0.1", str(replica_of)]
        self._start(port, flags)
        _until(lambda: self._server(port).ping(), "redis-server")

    def _start_sentinel(self, port: int) -> None:
        config = self.folder / f"sentinel-{port}.conf"
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"dir {self.folder}",
            f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} {QUORUM}",
            f"sentinel auth-pass {NAME} {self.password}",
            f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}",
            f"sentinel failover-timeout {NAME} 5000",
        ]
        config.write_text("\n".join(lines) + "\n")
        self._start(port, [str(config), "--sentinel"])
        _until(lambda: self._sentinel(port).ping(), "redis-sentinel")

    def _start(self, port: int, arguments: list[str]) -> None:
        with (self.folder / f"{port}.log").open("ab") as log:
            command = [str(redis_server.find_server()), *arguments]
            self.processes[port] = subprocess.Popen(command, stdout=log, stderr=log)

    def _all_know_all(self) -> bool:
        states = [self._sentinel(port).sentinel_master(NAME) for port in self.ports[2:]]
        return all(s["num-other-sentinels"] == WATCHERS - 1 and s["num-slaves"] == 1 for s in states)

    def _takes_writes(self) -> bool:
        role: str = self._server(self.master_port()).info("replication")["role"]
        return role == "master"

    def _server(self, port: int) -> Redis:
        return Redis(port=port, password=self.password, socket_timeout=2)

    def _sentinel(self, port: int) -> Redis:
        return Redis(port=port, socket_timeout=2)


def _until(holds: Callable[[], object], what: str) -> float:
    """Wait until `holds`; return how many seconds it took."""
    begun = time.monotonic()
    while time.monotonic() - begun < 60:
        try:
            if holds():
                return time.monotonic() - begun
        except RedisError:
            pass  # not up yet
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")
