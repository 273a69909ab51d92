"""A process is forked from one that has the application in its memory, and shares nothing else with it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from flask import Flask

from edupulse.bond import die_with_parent
from edupulse.database import db
from edupulse.logs import get_logger

OURS = (signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM)  # what a parent may have a handler for
# Ctrl-C and the end of a terminal reach the whole group, but our parent tells us in order; and what it tells us by
# SIGUSR1 must not kill us before we listen.
DEAF = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)

log = get_logger(__name__)


class Closable(Protocol):
    def close(self) -> object: ...


def let_go(app: Flask) -> None:
    """Close the connections of this context to the database and to Redis; the next use opens new ones."""
    runtime = app.extensions["edupulse"]
    db.session.remove()
    db.engine.dispose()
    if runtime.redis is not None:
        runtime.redis.close()
        runtime.redis = None


def spawn(app: Flask, main: Callable[[], int], *, foreign: Sequence[Closable] = ()) -> int:
    """Fork a process that does `main` and ends with the code it returns; return its number. Raises OSError.

    It dies with this one, has no connection of ours, closes what is `foreign` to it, and is deaf to Ctrl-C.
    """
    bind_lives = die_with_parent(os.getpid())
    let_go(app)
    sys.stdout.flush()
    sys.stderr.flush()
    gc.freeze()  # else the child's first collection would copy all that it shares with us
    mask = signal.pthread_sigmask(
        signal.SIG_BLOCK, signal.valid_signals()
    )  # no handler of ours may run in the child
    try:
        pid = os.fork()
        if pid == 0:
            _live(app, main, bind_lives, mask, foreign)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    return pid


def _live(
    app: Flask,
    main: Callable[[], int],
    bind_lives: Callable[[], None],
    mask: set[int],
    foreign: Sequence[Closable],
) -> NoReturn:
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in (*OURS, *DEAF):
            signal.signal(number, signal.SIG_IGN if number in DEAF else signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        bind_lives()
        for one in foreign:
            one.close()
        code = main()
        let_go(app)  # a connection that is only dropped leaves an error in the log of PostgreSQL
    except BaseException:  # the last line of this process
        log.exception("process ended by an error")
    finally:
        sys.stderr.flush()
        os._exit(code)  # not through what our parent has registered to do at its own end
