"""Writes far_rows.txt: functions of rows, and losses, with their slopes over the whole range of exponents.

Values follow from the definitions with 450 digits; slopes are differences of them with a step so small
that 17 digits are right. Lines of a function follow its name. Of a function of a row: the row | the
values | the slopes of their sum with the weights 1, -2, 0.5, 3. Of a loss of pairs: y and its target |
the value | the slopes in both | the sizes of the greatest terms of these. Needs mpmath.
"""

import pathlib
import struct

from mpmath import mp, mpf, exp, log, nstr, sqrt

mp.dps = 450


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


SHAPES = [
    [1.0, 0.3, -0.7, 0.9],
    [1.0, 1.0, 1.0, 0.5],
    [-1.0, 0.99, -0.01, 0.2],
    [0.6, -0.6, 0.0, 0.1],
]
# Numbers of f32, and a row that only f64 has.
SHAPES = [[single(x) for x in shape] for shape in SHAPES] + [[0.9, 0.3, -0.7, 0.6]]
WEIGHTS = [mpf(w) for w in (1, -2, 0.5, 3)]
TINY = mpf(10) ** -40


def mean(x):
    return sum(x) / len(x)


def far_exp(x):
    # Beyond this it is 0 or infinite in every type, and would take for ever.
    return exp(x) if x > -5000 else mpf(0)


def softmax(x):
    most = max(x)
    terms = [far_exp(a - most) for a in x]
    total = sum(terms)
    return [a / total for a in terms]


def logsumexp(x):
    return max(x) + log(sum(far_exp(a - max(x)) for a in x))


def log_softmax(x):
    total = logsumexp(x)
    return [a - total for a in x]


def entropy(x):
    return [-sum(p * l for p, l in zip(softmax(x), log_softmax(x)) if p)]


def power(p):
    def norm(x):
        return [sum(abs(a) ** p for a in x) ** (1 / p)]

    return norm


def centered(x):
    m = mean(x)
    return [a - m for a in x]


def var(x):
    return mean([a * a for a in centered(x)])


def standardize(eps):
    return lambda x: rms_norm(eps)(centered(x))


def rms_norm(eps):
    def normalize(x):
        root = sqrt(mean([a * a for a in x]) + eps)
        return [a / root for a in x]

    return normalize


SHARES = [mpf(s) for s in (0.5, 0.25, 0.125, 0.125)]
LOGITS = [*range(-980, -60, 140), *range(-60, -12, 12), *range(-12, 12, 2), 12, 14, 20, 40, 80, 120, 400, 1000]
ALL = [*range(-980, -140, 120), *range(-120, 127, 12), 126, *range(140, 1021, 220), 511, 1020]
EPS = mpf(2) ** -16
ROWS = {
    "softmax": (LOGITS, softmax),
    "log_softmax": (LOGITS, log_softmax),
    "logsumexp": (LOGITS, lambda x: [logsumexp(x)]),
    "entropy": (LOGITS, entropy),
    "cross_entropy": (LOGITS, lambda x: [-log_softmax(x)[2]]),
    "cross_entropy_probs": (LOGITS, lambda x: [-sum(s * l for s, l in zip(SHARES, log_softmax(x)))]),
    "nll_loss": (ALL[::3], lambda x: [-x[2]]),
    "norm": (ALL, power(mpf(2))),
    "norm_p of 3": (ALL, power(mpf(3))),
    "norm_p of 1/2": (ALL, power(mpf(0.5))),
    "var": (ALL, lambda x: [var(x)]),
    "std": (ALL, lambda x: [sqrt(var(x))]),
    "mse": (ALL, lambda x: [mean([a * a for a in x])]),
    "standardize": (ALL, standardize(0)),
    "standardize with eps": (ALL, standardize(EPS)),
    "rms_norm": (ALL, rms_norm(0)),
    "rms_norm with eps": (ALL, rms_norm(EPS)),
}


def huber(delta):
    def loss(y, t):
        d = abs(y - t)
        return d * d / 2 if d < delta else delta * (d - delta / 2)

    return loss


def smooth_l1(beta):
    return lambda y, t: huber(beta)(y, t) / beta


def log_sigmoid(x):
    return -log(1 + far_exp(-x)) if x > 0 else x - log(1 + far_exp(x))


