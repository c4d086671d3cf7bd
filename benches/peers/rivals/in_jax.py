"""The workloads W1, W3, W4 and W5 in JAX on the CPU, the whole step compiled.

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


for size in (1, 64, 1024):
    bench.run(f"W1-{size}", partial(chain, size))
bench.run("W3", classify)
bench.run("W4", recurrent)
for hidden in (50, 128):
    bench.run(f"W5-{hidden}", partial(remember, hidden))
