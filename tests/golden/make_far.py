"""Writes far.txt: elementwise functions and their slopes over the whole range of exponents.

Each line is x, f(x) and f'(x), computed with 1000 digits and rounded to 20. Lines of a function follow
its name. Needs mpmath.
"""

import pathlib
import struct

from mpmath import mp, mpf, exp, expm1, log, log1p, nstr, pi, sqrt, tanh

mp.dps = 1000


def sigmoid(x):
    return 1 / (1 + exp(-x))


def bell(x):
    e = exp(-abs(x))
    return e / (1 + e) ** 2


ROOT, CUBE = sqrt(2 / pi), mpf("0.044715")


def gate(x):
    return 2 * ROOT * (x + CUBE * x**3)


REAL, ABOVE, POSITIVE = (lambda x: True), (lambda x: x > -1), (lambda x: x > 0)
FUNCTIONS = {
    "exp": (REAL, exp, exp),
    "exp_m1": (REAL, expm1, exp),
    "ln": (POSITIVE, log, lambda x: 1 / x),
    "ln_1p": (ABOVE, log1p, lambda x: 1 / (1 + x)),
    "sqrt": (POSITIVE, sqrt, lambda x: 1 / (2 * sqrt(x))),
    "rsqrt": (POSITIVE, lambda x: 1 / sqrt(x), lambda x: -1 / (2 * x * sqrt(x))),
    "recip": (REAL, lambda x: 1 / x, lambda x: -1 / (x * x)),
    "square": (REAL, lambda x: x * x, lambda x: 2 * x),
    "tanh": (REAL, tanh, lambda x: 4 * bell(2 * x)),
    "sigmoid": (REAL, sigmoid, bell),
    "softplus": (REAL, lambda x: log1p(exp(x)), sigmoid),
    "log_sigmoid": (REAL, lambda x: -log1p(exp(-x)), lambda x: sigmoid(-x)),
    "silu": (REAL, lambda x: x * sigmoid(x), lambda x: sigmoid(x) + x * bell(x)),
    "elu": (REAL, lambda x: x if x > 0 else expm1(x), lambda x: mpf(1) if x > 0 else exp(x)),
    "gelu_tanh": (
        REAL,
        lambda x: x * sigmoid(gate(x)),
        lambda x: sigmoid(gate(x)) + x * bell(gate(x)) * 2 * ROOT * (1 + 3 * CUBE * x**2),
    ),
}


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def places():
    middle = [0.1, 0.3, 0.5, 0.7, 0.9, 1.3, 2.0, 3.1, 5.0, 7.0, 9.0, 11.0, 15.0, 17.0, 20.0, 30.0, 38.0]
    middle += [60.0, 80.0, 87.0, 95.0, 103.0, 300.0, 700.0, 740.0]
    sizes = {single(x) for x in middle}
    sizes |= {single(1.37 * 2.0**k) for k in range(-148, 128, 11)}
    sizes |= {1.37 * 2.0**k for k in range(-1073, 1024, 99)}
    return sorted(sizes | {-x for x in sizes})


def number(x):
    # Beyond the range of f64 the text reads as 0 or infinity anyway.
    if x != 0 and abs(x) < mpf(10) ** -400:
        return "-0" if x < 0 else "0"
    if abs(x) > mpf(10) ** 400:
        return "-inf" if x < 0 else "inf"
    return nstr(x, 20, min_fixed=0, max_fixed=0).replace(".0e", "e").replace("e+", "e")


def line(x, function):
    _, value, slope = FUNCTIONS[function]
    # Far out exponentials of exponentials are 0 or infinite, and would take for ever.
    near = max(min(mpf(x), mpf(10) ** 4), -(mpf(10) ** 4)) if function in FAR else mpf(x)
    y, y_slope = value(near), slope(near)
    if near != x and x > 0 and function not in ("exp", "exp_m1", "log_sigmoid"):
        y = mpf(x)
    if near != x and x < 0 and function == "log_sigmoid":
        y = mpf(x)
    return f"{x!r} {number(y)} {number(y_slope)}"


FAR = {"exp", "exp_m1", "softplus", "log_sigmoid", "silu", "elu", "gelu_tanh"}
TEXT = []
for name, (domain, _, _) in FUNCTIONS.items():
    TEXT.append(name)
    for place in places():
        if domain(place) and not (name in ("tanh", "sigmoid") and abs(place) > 1e4):
            TEXT.append(line(place, name))
pathlib.Path(__file__).with_name("far.txt").write_text("\n".join(TEXT) + "\n")