def bce_with_logits(x, t):
    return -t * log_sigmoid(x) - (1 - t) * log_sigmoid(-x)


def bce(p, t):
    return -t * max(log(p), -100) - (1 - t) * max(log(1 - p), -100)


def differences():
    pairs = [(1.0, single(0.3)), (single(-0.7), single(0.9)), (single(0.6), single(-0.6)), (0.9, 0.71)]
    sizes = [*range(-1000, -140, 120), *range(-126, 127, 12), 127, *range(140, 1021, 220), 1023]
    return [(a * 2.0**k, b * 2.0**k) for k in sizes for a, b in pairs]


def logits():
    sizes = [2.0**k * m for k in (-900, -140, -100, -60, -20, -10, -3, -1, 20, 60, 100, 900) for m in (1.0, 1.375)]
    sizes += [1.0, 1.375, 2.75, 5.5, 11.0, 16.5, 20.25, 33.0, 60.5, 87.5, 95.0, 103.0, 300.0, 700.0, 740.0]
    return [(x, t) for size in sizes for x in (size, -size) for t in (0.0, 1.0, 0.25, 1 - 2.0**-22, 2.0**-30)]


def probabilities():
    small = [1.375 * 2.0**-k for k in (2, 3, 7, 12, 20, 40, 80, 120, 140, 300, 800, 1000)]
    near_one = [1 - 1.375 * 2.0**-k for k in (3, 7, 12, 20, 40, 48)]
    return [(p, t) for p in small + near_one for t in (0.0, 1.0, 0.25, 1 - 2.0**-22, 2.0**-30)]


def alone(y, t):
    return [0, 0]


PAIRS = {
    "squares": (differences, lambda y, t: (y - t) ** 2, alone),
    "l1_loss": (differences, lambda y, t: abs(y - t), alone),
    "huber_loss": (differences, huber(mpf(1)), alone),
    "huber_loss near": (differences, huber(mpf(2) ** -40), alone),
    "huber_loss far": (differences, huber(mpf(2) ** 40), alone),
    "smooth_l1_loss": (differences, smooth_l1(mpf(1)), alone),
    "smooth_l1_loss near": (differences, smooth_l1(mpf(2) ** -40), alone),
    "smooth_l1_loss far": (differences, smooth_l1(mpf(2) ** 40), alone),
    "bce_with_logits": (logits, bce_with_logits, lambda x, t: [min(max(t, far_exp(x) if x < 0 else 1), max(1 - t, far_exp(-x) if x > 0 else 1)), 0]),
    "bce": (probabilities, bce, lambda p, t: [max(t / p, (1 - t) / (1 - p)), 0]),
}


def number(x):
    # Beyond the range of f64 the text reads as 0 or infinity anyway.
    if abs(x) < mpf(10) ** -330:
        return "0"
    if abs(x) > mpf(10) ** 400:
        return "-inf" if x < 0 else "inf"
    return nstr(x, 17, min_fixed=0, max_fixed=0).replace(".0e", "e").replace("e+", "e")


def join(numbers):
    return " ".join(map(number, numbers))


def slope(f, x, at, size):
    size = abs(x[at]) or size
    step = min(size, mpf(1)) * TINY
    sides = [[*x[:at], x[at] + side, *x[at + 1 :]] for side in (step, -step)]
    return (f(sides[0]) - f(sides[1])) / (2 * step)


TEXT = []
for name, (sizes, f) in ROWS.items():
    TEXT.append(name)
    for k in sizes:
        for shape in SHAPES:
            row = [a * 2.0**k for a in shape]
            x = [mpf(a) for a in row]
            slopes = [slope(lambda x: sum(w * y for w, y in zip(WEIGHTS, f(x))), x, at, max(map(abs, x))) for at in range(4)]
            TEXT.append(f"{' '.join(map(repr, row))} | {join(f(x))} | {join(slopes)}")
for name, (places, f, terms) in PAIRS.items():
    TEXT.append(name)
    for y, t in places():
        x = [mpf(y), mpf(t)]
        slopes = [slope(lambda x: f(*x), x, at, 1) for at in range(2)]
        TEXT.append(f"{y!r} {t!r} | {number(f(*x))} | {join(slopes)} | {join(terms(*x))}")
pathlib.Path(__file__).with_name("far_rows.txt").write_text("\n".join(TEXT) + "\n")
