"""Workers from outside: which are wanted, on which queues and how many; their keepers bring it about within seconds."""

from edupulse.control.pools.definition import add, change, remove
from edupulse.control.pools.facts import PoolFacts, pool, pools
from edupulse.control.pools.orders import (
    Started,
    restart,
    restart_all,
    start,
    start_all,
    stop,
    stop_all,
    when_started,
)
from edupulse.control.pools.rows import MAIN

__all__ = [
    "MAIN",
    "PoolFacts",
    "Started",
    "add",
    "change",
    "pool",
    "pools",
    "remove",
    "restart",
    "restart_all",
    "start",
    "start_all",
    "stop",
    "stop_all",
    "when_started",
]
