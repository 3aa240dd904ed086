"""A job is followed whatever the cluster answers: here a table of answers stands in for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.train.jobs.conftest import config
from train.cluster import follow as follow_module
from train.cluster.client import ClusterError, NoSuchJobError, UnreachableError
from train.cluster.follow import follow
from train.cluster.worker import UNSEEN, Task, check_node, is_given_up
from train.config import ClassifierConfig
from train.config_files import write_run_config
from train.jobs import Runs, ensure_supervisor
from train.jobs.record import Record, read_record, write_record
from train.jobs.supervisor import Supervisor
from train.jobs.worker import work

ADDRESS = "http://cluster:8265"
AWAY = UnreachableError("The Ray cluster does not answer.")


@dataclass
class Answers:
    """Stands in for `train.cluster.client.Client`: answers in turn, the last one again and again.
    `between` is called before each."""

    answers: list[str | Exception]
    log_text: str = ""
    between: Callable[[], object] = lambda: None
    submitted: list[tuple[str, str, dict]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)

    def __call__(self, address: str) -> Answers:
        assert address == ADDRESS
        return self

    def submit(self, job: str, entrypoint: str, environment: dict) -> None:
        self.submitted.append((job, entrypoint, environment))

    def status(self, job: str) -> str:
        self.between()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def log(self, job: str) -> str:
        return self.log_text

    def stop(self, job: str) -> None:
        self.stopped.append(job)
        self.answers = ["STOPPED"]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    """A queue that trains on a cluster."""
    monkeypatch.setenv("LESIONLAB_RAY", ADDRESS)
    monkeypatch.setenv("LESIONLAB_RAY_WORKERS", "3")
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(follow_module, "POLL_SECONDS", 0.0)
    return Runs(tmp_path / "runs")


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answers]:
    """Put answers in the cluster's place."""

    def given(*what: str | Exception, **others: object) -> Answers:
        found = Answers(list(what), **others)  # type: ignore[arg-type]
        monkeypatch.setattr(follow_module, "Client", found)
        return found

    return given


def trained(runs: Runs, id: str) -> int:
    """What the queue's process of a run does; its exit status."""
    return work(runs, id, follow)


def test_what_is_handed_over(runs: Runs, answers: Callable[..., Answers]) -> None:
    cluster = answers("PENDING", "RUNNING", "SUCCEEDED")
    id = runs.create(config(), "Mine")
    states = []
    cluster.between = lambda: states.append((runs.get(id).state, runs.get(id).phase))
    assert trained(runs, id) == 0
    assert runs.get(id).state == "finished"
    assert set(states) == {("running", "waiting")}
    ((job, command, environment),) = cluster.submitted
    assert job.startswith(f"lesionlab-{id}-")
    assert command == f"python -m train.cluster {runs.folder / id} {job} --workers 3"
    assert environment["env_vars"]["LESIONLAB_RUNS"] == str(runs.folder)
    assert read_record(runs.folder / id) is None


def test_goes_on_where_it_stopped(runs: Runs, answers: Callable[..., Answers]) -> None:
    cluster = answers("SUCCEEDED")
    id = runs.create(config(), "Mine")
    (runs.folder / id / "last.ckpt").touch()
    trained(runs, id)
    assert cluster.submitted[0][1].endswith(" --resume")


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("one\n\nLesionLab: Choose another batch.\nGoodbye.\n", "Choose another batch."),
        ("one\nKilled\n\n", "Killed"),
        ("", "could not say why"),
    ],
)
def test_job_that_fails_says_why(
    runs: Runs, answers: Callable[..., Answers], log: str, message: str
) -> None:
    answers("RUNNING", "FAILED", log_text=log)
    id = runs.create(config(), "Mine")
    assert trained(runs, id) == 1
    run = runs.get(id)
    assert run.state == "failed"
    assert run.message.endswith(message) or message in run.message
    assert run.resumable


def test_job_that_someone_stopped_there(runs: Runs, answers: Callable[..., Answers]) -> None:
    answers("RUNNING", "STOPPED")
    id = runs.create(config(), "Mine")
    assert trained(runs, id) == 130
    assert runs.get(id).state == "stopped"


def test_cluster_that_does_not_answer_for_a_while(
    runs: Runs, answers: Callable[..., Answers]
) -> None:
    cluster = answers("RUNNING", AWAY, AWAY, "RUNNING", "SUCCEEDED")
    id = runs.create(config(), "Mine")
    seen = []
    cluster.between = lambda: seen.append((runs.get(id).state, runs.get(id).message))
    assert trained(runs, id) == 0
    nothing_known = ("unknown", str(AWAY))
    running = ("running", "")
    assert seen == [running, running, nothing_known, nothing_known, running]
    assert runs.get(id).state == "finished"


