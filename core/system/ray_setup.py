"""What everything on a Ray cluster has in common, trainings and photos alike."""

import os
from typing import Any

from core.settings import REPOSITORY

NOT_CODE = ("weights", "data", "runs", "pretrained", "docs", "tests", "benchmarks", ".venv", ".git")
"""Folders of the repository that a cluster is not sent."""


def ask_with_token() -> None:
    """Before Ray is imported: talk only to clusters that ask for a token, unless the environment
    says otherwise. Whoever may hand over work may run any program there."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


def runtime_environment(variables: dict[str, str]) -> dict[str, Any]:
    """Ray's runtime environment: the code, which is sent along, and environment variables."""
    return {
        "working_dir": str(REPOSITORY),
        "excludes": [f"/{name}" for name in NOT_CODE],
        "env_vars": variables,
    }
