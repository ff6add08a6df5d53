#!/usr/bin/env python3
"""Runs gdscope and the peers in turn on the same trajectories and prints how they compare.

    python3 benches/peers/run.py [--rounds 3] [--device NAME] [--jax-python PATH] [--json FILE]

needs gdscope built (`cargo build --release`). A peer whose tools are missing is left out, with the remedy. Only
the Python standard library is used here.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "target" / "peers"
LANDSCAPES = ["f1", "f3", "two-valleys"]
# How far the mean sizes of coordinates at the end may differ. f1's orbits end on cycles; the others are chaotic
# for a while or to the end, and only their statistics agree.
TOLERANCE = {"f1": 1e-4, "f3": 1e-2, "two-valleys": 1e-2}
BUDGET = 10_000


def output(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return done.stdout


def tells(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


class Gdscope:
    """gdscope on one device."""

    def __init__(self, arguments, device):
        self.program, self.device = arguments.gdscope, device
        self.name = "gdscope" if device is None else f"gdscope on {device}"

    def bench(self, kind, landscape, size, steps):
        which = ["--engine", "cpu"] if self.device is None else ["--device", self.device]
        fixed = ["--quick", "--json", "--precision", "f32", "--only", kind, "--size", f"{size}x{size}", "--steps", steps]
        command = [self.program, "bench", landscape, *fixed, *which]
        return json.loads(output([str(word) for word in command]))[0]

    def measure(self, landscape, size, steps):
        row = self.bench("steps", landscape, size, steps)
        return {**row, "checksum": row["mean_size"]}

    def map_seconds(self, landscape, size):
        return self.bench("maps", landscape, size, BUDGET)["seconds"]


class Peer:
    """Another program that takes LANDSCAPE WIDTH STEPS and prints a line of JSON."""

    def __init__(self, name, command):
        self.name, self.command = name, command

    def measure(self, landscape, size, steps):
        return json.loads(output([*self.command, landscape, str(size), str(steps)]))


def peers(arguments):
    """The peers that can run here, and for each other one the remedy."""
    found, missing = [], []
    for name, compiler, remedy in [
        ("c", os.environ.get("CC", "cc"), "install gcc, or name another compiler in CC"),
        ("cuda", os.environ.get("NVCC", "nvcc"), "install NVIDIA's CUDA toolkit and have nvcc in PATH"),
    ]:
        if name not in arguments.peers:
            continue
        if shutil.which(compiler) is None:
            missing.append(f"{name}: {compiler} is not installed; {remedy}")
            continue
        made = ["make", "--silent", "-C", str(HERE), name, f"BUILD={BUILD}"]
        built = subprocess.run(made, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if built.returncode:
            missing.append(f"{name}: does not compile: {built.stdout.strip()}")
        elif name == "cuda" and subprocess.run([BUILD / "peer_cuda", "f1", "8", "8"], capture_output=True).returncode:
            missing.append("cuda: no GPU answers; run it on a machine with an NVIDIA GPU and its driver")
        else:
            found.append(Peer(name, [str(BUILD / f"peer_{name}")]))
    if "jax" in arguments.peers:
        python = arguments.jax_python
        if subprocess.run([python, "-c", "import jax"], capture_output=True).returncode:
            missing.append(f"jax: {Path(python).name} has no jax; `pip install jax`, or name a Python with --jax-python")
        else:
            found.append(Peer("jax", [python, str(HERE / "jax_peer.py")]))
    return found, missing


def table(heads, rows):
    cells = [heads, ["---", *["--:"] * (len(heads) - 1)], *rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(heads))]
    for row in cells:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")


def check(rows):
    """Says where programs have not computed the same thing."""
    differ = []
    for landscape, by_name in rows.items():
        sums = {name: runs[0]["checksum"] for name, runs in by_name.items()}
        reference = next(iter(sums.values()))
        for name, value in sums.items():
            if not abs(value / reference - 1) <= TOLERANCE[landscape]:
                differ.append(f"{landscape}: mean size of coordinates {value:.6f} by {name}, not {reference:.6f}")
    return differ


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="times that every program is called (default 3)")
    parser.add_argument("--size", type=int, default=1024, help="side of the square of trajectories (default 1024)")
    parser.add_argument("--steps", type=int, default=1000, help="steps of each trajectory (default 1000)")
    parser.add_argument("--landscapes", nargs="+", choices=LANDSCAPES, default=LANDSCAPES)
    parser.add_argument("--peers", nargs="+", choices=["c", "jax", "cuda"], default=["c", "jax", "cuda"])
    parser.add_argument("--device", action="append", default=[], metavar="NAME",
                        help="measure gdscope on this GPU too, by its name or number in `gdscope devices`")
    parser.add_argument("--no-maps", action="store_true", help="leave out the maps of fates")
    parser.add_argument("--gdscope", default=str(ROOT / "target" / "release" / "gdscope"), metavar="PATH")
    parser.add_argument("--jax-python", default=sys.executable, metavar="PATH", help="a Python that has jax")
    parser.add_argument("--json", metavar="FILE", help="write every measurement to FILE")
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.size, arguments.steps) < 1:
        parser.error("--rounds, --size and --steps are 1 at least")
    if not Path(arguments.gdscope).exists():
        parser.error(f"{arguments.gdscope} does not exist; `cargo build --release` makes it")
    return arguments


def main():
    arguments = parse()
    others, missing = peers(arguments)
    own = [Gdscope(arguments, device) for device in [None, *arguments.device]]
    size, steps = arguments.size, arguments.steps
    rows = {landscape: {program.name: [] for program in [*own, *others]} for landscape in arguments.landscapes}
    maps = {landscape: {program.name: [] for program in own} for landscape in arguments.landscapes}
    for number in range(arguments.rounds):
        for landscape in arguments.landscapes:
            for program in [*own, *others]:
                tells(f"round {number + 1} of {arguments.rounds}: {landscape} by {program.name} ")
                rows[landscape][program.name].append(program.measure(landscape, size, steps))
            for program in [] if arguments.no_maps else own:
                tells(f"round {number + 1} of {arguments.rounds}: map of {landscape} by {program.name} ")
                maps[landscape][program.name].append(program.map_seconds(landscape, size))
    tells("")
    report(arguments, (own, others), rows, maps)
    for line in missing:
        print(f"\nnot measured: {line}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({"steps": rows, "map_seconds": maps}, indent=1) + "\n")
    differ = check(rows)
    if differ:
        sys.exit("\nnot the same trajectories:\n" + "\n".join(differ))
    if len(own) + len(others) > 1:
        print("\nAll programs agree in the mean size of coordinates after the last step.")


def report(arguments, programs, rows, maps):
    own, others = programs
    size, steps = arguments.size, arguments.steps
    rate = {
        landscape: {name: statistics.median(run["steps_per_second"] for run in runs) for name, runs in by_name.items()}
        for landscape, by_name in rows.items()
    }
    print(f"Trajectory-steps per second, {size} x {size} trajectories, {steps} steps, f32; medians of "
          f"{arguments.rounds} rounds in turn\n")
    names = [program.name for program in [*own, *others]]
    ratios = [(mine.name, other.name) for mine in own for other in others]
    heads = ["landscape", *names, *[f"{mine} / {other}" for mine, other in ratios]]
    table(heads, [
        [landscape, *[f"{by_name[name]:.2e}" for name in names],
         *[f"{by_name[mine] / by_name[other]:.2f}" for mine, other in ratios]]
        for landscape, by_name in rate.items()
    ])
    if arguments.no_maps:
        return
    print(f"\nSeconds of a map of fates with its files, budget {BUDGET}, against the peers' time for {BUDGET} steps of "
          "every trajectory (at the rates above)\n")
    heads = ["landscape", *[program.name for program in own], *[other.name for other in others],
             *[f"{other} / {mine}" for mine, other in ratios]]
    lines = []
    for landscape, by_name in maps.items():
        mine = {name: statistics.median(seconds) for name, seconds in by_name.items()}
        other = {peer.name: size * size * BUDGET / rate[landscape][peer.name] for peer in others}
        lines.append([landscape, *[f"{seconds:.2f}" for seconds in [*mine.values(), *other.values()]],
                      *[f"{other[b] / mine[a]:.1f}" for a, b in ratios]])
    table(heads, lines)


if __name__ == "__main__":
    main()