def test_cluster_that_cannot_be_reached_at_first(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(address: str) -> None:
        raise AWAY

    monkeypatch.setattr(follow_module, "Client", away)
    id = runs.create(config(), "Mine")
    assert trained(runs, id) == 1
    run = runs.get(id)
    assert (run.state, run.message) == ("failed", str(AWAY))
    assert read_record(run.folder) is None


def test_job_that_the_cluster_forgot(runs: Runs, answers: Callable[..., Answers]) -> None:
    answers("RUNNING", NoSuchJobError("no such job"))
    id = runs.create(config(), "Mine")
    trained(runs, id)
    run = runs.get(id)
    assert run.state == "interrupted"
    assert "restarted" in run.message
    assert run.resumable


def test_stop(runs: Runs, answers: Callable[..., Answers]) -> None:
    cluster = answers("RUNNING")
    id = runs.create(config(), "Mine")
    cluster.between = lambda: runs.stop(id)
    assert trained(runs, id) == 130
    assert runs.get(id).state == "stopped"
    assert cluster.stopped == [cluster.submitted[0][0]]


def test_stop_that_the_cluster_cannot_be_told(
    runs: Runs, answers: Callable[..., Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow_module, "GIVE_UP_SECONDS", 0.5)
    cluster = answers("RUNNING", AWAY)
    id = runs.create(config(), "Mine")
    told = []

    def stop() -> None:
        if runs.get(id).state == "unknown":
            told.append(read_record(runs.folder / id))
            runs.stop(id)
            assert runs.get(id).state == "unknown", "a wish changes nothing there"

    cluster.between = stop
    assert trained(runs, id) == 130
    run = runs.get(id)
    assert run.state == "stopped"
    assert "given up" in run.message
    job = told[0].job
    assert is_given_up(Task(run.folder, job, run.folder, False, "cpu")), "if it lives, it ends"


def test_job_without_a_follower(runs: Runs, answers: Callable[..., Answers]) -> None:
    def killed() -> None:
        (runs.folder / id / ".lesionlab-0123456789abcdef").touch()
        raise KeyboardInterrupt  # what a SIGTERM becomes

    cluster = answers("RUNNING", between=killed)
    id = runs.create(config(), "Mine")
    folder = runs.folder / id
    assert trained(runs, id) == 1
    run = runs.get(id)
    assert run.state == "unknown"
    assert ADDRESS in run.message
    assert not run.resumable
    assert (folder / ".lesionlab-0123456789abcdef").exists(), "the job may be writing it"
    with pytest.raises(ValueError, match="stop it before"):
        runs.delete(id)

    # Stopped meanwhile; the next follower sees to it.
    runs.stop(id)
    record = read_record(folder)
    cluster.between = lambda: None
    assert trained(runs, id) == 130
    assert len(cluster.submitted) == 1, "it was not handed over again"
    assert record is not None
    assert cluster.stopped == [record.job]
    run = runs.get(id)
    assert run.state == "stopped"
    assert run.started is not None


def test_supervisor_has_it_followed(
    runs: Runs, answers: Callable[..., Answers], tmp_path: Path
) -> None:
    """Before the next one in the queue, and not at once again if that fails."""
    id, next_one = runs.create(config(), "There"), runs.create(config(), "Next")
    with runs.database.write() as connection:
        connection.execute("UPDATE runs SET started = 1, position = NULL WHERE id = ?", (id,))
    write_record(runs.folder / id, Record(ADDRESS, "job"))
    assert runs.get(id).state == "unknown"
    supervisor = Supervisor(runs.folder, command=("true",))
    begun = []
    supervisor._begin = lambda run: begun.append(run.id)  # type: ignore[method-assign]
    assert [supervisor._step() for _ in range(3)] == [False] * 3
    assert begun == [id]
    assert ensure_supervisor(runs, command=("true",))
    assert runs.get(next_one).state == "queued"


def test_local_runs_know_nothing_of_it(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_RAY", "")
    trained_here = []
    monkeypatch.setattr("train.jobs.worker.run_training", lambda *those: trained_here.append(those))
    assert work(runs, runs.create(config(), "Here")) == 0
    assert len(trained_here) == 1


# On the cluster


def test_node_that_does_not_see_the_folders(tmp_path: Path) -> None:
    run, data = tmp_path / "run", tmp_path / "data"
    task = Task(run, "job", data, False, "cpu")
    with pytest.raises(ClusterError, match=f"does not see {run}"):
        check_node(task)
    run.mkdir()
    write_record(run, Record(ADDRESS, "job"))
    with pytest.raises(ClusterError, match=f"does not see {data}"):
        check_node(task)
    data.mkdir()
    check_node(task)
    assert "LESIONLAB_RUNS" in UNSEEN


def test_node_that_does_not_see_further_photos_or_models(tmp_path: Path) -> None:
    run = tmp_path / "run"
    names = {"more": "clinic.zip", "start": "first", "teachers": "second"}
    paths = {name: tmp_path / called for name, called in names.items()}
    start, more, teacher = str(paths["start"]), str(paths["more"]), str(paths["teachers"])
    write_run_config(run, ClassifierConfig(start=start, more=(more,), teachers=(teacher,)))
    write_record(run, Record(ADDRESS, "job"))
    task = Task(run, "job", tmp_path, False, "cpu")
    for path in paths.values():
        with pytest.raises(ClusterError, match=f"does not see {path}"):
            check_node(task)
        path.mkdir()
    check_node(task)
    paths["start"].rmdir()
    (run / "last.ckpt").write_bytes(b"an epoch")
    check_node(task)  # a run that goes on needs no start any more


def test_run_that_another_job_has_now(tmp_path: Path) -> None:
    task = Task(tmp_path, "first", tmp_path, False, "cpu")
    write_record(tmp_path, Record(ADDRESS, "first", "does not answer"))
    assert not is_given_up(task)
    write_record(tmp_path, Record(ADDRESS, "second"))
    assert is_given_up(task)
    (tmp_path / "ray.json").write_text(json.dumps(["damaged"]))
    assert is_given_up(task)


def test_why_a_process_failed() -> None:
    from train.cluster.__main__ import _cause

    class FailedError(Exception):
        def __init__(self, **failures: object) -> None:
            self.worker_failures = {int(k[1:]): v for k, v in failures.items()}

    lost, said = ConnectionError("peer is gone"), ClusterError("Choose fewer.")
    assert _cause(FailedError(r1=said, r0=lost)) is said, "the other one only lost its peer"
    assert _cause(FailedError(r1=lost, r0=ZeroDivisionError())).__class__ is ZeroDivisionError
    assert _cause(lost) is lost
    unseen = _cause(RuntimeError("Unable to set up cluster storage with the following settings"))
    assert "every node mounts" in str(unseen)
