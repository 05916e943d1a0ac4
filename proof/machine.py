"""The machine that a figure was measured on, and how busy it was before."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

LOOK_SECONDS = 1.0


def machine() -> str:
    """One line: cores, memory, CPU, system, Python."""
    memory_gib = psutil.virtual_memory().total / 1024**3
    cores = len(os.sched_getaffinity(0))
    return (
        f"{cores} cores, {memory_gib:.0f} GiB, {_cpu_model()}, {platform.system()} {platform.release()},"
        f" Python {platform.python_version()}"
    )


def load() -> dict[str, float]:
    """How busy the machine is while the proof itself does nothing yet."""
    busy = psutil.cpu_percent(interval=LOOK_SECONDS)
    return {"load_1_minute": round(os.getloadavg()[0], 2), "cpu_percent": busy}


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
