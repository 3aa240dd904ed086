"""The queue with real processes, killed in every way. The training itself is `fake`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from core.settings import REPOSITORY
from core.system.locks import Identity, held
from tests.train.jobs import fake
from tests.train.jobs.conftest import HOLDER, config, other, processes
from tests.waiting import PATIENCE, wait_for
from train.jobs import JobError, Run, Runs, State, ensure_supervisor
from train.jobs import supervisor as module
from train.jobs.store import LOCK_FILE
from train.jobs.supervisor import SUPERVISOR_FILE, Supervisor

EPOCHS = 4


def begin(runs: Runs, step: str = "supervise") -> bool:
    return ensure_supervisor(runs, fake.command(step, runs.folder))


def new(runs: Runs, name: str = "a", hold: int | None = None, does: str = "") -> str:
    """A run that waits in the middle of an epoch (if told), and does a certain thing."""
    id = runs.create(config(EPOCHS), name)
    if hold is not None:
        (runs.folder / id / "hold").write_text(str(hold))
    if does:
        (runs.folder / id / "does").write_text(does)
    return id


def let_go(runs: Runs, id: str) -> None:
    (runs.folder / id / "hold").unlink()


def is_in(runs: Runs, id: str, state: State) -> None:
    wait_for(lambda: runs.get(id).state == state, lambda: str(runs.get(id)))


def in_epoch(runs: Runs, id: str, epoch: int) -> psutil.Process:
    """Wait until its trainer is in the middle of an epoch (0, 1, …)."""

    def there() -> bool:
        run = runs.get(id)
        return bool(
            run.state == "running"
            and run.epochs == epoch
            and run.progress
            and run.progress.epoch == epoch + 1
        )

    wait_for(there)
    return trainer(runs)


def trainer(runs: Runs) -> psutil.Process:
    (process,) = processes(runs.folder, "work")
    return process


def supervisor(runs: Runs) -> psutil.Process:
    (process,) = processes(runs.folder, "supervise")
    return process


def epochs(runs: Runs, id: str) -> list[float]:
    return [row["epoch"] for row in runs.metrics(id)]


def goes_on_to_its_end(runs: Runs, id: str) -> Run:
    """Resume; each epoch was trained once."""
    (runs.folder / id / "hold").unlink(missing_ok=True)
    runs.resume(id)
    begin(runs)
    is_in(runs, id, "finished")
    assert epochs(runs, id) == [0, 1, 2, 3]
    return runs.get(id)


def leaves_the_queue_alone(runs: Runs) -> None:
    """A new supervisor that looks at it starts nothing, and knows that there is something to do."""
    watcher = Supervisor(runs.folder, fake.command("work", runs.folder))
    for _ in range(3):
        assert not watcher._step()
    assert watcher._child is None


def all_gone(runs: Runs) -> None:
    """Nothing is left to do: the supervisor ends by itself, and leaves no process behind."""
    wait_for(lambda: not held(runs.folder / SUPERVISOR_FILE))
    wait_for(lambda: not processes(runs.folder))


def test_one_after_the_other(runs: Runs) -> None:
    assert not begin(runs), "nothing to do"
    a, b = new(runs, "a", hold=2), new(runs, "b", hold=1)
    assert begin(runs)
    process = in_epoch(runs, a, 2)
    assert not begin(runs), "there is one already"
    assert runs.get(b).state == "queued"
    assert os.getsid(process.pid) == process.pid, "a session of its own"
    assert process.environ()["OMP_NUM_THREADS"] == "1"
    let_go(runs, a)
    in_epoch(runs, b, 1)
    assert runs.get(a).state == "finished"
    let_go(runs, b)
    is_in(runs, b, "finished")
    assert epochs(runs, a) == epochs(runs, b) == [0, 1, 2, 3]
    assert runs.log(a) == "trained"
    all_gone(runs)


def test_killed_trainer(runs: Runs) -> None:
    id, behind = new(runs, hold=2), new(runs, "b")
    begin(runs)
    in_epoch(runs, id, 2).kill()
    wait_for(lambda: runs.get(id).state != "running")
    assert runs.get(id).state == "interrupted"
    is_in(runs, behind, "finished")
    run = runs.get(id)
    assert run.epochs == 2
    assert "memory" in run.message
    assert run.ended is not None
    goes_on_to_its_end(runs, id)


def test_killed_supervisor(runs: Runs) -> None:
    id, behind = new(runs, hold=2), new(runs, "b")
    begin(runs)
    process = in_epoch(runs, id, 2)
    first = supervisor(runs)
    first.kill()
    wait_for(lambda: not held(runs.folder / SUPERVISOR_FILE))
    assert runs.get(id).state == "running"
    assert runs.get(behind).state == "queued"
    leaves_the_queue_alone(runs)
    assert trainer(runs).pid == process.pid
    assert begin(runs)
    wait_for(lambda: held(runs.folder / SUPERVISOR_FILE))
    assert supervisor(runs).pid != first.pid
    let_go(runs, id)
    is_in(runs, behind, "finished")
    assert runs.get(id).state == "finished"
    assert epochs(runs, id) == [0, 1, 2, 3]


def test_both_killed(runs: Runs) -> None:
    """As by a power cut."""
    id, behind = new(runs, hold=3), new(runs, "b")
    begin(runs)
    process = in_epoch(runs, id, 3)
    supervisor(runs).kill()
    process.kill()
    wait_for(lambda: runs.get(id).state != "running")
    assert runs.get(id).state == "interrupted"
    assert runs.get(id).resumable
    assert runs.get(behind).state == "queued"
    assert begin(runs)
    is_in(runs, behind, "finished")
    goes_on_to_its_end(runs, id)


def test_supervisor_killed_before_its_trainer_began(runs: Runs) -> None:
    """Two trainers may then be under way for one run; one of them finds the other and leaves."""
    id = new(runs, hold=1)
    for _ in range(2):
        subprocess.Popen([*fake.command("work", runs.folder), id], cwd=REPOSITORY)
    wait_for(lambda: runs.get(id).epochs == 1)
    let_go(runs, id)
    is_in(runs, id, "finished")
    wait_for(lambda: not processes(runs.folder, "work"))
    assert epochs(runs, id) == [0, 1, 2, 3]
    assert runs.log(id) == ""


def test_killed_server(runs: Runs) -> None:
    """The process that queued the run and started the supervisor is gone."""
    server = subprocess.Popen(
        fake.command("enqueue", runs.folder),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stdout
    id = server.stdout.readline().strip()
    (runs.folder / id / "hold").write_text("2")
    wait_for(lambda: runs.get(id).state == "running")
    os.killpg(server.pid, signal.SIGKILL)  # as Ctrl+C or a closed terminal: all of its group
    server.communicate()
    assert runs.get(id).state == "running"
    (runs.folder / id / "hold").unlink(missing_ok=True)
    is_in(runs, id, "finished")
    all_gone(runs)


def test_looked_at_by_many_at_once(runs: Runs) -> None:
    """Several servers start supervisors at the same time: one stays, each run is trained once."""
    ids = [new(runs, name, hold=1) for name in "ab"]
    many = [
        subprocess.Popen(fake.command("supervise", runs.folder), cwd=REPOSITORY) for _ in range(3)
    ]
    in_epoch(runs, ids[0], 1)
    wait_for(lambda: sum(process.poll() is None for process in many) == 1)
    for id in ids:
        in_epoch(runs, id, 1)
        let_go(runs, id)
        is_in(runs, id, "finished")
        assert epochs(runs, id) == [0, 1, 2, 3]
    assert {process.wait(PATIENCE) for process in many} == {0}


def test_started_by_hand_beside_the_queue(runs: Runs) -> None:
    """The queue waits for a trainer that it did not start."""
    by_hand, queued = new(runs, "by hand", hold=1), new(runs, "queued")
    subprocess.Popen([*fake.command("work", runs.folder), by_hand], cwd=REPOSITORY)
    in_epoch(runs, by_hand, 1)
    leaves_the_queue_alone(runs)
    assert runs.get(queued).state == "queued"
    begin(runs)
    let_go(runs, by_hand)
    is_in(runs, queued, "finished")


def test_stop_and_resume(runs: Runs) -> None:
    id = new(runs, hold=2)
    begin(runs)
    in_epoch(runs, id, 2)
    runs.stop(id)
    assert runs.get(id).state == "stopping"
    is_in(runs, id, "stopped")
    assert runs.get(id).epochs == 2
    assert "as asked" in runs.get(id).message
    goes_on_to_its_end(runs, id)


def test_trainer_that_does_not_listen_is_told_to_end(runs: Runs) -> None:
    id = new(runs, hold=1, does="deaf")
    begin(runs)
    in_epoch(runs, id, 1)
    runs.stop(id)
    is_in(runs, id, "stopped")
    assert "as asked" in runs.get(id).message, "it still had the time to say so"
    goes_on_to_its_end(runs, id)


def test_trainer_that_hangs_is_killed(runs: Runs) -> None:
    id = new(runs, hold=1)
    begin(runs, "strictly-supervise")
    process = in_epoch(runs, id, 1)
    process.suspend()  # SIGTERM will wait
    runs.stop(id)
    is_in(runs, id, "stopped")
    wait_for(lambda: "force" in runs.get(id).message)
    assert runs.get(id).epochs == 1
    goes_on_to_its_end(runs, id)


def test_stop_reaches_a_trainer_without_supervisor(runs: Runs) -> None:
    id = new(runs, hold=1)
    begin(runs)
    process = in_epoch(runs, id, 1)
    supervisor(runs).kill()
    process.suspend()
    runs.stop(id)
    wait_for(lambda: not held(runs.folder / SUPERVISOR_FILE))
    assert begin(runs, "strictly-supervise"), "there is something to see to"
    is_in(runs, id, "stopped")
    goes_on_to_its_end(runs, id)


def test_shut_down(runs: Runs) -> None:
    """The system tells everything to end; nobody wanted this training to stop."""
    id = new(runs, hold=2)
    begin(runs)
    process = in_epoch(runs, id, 2)
    ending = supervisor(runs)
    ending.terminate()
    process.terminate()
    is_in(runs, id, "interrupted")
    assert "shut down" in runs.get(id).message
    ending.wait(PATIENCE)  # while it holds its lock, no other one is started
    goes_on_to_its_end(runs, id)


def test_reused_number(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a power cut another process has the trainer's number: it is not taken for it, and it
    is not told to end."""
    id = new(runs, hold=1)
    begin(runs)
    process = in_epoch(runs, id, 1)
    supervisor(runs).kill()
    process.kill()
    is_in(runs, id, "interrupted")
    with runs.database.write() as connection:
        own = Identity.own()
        connection.execute(
            "UPDATE runs SET stop_asked = 1, pid = ?, pid_began = ?", (own.pid, own.began - 99)
        )
    assert runs.get(id).state == "stopped"
    with other(HOLDER, str(runs.folder / id / LOCK_FILE)) as stranger:
        # Even if someone else held the lock, only the process that began is told to end.
        with runs.database.write() as connection:
            connection.execute("UPDATE runs SET pid = ?, pid_began = 1.0", (stranger.pid,))
        monkeypatch.setattr(module, "STOP_SECONDS", 0)
        monkeypatch.setattr(module, "KILL_SECONDS", 0)
        watcher = Supervisor(runs.folder)
        for _ in range(5):
            assert not watcher._step()
        assert stranger.poll() is None
    goes_on_to_its_end(runs, id)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' /dev/full")
