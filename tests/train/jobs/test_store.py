"""The list of runs: what a person does with it, and what may happen to its folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from core.system import ownership
from core.system.locks import hold
from core.system.run_folder import RUN
from tests.ordinary_user import for_an_ordinary_user, readable_folder
from tests.train.jobs.conftest import config
from tests.waiting import wait_for
from train.config import SegmenterConfig
from train.config_files import read_run_config
from train.jobs import JobError, Runs
from train.jobs.database import DATABASE_FILE, Database
from train.jobs.store import LOCK_FILE
from train.jobs.worker import _begin, attended
from train.progress import Progress


class Told:
    """A person who started a training by hand, and hears of it."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def phase(self, name: str) -> None:
        self.heard.append(name)

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def stop_wanted(self) -> bool:
        return False


@contextmanager
def training(runs: Runs, id: str) -> Iterator[Runs]:
    """A trainer of that run lives: this process."""
    with attended(runs, id, Told()):
        yield runs


def train(runs: Runs, id: str) -> None:
    with training(runs, id):
        pass


def order(runs: Runs) -> list[str]:
    return [run.id for run in runs.queue()]


def test_empty(runs: Runs) -> None:
    assert runs.all() == runs.queue() == runs.bin() == []
    assert runs.notice == ""
    with pytest.raises(JobError, match="no run nothing"):
        runs.get("nothing")


def test_new_run_waits(runs: Runs) -> None:
    before = datetime.now(UTC)
    id = runs.create(config(), "  Größere   Bilder! ", "why not")
    run = runs.get(id)
    assert (run.name, run.notes, run.state, run.position) == (
        "Größere Bilder!",
        "why not",
        "queued",
        1,
    )
    assert id.endswith("-groere-bilder")
    assert run.config == config() == read_run_config(runs.folder / id)
    assert run.kind == "classifier"
    assert before <= run.created <= datetime.now(UTC)
    assert (run.started, run.ended, run.progress, run.epochs, run.best) == (None, None, None, 0, {})
    assert run.active
    assert not run.resumable
    assert Runs(runs.folder).all() == [run], "another process sees the same"


def test_names(runs: Runs) -> None:
    ids = {runs.create(config(), "Same") for _ in range(3)}
    ids.add(runs.create(config(), "病变"))
    assert len(ids) == 4
    assert all((runs.folder / id).is_dir() for id in ids)
    with pytest.raises(JobError, match="name"):
        runs.create(config(), "  ")
    id = ids.pop()
    runs.rename(id, "Other")
    runs.set_notes(id, "first line\nsecond")
    assert (runs.get(id).name, runs.get(id).notes) == ("Other", "first line\nsecond")
    with pytest.raises(JobError, match="name"):
        runs.rename(id, "")
    with pytest.raises(JobError, match="no run"):
        runs.rename("nothing", "Other")


def test_order_of_the_queue(runs: Runs) -> None:
    a, b, c = (runs.create(config(), name) for name in "abc")
    assert order(runs) == [a, b, c]
    runs.move(c, -1)
    assert order(runs) == [a, c, b]
    runs.move(a, 1)
    assert order(runs) == [c, a, b]
    runs.move(c, -1)
    runs.move(b, 1)
    assert order(runs) == [c, a, b], "nothing beyond the ends"
    runs.move(b, -2)
    assert order(runs) == [b, c, a]
    assert [runs.get(id).position for id in (b, c, a)] == [1, 2, 3]
    assert runs.create(config(), "d") == order(runs)[-1]


def test_taken_out_of_the_queue_and_back(runs: Runs) -> None:
    a, b = (runs.create(config(), name) for name in "ab")
    runs.stop(a)
    run = runs.get(a)
    assert (run.state, run.position) == ("stopped", None)
    assert "queue" in run.message
    assert run.ended is not None
    runs.move(a, -1)
    runs.stop(a)
    assert order(runs) == [b]
    runs.resume(a)
    runs.resume(a)
    assert order(runs) == [b, a]
    assert runs.get(a).message == ""


def test_running_then_finished(runs: Runs) -> None:
    id = runs.create(config(), "a")
    with attended(runs, id) as watch:
        watch.phase("training")
        run = runs.get(id)
        assert (run.state, run.phase, run.position) == ("running", "training", None)
        assert run.started is not None
        with pytest.raises(JobError, match="stop it"):
            runs.delete(id)
        with pytest.raises(JobError, match="running"):
            runs.resume(id)
        runs.stop(id)
        assert runs.get(id).state == "stopping"
    run = runs.get(id)
    assert (run.state, run.phase, run.progress, run.message) == ("finished", None, None, "")
    assert run.started is not None
    assert run.ended is not None
    assert run.started <= run.ended
    runs.stop(id)
    assert runs.get(id).state == "finished"
    with pytest.raises(JobError, match="nothing to resume"):
        runs.resume(id)


