"""Single functions in PyTorch on the CPU, one thread, for the table of `src/bin/ops.rs`.

A line of the input asks for one figure: the op's name, `forward` or `both`, seconds, and its inputs, each as
`LOW,HIGH,DIM,DIM,...`, with tabs between. The answer is the median of a call and the time below which a
fiftieth of them lie, in microseconds, or `-` where PyTorch has no such function.
"""

import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(0)


def identity(x):
    return torch.eye(x.shape[-1])


def regular(x):
    return x + 4 * identity(x)


def positive(x):
    return x @ x.mT + 2 * identity(x)


def along(x, first, step):
    """Numbers on the diagonal that are far from each other."""
    rows, columns = x.shape[-2:]
    diagonal = first + step * torch.arange(min(rows, columns))
    return F.pad(torch.diag(diagonal), (0, max(columns - rows, 0), 0, max(rows - columns, 0)))


def eigh(x):
    values, vectors = torch.linalg.eigh((x + x.mT) / 2 + along(x, 0.0, 6.0))
    return values.sum() + vectors.square()


def svd(x):
    u, s, vt = torch.linalg.svd(x + along(x, 8.0, 10.0), full_matrices=False)
    return (u * s.unsqueeze(-2)) @ vt + (u * s.pow(3).unsqueeze(-2)) @ vt


def slogdet(x):
    sign, log = torch.linalg.slogdet(regular(x).flip(0))
    return sign * log + log


def conv_weight(x, y):
    kernel = [a - b + 1 for a, b in zip(x.shape[2:], y.shape[2:])]
    return torch.nn.grad.conv2d_weight(x, (y.shape[1], x.shape[1], *kernel), y)


# What has another name than ours, or arguments: those of the first sample of the op that can be resized.
FUNCTIONS = {
    "add": torch.add,
    "pow": torch.pow,
    "exp_m1": torch.expm1,
    "ln": torch.log,
    "ln_1p": torch.log1p,
    "ln_gamma": torch.lgamma,
    "polygamma": lambda x: torch.polygamma(1, x),
    "round_ties_even": torch.round,
    "fract": torch.frac,
    "clamp": lambda x: torch.clamp(x, -1.0, 0.5),
    "choose": lambda a, b, x, y: torch.where(a.detach() < b.detach(), x, y),
    "nan_to_num": lambda x: torch.nan_to_num(x, 0.0, 1.0, -1.0),
    "celu": lambda x: F.celu(x, 1.5),
    "hardshrink": lambda x: F.hardshrink(x, 0.5),
    "softshrink": lambda x: F.softshrink(x, 0.5),
    "threshold": lambda x: F.threshold(x, 0.5, -1.0),
    "reshape": lambda x: x.reshape(2, 2, -1),
    "permute": lambda x: x.permute(2, 0, 1),
    "slice": lambda x: x[:, 1:4],
    "select": lambda x: x.select(1, -2),
    "diagonal": lambda x: x.diagonal(0, 0, 1),
    "unfold": lambda x: x.unfold(1, 3, 2),
    "cat": lambda *x: torch.cat(x, -1),
    "stack": lambda *x: torch.stack(x, 0),
    "sum": lambda x: x.sum(),
    "mean": lambda x: x.mean(),
    "amax": lambda x: x.amax(),
    "amin": lambda x: x.amin(),
    "logsumexp": lambda x: torch.logsumexp(x, tuple(range(x.dim()))),
    "var": lambda x: torch.var(x, correction=0),
    "norm": torch.linalg.vector_norm,
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "sort": lambda x: torch.sort(x, 0),
    "index_select": lambda x: torch.index_select(x, 0, torch.tensor([2, 0, 2, len(x) - 1])),
    "max_axis": lambda x: torch.max(x, 0)[0],
    "quantile": lambda x: torch.quantile(x, 0.3),
    "std": lambda x: torch.std(x, correction=0),
    "max_pool": lambda x: F.max_pool1d(x, 3, 2),
    "resample": lambda x: F.avg_pool1d(x, 3, 2),
    "cumsum": lambda x: torch.cumsum(x, 0),
    "cumprod": lambda x: torch.cumprod(x, 0),
    "cummax": lambda x: torch.cummax(x, 0)[0],
    "logcumsumexp": lambda x: torch.logcumsumexp(x, 0),
    "conv": F.conv1d,
    "conv_transpose": lambda x, w, b: F.conv_transpose1d(x, w, b, 2, 1, 1),
    "conv_weight": conv_weight,
    "solve": lambda a, b: torch.linalg.solve(regular(a), b),
    "triangular_solve": lambda a, b: torch.linalg.solve_triangular(regular(a), b, upper=False),
    "cholesky": lambda x: torch.linalg.cholesky(positive(x)),
    "slogdet": slogdet,
    "qr": lambda x: torch.cat(torch.linalg.qr(regular(x))),
    "eigh": eigh,
    "svd": svd,
    "affine_activated": lambda x, w, b: torch.tanh(torch.addmm(b, x, w)),
    "affine": lambda x, w, b: torch.addmm(b, x, w),
}

# Names that PyTorch has for something else.
NONE = {"absorb", "where_", "assemble", "expand", "gather", "scatter_add"}


def function(name):
    if name in NONE:
        return None
    if name in FUNCTIONS:
        return FUNCTIONS[name]
    for module in (torch, torch.special, F, torch.linalg):
        if hasattr(module, name):
            return getattr(module, name)
    return None


def tensor(text, leaf):
    low, high, *dims = text.split(",")
    x = torch.empty([int(dim) for dim in dims]).uniform_(float(low), float(high))
    return x.requires_grad_(leaf)


def prepared(f, part, texts):
    """A call, or None if PyTorch cannot do it with these inputs."""
    inputs = [tensor(text, part == "both") for text in texts]
    first = lambda y: y[0] if isinstance(y, tuple) else y
    if part == "forward":

        def call():
            with torch.no_grad():
                f(*inputs)

    else:
        y = first(f(*inputs))
        if not y.requires_grad:
            return None
        seed = torch.ones_like(y)

        def call():
            torch.autograd.grad(first(f(*inputs)), inputs, seed, allow_unused=True)

    call()
    return call


def timed(call, seconds):
    """As `src/bin/ops.rs` does."""
    start = time.perf_counter()
    for _ in range(4):
        call()
        if time.perf_counter() - start > 0.2:
            break
    start = time.perf_counter()
    call()
    one = max(time.perf_counter() - start, 1e-9)
    calls = max(int(50e-6 / one), 1)
    least = min(max(int(1 / one), 1), 15)
    samples = min(max(int(seconds / (one * calls)), least), 2000)
    times = []
    for _ in range(samples):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    times.sort()
    return times[samples // 2] * 1e6, times[samples // 50] * 1e6


for line in sys.stdin:
    name, part, seconds, *texts = line.rstrip("\n").split("\t")
    answer = "-"
    f = function(name)
    try:
        call = f and prepared(f, part, texts)
        if call:
            answer = "{:.4f}\t{:.4f}".format(*timed(call, float(seconds)))
    except (TypeError, RuntimeError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    print(answer, flush=True)
