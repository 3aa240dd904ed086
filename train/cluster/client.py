"""Ray's Jobs API, with errors that tell a person what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.system.ray_setup import ask_with_token
from train.config import ConfigError

REQUEST_SECONDS = 30.0

HOW_TO_AUTHORISE = (
    "refuses this computer. Both must have the same token: on the cluster run `ray get-auth-token "
    "--generate`, and copy ~/.ray/auth_token here"
)


class ClusterError(ConfigError):
    """The cluster cannot be used so, or the training failed there; the message says why."""


class UnreachableError(ClusterError):
    """The cluster does not answer: nothing is known of what runs there."""


class NoSuchJobError(ClusterError):
    """The cluster does not know the job: it has been restarted."""


class Client:
    """A cluster.

    Args:
        address: of its dashboard, `http://HOST:8265`.

    Raises:
        ClusterError: Ray is not installed here.
        UnreachableError: it does not answer, or refuses. So does every method.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        ask_with_token()
        try:
            from ray.job_submission import JobSubmissionClient
        except ImportError as error:
            raise ClusterError(
                "LESIONLAB_RAY is set, but Ray is not installed: pip install -r "
                "requirements-ray.txt, or unset it."
            ) from error

        class Patient(JobSubmissionClient):
            """Gives up on a host that swallows requests; Ray's own would wait for ever."""

            def _do_request(self, *arguments: Any, **options: Any) -> Any:
                return super()._do_request(*arguments, **{"timeout": REQUEST_SECONDS, **options})

        with self._errors():
            self._jobs = Patient(address)

    def submit(self, job: str, entrypoint: str, environment: dict[str, Any]) -> None:
        """Hand over a job. `environment` is Ray's runtime environment."""
        with self._errors():
            self._jobs.submit_job(entrypoint=entrypoint, submission_id=job, runtime_env=environment)

    def status(self, job: str) -> str:
        """`PENDING`, `RUNNING`, `STOPPED`, `SUCCEEDED` or `FAILED`. Raises NoSuchJobError."""
        with self._errors():
            return str(self._jobs.get_job_status(job).value)

    def log(self, job: str) -> str:
        """All that the job printed. Raises NoSuchJobError."""
        with self._errors():
            return str(self._jobs.get_job_logs(job))

    def stop(self, job: str) -> None:
        """End the job and its processes. Raises NoSuchJobError."""
        with self._errors():
            self._jobs.stop_job(job)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from ray.exceptions import AuthenticationError
        from requests import RequestException

        where = f"The Ray cluster at {self.address}"
        try:
            yield
        except AuthenticationError as error:
            raise UnreachableError(f"{where} {HOW_TO_AUTHORISE}.") from error
        except (ConnectionError, RequestException) as error:
            raise UnreachableError(
                f"{where} does not answer. Is it running, and is LESIONLAB_RAY its dashboard's "
                "address?"
            ) from error
        except RuntimeError as error:
            if "status code 404" in str(error):
                raise NoSuchJobError(f"{where} does not know the job.") from error
            raise UnreachableError(f"{where} answers with an error: {error}") from error
