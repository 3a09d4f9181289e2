"""A chart for the back row: its words, lines and marks larger, in the room that it has."""

from typing import Any

_LENGTHS = {"fontSize", "strokeWidth", "dx", "dy", "minExtent", "labelFontSize", "titleFontSize"}
_AREAS = {"point", "circle", "square"}
_ROWS = {"data", "datasets", "values", "domain", "range", "transform", "params"}
_WORDS = {  # sizes in pixels that a chart has where it says nothing: Streamlit's theme, and Vega-Lite's for other words
    "axis": {"labelFontSize": 12, "titleFontSize": 14},
    "legend": {"labelFontSize": 14, "titleFontSize": 14},
    "text": {"fontSize": 11},
}


def enlarged(specification: dict[str, Any], by: float) -> dict[str, Any]:
    """Return a Vega-Lite specification with words, lines and marks `by` times as large.

    The picture's own size stays, so that its clock is seen with it; so do rows and scales. Areas of points grow by the square.
    """
    made = _part(specification, by)
    config = made.setdefault("config", {})
    for name, sizes in _WORDS.items():
        config[name] = {size: by * pixels for size, pixels in sizes.items()} | config.get(name, {})
    return dict(made)


def _part(part: Any, by: float) -> Any:
    if isinstance(part, list):
        return [_part(one, by) for one in part]
    if not isinstance(part, dict):
        return part
    made = {}
    for name, value in part.items():
        if name in _ROWS:
            made[name] = value
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and name in _LENGTHS:
            made[name] = by * value
        elif name == "size" and isinstance(value, (int, float)) and part.get("type") in _AREAS:
            made[name] = by * by * value
        else:
            made[name] = _part(value, by)
    return made
