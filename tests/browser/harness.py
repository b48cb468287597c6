"""Shared by the browser tests and webcam benchmarks: server, Chromium, a fake camera of photos.

Everything is real: ``streamlit run app.py`` as a process of its own, Debian's Chromium, WebRTC over
loopback. Only the camera is a file that Chromium plays in a loop.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image
from playwright.sync_api import Browser, Frame, Locator, Page, Playwright

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, RATE_HZ = 640, 480, 30

Picture = npt.NDArray[np.uint8]

_FLAGS = (
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


_GRAB = """([width, height]) => {
    const video = document.querySelector('video')
    const canvas = document.createElement('canvas')
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext('2d')
    context.drawImage(video, 0, 0, width, height)
    return [...context.getImageData(0, 0, width, height).data]
}"""


@dataclass
class Server:
    """A running app: its address, and its log so far."""

    url: str
    log_file: Path
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """Everything on the server's standard output and error."""
        return self.log_file.read_text(errors="replace")

    def tracebacks(self) -> list[str]:
        """The error that ends each traceback in the log, also of Streamlit's own, in a frame.

        Left out is what Starlette raises when a browser leaves while its connection is being made.
        """
        log = re.sub(r"\x1b\[[0-9;]*m", "", self.log())
        plain = re.findall(r"Traceback \(most recent call last\):\n(?:[ \t].*\n)*(.*)", log)
        framed = re.findall(r"Traceback \(most recent call last\) .*\n(?:(?!\w).*\n)*(.*)", log)
        ours = [e for e in plain if not e.startswith("starlette.websockets.WebSocketDisconnected")]
        return ours + framed


@contextlib.contextmanager
def serve(
    log_file: Path, *, app: Path = ROOT / "app.py", env: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The app on a free port of this machine, until the block is left.

    env: variables beside those of this process, whose own settings for the page are left out.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("STREAMLIT_", "EMOTION_"))
    }
    command = [sys.executable, "-m", "streamlit", "run", str(app)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    command += ["--server.fileWatcherType", "none"]  # an edit must not reload modules in mid-test
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**inherited, **(env or {})}, stdout=log, stderr=log
        )
    server = Server(f"http://127.0.0.1:{port}", log_file, process)
    try:
        _wait_until_healthy(server)
        yield server
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Terminates a process, and kills it if it does not react."""
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_healthy(server: Server, timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2),
        ):
            return
        time.sleep(0.2)
    raise RuntimeError(f"The page did not start within {timeout_s:.0f} s:\n{server.log()}")


def chromium_path() -> str:
    """The path of Debian's Chromium; raises an error with instructions if it is missing."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError(
            "Chromium is not installed, and the browser tests need it: `make test` installs it, "
            "or `apt-get install chromium` does."
        )
    return path


def launch(playwright: Playwright, camera: Path | None, *, allow: bool = True) -> Browser:
    """Chromium whose camera plays the file; without a file it has no camera at all.

    allow: whether the browser grants or denies the permission for the camera.
    """
    flags = list(_FLAGS)
    if camera is None:
        flags[0] = "--use-fake-device-for-media-stream=device-count=0"
    else:
        flags.append(f"--use-file-for-fake-video-capture={camera}")
    flags.append("--use-fake-ui-for-media-stream" if allow else "--deny-permission-prompts")
    return playwright.chromium.launch(executable_path=chromium_path(), args=flags)


def launch_with_cameras(playwright: Playwright, count: int) -> Browser:
    """Chromium with this many fake cameras, ``fake_device_0`` and so on."""
    flags = [f"--use-fake-device-for-media-stream=device-count={count}", *_FLAGS[1:]]
    flags.append("--use-fake-ui-for-media-stream")
    return playwright.chromium.launch(executable_path=chromium_path(), args=flags)


def launch_with_name(playwright: Playwright, name: str) -> Browser:
    """Chromium to which this machine has another name, which it does not take for localhost."""
    flags = [*_FLAGS, f"--host-resolver-rules=MAP {name} 127.0.0.1"]
    return playwright.chromium.launch(executable_path=chromium_path(), args=flags)


