"""A backup that is not what was written is refused before anything is touched, in plain words with a cure."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import fakeredis
import pytest

from edupulse.errors import Denied, EduPulseError, Invalid
from edupulse.secret import Secret
from edupulse.upkeep import archive
from edupulse.upkeep.archive import END, MANIFEST, REDIS, STORAGE
from edupulse.upkeep.encryption import PIECE, TAG_BYTES, new_key
from edupulse.upkeep.restore import restore
from edupulse.upkeep.verify import verify
from tests.upkeep.house import House, files, furnished, keys, rows

KEYS = {"plain": Secret(""), "encrypted": Secret(new_key())}
HEADER = 48  # bytes before the first piece of an encrypted file
CONTENT = random.Random(7).randbytes(PIECE + 3000)
LONG = random.Random(7).randbytes(3 * PIECE)
Change = Callable[[dict[str, bytes]], dict[str, bytes]]


@pytest.fixture(params=list(KEYS))
def key(request: pytest.FixtureRequest) -> Secret:
    return KEYS[request.param]


@pytest.fixture
def file(tmp_path: Path, key: Secret) -> Path:
    """A small backup of two members."""
    with archive.written(tmp_path / "file", key) as writer:
        writer.facts(MANIFEST, {"format": 1})
        writer.file("content", BytesIO(CONTENT), len(CONTENT))
    return tmp_path / "file"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with furnished(tmp_path / "house", fakeredis.FakeRedis()) as made:
        yield made


def test_what_is_whole_is_read_as_it_was_written(file: Path, key: Secret) -> None:
    assert read(file, key)[1] == CONTENT
    assert file.stat().st_mode & 0o777 == 0o600


def test_one_flipped_bit_anywhere_is_seen(file: Path, key: Secret) -> None:
    whole, chance = file.read_bytes(), random.Random(11)
    ends = [*range(60), *range(len(whole) - 80, len(whole))]
    places = [*ends, *(chance.randrange(len(whole)) for _ in range(30))]

    unseen = [at for at in places if opens(file, flipped(whole, at, chance.randrange(8)), key)]

    assert unseen == []


def test_a_file_that_ends_early_or_goes_on_is_seen(file: Path, key: Secret) -> None:
    whole = file.read_bytes()
    cuts = [0, 1, 9, 47, 48, PIECE, HEADER + PIECE + TAG_BYTES, len(whole) - 60, len(whole) - 1]

    assert [cut for cut in cuts if opens(file, whole[:cut], key)] == []
    assert not opens(file, whole + b"\0", key)


def test_pieces_that_are_exchanged_repeated_or_left_out_are_seen(tmp_path: Path) -> None:
    key = KEYS["encrypted"]
    with archive.written(tmp_path / "file", key) as writer:
        writer.file("content", BytesIO(LONG), len(LONG))
    whole, size = (tmp_path / "file").read_bytes(), PIECE + TAG_BYTES
    header, first, second, rest = (
        whole[:HEADER],
        whole[HEADER:][:size],
        whole[HEADER + size :][:size],
        whole[HEADER + 2 * size :],
    )

    for changed in (
        second + first + rest,
        first + first + second + rest,
        second + rest,
        first + rest,
        first + second,
    ):
        assert not opens(tmp_path / "file", header + changed, key)


def test_another_key_and_no_key_are_named_with_the_key_that_is_needed(tmp_path: Path) -> None:
    with archive.written(tmp_path / "file", KEYS["encrypted"]) as writer:
        writer.facts(MANIFEST, {})

    with pytest.raises(Denied, match=r"encrypted with the key [0-9a-f]{8}; BACKUP_KEY is the key") as another:
        read(tmp_path / "file", Secret(new_key()))
    with pytest.raises(Denied, match="BACKUP_KEY is not set"):
        read(tmp_path / "file", Secret(""))
    assert "nothing was touched" in another.value.cure


def leave_out(name: str) -> Change:
    return lambda members: {each: data for each, data in members.items() if each != name}


def replace(name: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda members: {each: change(data) if each == name else data for each, data in members.items()}


def add(name: str) -> Change:
    return lambda members: {**members, name: b"more"}


def rename_first_file(members: dict[str, bytes]) -> dict[str, bytes]:
    first = next(name for name in members if name.startswith("storage/"))
    return {(first[:-1] + "x" if name == first else name): data for name, data in members.items()}


def exchange_files(members: dict[str, bytes]) -> dict[str, bytes]:
    first, second = (name for name in members if name.startswith("storage/"))
    return {**members, first: members[second], second: members[first]}


def lose_first_file(members: dict[str, bytes]) -> dict[str, bytes]:
    return leave_out(next(name for name in members if name.startswith("storage/")))(members)


def manifest(**changed: object) -> Change:
    return replace(MANIFEST, lambda data: json.dumps({**json.loads(data), **changed}).encode())


def without_a_row(data: bytes) -> bytes:
    facts = json.loads(data)
    facts["rows"]["user"] += 1
    return json.dumps(facts).encode()


DAMAGES: dict[str, tuple[Change, str]] = {
    "no manifest": (leave_out(MANIFEST), "manifest.json is not where it should be"),
    "no database": (leave_out("database.sqlite"), "database.sqlite is not where it should be"),
    "no list": (leave_out(STORAGE), "storage.jsonl is not where it should be"),
    "no end": (leave_out(END), "its end is missing"),
    "another database": (
        replace("database.sqlite", lambda data: data[:-1] + b"x"),
        "not the one that its manifest names",
    ),
    "other keys": (replace(REDIS, lambda data: data + b"\n"), "not the one that its manifest names"),
    "a file exchanged": (exchange_files, "is another one"),
    "a file renamed": (rename_first_file, "a file in it that its list does not name"),
    "a file lost": (lose_first_file, "1 files of its list are not in it"),
    "one more": (add("more"), "more in it than there should be"),
    "a row less": (replace(MANIFEST, without_a_row), "user has 0 rows in it, and should have 1"),
    "no manifest at all": (replace(MANIFEST, lambda data: b"[]"), "its manifest is none"),
    "an empty manifest": (replace(MANIFEST, lambda data: b'{"format": 1}'), "does not say what is in it"),
    "a newer format": (manifest(format=2, release="9.0"), "made by a newer version of EduPulse (9.0)"),
}


def test_what_is_missing_exchanged_or_newer_is_refused_before_anything_is_touched(house: House) -> None:
    whole = contents(house.back_up())
    with house.app() as app:
        before = rows(app), files(house), keys(house.redis)
        found = {}
        for name, (change, _) in DAMAGES.items():
            with pytest.raises(EduPulseError) as refusal:
                restore(packed(house.folder / "damaged", change(whole)), actor="test")
            found[name] = refusal.value

        assert (rows(app), files(house), keys(house.redis)) == before

    said = {
        name: (words in found[name].message, bool(found[name].cure)) for name, (_, words) in DAMAGES.items()
    }
    assert {name: found[name].message for name, fine in said.items() if fine != (True, True)} == {}
    assert list(house.folder.glob("*.before-*")) == []
    assert list(house.folder.glob("*.work")) == []


def test_a_database_that_is_damaged_inside_is_no_backup(house: House) -> None:
    whole = contents(house.back_up())
    broken = bytearray(whole["database.sqlite"])
    broken[4096 * 3 : 4096 * 9] = bytes(4096 * 6)

    with house.app(), pytest.raises(Invalid, match="its database"):
        verify(packed(house.folder / "damaged", with_database(whole, bytes(broken))), house.folder)


def with_database(members: dict[str, bytes], database: bytes) -> dict[str, bytes]:
    """Exchange the database for one that the manifest names: as if the copy itself were bad."""
    from hashlib import sha256

    facts = json.loads(members[MANIFEST])
    facts["members"]["database.sqlite"] = {"sha256": sha256(database).hexdigest(), "bytes": len(database)}
    return {**members, MANIFEST: json.dumps(facts).encode(), "database.sqlite": database}


def contents(path: Path) -> dict[str, bytes]:
    return {member.name: b"".join(member.pieces()) for member in archive.members(path, Secret(""))}


def packed(path: Path, members: dict[str, bytes]) -> Path:
    path.unlink(missing_ok=True)
    with archive.written(path, Secret("")) as writer:
        for name, data in members.items():
            writer.file(name, BytesIO(data), len(data))
    return path


def read(path: Path, key: Secret) -> list[bytes]:
    return [b"".join(member.pieces()) for member in archive.members(path, key)]


def opens(path: Path, data: bytes, key: Secret) -> bool:
    path.write_bytes(data)
    try:
        read(path, key)
    except EduPulseError as refusal:
        return not refusal.cure
    return True


def flipped(data: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1 << bit
    return bytes(changed)
