"""JupyterLab as a learner opens it, and Chromium to look at it. Both end with the tests; nothing is downloaded."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHOTS = ROOT / "tests" / "screenshots"
START_SECONDS = 90
SWITCHES = (  # no sandbox: tests run as root in containers; the rest keeps Chromium from calling home
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run", "--no-default-browser-check"),
)
BADGE = "https://colab.research.google.com/assets/"  # the picture of the Colab link above every lecture
QUIET = {  # what JupyterLab would otherwise ask the network or the reader at its first start
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


class Lab(NamedTuple):
    """Where a running JupyterLab is reached, and the folder that it shows."""

    address: str
    token: str
    workspace: Path


def chromium_path():
    """The browser to drive: COURSE_CHROMIUM, or chromium or google-chrome from the PATH; None if there is none."""
    names = (os.environ.get("COURSE_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, filter(None, names)) if path), None)


@pytest.fixture(scope="session")
def chromium():
    """Headless Chromium through playwright."""
    path = chromium_path()
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium, or set COURSE_CHROMIUM to its path")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e .[test]")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """A running `course lab` on a workspace of its own."""
    home = tmp_path_factory.mktemp("lab")
    workspace = home / "work"
    workspace.mkdir()
    for name, values in QUIET.items():
        file = home / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values), encoding="utf-8")
    environment = {
        **os.environ,
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "OMP_NUM_THREADS": "1",
        "COURSE_PROFILE": "smoke",
    }
    port, token = _free_port(), secrets.token_hex(16)
    options = (f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}")
    root_options = ("--allow-root",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    if any((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        command = ["-m", "course_lib.cli", "lab", "--workspace", str(workspace), "--no-browser"]
    else:
        command = ["-m", "jupyterlab", f"--ServerApp.root_dir={workspace}", "--no-browser"]
    log = home / "lab.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command, *options, *root_options],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(f"{address}/api?token={token}", process, log)
        yield Lab(address, token, workspace)
    finally:
        _end(process)


@pytest.fixture
def page(chromium, lab, request):
    """A fresh browser page; it fails the test if the page asked anything of the network or raised an error."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    abroad, errors = [], []

    def guard(route):
        if route.request.url.startswith((lab.address, "data:", "blob:")):
            route.continue_()
        else:
            if not route.request.url.startswith(BADGE):
                abroad.append(route.request.url)
            route.abort()

    page.route("**/*", guard)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(20_000)
    yield page
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{request.node.name}.end.png")  # where a failed test got stuck
    context.close()
    _end_kernels(lab)
    assert not abroad, f"the page called other servers: {abroad[:5]}"
    assert not errors, f"the page raised errors: {errors[:5]}"


def _free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def _wait_until_up(url, process, log):
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
    pytest.fail(f"JupyterLab did not answer within {START_SECONDS} s (exit code {process.poll()}):\n{tail}")


def _end_kernels(lab):
    """Free the memory of the kernels: each lecture holds half a gigabyte."""
    with urllib.request.urlopen(f"{lab.address}/api/kernels?token={lab.token}", timeout=20) as answer:
        kernels = json.load(answer)
    for kernel in kernels:
        url = f"{lab.address}/api/kernels/{kernel['id']}?token={lab.token}"
        urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=20).close()


def _end(process):
    """End our JupyterLab and the kernels that it started: they are one process group, our own."""
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            return
        os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
