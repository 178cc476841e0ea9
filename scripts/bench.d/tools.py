"""What all parts of the benchmark share: tools, servers, measuring, and the shape of a result."""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAIRS = 3
# Far more than a run takes on a slow machine: a bound for the case that something hangs.
LONGEST = 1800


def fail(message):
    sys.exit(f"bench: error: {message}")


signal.signal(signal.SIGALRM, lambda *_: fail(f"a run took longer than {LONGEST} s"))


def say(message):
    print(f"\n== {message}", flush=True)


def find(tool):
    return shutil.which(tool) or next((p for p in (f"/usr/sbin/{tool}", f"/sbin/{tool}") if os.path.exists(p)), None)


def need(tools):
    """Paths of the tools; installs their Debian packages of the same name where they are missing and that may be."""
    missing = [t for t in tools if not find(t)]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {' '.join(missing)}")
        # Their services would start and take port 53: this says no to that, for this call only.
        with tempfile.TemporaryDirectory() as folder:
            policy = Path(folder, "policy-rc.d")
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
            target, ours = Path("/usr/sbin/policy-rc.d"), False
            if not target.exists():
                shutil.copy(policy, target)
                ours = True
            try:
                subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], check=False,
                               stdout=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
            finally:
                if ours:
                    target.unlink()
    for tool in tools:
        if not find(tool):
            fail(f"{tool} is not there: on Debian, apt-get install {tool} (as root)")
    return [find(tool) for tool in tools]


def build():
    """Scanner and laboratory as users build the scanner; gives the folder of the programs."""
    say("building scanner and laboratory (profile dist)")
    subprocess.run(["cargo", "build", "--profile", "dist", "--locked", "-p", "sts-scanner", "-p", "sts-lab"], cwd=ROOT,
                   check=True)
    meta = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    return Path(json.loads(meta.stdout)["target_directory"], "dist")


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def stop(server):
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def answers(server, port, question, seconds):
    """Waits until a name server on loopback answers a question with NOERROR; whether it did while it ran and in time."""
    give_up = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(0.5)
        while time.monotonic() < give_up and server.poll() is None:
            try:
                one.sendto(question, ("127.0.0.1", port))
                if one.recv(1500)[3] & 0x0f == 0:
                    return True
            except OSError:
                pass
    return False


def pinned(core, command):
    return command if core is None else ["taskset", "-c", str(core), *command]


def measure(command, core):
    """Runs a command; its output, seconds, CPU seconds (user, system) and peak memory in MiB."""
    with tempfile.TemporaryFile("w+") as out:
        began = time.monotonic()
        child = subprocess.Popen(pinned(core, command), stdout=out, stderr=subprocess.STDOUT, cwd=ROOT)
        signal.alarm(LONGEST)
        _, status, used = os.wait4(child.pid, 0)
        signal.alarm(0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        out.seek(0)
        text = out.read()
    if child.returncode != 0:
        fail(f"{' '.join(map(str, command))} ended with {child.returncode}:\n{text[-3000:]}")
    return text, {"seconds": seconds, "user": used.ru_utime, "system": used.ru_stime, "peak_mib": used.ru_maxrss / 1024}


def cores():
    """A core for the client and one for the servers; none where there is only one, or nothing to pin with."""
    ours = sorted(os.sched_getaffinity(0))
    return (ours[0], ours[1]) if len(ours) > 1 and shutil.which("taskset") else (None, None)


def medians(runs):
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}
