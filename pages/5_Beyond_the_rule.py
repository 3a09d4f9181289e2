"""Beyond the rule: what learning rates do that the rule 2/λ forbids, and what else the field has learned since 2018."""

from pages.beyond.batch import batch
from pages.beyond.catapult import catapult
from pages.beyond.edge import edge
from pages.beyond.fate import fate
from pages.beyond.luck import luck
from pages.beyond.silver import silver
from pages.ui.page import Section, open_page

open_page(
    "beyond",
    "“Stay below 2/λ” is a rule about parabolas. Networks are none: training lives at that border and beyond it. Each "
    "section makes a published claim, runs it here, and puts its own number beside the paper's.",
).sections(
    Section(
        "Catapult",
        catapult,
        "A learning rate that the rule forbids can **win**: thrown out of a sharp valley, it lands in a flat one.",
    ),
    Section(
        "Edge of stability",
        edge,
        "With full batches the sharpness climbs to the border by itself, and **stays there**.",
    ),
    Section(
        "Fate map",
        fate,
        "All starts and all learning rates in one picture. The border is a line only for a parabola.",
        (4, 1),
    ),
    Section("Was it luck?", luck, "One run is one draw. Thirty-two seeds show what is skill and what is chance."),
    Section(
        "How large a batch?",
        batch,
        "More images a step save steps only up to a **critical batch size**, which can be measured.",
    ),
    Section(
        "Silver steps",
        silver,
        "A pattern of steps, many **beyond the cliff**, beats every constant step, without momentum.",
    ),
)
