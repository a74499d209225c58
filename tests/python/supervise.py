"""Runs a command for as long as somebody holds this process's standard input open.

    supervise.py [--log FILE] [--remove FOLDER] -- COMMAND ARGUMENT…

A test that is killed cannot stop its servers; the kernel closes its pipes all the same. When the input ends the
command's whole process group is ended (asked first, killed after 1 s) and FOLDER is removed. When the command ends
by itself FOLDER stays, for another attempt or for a look at its logs.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import threading


def end_group(child: subprocess.Popen) -> None:
    for kind, patience in [(signal.SIGTERM, 1), (signal.SIGKILL, 3)]:
        try:
            os.killpg(child.pid, kind)
        except ProcessLookupError:
            return
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log")
    parser.add_argument("--remove")
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    # A Ctrl+C in the terminal reaches the caller, whose end closes the input.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    log = open(args.log, "ab") if args.log else None
    child = subprocess.Popen(
        args.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log and subprocess.STDOUT, start_new_session=True
    )
    over = threading.Event()
    released = threading.Event()
    threading.Thread(target=lambda: (child.wait(), over.set()), daemon=True).start()
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), released.set(), over.set()), daemon=True).start()
    try:
        over.wait()
    finally:
        end_group(child)
        if args.remove and released.is_set():
            shutil.rmtree(args.remove, ignore_errors=True)
    return child.returncode or 0


if __name__ == "__main__":
    sys.exit(main())
