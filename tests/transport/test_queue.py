"""Wakes and jobs: coalesced, never lost, never raising when Redis is away."""

from redis import Redis
from rq import Queue, SimpleWorker

from broadcaster.transport import announce, queue
from broadcaster.transport.connection import connect

AWAY = "unix:///nonexistent/redis.sock"


def test_a_wake_waits_for_the_sender_by_dotted_name(redis: Redis) -> None:
    assert queue.wake(redis)
    (job,) = Queue(queue.SEND, connection=redis).jobs
    assert job.func_name == "broadcaster.jobs.tasks.work"
    assert job.timeout == -1


def test_wakes_are_coalesced_while_one_waits(redis: Redis) -> None:
    for _ in range(5):
        assert queue.wake(redis)
    assert Queue(queue.SEND, connection=redis).count == 1


def test_each_registered_sender_gets_a_wake_of_its_own(redis: Redis) -> None:
    for _ in range(3):
        SimpleWorker([queue.SEND], connection=redis).register_birth()  # type: ignore[no-untyped-call]
    assert queue.wake(redis)
    assert Queue(queue.SEND, connection=redis).count == 3


def test_dead_registrations_never_flood_the_queue(redis: Redis) -> None:
    redis.sadd(f"rq:workers:{queue.SEND}", *[f"dead{n}" for n in range(100)])
    assert queue.wake(redis)
    assert Queue(queue.SEND, connection=redis).count == queue.MOST_WAKES


def test_after_a_wake_was_taken_the_next_one_waits_again(redis: Redis) -> None:
    queue.wake(redis)
    Queue(queue.SEND, connection=redis).pop_job_id()
    assert queue.wake(redis)
    assert Queue(queue.SEND, connection=redis).count == 1


def test_a_named_job_is_not_added_while_one_of_its_name_waits(redis: Redis) -> None:
    assert queue.enqueue(redis, queue.WORK, "builtins.len", "ab", name="sweep")
    assert queue.enqueue(redis, queue.WORK, "builtins.len", "ab", name="sweep")
    assert queue.enqueue(redis, queue.WORK, "builtins.len", "ab", name="sweep_two")
    jobs = Queue(queue.WORK, connection=redis).jobs
    assert [job.id.rpartition("-")[0] for job in jobs] == ["sweep", "sweep_two"]
    assert jobs[0].args == ("ab",)


def test_jobs_without_a_name_are_all_kept(redis: Redis) -> None:
    for _ in range(2):
        assert queue.enqueue(redis, queue.WORK, "builtins.len", "ab")
    assert Queue(queue.WORK, connection=redis).count == 2


def test_without_redis_nothing_raises_and_the_caller_is_told() -> None:
    client = connect(AWAY)
    assert queue.wake(client) is False
    assert queue.enqueue(client, queue.WORK, "builtins.len", name="sweep") is False
    assert announce.tell(client, "version", number=1) is False
    client.close()


def test_an_announcement_carries_its_kind_and_data(redis: Redis) -> None:
    assert announce.tell(redis, "version", number=12) is True
    ((_, fields),) = redis.xrange(announce.STREAM)  # type: ignore[misc]
    assert fields == {b"kind": b"version", b"data": b'{"number": 12}'}


def test_the_stream_of_announcements_is_capped(redis: Redis) -> None:
    for number in range(announce.KEEP + 300):
        announce.tell(redis, "version", number=number)
    assert announce.KEEP <= redis.xlen(announce.STREAM) < announce.KEEP + 200
