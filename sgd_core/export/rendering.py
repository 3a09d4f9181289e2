"""Scripts from templates: files that read as the scripts they make (`templates/*.py.j2`)."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,  # a name that a template lacks is an error, not an empty place
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701  # what comes out is Python, not HTML
)
_ENVIRONMENT.filters["source"] = repr


def render(template: str, **values: Any) -> str:
    """Return the script of `templates/<template>.py.j2`, with one newline at its end."""
    return _ENVIRONMENT.get_template(f"{template}.py.j2").render(**values).strip("\n") + "\n"
