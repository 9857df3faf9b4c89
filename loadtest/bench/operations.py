"""Processor seconds of SciPy and OpenCV for loadtest/bench/operations.ts: the best of some runs on one thread, as JSON.

Usage: operations.py ROUNDS WORK_FOLDER
"""
import ctypes
import json
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import scipy
from scipy import LowLevelCallable, ndimage

rounds, work = int(sys.argv[1]), sys.argv[2]
cv2.setNumThreads(1)


def best(run):
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def compiled_maximum():
    """The maximum as a C function, which generic_filter calls for every pixel; None without a compiler."""
    if shutil.which("cc") is None:
        return None
    source, library = f"{work}/maximum.c", f"{work}/maximum.so"
    with open(source, "w") as file:
        file.write(
            """#include <stddef.h>
int maximum(double *buffer, ptrdiff_t size, double *result, void *data) {
  double best = buffer[0];
  for (ptrdiff_t i = 1; i < size; i++) best = buffer[i] > best ? buffer[i] : best;
  *result = best;
  return 1;
}
"""
        )
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", "-o", library, source], check=True)
    function = ctypes.CDLL(library).maximum
    function.restype = ctypes.c_int
    pointer = ctypes.POINTER(ctypes.c_double)
    function.argtypes = (pointer, ctypes.c_ssize_t, pointer, ctypes.c_void_p)
    return LowLevelCallable(function)


random = np.random.default_rng(1)
small = random.integers(0, 256, (512, 512), dtype=np.uint8)
frame = random.integers(64, 256, (2160, 3840), dtype=np.uint8)
flat, dark = np.full_like(frame, 200), np.full_like(frame, 10)
y, x = np.mgrid[-11:12, -11:12]
disk = x * x + y * y <= 121
table = ((np.arange(256) / 255) ** 0.5 * 255 + 0.5).astype(np.uint8)
maximum = compiled_maximum()


def chain():
    corrected = cv2.divide(cv2.subtract(frame, dark), cv2.subtract(flat, dark), scale=255)
    return cv2.threshold(cv2.GaussianBlur(corrected, (31, 31), 5), 128, 255, cv2.THRESH_BINARY)


times = {
    "max": best(lambda: ndimage.maximum_filter(small, footprint=disk)),
    "custom": maximum and best(lambda: ndimage.generic_filter(small, maximum, footprint=disk)),
    "gaussian": best(lambda: cv2.GaussianBlur(frame, (31, 31), 5)),
    "gamma": best(lambda: cv2.LUT(frame, table)),
    "chain": best(chain),
    "labels": best(lambda: cv2.connectedComponents(chain()[1], connectivity=4)),
}
print(json.dumps({"versions": f"SciPy {scipy.__version__}, OpenCV {cv2.__version__}", "seconds": times}))
