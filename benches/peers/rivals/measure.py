"""How a step is timed: the same as in `src/measure.rs`."""

import sys
import time


class Bench:
    """Reads `WORKLOADS THREADS SECONDS [VARIANT]`."""

    def __init__(self):
        self.workloads = sys.argv[1].split(",")
        self.threads = int(sys.argv[2])
        self.seconds = float(sys.argv[3])
        self.variant = sys.argv[4] if len(sys.argv) > 4 else ""

    def run(self, workload, prepare):
        """Times the steps that `prepare` makes, if the workload is asked for."""
        if workload not in self.workloads:
            return
        step = prepare()
        for _ in range(4):
            step()
        one = timed(step)
        count = min(max(int(self.seconds / one), 30), 300)
        times = sorted(timed(step) for _ in range(count))
        median, quick = (times[count // part] * 1e6 for part in (2, 50))
        print(f"{workload}\t{median:.2f}\t-\t-\t{peak_kib()}\t{quick:.2f}", flush=True)


def timed(step):
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def peak_kib():
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            return next(line.split()[1] for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return "-"
