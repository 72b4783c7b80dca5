"""A small disk for a host's state directory, which a play can fill to the last byte. Mounting it takes root."""
import pathlib
import subprocess
import tempfile


class SmallDisk:
    """A tmpfs, mounted for the length of a test."""

    def __init__(self, test, size_bytes):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="hotline-disk-"))
        test.addCleanup(self.path.rmdir)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", self.path],
                                 capture_output=True, text=True, check=False)
        if mounted.returncode != 0:
            test.skipTest(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
        test.addCleanup(subprocess.run, ["umount", "-l", self.path], check=True)

    def fill(self):
        """To the last byte."""
        with open(self.path / "ballast", "wb", buffering=0) as ballast:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        ballast.write(b"\0" * size)
                except OSError:
                    pass

    def make_room(self):
        (self.path / "ballast").unlink()
