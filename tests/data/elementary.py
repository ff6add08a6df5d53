"""Writes elementary.txt: values of the elementary functions to twice the precision of f64.

    python3 tests/data/elementary.py > tests/data/elementary.txt        (needs mpmath)

A line is `name arguments value fraction`: the bits of f64 numbers in hexadecimal, and how far the exact
value lies above the rounded one, in units in the last place.
"""

import math
import random
import struct

import mpmath as m

m.mp.dps = 60
random.seed(1)


def bits(x):
    return struct.pack(">d", x).hex()


def nearest(v):
    """The f64 nearest to v, with its exponents' ends."""
    if abs(v) >= m.mpf(2) ** 1024 * (1 - m.mpf(2) ** -54):
        return float("inf") if v > 0 else float("-inf")
    return float(v)


def line(name, arguments, v):
    value = nearest(v)
    fraction = 0
    if abs(value) != float("inf"):
        fraction = (v - m.mpf(value)) / m.mpf(math.ulp(value))
    print(name, *map(bits, arguments), bits(value), f"{float(fraction):.4f}")


def spread(low, high, count=90):
    """Both signs, log-uniform in size."""
    for _ in range(count):
        size = 2.0 ** random.uniform(low, high)
        yield from (size, -size)


def between(low, high, count=120):
    for _ in range(count):
        yield random.uniform(low, high)


def near(points):
    """A few numbers on both sides of each point."""
    for p in points:
        for k in (-3, -1, 0, 1, 2):
            yield p * (1 + k * 2.0**-52) if p else k * 2.0**-1074


LN2 = 0.6931471805599453
ZERO = [0.0, 2.0**-1074, 2.0**-1022, -(2.0**-1022), 1e-300]
POINTS = {
    "exp": [*spread(-60, 9.5), *between(-745.2, 709.8), *near([LN2 / 2, -LN2 / 2, 709.78, -708.4, -745.13])],
    "expm1": [*spread(-60, 9.4), *between(-3, 3), *near([LN2 / 2, -LN2 / 2, 1.5 * LN2, -1.5 * LN2, 709.78]), *ZERO],
    "ln": [*(abs(x) for x in spread(-1074, 1023.9)), *between(0.3, 3), *near([1.0, 2 / 3, 4 / 3, 2.0, 2.0**-1022]), 2.0**-1074],
    "log1p": [x for x in (*spread(-60, -0.01), *(abs(y) for y in spread(0, 1023.9)), *between(-0.9, 2),
                          *near([-1 / 3, 1 / 3, 1.0, -0.5, -0.99999]), *ZERO, -1 + 2.0**-53) if x > -1],
    "tanh": [*spread(-60, 5), *between(-3, 3), *near([0.625, -0.625, 10.0, 20.0]), *ZERO],
    "sigmoid": [*spread(-60, 9.4), *between(-745.2, 50), *near([LN2 / 2, -708.4, 37.0]), *ZERO],
    "softplus": [*spread(-60, 9.4), *between(-745.2, 50), *between(-3, 3), *near([LN2, -LN2, -708.4, 37.0]), *ZERO],
    "atan": [*spread(-60, 60), *between(-5, 5), *near([0.41421356, 2.4142136, 1.0]), *ZERO, 1e300],
}
# Arguments next to multiples of pi/2, at all sizes: the hard ones.
TURNS = [float(k * m.pi / 2) for k in (*range(1, 40), *(int(2 ** random.uniform(5, 29.3)) for _ in range(60)))]
ANGLES = [*spread(-60, 29.99), *between(-8, 8), *TURNS, *(t * (1 + 2.0**-52) for t in TURNS), *ZERO,
          2.0**30, -(2.0**30)]
for f in ("sin", "cos", "tan"):
    POINTS[f] = ANGLES
FUNCTIONS = {
    "exp": m.exp, "expm1": m.expm1, "ln": m.log, "log1p": m.log1p, "tanh": m.tanh, "atan": m.atan,
    "sigmoid": lambda x: m.exp(x) / (1 + m.exp(x)), "softplus": lambda x: m.log1p(m.exp(x)),
    "sin": m.sin, "cos": m.cos, "tan": m.tan,
}
for name, points in POINTS.items():
    for x in points:
        # A value as small as its argument needs as many more digits as that is smaller than 1.
        with m.workdps(60 + (min(400, int(-m.log10(abs(x)))) if x and abs(x) < 1 else 0)):
            line(name, [x], FUNCTIONS[name](m.mpf(x)))
for _ in range(500):
    a = random.choice([2.0 ** random.uniform(-1074, 1023.9), random.uniform(0.5, 2), 1 + random.uniform(-1, 1) * 2.0 ** random.uniform(-52, -2)])
    if a == 1:
        continue
    b = random.choice([random.uniform(-745, 709.7), random.uniform(-3, 3)]) / float(m.log(a))
    if abs(b) < 1e300:
        line("pow", [a, b], m.power(m.mpf(a), m.mpf(b)))
