"""What forges tell: a signed push is a hint to look; git is asked, and a lost one costs one scan interval."""

import base64
import hashlib
import hmac
import json
import time

from harness import spec_text
from serving import Serving

SECRET = "a secret of this test"


def mac(body, secret=SECRET):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks(Serving):
    scan_seconds = 3600

    def config(self, **options):
        options.setdefault("repos", 'path = "."\nbranch = "main"\nwebhook_secret = "env:HOOK_SECRET"')
        return super().config(**options).replace("scan_seconds = 1", f"scan_seconds = {self.scan_seconds}")

    def setUp(self):
        super().setUp()
        self.environment["HOOK_SECRET"] = SECRET
        self.deliveries = 0

    def push(self, ref="refs/heads/main", headers=None, body=None, secret=SECRET):
        """As GitHub tells of a push, unless `headers` are another forge's."""
        self.deliveries += 1
        body = json.dumps({"ref": ref, "repository": {"name": "shop"}}).encode() if body is None else body
        headers = headers or {"X-GitHub-Event": "push", "X-GitHub-Delivery": f"delivery-{self.deliveries}",
                              "X-Hub-Signature-256": f"sha256={mac(body, secret)}"}
        return self.request("POST", "/api/v1/specs/sync", body=body, token="",
                            headers={"Content-Type": "application/json", **headers})

    def outcome(self, answer):
        self.assertEqual(answer.status, 202, answer.text)
        return [one["outcome"] for one in json.loads(answer.text)["deliveries"]]

    def texts(self):
        return {(row["vtid"], row["version"], row["checksum"])
                for row in self.query("SELECT vtid, version, checksum FROM vtid_specs")}


class AWebhook(Webhooks):
    def test_carries_a_push_to_its_end_long_before_the_next_scan(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.add_spec("VTID-00801")
        self.assertEqual(self.outcome(self.push()), ["looking"])
        self.wait_for_status("VTID-00801", "completed")
        told = [event for event in self.vitana("events", "--json", code=0).out.splitlines()
                if json.loads(event)["type"] == "repo.webhook.received"]
        self.assertEqual(len(told), 1)
        self.assertEqual(json.loads(told[0])["data"]["ref"], "refs/heads/main")
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_of_every_forge_is_taken_by_its_signature_alone(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        body = b'{"ref":"refs/heads/main"}'
        moment = str(int(time.time()))
        standard = base64.b64encode(hmac.new(SECRET.encode(), f"m1.{moment}.".encode() + body, hashlib.sha256).digest()).decode()
        for forge, headers in {
            "github": {"X-GitHub-Event": "push", "X-GitHub-Delivery": "h1", "X-Hub-Signature-256": f"sha256={mac(body)}"},
            "gitea": {"X-Gitea-Event": "push", "X-Gitea-Delivery": "g1", "X-Gitea-Signature": mac(body)},
            "forgejo": {"X-Forgejo-Event": "push", "X-Forgejo-Delivery": "f1", "X-Forgejo-Signature": mac(body)},
            "gitlab": {"X-Gitlab-Event": "Push Hook", "X-Gitlab-Event-UUID": "l1", "X-Gitlab-Token": SECRET},
            "gitlab, signed": {"X-Gitlab-Event": "Push Hook", "webhook-id": "m1", "webhook-timestamp": moment,
                               "webhook-signature": f"v1,{standard}"},
        }.items():
            with self.subTest(forge):
                self.assertEqual(self.outcome(self.push(headers=headers, body=body)), ["looking"])
                self.assertEqual(self.outcome(self.push(headers=headers, body=body)), ["repeated"])
                wrong = {name: value[:-1] + ("0" if value[-1] != "0" else "1") if "ignature" in name or "Token" in name
                         else value for name, value in headers.items()}
                self.assertEqual(self.push(headers=wrong, body=body).status, 401)
                if "X-Gitlab-Token" not in headers:
                    self.assertEqual(self.push(headers=headers, body=body + b" ").status, 401)
        self.assertEqual(self.count("webhook_deliveries"), 5)
        self.assertEqual(self.request("POST", "/api/v1/specs/sync", token="").status, 401)
        self.assertEqual(engine.stop(), 0)
        self.assertHealthy()

    def test_that_is_lost_is_made_good_by_the_next_one_or_by_a_scan(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        self.add_spec("VTID-00802", spec_text("VTID-00802", "One"))
        self.assertEqual(self.outcome(self.push()), ["looking"])
        self.wait_for_sync(engine)
        self.add_spec("VTID-00803", spec_text("VTID-00803", "Two"))  # nobody is told
        self.add_spec("VTID-00802", spec_text("VTID-00802", "One, again"))
        self.assertEqual(self.outcome(self.push()), ["looking"])
        self.wait_for_sync(engine)
        self.repo.git("reset", "-q", "--hard", "HEAD~1")  # forced
        self.add_spec("VTID-00804", spec_text("VTID-00804", "Three"))
        for _ in range(3):  # early, twice, and out of order
            self.outcome(self.push())
        self.wait_for_sync(engine)
        self.add_spec("VTID-00805", spec_text("VTID-00805", "Four"))  # lost: the next start scans
        self.assertEqual(engine.stop(), 0)
        self.until_idle()
        told = self.texts()
        self.assertEqual(sorted({vtid for vtid, _, _ in told}), ["VTID-00802", "VTID-00803", "VTID-00804", "VTID-00805"])

        # The same end, by scans alone.
        newest = {vtid: checksum for vtid, _, checksum in sorted(told)}
        clean = self.root / "clean"
        self.repo.git("clone", "-q", str(self.repo.folder), str(clean))
        self.vitana("spec", "sync", "--json", code=0, folder=clean)
        listed = self.vitana("spec", "list", "--json", code=0, folder=clean).json["specs"]
        self.assertEqual({spec["vtid"]: spec["digest"] for spec in listed}, newest)

    def test_of_another_branch_or_a_tag_registers_nothing(self):
        engine = self.serve()
        self.wait_for_sync(engine)
        self.repo.git("checkout", "-q", "-b", "topic")
        self.add_spec("VTID-00806")
        self.repo.git("tag", "v1")
        self.assertEqual(self.outcome(self.push("refs/heads/topic")), ["other_branch"])
        self.assertEqual(self.outcome(self.push("refs/tags/v1")), ["other_branch"])
        self.repo.git("checkout", "-q", "main")
        self.add_spec("VTID-00807")
        self.assertEqual(self.outcome(self.push()), ["looking"])
        self.wait_for_status("VTID-00807", "completed")
        self.assertIsNone(self.status("VTID-00806"))
        self.assertEqual(engine.stop(), 0)


class WhatIsHeard(Webhooks):
    def test_an_operator_asks_for_a_look(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        self.add_spec("VTID-00808")
        answer = self.request("POST", "/api/v1/specs/sync?repo=shop")
        self.assertEqual(self.outcome(answer), ["looking"])
        self.wait_for_sync(engine)
        self.assertEqual(self.status("VTID-00808"), "scheduled")
        self.assertEqual(self.request("POST", "/api/v1/specs/sync?repo=other").status, 404)
        self.assertEqual(engine.stop(), 0)

    def test_a_push_without_an_id_is_heard_each_time(self):
        engine = self.serve("--paused")
        self.wait_for_sync(engine)
        headers = {"X-GitHub-Event": "push", "X-Hub-Signature-256": f"sha256={mac(b'{}')}"}
        for _ in range(2):
            self.assertEqual(self.outcome(self.push(headers=headers, body=b"{}")), ["looking"])
        self.assertEqual(engine.stop(), 0)
