"""Names that the application knows and a shell can complete: jobs, queues, schedules, pools."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem
from flask.cli import ScriptInfo

from edupulse.cli.failures import EXPECTED
from edupulse.clock import now
from edupulse.control import pools, schedule
from edupulse.control.catalog import QUEUES, current_catalog

QUEUE = click.Choice(QUEUES)


class Known(click.ParamType[str]):
    """A name; whether it is one is for the domain to say, this only lists those there are."""

    def __init__(self, name: str, names: Callable[[], Iterable[tuple[str, str]]]) -> None:
        self.name = name
        self._names = names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        try:
            with ctx.ensure_object(ScriptInfo).load_app().app_context():
                known = list(self._names())
        except EXPECTED:
            return []  # a shell that completes has no place for a sentence; the command itself will say it
        return [CompletionItem(name, help=help) for name, help in known if name.startswith(incomplete)]


def _jobs() -> list[tuple[str, str]]:
    return [(spec.name, spec.summary) for spec in current_catalog().specs.values()]


def _schedules() -> list[tuple[str, str]]:
    return [(each.schedule.name, each.words) for each in schedule.listing(now(), 0)]


def _pools() -> list[tuple[str, str]]:
    return [(each.name, each.words) for each in pools.pools(now())]


JOB = Known("job", _jobs)
SCHEDULE = Known("schedule", _schedules)
POOL = Known("pool", _pools)
