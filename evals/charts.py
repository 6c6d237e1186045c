"""Charts as inline SVG, drawn by hand: no script, no font, no colour of their own. The page's style sheet colours them, in light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Point = tuple[float, float]
WIDTH, HEIGHT = 380, 250  # of a plot, in SVG units; the page scales it
LEFT, RIGHT, TOP, BOTTOM = 58, 20, 10, 40  # room for the axes


@dataclass(frozen=True, slots=True)
class Line:
    """A named series of points; `notes` is what a pointer over each point shows, `weights` (0..1) sizes the dots."""

    name: str
    points: Sequence[Point]
    notes: Sequence[str] = ()
    weights: Sequence[float] = ()


def plot(
    lines: Sequence[Line], *, label: str, x: str, y: str, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], diagonal: bool = False,
    dots: bool = True,
) -> str:
    """Lines over two axes that run from the first tick to the last. Points outside are drawn at the edge; no lines give empty axes."""
    x0, x1 = x_ticks[0][0], x_ticks[-1][0]
    y0, y1 = y_ticks[0][0], y_ticks[-1][0]

    def at(point: Point) -> Point:
        across = min(1.0, max(0.0, (point[0] - x0) / ((x1 - x0) or 1)))
        up = min(1.0, max(0.0, (point[1] - y0) / ((y1 - y0) or 1)))
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [_open(WIDTH, HEIGHT, label, "plot")]
    for value, text in y_ticks:
        _, down = at((x0, value))
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{down:.1f}" y2="{down:.1f}"/>')
        parts.append(_text(LEFT - 6, down + 4, text, "end"))
    for value, text in x_ticks:
        across, _ = at((value, y0))
        parts.append(_text(across, HEIGHT - BOTTOM + 16, text, "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, x, "middle", "axis"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(f'<text class="axis" text-anchor="middle" transform="translate(11 {middle:.1f}) rotate(-90)">{escape(y)}</text>')
    if diagonal:
        (ax, ay), (bx, by) = at((x0, y0)), at((x1, y1))
        parts.append(f'<line class="ideal" x1="{ax:.1f}" y1="{ay:.1f}" x2="{bx:.1f}" y2="{by:.1f}"/>')
    for number, line in enumerate(lines, 1):
        places = [at(point) for point in line.points]
        path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        parts.append(f'<polyline class="series s{number}" points="{path}"/>')
        if dots:
            weights = line.weights or [0.0] * len(places)
            notes = line.notes or [""] * len(places)
            for (across, down), weight, note in zip(places, weights, notes, strict=True):
                title = f"<title>{escape(note)}</title>" if note else ""
                parts.append(f'<circle class="dot s{number}" cx="{across:.1f}" cy="{down:.1f}" r="{3 + 5 * weight:.1f}">{title}</circle>')
    return "".join(parts) + "</svg>"


def bar(share: float, label: str, kind: str = "s1") -> str:
    """A horizontal bar, `share` (0..1) of its track."""
    width = 100 * min(1.0, max(0.0, share))
    return _open(100, 8, label, "bar", stretch=True) + (
        f'<rect class="track" width="100" height="8" rx="1"/><rect class="fill {kind}" width="{width:.2f}" height="8" rx="1"/></svg>'
    )


def whisker(change: float, low: float, high: float, reach: float, margin: float, label: str, kind: str) -> str:
    """A difference with its interval beside zero, on an axis from -reach to reach; `margin` shades what would be tolerated.

    What lies beyond the axis is cut at its end. `kind` is "better", "worse" or "even".
    """

    def at(value: float) -> float:
        return 80 + 76 * min(1.0, max(-1.0, value / (reach or 1)))

    shade = f'<rect class="margin" x="{at(-margin):.1f}" y="1" width="{80 - at(-margin):.1f}" height="16"/>' if margin else ""
    return _open(160, 18, label, f"whisker {kind}") + (
        f'{shade}<line class="zero" x1="80" x2="80" y1="0" y2="18"/>'
        f'<line class="range" x1="{at(low):.1f}" x2="{at(high):.1f}" y1="9" y2="9"/>'
        f'<circle class="mean" cx="{at(change):.1f}" cy="9" r="3.6"/></svg>'
    )


def ticks(low: float, high: float, steps: int, form: str = "{:.0%}") -> list[tuple[float, str]]:
    """`steps` + 1 ticks from low to high, evenly, each with its text."""
    return [(low + (high - low) * n / steps, form.format(low + (high - low) * n / steps)) for n in range(steps + 1)]


def _open(width: int, height: int, label: str, kind: str, *, stretch: bool = False) -> str:
    fit = ' preserveAspectRatio="none"' if stretch else ""
    return f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label, quote=True)}"{fit}>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
