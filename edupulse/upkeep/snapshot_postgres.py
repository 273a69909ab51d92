"""A PostgreSQL database is dumped as it is at one moment, its rows counted in the same snapshot, and a dump is read.

The snapshot is exported by a transaction that stays open meanwhile (PostgreSQL manual, "Snapshot Synchronization
Functions"), so that pg_dump and the counts see the same rows whatever is written beside them.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, text

from edupulse.errors import Unavailable
from edupulse.upkeep import postgres_tools
from edupulse.upkeep.damage import damaged

MEMBER = "database.dump"


def dump(engine: Engine, target: Path) -> dict[str, int]:
    """Write what our schema holds at one moment to `target`; return how many rows each table has in it.

    Raises Unavailable when pg_dump is missing, older than the server, or fails.
    """
    require_tools(engine)
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        for setting in ("idle_in_transaction_session_timeout", "statement_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = 0"))
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        counted = rows(connection, schema)
        words = [
            "pg_dump",
            "--format=custom",
            "--compress=0",
            "--no-owner",
            "--no-privileges",
            "--no-password",
        ]
        words += [f"--schema={_pattern(schema)}", f"--snapshot={snapshot}", f"--file={target}"]
        postgres_tools.run(words, engine.url)
        connection.rollback()
    return counted


def require_tools(engine: Engine) -> None:
    """Raise Unavailable unless the programs are here and not older than the server."""
    with engine.connect() as connection:
        server = connection.execute(text("SHOW server_version_num")).scalar_one()
    for program in ("pg_dump", "pg_restore", "psql"):
        if (found := postgres_tools.version(program)) < int(server) // 10_000:
            message = f"{program} {found} is older than the server ({int(server) // 10_000})."
            raise Unavailable(message, cure=postgres_tools.INSTALL)


def rows(connection: Connection, schema: str) -> dict[str, int]:
    """Return how many rows each table of `schema` has."""
    named = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename")
    names = connection.execute(named, {"schema": schema}).scalars().all()
    count = 'SELECT count(*) FROM "{}"."{}"'
    return {name: connection.execute(text(count.format(schema, name))).scalar_one() for name in names}


def require_sound(dumped: Path, expected: dict[str, int]) -> None:
    """Read the whole of a dump; raise Invalid unless pg_restore can, and it has data for the `expected` tables."""
    try:
        postgres_tools.run(["pg_restore", "--list", str(dumped)])
        postgres_tools.run(["pg_restore", "--no-owner", "--file=/dev/null", str(dumped)])
    except Unavailable as error:
        if "is not installed" in error.message:
            raise
        raise damaged(f"its database cannot be read ({error.message})") from None
    if not expected:
        raise damaged("its manifest names no table")


def _pattern(schema: str) -> str:
    return '"' + schema.replace('"', '""') + '"'
