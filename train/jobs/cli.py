"""`python -m train queue …`: what the Training page does, from the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from train.choices import IMAGES
from train.config import ConfigError
from train.config_files import config_in
from train.jobs.database import JobError
from train.jobs.states import Run
from train.jobs.store import Runs
from train.jobs.supervisor import ensure_supervisor
from train.presets import BY_KEY, LENGTHS, QUICK

ACTIONS = {
    "stop": "remove from the queue, or stop after the step at hand",
    "resume": "queue again, to go on after the last finished epoch",
    "up": "one place towards the front of the queue",
    "down": "one place towards its end",
    "delete": "into the bin",
    "restore": "out of the bin",
}


def add_queue_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `queue` to the commands of `python -m train`."""
    queue = commands.add_parser("queue", help="trainings one after the other, in the background")
    queue.set_defaults(run=_list)
    steps = queue.add_subparsers(metavar="STEP")
    steps.add_parser("list", help="all runs and their states (default)").set_defaults(run=_list)
    add = steps.add_parser("add", help="queue a new training")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("--preset", choices=BY_KEY)
    what.add_argument("--config", type=Path, metavar="FILE", help="a config.json")
    add.add_argument("--length", choices=LENGTHS, default=QUICK, help="of the preset")
    add.add_argument("--name", help="default: the preset's title, or the file's folder")
    add.set_defaults(run=_add)
    for action, text in ACTIONS.items():
        step = steps.add_parser(action, help=text)
        step.add_argument("id", metavar="RUN", help="its id, or a part that no other has")
        step.set_defaults(run=_act, action=action)
    log = steps.add_parser("log", help="the end of what its trainer printed")
    log.add_argument("id", metavar="RUN")
    log.add_argument("--lines", type=int, default=40)
    log.set_defaults(run=_log)


def _list(options: argparse.Namespace) -> int:
    runs = Runs.open()
    ensure_supervisor(runs)
    if runs.notice:
        print(runs.notice)
    everything = runs.all()
    if not everything:
        print("No runs yet. Queue one with: python -m train queue add --preset demo")
    for run in everything:
        leaks = " (leaks)" if run.config and run.config.split == IMAGES else ""
        print(f"{run.id:<44} {_state(run):<18} {run.name}{leaks}")
        if run.message:
            print(f"    {run.message}")
    return 0


def _state(run: Run) -> str:
    if run.state == "queued":
        return f"queued, {run.position}"
    if run.progress and run.phase == "training":
        return f"{run.state}, {run.progress.epoch}/{run.progress.epochs}"
    return run.state


def _add(options: argparse.Namespace) -> int:
    if options.preset:
        preset = BY_KEY[options.preset]
        if options.length not in preset.lengths:
            raise ConfigError(f"The preset {preset.key} has one length only: leave --length out.")
        config, name = preset.lengths[options.length], preset.title
    else:
        config, name = config_in(options.config), options.config.resolve().parent.name
    runs = Runs.open()
    print(runs.create(config, name if options.name is None else options.name))
    ensure_supervisor(runs)
    return 0


def _act(options: argparse.Namespace) -> int:
    runs = Runs.open()
    id = _found(runs, options.id).id
    match options.action:
        case "up" | "down":
            runs.move(id, -1 if options.action == "up" else 1)
        case action:
            getattr(runs, action)(id)
    ensure_supervisor(runs)
    said = {"delete": "is in the bin", "restore": "is back"}.get(options.action)
    print(f"{id} {said}" if said else f"{id}: {_state(runs.get(id))}")
    return 0


def _log(options: argparse.Namespace) -> int:
    runs = Runs.open()
    print(runs.log(_found(runs, options.id).id, options.lines))
    return 0


def _found(runs: Runs, part: str) -> Run:
    """The one run that is meant, in the bin or not."""
    everything = [*runs.all(), *runs.bin()]
    found = [r for r in everything if r.id == part] or [r for r in everything if part in r.id]
    if len(found) != 1:
        there = f"There are {len(found)} runs" if found else "There is no run"
        raise JobError(f"{there} with {part!r} in the id: see python -m train queue.")
    return found[0]
