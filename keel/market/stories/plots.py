"""What a story's chart looks like, as a PNG under reports/."""

from pathlib import Path

from matplotlib.figure import Figure

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.market.stories.telling import Chart

FOLDER = REPOSITORY_ROOT / "reports" / "market"

_INCHES, _DOTS_AN_INCH = (9, 4.5), 120


def draw(chart: Chart, folder: Path = FOLDER) -> Path:
    """Write a chart's file anew and return its path; raises OSError."""
    figure = Figure(figsize=_INCHES, dpi=_DOTS_AN_INCH, layout="constrained")
    axes = figure.add_subplot()
    for line in chart.lines:
        axes.plot(line.xs, line.ys, label=line.label, linestyle="--" if line.is_dashed else "-")
    axes.set(title=chart.title, xlabel=chart.x_label, ylabel=chart.y_label)
    axes.grid(alpha=0.3)
    axes.legend()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{chart.name}.png"
    figure.savefig(path)
    return path
