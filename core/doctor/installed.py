"""Everything that is looked at: first Python and the packages, which needs nothing installed, then
what needs them."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from core.doctor.finding import FINE, NOTE, PROBLEM, Finding
from core.settings import REPOSITORY, Settings

REQUIREMENTS = REPOSITORY / "requirements.txt"
REMEDY = f"Run: {Path(sys.executable).name} -m pip install -r {REQUIREMENTS.name}"


def examination() -> Iterator[Finding]:
    """What is found, in the order in which one would mend it. Nothing but packages while one is
    missing. Raises SettingsError."""
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(FINE, python)
    found = list(packages(REQUIREMENTS))
    yield from found
    if any(package.state is PROBLEM for package in found):
        return
    try:
        from core.doctor.checks import examine

        yield from examine(Settings.from_environment())
    except ImportError as error:
        yield Finding(PROBLEM, f"A package is damaged. {error}", f"{REMEDY} --force-reinstall")


def packages(requirements: Path) -> Iterator[Finding]:
    """Whether what is pinned is what is installed."""
    missing, others, count = [], [], 0
    for line in requirements.read_text(encoding="utf-8").splitlines():
        package, _, marker = line.partition("; ")
        name, pinned, wanted = package.partition("==")
        if not pinned or line.startswith("#") or not _of_this_system(marker):
            continue
        count += 1
        try:
            there = version(name.split("[")[0])
            if wanted not in (there, there.partition("+")[0]):  # "+cpu" is a build, not a version
                others.append(f"{name} {there}, not {wanted}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        yield Finding(PROBLEM, f"Not installed: {', '.join(missing)}", REMEDY)
    if others:
        yield Finding(NOTE, f"Other versions than were tested: {'; '.join(others)}", REMEDY)
    if not missing and not others:
        yield Finding(FINE, f"The {count} packages are the tested versions")


def _of_this_system(marker: str) -> bool:
    """Whether a line holds here, by what stands behind its semicolon: `sys_platform != "win32"`.
    Read without the package that could, which may be among the missing."""
    found = re.fullmatch(r'sys_platform (==|!=) "(\w+)"', marker.strip())
    return found is None or (sys.platform == found[2]) == (found[1] == "==")