def test_figures_of_the_epochs(runs: Runs) -> None:
    id = runs.create(config(), "a")
    table = "epoch,val_score,val_macro_f1\n0,-0.9,0.3\n1,-0.5,0.6\n2,nan,\n3,-0.7,0.7\n"
    (runs.folder / id / "metrics.csv").write_text(table)
    run = runs.get(id)
    assert run.epochs == 4
    assert run.best == {"epoch": 1, "val_score": -0.5, "val_macro_f1": 0.6}
    assert runs.metrics(id)[2] == {"epoch": 2}
    (runs.folder / id / "metrics.csv").write_bytes(b"\xff\x00")
    assert runs.metrics(id) == []
    (runs.folder / id / "log.txt").write_text("one\ntwo\n")
    assert runs.log(id, 1) == "two"


def test_bin(runs: Runs) -> None:
    a, b = (runs.create(config(), name) for name in "ab")
    runs.delete(a)
    assert [run.id for run in runs.all()] == [b]
    assert [run.id for run in runs.bin()] == [a]
    assert order(runs) == [b]
    assert runs.get(b).position == 1
    assert not runs.get(a).resumable
    with pytest.raises(JobError, match="restore"):
        runs.resume(a)
    runs.restore(a)
    assert order(runs) == [a, b], "where it was"
    assert runs.bin() == []


def test_purge(runs: Runs) -> None:
    a, b = (runs.create(config(), name) for name in "ab")
    runs.delete(a)
    assert runs.purge() == 0, "it can still be restored"
    with hold(runs.folder / a / LOCK_FILE):
        assert runs.purge(days=0) == 0, "someone is at it"
    assert runs.purge(days=0) == 1
    assert not (runs.folder / a).exists()
    with pytest.raises(JobError, match="no run"):
        runs.restore(a)
    assert [run.id for run in runs.all()] == [b]


# Folders that were not made here


def test_runs_of_the_command_line_are_taken_in(runs: Runs) -> None:
    for name, epochs in (("broken-off", 2), ("done", 4)):
        old = runs.folder / runs.create(config(), name)
        rows = "".join(f"{epoch},0.5\n" for epoch in range(epochs))
        (old / "metrics.csv").write_text(f"epoch,val_score\n{rows}")
        (old / "last.ckpt").touch()
        old.rename(runs.folder / name)
    (runs.folder / "notes of mine").mkdir()
    assert {run.id: run.state for run in runs.all()} == {
        "broken-off": "interrupted",
        "done": "finished",
    }
    run = runs.get("broken-off")
    assert run.resumable
    assert run.epochs == 2
    assert "resume" in run.message
    with training(runs, "broken-off"):
        assert runs.get("broken-off").state == "running"
    assert runs.get("broken-off").state == "finished"


def test_run_whose_folder_was_removed(runs: Runs) -> None:
    a, b = (runs.create(config(), name) for name in "ab")
    shutil.rmtree(runs.folder / a)
    assert order(runs) == [b]
    with pytest.raises(JobError, match="no run"):
        runs.get(a)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kind": "poem"}', '{"batch": 1}'])
def test_damaged_choices(runs: Runs, text: str) -> None:
    id = runs.create(config(), "a")
    runs.stop(id)
    (runs.folder / id / "config.json").write_text(text)
    run = runs.get(id)
    assert run.config is run.kind is None
    assert "config.json" in run.message
    assert not run.resumable
    with pytest.raises(JobError, match=r"config\.json"):
        runs.resume(id)
    runs.delete(id)
    assert runs.purge(0) == 1


def test_older_choices_are_still_read(runs: Runs) -> None:
    folder = runs.folder / "old"
    ownership.claim(folder, RUN)
    (folder / "config.json").write_text('{"fields": "older", "encoder": "resnet34", "gone": 3}')
    run = runs.get("old")
    assert isinstance(run.config, SegmenterConfig)
    assert run.config.encoder == "resnet34"


# The folder and its database


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match="LESIONLAB_RUNS"):
        Runs(tmp_path / "file" / "runs")


@pytest.mark.skipif(os.name != "posix", reason="other systems have other rights")
def test_folder_that_may_not_be_written() -> None:
    with readable_folder() as shared:
        runs = Runs(shared / "runs")
        runs.create(config(), "a")
        runs.folder.chmod(0o555)

        def refused() -> bool:
            with pytest.raises(JobError, match="LESIONLAB_RUNS"):
                runs.create(config(), "b")
            return True

        assert for_an_ordinary_user(refused)
        runs.folder.chmod(0o755)
        assert [run.name for run in runs.all()] == ["a"]


