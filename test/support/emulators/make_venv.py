"""Makes a folder with pinned Python packages, once, whoever asks and however often: make_venv.py FOLDER REQUIREMENTS

Two callers at once: the second waits at a file lock, which the system drops when its holder dies. An interrupted run
leaves no marker, so the next one starts over. The marker holds a hash of the pins: other pins, another build.
"""
import fcntl, hashlib, os, pathlib, shutil, subprocess, sys

if sys.version_info < (3, 10):
    sys.exit(f"python3 is {sys.version.split()[0]}; these packages need Python 3.10 or newer")
try:
    import ensurepip  # noqa: F401  (Debian packs it apart)
    import venv
except ImportError:
    sys.exit("this python3 cannot make virtual environments: install python3-venv (Debian, Ubuntu: apt-get install python3-venv)")

folder, requirements = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
marker = folder / "complete"
folder.parent.mkdir(parents=True, exist_ok=True)
with open(f"{folder}.lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not marker.exists() or marker.read_text() != wanted:
        print(f"installing {requirements.name} into {folder} (once, about a minute)", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "--requirement", requirements], check=True, stdout=sys.stderr)
        part = folder / "complete.part"
        with open(part, "w") as text:
            text.write(wanted)
            text.flush()
            os.fsync(text.fileno())
        part.rename(marker)
print(folder / "bin" / "python")
