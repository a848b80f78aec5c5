"""What one measure found."""

from pydantic import BaseModel, ConfigDict


class Figures(BaseModel):
    """Seconds by the name of the step, of a process that did nothing else.

    `cpu_seconds` and `peak_bytes` (of resident memory) are those of the whole process. `root` is
    the state root, if the measure found it.
    """

    model_config = ConfigDict(frozen=True)

    seconds: dict[str, float]
    cpu_seconds: float
    peak_bytes: int
    root: str = ""
