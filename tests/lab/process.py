# SPDX-License-Identifier: ISC
"""Processes that the lab starts: each in a session of its own, with its output in a log file, ended by its pid."""
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    """Whatever a started process leaves behind becomes our own child, so that left_over() sees it."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _stat(pid):
    """(name, state, parent) of a process, or None when it is gone."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            text = f.read()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    state, parent = text[text.rindex(")") + 2:].split()[:2]
    return name, state, int(parent)


def children(pid):
    """The living direct children of a process: {pid: name}."""
    found = {}
    for entry in os.listdir("/proc"):
        stat = _stat(int(entry)) if entry.isdigit() else None
        if stat and stat[2] == pid and stat[1] != "Z":
            found[int(entry)] = stat[0]
    return found


def is_alive(pid):
    stat = _stat(pid)
    return bool(stat) and stat[1] != "Z"


def is_running(pid):
    """On a processor right now, not waiting for anything."""
    stat = _stat(pid)
    return bool(stat) and stat[1] == "R"


def descriptors(pid):
    """How many it has open."""
    return len(os.listdir("/proc/%d/fd" % pid))


def resident(pid):
    """Octets of its memory."""
    with open("/proc/%d/statm" % pid) as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kill(pid):
    """SIGKILL; false when it had ended by itself."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def left_over():
    """Our own children that still run: {pid: name}."""
    return children(os.getpid())


def reap():
    """Takes leave of the orphans that have ended; for the very end, when no Process is running any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


@contextlib.contextmanager
def asleep(pids):
    """These processes do nothing until the end, when some may have been killed."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def wait_until(condition, seconds=10, every=0.02):
    """Polls until condition() is true and returns its value; the last value when the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(every)


def port_answers(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


class Process:
    """One program: start() and stop(); its output is in `log`."""

    def __init__(self, name, command, run_dir, env=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = os.path.join(str(run_dir), name + ".log")
        self.env = dict(os.environ, **(env or {}))
        self.popen = None

    @property
    def pid(self):
        return self.popen.pid

    def start(self):
        with open(self.log, "ab") as log:
            self.popen = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env=self.env, start_new_session=True)
        return self

    def running(self):
        return self.popen is not None and self.popen.poll() is None

    def wait_ready(self, ready, seconds=20):
        """Waits until ready() is true; a process that ends before is an error that shows its log."""
        wait_until(lambda: ready() or not self.running(), seconds)
        if not self.running() or not ready():
            raise RuntimeError("%s did not become ready\n%s" % (self.name, self.output()[-4000:]))

    def wait_port(self, *ports, host="127.0.0.1"):
        self.wait_ready(lambda: all(port_answers(port, host) for port in ports))

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, seconds=10):
        """SIGTERM, then SIGKILL for what does not end in time. Returns the exit status (None: never started)."""
        if self.popen is None:
            return None
        if self.running():
            self.popen.terminate()
            try:
                self.popen.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(self.pid, signal.SIGKILL)
                self.popen.wait()
        return self.popen.returncode

    def output(self):
        with open(self.log, errors="backslashreplace") as f:
            return f.read()
