"""The files of ``deploy/`` agree with the program and with each other."""

import base64
import hashlib
import re
import tomllib
from pathlib import Path

import streamlit

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def text(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def test_the_policy_allows_streamlits_own_inline_script_and_no_other() -> None:
    index = Path(streamlit.__file__).parent / "static" / "index.html"
    scripts = re.findall(r"<script>(.*?)</script>", index.read_text(encoding="utf-8"), re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    allowed = re.findall(r"'sha256-([^']+)'", text("nginx/emotion.conf"))
    assert allowed == digests


def test_base_images_are_pinned_by_digest_and_alike() -> None:
    images = re.findall(r"^ +image: (\S+/\S+)$", text("compose.yaml"), re.MULTILINE)
    bases = [
        base
        for name in ("Dockerfile", "huggingface/Dockerfile")
        for base in re.findall(r"^(?:ARG BASE=|FROM )(docker\S+)$", text(name), re.MULTILINE)
    ]
    assert (len(images), len(bases), len(set(bases))) == (2, 2, 1)
    for image in images + bases:
        assert re.search(r"@sha256:[0-9a-f]{64}$", image), image


def test_the_proxy_takes_uploads_as_large_as_the_page_does() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    proxied = re.findall(r"client_max_body_size (\d+)m;", text("nginx/emotion.conf"))
    assert proxied == [str(config["server"]["maxUploadSize"])]


def test_the_image_gets_what_the_page_needs_and_no_private_file() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*", "what is not named stays out"
    kept = [line[1:] for line in ignored if line.startswith("!")]
    for name in kept:
        assert (ROOT / name).exists(), name
    assert {"app.py", "emotion", "models", "requirements-page.txt"} <= set(kept)
    assert not [name for name in kept if "secrets" in name or name == "deploy"]


def test_no_container_keeps_a_capability_or_a_writable_root() -> None:
    compose = text("compose.yaml")
    services = re.split(r"^  (?=\w+:$)", compose.split("\nnetworks:")[0], flags=re.MULTILINE)[1:]
    assert [service.split(":")[0] for service in services] == ["app", "nginx", "coturn"]
    for service in services:
        for line in ("cap_drop: [ALL]", "read_only: true", "mem_limit:", "ulimits:", "user:"):
            assert line in service
        assert "no-new-privileges:true" in service
