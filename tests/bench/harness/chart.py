"""Chart: an SVG picture of lines or bars on a logarithmic scale. Readable on white and on black."""

import math
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 90, 150, 48, 56
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#17a2b8")
GREY = "#888888"


def powers(low, high):
    """Powers of ten that enclose both."""
    return [10.0**e for e in range(math.floor(math.log10(low)), math.ceil(math.log10(high) - 1e-9) + 1)]


def with_unit(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if ns >= size:
            return f"{ns / size:,.3g} {unit}"
    return f"{ns:,.3g} ns"


class Svg:
    def __init__(self, title, x_label, y_label):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">'
        ]
        self.text(LEFT, 24, title, size=15)
        self.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, x_label, anchor="middle")
        self.parts.append(
            f'<text transform="translate(16 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle" '
            f'fill="{GREY}">{escape(y_label)}</text>'
        )

    def text(self, x, y, text, anchor="start", size=12, colour=GREY):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{escape(text)}</text>'
        )

    def line(self, x1, y1, x2, y2, colour=GREY, opacity=0.35):
        self.parts.append(
            f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-opacity="{opacity}"/>'
        )

    def add(self, part):
        self.parts.append(part)

    def done(self):
        return "\n".join(self.parts) + "\n</svg>\n"


def y_axis(svg, values):
    """Returns the scale of times, and draws its lines."""
    ticks = powers(min(values), max(values))
    if len(ticks) == 1:
        ticks.append(ticks[0] * 10)
    low, high = math.log10(ticks[0]), math.log10(ticks[-1])

    def scale(value):
        return HEIGHT - BOTTOM - (math.log10(value) - low) / (high - low) * (HEIGHT - BOTTOM - TOP)

    for tick in ticks:
        svg.line(LEFT, scale(tick), WIDTH - RIGHT, scale(tick))
        svg.text(LEFT - 8, scale(tick) + 4, with_unit(tick), anchor="end")
    return scale


def apart(wanted, gap=14):
    """`wanted`: name -> (x, y). If several names share an x, the lower ones move down, so that all can be
    read."""
    placed, lowest = {}, {}
    for name, (x, y) in sorted(wanted.items(), key=lambda entry: entry[1][1]):
        lowest[x] = max(y, lowest.get(x, -math.inf) + gap)
        placed[name] = (x, lowest[x])
    return placed


def lines(title, x_label, series):
    """`series`: name -> {x: nanoseconds}, x above 0. Both scales are logarithmic."""
    svg = Svg(title, x_label, "time")
    y_of = y_axis(svg, [ns for points in series.values() for ns in points.values()])
    all_x = sorted({x for points in series.values() for x in points})
    span = math.log10(all_x[-1] / all_x[0]) or 1.0

    def x_of(x):
        return LEFT + 12 + math.log10(x / all_x[0]) / span * (WIDTH - RIGHT - LEFT - 24)

    for x in all_x:
        svg.line(x_of(x), HEIGHT - BOTTOM, x_of(x), HEIGHT - BOTTOM + 5)
        svg.text(x_of(x), HEIGHT - BOTTOM + 20, f"{x:,}", anchor="middle")
    names = apart({name: (x_of(max(points)), y_of(points[max(points)])) for name, points in series.items()})
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(f"{x_of(x):.1f},{y_of(ns):.1f}" for x, ns in sorted(points.items()))
        svg.add(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for x, ns in points.items():
            svg.add(f'<circle cx="{x_of(x):.1f}" cy="{y_of(ns):.1f}" r="3.5" fill="{colour}">'
                    f"<title>{escape(name)}, {x:,}: {with_unit(ns)}</title></circle>")
        x, y = names[name]
        svg.text(x + 10, y + 4, name, colour=colour)
    return svg.done()


def bars(title, x_label, values):
    """`values`: name -> nanoseconds. The scale is logarithmic."""
    svg = Svg(title, x_label, "time")
    y_of = y_axis(svg, list(values.values()) + [min(values.values()) / 2])
    step = (WIDTH - RIGHT - LEFT) / len(values)
    for number, (name, ns) in enumerate(values.items()):
        x = LEFT + number * step
        svg.add(f'<rect x="{x + step * 0.15:.1f}" y="{y_of(ns):.1f}" width="{step * 0.7:.1f}" '
                f'height="{HEIGHT - BOTTOM - y_of(ns):.1f}" fill="{COLOURS[number % len(COLOURS)]}"/>')
        svg.text(x + step / 2, y_of(ns) - 6, with_unit(ns), anchor="middle")
        svg.text(x + step / 2, HEIGHT - BOTTOM + 18, name, anchor="middle", size=11)
    return svg.done()
