# SPDX-License-Identifier: Apache-2.0
"""posternd --discard against Postfix's smtp-sink under Postfix's smtp-source, in the same run.

  ./bazelw run -c opt //hosts/posternd:posternd_load_benchmark [-- --rounds=5 --idle=10000]

Prints messages per second of both, alternating, with the ratio of the medians; system calls per
message on a reused connection; and resident memory per idle connection. Nothing is asserted:
figures depend on the machine and on what else it does.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time


def runfile(path):
    """A file of the workspace: Bazel starts this in the root of the runfiles tree."""
    return os.path.abspath(path)


def tool(name):
    folders = [os.environ.get("POSTERN_TOOLS", ""),
               os.path.join(os.environ.get("POSTERN_CACHE")
                            or os.path.join(os.environ.get("XDG_CACHE_HOME")
                                            or os.path.expanduser("~/.cache"), "postern"),
                            "tools/bin"), "/usr/sbin"]
    for folder in folders:
        found = os.path.join(folder, name)
        if os.access(found, os.X_OK):
            return found
    sys.exit("%s is not there; POSTERN_SETUP=test ./bazelw info unpacks it" % name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Posternd:
    name = "posternd"

    def __init__(self, arguments, *flags):
        command = [arguments.posternd or runfile("hosts/posternd/posternd"), "--discard",
                   "--listen=127.0.0.1:0", "--log_file=/dev/null", "--noverbose",
                   "--max_connections_per_client=20000", *flags]
        if arguments.plugin:
            command.append("--plugin=" + arguments.plugin)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.port = int(self.process.stdout.readline().rsplit(b":", 1)[1])
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Sink:
    name = "smtp-sink"

    def __init__(self, _):
        self.port = free_port()
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [tool("smtp-sink"), *user, "127.0.0.1:%d" % self.port, "4096"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.02)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load(server, sessions, messages, octets, reuse):
    """Runs smtp-source; gives seconds, and the server's processor seconds."""
    command = [tool("smtp-source"), *(["-d"] if reuse else []), "-s", str(sessions), "-m",
               str(messages), "-l", str(octets), "-f", "from@example.org", "-t", "to@example.org",
               "127.0.0.1:%d" % server.port]
    used = cpu_seconds(server.pid)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start, cpu_seconds(server.pid) - used


def measure_rates(arguments):
    print("Messages per second, median of %d alternating rounds, %d sessions at a time"
          % (arguments.rounds, arguments.sessions))
    print("%-28s %12s %12s %7s   %s" % ("", "posternd", "smtp-sink", "ratio",
                                        "server CPU us/message"))
    servers = [Posternd(arguments), Sink(arguments)]
    try:
        for title, octets, reuse, messages in (
                ("new connections, 1 KiB", 1024, False, 4000),
                ("reused connections, 1 KiB", 1024, True, 20000),
                ("new connections, 64 KiB", 65536, False, 2000),
                ("reused connections, 64 KiB", 65536, True, 4000)):
            rates, used = {}, {}
            for _ in range(arguments.rounds):
                for server in servers:
                    seconds, cpu = load(server, arguments.sessions, messages, octets, reuse)
                    rates.setdefault(server.name, []).append(messages / seconds)
                    used.setdefault(server.name, []).append(cpu / messages * 1e6)
            ours, theirs = (statistics.median(rates[s.name]) for s in servers)
            cpu = [statistics.median(used[s.name]) for s in servers]
            print("%-28s %12.0f %12.0f %7.2f   %.0f against %.0f"
                  % (title, ours, theirs, ours / theirs, cpu[0], cpu[1]), flush=True)
    finally:
        for server in servers:
            server.stop()


def measure_system_calls(arguments):
    if shutil.which("strace") is None:
        print("System calls: strace is not there")
        return
    print("System calls per 1 KiB message on reused connections")
    messages = 2000
    for make in (Posternd, Sink):
        for sessions in (1, 8):
            server = make(arguments)
            with tempfile.NamedTemporaryFile("r") as counts:
                tracer = subprocess.Popen(
                    ["strace", "-f", "-c", "-o", counts.name, "-p", str(server.pid)],
                    stderr=subprocess.PIPE)
                tracer.stderr.readline()  # "attached"
                load(server, sessions, messages, 1024, True)
                tracer.send_signal(signal.SIGINT)
                tracer.wait()
                tracer.stderr.close()
                total = re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s", counts.read(), re.M)
            server.stop()
            if total is None:
                print("  strace may not look into processes here")
                return
            print("  %-10s %3d sessions: %6.2f"
                  % (server.name, sessions, int(total.group(1)) / messages), flush=True)


def resident_octets(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def measure_memory(arguments):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(arguments.idle, hard - 200)
    server = Posternd(arguments)
    clients = []
    try:
        # A first few touch what exists once.
        for _ in range(50):
            clients.append(socket.create_connection(("127.0.0.1", server.port)))
            clients[-1].recv(1024)
        before = resident_octets(server.pid)
        for i in range(wanted):
            # Source addresses of their own, so that ports are no limit.
            client = socket.create_connection(("127.0.0.1", server.port),
                                              source_address=("127.0.1.%d" % (i % 8 + 1), 0))
            client.recv(1024)
            client.sendall(b"EHLO client.example.org\r\n")
            client.recv(1024)
            clients.append(client)
        after = resident_octets(server.pid)
        print("Resident memory with %d idle connections: %.0f octets each (%.2f KiB)"
              % (wanted, (after - before) / wanted, (after - before) / wanted / 1024))
    finally:
        for client in clients:
            client.close()
        server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--idle", type=int, default=10000)
    parser.add_argument("--posternd", help="another program than the one built here")
    parser.add_argument("--plugin", help="another libpostern.so than the one built here")
    arguments = parser.parse_args()
    measure_rates(arguments)
    measure_system_calls(arguments)
    measure_memory(arguments)


if __name__ == "__main__":
    main()
