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
random = np.random.default_rng(1)
frame = random.integers(0, 256, (side, side), dtype=np.uint8)
colour = random.integers(0, 256, (side, side, 3), dtype=np.uint8)
wide = random.integers(0, 65536, (side, side), dtype=np.uint16)
y, x = np.mgrid[-11:12, -11:12]
disk = (x * x + y * y <= 121).astype(np.uint8)
small_disk = (x * x + y * y <= 25)[6:17, 6:17]


def best(run):
    seconds = []
    while len(seconds) < rounds and sum(seconds) < 4:
        start = time.process_time()
        run()
        seconds.append(time.process_time() - start)
    return min(seconds)


def opencv_deviation(image):
    mean = cv2.boxFilter(image, cv2.CV_32F, (15, 15), borderType=cv2.BORDER_REFLECT)
    squares = cv2.sqrBoxFilter(image, cv2.CV_32F, (15, 15), borderType=cv2.BORDER_REFLECT)
    return cv2.sqrt(np.maximum(squares - mean * mean, 0)).astype(np.uint8)


def scipy_deviation():
    floats = frame.astype(np.float64)
    mean = ndimage.uniform_filter(floats, 15)
    return np.sqrt(np.maximum(ndimage.uniform_filter(floats * floats, 15) - mean * mean, 0)).astype(np.uint8)


times = {
    "median": {"OpenCV": best(lambda: cv2.medianBlur(frame, 5)), "SciPy": best(lambda: ndimage.median_filter(frame, 5))},
    "median-7": {"OpenCV": best(lambda: cv2.medianBlur(frame, 7)), "SciPy": best(lambda: ndimage.median_filter(frame, 7))},
    "median-wide": {"OpenCV": best(lambda: cv2.medianBlur(wide, 5))},
    "median-wide-7": {"SciPy": best(lambda: ndimage.median_filter(wide, 7))},
    "median-disk": {"SciPy": best(lambda: ndimage.median_filter(frame, footprint=small_disk))},
    "percentile": {"SciPy": best(lambda: ndimage.percentile_filter(frame, 20, 5))},
    "disk": {
        "OpenCV": best(lambda: cv2.dilate(frame, disk, borderType=cv2.BORDER_REFLECT)),
        "SciPy": best(lambda: ndimage.maximum_filter(frame, footprint=disk)),
    },
    "std": {"OpenCV": best(lambda: opencv_deviation(frame)), "SciPy": best(scipy_deviation)},
    "std-colour": {"OpenCV": best(lambda: opencv_deviation(colour))},
    "box-colour": {"OpenCV": best(lambda: cv2.blur(colour, (17, 17), borderType=cv2.BORDER_REFLECT))},
    "box": {
        "OpenCV": best(lambda: cv2.blur(frame, (17, 17), borderType=cv2.BORDER_REFLECT)),
        "SciPy": best(lambda: ndimage.uniform_filter(frame, 17)),
    },
    "downscale": {
        "OpenCV": best(lambda: cv2.resize(frame, (side // 3, side // 3), interpolation=cv2.INTER_AREA)),
    },
}
print(json.dumps({"versions": f"SciPy {scipy.__version__}, OpenCV {cv2.__version__}", "seconds": times}))
