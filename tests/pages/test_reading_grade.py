"""What the first pages say can be read by many: Flesch-Kincaid grade 9 at most over all their visible sentences."""

import re
import warnings
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it reads its data through pkg_resources
    import textstat

Open = Callable[..., AppTest]
GRADE = 9.0
SECTIONS = {
    **{f"home {step}": ("home", {"home_at": str(step)}) for step in range(7)},
    "the slope": ("derivatives", {}),
    "nudge it": ("derivatives", {"derivatives_section": "Nudge it"}),
    "autograd": ("derivatives", {"derivatives_section": "Let PyTorch do it", "derivatives_at": "4"}),
    "two weights": ("derivatives", {"derivatives_section": "Many weights"}),
    "a vector": ("derivatives", {"derivatives_section": "Many weights", "derivatives_part": "a vector"}),
    "a digit model": ("derivatives", {"derivatives_section": "Many weights", "derivatives_part": "a digit model"}),
    **{
        f"{section}, moment {at}": ("stepping", {"stepping_section": section, f"stepping_{player}at": at})
        for section, player, moments in (
            ("One weight", "", ("0", "1", "20")),
            ("Race", "race_", ("0", "30", "60")),
            ("Two weights", "two_", ("0", "30", "75")),
            ("Fit a curve", "fit_", ("0", "20", "40")),
            ("When to stop", "stop_", ("0", "36")),
        )
        for at in moments
    },
    "a step too long": ("stepping", {"stepping_lr": "1.2", "stepping_at": "3"}),
    "a fit that diverges": ("stepping", {"stepping_section": "Fit a curve", "stepping_fit_lr": "0.0001"}),
    "a scaled fit": ("stepping", {"stepping_section": "Fit a curve", "stepping_fit_scale": "from −1 to 1"}),
    "another valley": ("stepping", {"stepping_section": "Two weights", "stepping_surface": "Himmelblau"}),
}


def sentences(at: AppTest) -> list[str]:
    """All sentences that are written out on the page, without their formulas, code and signs."""
    kinds = (at.markdown, at.caption, at.info, at.warning, at.error, at.success)
    texts = [str(element.value) for kind in kinds for element in kind]
    texts += [radio.label for radio in at.radio]
    found = []
    for text in texts:
        plain = re.sub(r"`[^`]*`|\$[^$]*\$|:[a-z-]+(/[a-z_]+)?:|:[a-z-]+\[[^\]]*\]", "it", text)
        plain = re.sub(r"[*#_]|[−+±]?\d[\d.,]*( × 10\S+)?( %)?", lambda m: "" if m[0] in "*#_" else "one", plain)
        found += [one.strip() for line in plain.split("\n") for one in re.split(r"(?<=[.?!]) ", line)]
    return [one.lstrip("- ") for one in found if len(one.split()) >= 4]


@pytest.mark.parametrize("name", SECTIONS)
def test_the_words_of_a_section_can_be_read_by_many(app: Open, name: str) -> None:
    page, query = SECTIONS[name]
    found = sentences(app(page, **query))
    assert len(found) >= 6
    text = " ".join(one if one[-1] in ".?!" else one.rstrip(":;,") + "." for one in found)
    grade = textstat.flesch_kincaid_grade(text)
    hardest = sorted(found, key=textstat.flesch_kincaid_grade)[-5:]
    assert grade <= GRADE, f"grade {grade:.1f}; the hardest: {hardest}"


def test_the_grade_tells_plain_words_from_learned_ones() -> None:
    assert textstat.flesch_kincaid_grade("The step goes down. It is small.") < 3
    learned = "Differentiability of multivariable functions necessitates approximability by linear transformations."
    assert textstat.flesch_kincaid_grade(learned) > 20
