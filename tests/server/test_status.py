"""What the server tells about itself: health, metrics where they are wanted, and its log."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from emotion.app.deployment import METRICS_VARIABLE, metrics_enabled
from emotion.app.limits import SESSION_UPLOADS_VARIABLE, VIEWERS_VARIABLE
from emotion.samples import SAMPLES
from tests.browser import harness
from tests.visitor import Visitor

SECRET_NAME = "Cafe-with-Alice"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Server]:
    env = {METRICS_VARIABLE: "1", VIEWERS_VARIABLE: "3", SESSION_UPLOADS_VARIABLE: "2"}
    with harness.serve(tmp_path_factory.mktemp("server") / "log", env=env) as running:
        yield running


def ask(url: str) -> tuple[int, str, str]:
    """Status, content type and text of an answer."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Content-Type"], error.read().decode()


def metrics(server: harness.Server) -> dict[str, float]:
    """Each sample's name with its labels, and its value; fails on any other line."""
    status, kind, text = ask(f"{server.url}/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert text.endswith("\n")
    samples: dict[str, float] = {}
    described: set[str] = set()
    for line in text.splitlines():
        if line.startswith("#"):
            found = re.fullmatch(r"# (?:HELP (\w+) .+|TYPE (\w+) (?:gauge|counter))", line)
            assert found, line
            described.add(found[1] or found[2])
            continue
        sample = re.fullmatch(r'((\w+)(?:\{\w+="\w+"(?:,\w+="\w+")*\})?) (\S+)', line)
        assert sample, line
        assert sample[2] in described
        samples[sample[1]] = float(sample[3])
    return samples


def test_health_says_whether_the_models_are_loaded_and_how_many_places_are_free(
    server: harness.Server,
) -> None:
    end_s = time.monotonic() + 120
    while (answer := ask(f"{server.url}/health"))[0] == 503:
        assert json.loads(answer[2])["status"] == "starting"
        assert time.monotonic() < end_s
        time.sleep(0.2)
    assert answer[0] == 200
    assert json.loads(answer[2]) == {
        "status": "ok",
        "models_loaded": True,
        "live_places": {"limit": 3, "free": 3},
    }
    with Visitor(server.url) as visitor:
        assert "emotion-bars" in visitor.show(SAMPLES[0].read(), "a.jpg"), "ready workers work"


def test_metrics_count_what_happened(server: harness.Server) -> None:
    before = metrics(server)
    with Visitor(server.url) as visitor:
        visitor.show(SAMPLES[1].read(), "a.jpg")
        visitor.show(b"no picture", "b.jpg")
        assert visitor.upload(bytes(3 << 20))[0] == 413
        stored = metrics(server)["emotion_upload_bytes"]
        assert stored >= len(SAMPLES[1].read())
    with pytest.raises(InvalidStatus):
        Visitor(server.url, origin="http://evil.example")
    after = metrics(server)

    def added(name: str) -> float:
        return after.get(name, 0.0) - before.get(name, 0.0)

    assert added('emotion_tasks_total{pool="photo",outcome="done"}') == 1
    assert added('emotion_tasks_total{pool="photo",outcome="refused"}') == 1
    assert 0 < added('emotion_task_seconds_total{pool="photo"}') < 60
    assert added('emotion_refusals_total{reason="upload_quota"}') == 1
    assert added('emotion_refusals_total{reason="foreign_origin"}') == 1
    assert after["emotion_viewers"] == 0
    assert after["emotion_viewers_limit"] == 3
    assert after['emotion_tasks_queued{pool="photo"}'] == 0


def test_a_log_has_time_and_level_and_no_name(server: harness.Server) -> None:
    with Visitor(server.url) as visitor:
        visitor.show(SAMPLES[2].read(), f"{SECRET_NAME}.jpg")
        visitor.show(b"no picture", f"{SECRET_NAME}.png")
    with Visitor(server.url, page="webcam") as visitor:
        visitor.run()
        visitor.offer("garbage")
    log = server.log()
    assert SECRET_NAME not in log
    lines = [line for line in log.splitlines() if re.match(r"\d{4}-\d\d-\d\d ", line)]
    assert any("The camera component could not be drawn" in line for line in lines), log
    for line in lines:
        assert re.match(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3} (INFO|WARNING|ERROR) +[\w.]+: ", line
        ), line


def test_there_are_no_metrics_unless_they_are_switched_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with harness.serve(tmp_path_factory.mktemp("plain") / "log") as plain:
        for path in ("/metrics", "/_stcore/metrics"):
            assert ask(plain.url + path)[0] == 404
        assert ask(f"{plain.url}/health")[0] in (200, 503)


def test_the_switch_is_0_or_1(monkeypatch: pytest.MonkeyPatch) -> None:
    for given, wanted in (("", False), ("0", False), ("1", True)):
        monkeypatch.setenv(METRICS_VARIABLE, given)
        assert metrics_enabled() is wanted
    monkeypatch.setenv(METRICS_VARIABLE, "yes")
    with pytest.raises(ValueError, match="expected 0 or 1 in EMOTION_METRICS"):
        metrics_enabled()
