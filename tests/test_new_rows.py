"""A row is enough: rows that the project does not have pass the tests over the tables, and fail them with a wrong rule."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OVER_TABLES = {
    "adadelta": "tests/descent/test_optimizers.py",
    "hinge": "tests/digits/test_losses.py",
    "three_layer": "tests/digits/test_models.py",
}
ALSO = ["tests/digits/test_digit_config.py", "tests/pages/test_training_page.py", "tests/pages/test_race_page.py"]


def outcomes(names: str, files: list[str], **environment: str) -> list[str]:
    """Run the tests of new rows in a process of its own; answer its lines: a test and how it went, or a summary."""
    command = [sys.executable, "-m", "pytest", "-v", "-n", "0", "-p", "tests.new_rows", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-k", names, *files], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.stdout.splitlines()


def test_new_rows_pass_the_tests_over_their_tables() -> None:
    lines = outcomes(" or ".join(OVER_TABLES), [*OVER_TABLES.values(), *ALSO])
    for name, file in OVER_TABLES.items():
        assert sum(file in line and name in line and "PASSED" in line for line in lines) >= 3, name
    for file in ALSO[1:]:
        assert any(file in line and "PASSED" in line for line in lines), file
    assert not [line for line in lines if "FAILED" in line or "ERROR" in line]


@pytest.mark.parametrize("name", ["adadelta", "hinge"])  # a model's own layers are its rule
def test_a_row_with_a_wrong_rule_fails_them(name: str) -> None:
    assert any("FAILED" in line for line in outcomes(name, [OVER_TABLES[name]], SGD_LAB_WRONG_ROW="1"))