def kill(browser: Browser) -> None:
    """Kills the browser's processes, so that they cannot close their connections."""
    session = browser.new_browser_cdp_session()
    processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
    # The first is the browser itself, which must not see the others go.
    for each in sorted(processes, key=lambda each: each["type"] != "browser"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(each["id"], signal.SIGKILL)


def photo_camera(path: Path, pictures: Sequence[Picture], seconds_each: float = 3.0) -> Path:
    """Writes the fake camera's video (.y4m): each picture in turn, moving gently.

    pictures: RGB uint8, each at least a twelfth larger than 640x480 both ways.
    """
    count = round(seconds_each * RATE_HZ)
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE_HZ}:1 Ip A1:1 C420mpeg2\n".encode())
        for picture in pictures:
            slack_y, slack_x = picture.shape[0] - HEIGHT, picture.shape[1] - WIDTH
            for index in range(count):
                turn = 2 * np.pi * index / count
                x = round(slack_x / 2 * (1 + np.sin(turn)))
                y = round(slack_y / 2 * (1 + np.sin(2 * turn)))
                view = np.ascontiguousarray(picture[y : y + HEIGHT, x : x + WIDTH])
                frame = av.VideoFrame.from_ndarray(view, format="rgb24").reformat(format="yuv420p")
                file.write(b"FRAME\n" + frame.to_ndarray().tobytes())
    return path


def portraits() -> tuple[Picture, Picture]:
    """Two public-domain portraits, 720x540, a face of 150 to 200 px in the middle of each.

    Eileen Collins (scikit-image's astronaut, NASA) and Grace Hopper (matplotlib's sample, US Navy).
    """
    import matplotlib.cbook
    import skimage.data

    astronaut = skimage.data.astronaut()
    hopper_file = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with PIL.Image.open(hopper_file) as file:
        hopper = np.asarray(file.convert("RGB"))
    return _around(astronaut, (225, 150), 360), _around(hopper, (255, 250), 511)


def heads() -> tuple[Picture, Picture]:
    """The portraits with a plain grey under the first one's neck.

    In the folds of her suit, coarsely coded, the detector sees a second face now and then.
    """
    collins, hopper = portraits()
    collins[345:] = 128
    return collins, hopper


def plain_picture() -> Picture:
    """A grey wall without a face, 720x540."""
    row = np.linspace(90, 170, 720)
    return np.repeat(np.tile(row, (540, 1))[:, :, None], 3, axis=2).astype(np.uint8)


def _around(picture: Picture, center_xy: tuple[int, int], width: int) -> Picture:
    """A part of the picture, ``width`` wide and 4:3, scaled to 720x540; its edge is repeated."""
    height = width * 3 // 4
    padded = np.pad(picture, ((height, height), (width, width), (0, 0)), mode="edge")
    x, y = center_xy[0] + width - width // 2, center_xy[1] + height - height // 2
    return np.asarray(cv2.resize(padded[y : y + height, x : x + width], (720, 540)), dtype=np.uint8)


def shown_text(page: Page, text: str) -> Locator:
    """The text where it is shown: a screen reader's announcement may repeat it."""
    return page.get_by_test_id("stMainBlockContainer").get_by_text(text)


def camera_frame(page: Page) -> Frame:
    """The frame of the camera's component, once it is there."""
    handle = page.wait_for_selector('iframe[title*="webrtc_streamer"]', state="attached")
    frame = handle.content_frame() if handle else None
    if frame is None:
        raise RuntimeError("The camera's component is no frame.")
    return frame


def frames_returned(frame: Frame) -> int:
    """How many pictures the visitor has seen since the start; 0 while there is no video."""
    count = frame.evaluate(
        "document.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
    )
    return int(count)


def wait_for_frames(frame: Frame, count: int, timeout_s: float = 30) -> int:
    """Waits until so many pictures came back; the number that came."""
    end = time.monotonic() + timeout_s
    while (seen := frames_returned(frame)) < count and time.monotonic() < end:
        frame.page.wait_for_timeout(50)
    return seen


def grab(frame: Frame, width: int, height: int) -> Picture:
    """The picture that comes back, scaled to this size: RGB (height, width, 3)."""
    rgba = frame.evaluate(_GRAB, [width, height])
    return np.array(rgba, dtype=np.uint8).reshape(height, width, 4)[..., :3]


def overflow_px(page: Page) -> int:
    """How many pixels the page is wider than the window; 0 when nothing must be scrolled aside."""
    return int(
        page.evaluate(
            """() => Math.max(...[document.documentElement, document.body,
                document.querySelector('[data-testid="stMain"]')]
                .filter(Boolean).map((e) => e.scrollWidth - e.clientWidth))"""
        )
    )


def chart(page: Page) -> tuple[float, ...]:
    """The seven probabilities that the first chart of the page shows; empty without a chart."""
    values = page.evaluate(
        """() => [...(document.querySelector('.emotion-bars')
            ?.querySelectorAll('[data-probability]') ?? [])].map((e) => +e.dataset.probability)"""
    )
    return tuple(float(value) for value in values)
