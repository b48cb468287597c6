"""A real nginx in front of the page for the browser tests, configured as in ``deploy/``."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.browser import harness

HOST = "127.0.0.1"
CONFIGURATION = harness.ROOT / "deploy" / "nginx"
MAIN = """\
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
  include /etc/nginx/mime.types;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  include {folder}/emotion.conf;
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its address, that of its redirect, and where its logs are."""

    url: str
    plain_url: str
    folder: Path

    def access_log(self) -> str:
        """The requests that it wrote down."""
        return (self.folder / "emotion.log").read_text()


@contextlib.contextmanager
def proxy(folder: Path, server: harness.Server) -> Iterator[Proxy]:
    """nginx with TLS on free ports in front of a server, until the block is left."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if path is None:
        raise RuntimeError(
            "nginx is not installed, and the proxy's tests need it: `make test` installs it, or "
            "`apt-get install nginx-light` does."
        )
    https, http = _free_port(), _free_port()
    _configure(folder, server, https, http)
    with (folder / "stderr.log").open("wb") as log:
        process = subprocess.Popen([path, "-c", str(folder / "nginx.conf")], stdout=log, stderr=log)
    running = Proxy(f"https://{HOST}:{https}", f"http://{HOST}:{http}", folder)
    try:
        _wait_until_it_answers(running, process)
        yield running
    finally:
        harness.end(process)


def unverified() -> ssl.SSLContext:
    """Accepts the test's own certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _configure(folder: Path, server: harness.Server, https: int, http: int) -> None:
    """Writes a copy of the configuration with places and ports of the test."""
    text = (CONFIGURATION / "emotion.conf").read_text(encoding="utf-8")
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)
    for old, new in (
        ("listen 80 ", f"listen {HOST}:{http} "),
        ("listen 443 ", f"listen {HOST}:{https} "),
        ("/etc/nginx/emotion/", f"{folder}/"),
        ("/etc/nginx/tls/", f"{folder}/"),
        ("/var/log/nginx/", f"{folder}/"),
        ("client_header_timeout 10s", "client_header_timeout 120s"),  # a loaded machine
    ):
        assert old in text
        text = text.replace(old, new)
    (folder / "emotion.conf").write_text(text)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
    shutil.copy(CONFIGURATION / "security_headers.conf", folder)
    upstream = (CONFIGURATION / "upstream.conf").read_text()
    address = server.url.removeprefix("http://")
    (folder / "upstream.conf").write_text(upstream.replace("127.0.0.1:8501", address))
    _write_certificate(folder)


def _write_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    alternative = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternative, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(
    running: Proxy, process: subprocess.Popen[bytes], timeout_s: float = 30
) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end and process.poll() is None:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(running.url, timeout=2, context=unverified()),
        ):
            return
        time.sleep(0.1)
    log = (running.folder / "stderr.log").read_text()
    raise RuntimeError(f"nginx did not start:\n{log}")
