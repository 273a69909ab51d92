"""Which of several schedulers leads: a lease in Redis that only its owner can renew or give back."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from redis import Redis
from redis.exceptions import RedisError

from edupulse.logs import get_logger

LEASE_SECONDS = 10.0  # a dead leader is missed for at most this long
RENEW_SECONDS = 3.0  # three renewals may fail before the lease is over
STUCK_SECONDS = 60.0  # a leader that made no step for this long lets another one try

# Both scripts compare the token first: a lease that lapsed may belong to somebody else by now.
TAKE = """
local owner = redis.call('get', KEYS[1])
if owner == ARGV[1] then redis.call('pexpire', KEYS[1], ARGV[2]) return 1 end
if owner or ARGV[3] == 'renew' then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 2
"""
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"

log = get_logger(__name__)


class Lease:
    """One candidate's hold on `key`; it believes only what Redis has said within the last `seconds`."""

    def __init__(self, redis: Redis, key: str, owner: str, seconds: float = LEASE_SECONDS) -> None:
        self.seconds = seconds
        self._key = key
        self._token = f"{owner}:{secrets.token_hex(16)}"
        self._take, self._release = redis.register_script(TAKE), redis.register_script(RELEASE)
        self._busy = threading.Lock()
        self._held_until = 0.0
        self._last_step = monotonic()

    @property
    def held(self) -> bool:
        """Say whether nobody else can lead now. Time spent stopped (SIGSTOP) counts against us."""
        return monotonic() < self._held_until

    def take(self) -> bool:
        """Take or renew the lease; True when it is newly ours, so that nobody led for a while. Ask `held`."""
        self.step()
        return self._ask("take") == 2

    def renew(self) -> None:
        """Hold on to the lease while it is ours; it is lost when Redis names another owner or none."""
        if self.held and monotonic() - self._last_step < STUCK_SECONDS:
            self._ask("renew")

    def step(self) -> None:
        """Tell the renewing thread that the work goes on."""
        self._last_step = monotonic()

    def release(self) -> None:
        """Give the lease back if it is ours; without Redis it lapses by itself."""
        with self._busy:
            self._held_until = 0.0
            try:
                self._release(keys=[self._key], args=[self._token])
            except RedisError as error:
                log.debug("lease left to lapse", reason=type(error).__name__)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew from a thread while the block runs, so that a long round does not lose the lease."""
        stop = threading.Event()
        thread = threading.Thread(target=self._keep, args=(stop,), name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            self.release()

    def _keep(self, stop: threading.Event) -> None:
        while not stop.wait(RENEW_SECONDS * self.seconds / LEASE_SECONDS):
            try:
                self.renew()
            except RedisError as error:
                log.warning("lease not renewed", reason=type(error).__name__)

    def _ask(self, how: str) -> int:
        with self._busy:
            # Counted from before the question: Redis starts the lease later, so we never outlive it.
            asked = monotonic()
            answer = int(self._take(keys=[self._key], args=[self._token, int(self.seconds * 1000), how]))
            self._held_until = asked + self.seconds if answer else 0.0
            return answer
