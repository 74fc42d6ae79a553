"""Small drawings, as SVG in the page itself: no script, no request, sharp in print."""

from math import exp
from statistics import NormalDist

from jinja2 import Environment
from markupsafe import Markup

from canheal_report.certainty import fraction_interval
from canheal_report.words import ordinal, percent

BAR = 200.0
CURVE_WIDTH = 320.0
CURVE_HEIGHT = 92.0
SIGMAS = 3.2
"""Half the width of the drawn curve in standard deviations."""


def fraction_bar(environment: Environment, vaf: float, depth: int | None) -> Markup:
    """An allele fraction between 0 and 1, its 95 % interval as a bracket."""
    interval = fraction_interval(vaf, depth)
    between = "" if interval is None else f", 95 % interval {percent(interval[0])} to {percent(interval[1])}"
    return _drawn(
        environment,
        "fraction.svg",
        label=f"Allele fraction {percent(vaf)}{between}",
        width=BAR,
        filled=round(vaf * BAR, 1),
        interval=None if interval is None else [round(end * BAR, 1) for end in interval],
    )


def percentile_curve(environment: Environment, percentile: float, z: float | None) -> Markup:
    """The reference population as a bell, shaded up to the person's place in it.

    The place is z, or where the percentile lies on the normal curve.
    """
    normal = NormalDist().inv_cdf(min(max(percentile / 100, 1e-6), 1 - 1e-6))
    place = max(-SIGMAS, min(SIGMAS, normal if z is None else z))
    steps = [SIGMAS * (i / 40 - 1) for i in range(81)]
    outline = [_point(x) for x in steps]
    shaded = [_point(x) for x in (*[x for x in steps if x < place], place)]
    x, y = _point(place)
    return _drawn(
        environment,
        "curve.svg",
        label=f"{ordinal(round(percentile))} percentile of the reference population",
        percentile=ordinal(round(percentile)),
        width=CURVE_WIDTH,
        height=CURVE_HEIGHT,
        outline=_path(outline),
        shaded=_path(shaded),
        x=x,
        y=y,
        anchor="end" if x > CURVE_WIDTH / 2 else "start",
    )


def _drawn(environment: Environment, name: str, **values: object) -> Markup:
    """A template with autoescape on: what it renders is safe, what it was given is escaped."""
    return Markup(environment.get_template(name).render(values))  # noqa: S704 escaped by the template


def _point(sigma: float) -> tuple[float, float]:
    x = (sigma / SIGMAS + 1) / 2 * CURVE_WIDTH
    return round(x, 1), round(CURVE_HEIGHT * (1 - exp(-sigma * sigma / 2)), 1)


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
