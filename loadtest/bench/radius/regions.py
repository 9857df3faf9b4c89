"""Peers of loadtest/bench/radius/sections.ts, and its inputs: regions.py WHAT FILE… Prints the seconds of the work alone,
reading included, imports not, and the process's peak of memory in MiB.

make FOLDER SIDE   seeds.tif: nine white pixels, the farthest from all of them some 0.8 sides away at one corner;
                   blobs.tif: a rectangle in each square of 15 pixels, a million of them in 15000×15000;
                   grey.tif: noise, of which few pixels are above 250
"""
import resource
import sys
import time

import numpy as np
import tifffile

what, *files = sys.argv[1:]


def make(folder, side):
    side = int(side)
    random = np.random.default_rng(1)
    options = dict(tile=(512, 512))
    seeds = np.zeros((side, side), np.uint8)
    at = side // 8
    seeds[at : at + 90 : 30, at : at + 90 : 30] = 255
    tifffile.imwrite(f"{folder}/seeds.tif", seeds, **options)
    blobs = np.zeros((side, side), np.uint8)
    count = side // 15
    widths = random.integers(3, 13, (count, count, 2))
    y, x = np.mgrid[0:15, 0:15]
    for row in range(count):
        inside = (y[None] < widths[row, :, 0, None, None]) & (x[None] < widths[row, :, 1, None, None])
        blobs[15 * row : 15 * row + 15, : 15 * count] = inside.transpose(1, 0, 2).reshape(15, -1) * 255
    tifffile.imwrite(f"{folder}/blobs.tif", blobs, **options)
    grey = random.integers(0, 256, (side, side), dtype=np.uint8)
    grey[random.random((side, side)) < 0.999] //= 2
    tifffile.imwrite(f"{folder}/grey.tif", grey, **options)


def opencv_distance(mask):
    import cv2

    return lambda: cv2.distanceTransform((tifffile.imread(mask) == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def scipy_distance(mask):
    from scipy import ndimage

    return lambda: ndimage.distance_transform_edt(tifffile.imread(mask) == 0)


def opencv_labels(mask):
    import cv2

    return lambda: cv2.connectedComponents(tifffile.imread(mask), connectivity=4)


def dask_labels(mask):
    import dask.array
    import dask_image.ndmeasure

    def run():
        labels, count = dask_image.ndmeasure.label(dask.array.from_array(tifffile.imread(mask), chunks=2048))
        labels.compute()

    return run


if what == "make":
    make(*files)
else:
    run = {
        "opencv-distance": opencv_distance,
        "scipy-distance": scipy_distance,
        "opencv-labels": opencv_labels,
        "dask-labels": dask_labels,
    }[what](*files)
    start = time.perf_counter()
    run()
    print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
