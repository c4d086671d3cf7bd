"""The workloads W1 to W9 in PyTorch on the CPU.

PROGRAM WORKLOADS THREADS SECONDS [eager|fused]; `fused` is with PyTorch's own layers and one fused Adam,
where it has them.
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


def gated(hidden):
    wx, wh = parameter(2, 3 * hidden), parameter(hidden, 3 * hidden)
    bx, bh = zeros(3 * hidden), zeros(3 * hidden)
    head, offset = parameter(hidden, 1), zeros(1)
    xs, y = torch.rand(200, 100, 2), torch.rand(100, 1)
    steps = list(xs)
    gru = nn.GRU(2, hidden)

    def by_cell():
        h = torch.zeros(100, hidden)
        for x in steps:
            a, b = torch.addmm(bx, x, wx), torch.addmm(bh, h, wh)
            (ar, az, an), (br, bz, bn) = a.chunk(3, 1), b.chunk(3, 1)
            z = torch.sigmoid(az + bz)
            n = torch.tanh(an + torch.sigmoid(ar + br) * bn)
            h = (1 - z) * n + z * h
        return h

    def loss():
        h = gru(xs)[0][-1] if FUSED else by_cell()
        return F.mse_loss(torch.addmm(offset, h, head), y)

    leaves = [*gru.parameters()] if FUSED else [wx, wh, bx, bh]
    return trainer(loss, adam([*leaves, head, offset]))


class Memory:
    """An LSTM 16 to 128 by single steps."""

    def __init__(self):
        self.leaves = [parameter(16, 512), parameter(128, 512), zeros(512)]

    def step(self, x, state):
        h, c = state
        wx, wh, bias = self.leaves
        i, f, g, o = (torch.addmm(bias, h, wh) + x @ wx).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c


def translate(attention):
    question, before, answer = (torch.randint(0, 12, (time, 200)) for time in (7, 4, 4))
    tables = [parameter(12, 16), parameter(12, 16)]
    head, offset = parameter(256 if attention else 128, 12), zeros(12)
    leaves = [*tables, head, offset]

    def together(seen, h):
        """All steps of the decoder at once; both are [T, B, H]."""
        keys, asked = seen.transpose(0, 1), h.transpose(0, 1)
        weights = torch.softmax(torch.bmm(asked, keys.transpose(1, 2)), -1)
        return torch.cat([torch.bmm(weights, keys), asked], -1).transpose(0, 1)

    if FUSED:
        encoder, decoder = nn.LSTM(16, 128), nn.LSTM(16, 128)

        def loss():
            seen, state = encoder(F.embedding(question, tables[0]))
            h, _ = decoder(F.embedding(before, tables[1]), state)
            h = together(seen, h) if attention else h
            return F.cross_entropy((h @ head + offset).flatten(0, 1), answer.flatten())

        return trainer(loss, adam([*leaves, *encoder.parameters(), *decoder.parameters()]))

    encoder, decoder = Memory(), Memory()

    def loss():
        state = torch.zeros(200, 128), torch.zeros(200, 128)
        seen = []
        for words in question:
            state = encoder.step(F.embedding(words, tables[0]), state)
            seen.append(state[0])
        keys, total = torch.stack(seen, 1), 0
        for words, wanted in zip(before, answer):
            state = decoder.step(F.embedding(words, tables[1]), state)
            h = state[0]
            if attention:
                weights = torch.softmax((keys * h.unsqueeze(1)).sum(-1), -1)
                h = torch.cat([(weights.unsqueeze(-1) * keys).sum(1), h], 1)
            total = total + F.cross_entropy(torch.addmm(offset, h, head), wanted)
        return total / 4

    return trainer(loss, adam([*leaves, *encoder.leaves, *decoder.leaves]))


def block():
    x, y = torch.randn(16, 64, 128), torch.randn(16, 64, 128)
    mask = torch.full((64, 64), -torch.inf).triu(1)
    norms = [nn.Parameter(torch.ones(128)), zeros(128), nn.Parameter(torch.ones(128)), zeros(128)]
    sizes = ((128, 384), (128, 128), (128, 512), (512, 128))
    layers = [(parameter(i, o), zeros(o)) for i, o in sizes]
    (w0, b0), (w1, b1), (w2, b2), (w3, b3) = layers

    def loss():
        h = F.layer_norm(x, (128,), norms[0], norms[1])
        parts = (h @ w0 + b0).chunk(3, -1)
        q, k, v = (part.view(16, 64, 4, 32).transpose(1, 2) for part in parts)
        if FUSED:
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            seen = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(32) + mask, -1) @ v
        r = x + (seen.transpose(1, 2).reshape(16, 64, 128) @ w1 + b1)
        h = F.layer_norm(r, (128,), norms[2], norms[3])
        return F.mse_loss(r + (torch.relu(h @ w2 + b2) @ w3 + b3), y)

    return trainer(loss, adam([*norms, *(leaf for layer in layers for leaf in layer)]))


def remember_stories():
    stories, asked = torch.randint(0, 200, (32, 50, 10)), torch.randint(0, 200, (32, 10))
    answer = torch.randint(0, 200, (32,))
    tables = [parameter(200, 50) for _ in range(3)]
    between, head = parameter(50, 50), parameter(50, 200)

    def loss():
        keys, values = (F.embedding(stories, table).sum(2) for table in tables[:2])
        u = F.embedding(asked, tables[2]).sum(1)
        for _ in range(3):
            weights = torch.softmax((keys * u.unsqueeze(1)).sum(-1), -1)
            u = u @ between + (weights.unsqueeze(-1) * values).sum(1)
        return F.cross_entropy(u @ head, answer)

    return trainer(loss, adam([*tables, between, head]))


if not FUSED:
    for size in (1, 64, 1024):
        bench.run(f"W1-{size}", lambda: chain(size))
    bench.run("W2", scalars)
    bench.run("W3", classify)
    bench.run("W4", recurrent)
    bench.run("W9", remember_stories)
for hidden in (50, 128):
    bench.run(f"W5-{hidden}", lambda: remember(hidden))
    bench.run(f"W6-{hidden}", lambda: gated(hidden))
bench.run("W7", lambda: translate(False))
bench.run("W7a", lambda: translate(True))
bench.run("W8", block)
