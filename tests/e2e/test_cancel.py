"""Stopping: one task, all of them, the engine itself; and going on after the engine was killed."""

import pathlib
import signal
import socket
import time

from harness import DONE, World, process_table, wait_until

SLEEP = "exec sleep 600"
# A child that leaves its session and ignores what a polite shell would heed.
STUBBORN = "trap '' TERM INT HUP; setsid sh -c \"trap '' TERM INT HUP; sleep 600; sleep 600\" & sleep 600; sleep 600"
WAIT_FOR_GO = 'until [ -e "$scripts/go" ]; do sleep 0.1; done; '


class ARunningTaskIsCancelled(World):
    mode = "merge"

    def cancelled(self, script):
        engine = self.start_synced()
        self.add_spec("VTID-00601", script=script)
        self.wait_for_run("VTID-00601", "executing")
        self.wait_for_sleep()
        tip = self.repo.head()
        asked = time.monotonic()
        self.vitana("task", "cancel", "VTID-00601", "--reason", "not needed any more", code=0)
        answered = time.monotonic()
        wait_until(lambda: f"the agent ends: {self.processes()}", lambda: not self.sleepers(), 20)
        ended = time.monotonic()
        # Two seconds from the answer: starting the command itself is not the engine's time.
        self.assertLess(ended - answered, 2.0, f"the command itself took {answered - asked:.1f} s")
        self.wait_for_status("VTID-00601", "cancelled")
        self.wait_for_run("VTID-00601", "cancelled")
        # The engine itself and the git that reads for it are all that is left.
        wait_until(lambda: f"the rest ends: {self.processes()}",
                   lambda: all(pid == engine.pid or "cat-file" in line for pid, line in self.processes().items()), 10)
        task = self.assertStatus("VTID-00601", "cancelled", "CANCELLED")
        self.assertEqual(task["next"]["due_at"], None)
        self.assertIn("not needed any more", self.vitana("events", "--json", "--vtid", "VTID-00601", code=0).out)
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(engine.stop(), 0)
        self.assertNoProcess()
        self.assertEqual(self.runs("VTID-00601"), 1)
        self.assertHealthy()

    def sleepers(self):
        return [pid for pid, line in self.processes().items() if line.startswith("sleep 600")]

    def wait_for_sleep(self):
        wait_until(lambda: f"the agent sleeps: {self.processes()}", self.sleepers)

    def test_it_ends_within_two_seconds_and_leaves_no_process(self):
        self.cancelled(SLEEP)

    def test_so_does_one_that_does_not_want_to(self):
        self.cancelled(STUBBORN)

    def test_cancelled_it_can_be_retried(self):
        engine = self.start_synced()
        self.add_spec("VTID-00602", script=SLEEP)
        self.wait_for_run("VTID-00602", "executing")
        self.vitana("task", "cancel", "VTID-00602", code=0)
        self.wait_for_status("VTID-00602", "cancelled")
        self.agent("VTID-00602", DONE)
        self.vitana("task", "retry", "VTID-00602", "--reason", "needed after all", code=0)
        self.wait_for_status("VTID-00602", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual([run["state"] for run in self.show("VTID-00602")["runs"]], ["cancelled", "completed"])

    def test_what_has_ended_is_not_cancelled(self):
        self.until_idle()
        self.add_spec("VTID-00603")
        self.until_idle()
        answer = self.vitana("task", "cancel", "VTID-00603", "--json", code=4)
        self.assertEqual(answer.error_code, "STATE_REFUSED")
        self.assertStatus("VTID-00603", "completed")

    def test_a_waiting_task_is_cancelled_without_an_engine(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "closed", code=0)
        self.add_spec("VTID-00604")
        self.until_idle()
        self.assertStatus("VTID-00604", "scheduled")
        self.vitana("task", "cancel", "VTID-00604", code=0)
        self.vitana("controls", "set", "execution", "on", "--reason", "open", code=0)
        self.until_idle()
        self.assertEqual(self.status("VTID-00604"), "cancelled")
        self.assertEqual(self.runs("VTID-00604"), 0)


class ATaskThatIsBeingDeliveredIsCancelled(World):
    """By then it is delivered, or nothing of ours delivers it any more."""

    mode = "merge"

    def hang_in(self, name):
        hook = self.repo.folder / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\ncat > /dev/null\nexec sleep 600\n")
        hook.chmod(0o755)
        return hook

    def up_to_the_hook(self, name):
        engine = self.start_synced()
        hook = self.hang_in(name)
        self.add_spec("VTID-00611")
        self.wait_for_run("VTID-00611", "delivering")
        wait_until(lambda: f"the hook runs: {self.processes()}", self.hangs)
        return engine, hook

    def hangs(self):
        return any(line.startswith("sleep 600") for line in self.processes().values())

    def deliveries(self):
        return self.repo.trailers("VTID").count("VTID-00611")

    def retried(self, hook):
        """Once delivered, however often it is asked for."""
        hook.unlink()
        self.vitana("task", "retry", "VTID-00611", "--reason", "after all", code=0)
        self.until_idle()
        self.assertEqual(self.deliveries(), 1)
        self.assertHealthy()

    def test_before_the_branch_moves_it_is_cancelled_within_two_seconds(self):
        engine, hook = self.up_to_the_hook("pre-receive")
        tip = self.repo.head()
        asked = time.monotonic()
        self.vitana("task", "cancel", "VTID-00611", "--reason", "not this one", code=0)
        self.assertLess(time.monotonic() - asked, 4.0)  # the command's own start and git's included
        self.assertStatus("VTID-00611", "cancelled", "CANCELLED")
        wait_until("the hook ends", lambda: not self.hangs(), 5)
        self.assertEqual(self.repo.head(), tip)
        self.assertEqual(engine.stop(), 0)
        self.assertNoProcess()
        self.retried(hook)

    def test_after_the_branch_moved_it_is_delivered(self):
        engine, hook = self.up_to_the_hook("post-receive")
        answer = self.vitana("task", "cancel", "VTID-00611", "--reason", "not this one", code=4)
        self.assertIn("delivered already", answer.err)
        self.assertStatus("VTID-00611", "completed")
        self.assertEqual(self.deliveries(), 1)
        self.assertEqual(engine.stop(), 0)
        self.assertNoProcess()
        self.assertHealthy()
        hook.unlink()

    def test_after_the_engine_was_killed_nothing_lands_later(self):
        engine, hook = self.up_to_the_hook("pre-receive")
        tip = self.repo.head()
        engine.signal(signal.SIGKILL)
        engine.end()
        self.vitana("controls", "set", "execution", "off", "--reason", "night", code=0)
        self.vitana("task", "cancel", "VTID-00611", "--reason", "not this one", code=0)
        self.assertStatus("VTID-00611", "cancelled", "CANCELLED")
        self.assertNoProcess()
        self.assertEqual(self.repo.head(), tip)
        self.vitana("controls", "set", "execution", "on", "--reason", "day", code=0)
        self.retried(hook)

    def test_after_a_hasty_stop_what_is_on_the_branch_is_delivered(self):
        _, hook = self.up_to_the_hook("post-receive")
        self.vitana("stop", "--now", code=0)
        if self.status("VTID-00611") != "completed":
            self.vitana("task", "cancel", "VTID-00611", "--reason", "not this one", code=4)
        self.assertStatus("VTID-00611", "completed")
        self.assertEqual(self.deliveries(), 1)
        hook.unlink()
        self.assertHealthy()


class ExecutionIsPaused(World):
    mode = "merge"

    def test_it_holds_the_work_and_never_skips_it(self):
        engine = self.start_synced()
        self.vitana("controls", "set", "execution", "off", "--reason", "a fair", code=0)
        self.add_spec("VTID-00611")
        self.wait_for_sync(engine)
        self.wait_for_status("VTID-00611", "scheduled")
        why = self.vitana("task", "why", "VTID-00611", code=0).out
        self.assertIn("EXECUTION_PAUSED", why)
        self.assertIn("a fair", why)
        # The engine looks at it and starts nothing: it has made a whole further scan.
        self.repo.commit("something else", {"other.txt": "x\n"})
        self.wait_for_sync(engine)
        self.assertEqual(self.runs("VTID-00611"), 0)
        self.vitana("controls", "set", "execution", "on", "--reason", "the fair is over", code=0)
        self.wait_for_status("VTID-00611", "completed")
        self.assertEqual(engine.stop(), 0)
        self.assertEqual(self.runs("VTID-00611"), 1)

    def test_it_outlives_the_engine(self):
        self.until_idle()
        self.vitana("controls", "set", "execution", "off", "--reason", "a fair", code=0)
        self.add_spec("VTID-00612")
        self.until_idle()
        self.until_idle()
        self.assertStatus("VTID-00612", "scheduled")
        self.assertEqual(self.runs("VTID-00612"), 0)
        self.vitana("controls", "set", "execution", "on", "--reason", "over", code=0)
        self.until_idle()
        self.assertStatus("VTID-00612", "completed")


class TheEngineIsStopped(World):
    mode = "merge"

    def test_stop_ends_it_and_says_so(self):
        engine = self.start_synced()
        answer = self.vitana("stop", "--json", code=0)
        self.assertTrue(answer.json["stopped"])
        self.assertEqual(engine.end(30), 0)
        self.assertNoProcess()
        self.assertFalse(self.vitana("stop", "--json", code=0).json["stopped"])

    def test_stop_now_ends_the_agent_and_the_next_engine_goes_on(self):
        engine = self.start_synced()
        self.add_spec("VTID-00621", script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00621", "executing")
        self.vitana("stop", "--now", code=0)
        self.assertEqual(engine.end(30), 0)
        self.assertNoProcess()
        self.assertNotIn(self.status("VTID-00621"), ("failed", "cancelled"))
        self.tell_agent("go")
        self.until_idle()
        task = self.assertStatus("VTID-00621", "completed")
        self.assertEqual(len(task["runs"]), 1)
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00621"])

    def test_stop_now_ends_a_hook_of_the_repository_that_hangs(self):
        engine = self.start_synced()
        hook = self.repo.folder / ".git/hooks/pre-receive"
        hook.write_text("#!/bin/sh\nsleep 600\n")
        hook.chmod(0o755)
        self.add_spec("VTID-00624")
        self.wait_for_run("VTID-00624", "delivering")
        wait_until(lambda: f"the hook runs: {self.processes()}",
                   lambda: any("pre-receive" in line for line in self.processes().values()))
        self.vitana("stop", "--now", code=0)
        self.assertEqual(engine.end(30), 0)
        self.assertNoProcess()
        hook.unlink()
        self.until_idle()
        self.assertEqual(len(self.assertStatus("VTID-00624", "completed")["runs"]), 1)
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00624"])
        self.assertEqual(self.repo.status(), "")

    def test_a_patient_stop_is_hastened_by_a_second_word(self):
        engine = self.start_synced()
        self.add_spec("VTID-00623", script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00623", "executing")
        engine.signal(signal.SIGTERM)
        wait_until("the engine says that it stops", lambda: "stopping" in engine.said())
        self.vitana("stop", "--now", code=0)
        self.assertEqual(engine.end(30), 0)
        self.assertNoProcess()
        self.tell_agent("go")
        self.until_idle()
        self.assertEqual(self.runs("VTID-00623"), 1)

    def test_stop_lets_a_step_end_that_is_under_way(self):
        engine = self.start_synced()
        self.add_spec("VTID-00622", script=WAIT_FOR_GO + DONE)
        self.wait_for_run("VTID-00622", "executing")
        engine.signal(signal.SIGTERM)
        wait_until("the engine says that it stops", lambda: "stopping" in engine.said())
        self.tell_agent("go")
        self.assertEqual(engine.end(), 0)
        self.assertNotEqual(self.run_state("VTID-00622"), "executing")
        self.assertNoProcess()
        self.until_idle()
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00622"])

    def ends_while_a_repository_is_silent(self, stop):
        with socket.create_server(("127.0.0.1", 0)) as server:
            far = f"""
[[repos]]
name = "far"
url = "git://127.0.0.1:{server.getsockname()[1]}/far.git"
branch = "main"
"""
            self.repo.commit("another repository", {"vitana.toml": self.config(rest=far)})
            engine = self.start_synced()
            server.settimeout(20)
            connection, _ = server.accept()
            with connection:
                asked = time.monotonic()
                stop(engine)
                self.assertEqual(engine.end(30), 0)
                self.assertLess(time.monotonic() - asked, 2.0)
        self.assertNoProcess()
        # It was not read to its end, which is no fault of it.
        self.assertNotIn("repo.unavailable", self.vitana("events", "--json", code=0).out)

    def test_stop_now_does_not_wait_for_a_repository(self):
        self.ends_while_a_repository_is_silent(lambda engine: self.vitana("stop", "--now", code=0))

    def test_nor_does_a_patient_stop(self):
        self.ends_while_a_repository_is_silent(lambda engine: engine.signal(signal.SIGTERM))

    def test_two_engines_do_not_share_a_data_directory(self):
        engine = self.start_synced()
        answer = self.vitana("autopilot", "--until-idle", "--json", code=3)
        self.assertEqual(answer.error_code, "DATA_DIR_IN_USE")
        text = self.vitana("autopilot", code=3)
        self.assertIn("vitana stop", text.err)
        self.assertTrue(engine.alive())
        self.assertEqual(engine.stop(), 0)
        self.until_idle()


class TheEngineIsKilled(World):
    mode = "merge"

    def killed(self, state, script):
        engine = self.start_synced()
        self.add_spec("VTID-00631", script=script)
        self.wait_for_run("VTID-00631", state)
        engine.process.kill()
        engine.end()
        # Nobody is left to end the agent but its supervisor.
        self.assertNoProcess()
        self.assertEqual(self.status("VTID-00631"), "in_progress")

    def assertDeliveredOnce(self):
        self.assertStatus("VTID-00631", "completed")
        self.assertEqual(self.repo.trailers("VTID"), ["VTID-00631"])
        self.assertEqual(self.repo.show("page.txt"), "colour: blue")
        self.assertEqual(self.repo.status(), "")
        self.assertNoProcess()
        self.assertHealthy()

    def test_while_the_agent_works(self):
        self.killed("executing", WAIT_FOR_GO + DONE)
        self.tell_agent("go")
        self.until_idle()
        self.assertDeliveredOnce()
        task = self.show("VTID-00631")
        self.assertEqual([run["attempt"] for run in task["runs"]], [1])

    def test_while_the_agent_works_and_does_not_want_to_end(self):
        self.killed("executing", STUBBORN)
        self.agent("VTID-00631", DONE)
        self.until_idle()
        self.assertDeliveredOnce()

    def test_again_and_again(self):
        """Its death is nobody's failure: no budget counts it."""
        self.killed("executing", WAIT_FOR_GO + DONE)
        for _ in range(4):
            engine = self.start()
            self.wait_for_executing_by(engine)
            engine.process.kill()
            engine.end()
            self.assertNoProcess()
        self.tell_agent("go")
        self.until_idle()
        self.assertDeliveredOnce()
        self.assertEqual(self.runs("VTID-00631"), 1)

    def wait_for_executing_by(self, engine):
        def works():
            row = self.query("SELECT state, lease_worker FROM autopilot_runs WHERE vtid = 'VTID-00631'")[0]
            return row["state"] == "executing" and f":{engine.pid}:" in (row["lease_worker"] or "")
        wait_until(lambda: f"the new engine works on it\n{engine.said()}", works)

    def test_while_it_verifies(self):
        self.repo.commit("slow checks", {"vitana.toml": self.config(rest='[verify]\ncommands = ["sleep 2"]\n')})
        self.killed("verifying", DONE)
        self.until_idle()
        self.assertDeliveredOnce()
        self.assertEqual(self.runs("VTID-00631"), 1)

    def test_the_lock_of_a_dead_engine_is_no_lock(self):
        engine = self.start_synced()
        engine.process.kill()
        engine.end()
        self.assertTrue(pathlib.Path(self.data, "engine.lock").exists())
        self.until_idle()
        self.assertNotIn(engine.pid, process_table())
