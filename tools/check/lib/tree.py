"""What the checks in Python share: the files of the project, and one way to complain."""
import os
import subprocess
import sys

problems = []


def complain(where, what):
    problems.append(f"{where}: {what}")


def finish(summary):
    """Prints what was found, or the summary, and ends with the check's status."""
    for problem in problems:
        print(problem)
    if not problems:
        print(summary)
    sys.exit(1 if problems else 0)


def files(*patterns):
    """The project's files, in git or about to be, that match a pathspec and exist."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    out = subprocess.run(command + list(patterns), check=True, stdout=subprocess.PIPE).stdout
    return sorted({p for p in out.decode().split("\0") if p and os.path.isfile(p)})


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def run(*command):
    """The output of a command that has to succeed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode(errors="replace")


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def programs():
    """The built programs, which lie side by side in the build tree: their names and paths."""
    folder = os.path.join(os.environ["BULKHEAD_BUILD"], "src")
    found = {}
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if os.path.isfile(path) and os.access(path, os.X_OK) and is_elf(path):
            found[name] = path
    return found
