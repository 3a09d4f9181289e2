"""How a run stands."""

from enum import StrEnum


class Status(StrEnum):
    """The status of a run at one moment; each member equals its plain string."""

    RUNNING = "running"
    FINISHED = "finished"  # all steps or epochs are done
    DIVERGED = "diverged"  # a loss, a gradient or a weight is no longer finite
    STOPPED = "stopped"  # by a rule to stop early
