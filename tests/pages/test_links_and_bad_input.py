"""Every page of the ground: what a link sets, and what it says to a link or an input that makes no sense."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from reading import charts, said
from streamlit.testing.v1 import AppTest

from pages.ui.page import PAGES

Open = Callable[..., AppTest]
ALL = list(PAGES)


def link_of(at: AppTest) -> dict[str, list[str]]:
    """The values in the link that "Copy link" offers."""
    links = [code.value for code in at.code if code.value.startswith(("?", "http"))]
    assert len(links) == 1
    return parse_qs(urlparse(links[0]).query)


@pytest.mark.parametrize("name", ALL)
def test_every_page_opens_with_its_title_its_menu_and_its_link(app: Open, name: str) -> None:
    at = app(name)
    assert at.title[0].value
    assert len(at.sidebar.get("page_link")) == len(PAGES)
    values = link_of(at)
    assert values and all(key.startswith(f"{name}_") for key in values)


@pytest.mark.parametrize("name", [name for name in ALL if name != "home"])
def test_every_page_shows_its_code(app: Open, name: str) -> None:
    at = app(name)
    assert any("import torch" in code.value and "backward()" in code.value for code in at.code)


@pytest.mark.parametrize("name", ALL)
def test_the_copied_link_gives_the_same_link_again(app: Open, name: str) -> None:
    values = {key: value[0] for key, value in link_of(app(name)).items()}
    assert {key: value[0] for key, value in link_of(app(name, **values)).items()} == values


def test_a_link_sets_every_kind_of_control(app: Open) -> None:
    at = app("stepping", stepping_lr="0.37", stepping_function="Two valleys", stepping_steps="7", stepping_at="5")
    assert at.number_input(key="stepping_lr").value == 0.37
    assert at.selectbox(key="stepping_function").value == "Two valleys"
    assert at.number_input(key="stepping_steps").value == 7
    assert link_of(at)["stepping_at"] == ["5"]
    assert not at.warning


@pytest.mark.parametrize(
    ("name", "key", "value", "words"),
    [
        ("stepping", "stepping_lr", "0", "positive"),
        ("stepping", "stepping_lr", "-1", "positive"),
        ("stepping", "stepping_lr", "abc", "positive"),
        ("stepping", "stepping_lr", "nan", "positive"),
        ("stepping", "stepping_lr", "1e400", "positive"),
        ("stepping", "stepping_steps", "1000000000000", "whole number"),
        ("stepping", "stepping_steps", "2.5", "whole number"),
        ("stepping", "stepping_start", "99", "number from"),
        ("stepping", "stepping_function", "<script>", "one of"),
        ("stepping", "stepping_at", "9999", "moment from 0"),
        ("stepping", "stepping_at", "-3", "moment from 0"),
        ("derivatives", "derivatives_x", "x" * 5000, "number from"),
        ("pitfalls", "pitfalls_lr_a", "0", "positive"),
        ("training", "training_epochs", "0", "whole number"),
        ("training", "training_dataset", "CIFAR", "one of"),
        ("training", "training_classes", "none", "one of"),
        ("training", "training_batch", "-64", "whole number"),
        ("training", "training_seed", "1.5", "whole number"),
        ("home", "home_at", "77", "whole number"),
        ("home", "home_seed", "abc", "whole number"),
        ("home", "home_seed", "-1e400", "whole number"),
        ("training", "training_epochs", "1e400", "whole number"),
    ],
)
def test_nonsense_in_a_link_gets_a_sentence_and_the_page_goes_on(
    app: Open, name: str, key: str, value: str, words: str
) -> None:
    at = app(name, **{key: value})
    sentences = [w.value for w in at.warning]
    assert len(sentences) == 1 and words in sentences[0], sentences
    assert len(sentences[0]) < 400
    assert charts(at), "the page goes on"
    at.run()
    assert not at.exception


FORMULAS = {
    "": "formula",
    "x +": "",
    "__import__('os').system('true')": "",
    "x.numpy().tofile('x')": "",
    "(lambda: 1)()": "",
    "9**9**9**9": "large",
    "x" + "+x" * 5000: "",
    "(" * 60 + "x" + ")" * 60: "",
    "y + 1": "y",
    "2x": "2*x",
    "x^2": "**",
}


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda f: repr(f[:20]))
@pytest.mark.parametrize("name", ["derivatives", "stepping", "pitfalls"])
def test_a_formula_that_cannot_be_read_gets_a_sentence_where_it_is_typed(app: Open, name: str, formula: str) -> None:
    at = app(name, **{f"{name}_function": "my own", f"{name}_formula": "x**2 + 1"})
    at.text_input(key=f"{name}_formula").set_value(formula).run()
    assert not at.exception
    errors = [e.value for e in at.error]
    assert len(errors) == 1 and FORMULAS[formula] in errors[0]
    assert len(errors[0]) < 400
    assert "x**2 + 1" in said(at), "the page goes on with the last good formula"
    assert charts(at)


@pytest.mark.parametrize("name", ["derivatives", "stepping", "pitfalls"])
@pytest.mark.parametrize("formula", ["log(x)", "1/x", "exp(exp(exp(x)))", "3", "sqrt(x)", "x", "x**3"])
def test_formulas_that_are_undefined_overflow_or_have_no_minimum_are_answered(
    app: Open, name: str, formula: str
) -> None:
    at = app(name, **{f"{name}_function": "my own", f"{name}_formula": formula})
    assert not at.exception
    assert charts(at)


def test_two_equal_classes_are_answered(app: Open) -> None:
    at = app("training", training_classes="any pair", training_first="4", training_second="4")
    assert "nothing to tell apart" in at.sidebar.error[0].value
    assert charts(at)


def test_a_link_to_a_data_set_that_is_not_here_offers_it(app: Open) -> None:
    at = app("training", training_dataset="MNIST")
    assert "not on this computer" in at.info[0].value
    assert at.button(key="training_fetch").label.startswith("Fetch MNIST")
    assert link_of(at)["training_dataset"] == ["MNIST"]
    assert charts(at)


def test_a_download_that_cannot_be_had_is_answered(
    app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("SGD_LAB_MIRROR", f"file://{tmp_path}/nowhere")
    at = app("training", training_dataset="MNIST")
    at.button(key="training_fetch").click().run()
    assert not at.exception
    assert len(at.error) == 1 and "SGD_LAB_MIRROR" in at.error[0].value
    assert charts(at)


def test_a_data_folder_that_cannot_be_written_is_answered(
    app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    occupied = tmp_path_factory.mktemp("x") / "file"
    occupied.write_text("in the way")
    at = app("home")
    monkeypatch.setenv("SGD_LAB_DATA", str(occupied))
    monkeypatch.setenv("SGD_LAB_MIRROR", "file:///nowhere")
    at.button(key="home_fetch_mnist").click().run()
    assert not at.exception
    assert len(at.error) == 1 and "SGD_LAB_DATA" in at.error[0].value
