"""The process of the server: Streamlit, which ends with the process that started it.

    python -m desktop.serve run app.py --server.port=8501

That process holds the other end of the standard input. However it ends, the system closes that end,
and no server is left that nobody can see.
"""

import os
import signal
import threading


def end_with_starter() -> None:
    """Wait for the end of the standard input; then end this process as a request to end does."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, name="starter", daemon=True).start()
    from streamlit.web import cli

    cli.main(prog_name="streamlit")
