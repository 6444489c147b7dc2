"""A real JupyterLab and a real browser. Skipped, with the reason, where either is missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WORDS = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--ServerApp.port_retries=0",
    "--IdentityProvider.token=",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def browser():
    """Headless chromium, driven by playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("AIAAS_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with api.sync_playwright() as driver:
        chromium = driver.chromium.launch(
            executable_path=path, headless=True, chromium_sandbox=False, args=FLAGS
        )
        yield chromium
        chromium.close()


def wait_for(url: str, server: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Return when `url` answers."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab whose root folder holds copies of the notebooks."""
    root = tmp_path_factory.mktemp("lab")
    for notebook in (Path(__file__).parents[2] / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, root)
    env = {
        **os.environ,
        "AIAAS_HOME": str(root / "home"),
        "JUPYTER_CONFIG_DIR": str(root / "config"),
    }
    env |= {
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
    }
    log = (root / "lab.log").open("wb")
    url = f"http://127.0.0.1:{free_port()}/"
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "jupyterlab",
            *WORDS,
            f"--port={url[17:-1]}",
            f"--ServerApp.root_dir={root}",
        ],
        cwd=root,
        env=env,
        stdout=log,
        stderr=log,
    )
    try:
        wait_for(url + "lab", server)
        yield root, url
    finally:
        server.terminate()
        server.wait(20)
        log.close()
