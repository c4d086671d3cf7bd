"""The workloads W1 and W3 to W9 in JAX on the CPU, the whole step compiled.

PROGRAM WORKLOADS THREADS SECONDS
"""

import os
from functools import partial

from measure import Bench

bench = Bench()
if bench.threads == 1 and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {0})
import jax
from jax import lax
from jax import numpy as jnp

KEY = jax.random.key(0)


def uniform(shape, low, high):
    global KEY
    KEY, key = jax.random.split(KEY)
    return jax.random.uniform(key, shape, jnp.float32, low, high)


def weight(*shape):
    bound = shape[0] ** -0.5
    return uniform(shape, -bound, bound)


def repeat(step, state):
    """A step that keeps its state; reading the loss waits for the result."""

    def run():
        nonlocal state
        loss, state = step(state)
        return float(loss)

    return run


def chain(size):
    x, a, b = (jnp.full((size,), value, jnp.float32) for value in (0.5, 1.01, 0.01))

    def loss(x, a, b):
        for op in range(1000):
            x = (x * a, x + b)[op % 3] if op % 3 < 2 else jnp.tanh(x)
        return x.sum()

    step = jax.jit(jax.value_and_grad(loss))
    return lambda: float(jax.block_until_ready(step(x, a, b))[0])


def adam(loss, params, *data):
    moments = jax.tree.map(lambda p: (jnp.zeros_like(p), jnp.zeros_like(p)), params)

    @jax.jit
    def step(state, *data):
        params, moments, count = state
        value, grads = jax.value_and_grad(loss)(params, *data)
        count = count + 1
        by = [1 / (1 - beta**count) for beta in (0.9, 0.999)]

        def update(p, g, m, v):
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            return p - 1e-3 * m * by[0] / (jnp.sqrt(v * by[1]) + 1e-8), m, v

        new = [update(p, g, *moment) for p, g, moment in zip(params, grads, moments)]
        return value, ([p for p, _, _ in new], [(m, v) for _, m, v in new], count)

    return repeat(lambda state: step(state, *data), (params, moments, jnp.float32(0)))


def classify():
    sizes = (784, 200, 200, 200, 10)
    params = [(weight(i, o), jnp.zeros(o)) for i, o in zip(sizes, sizes[1:])]
    x, y = uniform((200, 784), -0.5, 0.5), jnp.arange(200) % 10

    def loss(params, x, y):
        for at, (w, b) in enumerate(params):
            x = x @ w + b
            x = jax.nn.relu(x) if at < 3 else x
        return -jax.nn.log_softmax(x)[jnp.arange(200), y].mean()

    @jax.jit
    def step(params, x, y):
        value, grads = jax.value_and_grad(loss)(params, x, y)
        return value, jax.tree.map(lambda p, g: p - 0.01 * g, params, grads)

    return repeat(lambda params: step(params, x, y), params)


def last_error(cell, state, params, xs, y):
    state, _ = lax.scan(lambda state, x: (cell(state, x), None), state, xs)
    head, offset = params[-2:]
    return ((state[0] @ head + offset - y) ** 2).mean()


def recurrent():
    params = [weight(1, 20), weight(20, 20), jnp.zeros(20), weight(20, 1), jnp.zeros(1)]

    def loss(params, xs, y):
        wx, wh, bias = params[:3]
        cell = lambda state, x: (jnp.tanh(x @ wx + state[0] @ wh + bias),)
        return last_error(cell, (jnp.zeros((10, 20)),), params, xs, y)

    return adam(loss, params, uniform((25, 10, 1), 0, 1), uniform((10, 1), 0, 1))


