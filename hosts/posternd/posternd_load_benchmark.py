# SPDX-License-Identifier: Apache-2.0
"""posternd --discard against Postfix's smtp-sink under Postfix's smtp-source, in the same run.

  POSTERN_SETUP=test ./bazelw info      # once: unpacks smtp-source and smtp-sink
  ./bazelw run -c opt //hosts/posternd:posternd_load_benchmark [-- --rounds=7 --idle=10000]

Prints, for both servers: messages per second and processor time per message (alternating runs,
medians, and the ratio); system calls and instructions per message; resident memory per idle
connection. Nothing is asserted: figures depend on the machine and on what else it does. Client and
server share the cores, so messages per second swing; processor time per message is steadier, and
counts of calls and instructions are the same on every machine.

What is counted per message is the difference between a long and a short run, divided by the
messages between them: whatever a server does once, or once per connection, is in neither.
"""

import argparse
import glob
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


def built(path):
    """A file that Bazel built: `bazel run` starts this in the root of the runfiles tree."""
    for found in (path, os.path.join("bazel-bin", path)):
        if os.path.exists(found):
            return os.path.abspath(found)
    sys.exit("%s is not there; start this with ./bazelw run -c opt "
             "//hosts/posternd:posternd_load_benchmark" % path)


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

    def __init__(self, arguments, wrapper=()):
        command = [*wrapper, arguments.posternd or built("hosts/posternd/posternd"), "--discard",
                   "--listen=127.0.0.1:0", "--log_file=/dev/null", "--noverbose",
                   "--max_connections=100000", "--max_connections_per_client=100000",
                   "--plugin=" + (arguments.plugin or built("plugin_api/libpostern.so"))]
        if arguments.threads:
            command.append("--threads=%d" % arguments.threads)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.port = int(self.process.stdout.readline().rsplit(b":", 1)[1])
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Sink:
    name = "smtp-sink"

    def __init__(self, _, wrapper=()):
        self.port = free_port()
        # As root it wants to be told whom to become; unasked it serves 256 connections at a time.
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [*wrapper, tool("smtp-sink"), *user, "-m", "100000", "127.0.0.1:%d" % self.port,
             "4096"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.02)
        self.pid = self.process.pid

    def stop(self):
        self.process.terminate()
        self.process.wait()


