"""A rate as a judge of known errors would have found it without them."""

import math

from scipy.special import ndtri

from orca_eval.stats.proportion import Interval, Share


def corrected_rate(
    found: Share, sensitivity: Share, specificity: Share, level: float = 0.95
) -> Interval | None:
    """The true rate, from the share that a judge found and how often it was right on what people
    labelled; None where it tells the two labels no better apart than chance may.

    The estimate is Rogan and Gladen's (1978, Am. J. Epidemiol. 107:71), kept within 0 and 1. The
    interval holds the errors of all three shares (Lang and Reiczigel 2014, Prev. Vet. Med. 113:13).
    """
    if not (found.n and sensitivity.n and specificity.n):
        return None
    z = float(ndtri((1 + level) / 2))
    (hit, hits), (spared, misses) = _added(sensitivity, 1), _added(specificity, 1)
    of_hit, of_spared = hit * (1 - hit) / hits, spared * (1 - spared) / misses
    power = hit + spared - 1
    if power <= z * math.sqrt(of_hit + of_spared):
        return None
    judged, size = _added(found, z**2 / 2)
    centre = (judged + spared - 1) / power
    shift = 2 * z**2 * (centre * of_hit - (1 - centre) * of_spared)
    variance = judged * (1 - judged) / size + centre**2 * of_hit + (1 - centre) ** 2 * of_spared
    half = z * math.sqrt(variance) / power
    raw = (found.value + specificity.value - 1) / (sensitivity.value + specificity.value - 1)
    estimate = min(1.0, max(0.0, raw))
    middle = centre + shift
    if not -half < middle < 1 + half:  # all of it is beyond an end: no width would be left
        middle = min(1.0, max(0.0, middle))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(estimate, min(low, estimate), max(high, estimate), level)


def _added(share: Share, to_each: float) -> tuple[float, float]:
    """A share and its size with so many hits and misses more."""
    size = share.n + 2 * to_each
    return (share.hits + to_each) / size, size
