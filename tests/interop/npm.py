"""What the plays take from npm, kept in the build directory: as package-lock.json pins it, no package's scripts run."""
import contextlib
import fcntl
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "play"))
from hotline_host import build  # noqa: E402


def npm(*words, cwd):
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise AssertionError(f"{program} is missing: apt-get install nodejs npm")
    done = subprocess.run(["npm", *words], cwd=cwd, text=True, capture_output=True, timeout=240, check=False)
    if done.returncode != 0:
        raise AssertionError(f"npm {words[0]} failed; is the registry reachable?\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def alone(name):
    """A folder of the build directory that no other play works on meanwhile: they run beside one another."""
    folder = build() / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def packages(*scripts, source=HERE):
    """A folder with these scripts of `source` and the packages they import, as its package-lock.json pins them."""
    with alone(f"interop-npm-{source.name}") as folder:
        lock = (source / "package-lock.json").read_bytes()
        stamp = folder / "installed.json"
        if not (stamp.exists() and stamp.read_bytes() == lock):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
            stamp.write_bytes(lock)
        for script in scripts:
            shutil.copy(source / script, folder)
        return folder
