# SPDX-License-Identifier: ISC
"""A policy service for Postfix (SMTPD_POLICY_README): it is asked at each RCPT, and what it answers Postfix says.

decide(request) gets the request's attributes as a dictionary and returns an action ("dunno", "550 5.1.1 no such user")."""
import socketserver
import threading


class _Handler(socketserver.StreamRequestHandler):
    def handle(self):
        request = {}
        for line in self.rfile:
            line = line.decode("utf-8", "replace").rstrip("\n")
            if line:
                name, _, value = line.partition("=")
                request[name] = value
                continue
            with self.server.lock:
                action = self.server.decide(request)
            self.wfile.write(b"action=%s\n\n" % action.encode())
            request = {}


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True


class PolicyService:
    def __init__(self, decide):
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.decide, self.server.lock = decide, threading.Lock()
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
