"""The gateway as others reach it: encryption, limits, compressed answers, figures, logs, its end."""

import contextlib
import gzip
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest
import warnings

from harness import wait_until
from serving import Serving


def find_promtool():
    """The machine's own, or else the one in Debian's package, which is taken out of it into the build's folder, once:
    installed, the package would start a server."""
    installed = shutil.which("promtool")
    if installed:
        return installed
    kept = pathlib.Path(os.environ.get("VITANA_CLIENTS") or tempfile.gettempdir()) / "vitana-promtool"
    if not kept.exists():
        with tempfile.TemporaryDirectory(prefix="vitana-promtool.") as folder:
            try:
                subprocess.run(["apt-get", "download", "-q", "prometheus"], cwd=folder, check=True, timeout=300,
                               stdin=subprocess.DEVNULL, capture_output=True)
                package, = pathlib.Path(folder).glob("prometheus_*.deb")
                subprocess.run(["dpkg-deb", "-x", package, folder], check=True, timeout=300, capture_output=True)
                beside = kept.with_name(f"{kept.name}.{os.getpid()}")
                shutil.copy2(pathlib.Path(folder, "usr/bin/promtool"), beside)
            except (OSError, ValueError, subprocess.SubprocessError) as error:
                raise unittest.SkipTest("SKIPPED: promtool is not installed, and Debian's package prometheus could not be "
                                        f"fetched: the form was judged by this test alone ({error})") from None
            beside.rename(kept)
    return kept


