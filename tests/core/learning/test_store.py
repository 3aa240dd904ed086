"""Answers that were confirmed are kept, and only their owner reads them."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.learning.cases import QuizCase
from core.learning.database import FILE, SCHEMA, LearningError
from core.learning.export import COLUMNS, answers_csv
from core.learning.outlines import Drawn, OutlineScores, Overlap, Painted
from core.learning.records import OUTLINED, SKIPPED, Said
from core.learning.store import LONGEST_NICKNAME, Store, clean_nickname, hashed
from core.system.ownership import claim
from core.system.storage import ANSWERS

CASES = [QuizCase(f"image-{n}", f"lesion-{n}", "mel") for n in range(3)]
SAID = Said("nv", {"nv": 0.9, "mel": 0.1}, "abc")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "learning")


def everything(store: Store) -> bytes:
    """All that lies in the files of its database."""
    return b"".join(path.read_bytes() for path in store.database.path.parent.glob(f"{FILE}*"))


def test_a_quiz_goes_on_where_it_was_left(store: Store, tmp_path: Path) -> None:
    me = store.profile("browser", "Anna")
    quiz = store.start(me, "with_ai", "hard", CASES)
    assert store.answer(me, quiz, 0, "first", "nv", 0.6, 4.2)
    again = Store(tmp_path / "learning")
    same = again.profiles("browser")[0]
    found = again.unfinished(same)
    assert found.id == quiz
    assert (found.current.position, found.current.first, found.current.second) == (0, "nv", None)
    again.model_said(same, quiz, 0, SAID)
    assert again.answer(same, quiz, 0, "second", "mel", 0.8, 2.0)
    again.close(same, quiz, 0)
    assert again.unfinished(same).current.position == 1
    for position in (1, 2):
        store.answer(me, quiz, position, "first", "mel", 0.95, 1.0)
        store.close(me, quiz, position)
    assert store.unfinished(me) is None
    first, *rest = store.answers(me)
    assert (first.first, first.second, first.final, first.said) == ("nv", "mel", "mel", SAID)
    assert (first.mode, first.level, first.right) == ("with_ai", "hard", False)
    assert [a.right for a in rest] == [True, True]


def test_what_was_said_once_stays(store: Store) -> None:
    me = store.profile("browser", "Anna")
    quiz = store.start(me, "alone", "balanced", CASES)
    assert not store.answer(me, quiz, 0, "second", "mel", 0.8, 1.0)
    store.close(me, quiz, 0)
    assert store.quiz(me, quiz).current.position == 0  # nothing was answered yet
    assert store.answer(me, quiz, 0, "first", "nv", 0.2, 1.0)
    assert not store.answer(me, quiz, 0, "first", "mel", 0.95, 1.0)
    assert [a.first for a in store.answers(me)] == ["nv"]


def test_nobody_reads_or_writes_anothers_answers(store: Store) -> None:
    mine, yours = store.profile("unmistakable", "Anna"), store.profile("two", "Anna")
    assert mine.id != yours.id
    quiz = store.start(mine, "alone", "balanced", CASES)
    store.answer(mine, quiz, 0, "first", "mel", 0.8, 1.0)
    assert store.answers(yours) == store.answers(yours, quiz) == []
    assert store.quiz(yours, quiz) is None
    assert store.unfinished(yours) is None
    for write in (
        lambda: store.answer(yours, quiz, 1, "first", "mel", 0.8, 1.0),
        lambda: store.close(yours, quiz, 0),
        lambda: store.model_said(yours, quiz, 0, SAID),
    ):
        with pytest.raises(LearningError):
            write()
    store.end(yours, quiz)
    assert store.unfinished(mine).id == quiz
    store.delete_profile(yours)
    assert len(store.answers(mine)) == 1
    assert [p.nickname for p in store.profiles("unmistakable")] == ["Anna"]
    assert b"unmistakable" not in everything(store)


def test_all_is_deleted_without_a_trace(store: Store) -> None:
    me = store.profile("browser", "Somebody Unmistakable")
    quiz = store.start(me, "alone", "balanced", CASES)
    store.answer(me, quiz, 0, "first", "mel", 0.8, 1.0)
    store.delete_profile(me)
    assert store.profiles("browser") == []
    left = everything(store)
    assert b"Unmistakable" not in left
    assert b"image-0" not in left


def test_a_new_quiz_ends_the_one_before_and_a_case_can_be_skipped(store: Store) -> None:
    me = store.profile("browser", "Anna")
    old = store.start(me, "alone", "balanced", CASES)
    new = store.start(me, "clock", "balanced", CASES)
    assert store.unfinished(me).id == new
    assert store.quiz(me, old).current is None
    store.skip(me, new, 0)
    assert store.unfinished(me).current.position == 1
    assert [a.first for a in store.answers(me)] == [SKIPPED]


def test_nicknames() -> None:
    assert clean_nickname("  Jörg \n\u202e the\x00 2nd ") == "Jörg the 2nd"
    assert len(clean_nickname("x" * 99)) == LONGEST_NICKNAME
    for nothing in ("", "  ", "\x00", "…"):
        with pytest.raises(LearningError):
            clean_nickname(nothing)


def test_capitals_make_nobody_else(store: Store) -> None:
    zoe = store.profile("browser", "Zoë")
    for same in ("Zoë", "zoë", "ZOË", "Zoe\u0308"):
        assert store.profile("browser", same) == zoe
    assert store.profile("browser", "Zoe") != zoe
    assert len(store.profiles("browser")) == 2


WRITER = """
import sys
from pathlib import Path
from core.learning.cases import QuizCase
from core.learning.store import Store
store = Store(Path(sys.argv[1]))
me = store.profile("browser", "Anna")
quiz = store.start(me, "alone", "balanced", [QuizCase(str(n), str(n), "mel") for n in range(10**4)])
for n in range(10**4):
    store.answer(me, quiz, n, "first", "mel", 0.8, 1.0)
    print(n, flush=True)
    store.close(me, quiz, n)
