"""Processor seconds of filters in OpenCV and SciPy for loadtest/bench/peers/filter-table.ts: the best of some runs, as JSON.

Usage: filters.py ROUNDS SIDE
"""
import json
import sys
import time

import cv2
import numpy as np
import scipy
from scipy import ndimage

rounds, side = int(sys.argv[1]), int(sys.argv[2])
cv2.setNumThreads(1)
frame = np.random.default_rng(1).integers(0, 256, (side, side), dtype=np.uint8)
y, x = np.mgrid[-11:12, -11:12]
disk = (x * x + y * y <= 121).astype(np.uint8)


def best(run):
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def opencv_deviation():
    mean = cv2.boxFilter(frame, cv2.CV_32F, (15, 15), borderType=cv2.BORDER_REFLECT)
    squares = cv2.sqrBoxFilter(frame, cv2.CV_32F, (15, 15), borderType=cv2.BORDER_REFLECT)
    return cv2.sqrt(np.maximum(squares - mean * mean, 0)).astype(np.uint8)


def scipy_deviation():
    floats = frame.astype(np.float64)
    mean = ndimage.uniform_filter(floats, 15)
    return np.sqrt(np.maximum(ndimage.uniform_filter(floats * floats, 15) - mean * mean, 0)).astype(np.uint8)


times = {
    "median": {"OpenCV": best(lambda: cv2.medianBlur(frame, 5)), "SciPy": best(lambda: ndimage.median_filter(frame, 5))},
    "percentile": {"SciPy": best(lambda: ndimage.percentile_filter(frame, 20, 5))},
    "disk": {
        "OpenCV": best(lambda: cv2.dilate(frame, disk, borderType=cv2.BORDER_REFLECT)),
        "SciPy": best(lambda: ndimage.maximum_filter(frame, footprint=disk)),
    },
    "std": {"OpenCV": best(opencv_deviation), "SciPy": best(scipy_deviation)},
    "box": {
        "OpenCV": best(lambda: cv2.blur(frame, (17, 17), borderType=cv2.BORDER_REFLECT)),
        "SciPy": best(lambda: ndimage.uniform_filter(frame, 17)),
    },
    "downscale": {
        "OpenCV": best(lambda: cv2.resize(frame, (side // 3, side // 3), interpolation=cv2.INTER_AREA)),
    },
}
print(json.dumps({"versions": f"SciPy {scipy.__version__}, OpenCV {cv2.__version__}", "seconds": times}))