def test_what_could_not_be_recorded_leaves_no_folder(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("train.jobs.store._last_place", full)
    with pytest.raises(JobError, match="full"):
        runs.create(config(), "a")
    assert not [path for path in runs.folder.iterdir() if path.is_dir()]


def test_a_stop_that_arrives_while_a_trainer_begins_is_not_lost(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = runs.create(config(), "a")
    write, trainer = runs.database.write, ExitStack()

    @contextmanager
    def begun_just_before() -> Iterator[sqlite3.Connection]:
        monkeypatch.setattr(runs.database, "write", write)
        trainer.enter_context(hold(runs.folder / id / LOCK_FILE))
        _begin(Runs(runs.folder), id, queued=True)
        with write() as connection:
            yield connection

    monkeypatch.setattr(runs.database, "write", begun_just_before)
    with trainer:
        runs.stop(id)
        assert runs.get(id).state == "stopping"


def test_all_runs_are_read_once_a_second_for_everybody(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, read = runs.create(config(), "a"), []
    everything = Runs.all
    monkeypatch.setattr(Runs, "all", lambda self: read.append(1) or everything(self))
    monkeypatch.setattr("train.jobs.store.RECENT_SECONDS", 1e9)
    for _ in range(3):
        assert [run.name for run in Runs(runs.folder).recent()] == ["a"]
    assert len(read) == 1
    Runs(runs.folder).rename(a, "b")
    assert [run.name for run in runs.recent()] == ["b"], "one's own changes are seen at once"
    monkeypatch.setattr("train.jobs.store.RECENT_SECONDS", -1)
    runs.recent()
    assert len(read) == 3


def test_the_list_is_checked_once_for_each_state_of_its_file(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.create(config(), "a")
    statements: list[str] = []
    connect = Database.connect

    def traced(database: Database) -> sqlite3.Connection:
        connection = connect(database)
        connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr(Database, "connect", traced)
    for _ in range(5):
        assert Runs(runs.folder).all()
    assert sum("quick_check" in statement for statement in statements) == 1


def test_a_name_that_is_no_text_any_more_hides_no_run(runs: Runs) -> None:
    id = runs.create(config(), "a")
    with runs.database.write() as connection:
        connection.execute("UPDATE runs SET name = CAST(? AS TEXT)", (b"kep\xb5",))
    assert [(run.id, run.name) for run in Runs(runs.folder).all()] == [(id, "kep\ufffd")]


@pytest.mark.parametrize("damage", ["no database", "torn", "what SQLite says is no text"])
def test_damaged_database_is_set_aside(runs: Runs, damage: str) -> None:
    a, b = (runs.create(config(), name) for name in "ab")
    train(runs, a)
    path = runs.folder / DATABASE_FILE
    if damage == "what SQLite says is no text":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        name = path.read_bytes().replace(b"notices", b"notic\xb5s")
        path.write_bytes(name.replace(b"CREATE TABLE notic", b"CREATE TABLF notic"))
    elif damage == "torn":
        path.write_bytes(path.read_bytes()[:5000] + b"\x07" * 5000)
    else:
        path.write_bytes(b"this is no database, " * 500)
    for leftover in ("-wal", "-shm"):
        path.with_name(path.name + leftover).unlink(missing_ok=True)
    again = Runs(runs.folder)
    assert {run.id for run in again.all()} == {a, b}
    assert "set aside" in again.notice
    aside = [p.name for p in runs.folder.glob("runs-damaged-*.sqlite")]
    assert len(aside) == 1
    assert aside[0] in again.notice
    again.dismiss_notice()
    assert Runs(runs.folder).notice == ""
    again.resume(b)
    assert order(again) == [b], "and all goes on"


def test_trainer_outlives_a_damaged_database(runs: Runs) -> None:
    id = runs.create(config(), "a")
    with training(runs, id):
        (runs.folder / DATABASE_FILE).write_bytes(b"this is no database, " * 500)
        again = Runs(runs.folder)
        assert again.get(id).state == "running"
    assert again.get(id).state == "finished"


MANY = """
import sys
from pathlib import Path
from train.config import ClassifierConfig
from train.jobs import Runs
print("ready", flush=True)
sys.stdin.readline()
for n in range(10):
    Runs(Path(sys.argv[1])).create(ClassifierConfig(), "same name")
"""


def test_a_new_list_waits_for_whoever_makes_it(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite refuses at once to change the journal mode now
    later = threading.Timer(0.3, other.execute, ["ROLLBACK"])
    later.start()
    assert Runs(tmp_path).all() == []
    later.join()
    other.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_many_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", MANY, str(folder)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("\n")
        writer.stdin.flush()

    def done() -> bool:
        assert all(run.state == "queued" for run in Runs(folder).all())
        return all(writer.poll() is not None for writer in writers)

    wait_for(done, every=0)
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    for writer in writers:
        writer.communicate()
    waiting = Runs(folder).queue()
    assert [run.position for run in waiting] == list(range(1, 31))
    assert len({run.id for run in waiting}) == 30
