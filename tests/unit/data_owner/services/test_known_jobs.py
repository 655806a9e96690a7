"""What is known of the aggregator's jobs: only changes are asked for, and nothing of what was known is lost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete

from data_owner.services.known_jobs import KnownJobs
from data_owner.tables import KnownJob


def titles(world: Any) -> list[str]:
    return [job.spec.title for job in world.known_jobs.all()]


def test_only_what_has_changed_is_asked_for(world: Any) -> None:
    for job_id in (1, 2, 3):
        world.post_job(job_id)
    assert world.known_jobs.refresh() is None
    assert world.aggregator.asked_for == [[1, 2, 3]]
    world.known_jobs.refresh()
    assert world.aggregator.asked_for == [[1, 2, 3]]
    world.jobs[2].view["state"] = "cancelled"
    world.post_job(4)
    world.known_jobs.refresh()
    assert world.aggregator.asked_for[1:] == [[2, 4]]
    assert [(job.job_id, job.state) for job in world.known_jobs.all()] == [
        (4, "recruiting"),
        (3, "recruiting"),
        (2, "cancelled"),
        (1, "recruiting"),
    ]


def test_what_was_asked_for_is_known_to_other_processes_and_after_a_restart(world: Any) -> None:
    world.post_job(1)
    world.known_jobs.refresh()
    other = KnownJobs(world.database, world.aggregator)
    other.refresh()
    assert len(world.aggregator.asked_for) == 1
    world.jobs[1].view["state"] = "cancelled"
    other.refresh()
    assert [job.state for job in world.known_jobs.all()] == ["cancelled"]


def test_many_jobs_are_asked_for_in_parts(world: Any) -> None:
    for job_id in range(1, 251):
        world.post_job(job_id)
    world.known_jobs.refresh()
    assert [len(part) for part in world.aggregator.asked_for] == [100, 100, 50]
    assert titles(world) == [f"job {job_id}" for job_id in range(250, 0, -1)]


def test_a_full_view_and_the_list_do_not_undo_each_other(world: Any) -> None:
    job = world.post_job(1)
    world.known_jobs.refresh()
    job.view |= {"state": "running", "checkpoints": [{"index": 0, "round": 0, "mse": 0.5}]}
    assert world.known_jobs.view(1)[0].state == "running"
    assert [one.state for one in world.known_jobs.all()] == ["running"]
    job.view["round"] = 2
    world.known_jobs.refresh()
    world.aggregator.away = True
    view, stale_reason = world.known_jobs.view(1)
    assert (view.round, [point.mse for point in view.checkpoints]) == (2, [0.5])
    assert stale_reason == "the aggregator does not answer"


def test_unchanged_views_are_checked_once(world: Any) -> None:
    world.post_job(1)
    world.known_jobs.refresh()
    (first,) = world.known_jobs.all()
    assert world.known_jobs.all()[0] is first
    world.jobs[1].view["round"] = 1
    world.known_jobs.refresh()
    assert world.known_jobs.all()[0].round == 1
    with world.database.session() as session:
        session.execute(delete(KnownJob))
    assert world.known_jobs.all() == []


def test_a_stored_view_that_makes_no_sense_any_more_is_passed_over(world: Any) -> None:
    """Such as one of a kind that has been installed since, and asks for something else."""
    for job_id in (1, 2):
        world.post_job(job_id)
    world.known_jobs.refresh()
    with world.database.session() as session:
        row = session.get_one(KnownJob, 1)
        row.view = {**row.view, "spec": {}}
    assert titles(world) == ["job 2"]
