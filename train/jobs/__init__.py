"""Trainings as jobs: a queue that survives browser, server and power cuts, and tells no lies.

Nothing here imports torch or Streamlit, so that a web page may use all of it.

    runs = Runs.open()                     # the folder LESIONLAB_RUNS names
    id = runs.create(config, "My first")   # queued
    ensure_supervisor(runs)                # someone takes the queue's head
    runs.get(id).state                     # "queued", "running", …

`store` keeps names and the queue in SQLite (`database`), `core.system.locks` tells who lives,
`states` derives from both what a run is doing; `supervisor` starts one training after the other,
`worker` is the process that trains, `watch` what it tells meanwhile, `words` what it says at its
end.
"""

from train.jobs.database import JobError
from train.jobs.states import ACTIVE, Run, State
from train.jobs.store import Runs
from train.jobs.supervisor import ensure_supervisor

__all__ = ["ACTIVE", "JobError", "Run", "Runs", "State", "ensure_supervisor"]
