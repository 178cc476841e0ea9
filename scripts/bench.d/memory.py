"""Part 6: what a long list with dead names takes of memory: 5 % of the names never answer, at both looks."""

import shutil

from tools import PAIRS, cores, measure, medians, pinned, say
from tails import DEADLINES

WEIGHTS = {"not-signalled": 64_000, "never-answers": 5_000, "nxdomain": 30_000, "healthy-provider": 1_000}
# MiB at peak that a scan may take, however long its list is.
BOUND = 300

# Runs a command and writes its peak memory and CPU seconds: the laboratory's own are not to be counted.
CHILD = """
import os, subprocess, sys
child = subprocess.Popen(sys.argv[2:])
_, status, used = os.wait4(child.pid, 0)
open(sys.argv[1], 'w').write(f'{used.ru_maxrss / 1024} {used.ru_utime + used.ru_stime}')
sys.exit(os.waitstatus_to_exitcode(status))
"""


def scan_run(programs, folder, domains):
    ours, theirs = cores()
    mix, world, out, report = folder / "memory.toml", folder / "world", folder / "scan", folder / "report"
    mix.write_text('about = "memory"\nevery_situation = true\n[weights]\n'
                   + "".join(f"{situation} = {weight}\n" for situation, weight in WEIGHTS.items()))
    script = ('sed "/^.deadlines.$/,\\$d" "$1/scan.toml" > "$1/memory.toml"; printf "[deadlines]\\n%s" "$2" >> "$1/memory.toml";'
              ' shift 2; exec "$@"')
    command = pinned(theirs, [str(programs / "sts-lab"), "serve", "--domains", str(domains), "--mix", str(mix),
                              "--dir", str(world), "--", "sh", "-c", script, "memory", str(world), DEADLINES,
                              "python3", "-c", CHILD, str(report),
                              *pinned(ours, [str(programs / "sts-scan"), "scan", str(world / "list.csv"), "-o", str(out),
                                             "--config", str(world / "memory.toml"), "--second-look", "10s"])])
    _, run = measure(command, None)
    shutil.rmtree(out)
    shutil.rmtree(world)
    peak, cpu = map(float, report.read_text().split())
    return {"peak_mib": peak, "cpu_s": cpu, "seconds": run["seconds"]}


def run(programs, folder, domains):
    runs = []
    for turn in range(PAIRS):
        say(f"memory: run {turn + 1} of {PAIRS}: {domains} names")
        runs.append(scan_run(programs, folder, domains))
        print("peak {peak_mib:.0f} MiB, {cpu_s:.0f} CPU seconds, {seconds:.0f} s".format(**runs[-1]), flush=True)
    most = max(one["peak_mib"] for one in runs)
    print(f"at most {most:.0f} MiB, may be {BOUND}")
    return {"domains": domains, "median": medians(runs), "runs": runs, "most_mib": most, "not_met": most > BOUND}
