"""What tests of the gateway share: an engine that serves, requests, and streams of events."""

import contextlib
import http.client
import json
import socket
import urllib.parse

from harness import World, wait_until


class Serving(World):
    def serve(self, *words, listen="127.0.0.1:0", **options):
        (self.data / "server.json").unlink(missing_ok=True)
        engine = self.start("serve", "--listen", listen, *words, **options)

        def place():
            if not engine.alive():
                raise AssertionError(f"the engine has ended\n{engine.said()}")
            return (self.data / "server.json").exists()

        wait_until(lambda: f"server.json\n{engine.said()}", place)
        self.place = json.loads((self.data / "server.json").read_text())
        self.assertEqual(self.place["pid"], engine.pid)
        self.address = urllib.parse.urlsplit(self.place["url"])
        self.token = (self.data / "token").read_text().strip()
        return engine

    def request(self, method, path, body=None, token=None, headers=None):
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        self.addCleanup(connection.close)
        sent = dict(headers or {})
        if token != "":
            sent["Authorization"] = f"Bearer {token or self.token}"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def raw(self, data, seconds=60):
        """All that comes back for these bytes, until the gateway closes or is silent."""
        with socket.create_connection((self.address.hostname, self.address.port), timeout=seconds) as connection:
            connection.sendall(data)
            with contextlib.suppress(OSError):  # it may have been refused already
                connection.shutdown(socket.SHUT_WR)
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode(errors="replace")

    def stream(self, path="/api/v1/events/stream", last=None):
        """A socket that reads the stream, beyond its header."""
        connection = socket.create_connection((self.address.hostname, self.address.port), timeout=60)
        self.addCleanup(connection.close)
        resume = f"Last-Event-ID: {last}\r\n" if last else ""
        connection.sendall(f"GET {path} HTTP/1.0\r\nHost: x\r\n{resume}Authorization: Bearer {self.token}\r\n\r\n".encode())
        file = connection.makefile("rb")
        self.addCleanup(file.close)
        self.assertIn(b" 200 ", file.readline())
        while file.readline().strip():
            continue
        return file

    @staticmethod
    def events(file):
        """Events as they come."""
        while line := file.readline():
            if line.startswith(b"data: "):
                yield json.loads(line[len(b"data: "):])

    def read_until(self, file, kind):
        seen = []
        for event in self.events(file):
            seen.append(event)
            if event["type"] == kind:
                return seen
        self.fail(f"the stream ended before {kind}: {[e['type'] for e in seen]}")
