"""Scripts from templates: files that read as the scripts they make (`templates/*.py.j2`)."""

import ast
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

WIDTH = 66  # of 79 characters, what "scheduler = " or an indentation leaves


def wrapped(code: str) -> str:
    """Return the source of a call as it is where it is short, else with each argument on a line of its own."""
    call = ast.parse(code, mode="eval").body
    if len(code) <= WIDTH or not isinstance(call, ast.Call):
        return code
    arguments = [wrapped(_source(code, argument)) for argument in call.args]
    arguments += [f"{keyword.arg}={_source(code, keyword.value)}" for keyword in call.keywords]
    lines = [f"    {line}" for argument in arguments for line in f"{argument},".splitlines()]
    return "\n".join([f"{_source(code, call.func)}(", *lines, ")"])


def _source(code: str, node: ast.AST) -> str:
    return ast.get_source_segment(code, node) or ""


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,  # a name that a template lacks is an error, not an empty place
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # what comes out is Python, not HTML
)
_ENVIRONMENT.filters |= {"source": repr, "wrapped": wrapped}


def render(template: str, **values: Any) -> str:
    """Return the script of `templates/<template>.py.j2`, with one newline at its end."""
    return _ENVIRONMENT.get_template(f"{template}.py.j2").render(**values).strip("\n") + "\n"
