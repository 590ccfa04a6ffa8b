# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests: Debian's headless Chromium, driven through chromedriver.

It speaks the WebDriver protocol (W3C) over 127.0.0.1 with Python's own library; nothing is fetched
from anywhere. Chromium and its driver die with the test (PR_SET_PDEATHSIG by setpriv).
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

START_SECONDS = 60
CALL_SECONDS = 120

_CHROMIUM_FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
    "--hide-scrollbars", "--force-device-scale-factor=1",
    # No name is looked up: what the page would ask of a network fails.
    "--host-resolver-rules=MAP * ~NOTFOUND",
]


def tool(name):
    path = shutil.which(name)
    if path is None:
        raise AssertionError(f"{name} is missing: ./bazelw test ... installs it, or apt-get install "
                             "chromium chromium-driver")
    return path


class Browser:
    """One window. `phone` makes it 375 points wide, as a telephone is."""

    def __init__(self, width=1280, height=900, phone=False):
        self._directory = tempfile.mkdtemp(prefix="browser-")
        command = [tool("chromedriver"), "--port=0", "--allowed-ips=127.0.0.1"]
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "KILL"] + command
        environment = dict(os.environ, HOME=self._directory)
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.STDOUT, env=environment)
        self._session = None
        # The machine's proxies are not asked for 127.0.0.1.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            self._port = self._read_port()
            options = {
                "binary": tool("chromium"),
                "args": _CHROMIUM_FLAGS + [f"--user-data-dir={self._directory}/profile",
                                           f"--window-size={width},{height}"],
            }
            if phone:
                options["mobileEmulation"] = {
                    "deviceMetrics": {"width": 375, "height": 812, "pixelRatio": 1.0}}
            value = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL"},
            }}})
            self._session = value["sessionId"]
        except Exception:
            self.close()
            raise

    def _read_port(self):
        for line in self._process.stdout:
            match = re.search(rb"started successfully on port ([0-9]+)", line)
            if match:
                return int(match[1])
        raise AssertionError("chromedriver did not start")

    def _call(self, method, path, body=None):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        try:
            with self._opener.open(request, timeout=CALL_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {json.load(error)['value']['message']}") from None

    def _in_session(self, method, path, body=None):
        return self._call(method, f"/session/{self._session}{path}", body)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._session is not None:
            try:
                self._in_session("DELETE", "")
            except (AssertionError, OSError):
                pass
            self._session = None
        if self._process is not None:
            self._process.kill()
            self._process.wait(20)
            self._process.stdout.close()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def open(self, url):
        self._in_session("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """The value of a script, which returns it."""
        return self._in_session("POST", "/execute/sync",
                                {"script": script, "args": list(arguments)})

    def _find(self, selector):
        element = self._in_session("POST", "/element", {"using": "css selector", "value": selector})
        return next(iter(element.values()))

    def click(self, selector):
        self._in_session("POST", f"/element/{self._find(selector)}/click", {})

    def type(self, selector, text):
        """Types over what stands there, key by key."""
        element = self._find(selector)
        self._in_session("POST", f"/element/{element}/clear", {})
        self._in_session("POST", f"/element/{element}/value", {"text": text})

    def colours(self, scheme):
        """What the system is said to prefer: light or dark."""
        self._in_session("POST", "/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia",
            "params": {"features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def console(self):
        """Messages of the console since the last call, but for those that are no trouble."""
        return [entry for entry in self._in_session("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self):
        """PNG of what the window shows."""
        return base64.b64decode(self._in_session("GET", "/screenshot"))
