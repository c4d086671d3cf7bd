"""The workloads W1 to W5 in PyTorch on the CPU.

PROGRAM WORKLOADS THREADS SECONDS [eager|fused]; `fused` is W5 with nn.LSTM and one fused Adam.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from measure import Bench

bench = Bench()
torch.set_num_threads(bench.threads)
torch.manual_seed(0)
FUSED = bench.variant == "fused"


def parameter(*shape):
    bound = 1 / math.sqrt(shape[0])
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound))


def zeros(size):
    return nn.Parameter(torch.zeros(size))


def trainer(loss, optimizer):
    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, fused=FUSED)


def chain(size):
    start = torch.full((size,), 0.5, requires_grad=True)
    factor, summand = torch.full((size,), 1.01), torch.full((size,), 0.01)

    def step():
        start.grad = None
        x = start
        for op in range(1000):
            x = (x * factor, x + summand)[op % 3] if op % 3 < 2 else torch.tanh(x)
        loss = x.sum()
        loss.backward()
        return loss.item()

    return step


def scalars():
    number = lambda: torch.empty((), dtype=torch.float64).uniform_(-0.5, 0.5).requires_grad_()
    sizes = (2, 16, 16, 1)
    layers = [
        [(number(), [number() for _ in range(inputs)]) for _ in range(outputs)]
        for inputs, outputs in zip(sizes, sizes[1:])
    ]
    inputs = [torch.tensor(value, dtype=torch.float64) for value in (0.3, -0.7)]
    target = torch.tensor(1.0, dtype=torch.float64)
    leaves = [leaf for layer in layers for bias, row in layer for leaf in (bias, *row)]

    def step():
        for leaf in leaves:
            leaf.grad = None
        values = inputs
        for at, layer in enumerate(layers):
            sums = []
            for total, row in layer:
                for weight, value in zip(row, values):
                    total = total + weight * value
                sums.append(total if at == 2 else torch.tanh(total))
            values = sums
        error = values[0] - target
        loss = error * error
        loss.backward()
        return loss.item()

    return step


def classify():
    sizes = (784, 200, 200, 200, 10)
    layers = [(parameter(i, o), zeros(o)) for i, o in zip(sizes, sizes[1:])]
    x, y = torch.rand(200, 784) - 0.5, torch.randint(0, 10, (200,))
    leaves = [leaf for layer in layers for leaf in layer]

    def loss():
        h = torch.addmm(layers[0][1], x, layers[0][0])
        for weight, bias in layers[1:]:
            h = torch.addmm(bias, torch.relu(h), weight)
        return F.cross_entropy(h, y)

    return trainer(loss, torch.optim.SGD(leaves, lr=0.01))


def recurrent():
    wx, wh, bias = parameter(1, 20), parameter(20, 20), zeros(20)
    head, offset = parameter(20, 1), zeros(1)
    xs, y = torch.rand(25, 10, 1), torch.rand(10, 1)
    leaves = [wx, wh, bias, head, offset]

    def loss():
        h = torch.zeros(10, 20)
        for x in xs:
            h = torch.tanh(x @ wx + h @ wh + bias)
        return ((torch.addmm(offset, h, head) - y) ** 2).mean()

    return trainer(loss, adam(leaves))


def remember(hidden):
    wx, wh, bias = parameter(2, 4 * hidden), parameter(hidden, 4 * hidden), zeros(4 * hidden)
    head, offset = parameter(hidden, 1), zeros(1)
    xs, y = torch.rand(200, 100, 2), torch.rand(100, 1)
    steps = list(xs)
    leaves = [wx, wh, bias, head, offset]
    lstm = nn.LSTM(2, hidden)

    def by_cell():
        h = c = torch.zeros(100, hidden)
        for x in steps:
            gates = torch.addmm(bias, h, wh) + x @ wx
            i, f, g, o = gates.chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h

    def loss():
        h = lstm(xs)[0][-1] if FUSED else by_cell()
        return ((torch.addmm(offset, h, head) - y) ** 2).mean()

    if FUSED:
        leaves = [*lstm.parameters(), head, offset]
    return trainer(loss, adam(leaves))


if not FUSED:
    for size in (1, 64, 1024):
        bench.run(f"W1-{size}", lambda: chain(size))
    bench.run("W2", scalars)
    bench.run("W3", classify)
    bench.run("W4", recurrent)
for hidden in (50, 128):
    bench.run(f"W5-{hidden}", lambda: remember(hidden))
