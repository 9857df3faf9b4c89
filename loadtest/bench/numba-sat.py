"""The same blur by NumPy and Numba: IMAGE MAP OUT. Prints the seconds of the compiled work, reading and writing
included, compilation and imports not, and the peak of memory in MiB."""
import resource
import sys
import time

import numba
import numpy as np
import tifffile


@numba.njit(parallel=True, cache=False)
def blur(image, radii, out, zero):
    height, width, channels = image.shape
    sat = np.zeros((height + 1, width + 1, channels), zero.dtype)
    for y in numba.prange(height):
        for c in range(channels):
            total = zero[0]
            for x in range(width):
                total += image[y, x, c]
                sat[y + 1, x + 1, c] = total
    chunk = 512
    for part in numba.prange((width + chunk) // chunk):
        for y in range(height):
            for x in range(part * chunk, min(width + 1, (part + 1) * chunk)):
                for c in range(channels):
                    sat[y + 1, x, c] += sat[y, x, c]
    for y in numba.prange(height):
        for x in range(width):
            r = np.int64(radii[y, x])
            top, bottom = max(0, y - r), min(height, y + r + 1)
            left, right = max(0, x - r), min(width, x + r + 1)
            n = np.uint64((bottom - top) * (right - left))
            for c in range(channels):
                total = sat[bottom, right, c] - sat[top, right, c] - sat[bottom, left, c] + sat[top, left, c]
                out[y, x, c] = np.uint8((np.uint64(zero[0] + total) + n // np.uint64(2)) // n)


def main(image_path, map_path, out_path):
    tiny = np.zeros((8, 8, 3), np.uint8)
    # Sums of windows above 2^24 samples need 64 bits; narrow ones may wrap in 32.
    start = time.perf_counter()
    image, radii = tifffile.imread(image_path), tifffile.imread(map_path)
    read = time.perf_counter() - start
    zero = np.zeros(1, np.uint64 if radii.max() > 2047 else np.uint32)
    blur(tiny, radii[:8, :8].copy(), tiny.copy(), zero)
    start = time.perf_counter()
    out = np.empty_like(image)
    blur(image, radii, out, zero)
    out.tofile(out_path)
    print(read + time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)


main(*sys.argv[1:])
