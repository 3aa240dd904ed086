"""A batch in the background: it ends, can be cancelled, rejects by name and stays small."""

from __future__ import annotations

import codecs
import csv
import io
import threading
import time
import zipfile
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from core.answer.analyser import Analysis
from core.batch import batch_store
from core.batch import batches as jobs
from core.batch.batch_store import BatchStore
from core.batch.batches import BatchError, BatchJob
from core.batch.sources import Source
from core.batch.tables import header
from core.imaging.image import ImageError, LesionImage, to_jpeg, to_png
from core.lesion.measure import measure
from core.lesion.phantom import practice_set
from core.report.downloads import DISCLAIMER
from core.system.fair_queue import BusyError, FairQueue
from core.taxonomy import KEYS
from tests.waiting import PATIENCE, ended, wait_for

RGB = np.ascontiguousarray(practice_set()[0].image.rgb[::4, ::4])
PHOTO = to_jpeg(RGB)


def analysis(image: LesionImage) -> Analysis:
    """An answer as the models give it: basal cell carcinoma, though a naevus is likelier."""
    logits = np.full((32, 32), -1.0, np.float32)
    logits[8:24, 8:24] = 1
    return Analysis(
        digest=image.digest,
        classes=KEYS,
        probabilities=np.array([0.05, 0.3, 0.05, 0.05, 0.1, 0.4, 0.05], np.float32),
        prediction="bcc",
        evidence=np.zeros((7, 6, 6), np.float32),
        mask_logits=logits,
        width=image.width,
        height=image.height,
        measurements=measure(logits > 0, np.full((*logits.shape, 3), 120, np.uint8))[0],
        embedding=np.zeros(16, np.float32),
        novelty=0.1,
        domain="familiar",
        models={},
    )


def source(name: str = "a.jpg", data: bytes = PHOTO) -> Source:
    return Source(name, lambda: data, len(data))


def job_of(
    sources: list[Source],
    analyse: Callable[[LesionImage], Analysis] = analysis,
    turns: FairQueue | None = None,
) -> BatchJob:
    return BatchJob(sources, KEYS, analyse, turns or FairQueue())


def finished(*arguments, **options) -> BatchJob:
    job = job_of(*arguments, **options)
    job.start()
    assert ended(job)
    return job


@pytest.fixture
def gate() -> Iterator[threading.Semaphore]:
    """Lets as many photos through as it is released for; all of them after the test."""
    semaphore = threading.Semaphore(0)
    yield semaphore
    semaphore.release(10_000)


def gated(gate: threading.Semaphore) -> Callable[[LesionImage], Analysis]:
    def analyse(image: LesionImage) -> Analysis:
        assert gate.acquire(timeout=PATIENCE)
        return analysis(image)

    return analyse


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))


def test_every_file_ends_up_analysed_or_rejected_with_a_reason():
    job = finished(
        [source(), source("text.jpg", b"words"), source("empty.jpg", b""), source("b.jpg")]
    )
    progress = job.progress
    assert (progress.total, progress.analysed, progress.rejected) == (4, 2, 2)
    assert progress.state == "finished"
    assert progress.seconds_left is None
    assert [photo.name for photo in job.photos] == ["a.jpg", "b.jpg"]
    assert [r.name for r in job.rejected] == ["text.jpg", "empty.jpg"]
    assert all(r.reason.endswith(".") for r in job.rejected)


def test_a_photo_is_kept_as_what_is_shown_of_it():
    (photo,) = finished([source()]).photos
    assert (photo.prediction, photo.most_probable) == ("bcc", "nv")
    assert photo.probability == pytest.approx(0.3)
    assert photo.malignant == pytest.approx(0.45), "akiec, bcc and mel"
    with Image.open(io.BytesIO(photo.mask)) as mask:
        assert mask.size == (150, 113)
        assert set(np.unique(np.asarray(mask))) == {0, 255}
    with Image.open(io.BytesIO(photo.thumbnail)) as thumbnail:
        assert (thumbnail.format, max(thumbnail.size)) == ("JPEG", jobs.THUMBNAIL_PX)
    assert (photo.copy, photo.reduced) == (PHOTO, False)


def test_of_a_large_file_a_small_copy_is_kept():
    large = to_png(np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8))
    (photo,) = finished([source("large.png", large)]).photos
    assert photo.reduced
    assert len(photo.copy) < len(large)
    with Image.open(io.BytesIO(photo.copy)) as copy:
        assert max(copy.size) == jobs.KEPT_PX
    with Image.open(io.BytesIO(photo.mask)) as mask:
        assert mask.size == (1200, 900), "the mask has the photo's own size"


def test_copies_of_a_batch_are_bounded_and_answers_go_on(monkeypatch):
    monkeypatch.setattr(jobs, "KEPT_BYTES", 2 * len(PHOTO))
    photos = finished([source() for _ in range(4)]).photos
    assert [photo.copy is not None for photo in photos] == [True, True, False, False]
    assert all(photo.thumbnail and photo.mask for photo in photos)