def test_full_disk(runs: Runs) -> None:
    id = new(runs, does="full")
    begin(runs)
    is_in(runs, id, "failed")
    run = runs.get(id)
    assert "disk is full" in run.message
    assert run.epochs == 1
    assert (run.folder / "last.ckpt").read_text() == "1"
    assert not list(run.folder.glob(".lesionlab-*")), "what was half-written makes room again"
    (run.folder / "does").unlink()
    goes_on_to_its_end(runs, id)


def test_failures_are_told_and_the_queue_goes_on(runs: Runs) -> None:
    crash, dies, good = (new(runs, word, does=word) for word in ("crash", "die", "nothing"))
    begin(runs)
    is_in(runs, good, "finished")
    assert runs.get(crash).state == "failed"
    assert "ZeroDivisionError: by nothing" in runs.get(crash).message
    assert "in training" in runs.log(crash), "where it was"
    assert runs.get(dies).state == "interrupted"
    assert "by force" in runs.get(dies).message


def test_trainer_that_cannot_begin(runs: Runs) -> None:
    id = new(runs)
    code = "raise SystemExit('no module named torch')"
    Supervisor(runs.folder, [sys.executable, "-c", code]).run()
    run = runs.get(id)
    assert run.state == "failed"
    assert "no module named torch" in run.message
    Supervisor(runs.folder, ["/nowhere/python"]).run()
    runs.resume(id)
    Supervisor(runs.folder, ["/nowhere/python"]).run()
    assert runs.get(id).state == "failed"
    assert "/nowhere/python" in runs.get(id).message


