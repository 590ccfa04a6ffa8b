# SPDX-License-Identifier: Apache-2.0
"""The scripted server as a program on descriptors 0 and 1, for posternd --upstream=exec:.

    python3 scripted_program.py FOLDER WORD...

FOLDER/fault, if there is one, is the fault of this run, "VERB WHAT"; it is taken away. FOLDER/keywords
holds what is offered. Each message goes to a file under FOLDER/messages before it is answered, and what
this process is like to FOLDER/process-PID.
"""

import json
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from tests.e2e import scripted_server  # pylint: disable=wrong-import-position


class Kept(list):
    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def append(self, message):
        sender, recipients, content = message
        path = os.path.join(self.folder, f"{os.getpid()}-{time.monotonic_ns()}")
        with open(path + ".part", "wb") as file:
            file.write(sender + b" " + b",".join(recipients) + b"\n" + content)
        os.rename(path + ".part", path)
        super().append(message)


def main(folder, *words):
    with open("/proc/self/status", encoding="ascii") as file:
        status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    descriptors = [fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")]
    with open(os.path.join(folder, f"process-{os.getpid()}"), "w", encoding="utf-8") as file:
        json.dump({"words": words, "environment": dict(os.environ), "ignored": status["SigIgn"],
                   "blocked": status["SigBlk"], "session": os.getsid(0) == os.getpid(),
                   "socket": os.path.sameopenfile(0, 1),
                   "descriptors": descriptors}, file)
    fault = None
    try:
        with open(os.path.join(folder, "fault"), encoding="ascii") as file:
            fault = tuple(file.read().split(" ", 1))
        os.unlink(os.path.join(folder, "fault"))
    except FileNotFoundError:
        pass
    keywords = scripted_server.KEYWORDS
    if os.path.exists(os.path.join(folder, "keywords")):
        with open(os.path.join(folder, "keywords"), "rb") as file:
            keywords = tuple(file.read().splitlines())
    if fault and fault[1] == "linger":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = scripted_server.ScriptedServer(
        keywords=keywords, connected=socket.socket(fileno=os.dup(0)), fault=fault,
        messages=Kept(os.path.join(folder, "messages")),
        delay_octets=os.path.exists(os.path.join(folder, "octet-by-octet")))
    server.join()
    if fault and fault[1] == "linger":
        time.sleep(600)


if __name__ == "__main__":
    main(*sys.argv[1:])
