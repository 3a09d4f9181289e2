"""Run exported scripts where this project cannot be seen, and compare what they print with snapshots."""

import contextlib
import io
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import sgd_core


class _Blocked:
    """Answers every look for this project's modules as if they were not installed."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.partition(".")[0] in ("sgd_core", "pages", "streamlit"):
            raise ModuleNotFoundError(f"a script must not need {name}")


@contextlib.contextmanager
def without_this_project() -> Iterator[None]:
    """No module of this project can be imported, loaded before or not."""
    taken = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ("sgd_core", "pages")}
    for name in taken:
        del sys.modules[name]
    blocked = _Blocked()
    sys.meta_path.insert(0, blocked)
    try:
        yield
    finally:
        sys.meta_path.remove(blocked)
        sys.modules.update(taken)


def run(script: str) -> list[str]:
    """Execute a script in a clean namespace of this process; return its lines. Much quicker than a process for each."""
    for name in ("report", "decide"):  # templates share them, and not every script needs them
        assert f"def {name}(" not in script or script.count(f"{name}(") > 1, f"{name} is defined, but not used"
    out = io.StringIO()
    with without_this_project(), contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(compile(script, "script.py", "exec"), {"__name__": "__main__"})
    return out.getvalue().splitlines()


def run_in_process(script: str, folder: Path, **environment: str) -> list[str]:
    """Run a script as a person would, isolated from this project; return its lines."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", script],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def compare(lines: Sequence[str], shown: Sequence[sgd_core.Snapshot]) -> None:
    """These lines are what these snapshots say, to a millionth."""
    numbers = np.array([[float(part) for part in line.split()] for line in lines])
    wanted = np.array([[s.epoch, s.train_loss, s.valid_loss, s.valid_accuracy] for s in shown])
    assert numbers.shape == wanted.shape
    np.testing.assert_allclose(numbers, wanted, atol=1e-6, rtol=1e-6)


def check(script: str, shown: Sequence[sgd_core.Snapshot]) -> None:
    """The script, executed, prints what these snapshots say."""
    compare(run(script), shown)
