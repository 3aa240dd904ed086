"""The processes behind the queue, not for people: `supervise`, and `work ID`. They are apart from
`python -m train` because they should start quickly and, the first, stay small."""

import sys

from core.settings import Settings, SettingsError
from train.jobs.database import JobError
from train.jobs.store import Runs
from train.jobs.supervisor import Supervisor
from train.jobs.worker import work


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    try:
        folder = Settings.from_environment().runs
        match arguments:
            case ["supervise"]:
                Supervisor(folder).run()
                return 0
            case ["work", id]:
                return work(Runs(folder), id)
    except (JobError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    print("usage: python -m train.jobs supervise | work ID", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