def test_changed_while_the_queue_runs(runs: Runs) -> None:
    """Deleted and taken out while they waited: neither begins; restored, it does."""
    first, deleted, out = new(runs, "a", hold=1), new(runs, "b"), new(runs, "c")
    begin(runs)
    in_epoch(runs, first, 1)
    runs.delete(deleted)
    runs.stop(out)
    let_go(runs, first)
    all_gone(runs)
    assert runs.get(out).state == "stopped"
    assert runs.get(out).started is None
    assert runs.get(deleted).started is None
    runs.restore(deleted)
    begin(runs)
    is_in(runs, deleted, "finished")


def test_damaged_database_while_training(runs: Runs) -> None:
    id = new(runs, hold=2)
    begin(runs)
    in_epoch(runs, id, 2)
    (runs.folder / "runs.sqlite").write_bytes(b"this is no database, " * 500)
    again = Runs(runs.folder)
    assert again.get(id).state == "running"
    let_go(again, id)
    is_in(again, id, "finished")
    assert epochs(again, id) == [0, 1, 2, 3]


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    runs.create(config(), "a")
    with pytest.raises(JobError, match="cannot be used"):
        ensure_supervisor(runs, ["/nowhere/python"])


def test_supervisor_that_cannot_start_is_told_and_leaves_no_zombie(runs: Runs) -> None:
    id = new(runs)
    before = set(psutil.Process().children())
    assert ensure_supervisor(runs, [sys.executable, "-c", "raise SystemExit('no module psutil')"])
    wait_for(lambda: "no module psutil" in runs.notice)
    wait_for(lambda: set(psutil.Process().children()) <= before)
    assert runs.get(id).state == "queued"
    ensure_supervisor(runs, [sys.executable, "-c", "raise SystemExit('no module psutil')"])
    wait_for(lambda: set(psutil.Process().children()) <= before)
    assert runs.notice.count("no module psutil") == 1, "said once"
