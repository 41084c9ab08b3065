# SPDX-License-Identifier: ISC
"""Mail without a pause, while something is done to the gateway that it goes through."""
import threading
import time

from lab import samples
from lab.process import wait_until
from lab.wire import Closed


class PersistentSenders:
    """Senders that do as senders do: who is not answered 2xx comes again."""

    def __init__(self, machine, senders=4):
        """`machine` has send(message) and log()."""
        self.machine, self.accepted, self.refused_connections, self.over = machine, [], 0, threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._send, args=(n,)) for n in range(senders)]

    def _send(self, sender):
        number = 0
        while not self.over.is_set():
            name = "load-%d-%d" % (sender, number)
            if self._try(name):
                number += 1
            else:
                time.sleep(0.05)

    def _try(self, name):
        try:
            reply = self.machine.send(samples.clean(name))
        except ConnectionRefusedError:
            with self.lock:
                self.refused_connections += 1
            return False
        except (OSError, Closed):
            return False
        except AssertionError as said:
            assert "got 421 " in str(said)
            return False
        with self.lock:
            self.accepted += [name] if reply.code == 250 else []
        return reply.code == 250

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def sent(self, more):
        """So many more are accepted."""
        wanted = len(self.accepted) + more
        assert wait_until(lambda: len(self.accepted) >= wanted, 60), self.machine.log()[-3000:]


def arrived(behind):
    return [line.split(b": ")[1].decode() for message in behind.messages for line in message.content.split(b"\r\n") if line.startswith(b"Subject: load-")]
