"""What the plays take from npm, kept in the build directory: pinned by versions and digests, without any package's scripts."""
import base64
import contextlib
import fcntl
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tarfile

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


def converse():
    """converse.js as its authors built it for browsers, and its version.

    The package alone: what it depends on is in its dist/ already, and one of its dependencies is a folder of its
    authors' that npm could not install.
    """
    pin = json.loads((HERE / "converse.json").read_text())
    with alone("interop-converse") as folder:
        dist = folder / f"package-{pin['version']}" / "dist"
        if not dist.exists():
            packed = json.loads(npm("pack", f"{pin['name']}@{pin['version']}", "--json", cwd=folder))
            archive = folder / packed[0]["filename"]
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            if pin["integrity"] != f"sha512-{digest}":
                raise AssertionError(f"{archive.name} has the digest sha512-{digest}, not what converse.json pins")
            fresh = folder / "fresh"
            shutil.rmtree(fresh, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(fresh, [m for m in tar if m.isfile() and m.name.startswith("package/dist/")
                                       and ".." not in m.name])
            archive.unlink()
            (fresh / "package").rename(dist.parent)
        return dist, pin["version"]
