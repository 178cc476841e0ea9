"""Scans every case of cases.py, and every list of a folder, and says what of it reached the dataset.

usage: check.py WORK PROGRAM [BEFORE] [--folder FOLDER]

Nobody is asked: a server on loopback says of every name that it does not exist.
"""

import argparse
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import threading

import cases
import pyarrow.parquet as pq


def say_no(server):
    """Answers each question with NXDOMAIN (RFC 1035 section 4.1.1, RFC 2308)."""
    while True:
        question, asker = server.recvfrom(4096)
        end = 12
        while end < len(question) and question[end]:
            end += question[end] + 1
        head = question[:2] + b"\x81\x83\0\1" + bytes(6)
        server.sendto(head + question[12 : end + 5], asker)


class Program:
    def __init__(self, path, work, resolver):
        self.path, self.work, self.resolver = path, work, resolver
        self.flags = subprocess.run([path, "scan", "--help"], capture_output=True, text=True, check=True).stdout
        self.looks = " lists " in subprocess.run([path, "--help"], capture_output=True, text=True, check=True).stdout

    def known(self, flags):
        return [flag for flag in flags if flag in self.flags]

    def scan(self, path, flags):
        """Pairs of domain and rank, or the refusal; and counts of what was read."""
        out = self.work / "scan"
        shutil.rmtree(out, ignore_errors=True)
        command = [self.path, "scan", path, "-o", out, "--resolver", self.resolver, "--allow-private", "--second-look", "none",
                   "--dns-rate", "100000", "--per-resolver-rate", "none", "--quiet", *self.known(flags)]
        done = subprocess.run(command, capture_output=True, text=True)
        if not (out / "manifest.json").exists():
            return (done.stderr or f"exit {done.returncode}").replace(f"{path}", path.name).strip(), {}
        parts = sorted((out / "domains").glob("*.parquet"))
        rows = [row for part in parts for row in pq.read_table(part, columns=["domain", "rank"]).to_pylist()]
        return [(row["domain"], row["rank"]) for row in rows], json.loads((out / "manifest.json").read_text())["sum"]

    def look(self, path, flags):
        """The exit code of `sts-scan lists` and its object, or None where the program has no such command."""
        if not self.looks:
            return None
        done = subprocess.run([self.path, "lists", "--format", "json", path, *self.known(flags)], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout)


def write(folder, name, content):
    path = folder / name
    for inner, data in content.items() if isinstance(content, dict) else [("", content)]:
        file = path / inner if inner else path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return path


def is_met(read, want):
    if isinstance(want, str):
        return isinstance(read, str) and want in read
    return not isinstance(read, str) and sorted(read, key=str) == sorted(want, key=str)


def shown(read):
    if isinstance(read, str):
        return "refused: " + " ".join(read.replace("error: ", "").split())[:150]
    pairs = [name if rank is None else f"{name} {rank}" for name, rank in sorted(read, key=lambda pair: (pair[1] or 1 << 62, pair[0]))]
    return f"{len(pairs)} rows: " + ", ".join(pairs[:4]) + (" …" if len(pairs) > 4 else "")


def check_cases(programs, folder):
    """Prints each case; gives the number of those that are not read as they should be, and of those that were not."""
    wrong = mended = 0
    for name, content, want, flags, was_right in cases.CASES:
        path = write(folder, name, content)
        found = [program.scan(path, flags)[0] for program in programs]
        faults = [] if is_met(found[0], want) else ["WRONG"]
        looked = programs[0].look(path, flags)
        if looked and looked[0] != isinstance(want, str):
            faults.append(f"LOOK ENDS WITH {looked[0]}")
        print(f"{' '.join([*faults, name])}\n    now     {shown(found[0])}")
        for before in found[1:]:
            was = is_met(before, want)
            mended += not was
            print(f"    before  {'the same' if before == found[0] else shown(before)}")
            if was_right and not was:
                print("    (it was right in the study)")
        wrong += bool(faults)
    return wrong, mended


def check_folder(programs, folder):
    """Prints what is read of each list that is there: rows, what was read, and where programs differ."""
    for path in sorted(folder.iterdir()):
        found = [program.scan(path, ()) for program in programs]
        looked = programs[0].look(path, ())
        if looked and not looked[1]["refusal"]:
            one = looked[1]
            print(f"{path.name}: {one['format']}; {one['names']}; ranks: {one['ranks'] or 'none'}; {one['domains']} of {one['entries']}")
        else:
            print(path.name)
        for label, (read, counts) in zip(["now", "before"], found):
            print(f"    {label:<7} {shown(read)} {counts or ''}")


def main():
    parse = argparse.ArgumentParser()
    parse.add_argument("work", type=pathlib.Path)
    parse.add_argument("programs", nargs="+")
    parse.add_argument("--folder", type=pathlib.Path)
    args = parse.parse_args()
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    threading.Thread(target=say_no, args=(server,), daemon=True).start()
    resolver = f"127.0.0.1:{server.getsockname()[1]}"
    programs = [Program(path, args.work, resolver) for path in args.programs]
    (args.work / "lists").mkdir()
    wrong, mended = check_cases(programs, args.work / "lists")
    if args.folder:
        check_folder(programs, args.folder)
    print(f"{len(cases.CASES)} cases, {wrong} wrong" + (f", {mended} of them wrong before" if len(programs) > 1 else ""))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
