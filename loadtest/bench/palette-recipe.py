# The recipe that palettes come from, on frames of one folder a character: load, downscale, mean shift over sampled
# opaque pixels, nearest colour. python palette-recipe.py FRAMES WIDTH HEIGHT; prints JSON with seconds.
import json, os, sys, time
import cv2
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.cluster import MeanShift, estimate_bandwidth

root, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seconds = {"load": 0.0, "search": 0.0, "remap": 0.0}
rng = np.random.default_rng(0)
for character in sorted(os.listdir(root)):
    start = time.perf_counter()
    frames = []
    for name in sorted(os.listdir(os.path.join(root, character))):
        image = cv2.imread(os.path.join(root, character, name), cv2.IMREAD_UNCHANGED)
        rows = np.floor((np.arange(height) + 0.5) * image.shape[0] / height).astype(int)
        columns = np.floor((np.arange(width) + 0.5) * image.shape[1] / width).astype(int)
        frames.append(image[rows[:, None], columns])
    loaded = time.perf_counter()
    pixels = np.concatenate([frame[frame[..., 3] > 0, :3] for frame in frames])
    sample = pixels[rng.choice(len(pixels), min(len(pixels), 10_000), replace=False)].astype(float)
    bandwidth = estimate_bandwidth(sample, quantile=0.1, n_samples=500, random_state=0)
    centres = MeanShift(bandwidth=bandwidth, bin_seeding=True).fit(sample).cluster_centers_.astype(np.uint8)
    found = time.perf_counter()
    for frame in frames:
        opaque = frame[..., 3] > 0
        if opaque.any():
            frame[opaque, :3] = centres[cdist(frame[opaque, :3].astype(float), centres.astype(float)).argmin(1)]
    done = time.perf_counter()
    for key, value in zip(seconds, (loaded - start, found - loaded, done - found)):
        seconds[key] += value
print(json.dumps({**seconds, "total": sum(seconds.values())}))