def remember(hidden):
    gates = 4 * hidden
    params = [weight(2, gates), weight(hidden, gates), jnp.zeros(gates)]
    params += [weight(hidden, 1), jnp.zeros(1)]

    def loss(params, xs, y):
        wx, wh, bias = params[:3]

        def cell(state, x):
            h, c = state
            i, f, g, o = jnp.split(x @ wx + h @ wh + bias, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            return jax.nn.sigmoid(o) * jnp.tanh(c), c

        zeros = jnp.zeros((100, hidden))
        return last_error(cell, (zeros, zeros), params, xs, y)

    return adam(loss, params, uniform((200, 100, 2), 0, 1), uniform((100, 1), 0, 1))


def gated(hidden):
    gates = 3 * hidden
    params = [weight(2, gates), weight(hidden, gates), jnp.zeros(gates), jnp.zeros(gates)]
    params += [weight(hidden, 1), jnp.zeros(1)]

    def loss(params, xs, y):
        wx, wh, bx, bh = params[:4]

        def cell(state, x):
            (h,) = state
            ar, az, an = jnp.split(x @ wx + bx, 3, axis=1)
            br, bz, bn = jnp.split(h @ wh + bh, 3, axis=1)
            z = jax.nn.sigmoid(az + bz)
            n = jnp.tanh(an + jax.nn.sigmoid(ar + br) * bn)
            return ((1 - z) * n + z * h,)

        return last_error(cell, (jnp.zeros((100, hidden)),), params, xs, y)

    return adam(loss, params, uniform((200, 100, 2), 0, 1), uniform((100, 1), 0, 1))


def words(*shape, below):
    global KEY
    KEY, key = jax.random.split(KEY)
    return jax.random.randint(key, shape, 0, below)


def log_loss(logits, wanted):
    picked = jnp.take_along_axis(jax.nn.log_softmax(logits), wanted[..., None], -1)
    return -picked.mean()


def translate(attention):
    memory = lambda: [weight(16, 512), weight(128, 512), jnp.zeros(512)]
    params = [weight(12, 16), weight(12, 16), *memory(), *memory()]
    params += [weight(256 if attention else 128, 12), jnp.zeros(12)]

    def loss(params, question, before, answer):
        questions, answers, *rest = params
        encoder, decoder, (head, offset) = rest[:3], rest[3:6], rest[6:]

        def run(weights, words, state):
            wx, wh, bias = weights

            def cell(state, x):
                h, c = state
                i, f, g, o = jnp.split(x @ wx + h @ wh + bias, 4, axis=1)
                c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            return lax.scan(cell, state, words)

        zeros = jnp.zeros((200, 128))
        state, seen = run(encoder, questions[question], (zeros, zeros))
        _, h = run(decoder, answers[before], state)
        if attention:
            weights = jax.nn.softmax(jnp.einsum("tbh,sbh->tbs", h, seen))
            h = jnp.concatenate([jnp.einsum("tbs,sbh->tbh", weights, seen), h], -1)
        return log_loss(h @ head + offset, answer)

    data = [words(time, 200, below=12) for time in (7, 4, 4)]
    return adam(loss, params, *data)


def block():
    sizes = ((128, 384), (128, 128), (128, 512), (512, 128))
    params = [leaf for i, o in sizes for leaf in (weight(i, o), jnp.zeros(o))]
    params += [jnp.ones(128), jnp.zeros(128), jnp.ones(128), jnp.zeros(128)]
    mask = jnp.triu(jnp.full((64, 64), -jnp.inf), 1)

    def norm(x, scale, shift):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        return (x - mean) / jnp.sqrt(variance + 1e-5) * scale + shift

    def loss(params, x, y):
        w0, b0, w1, b1, w2, b2, w3, b3, g0, s0, g1, s1 = params
        parts = jnp.split(norm(x, g0, s0) @ w0 + b0, 3, -1)
        q, k, v = (part.reshape(16, 64, 4, 32).transpose(0, 2, 1, 3) for part in parts)
        seen = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / 32**0.5 + mask) @ v
        r = x + seen.transpose(0, 2, 1, 3).reshape(16, 64, 128) @ w1 + b1
        r = r + jax.nn.relu(norm(r, g1, s1) @ w2 + b2) @ w3 + b3
        return ((r - y) ** 2).mean()

    return adam(loss, params, uniform((16, 64, 128), -1, 1), uniform((16, 64, 128), -1, 1))


def remember_stories():
    params = [weight(200, 50) for _ in range(3)] + [weight(50, 50), weight(50, 200)]

    def loss(params, stories, asked, answer):
        a, c, b, between, head = params
        keys, values, u = a[stories].sum(2), c[stories].sum(2), b[asked].sum(1)
        for _ in range(3):
            weights = jax.nn.softmax(jnp.einsum("bmd,bd->bm", keys, u))
            u = u @ between + jnp.einsum("bm,bmd->bd", weights, values)
        return log_loss(u @ head, answer)

    shapes = ((32, 50, 10), (32, 10), (32,))
    return adam(loss, params, *(words(*shape, below=200) for shape in shapes))


for size in (1, 64, 1024):
    bench.run(f"W1-{size}", partial(chain, size))
bench.run("W3", classify)
bench.run("W4", recurrent)
for hidden in (50, 128):
    bench.run(f"W5-{hidden}", partial(remember, hidden))
    bench.run(f"W6-{hidden}", partial(gated, hidden))
bench.run("W7", partial(translate, False))
bench.run("W7a", partial(translate, True))
bench.run("W8", block)
bench.run("W9", remember_stories)