def cpu_seconds(pid):
    """Processor time of all threads of a process so far, to the nanosecond."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path, encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


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
    print("%-26s %10s %10s %6s   %s" % ("", "posternd", "smtp-sink", "ratio",
                                        "server CPU us/message"))
    servers = [Posternd(arguments), Sink(arguments)]
    try:
        for title, octets, reuse, messages in (
                ("new connections, 1 KiB", 1024, False, 4000),
                ("reused connections, 1 KiB", 1024, True, 20000),
                ("new connections, 64 KiB", 65536, False, 2000),
                ("reused connections, 64 KiB", 65536, True, 4000)):
            rates = {server.name: [] for server in servers}
            used = {server.name: [] for server in servers}
            for turn in range(arguments.rounds):
                # Who goes first changes, so that a drift of the machine favours neither.
                for server in servers if turn % 2 == 0 else reversed(servers):
                    seconds, cpu = load(server, arguments.sessions, messages, octets, reuse)
                    rates[server.name].append(messages / seconds)
                    used[server.name].append(cpu / messages * 1e6)
            ours, theirs = (statistics.median(rates[s.name]) for s in servers)
            cpu = [statistics.median(used[s.name]) for s in servers]
            print("%-26s %10.0f %10.0f %6.2f   %.1f against %.1f (%.2f)"
                  % (title, ours, theirs, ours / theirs, cpu[0], cpu[1], cpu[0] / cpu[1]),
                  flush=True)
    finally:
        for server in servers:
            server.stop()


def per_message(arguments, make, sessions, reuse, count):
    """`count(make, load_it)` of a run with more messages, less that of one with fewer."""
    few, many = arguments.counted, 3 * arguments.counted
    counts = [count(arguments, make,
                    lambda server, messages=messages: load(server, sessions, messages, 1024, reuse))
              for messages in (few, many)]
    return None if None in counts else (counts[1] - counts[0]) / (many - few)


def count_system_calls(arguments, make, load_it):
    server = make(arguments)
    with tempfile.NamedTemporaryFile("r") as counts:
        tracer = subprocess.Popen(["strace", "-f", "-c", "-o", counts.name, "-p", str(server.pid)],
                                  stderr=subprocess.PIPE)
        tracer.stderr.readline()  # "attached"
        load_it(server)
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        tracer.stderr.close()
        server.stop()
        total = re.search(r"^100\.00\s+\S+\s+(?:\d+\s+)?(\d+)\s", counts.read(), re.M)
    return None if total is None else int(total.group(1))


def count_instructions(arguments, make, load_it):
    with tempfile.NamedTemporaryFile("r") as log:
        # The tool may be a script that sets a library path and then becomes the program.
        server = make(arguments, ("valgrind", "--tool=callgrind", "--trace-children=yes",
                                  "--vgdb=no", "--callgrind-out-file=/dev/null",
                                  "--log-file=" + log.name))
        load_it(server)
        server.stop()
        total = re.search(r"Collected : (\d+)", log.read())
    return None if total is None else int(total.group(1))


def measure_counts(arguments, title, program, count, cases):
    if shutil.which(program) is None:
        print("%s: %s is not there" % (title, program))
        return
    print("%s per 1 KiB message" % title)
    print("%-36s %10s %10s" % ("", "posternd", "smtp-sink"))
    for reuse, sessions in cases:
        found = [per_message(arguments, make, sessions, reuse, count) for make in (Posternd, Sink)]
        if None in found:
            print("  %s may not look into processes here" % program)
            return
        print("%-36s %10.2f %10.2f" % ("%s connections, %d at a time"
                                       % ("reused" if reuse else "new", sessions), *found),
              flush=True)


def resident_octets(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1)) * 1024


def measure_memory(arguments):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    wanted = min(arguments.idle, hard - 200)
    print("Resident memory per connection that is idle after EHLO, with %d of them" % wanted)
    for make in (Posternd, Sink):
        server = make(arguments)
        clients = []

        def connect(number):
            # Source addresses of their own, so that ports are no limit.
            client = socket.create_connection(("127.0.0.1", server.port),
                                              source_address=("127.0.1.%d" % (number % 8 + 1), 0))
            clients.append(client)
            client.recv(1024)
            client.sendall(b"EHLO client.example.org\r\n")
            client.recv(1024)

        try:
            for i in range(50):  # these touch what exists once
                connect(i)
            before = resident_octets(server.pid)
            for i in range(wanted):
                connect(i)
            after = resident_octets(server.pid)
            print("  %-10s %6.0f octets, %.2f KiB"
                  % (server.name, (after - before) / wanted, (after - before) / wanted / 1024),
                  flush=True)
        finally:
            for client in clients:
                client.close()
            server.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=7, help="runs of each server and case")
    parser.add_argument("--sessions", type=int, default=20, help="at a time, for the rates")
    parser.add_argument("--counted", type=int, default=1000,
                        help="messages of the short run where calls and instructions are counted")
    parser.add_argument("--idle", type=int, default=10000, help="connections that idle")
    parser.add_argument("--threads", type=int, default=0, help="loops of posternd (0: its default)")
    parser.add_argument("--posternd", help="another program than the one built here")
    parser.add_argument("--plugin", help="another libpostern.so than the one built here")
    parser.add_argument("--only", choices=("rates", "calls", "instructions", "memory"),
                        help="this part alone")
    arguments = parser.parse_args()
    parts = {
        "rates": lambda: measure_rates(arguments),
        "calls": lambda: measure_counts(arguments, "System calls", "strace", count_system_calls,
                                        ((True, 1), (True, 20), (False, 20))),
        "instructions": lambda: measure_counts(arguments, "Instructions of the program",
                                               "valgrind", count_instructions,
                                               ((True, 1), (False, 1))),
        "memory": lambda: measure_memory(arguments),
    }
    for name, run in parts.items():
        if arguments.only in (None, name):
            run()


if __name__ == "__main__":
    main()