class Exposed(Serving):
    def configure(self, **keys):
        lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
        self.repo.commit("configuration", {"vitana.toml": self.config(rest="[server]\n" + "\n".join(lines))})

    def connect(self):
        connection = socket.create_connection((self.address.hostname, self.address.port), timeout=60)
        self.addCleanup(connection.close)
        return connection

    def head(self, path, headers=(), token=None, method="GET"):
        """A request as bytes, up to its body."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {token or self.token}", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Encrypted(Exposed):
    def make_certificate(self, serial, name="hub"):
        """A pair of the test's own, put in place as an administrator's program does it: one file after the other."""
        folder = self.root / "tls"
        folder.mkdir(exist_ok=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", folder / "new.key", "-out", folder / "new.pem", "-days", "10", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-set_serial", str(serial)],
                       check=True, capture_output=True)
        os.replace(folder / "new.pem", folder / f"{name}.pem")
        os.replace(folder / "new.key", folder / f"{name}.key")
        self.certificate = folder / f"{name}.pem"

    def serve(self, *words):
        self.configure(tls_certificate="../tls/hub.pem", tls_key="../tls/hub.key")
        engine = super().serve(*words)
        self.assertEqual(self.address.scheme, "https")
        return engine

    def context(self, **versions):
        context = ssl.create_default_context(cafile=self.certificate)
        for name, version in versions.items():
            setattr(context, name, version)
        return context

    def request(self, method, path, body=None, token=None, headers=None, context=None):
        connection = http.client.HTTPSConnection("localhost", self.address.port, timeout=60,
                                                 context=context or self.context())
        self.addCleanup(connection.close)
        sent = dict(headers or {})
        if token != "":
            sent["Authorization"] = f"Bearer {token or self.token}"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode()
        answer.connection = connection
        return answer

    def serial(self):
        """Of the certificate that a new connection meets."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with socket.create_connection((self.address.hostname, self.address.port), timeout=60) as plain:
            with context.wrap_socket(plain) as secured:
                der = secured.getpeercert(binary_form=True)
        text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout", "-serial"], input=der, check=True,
                              capture_output=True).stdout.decode()
        return int(text.split("=")[1], 16)

    def test_speaks_tls_and_says_so(self):
        self.make_certificate(1)
        engine = self.serve()
        answer = self.get("/api/v1/tasks")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.getheader("Strict-Transport-Security"), "max-age=31536000")
        page = "x" * 3_000_000  # many records, in both directions
        body = json.dumps({"files": [{"path": "docs/specs/00009-x.md", "text": page}]})
        answer = self.request("POST", "/api/v1/specs/validate", body=body, headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer.text[:500])
        done = subprocess.run(["curl", "-sS", "--cacert", self.certificate, "--compressed",
                               f"https://localhost:{self.address.port}/openapi.json"], check=True, capture_output=True)
        self.assertEqual(json.loads(done.stdout)["openapi"], "3.1.0")
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_old_protocols_are_refused(self):
        self.make_certificate(1)
        engine = self.serve()
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.context(minimum_version=version, maximum_version=version)
            self.assertEqual(self.get("/healthz", context=context).status, 200, version)
        old = self.context()
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises(OSError):
            self.get("/healthz", context=old)
        self.assertEqual(engine.stop(), 0)

    def test_what_does_not_speak_tls_is_told_and_closed(self):
        self.make_certificate(1)
        engine = self.serve()
        answer = self.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertTrue(answer.startswith("HTTP/1.1 400 "), answer)
        self.assertIn("this port speaks TLS", answer)
        self.assertNotIn("Strict-Transport", answer)
        for data in (b"\x16\x03\x01\xff\xff" + b"\0" * 2000, b"\0" * 100, b"SSH-2.0-x\r\n", os.urandom(500), b""):
            self.assertNotIn("HTTP/1.1 200", self.raw(data))
        self.assertEqual(self.get("/healthz").status, 200)
        self.assertEqual(engine.stop(), 0)

    def test_who_shakes_no_hands_keeps_nobody_waiting(self):
        self.make_certificate(1)
        engine = self.serve()
        silent = [self.connect() for _ in range(100)]
        self.assertEqual(self.get("/healthz").status, 200)
        self.assertEqual(silent[0].recv(1), b"", "closed by the deadline of the handshake")
        self.assertEqual(engine.stop(), 0)

    def test_a_new_certificate_is_taken_while_connections_are_open(self):
        self.make_certificate(1)
        engine = self.serve()
        kept = self.get("/healthz").connection
        self.assertEqual(self.serial(), 1)
        self.make_certificate(2)
        wait_until("the new certificate", lambda: self.serial() == 2)
        kept.request("GET", "/healthz", headers={"Authorization": f"Bearer {self.token}"})
        self.assertEqual(kept.getresponse().read(), b'{"status":"ok"}', "a connection lives on with what it began with")
        (self.root / "tls" / "hub.key").write_text("broken")
        wait_until(lambda: engine.said(), lambda: (self.serial(), "the certificate before stays in use" in engine.said())[1])
        self.assertEqual(self.serial(), 2)
        self.make_certificate(3)
        wait_until("the mended pair", lambda: self.serial() == 3)
        self.assertEqual(engine.said().count("stays in use"), 1, engine.said())
        self.assertEqual(engine.stop(), 0)

    def test_live_events_and_the_end_of_them(self):
        self.make_certificate(1)
        engine = self.serve()
        self.wait_for_sync(engine)
        connection = self.context().wrap_socket(self.connect(), server_hostname="localhost")
        self.addCleanup(connection.close)
        connection.sendall(self.head("/api/v1/events/stream"))
        file = connection.makefile("rb")
        self.addCleanup(file.close)
        self.add_spec("VTID-00701")
        told = self.read_until(file, "vtid.lifecycle.completed")
        self.assertGreater(len(told), 10)
        self.assertEqual(engine.stop(), 0)
        file.read()  # an orderly end: else this raises
        self.assertHealthy()

    def test_a_pair_that_cannot_be_used_is_refused_at_the_start(self):
        self.make_certificate(1)
        self.make_certificate(2, name="other")
        shutil.copy(self.root / "tls" / "other.key", self.root / "tls" / "hub.key")
        self.configure(tls_certificate="../tls/hub.pem", tls_key="../tls/hub.key")
        answer = self.vitana("serve", "--listen", "127.0.0.1:0", "--json", code=1)
        self.assertEqual(answer.error_code, "CONFIG_INVALID", answer)
        self.assertIn("hub.key", answer.out)
        looked = {finding["what"]: finding for finding in self.vitana("doctor", "--json").json["findings"]}
        self.assertFalse(looked["certificate"]["good"])
        self.make_certificate(3)
        looked = {finding["what"]: finding for finding in self.vitana("doctor", "--json").json["findings"]}
        self.assertTrue(looked["certificate"]["good"], looked)
        self.assertRegex(looked["certificate"]["detail"], r"until \d{4}-")

    def test_encrypted_it_may_be_reached_from_other_machines(self):
        self.make_certificate(1)
        self.configure(tls_certificate="../tls/hub.pem", tls_key="../tls/hub.key")
        engine = self.start("serve", "--listen", "0.0.0.0:0")
        wait_until(lambda: engine.said(), lambda: "https://0.0.0.0:" in engine.said())
        self.assertEqual(engine.stop(), 0)


