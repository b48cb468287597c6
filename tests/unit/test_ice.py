"""The servers of a deployment: read from the environment or the secrets, never shown."""

import base64
import hashlib
import hmac
import json
import time

import pytest

from emotion.app import ice


@pytest.fixture(autouse=True)
def no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ice.ICE_VARIABLE, raising=False)
    monkeypatch.delenv(ice.RELAY_VARIABLE, raising=False)


def given(monkeypatch: pytest.MonkeyPatch, servers: object) -> list[dict[str, object]]:
    monkeypatch.setenv(ice.ICE_VARIABLE, json.dumps(servers))
    return ice.ice_servers("visitor")


def test_nobody_is_asked_by_default() -> None:
    assert ice.ice_servers("visitor") == []
    assert ice.rtc_configuration([]) == {"iceServers": []}


def test_static_servers_pass_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = {"urls": "turn:t.example.org:3478", "username": "u", "credential": "c"}
    servers = given(monkeypatch, [{"urls": ["stun:s.example.org"]}, turn])
    assert servers == [{"urls": ["stun:s.example.org"]}, {**turn, "urls": [turn["urls"]]}]


def test_a_secret_becomes_a_credential_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.4)
    (server,) = given(monkeypatch, [{"urls": "turns:t.example.org", "secret": "north"}])
    assert server["username"] == f"{1_800_000_000 + 3600}:visitor"
    mac = hmac.new(b"north", str(server["username"]).encode(), hashlib.sha1).digest()
    assert base64.b64decode(str(server["credential"])) == mac
    assert "secret" not in server


def test_only_the_relay_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ice.RELAY_VARIABLE, "1")
    assert ice.rtc_configuration([])["iceTransportPolicy"] == "relay"


@pytest.mark.parametrize(
    "servers",
    [
        "turn:t.example.org",
        {"urls": "turn:t.example.org"},
        [{"urls": "http://t.example.org", "credential": "hidden"}],
        [{"urls": [], "credential": "hidden"}],
        [{"credential": "hidden"}],
        [{"urls": "turn:t.example.org", "secret": "hidden", "credential": "hidden"}],
        [{"urls": "turn:t.example.org", "secret": 7}],
    ],
)
def test_another_form_is_refused_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch, servers: object
) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        given(monkeypatch, servers)
    assert "hidden" not in str(caught.value)
    assert ice.ICE_VARIABLE in str(caught.value)


def test_no_json_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ice.ICE_VARIABLE, "[{'urls': hidden}]")
    with pytest.raises(ValueError, match="expected JSON in EMOTION_ICE_SERVERS") as caught:
        ice.ice_servers("visitor")
    assert "hidden" not in str(caught.value)