def test_files_are_let_go_once_read(gate):
    job = job_of([source() for _ in range(3)], gated(gate))
    assert job.nbytes == 3 * len(PHOTO)
    job.start()
    gate.release(3)
    assert ended(job)
    assert job.nbytes == sum(photo.nbytes for photo in job.photos)


def test_photos_of_the_same_name_are_told_apart_everywhere():
    job = finished([source("x/a.jpg"), source("y/a.jpg"), source("x/a.jpg"), source("x/A.png")])
    assert [p.name for p in job.photos] == ["x/a.jpg", "y/a.jpg", "x/a.jpg (2)", "x/A.png"]
    assert [p.image for p in job.photos] == ["a", "a_2", "a_3", "A_4"]
    table = rows(job.predictions_csv())
    assert [r["image"] for r in table] == ["a", "a_2", "a_3", "A_4"]
    assert [r["file"] for r in table] == [p.name for p in job.photos]


def test_a_numbered_name_that_is_taken_is_passed_over():
    names = ["a.jpg", "a_2.jpg", "a.jpg"]
    assert [p.image for p in finished([source(n) for n in names]).photos] == ["a", "a_2", "a_3"]


def test_the_table_has_the_columns_of_the_command_and_safe_names():
    job = finished([source("-1+1.jpg"), source("=cmd.jpg", b"words")])
    (row,) = rows(job.predictions_csv())
    assert list(row) == header(KEYS)
    assert (row["image"], row["file"]) == ("'-1_1", "'-1+1.jpg")
    assert row["note"] == DISCLAIMER
    assert job.predictions_csv().startswith(codecs.BOM_UTF8), "by which Excel knows UTF-8"
    assert float(row["bcc"]) == pytest.approx(0.3)
    assert row["in_domain"] == "true"
    assert 0 < float(row["area_share"]) < 1
    (rejected,) = rows(job.rejected_csv())
    assert list(rejected) == ["file", "reason"]
    assert rejected["file"] == "'=cmd.jpg"


def test_the_archive_of_results_has_masks_tables_and_the_disclaimer():
    job = finished([source("../up/ä b?.jpg"), source("c.jpg"), source("text.jpg", b"words")])
    with zipfile.ZipFile(io.BytesIO(job.results_zip())) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert sorted(names[3:]) == ["masks/c.png", "masks/ä_b.png"]
        assert archive.read("README.txt").decode().startswith(DISCLAIMER)
        table = rows(archive.read("predictions.csv"))
        assert {f"masks/{row['image']}.png" for row in table} == set(names[3:])
        assert len(rows(archive.read("rejected.csv"))) == 1
        with Image.open(io.BytesIO(archive.read("masks/c.png"))) as mask:
            assert mask.info["Disclaimer"] == DISCLAIMER


def test_progress_counts_and_tells_the_time_left(gate):
    job = job_of([source() for _ in range(10)], gated(gate))
    began = time.monotonic()
    job.start()
    assert job.progress.state == "running"
    assert job.progress.seconds_left is None
    gate.release(4)
    wait_for(lambda: job.progress.done == 4)
    progress = job.progress
    assert (progress.state, progress.total) == ("running", 10)
    elapsed = progress.seconds_left * 4 / 6
    assert 0 < elapsed <= time.monotonic() - began
    gate.release(6)
    assert ended(job)
    assert job.progress.state == "finished"


def test_what_is_done_before_a_cancel_stays(gate):
    job = job_of([source() for _ in range(10)], gated(gate))
    job.start()
    gate.release(2)
    wait_for(lambda: job.progress.done == 2)
    job.cancel()
    assert job.stopping
    gate.release()  # the photo at work comes to its end
    assert ended(job)
    assert job.progress.state == "cancelled"
    assert len(job.photos) == len(rows(job.predictions_csv())) == 3
    assert job.nbytes == sum(photo.nbytes for photo in job.photos), "files not read are let go"


def test_a_cancel_ends_the_wait_for_a_turn():
    turns = FairQueue()
    with turns.take():
        job = job_of([source()], turns=turns)
        job.start()
        wait_for(lambda: len(turns.turns) == 2)
        job.cancel()
        assert ended(job)
        assert len(turns.turns) == 1, "its place is given back"
    assert job.progress.done == 0


def test_a_full_queue_is_waited_for_not_a_reason_to_reject():
    turns = FairQueue(waiting=0)
    with turns.take():
        job = job_of([source()], turns=turns)
        job.start()
        assert not ended(job, 0.2)
    assert ended(job)
    assert job.progress.analysed == 1
    with turns.take():
        job = job_of([source()], turns=turns)
        job.start()
        job.cancel()
        assert ended(job)


def test_another_visitor_comes_in_between_two_photos(gate):
    turns = FairQueue()
    job = job_of([source() for _ in range(5)], gated(gate), turns)
    job.start()
    wait_for(lambda: bool(turns.turns))
    with turns.take() as visitor:
        assert visitor.ahead == 1
        gate.release()
        assert visitor.wait(PATIENCE)
        assert job.progress.done <= 1, "the second photo of the batch waits"
    gate.release(4)
    assert ended(job)


