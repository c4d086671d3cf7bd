"""Writes special.txt: elementary and special functions and their slopes over the whole range of exponents.

Each line is x, f(x) and f'(x), computed with many digits and rounded to 20. Lines of a function follow its
name. Needs mpmath.
"""

import pathlib
import struct

from mpmath import mp, mpf
import mpmath as m

# Sines of great numbers need as many digits as these have.
mp.dps = 420


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def places():
    middle = [0.05, 0.1, 0.25, 0.3, 0.46, 0.5, 0.55, 0.7, 0.75, 0.84, 0.9, 0.99, 1.0, 1.01, 1.25, 1.3, 1.46]
    middle += [1.5, 2.0, 2.01, 2.5, 3.1, 4.2, 5.0, 5.9, 7.0, 9.0, 11.0, 15.0, 17.0, 20.5, 21.5, 26.5, 30.0]
    middle += [38.0, 60.0, 87.0, 103.0, 300.0, 700.0, 740.0]
    sizes = {single(x) for x in middle}
    sizes |= {single(1.37 * 2.0**k) for k in range(-148, 128, 11)}
    sizes |= {1.37 * 2.0**k for k in range(-1073, 1024, 99)}
    return sorted(sizes | {-x for x in sizes})


REAL, POSITIVE = (lambda x: True), (lambda x: x > 0)
UNIT, ABOVE = (lambda x: abs(x) < 1), (lambda x: x > 1)
LN2, LN10, ROOT = m.log(2), m.log(10), m.sqrt(m.pi)


def bell(x):
    return 2 / ROOT * m.exp(-x * x)


def normal(x):
    return m.exp(-x * x / 2) / m.sqrt(2 * m.pi)


def distribution(x):
    return m.erfc(-x / m.sqrt(2)) / 2


def i0e(x):
    return m.exp(-abs(x)) * m.besseli(0, x)


def i1e(x):
    return m.exp(-abs(x)) * m.besseli(1, x)


def mish_slope(x):
    w = m.tanh(m.log1p(m.exp(x)))
    return w + x * (1 - w * w) / (1 + m.exp(-x))


def tanh_less(x):
    return x - m.tanh(x)


SCALE, ALPHA = mpf("1.0507009873554805"), mpf("1.6732632423543772")

# The domain, the function, its slope, and how far out it is looked at.
FUNCTIONS = {
    "sin": (REAL, m.sin, m.cos, 1e309),
    "cos": (REAL, m.cos, lambda x: -m.sin(x), 1e309),
    "tan": (REAL, m.tan, lambda x: 1 + m.tan(x) ** 2, 1e309),
    "asin": (UNIT, m.asin, lambda x: 1 / m.sqrt(1 - x * x), 1e309),
    "acos": (UNIT, m.acos, lambda x: -1 / m.sqrt(1 - x * x), 1e309),
    "atan": (REAL, m.atan, lambda x: 1 / (1 + x * x), 1e309),
    "sinh": (REAL, m.sinh, m.cosh, 1e4),
    "cosh": (REAL, m.cosh, m.sinh, 1e4),
    "asinh": (REAL, m.asinh, lambda x: 1 / m.sqrt(1 + x * x), 1e309),
    "acosh": (ABOVE, m.acosh, lambda x: 1 / m.sqrt(x * x - 1), 1e309),
    "atanh": (UNIT, m.atanh, lambda x: 1 / (1 - x * x), 1e309),
    "log2": (POSITIVE, lambda x: m.log(x) / LN2, lambda x: 1 / (x * LN2), 1e309),
    "log10": (POSITIVE, lambda x: m.log(x) / LN10, lambda x: 1 / (x * LN10), 1e309),
    "exp2": (REAL, lambda x: mpf(2) ** x, lambda x: LN2 * mpf(2) ** x, 1e4),
    "cbrt": (
        REAL,
        lambda x: m.sign(x) * m.cbrt(abs(x)),
        lambda x: 1 / (3 * m.cbrt(abs(x)) ** 2),
        1e309,
    ),
    "logit": (lambda x: 0 < x < 1, lambda x: m.log(x / (1 - x)), lambda x: 1 / (x * (1 - x)), 1e309),
    "erf": (REAL, m.erf, bell, 1e3),
    "erfc": (REAL, m.erfc, lambda x: -bell(x), 1e3),
    "erfinv": (UNIT, m.erfinv, lambda x: ROOT / 2 * m.exp(m.erfinv(x) ** 2), 1e309),
    "ln_gamma": (POSITIVE, m.loggamma, lambda x: m.psi(0, x), 1e309),
    "digamma": (POSITIVE, lambda x: m.psi(0, x), lambda x: m.psi(1, x), 1e309),
    "polygamma": (POSITIVE, lambda x: m.psi(1, x), lambda x: m.psi(2, x), 1e309),
    "i0": (REAL, lambda x: m.besseli(0, x), lambda x: m.besseli(1, x), 1e3),
    "i0e": (REAL, i0e, lambda x: i1e(x) - m.sign(x) * i0e(x), 1e3),
    "i1": (REAL, lambda x: m.besseli(1, x), lambda x: m.besseli(0, x) - m.besseli(1, x) / x, 1e3),
    "i1e": (REAL, i1e, lambda x: i0e(x) - i1e(x) * (m.sign(x) + 1 / x), 1e3),
    "sinc": (
        REAL,
        lambda x: m.sin(m.pi * x) / (m.pi * x),
        lambda x: (m.cos(m.pi * x) - m.sin(m.pi * x) / (m.pi * x)) / x,
        1e9,
    ),
    "selu": (
        REAL,
        lambda x: SCALE * (x if x > 0 else ALPHA * m.expm1(x)),
        lambda x: SCALE * (1 if x > 0 else ALPHA * m.exp(x)),
        1e4,
    ),
    "celu": (
        REAL,
        lambda x: x if x > 0 else mpf(1.5) * m.expm1(x / mpf(1.5)),
        lambda x: mpf(1) if x > 0 else m.exp(x / mpf(1.5)),
        1e4,
    ),
    "mish": (REAL, lambda x: x * m.tanh(m.log1p(m.exp(x))), mish_slope, 1e3),
    "gelu": (REAL, lambda x: x * distribution(x), lambda x: distribution(x) + x * normal(x), 1e3),
    "softsign": (REAL, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, 1e309),
    "tanhshrink": (REAL, tanh_less, lambda x: m.tanh(x) ** 2, 1e3),
}
# Few digits are enough where nothing cancels, and quick.
QUICK = ("erfinv", "ln_gamma", "digamma", "polygamma", "i0", "i1", "i0e", "i1e")


def number(x):
    # Beyond the range of f64 the text reads as 0 or infinity anyway.
    if x != 0 and abs(x) < mpf(10) ** -400:
        return "-0" if x < 0 else "0"
    if abs(x) > mpf(10) ** 400:
        return "-inf" if x < 0 else "inf"
    return m.nstr(x, 20, min_fixed=0, max_fixed=0).replace(".0e", "e").replace("e+", "e")


text = []
for name, (domain, value, slope, far) in FUNCTIONS.items():
    mp.dps = 60 if name in QUICK else 420
    text.append(name)
    for place in places():
        if domain(place) and abs(place) < far:
            x = mpf(place)
            text.append(f"{place!r} {number(value(x))} {number(slope(x))}")
pathlib.Path(__file__).with_name("special.txt").write_text("\n".join(text) + "\n")
