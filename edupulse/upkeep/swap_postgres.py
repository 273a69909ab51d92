"""A dump becomes our schema, and what was our schema is renamed, in one transaction: all of it happens or nothing.

pg_restore writes SQL, psql carries it out. The COMMIT is sent only after pg_restore has ended well and after the rows
were counted, so that a program, a machine or a line that dies at any moment leaves everything as it was.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import Engine, text

from edupulse.errors import Conflict
from edupulse.upkeep import postgres_tools, snapshot_postgres

LONGEST_NAME = 63  # bytes of a name in PostgreSQL


def swap(
    dumped: Path,
    engine: Engine,
    schema: str,
    rows: Mapping[str, int],
    moment: datetime,
    besides: Sequence[str] = (),
) -> str | None:
    """Make what `dumped` holds our schema; return the name that the former one has now, None where there was none.

    The statements `besides` are part of it.
    Raises Unavailable when a program fails, Conflict where the role may not rename the schema.
    """
    snapshot_postgres.require_tools(engine)
    aside = _aside(engine, schema, moment)
    try:
        _carry_out(dumped, engine, _beginning(schema, aside), schema, _ending(schema, rows, besides))
    except BaseException as error:
        if "must be owner of schema" in str(error) or "permission denied for database" in str(error):
            raise _not_ours(engine, schema) from error
        raise
    return aside


def put_back(engine: Engine, schema: str, aside: str) -> None:
    """Undo a swap, in one transaction."""
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {quoted(schema)} CASCADE"))
        connection.execute(text(f"ALTER SCHEMA {quoted(aside)} RENAME TO {quoted(schema)}"))


def _aside(engine: Engine, schema: str, moment: datetime) -> str | None:
    """Return a name that is free; None where there is no such schema."""
    wanted = f"{schema}_before_{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}".lower()[-LONGEST_NAME:]
    with engine.connect() as connection:
        there_are = set(connection.execute(text("SELECT nspname FROM pg_namespace")).scalars())
    name, number = wanted, 2
    while name in there_are:
        name, number = f"{wanted}_{number}", number + 1
    return name if schema in there_are else None


def _beginning(schema: str, aside: str | None) -> str:
    renamed = f"ALTER SCHEMA {quoted(schema)} RENAME TO {quoted(aside)};\n" if aside else ""
    return f"BEGIN;\n{renamed}CREATE SCHEMA {quoted(schema)};\n"


def _ending(schema: str, rows: Mapping[str, int], besides: Sequence[str]) -> str:
    """Return what fails unless each table has its rows, does what is `besides`, and then commits."""
    looks = [
        f"SELECT {_text(name)}, {int(count)}, (SELECT count(*) FROM {quoted(schema)}.{quoted(name)})"  # noqa: S608
        for name, count in rows.items()
    ]
    counts = f"({' UNION ALL '.join(looks)}) AS counted(name, wanted, present)"
    found = f"SELECT string_agg(name, ', ') FROM {counts} WHERE wanted <> present"  # noqa: S608 - names of the manifest
    refusal = "RAISE EXCEPTION 'rows are missing in %', wrong"
    body = f"wrong := ({found}); IF wrong IS NOT NULL THEN {refusal}; END IF;"
    check = f"DO $check$ DECLARE wrong text; BEGIN {body} END $check$"
    return "".join(f"{each};\n" for each in (check, *besides, "COMMIT"))


def _carry_out(dumped: Path, engine: Engine, beginning: str, schema: str, ending: str) -> None:
    restoring = ["pg_restore", "--no-owner", "--no-privileges", f"--schema={schema}", "--file=-", str(dumped)]
    doing = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-"]
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as answered:
        source = postgres_tools.reading(restoring, said)
        target = postgres_tools.writing(doing, engine.url, answered)
        try:
            whole = _copy(source, target, beginning)
            if source.wait() != 0 and whole:
                raise postgres_tools.failed("pg_restore", _said(said))
            if whole:
                _send(target, ending)
            target.communicate()
            if target.returncode != 0:
                raise postgres_tools.failed("psql", _said(answered))
        finally:
            for process in (source, target):
                _end(process)


def _copy(source: subprocess.Popen[bytes], target: subprocess.Popen[bytes], beginning: str) -> bool:
    """Give the SQL of one program to the other; False where that one has stopped listening."""
    assert source.stdout is not None and target.stdin is not None  # noqa: S101, PT018 - narrows the types
    try:
        target.stdin.write(beginning.encode())
        shutil.copyfileobj(source.stdout, target.stdin, 1 << 18)
        target.stdin.flush()
    except BrokenPipeError:
        source.kill()
        return False
    return True


def _send(target: subprocess.Popen[bytes], ending: str) -> None:
    assert target.stdin is not None  # noqa: S101 - narrows the type
    try:
        target.stdin.write(ending.encode())
        target.stdin.flush()
    except BrokenPipeError:
        return  # it has failed, and says why


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()


def _said(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _not_ours(engine: Engine, schema: str) -> Conflict:
    role, database = engine.url.username, engine.url.database
    return Conflict(
        f"The role {role} may not rename the schema {schema}, so what is there cannot be put aside.",
        cure=f"Nothing was changed. As an administrator of PostgreSQL: ALTER DATABASE {database} OWNER TO {role}; "
        f"ALTER SCHEMA {schema} OWNER TO {role};",
    )


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