"""


@pytest.mark.skipif(os.name == "nt", reason="processes end otherwise there")
def test_killed_at_any_moment_no_confirmed_answer_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "learning"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    confirmed = [int(writer.stdout.readline()) for _ in range(10)]
    writer.send_signal(signal.SIGKILL)
    confirmed += [int(line) for line in writer.stdout.read().splitlines() if line.isdigit()]
    writer.wait()
    store = Store(folder)
    me = store.profiles("browser")[0]
    kept = [int(a.image) for a in store.answers(me)]
    assert set(confirmed) <= set(kept)
    found = store.unfinished(me)
    assert found.current.position in (kept[-1], kept[-1] + 1)
    assert store.answer(me, found.id, kept[-1] + 1, "first", "nv", 0.6, 1.0)


def test_many_at_once(store: Store) -> None:
    def practise(number: int) -> int:
        me = store.profile(f"browser {number}", "Anna")
        quiz = store.start(me, "alone", "balanced", CASES)
        for position in range(3):
            store.answer(me, quiz, position, "first", "mel", 0.8, 1.0)
            store.close(me, quiz, position)
        return len(store.answers(me))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(practise, range(12))) == [3] * 12


def test_folders_and_files_of_others_are_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "photos"
    foreign.mkdir()
    (foreign / "holiday.jpg").write_bytes(b"1")
    with pytest.raises(LearningError, match="LESIONLAB_LEARNING"):
        Store(foreign)
    assert [p.name for p in foreign.iterdir()] == ["holiday.jpg"]
    folder = tmp_path / "learning"
    path = Store(folder).database.path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LearningError, match="newer"):
        Store(folder)
    connection.close()
    for log in folder.glob(f"{FILE}-*"):
        log.unlink()
    whole = path.read_bytes()
    name = whole[whole.index(b"CREATE TABLE ") :].split()[2].split(b"(")[0]
    path.write_bytes(
        whole.replace(name, name[:-1] + b"\xb5").replace(b"CREATE TABLE", b"CREATE TABLF")
    )
    with pytest.raises(LearningError, match="damaged"):
        Store(folder)
    path.write_bytes(b"this is no database" * 100)
    with pytest.raises(LearningError, match="damaged"):
        Store(folder)
    assert path.read_bytes().startswith(b"this is no")


@pytest.mark.parametrize("version", [0, 1])
def test_a_file_with_other_tables_is_left_alone(tmp_path: Path, version: int) -> None:
    path = Store(tmp_path / "learning").database.path
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE holidays (day TEXT)")
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LearningError, match="left alone"):
        Store(path.parent)
    assert path.read_bytes() == before


def test_a_failed_look_does_not_speak_of_saving(store: Store) -> None:
    with sqlite3.connect(store.database.path) as connection:
        connection.execute("DROP TABLE class_answers")
        connection.execute("ALTER TABLE profiles RENAME TO others")
    with pytest.raises(LearningError) as raised, store.database.read() as connection:
        connection.execute("SELECT * FROM profiles")
    assert "saved" not in str(raised.value)


def test_a_table_to_take_home(store: Store) -> None:
    me = store.profile("browser", "Anna")
    quiz = store.start(me, "with_ai", "hard", [QuizCase("=1+1", "lesion", "mel"), *CASES])
    store.answer(me, quiz, 0, "first", "nv", 0.6, 4.25)
    store.model_said(me, quiz, 0, SAID)
    store.answer(me, quiz, 0, "second", "mel", 0.8, 2.0)
    header, row = answers_csv(store.answers(me)).decode("utf-8-sig").splitlines()
    assert header.split(",") == [*COLUMNS, "note"]
    cells = dict(zip(header.split(","), row.split(",", len(COLUMNS)), strict=True))
    assert cells["image"] == "'=1+1"
    assert (cells["answer"], cells["right"], cells["right_after_ai"]) == ("nv", "False", "True")
    assert "teaching only" in cells["note"]
    assert answers_csv([]).decode("utf-8-sig").splitlines() == [header]


POINTS = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6))
PAINTED = Painted(3, 4, (3, 2, 4, 3))
SCORES = OutlineScores(Overlap(0.5, 0.6667), Overlap(0.25, 0.4), Overlap(0.75, 0.8571))


def test_outlines_are_kept_as_answers_are(store: Store, tmp_path: Path) -> None:
    mine, yours = store.profile("one", "Anna"), store.profile("two", "Anna")
    quiz = store.start(mine, "draw", "balanced", CASES)
    with pytest.raises(LearningError):
        store.outline(yours, quiz, 0, POINTS, 1.0)
    assert store.outline(mine, quiz, 0, POINTS, 12.0)
    assert not store.outline(mine, quiz, 0, POINTS[::-1], 1.0)  # what was drawn once stays
    assert not store.outline(mine, quiz, 0, PAINTED, 1.0)
    again = Store(tmp_path / "learning")
    step = again.unfinished(again.profiles("one")[0]).current
    assert (step.position, step.drawn) == (0, Drawn(POINTS))
    alone = OutlineScores(SCORES.student, None, None)
    with pytest.raises(LearningError):
        again.outline_scored(yours, quiz, 0, alone, "")
    for scores, weights in ((alone, ""), (SCORES, "abc"), (alone, "other")):
        again.outline_scored(mine, quiz, 0, scores, weights)
    (only,) = store.answers(mine)
    assert (only.first, only.drawn) == (OUTLINED, Drawn(POINTS, SCORES))
    again.close(mine, quiz, 0)
    assert again.unfinished(mine).current.position == 1
    header, row = answers_csv([only]).decode("utf-8-sig").splitlines()
    (cells,) = csv.DictReader([header, row])
    assert json.loads(cells["outline"]) == [list(p) for p in POINTS]
    assert (cells["iou_with_expert"], cells["model_dice_with_expert"]) == ("0.5", "0.8571")
    assert cells["right"] == ""
    again.delete_profile(mine)
    with again.database.read() as connection:
        assert connection.execute("SELECT count(*) FROM outlines").fetchone()[0] == 0
    left = b"".join(p.read_bytes() for p in store.database.path.parent.glob(f"{FILE}*"))
    assert b"[0.2, 0.2]" not in left


def test_answers_of_an_earlier_version_stay(tmp_path: Path) -> None:
    folder = tmp_path / "learning"
    claim(folder, ANSWERS)
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
        connection.executescript(f"{SCHEMA}; PRAGMA user_version = 1")
        connection.execute("INSERT INTO profiles VALUES ('p', ?, 'Anna', 1.0)", (hashed("one"),))
        connection.execute("INSERT INTO quizzes VALUES ('q', 'p', 'alone', 'hard', 1.0, NULL)")
        connection.execute(
            "INSERT INTO cases VALUES ('q', 0, 'i', 'l', 'mel', NULL, NULL, NULL, NULL)"
        )
        connection.execute("INSERT INTO answers VALUES ('q', 0, 'first', 'nv', 0.6, 4.0, 2.0)")
    with ThreadPoolExecutor(8) as pool:  # of those who open it first only one adds what is new
        stores = list(pool.map(lambda _: Store(folder), range(8)))
    (me,) = stores[0].profiles("one")
    assert [(a.first, a.drawn) for a in stores[1].answers(me)] == [("nv", None)]
    quiz = stores[2].start(me, "draw", "balanced", CASES)
    assert stores[3].outline(me, quiz, 0, POINTS, 1.0)