def test_a_photo_that_fails_unexpectedly_is_rejected_and_logged(caplog):
    def analyse(image: LesionImage) -> Analysis:
        if image.name == "bad.jpg":
            raise ZeroDivisionError
        return analysis(image)

    job = finished([source("bad.jpg"), source()], analyse)
    assert [r.name for r in job.rejected] == ["bad.jpg"]
    assert "unexpected" in job.rejected[0].reason
    assert "ZeroDivisionError" in caplog.text
    assert len(job.photos) == 1


def test_a_source_that_cannot_be_read_is_rejected():
    def gone() -> bytes:
        raise FileNotFoundError(2, "No such file", "gone.jpg")

    def refused() -> bytes:
        raise ImageError("This file is locked.")

    job = finished([Source("gone.jpg", gone), Source("locked.jpg", refused), source()])
    assert [r.name for r in job.rejected] == ["gone.jpg", "locked.jpg"]
    assert job.rejected[1].reason == "This file is locked."


def test_a_batch_of_nothing_of_too_many_or_too_large_ones_does_not_start(monkeypatch):
    with pytest.raises(BatchError, match="no photo"):
        job_of([])
    monkeypatch.setattr(jobs, "MAX_PHOTOS", 2)
    with pytest.raises(BatchError, match=r"These are 3 files; .* at most 2\."):
        job_of([source() for _ in range(3)])
    monkeypatch.setattr(jobs, "MAX_BATCH_BYTES", 2 * len(PHOTO) - 1)
    with pytest.raises(BatchError, match="MB together"):
        job_of([source(), source()])


def start_finished(store: BatchStore, count: int = 1) -> str:
    key = store.start(job_of([source() for _ in range(count)]))
    assert ended(store.get(key))
    return key


def test_ids_are_long_and_lead_to_their_batch_only():
    store = BatchStore()
    first, second = start_finished(store), start_finished(store)
    assert first != second
    assert len(first) >= 22, "128 bits"
    assert store.get(first) is not store.get(second)
    assert store.get("") is None
    assert store.get("unknown") is None


def test_the_oldest_finished_batches_make_room(monkeypatch):
    monkeypatch.setattr(batch_store, "STORE_BATCHES", 2)
    store = BatchStore()
    first, second, third = (start_finished(store) for _ in range(3))
    assert store.get(first) is None
    assert store.get(second)
    assert store.get(third)


def test_memory_of_batches_is_bounded(monkeypatch):
    size = finished([source()]).nbytes
    monkeypatch.setattr(batch_store, "STORE_BYTES", 3 * size)
    store = BatchStore()
    keys = [start_finished(store) for _ in range(6)]
    alive = [store.get(key) for key in keys if store.get(key)]
    assert 1 <= len(alive) <= 3
    assert store.get(keys[-1])
    assert sum(job.nbytes for job in alive) <= 3 * size


def test_finished_batches_take_little_beside_a_new_one(monkeypatch):
    size = finished([source()]).nbytes
    monkeypatch.setattr(batch_store, "FINISHED_BYTES", 2 * size)
    store = BatchStore()
    keys = [start_finished(store) for _ in range(6)]
    alive = [key for key in keys if store.get(key)]
    assert alive == keys[-len(alive) :]
    assert 1 <= len(alive) <= 3, "those that were there, and the new one"


def test_a_running_batch_is_never_forgotten_a_new_one_is_refused(gate, monkeypatch):
    monkeypatch.setattr(batch_store, "STORE_BATCHES", 2)
    store = BatchStore()
    running = store.start(job_of([source()], gated(gate)))
    old = start_finished(store)
    new = store.start(job_of([source()], gated(gate)))
    assert store.get(old) is None
    with pytest.raises(BusyError, match="Try again in a few minutes"):
        store.start(job_of([source()]))
    assert store.get(running)
    assert store.get(new)


def test_a_batch_that_is_forgotten_stops(gate):
    store = BatchStore()
    key = store.start(job_of([source() for _ in range(5)], gated(gate)))
    job = store.get(key)
    store.forget(key)
    store.forget(key)
    gate.release()
    assert ended(job)
    assert store.get(key) is None
    assert job.progress.done <= 1


def test_a_batch_may_be_forgotten_while_another_starts():
    """Another visitor's Clear arrives while the store adds up what its batches take."""
    store, clearing = BatchStore(), []

    class Meddling(BatchJob):
        @property
        def nbytes(self) -> int:
            if not clearing:
                clearing.append(threading.Thread(target=store.forget, args=(last,)))
                clearing[0].start()
                clearing[0].join(0.3)
            return 0

    first = finished([source()])
    first.__class__ = Meddling
    store._jobs["first"] = first
    last = "last"
    store._jobs[last] = finished([source()])
    assert start_finished(store)
    clearing[0].join(PATIENCE)
    assert store.get(last) is None
