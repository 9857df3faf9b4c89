"""Box by map and fixed filters in CuPy, resident, in million output pixels a second: the GPU benchmark's peer.

Prints one JSON object; exits with 3 where there is no CuPy or no device. Argument: side of the tile.
"""
import json
import sys

try:
    import cupy as cp
    from cupyx.scipy import ndimage

    if cp.cuda.runtime.getDeviceCount() == 0:
        raise RuntimeError("no device")
except Exception as error:  # whatever is missing, the answer is the same
    print(f"no CuPy: {error}", file=sys.stderr)
    sys.exit(3)

TILE = int(sys.argv[1])


def best_seconds(work, rounds=7):
    work()
    best = float("inf")
    for _ in range(rounds):
        start, end = cp.cuda.Event(), cp.cuda.Event()
        start.record()
        work()
        end.record()
        end.synchronize()
        best = min(best, cp.cuda.get_elapsed_time(start, end) / 1000)
    return best


def box_by_map(channels, dtype, radius):
    """Cumulative sums and a gather; uint64 where a window's sum can pass 2^32, as halotile uses two limbs."""
    side = TILE + 2 * radius
    image = cp.random.randint(0, 255, (side, side, channels)).astype(dtype)
    y, x = cp.mgrid[0:TILE, 0:TILE]
    r = cp.rint(radius * (x + y) / (2 * TILE - 2)).astype(cp.int64)
    y0, y1, x0, x1 = y + radius - r, y + radius + r + 1, x + radius - r, x + radius + r + 1
    largest = 2 ** (8 * cp.dtype(dtype).itemsize) - 1
    sums = cp.uint64 if (2 * radius + 1) ** 2 * largest >= 2**32 else cp.uint32

    def work():
        table = cp.zeros((side + 1, side + 1, channels), sums)
        table[1:, 1:] = image.cumsum(0, dtype=sums).cumsum(1, dtype=sums)
        total = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
        count = ((2 * r + 1) ** 2).astype(sums)[..., None]
        quotient = total // count
        rest = total - quotient * count
        return (quotient + (rest >= count - rest)).astype(dtype)

    return TILE * TILE / best_seconds(work) / 1e6


def filtered(work, dtype=cp.uint8, channels=3):
    shape = (TILE, TILE, channels) if channels > 1 else (TILE, TILE)
    image = cp.random.randint(0, 255, shape).astype(dtype)
    return TILE * TILE / best_seconds(lambda: work(image)) / 1e6


def disk(radius):
    """The footprint of one channel; made once, so that no round copies it to the device."""
    along = range(-radius, radius + 1)
    return cp.asarray([[x * x + y * y <= radius * radius for x in along] for y in along])[..., None]


DISK_2 = disk(2)
DISK_5 = disk(5)
print(
    json.dumps(
        {
            "box uint8×3 radius 64": box_by_map(3, cp.uint8, 64),
            "box uint8×3 radius 255": box_by_map(3, cp.uint8, 255),
            "box uint8×4 radius 64": box_by_map(4, cp.uint8, 64),
            "box uint16×1 radius 64": box_by_map(1, cp.uint16, 64),
            "box uint16×3 radius 255": box_by_map(3, cp.uint16, 255),
            "mean uint8×3": filtered(lambda image: ndimage.uniform_filter(image, (15, 15, 1))),
            "gaussian uint8×3": filtered(lambda image: ndimage.gaussian_filter(image, (4, 4, 0))),
            "gaussian float32×1": filtered(lambda image: ndimage.gaussian_filter(image, 4), cp.float32, 1),
            "max uint8×3": filtered(lambda image: ndimage.maximum_filter(image, footprint=DISK_5)),
            "percentile uint8×3": filtered(lambda image: ndimage.percentile_filter(image, 25, footprint=DISK_2)),
            "median uint8×3": filtered(lambda image: ndimage.median_filter(image, footprint=DISK_2)),
        }
    )
)