class Smaller(Exposed):
    def test_a_large_answer_is_sent_as_gzip_to_who_takes_it(self):
        engine = self.serve()
        plain = self.get("/openapi.json")
        self.assertIsNone(plain.getheader("Content-Encoding"))
        connection = http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=60)
        self.addCleanup(connection.close)

        def ask(path, **headers):
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}", **headers})
            answer = connection.getresponse()
            answer.data = answer.read()
            return answer

        small = ask("/openapi.json", **{"Accept-Encoding": "br, gzip"})
        self.assertEqual(small.getheader("Content-Encoding"), "gzip")
        self.assertEqual(gzip.decompress(small.data).decode(), plain.text)
        self.assertLess(len(small.data), len(plain.text) / 3)
        self.assertEqual((small.getheader("Vary"), plain.getheader("Vary")), ("Accept-Encoding", "Accept-Encoding"))
        self.assertNotEqual(small.getheader("ETag"), plain.getheader("ETag"), "two forms, two tags")
        for tag, encoding, status in ((small.getheader("ETag"), "gzip", 304), (plain.getheader("ETag"), "identity", 304),
                                      ("W/" + small.getheader("ETag"), "gzip", 304),
                                      (plain.getheader("ETag"), "gzip", 200), (small.getheader("ETag"), "gzip;q=0", 200)):
            answer = ask("/openapi.json", **{"Accept-Encoding": encoding, "If-None-Match": tag})
            self.assertEqual(answer.status, status, (tag, encoding))
            if status == 304:
                self.assertEqual((answer.getheader("ETag"), answer.data), (tag.removeprefix("W/"), b""))
                self.assertEqual(answer.getheader("Vary"), "Accept-Encoding")
        self.assertIsNone(ask("/healthz", **{"Accept-Encoding": "gzip"}).getheader("Content-Encoding"))
        self.assertEqual(engine.stop(), 0)

    def test_a_stream_is_not_compressed(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00701")
        connection = self.connect()
        connection.sendall(self.head("/api/v1/events/stream", ["Accept-Encoding: gzip"]))
        file = connection.makefile("rb")
        self.addCleanup(file.close)
        self.read_until(file, "vtid.lifecycle.completed")
        self.assertEqual(engine.stop(), 0)

    def test_a_body_that_is_compressed_is_refused(self):
        engine = self.serve()
        answer = self.request("POST", "/api/v1/specs/validate", body=gzip.compress(b"{}"),
                              headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
        self.assertEqual((answer.status, json.loads(answer.text)["code"]), (400, "REQUEST_INVALID"))
        self.assertEqual(engine.stop(), 0)


class Bounded(Exposed):
    def test_who_guesses_tokens_is_slowed_and_who_has_one_is_not(self):
        engine = self.serve()
        statuses = [self.get("/api/v1/tasks", token="vitana_" + "0" * 64).status for _ in range(40)]
        self.assertEqual(set(statuses), {401, 429})
        self.assertEqual(statuses.index(429), 30)
        refused = self.get("/api/v1/tasks", token="")
        self.assertEqual(refused.status, 429)
        self.assertEqual(json.loads(refused.text)["code"], "TOO_MANY_REQUESTS")
        self.assertIn(int(refused.getheader("Retry-After")), range(1, 61))
        made = self.vitana("tokens", "create", "--role", "viewer", "--json", code=0).json
        self.assertEqual(self.get("/api/v1/tasks", token=made["token"]).status, 200, "though it comes from that address")
        self.assertEqual(self.get("/healthz", token="").status, 200)
        self.assertEqual(engine.stop(), 0)

    def test_a_token_has_so_many_requests_a_minute(self):
        self.configure(requests_per_minute=20)
        engine = self.serve()
        self.assertEqual(self.get("/api/v1/tasks").status, 200)
        statuses = [self.get("/api/v1/tasks").status for _ in range(30)]
        self.assertEqual(statuses[:19], [200] * 19)
        self.assertIn(429, statuses)
        made = self.vitana("tokens", "create", "--role", "viewer", "--json", code=0).json
        self.assertEqual(self.get("/api/v1/tasks", token=made["token"]).status, 200, "another one has its own")
        self.assertEqual(engine.stop(), 0)

    def test_an_address_has_so_many_connections(self):
        address = next((word for word in subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
                        if "." in word), None)
        if address is None:
            self.skipTest("this machine has no address but its own")
        self.configure(connections_per_address=5)
        engine = self.serve("--insecure", listen=f"{address}:0")

        def answered():
            connection = self.connect()
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                return connection if connection.recv(4) == b"HTTP" else None
            return None

        held = [answered() for _ in range(5)]
        self.assertNotIn(None, held)
        self.assertIsNone(answered(), "the sixth is closed as it comes")
        held[0].close()
        wait_until("room for another", answered)
        self.assertEqual(engine.stop(), 0)


class Told(Exposed):
    def metrics(self, **options):
        answer = self.get("/metrics", **options)
        self.assertEqual(answer.status, 200, answer.text)
        return answer.text

    def figure(self, name):
        text = self.metrics()
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
        self.assertIsNotNone(found, f"{name} in\n{text}")
        return float(found.group(1))

    def check_form(self, text):
        """Each family has its help and type once, before its samples, and no sample comes twice."""
        families, family, samples = set(), None, set()
        for line in text.splitlines():
            if found := re.fullmatch(r"# HELP (\w+) (.+)", line):
                family = found.group(1)
                self.assertNotIn(family, families)
                families.add(family)
            elif found := re.fullmatch(r"# TYPE (\w+) (counter|gauge|histogram)", line):
                self.assertEqual(found.group(1), family)
                kind = found.group(2)
                self.assertEqual(family.endswith("_total"), kind == "counter", family)
            else:
                found = re.fullmatch(r'(\w+)(\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\})? (\d\S*)', line)
                self.assertIsNotNone(found, line)
                self.assertIn(found.group(1).removeprefix(family), ("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
                self.assertNotIn(found.group(1, 2), samples)
                samples.add(found.group(1, 2))
        self.assertGreater(len(families), 15)

    def test_figures_of_a_task_that_was_done(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.assertEqual(self.figure('vitana_tasks{status="completed"}'), 0)
        live = self.stream()
        self.add_spec("VTID-00701")
        self.read_until(live, "vtid.lifecycle.completed")
        self.assertEqual(self.figure('vitana_tasks{status="completed"}'), 1)
        wait_until("the run in the figures",
                   lambda: 'vitana_runs_ended_total{state="completed",code=""} 1\n' in self.metrics())
        self.assertEqual(self.figure("vitana_claims_total"),
                         self.count("oasis_events", "type = 'worker.lease.granted'"))
        self.assertEqual(self.figure("vitana_leases_lost_total"), 0)
        self.assertEqual(self.figure("vitana_http_streams"), 1)
        self.assertGreaterEqual(self.figure("vitana_http_connections"), 2)
        self.assertEqual(self.figure("vitana_ready_steps"), 0)
        self.assertEqual(self.figure("vitana_log_sequence"), self.count("oasis_events"))
        self.assertGreater(self.figure("vitana_commit_units_sum"), 3)
        before = self.figure('vitana_http_requests_total{method="get",route="/metrics",status="200"}')
        self.assertEqual(self.get("/metrics", token="").status, 401)
        self.assertEqual(self.figure('vitana_http_requests_total{method="get",route="/metrics",status="200"}'), before + 1)
        self.assertEqual(self.figure('vitana_http_requests_total{method="get",route="/metrics",status="401"}'), 1)
        self.assertEqual(engine.stop(), 0)

    def test_a_run_that_fails_is_counted_by_its_code(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00701", script="exit 3")
        wait_until(lambda: self.metrics(),
                   lambda: 'vitana_runs_ended_total{state="failed",code="AGENT_FAILED"}' in self.metrics())
        self.assertEqual(engine.stop(), 0)

    def test_the_figures_are_in_the_form_that_prometheus_reads(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00701")
        self.read_until(self.stream(), "vtid.lifecycle.completed")
        text = self.metrics()
        self.check_form(text)
        made = self.vitana("tokens", "create", "--role", "viewer", "--repo", "shop", "--json", code=0).json
        bound = self.metrics(token=made["token"])
        self.assertEqual({line.split("{")[0] for line in bound.splitlines() if line[0] != "#"}, {"vitana_tasks"})
        self.assertEqual(engine.stop(), 0)
        promtool = find_promtool()
        done = subprocess.run([promtool, "check", "metrics"], input=text, text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def lines(self, engine):
        return [json.loads(line) for line in engine.said().splitlines() if line.startswith("{")]

    def test_each_request_is_a_line(self):
        engine = self.serve("--log", "json")
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        answer = self.get("/api/v1/tasks/VTID-00009?x=%0A", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
        self.assertRegex(answer.getheader("traceparent"), f"^00-{trace}-[0-9a-f]{{16}}-01$")
        self.assertNotIn("00f067aa0ba902b7", answer.getheader("traceparent"))
        self.assertRegex(self.get("/healthz", token="").getheader("traceparent"), "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")
        self.raw(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.raw(b"nonsense\r\n\r\n")
        wait_until(lambda: engine.said(), lambda: len(self.lines(engine)) == 4)
        task, health, brew, nonsense = self.lines(engine)
        self.assertEqual({key: task[key] for key in ("method", "route", "path", "status", "actor", "peer", "trace_id")},
                         {"method": "GET", "route": "/api/v1/tasks/{vtid}", "path": "/api/v1/tasks/VTID-00009",
                          "status": 400, "actor": "local", "peer": "127.0.0.1", "trace_id": trace})
        self.assertRegex(task["time"], r"^\d{4}-\d\d-\d\dT")
        self.assertLess(task["ms"], 60_000)
        self.assertEqual((health["route"], health["status"], health["actor"]), ("/healthz", 200, ""))
        self.assertEqual((brew["status"], brew["route"]), (405, ""))
        self.assertEqual((nonsense["status"], nonsense["method"]), (400, ""))
        self.assertNotIn(self.token, engine.said())
        self.assertEqual(engine.stop(), 0)

    def test_lines_of_text_and_none(self):
        self.configure(access_log="text")
        engine = self.serve()
        self.get("/healthz")
        wait_until(lambda: engine.said(),
                   lambda: re.search(r"^\S+Z GET /healthz 200 \d+\.\dms 15B actor=- peer=127.0.0.1 trace=[0-9a-f]{32}$",
                                     engine.said(), re.M))
        self.assertEqual(engine.stop(), 0)
        engine = self.serve("--log", "none")
        self.get("/healthz")
        self.assertEqual(engine.stop(), 0)
        self.assertNotIn("GET /healthz", engine.said())


class Managed(Exposed):
    """As systemd starts and ends it."""

    def manager(self, address):
        manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(manager.close)
        manager.bind(address)
        manager.settimeout(60)
        return manager

    def begin(self, address, **variables):
        self.environment = {**self.environment, "NOTIFY_SOCKET": address, **variables}
        return self.serve()

    def test_a_manager_is_told_of_beginning_and_end(self):
        path = str(self.root / "notify")
        manager = self.manager(path)
        engine = self.begin(path)
        ready = manager.recv(4096).decode().splitlines()
        self.assertEqual(ready, ["READY=1", f"STATUS=serving on {self.place['url']}"])
        self.assertEqual(self.get("/readyz").status, 200)
        self.vitana("task", "list", code=0)  # other commands tell it nothing
        engine.signal(signal.SIGTERM)
        self.assertEqual(manager.recv(4096), b"STOPPING=1")
        self.assertEqual(engine.end(), 0)

    def test_the_watchdog_hears_of_it_under_an_abstract_name(self):
        name = f"vitana-test-{os.getpid()}"
        manager = self.manager("\0" + name)
        engine = self.begin("@" + name, WATCHDOG_USEC="400000")
        self.assertTrue(manager.recv(4096).startswith(b"READY=1"))
        self.assertEqual([manager.recv(4096) for _ in range(3)], [b"WATCHDOG=1"] * 3)
        self.assertEqual(engine.stop(), 0)

    def test_a_watchdog_of_another_process_or_a_manager_that_is_gone_harms_nothing(self):
        path = str(self.root / "notify")
        manager = self.manager(path)
        engine = self.begin(path, WATCHDOG_USEC="1000", WATCHDOG_PID="1")
        self.assertTrue(manager.recv(4096).startswith(b"READY=1"))
        engine.signal(signal.SIGTERM)
        self.assertEqual(manager.recv(4096), b"STOPPING=1")
        self.assertEqual(engine.end(), 0)
        for address in (str(self.root / "nobody"), "relative", "@", "@" + "a" * 500):
            engine = self.begin(address)
            self.assertEqual(engine.stop(), 0)

    def under_way(self):
        """A request whose body has come in half."""
        body = json.dumps({"files": [{"path": "docs/specs/00009-x.md", "text": "# VTID-00009: x\n"}]}).encode()
        connection = self.connect()
        connection.sendall(self.head("/api/v1/specs/validate", ["Content-Type: application/json", "Expect: 100-continue",
                                                                f"Content-Length: {len(body)}"], method="POST"))
        self.assertIn(b"100 Continue", connection.recv(4096))
        connection.sendall(body[:10])
        return connection, body[10:]

    def closed(self):
        """Nobody is let in any more."""
        try:
            socket.create_connection((self.address.hostname, self.address.port), timeout=60).close()
        except OSError:
            return True
        return False

    def test_a_request_under_way_is_answered_before_the_end(self):
        engine = self.serve()
        idle = self.connect()
        connection, rest = self.under_way()
        engine.signal(signal.SIGTERM)
        wait_until("no more connections", self.closed)
        self.assertEqual(idle.recv(1), b"", "who asks nothing is closed at once")
        self.assertTrue(engine.alive())
        connection.sendall(rest)
        answer = b""
        while part := connection.recv(65536):
            answer += part
        self.assertIn(b"HTTP/1.1 200 ", answer)
        self.assertIn(b"Connection: close", answer)
        self.assertEqual(engine.end(), 0)

    def test_a_second_signal_waits_for_nobody(self):
        engine = self.serve()
        connection, _ = self.under_way()
        engine.signal(signal.SIGTERM)
        wait_until("no more connections", self.closed)
        engine.signal(signal.SIGTERM)
        self.assertEqual(engine.end(seconds=8), 0, "before the time of the request is over")
        with contextlib.suppress(ConnectionResetError):
            self.assertEqual(connection.recv(1), b"")
