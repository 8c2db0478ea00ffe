#!/usr/bin/env python3
"""Counts what the steps of ./dev test report.

usage: tally.py meson SUITE TESTLOG.json STATUS    rows from meson's log of TAP-printing programs
       tally.py tap SUITE FILE.tap STATUS          rows from one TAP stream
       tally.py sum RESULTS                        failures, skips with reasons, and the last line

A row is RESULT<tab>SUITE<tab>NAME<tab>DETAIL with RESULT pass, fail or skip. A step whose exit
status is not 0 without a failed test, a plan that is missing or not fulfilled, and a log that cannot
be read are failures: nothing that did not run counts as passed.
"""
import json
import re
import sys

LINE = re.compile(r"^(ok|not ok)\b\s*(\d+)?\s*(?:- )?(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)(?:\s*#\s*(.*))?\s*$")
SKIP = re.compile(r"\s#\s*skip\b\S*\s*(.*)$", re.IGNORECASE)


def clean(text):
    return re.sub(r"[\t\r\n\x00-\x1f]+", " ", text).strip()


def row(result, suite, name, detail=""):
    print("\t".join([result, clean(suite), clean(name), clean(detail)]))


def tap(suite, text, status):
    """Prints the rows of one TAP stream."""
    plan, seen, failed = None, 0, 0
    for line in text.splitlines():
        match = PLAN.match(line)
        if match:
            plan = int(match.group(1))
            if plan == 0 and match.group(2):
                row("skip", suite, "all of it", match.group(2))
            continue
        match = LINE.match(line)
        if not match:
            continue
        seen += 1
        name = match.group(3)
        skip = SKIP.search(" " + name)
        name = SKIP.sub("", " " + name)
        if match.group(1) == "not ok":
            failed += 1
            row("fail", suite, name)
        elif skip:
            row("skip", suite, name, skip.group(1) or "no reason given")
        else:
            row("pass", suite, name)
    if plan is None:
        row("fail", suite, "no plan", "it printed no TAP; status " + str(status))
    elif seen != plan:
        row("fail", suite, "plan", f"{seen} of {plan} tests reported; status {status}")
    elif status != 0 and not failed:
        row("fail", suite, "exit status", f"{status}, though no test failed")


def meson(suite, path, status):
    n = 0
    try:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                test = json.loads(line)
                n += 1
                name = suite + " " + test["name"].replace("bulkhead:", "")
                code = test.get("returncode")
                good = test.get("result") == "OK"
                out = test.get("stdout") or ""
                if any(PLAN.match(line) for line in out.splitlines()):
                    tap(name, out, 0 if good else code or test.get("result"))
                else:
                    row("pass" if good else "fail", suite, test["name"], test.get("result", ""))
    except (OSError, ValueError, KeyError) as why:
        row("fail", suite, "log", f"{path}: {why}")
    if n == 0 and status != 0:
        row("fail", suite, "meson", f"ran nothing, status {status}")


def total(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        rows = [line.rstrip("\n").split("\t") for line in file if line.strip()]
    by_result = {"pass": [], "fail": [], "skip": []}
    for result, *rest in rows:
        by_result[result].append(rest)
    for title, result in (("failed", "fail"), ("skipped", "skip")):
        if by_result[result]:
            print(title + ":")
        for suite, name, detail in by_result[result]:
            print(f"  {suite}: {name}" + (f" ({detail})" if detail else ""))
    counts = {result: len(rows) for result, rows in by_result.items()}
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    return 1 if counts["fail"] or not counts["pass"] else 0


def main():
    kind, *args = sys.argv[1:]
    if kind == "sum":
        return total(args[0])
    suite, path, status = args[0], args[1], int(args[2])
    if kind == "meson":
        meson(suite, path, status)
        return 0
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
    except OSError as why:
        text = ""
        row("fail", suite, "output", str(why))
    tap(suite, text, status)
    return 0


sys.exit(main())
