"""The shape that the project keeps: who may import whom, and that pages stay thin."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "sgd_core").rglob("*.py"))
PAGES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]


def imported(path: Path) -> set[str]:
    """Every module that a file imports, wherever in the file, with relative imports spelled out."""
    names = set()
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join((*package[: len(package) - node.level + 1], node.module or "")) if node.level else node.module
            )
            names.add(str(base).strip("."))
    return names


def reach(start: Path) -> set[str]:
    """Everything a file imports, and what those of our own modules import in turn."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        for name in imported(waiting.pop()):
            if name in seen:
                continue
            seen.add(name)
            here = ROOT.joinpath(*name.split("."))
            waiting += [file for file in (here.with_suffix(".py"), here / "__init__.py") if file.is_file()]
    return seen


def starts(names: set[str], *roots: str) -> set[str]:
    return {name for name in names if any(name == root or name.startswith(root + ".") for root in roots)}


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_knows_no_streamlit_and_no_page(path: Path) -> None:
    assert not starts(imported(path), "streamlit", "pages", "app")


@pytest.mark.parametrize("path", [p for p in CORE if p.parent.name == "charts"], ids=lambda p: p.name)
def test_charts_know_no_torch_not_even_indirectly(path: Path) -> None:
    assert not starts(reach(path), "torch", "torchvision", "sklearn", "sympy")


@pytest.mark.parametrize("path", CORE, ids=lambda p: str(p.relative_to(ROOT)))
def test_wings_build_on_each_other_in_one_direction(path: Path) -> None:
    wing = path.relative_to(ROOT / "sgd_core").parts[0]
    mine = starts(imported(path), "sgd_core")
    if wing == "calculus":
        assert not starts(
            mine, "sgd_core.descent", "sgd_core.digits", "sgd_core.beyond", "sgd_core.charts", "sgd_core.export"
        )
    if wing == "descent":
        assert not starts(mine, "sgd_core.digits", "sgd_core.beyond", "sgd_core.charts", "sgd_core.export")
    if wing == "digits":
        assert not starts(mine, "sgd_core.calculus", "sgd_core.charts", "sgd_core.export")
    if wing == "beyond":
        assert not starts(mine, "sgd_core.calculus", "sgd_core.charts", "sgd_core.export")
    if wing == "charts":
        assert mine <= starts(mine, "sgd_core.charts", "sgd_core.numbers")
    if wing in ("moments.py", "recording.py", "numbers.py", "bet.py"):
        assert not mine


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_a_page_is_a_thin_story(path: Path) -> None:
    source = path.read_text()
    assert len(source.splitlines()) < 160
    for call in (".backward(", "alt.Chart", "torch.", "optimizer.step"):
        assert call not in source, f"{call} belongs into sgd_core"


def test_the_names_that_stay_are_there() -> None:
    import sgd_core

    wanted = {"parse_function", "FormulaError", "derivative", "descend", "load_digits", "TrainConfig", "train"}
    wanted |= {
        "pixel_similarity",
        "Digits",
        "Function",
        "Snapshot",
        "StepRequest",
        "Optimizer",
        "CATALOGUE",
        "Regime",
        "classify",
    }
    assert wanted <= set(sgd_core.__all__)
    for name in sgd_core.__all__:
        assert getattr(sgd_core, name).__name__ if callable(getattr(sgd_core, name)) else getattr(sgd_core, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        sgd_core.nonsense  # noqa: B018


def test_every_requirement_says_why_it_is_there() -> None:
    for name in ("requirements.txt", "tests/requirements.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line.strip() and not line.startswith(("#", "-r")):
                assert "#" in line, f"{name}: {line}"


@pytest.mark.parametrize("path", sorted((ROOT / "sgd_core" / "charts").glob("*.py")), ids=lambda path: path.name)
def test_each_encoding_names_its_channel(path: Path) -> None:
    """Altair takes 2 to 5 ms to make a channel of a text or a value, more than a whole chart takes otherwise."""
    for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
        name = ast.unparse(call.func)
        assert name not in ("alt.value", "alt.condition", "alt.datum"), f"{path.name}:{call.lineno}"
        if name.endswith(".encode"):
            texts = [one.arg for one in call.keywords if isinstance(one.value, ast.Constant) and one.arg]
            assert not texts, f"{path.name}:{call.lineno}: {texts}"


def test_no_sentence_holds_a_name_of_ours() -> None:
    """A rename that reaches into words ("No one can tell_luck") is seen by no type checker."""
    trees = {path: ast.parse(path.read_text()) for path in [*CORE, *PAGES, *(ROOT / "pages").glob("*/*.py")]}
    every = [(path, node) for path, tree in trees.items() for node in ast.walk(tree)]
    names = {node.name for _, node in every if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    read_by_us = {id(node.value) for _, node in every if isinstance(node, ast.Expr)}  # docstrings
    for path, node in every:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in read_by_us:
            words = re.findall(r"(?<= )[a-z]+(?:_[a-z]+)+(?=[ ,.;:?!]|$)", re.sub("`[^`]*`", "", node.value))
            assert not names & set(words), f"{path.name}:{node.lineno}: {names & set(words)}"
