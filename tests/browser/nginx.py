"""The shipped configuration of nginx (`deploy/nginx.conf`), running before an app for a while."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "deploy" / "nginx.conf"
NAME, USER, PASSWORD = "lab.example.org", "class", "a password"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
OPENSSL = shutil.which("openssl")


@contextlib.contextmanager
def running(folder: Path, *app_ports: int) -> Iterator[tuple[int, int]]:
    """nginx with a certificate of its own before one app or several: the ports of HTTPS and HTTP.
    Everything that it writes goes below the folder."""
    assert NGINX
    assert OPENSSL
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", f"/CN={NAME}",
         "-addext", f"subjectAltName=DNS:{NAME}"],
        check=True, capture_output=True,
    )  # fmt: skip
    hashed = subprocess.run(
        [OPENSSL, "passwd", "-apr1", PASSWORD], check=True, capture_output=True, text=True
    ).stdout.strip()
    (folder / "passwords").write_text(f"{USER}:{hashed}\n")
    https, http = _free_ports(2)
    site = CONFIG.read_text(encoding="utf-8")
    for given, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{https} ssl"),
        ("listen 80", f"listen 127.0.0.1:{http}"),
        ("/etc/ssl/certs/lesionlab.pem", str(certificate)),
        ("/etc/ssl/private/lesionlab.key", str(key)),
        ("/etc/nginx/lesionlab.passwords", str(folder / "passwords")),
        ("server 127.0.0.1:8501;", " ".join(f"server 127.0.0.1:{port};" for port in app_ports)),
    ):
        assert given in site, given
        site = site.replace(given, ours)
    (folder / "site.conf").write_text(site)
    (folder / "temporary").mkdir()
    places = "\n".join(
        f"    {name}_temp_path {folder}/temporary/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.name == "posix" and os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\n"
        f"error_log {folder}/error.log;\nevents {{}}\nhttp {{\n    access_log off;\n{places}\n"
        f"    include {folder}/site.conf;\n}}\n"
    )
    log = folder / "error.log"
    process = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", log])
    try:
        wait_for(lambda: _answers(https) or process.poll() is not None)
        assert process.poll() is None, f"nginx did not start:\n{log.read_text()}"
        yield https, http
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except OSError:
        return False
    return True


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
