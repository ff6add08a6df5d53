"""Gradient descent on f1, f3 and two-valleys in JAX: losses as a user of JAX would write them, their gradients by
jax.grad, one array for each coordinate, all steps in one compiled loop.

    python3 jax_peer.py [LANDSCAPE|all [WIDTH [STEPS]]]

prints a line of JSON for each landscape: WIDTH x WIDTH trajectories in f32, all with as many steps. It runs
on the device that JAX finds; `pip install jax` (or `jax[cuda12]`) installs it.
"""

import json
import sys
import time

import jax
import jax.numpy as jnp

RUNS = 3
# Runs beyond the first are left out if it took longer, in seconds.
PATIENCE = 3.0


def f1(r):
    return (1 + jnp.abs(r)) * jnp.log1p(jnp.abs(r)) - jnp.abs(r)


def f2(w, c=3.0):
    size = jnp.maximum(jnp.abs(w), 1 / c)  # the branch that is not taken must be finite too
    return jnp.where(jnp.abs(w) <= 1 / c, c**2 / 3 * w**2, 1 - 2 / (3 * c * size))


def f3(x1, x2):
    return f2(x1) + f2(x1 + x2) + 0.5 * f1(jnp.sqrt(jnp.maximum(x1**2 + x2**2, 2.0**-120)))


def two_valleys(x1, x2):
    def h(a, b):
        return f1((1 + 0.001 * a**2) * b)

    narrow = h(x2, 10 * x1)
    return h(x1, x2) + 0.25 * narrow / (1 + narrow)


def line(start, end, width):
    return jnp.linspace(start, end, width, dtype=jnp.float32)


def cases(width):
    """For each landscape its loss, the initial coordinates, and the learning rate at step t."""

    def plane(across, up):
        return [axis.ravel() for axis in jnp.meshgrid(across, up)]

    eta, x = plane(line(2.5, 10, width), line(-8, 8, width))
    yield "f1", f1, [x], lambda t: eta
    yield "f3", f3, plane(line(-4, 4, width), line(-4, 4, width)), lambda t: jnp.float32(1)
    start = plane(line(-30, 30, width), line(-4, 4, width))
    yield "two-valleys", two_valleys, start, lambda t: jnp.where(t < 650, 2.5, 0.25).astype(jnp.float32)


def descent(loss, eta):
    """All steps of all trajectories. The sum's gradient holds that of each of them."""

    def total(x):
        return jnp.sum(loss(*x))

    def step(t, x):
        gradient = jax.grad(total)(x)
        return [x - eta(t) * g for x, g in zip(x, gradient)]

    return jax.jit(lambda x, steps: jax.lax.fori_loop(0, steps, step, x))


def measure(name, loss, start, eta, steps):
    run = descent(loss, eta)
    jax.block_until_ready(run(start, min(steps, 16)))
    seconds = []
    while len(seconds) < RUNS and sum(seconds) < PATIENCE:
        before = time.perf_counter()
        end = jax.block_until_ready(run(start, steps))
        seconds.append(time.perf_counter() - before)
    middle = sorted(seconds)[len(seconds) // 2]
    lanes = int(start[0].size)
    row = {
        "peer": "jax",
        "device": str(jax.devices()[0]),
        "landscape": name,
        "lanes": lanes,
        "steps": steps,
        "seconds": middle,
        "steps_per_second": lanes * steps / middle,
        "checksum": float(jnp.mean(jnp.stack([jnp.mean(jnp.abs(x)) for x in end]))),
    }
    print(json.dumps(row), flush=True)


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else "all"
    width = int(sys.argv[2]) if len(sys.argv) > 2 else 1024
    steps = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    found = False
    for name, loss, start, eta in cases(width):
        if wanted in ("all", name):
            measure(name, loss, start, eta, steps)
            found = True
    if not found:
        sys.exit("usage: jax_peer.py [f1|f3|two-valleys|all [WIDTH [STEPS]]]")


if __name__ == "__main__":
    main()
