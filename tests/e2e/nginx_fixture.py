# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx with our module, out of the package that ./bazelw has unpacked aside.

    with nginx_fixture.Nginx([("", "postern_pass 127.0.0.1:%d;" % upstream.port)]) as nginx:
        ... nginx.port, nginx.reload(), nginx.log() ...

It runs as a child, with configuration, logs and pid file under a temporary directory; nothing of the
machine's own is read or written. The listening sockets are made here, on ports of the kernel's choice,
and handed to nginx as it hands them to itself when its program is replaced ($NGINX).
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

MAIN = """
daemon off;
pid {root}/nginx.pid;
error_log {root}/error.log info;
worker_processes {workers};
load_module {tree}/usr/lib/nginx/modules/ngx_stream_module.so;
load_module {module};
{main}
events {{ worker_connections {connections}; }}
stream {{
  log_format postern 'client=$remote_addr code=$postern_code rule=$postern_rule rules=$postern_rules '
                     'errors=$postern_errors messages=$postern_messages upstream=$upstream_addr '
                     'upstream_code=$postern_upstream_code failure="$postern_failure" '
                     'helo=$postern_helo closed=$postern_closed tls=$ssl_protocol';
  access_log {root}/access.log postern;
  postern_plugin {plugin};
{stream}
}}
"""


def tree():
    """Where ./bazelw has unpacked the packages."""
    tools = os.environ.get("POSTERN_TOOLS") or os.path.expanduser("~/.cache/postern/tools/bin")
    path = os.path.join(os.path.dirname(tools), "nginx")
    if not os.path.exists(os.path.join(path, "usr/sbin/nginx")):
        raise AssertionError("nginx is not unpacked: ./bazelw test ... does that")
    return path


def built(name):
    """A file of ours, built."""
    for root in (os.getcwd(), os.path.join(_ROOT, "bazel-bin")):
        path = os.path.join(root, name)
        if os.path.exists(path):
            return os.path.realpath(path)
    raise FileNotFoundError(f"{name} is not built")


def module():
    return built("hosts/nginx/ngx_stream_postern_module.so")


def plugin():
    return built("plugin_api/libpostern.so")


def make_socket():
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    # nginx takes it for one of its own, which are.
    listener.setblocking(False)
    return listener


class Nginx:
    """One running master. `servers`: for each server {}, what stands behind `listen ADDR:PORT`, and its
    other directives. {root}, and {port0}, {port1}, ... for the ports of the servers, may stand in all
    texts. `text`: the whole configuration instead."""

    def __init__(self, servers, stream="", main="", workers=1, connections=1024, text=None,
                 files=None, server_name=True):
        self.root = tempfile.mkdtemp(prefix="nginx-", dir="/tmp")
        # Workers are somebody else when it is root that starts them.
        os.chmod(self.root, 0o755)
        self._process = None
        self._listeners = [make_socket() for _ in servers]
        self.ports = [listener.getsockname()[1] for listener in self._listeners]
        self.port = self.ports[0]
        for name, content in (files or {}).items():
            self.write(name, content)
        self.workers = workers
        self._connections = connections
        self._main = main
        self._name = "postern_server_name gate.example;" if server_name else ""
        self.configure(servers, stream, text)
        self.start()

    def configure(self, servers, stream="", text=None):
        """Writes nginx.conf."""
        if text is None:
            blocks = [f"  server {{ listen 127.0.0.1:{port} {options}; {body} }}"
                      for port, (options, body) in zip(self.ports, servers)]
            text = MAIN.format(root=self.root, tree=tree(), module=module(), plugin=plugin(),
                               workers=self.workers, connections=self._connections,
                               main=self._main, stream="\n".join([self._name, stream] + blocks))
        self.write("nginx.conf", self.fill(text))

    def fill(self, text):
        text = text.replace("{root}", self.root)
        for number, port in enumerate(self.ports):
            text = text.replace("{port%d}" % number, str(port))
        return text

    def write(self, name, content):
        with open(os.path.join(self.root, name), "w", encoding="utf-8") as file:
            file.write(content)

    def _command(self, *arguments):
        return [os.path.join(tree(), "usr/sbin/nginx"), "-p", self.root, "-c",
                os.path.join(self.root, "nginx.conf"), "-e", os.path.join(self.root, "error.log"),
                *arguments]

    def start(self):
        descriptors = [listener.fileno() for listener in self._listeners]
        environment = dict(os.environ, NGINX="".join(f"{fd};" for fd in descriptors))
        command = self._command()
        if shutil.which("setpriv"):
            command = ["setpriv", "--pdeathsig", "TERM"] + command
        with open(os.path.join(self.root, "stderr"), "ab") as stderr:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stderr,
                                             stderr=stderr, pass_fds=descriptors, env=environment)
        self.pid = self._process.pid
        end = time.monotonic() + 30
        while len(self.worker_pids()) < self.workers:
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"nginx did not start: {self.read('stderr')}{self.log()}")
            time.sleep(0.02)

    def test(self):
        """`nginx -t`: its exit status and what it says."""
        done = subprocess.run(self._command("-t"), stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def signal(self, name):
        """`nginx -s NAME`"""
        subprocess.run(self._command("-s", name), check=True, stdin=subprocess.DEVNULL, timeout=60,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def reload(self):
        """`nginx -s reload`; comes back when the new workers are there."""
        before = set(self.worker_pids())
        started = len(re.findall("start worker process ", self.log()))
        self.signal("reload")
        self.wait_for_log("start worker process ", started + self.workers)
        # The old ones are told right after.
        self.wait_for_log("gracefully shutting down", None, old=before)

    def worker_pids(self):
        try:
            with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as file:
                return [int(pid) for pid in file.read().split()]
        except FileNotFoundError:
            return []

    def wait(self, seconds=30):
        return self._process.wait(seconds)

    def close(self):
        if self._process is not None:
            workers = self.worker_pids()
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                for pid in [self.pid] + workers:
                    os.kill(pid, signal.SIGKILL)
                self._process.wait(20)
            self._process = None
        for listener in self._listeners:
            listener.close()
        log = self.log()
        shutil.rmtree(self.root, ignore_errors=True)
        # [alert] is nginx's word for what may not be: a worker that crashed, a descriptor left open.
        alarms = re.findall(r"(?m)^.*\[(?:alert|crit)\].*$", log)
        if alarms:
            raise AssertionError("nginx complains:\n" + "\n".join(alarms[:20]))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, name):
        try:
            with open(os.path.join(self.root, name), encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log(self):
        return self.read("error.log")

    def access_log(self, count=1, seconds=20):
        """Its lines, once there are `count`."""
        end = time.monotonic() + seconds
        while True:
            lines = self.read("access.log").splitlines()
            if len(lines) >= count:
                return lines
            if time.monotonic() > end:
                raise AssertionError(f"{len(lines)} of {count} lines in the access log:\n{lines}")
            time.sleep(0.02)

    def wait_for_log(self, pattern, count=1, seconds=30, old=None):
        """The error log, once `pattern` is in it `count` times; with `old`, once for each of these
        processes."""
        end = time.monotonic() + seconds
        while True:
            text = self.log()
            if old is None:
                if len(re.findall(pattern, text)) >= count:
                    return text
            elif all(re.search(rf"\b{pid}#.*{pattern}", text) for pid in old):
                return text
            if time.monotonic() > end:
                raise AssertionError(f"no {pattern!r} ({count} times) in nginx's log:\n{text[-4000:]}")
            time.sleep(0.02)
