"""A message carries a signature over all that decides what runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from redis import Redis
from rq.job import Job
from rq.serializers import JSONSerializer

from edupulse.control.enqueue import enqueue
from edupulse.control.signature import META_KEY, is_signed, sign, signature
from edupulse.secret import Secret


@pytest.fixture
def job(sqlite_app: Flask, redis: Redis) -> Job:
    return Job.fetch(enqueue("diagnostics.ping", note="x").id, connection=redis, serializer=JSONSerializer)


def test_what_we_push_is_signed(job: Job) -> None:
    assert is_signed(job)


def test_what_rq_saves_again_is_still_signed(job: Job, redis: Redis) -> None:
    job.save()

    assert is_signed(Job.fetch(job.id, connection=redis, serializer=JSONSerializer))


@pytest.mark.parametrize(
    "change",
    [
        lambda job: setattr(job, "_id", "another"),
        lambda job: setattr(job, "data", b'["jobs.diagnostics.ping", null, [], {"note": "y"}]'),
        lambda job: setattr(job, "data", b'["os.system", null, [], {"note": "x"}]'),
        lambda job: setattr(job, "_success_callback_name", "os.getpid"),
        lambda job: setattr(job, "_failure_callback_name", "os.getpid"),
        lambda job: setattr(job, "_stopped_callback_name", "os.getpid"),
        lambda job: job.meta.pop(META_KEY),
        lambda job: job.meta.update({META_KEY: None}),
    ],
    ids=["id", "arguments", "function", "success", "failure", "stopped", "nothing", "null"],
)
def test_whatever_is_changed_breaks_it(job: Job, change: Callable[[Job], object]) -> None:
    change(job)

    assert not is_signed(job)


def test_a_callback_does_not_pass_as_another_one(job: Job) -> None:
    job._success_callback_name = "jobs.diagnostics.ping"
    sign(job)
    job._success_callback_name, job._failure_callback_name = None, "jobs.diagnostics.ping"

    assert not is_signed(job)


def test_another_secret_makes_another_signature(job: Job, change_settings: Callable[..., None]) -> None:
    change_settings(secret_key=Secret("quite-another-secret-key-of-a-test"))

    assert not is_signed(job)


def test_no_part_can_pose_as_its_neighbour() -> None:
    assert signature(b"key", "ab", b"c") != signature(b"key", "a", b"bc")


def test_a_signature_has_128_bits() -> None:
    assert len(signature(b"key", "run", b"data")) == 32
